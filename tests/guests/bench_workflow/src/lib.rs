//! Workflows of steps that do nothing, for the benchmarks.

use std::convert::Infallible;

use satama_guest::workflow::{self, Failure, Result};
use serde_json::Value;

satama_guest::workflows! {
    "steps" => steps,
    "replay" => replay,
    "calls" => calls,
}

satama_guest::functions! {
    "nothing" => nothing,
}

/// So many steps.
fn steps(n: u64) -> Result<u64> {
    (0..n).map(|n| workflow::step("step", || Ok::<_, Infallible>(n))).sum()
}

/// So many steps, and a wait for a signal.
fn replay(n: u64) -> Result<u64> {
    let sum = steps(n)?;
    let _: Value = workflow::signal("go")?.wait()?;
    Ok(sum)
}

/// So many calls of a function, one after the other.
fn calls(n: u64) -> Result<u64> {
    (0..n).map(|n| workflow::call::<_, u64>("nothing", &n)).sum()
}

fn nothing(n: u64) -> Result<u64, Failure> {
    Ok(n)
}
