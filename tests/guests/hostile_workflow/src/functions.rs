//! Functions that do what they should not.

use crate::satama::services::workflow;
use crate::{Context, Failure, HOSTILE, calls, failure, grow, quoted, spin};

pub fn call(name: &str, input: String, context: &Context) -> Result<String, Failure> {
    match name {
        "note" => Ok(input),
        // A body's calls, where there is no body.
        "everything" => Ok(quoted(&calls::everything().join("\n"))),
        "no-json" => Ok("{".into()),
        "huge" => Ok(quoted(&"x".repeat(256 << 10))),
        "larger" => Ok(quoted(&"x".repeat(3 << 20))),
        "fail-huge" => Err(failure(&"x".repeat(1 << 20))),
        "fail-hostile" => Err(failure(&HOSTILE.concat())),
        "fail-details" => Err(Failure { details: Some("{".into()), ..failure("a") }),
        "spin" => spin(),
        "grow" => grow(),
        "panic" => panic!("{} {}", context.step, HOSTILE.concat()),
        "exit" => std::process::exit(0),
        "state" => Ok(state()),
        "state-flood" => flood(),
        _ => Err(failure("unknown-function")),
    }
}

/// Sets parts of the state until it is refused; how many there were.
fn state() -> String {
    for n in 0..100_000_u32 {
        if let Err(err) = workflow::set_state(&n.to_string(), "1") {
            return quoted(&format!("{n}: {err:?}"));
        }
    }
    quoted("it worked")
}

/// Sets the same part as fast as it can.
fn flood() -> ! {
    loop {
        let _ = workflow::set_state("a", "1");
    }
}
