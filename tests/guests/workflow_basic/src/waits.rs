//! Bodies that wait.

use std::time::Duration;

use satama_guest::workflow::{self, Decision, Failure, Result};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::effects::Time;

#[derive(Deserialize)]
pub struct Count {
    n: u64,
}

#[derive(Deserialize)]
pub struct Within {
    /// For ever, if none.
    ms: Option<u64>,
}

#[derive(Deserialize)]
pub struct Child {
    /// How long it takes.
    #[serde(default)]
    ms: u64,
    /// What it fails as.
    fail: Option<String>,
    /// What it returns.
    #[serde(default)]
    output: Value,
}

pub fn sleep(time: Time) -> Result<u64> {
    workflow::sleep(time.duration())?;
    Ok(time.ms)
}

pub fn five_sleeps(time: Time) -> Result<usize> {
    let timers = (0..5).map(|n| workflow::timer(&format!("t{n}"), time.duration()));
    Ok(workflow::all(timers.collect::<Result<Vec<_>>>()?)?.len())
}

/// What the signal brought, or null.
pub fn signal(time: Time) -> Result<Option<Value>> {
    workflow::signal_within("go", time.duration())
}

/// As many signals as were asked for, in their order.
pub fn signals(Count { n }: Count) -> Result<Vec<Value>> {
    (0..n).map(|_| workflow::signal("go")?.wait()).collect()
}

pub fn suspend(_: Value) -> Result<&'static str> {
    workflow::suspend("until someone resumes it")?;
    Ok("resumed")
}

pub fn approve(Within { ms }: Within) -> Result<Value> {
    let data = json!({ "cents": 100 });
    let decided = match workflow::approval("pay", &data, ms.map(Duration::from_millis))? {
        Decision::Expired => return Ok(json!("expired")),
        Decision::Approved(decided) => ("approved", decided),
        Decision::Refused(decided) => ("refused", decided),
    };
    Ok(json!([decided.0, decided.1.by, decided.1.data]))
}

/// What its child returns of this input.
pub fn parent(input: Value) -> Result<Value> {
    let child = workflow::child("child", &input)?;
    let output: Value = child.wait()?;
    Ok(json!({ "child": output }))
}

pub fn child(Child { ms, fail, output }: Child) -> Result<Value> {
    if ms > 0 {
        workflow::sleep(Duration::from_millis(ms))?;
    }
    match fail {
        Some(code) => Err(Failure::fatal(code, "as it was told").into()),
        None => Ok(output),
    }
}
