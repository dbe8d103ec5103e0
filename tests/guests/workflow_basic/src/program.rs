//! A body that does what its input says: whatever a body can do, in whatever order.
//!
//! Each name is in a program once, so what is counted under it is how often that was done.

use std::time::{Duration, UNIX_EPOCH};

use satama_guest::cache;
use satama_guest::workflow::{
    self, Backoff, Child, Error, Failure, Next, Pending, Result, Saga, Step, Undo, Waits,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::effects::count;

/// Between attempts: a test does not wait for long.
const SOON: Backoff = Backoff::fixed(Duration::from_millis(10));

#[derive(Serialize, Deserialize)]
pub struct Program {
    body: Vec<Statement>,
    end: End,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum End {
    Done,
    Fail,
    /// Goes on as new with another.
    Continue(Box<Program>),
    /// Is cancelled while it waits, and undoes a step.
    Cancel,
}

#[derive(Serialize, Deserialize)]
struct Statement {
    name: String,
    #[serde(flatten)]
    does: Does,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Does {
    Step {},
    /// Fails until that attempt.
    Retried {
        until: u32,
        retries: u32,
    },
    /// So many functions at a time, each waited for.
    Functions {
        n: u32,
        all: bool,
    },
    /// The first of so many, and what is done before the others are waited for.
    Race {
        n: u32,
        body: Vec<Statement>,
    },
    /// A function that fails each time.
    Fails {
        retries: u32,
    },
    Sleep {
        ms: u64,
    },
    /// All of these timers; or the first, and the others are given up.
    Timers {
        ms: Vec<u64>,
        all: bool,
    },
    /// A function sends the run a signal.
    Send {},
    /// The next signal, if there is one within this time.
    Receive {
        ms: u64,
    },
    /// A function decides; or nobody does in time.
    Approve {
        approved: Option<bool>,
        ms: u64,
    },
    /// A function resumes the run.
    Suspend {},
    Child {
        program: Box<Program>,
    },
    State {
        part: String,
    },
    /// What is random or of now goes into a function's input, which a replay compares.
    Draw {},
    Saga {
        steps: u32,
        fails: bool,
    },
    If {
        yes: Vec<Statement>,
        no: Vec<Statement>,
    },
    Loop {
        times: u32,
        body: Vec<Statement>,
    },
    /// What fails in it is caught.
    Try {
        body: Vec<Statement>,
    },
}

/// Where a program is.
#[derive(Default)]
struct At {
    /// Of the loops that it is in, which turn each has.
    turns: String,
    /// A number that depends on all that was done.
    last: u64,
}

/// Runs it; the number that it ends with.
pub fn program(program: Program) -> Result<Next<u64, Box<Program>>> {
    let mut at = At::default();
    at.all(&program.body)?;
    match program.end {
        End::Done => Ok(Next::Done(at.last)),
        End::Fail => Err(Failure::fatal("told", at.last.to_string()).into()),
        End::Continue(next) => Ok(Next::ContinueAsNew(next)),
        End::Cancel => cancelled(),
    }
}

/// Waits for ever, but for a function that cancels the run.
fn cancelled() -> Result<Next<u64, Box<Program>>> {
    Saga::run(|saga| {
        let undo = |undo: &Undo<u64>| did("undo end", undo.attempt().key(), 0).map(drop);
        saga.step("end", undo, |doing| did("end", doing.key(), 0))?;
        let cancel: Pending<Value> = Step::new("cancel").spawn("outside", &json!("cancel"))?;
        let told = workflow::signal::<Value>("never")?.wait();
        cancel.wait()?;
        told.map(|_| Next::Done(0))
    })
}

/// Counts itself under its name and its key: one must be as often as the other.
pub fn did(name: &str, key: &str, last: u64) -> Result<u64, cache::Error> {
    count(&format!("did {name}"))?;
    count(key)?;
    Ok(mixed(last, name))
}

fn mixed(last: u64, name: &str) -> u64 {
    name.bytes().fold(last, |last, byte| (last * 31 + u64::from(byte)) % 1_000_003)
}

impl At {
    fn all(&mut self, body: &[Statement]) -> Result<()> {
        body.iter().try_for_each(|statement| self.one(statement))
    }

    fn step(&self, name: &str) -> Result<u64> {
        Step::new(name).run(|attempt| did(name, attempt.key(), self.last))
    }

    fn spawn(&self, name: &str, n: u32) -> Result<Vec<Pending<u64>>> {
        let input = json!({ "last": self.last });
        (0..n).map(|n| Step::new(format!("{name}/{n}")).spawn("did", &input)).collect()
    }

    fn one(&mut self, statement: &Statement) -> Result<()> {
        let name = format!("{}{}", statement.name, self.turns);
        self.last = match &statement.does {
            Does::Step {} => self.step(&name)?,
            Does::Retried { until, retries } => self.retried(&name, *until, *retries)?,
            Does::Functions { n, all: true } => workflow::all(self.spawn(&name, *n)?)?.iter().sum(),
            Does::Functions { n, all: false } => {
                self.spawn(&name, *n)?.iter().map(Pending::wait).sum::<Result<u64>>()?
            }
            Does::Race { n, body } => self.race(&name, *n, body)?,
            Does::Fails { retries } => {
                let step = Step::new(&*name).retries(*retries).backoff(SOON);
                step.call("did", &json!({ "last": self.last, "fails": true }))?
            }
            Does::Sleep { ms } => {
                workflow::sleep(Duration::from_millis(*ms))?;
                self.last
            }
            Does::Timers { ms, all } => self.timers(&name, ms, *all)?,
            Does::Send {} => self.outside(&name, "signal")?,
            Does::Receive { ms } => {
                workflow::signal_within("go", Duration::from_millis(*ms))?.unwrap_or(self.last)
            }
            Does::Approve { approved, ms } => self.approve(&name, *approved, *ms)?,
            Does::Suspend {} => {
                let resumes: Pending<Value> = Step::new(&*name).spawn("outside", &"resume")?;
                workflow::suspend(&name)?;
                resumes.wait()?;
                self.last
            }
            Does::Child { program } => Child::new(&*name).start("program", program)?.wait()?,
            Does::State { part } => self.state(&name, part)?,
            Does::Draw {} => self.draw(&name)?,
            Does::Saga { steps, fails } => self.saga(&name, *steps, *fails)?,
            Does::If { yes, no } => {
                self.all(if self.last.is_multiple_of(2) { yes } else { no })?;
                self.last
            }
            Does::Loop { times, body } => self.turn(*times, body)?,
            Does::Try { body } => self.caught(body)?,
        };
        Ok(())
    }

    fn retried(&self, name: &str, until: u32, retries: u32) -> Result<u64> {
        Step::new(name).retries(retries).backoff(SOON).run(|attempt| {
            let done = did(name, attempt.key(), self.last)?;
            match attempt.number() {
                number if number < until => Err(Failure::retryable("early", number.to_string())),
                _ => Ok(done),
            }
        })
    }

    /// Which was first is recorded: its history must have it so.
    fn race(&mut self, name: &str, n: u32, body: &[Statement]) -> Result<u64> {
        let pending = self.spawn(name, n)?;
        let waits: Vec<_> = pending.iter().map(|pending| pending as &dyn Waits).collect();
        let first = workflow::any(&waits)?;
        workflow::step(&format!("{name}/first"), || Ok::<_, Failure>(json!({ "first": first })))?;
        // Nobody would know how much of what nobody waits for was done.
        let done = self.all(body);
        let sum = pending.iter().map(Pending::wait).sum();
        done.and(sum)
    }

    fn timers(&self, name: &str, ms: &[u64], all: bool) -> Result<u64> {
        let timer = |(n, ms): (usize, &u64)| {
            workflow::timer(&format!("{name}/{n}"), Duration::from_millis(*ms))
        };
        let timers: Vec<_> = ms.iter().enumerate().map(timer).collect::<Result<_>>()?;
        if all {
            return Ok(mixed(self.last, &workflow::all(timers)?.len().to_string()));
        }
        let waits: Vec<_> = timers.iter().map(|timer| timer as &dyn Waits).collect();
        Ok(mixed(self.last, &workflow::any(&waits)?.to_string()))
    }

    fn outside(&self, name: &str, what: &str) -> Result<u64> {
        Step::new(name).call("outside", &what)
    }

    fn approve(&self, name: &str, approved: Option<bool>, ms: u64) -> Result<u64> {
        let asked =
            workflow::ask(&format!("{name}/ask"), &self.last, Some(Duration::from_millis(ms)))?;
        if let Some(approved) = approved {
            let what = json!({ "decide": [format!("{name}/ask"), approved] });
            Step::new(name).call::<_, u64>("outside", &what)?;
        }
        Ok(mixed(self.last, if asked.wait()?.is_approved() { "yes" } else { "no" }))
    }

    /// A part of the state as it was, and set anew here and by a function.
    fn state(&self, name: &str, part: &str) -> Result<u64> {
        let before: Option<u64> = workflow::state(part)?;
        workflow::set_state(part, &mixed(before.unwrap_or(self.last), name))?;
        Step::new(name).call::<_, Option<String>>("state", &"function")?;
        let function: Option<String> = workflow::state("function")?;
        let now: Option<u64> = workflow::state(part)?;
        Ok(mixed(now.unwrap_or_default(), &function.unwrap_or_default()))
    }

    fn draw(&self, name: &str) -> Result<u64> {
        let since = workflow::now()?.duration_since(UNIX_EPOCH).unwrap_or_default();
        let drawn = json!({
            "random": [workflow::random()?.to_string(), workflow::uuid()?],
            "now": since.as_millis().to_string(),
            "last": self.last,
        });
        Step::new(name).call("did", &drawn)
    }

    fn saga(&self, name: &str, steps: u32, fails: bool) -> Result<u64> {
        let last = self.last;
        let done = Saga::run(|saga| {
            for n in 0..steps {
                let (step, undone) = (format!("{name}/{n}"), format!("undo {name}/{n}"));
                let undo = move |undo: &Undo<u64>| {
                    did(&undone, undo.attempt().key(), 0)?;
                    count(&format!("undo {}", undo.token())).map(drop)
                };
                let does = step.clone();
                saga.step(step, undo, |doing| {
                    count(&format!("do {}", doing.token()))?;
                    let done = did(&does, doing.key(), last)?;
                    match fails && n + 1 == steps {
                        true => Err(Failure::fatal("fell", &*does)),
                        false => Ok(done),
                    }
                })?;
            }
            Ok(mixed(last, "saga"))
        });
        match done {
            Err(Error::Failed(failure)) if failure.code == "fell" => Ok(mixed(last, "fell")),
            done => done,
        }
    }

    fn caught(&mut self, body: &[Statement]) -> Result<u64> {
        let turns = self.turns.clone();
        let done = self.all(body);
        self.turns = turns;
        match done {
            Err(Error::Failed(failure)) => Ok(mixed(self.last, &failure.code)),
            done => done.map(|()| self.last),
        }
    }

    fn turn(&mut self, times: u32, body: &[Statement]) -> Result<u64> {
        let outer = self.turns.clone();
        for turn in 0..times {
            self.turns = format!("{outer}.{turn}");
            self.all(body)?;
        }
        self.turns = outer;
        Ok(self.last)
    }
}
