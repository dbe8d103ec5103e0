//! Functions that workflows call.

use satama_guest::run::{self, Runs};
use satama_guest::workflow::{self, Context, Failure, Result};
use serde::Deserialize;
use serde_json::Value;

use crate::effects::{Time, count};
use crate::program;

#[derive(Deserialize)]
pub struct Until {
    attempt: u32,
}

#[derive(Deserialize)]
pub struct Fail {
    #[serde(default)]
    retry: bool,
}

pub fn add([one, other]: [i64; 2]) -> Result<i64, Failure> {
    one.checked_add(other).ok_or_else(|| Failure::fatal("overflow", "the sum is too large"))
}

/// Fails until its attempt is the one that was said.
pub fn fail_until(until: Until, context: &Context) -> Result<u32, Failure> {
    count(context.attempt.key())?;
    match context.attempt.number() {
        number if number < until.attempt => Err(Failure::retryable("early", number.to_string())),
        number => Ok(number),
    }
}

pub fn fail(fail: Option<Fail>, context: &Context) -> Result<(), Failure> {
    count(context.attempt.key())?;
    let failure = Failure::retryable("told", "as it was told");
    let retry = fail.is_some_and(|fail| fail.retry);
    Err(if retry { failure } else { failure.no_retry() })
}

pub fn spin(time: Time) -> Result<u64, Failure> {
    time.spin();
    Ok(time.ms)
}

/// Counts itself under its key, and computes for so long.
pub fn slow(time: Time, context: &Context) -> Result<u64, Failure> {
    count(context.attempt.key())?;
    time.spin();
    Ok(time.ms)
}

/// Counts itself under its key, and returns its input.
pub fn note(input: Value, context: &Context) -> Result<Value, Failure> {
    count(context.attempt.key())?;
    Ok(input)
}

pub fn trap(_: Value) -> Result<(), Failure> {
    panic!("as it was told");
}

/// Sets a part of its run's state, which is called as its input says, and reads it.
pub fn state(name: String, context: &Context) -> Result<Option<String>, Failure> {
    workflow::set_state(&name, &context.step)?;
    Ok(workflow::state(&name)?)
}

#[derive(Deserialize)]
pub struct Doing {
    last: u64,
    #[serde(default)]
    fails: bool,
}

/// Counts itself under the step's name, as a program's steps do.
pub fn did(doing: Doing, context: &Context) -> Result<u64, Failure> {
    let done = program::did(&context.step, context.attempt.key(), doing.last)?;
    if doing.fails {
        return Err(Failure::retryable("told", &*context.step));
    }
    Ok(done)
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outside {
    Signal,
    Decide(String, bool),
    Resume,
    Cancel,
}

/// Does something to its own run from outside. What was done by an attempt whose host was lost is
/// not done again.
pub fn outside(what: Outside, context: &Context) -> Result<u64, Failure> {
    let done = program::did(&context.step, context.attempt.key(), 0)?;
    let runs = Runs::open(&context.workflow)?;
    let run = &context.run;
    let sent = match what {
        Outside::Signal => {
            runs.signal(run, "go", &done.to_string(), Some(context.attempt.key())).map(drop)
        }
        Outside::Decide(name, approved) => runs.decide(run, &name, approved, None, "null"),
        Outside::Resume => runs.resume(run),
        Outside::Cancel => runs.cancel(run, "as it was told", false),
    };
    match sent {
        Ok(()) => Ok(done),
        Err(run::Error::Illegal(_)) if context.attempt.number() > 1 => Ok(done),
        Err(err) => Err(Failure::of("outside", &err)),
    }
}
