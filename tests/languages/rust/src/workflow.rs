//! Workflows and functions, and their runs as they are seen from outside.

use std::time::Duration;

use satama_guest::run::{Options, Runs};
use satama_guest::workflow::{
    self, Backoff, Child, Context, Decision, Error, Failure, Next, Result, Saga, Step,
};
use serde_json::{Value, json};

use crate::run::{PATIENCE_MS, asked, start};
use crate::show::{Lines, List, Show};

const MOMENT: Duration = Duration::from_millis(5);

/// Starts the workflows below, does what they wait for, and says what came of them.
pub fn outside(t: &mut Lines) {
    let r = Runs::open("story").expect("it is granted");
    let options = Options { user: Some("ann-ä".into()), ..Options::default() };
    let id = r.begin(&json!({ "n": 3 }), &options).expect("it starts").id;
    t.say("signal", r.signal(&id, "go", "{\"from\": \"ä€😀\"}", None));
    asked(&r, &id, "approval", "pay");
    t.say("decide", r.decide(&id, "pay", false, Some("bob"), "\"too much\""));
    let info = r.wait(&id, PATIENCE_MS).expect("it is there");
    t.say("story", info.status);
    let lines: Vec<String> =
        info.output.and_then(|output| serde_json::from_str(&output).ok()).unwrap_or_default();
    for line in lines {
        t.say("story", line.as_str());
    }
    t.say("its state", r.state(&id, "progress"));
    t.say("what a function set", r.state(&id, "seen"));
    t.say("its steps", r.steps(&id).map(List));

    ended(t, "undone", "\"card\"");
    ended(t, "counts", "2");
    ended(t, "echo", "{\"ä\": [1, null, true, 1.5]}");

    let r = Runs::open("cancelled").expect("it is granted");
    let id = start(&r, "null");
    asked(&r, &id, "step", "reserve");
    t.say("cancel", r.cancel(&id, "enough", false));
    t.say("wait", r.wait(&id, PATIENCE_MS));
    t.say("it was told", r.state(&id, "told"));
    t.say("its steps", r.steps(&id).map(List));
}

/// Says how a run ends.
fn ended(t: &mut Lines, workflow: &str, input: &str) {
    let r = Runs::open(workflow).expect("it is granted");
    let id = start(&r, input);
    let info = r.wait(&id, PATIENCE_MS);
    t.say(workflow, &info);
    if let Some(failure) = info.ok().and_then(|info| info.failure) {
        t.say("why", failure.message.as_str());
        t.say("details", failure.details);
    }
    t.say("its steps", r.steps(&id).map(List));
}

/// One of everything.
pub fn story(input: Value) -> Result<Vec<String>> {
    let mut t = Lines::default();
    let info = workflow::info()?;
    t.say("workflow", info.workflow);
    t.say("user", info.user);
    t.say("parent", info.parent);
    t.say("generation", info.generation);
    t.say("input", input["n"].as_i64());
    t.say("random", workflow::random()? < 1 << 53);
    t.say("uuid", workflow::uuid()?.len());
    let began = workflow::now()?;
    t.say("it begins", began > std::time::SystemTime::UNIX_EPOCH);
    functions(&mut t)?;
    steps(&mut t)?;
    waits(&mut t)?;
    t.say("time goes on", workflow::now()? >= began + MOMENT);
    refusals(&mut t)?;
    workflow::set_state("progress", &json!({ "done": "ä€😀" }))?;
    t.say("state", workflow::state::<Value>("progress")?.map(|value| value.to_string()));
    t.say("no state", workflow::state::<u32>("none")?);
    Ok(t.into_vec())
}

fn functions(t: &mut Lines) -> Result<()> {
    let pending: Result<Vec<_>> = (1..=3).map(|n| workflow::spawn("double", &n)).collect();
    t.say("in parallel", List(workflow::all::<u32>(pending?)?));
    t.say("called", workflow::call::<_, u32>("double", &21)?);
    let quick = Backoff::fixed(Duration::from_millis(1));
    let third = Step::new("third").retries(5).backoff(quick).spawn::<_, u32>("third-time", &())?;
    let refused = workflow::spawn::<_, u32>("refuse", "no")?;
    t.say("settled", List(workflow::settled([third, refused])?));
    let facts: Value = Step::new("ask").timeout(Duration::from_secs(600)).call("facts", &())?;
    t.say("a function knows", facts.to_string());
    let child = Child::new("little").priority(9).timeout(Duration::from_secs(600));
    let child = child.start::<_, Value>("echo", &json!(["ä"]))?;
    t.say("child", child.wait()?.to_string());
    Ok(())
}

fn steps(t: &mut Lines) -> Result<()> {
    t.say("step", workflow::step("one", || Ok::<_, Failure>("tehty-ä".to_owned()))?);
    let quick = Backoff::exponential(Duration::from_millis(1), Duration::from_millis(2));
    let mut keys = Vec::new();
    let tried = Step::new("tried").retries(2).backoff(quick.jitter_percent(50)).run(|attempt| {
        keys.push(attempt.key().to_owned());
        if attempt.number() < 3 {
            return Err(Failure::retryable("early", "not yet"));
        }
        keys.dedup();
        Ok((attempt.number(), keys.len() <= 2))
    });
    t.say("tried", tried.map(|(number, _)| number));
    let mut tries = 0;
    let fatal = Step::new("fatal").retries(5).run(|_| {
        tries += 1;
        Err::<(), _>(Failure::fatal("no", "never-ä").with_details(&[1, 2]))
    });
    t.say("fatal", &fatal);
    let details = match fatal {
        Err(Error::Failed(failure)) => failure.details,
        _ => None,
    };
    t.say("its details", details);
    Ok(())
}

