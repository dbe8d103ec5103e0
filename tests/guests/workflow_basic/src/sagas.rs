//! Bodies that undo what they did.
//!
//! What was done, and undone, is counted in the cache, and told on the log: `do NAME`, and
//! `undo NAME` with what there was to undo.

use std::time::Duration;

use satama_guest::workflow::{self, Backoff, Effect, Failure, Result, Saga, Step, Undo};
use serde::Deserialize;
use serde_json::Value;

use crate::effects::count;

#[derive(Deserialize)]
pub struct Plan {
    /// The step that fails, if one does.
    fail: Option<String>,
    /// The step whose undoing fails for good, if one does.
    fail_undo: Option<String>,
    /// How often the failing step is tried again.
    #[serde(default)]
    retries: u32,
    /// Wait so long between the steps.
    #[serde(default)]
    ms: u64,
}

/// Three steps that can be undone.
pub fn saga(plan: Plan) -> Result<Vec<String>> {
    Saga::run(|saga| ["a", "b", "c"].into_iter().map(|name| one(saga, &plan, name)).collect())
}

/// A step, and then a wait for ever.
pub fn cancelled(_: Value) -> Result<()> {
    let plan = Plan { fail: None, fail_undo: None, retries: 0, ms: 0 };
    Saga::run(|saga| {
        one(saga, &plan, "a")?;
        workflow::signal("never")?.wait()
    })
}

fn one<'a>(saga: &mut Saga<'a>, plan: &'a Plan, name: &'a str) -> Result<String> {
    if plan.ms > 0 {
        workflow::sleep(Duration::from_millis(plan.ms))?;
    }
    let backoff = Backoff::fixed(Duration::from_millis(10));
    let step = Step::new(name).retries(plan.retries).backoff(backoff);
    let undo = move |undo: &Undo<String>| {
        count(undo.attempt().key())?;
        count(&format!("undo {}", undo.token()))?;
        println!("undo {name}: {}", what(undo.effect()));
        match &plan.fail_undo {
            Some(fails) if fails == name => Err(Failure::fatal("stuck", name)),
            _ => Ok(()),
        }
    };
    saga.step(step, undo, |doing| {
        count(doing.key())?;
        count(&format!("do {}", doing.token()))?;
        println!("do {name}");
        match &plan.fail {
            Some(fails) if fails == name => Err(Failure::retryable("told", name)),
            _ => Ok(name.to_uppercase()),
        }
    })
}

fn what(effect: &Effect<String>) -> String {
    match effect {
        Effect::Done(result) => format!("done {result}"),
        Effect::Failed(failure) => format!("failed {}", failure.code),
        Effect::Unknown => "unknown".into(),
    }
}
