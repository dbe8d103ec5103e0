//! Programs for the workflow `program`, made from a seed.

use std::collections::BTreeSet;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

/// Statements of one program, those of loops counted once.
const STATEMENTS: u32 = 12;

/// How deep statements are in each other.
const DEEPEST: u32 = 3;

/// For ever, for a test.
const LONG_MS: u64 = 600_000;

/// Makes a program.
struct Maker {
    rng: StdRng,
    /// Statements made so far: their names.
    made: u32,
    /// Statements that there may be still.
    left: u32,
}

/// The program of a seed.
pub(crate) fn program(seed: u64) -> Value {
    let rng = StdRng::seed_from_u64(seed);
    Maker { rng, made: 0, left: STATEMENTS }.program(0)
}

impl Maker {
    fn program(&mut self, depth: u32) -> Value {
        let most = if depth == 0 { 9 } else { 3 };
        let body = self.body(depth, most);
        let end = match self.rng.random_range(0..10) {
            0 => json!("fail"),
            1 => json!("cancel"),
            // Once: what is continued ends in another way.
            2 | 3 if self.left > 0 => json!({ "continue": self.program(DEEPEST) }),
            _ => json!("done"),
        };
        json!({ "body": body, "end": end })
    }

    fn body(&mut self, depth: u32, most: u32) -> Vec<Value> {
        let n = self.rng.random_range(1..=most);
        let mut body = Vec::new();
        for _ in 0..n {
            if self.left > 0 {
                body.push(self.statement(depth));
            }
        }
        body
    }

    fn statement(&mut self, depth: u32) -> Value {
        self.left -= 1;
        self.made += 1;
        let name = format!("s{}", self.made);
        let (kind, does) = self.does(depth);
        json!({ "name": name, kind: does })
    }

    fn does(&mut self, depth: u32) -> (&'static str, Value) {
        let kinds = if depth < DEEPEST { 20 } else { 15 };
        match self.rng.random_range(0..kinds) {
            0 | 1 => ("step", json!({})),
            2 => {
                let (until, retries) = (self.rng.random_range(1..=3), self.rng.random_range(0..=2));
                // What fails for good ends its program, or what catches it.
                let retries = if self.rng.random_bool(0.8) { 2 } else { retries };
                ("retried", json!({ "until": until, "retries": retries }))
            }
            3 | 4 => {
                let (n, all) = (self.rng.random_range(1..=4), self.rng.random_bool(0.5));
                ("functions", json!({ "n": n, "all": all }))
            }
            5 => ("sleep", json!({ "ms": self.rng.random_range(1..150) })),
            6 => {
                let all = self.rng.random_bool(0.5);
                let late = if all { 20 } else { LONG_MS };
                ("timers", json!({ "ms": [20, late, late], "all": all }))
            }
            7 | 8 => ("send", json!({})),
            9 => ("receive", json!({ "ms": self.rng.random_range(1..150) })),
            10 => match self.rng.random_range(0..3) {
                0 => ("approve", json!({ "approved": null, "ms": 30 })),
                at => ("approve", json!({ "approved": at == 1, "ms": LONG_MS })),
            },
            11 => ("suspend", json!({})),
            12 => ("state", json!({ "part": format!("p{}", self.rng.random_range(0..2)) })),
            13 => ("draw", json!({})),
            14 => {
                let (steps, fails) = (self.rng.random_range(1..=3), self.rng.random_bool(0.5));
                ("saga", json!({ "steps": steps, "fails": fails }))
            }
            15 => {
                let n = self.rng.random_range(2..=4);
                ("race", json!({ "n": n, "body": self.body(depth + 1, 2) }))
            }
            16 => ("child", json!({ "program": self.program(depth + 1) })),
            17 => {
                let (yes, no) = (self.body(depth + 1, 2), self.body(depth + 1, 2));
                ("if", json!({ "yes": yes, "no": no }))
            }
            18 => {
                let times = self.rng.random_range(2..=3);
                ("loop", json!({ "times": times, "body": self.body(depth + 1, 2) }))
            }
            _ => {
                let mut body = self.body(depth + 1, 2);
                self.made += 1;
                let name = format!("s{}", self.made);
                body.push(json!({ "name": name, "fails": { "retries": self.made % 3 } }));
                ("try", json!({ "body": body }))
            }
        }
    }
}

/// The names under which what a program does is counted.
pub(crate) fn names(program: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    of_program(program, "", &mut names);
    names
}

fn of_program(program: &Value, turns: &str, names: &mut BTreeSet<String>) {
    of_all(&program["body"], turns, names);
    match &program["end"] {
        Value::String(end) if end == "cancel" => {
            names.extend(["end", "cancel", "undo end"].map(String::from));
        }
        Value::Object(end) => of_program(&end["continue"], turns, names),
        _ => {}
    }
}

fn of_all(body: &Value, turns: &str, names: &mut BTreeSet<String>) {
    for statement in body.as_array().into_iter().flatten() {
        let name = format!("{}{turns}", statement["name"].as_str().unwrap());
        let mut kinds = statement.as_object().unwrap().iter().filter(|(kind, _)| *kind != "name");
        let does = kinds.next().unwrap().1;
        let several = does["n"].as_u64().or(does["steps"].as_u64()).unwrap_or(0);
        for n in 0..several {
            names.extend([format!("{name}/{n}"), format!("undo {name}/{n}")]);
        }
        names.insert(name);
        // A child counts its own turns.
        if does["program"].is_object() {
            of_program(&does["program"], "", names);
        }
        let times = does["times"].as_u64();
        for part in ["body", "yes", "no"] {
            match times {
                Some(times) => {
                    (0..times).for_each(|at| of_all(&does[part], &format!("{turns}.{at}"), names));
                }
                None => of_all(&does[part], turns, names),
            }
        }
    }
}