fn waits(t: &mut Lines) -> Result<()> {
    workflow::sleep(MOMENT)?;
    workflow::sleep_until(workflow::now()? + MOMENT)?;
    let late = workflow::timer("late", Duration::from_secs(3600))?;
    let soon = workflow::timer_at("soon", workflow::now()?)?;
    t.say("first", workflow::any(&[&late, &soon])?);
    soon.wait()?;
    drop(late);
    let signal = workflow::signal::<Value>("go")?;
    t.say("signal", signal.wait()?.to_string());
    t.say(
        "no signal",
        workflow::signal_within::<Value>("never", MOMENT)?.map(|value| value.to_string()),
    );
    let expired = workflow::approval("quick", &(), Some(Duration::from_millis(1)))?;
    t.say("nobody decides", matches!(expired, Decision::Expired));
    let decision = workflow::approval("pay", &json!({ "cents": 100 }), None)?;
    t.say(
        "approval",
        match decision {
            Decision::Approved(_) => "approved".to_owned(),
            Decision::Refused(decided) => format!("refused {} {}", decided.by.show(), decided.data),
            Decision::Expired => "expired".to_owned(),
        },
    );
    Ok(())
}

fn refusals(t: &mut Lines) -> Result<()> {
    t.say("a function that is not granted", workflow::call::<_, ()>("other", &()));
    t.say("a longer name", workflow::call::<_, ()>(&"f".repeat(256), &()));
    t.say("a longer wait", workflow::sleep(Duration::from_secs(11 * 365 * 86_400)));
    let deep = (0..200).fold(Value::Null, |value, _| Value::Array(vec![value]));
    t.say("state that is nested too deep", workflow::set_state("deep", &deep));
    t.say("a larger state", workflow::set_state("large", &"v".repeat(256 << 10)));
    t.say("nothing to wait for", workflow::any(&[]).map_err(misplaced));
    let nested = workflow::step("outer", || {
        let inner = workflow::step("inner", || Ok::<_, Failure>(()));
        Ok::<_, Failure>(inner.map_err(misplaced).show())
    });
    t.say("a step in a step", nested?);
    Ok(())
}

/// What is misplaced is told in words, which may change.
fn misplaced(err: Error) -> Error {
    match err {
        Error::Misplaced(_) => Error::Misplaced(String::new()),
        err => err,
    }
}

/// Is refused at its third step, and undoes the two before.
pub fn undone(input: String) -> Result<()> {
    let mut saga = Saga::new();
    let done = reserve_and_pay(&mut saga, &input);
    done.map_err(|cause| saga.fail(cause))
}

fn reserve_and_pay(saga: &mut Saga<'_>, input: &str) -> Result<()> {
    saga.step("reserve", |_| Ok::<_, Failure>(()), |_| Ok::<_, Failure>(7))?;
    saga.call("double it", "double", |_| 2, |_: &workflow::Undo<u32>| Ok::<_, Failure>(()))?;
    saga.defer("note", |_| Ok::<_, Failure>(()));
    let declined = Failure::fatal("card-declined", format!("no {input}")).with_details(&["ä"]);
    saga.step("charge", |_| Ok::<_, Failure>(()), |_| Err::<(), _>(declined.clone()))
}

/// Waits for all that somebody else can do.
pub fn waits_for_people(_: Value) -> Result<String> {
    workflow::suspend("why")?;
    let signal: Value = workflow::signal("go")?.wait()?;
    let decision = workflow::approval("pay", "ä", None)?;
    let by = match decision {
        Decision::Approved(decided) => decided.by,
        _ => None,
    };
    Ok(format!("{signal} {}", by.show()))
}

/// Goes on as new, and counts down.
pub fn counts(n: u32) -> Result<Next<String, u32>> {
    if n > 0 {
        workflow::step("count", || Ok::<_, Failure>(n))?;
        return Ok(Next::ContinueAsNew(n - 1));
    }
    Ok(Next::Done("zero".into()))
}

/// Is cancelled while it waits, and undoes what it did.
pub fn cancelled(_: Value) -> Result<()> {
    let mut saga = Saga::new();
    saga.step("reserve", |_| Ok::<_, Failure>(()), |_| Ok::<_, Failure>(()))?;
    let never = workflow::signal::<Value>("never")?;
    let told = never.wait().expect_err("nobody signals");
    // Said once: all that comes after it works.
    workflow::set_state("told", told.code())?;
    Err(saga.fail(told))
}

pub fn echo(input: Value) -> Result<Value> {
    Ok(input)
}

pub fn double(n: u32) -> Result<u32, Failure> {
    Ok(2 * n)
}

pub fn third_time(_: Value, context: &Context) -> Result<u32, Failure> {
    match context.attempt.number() {
        n if n < 3 => Err(Failure::retryable("early", "not yet")),
        n => Ok(n),
    }
}

pub fn refuse(why: String) -> Result<u32, Failure> {
    Err(Failure::fatal("refused", why).with_details(&json!({ "ä": 1 })))
}

pub fn facts(_: Value, context: &Context) -> Result<Value, Failure> {
    workflow::set_state("seen", &context.step)?;
    let seen: Option<String> = workflow::state("seen")?;
    Ok(json!([
        context.workflow,
        context.step,
        context.user,
        context.attempt.number(),
        context.attempt.key().len(),
        seen
    ]))
}
