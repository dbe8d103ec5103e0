//! Workflows and functions that do what untrusted ones may: the name says what.
//!
//! By the bindings alone, so that nothing keeps them from it. A body that is not ended for what it
//! does returns what it was told, as a list of texts.

mod calls;
mod ends;
mod exhaust;
mod functions;

wit_bindgen::generate!({
    inline: "
        package tests:hostile;
        world hostile {
            import satama:services/workflow@0.1.0;
            /// Called outside of a run.
            export run: func(arg: string) -> result<string, string>;
            export satama:services/workflow-handler@0.1.0;
            export satama:services/function-handler@0.1.0;
        }
    ",
    path: "../../../wit",
    world: "tests:hostile/hostile",
    generate_all,
});

use exports::satama::services::function_handler::{Context, Guest as Functions};
use exports::satama::services::workflow_handler::{Ending, Guest as Workflows};
use satama::services::workflow::{Error, Failure, StepOptions};

/// A step that is tried once.
const ONCE: StepOptions = StepOptions { retry: None, timeout_ms: None, undo: false };

/// What should not reach a log, a terminal or a key as it is.
const HOSTILE: [&str; 9] = [
    "\0",
    "\x1b[2J\x1b[31;5mred\x1b]0;owned\x07",
    "a\n2026-01-01T00:00:00Z ERROR satama: all runs lost",
    "a\r\n",
    "\u{9b}2J\u{202e}txet\u{2066}\u{2028}",
    "../../hidden",
    "{satama}:t",
    "'; DROP TABLE workflow; --",
    "\",\"seq\":0,\"x\":\"",
];

struct Hostile;

impl Workflows for Hostile {
    fn run(workflow: String, input: String) -> Ending {
        calls::run(&workflow)
            .or_else(|| exhaust::run(&workflow))
            .unwrap_or_else(|| ends::run(&workflow, input))
    }
}

impl Functions for Hostile {
    fn call(function: String, input: String, context: Context) -> Result<String, Failure> {
        functions::call(&function, input, &context)
    }
}

impl Guest for Hostile {
    fn run(_: String) -> Result<String, String> {
        Ok(calls::everything().join("\n"))
    }
}

/// What a call was told.
fn said<T>(what: &str, result: Result<T, Error>) -> String {
    match result {
        Ok(_) => format!("{what}: it worked"),
        Err(err) => format!("{what}: {err:?}"),
    }
}

/// The end of a body that was not ended.
fn told(said: &[String]) -> Ending {
    let texts: Vec<_> = said.iter().map(|text| quoted(text)).collect();
    Ending::Completed(format!("[{}]", texts.join(",")))
}

/// A text as JSON.
fn quoted(text: &str) -> String {
    let mut json = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            char if char < ' ' => json += &format!("\\u{:04x}", u32::from(char)),
            char => json.push(char),
        }
    }
    json + "\""
}

fn failure(text: &str) -> Failure {
    Failure { code: text.into(), message: text.into(), retry: true, details: None }
}

/// Computes for ever, without a call to the host.
fn spin() -> ! {
    loop {
        std::hint::spin_loop();
    }
}

/// Allocates and touches memory until that ends the instance.
fn grow() -> ! {
    let mut blocks = Vec::new();
    loop {
        blocks.push(std::hint::black_box(vec![1_u8; 1 << 20]));
    }
}

export!(Hostile);
