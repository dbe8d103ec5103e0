//! Bodies that do what they may not. Each says what it was told.

use std::convert::Infallible;

use satama_guest::cache::{self, Bucket};
use satama_guest::workflow::{self, Result};
use serde_json::Value;

use self::raw::{Error, Failure, StepOptions};

/// What the SDK does not let anybody call in the wrong order.
mod bindings {
    wit_bindgen::generate!({
        inline: "package tests:raw; world raw { import satama:services/workflow@0.1.0; }",
        path: "../../../wit",
        world: "tests:raw/raw",
        generate_all,
    });
}

use bindings::satama::services::workflow as raw;

const ONCE: StepOptions = StepOptions { retry: None, timeout_ms: None, undo: false };

fn said<T>(what: Result<T, Error>) -> String {
    match what {
        Ok(_) => "it worked".into(),
        Err(err) => format!("{err:?}"),
    }
}

/// Uses the cache outside of a step.
pub fn cache(_: Value) -> Result<String> {
    let got = Bucket::open("effects").and_then(|bucket| bucket.get("a"));
    Ok(match got {
        Ok(_) => "it worked".into(),
        Err(err @ cache::Error::AccessDenied) => format!("no such bucket: {err}"),
        Err(err) => format!("{err:?}"),
    })
}

/// A step within a step; and everything else that is not for there.
pub fn nested(_: Value) -> Result<Vec<String>> {
    workflow::step("outer", || {
        Ok::<_, Infallible>(vec![
            said(raw::begin("inner", ONCE)),
            said(raw::spawn("inner", "add", "[1, 2]", ONCE)),
            said(raw::child(
                "inner",
                "echo",
                "1",
                raw::ChildOptions { timeout_ms: None, priority: None },
            )),
            said(raw::timer("inner", 1)),
            said(raw::signal("inner")),
            said(raw::approval("inner", "1", None)),
            said(raw::wait(0)),
            said(raw::wait_any(&[])),
            said(raw::wait_all(&[])),
            said(raw::suspend("inner")),
        ])
    })
}

/// The end of a step that was not begun.
pub fn finish(_: Value) -> Result<Vec<String>> {
    let failure = Failure { code: "c".into(), message: "m".into(), retry: true, details: None };
    Ok(vec![said(raw::finish(Ok("1"))), said(raw::finish(Err(&failure)))])
}

/// Tickets that there are not.
pub fn ticket(_: Value) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for ticket in [0, 1, u32::MAX] {
        told.push(said(raw::wait(ticket)));
        told.push(said(raw::wait_any(&[ticket])));
        told.push(said(raw::wait_all(&[ticket])));
    }
    told.push(said(raw::wait_all(&[])));
    Ok(told)
}

/// Names that are too long.
pub fn name(_: Value) -> Result<Vec<String>> {
    let long = "n".repeat(256);
    let huge = "n".repeat(1 << 20);
    let mut told = Vec::new();
    for name in [&long, &huge] {
        told.push(said(raw::begin(name, ONCE)));
        told.push(said(raw::spawn(name, "add", "[1, 2]", ONCE)));
        told.push(said(raw::timer(name, 1)));
        told.push(said(raw::signal(name)));
        told.push(said(raw::approval(name, "1", None)));
        told.push(said(raw::set_state(name, "1")));
        told.push(said(raw::get_state(name)));
    }
    Ok(told)
}

/// What is no JSON, everywhere that it could be.
pub fn json(_: Value) -> Result<Vec<String>> {
    let deep = "[".repeat(128) + &"]".repeat(128);
    let mut told = Vec::new();
    for text in ["", "{", "nul", "1 2", "\u{feff}1", "'a'", "NaN", "[1,]", "\"\n\"", &deep] {
        told.push(said(raw::spawn("s", "add", text, ONCE)));
        told.push(said(raw::approval("s", text, None)));
        told.push(said(raw::set_state("s", text)));
        raw::begin("s", ONCE)?;
        told.push(said(raw::finish(Ok(text))));
        // It is open still.
        raw::finish(Ok("1"))?;
    }
    Ok(told)
}

/// More steps than a history has events.
pub fn many(_: Value) -> Result<u32> {
    for n in 0..10_001_u32 {
        workflow::step("s", || Ok::<_, Infallible>(n))?;
    }
    Ok(10_001)
}
