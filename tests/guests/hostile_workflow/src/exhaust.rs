//! Bodies that use up what there is.

use crate::satama::services::workflow::{self, Error, Outcome};
use crate::{Ending, ONCE, grow, said, spin, told};

pub fn run(name: &str) -> Option<Ending> {
    Some(match name {
        "spin" => spin(),
        "grow" => grow(),
        "flood" => flood(),
        "open" => until("timer", |n| workflow::timer("a", 3_600_000 + n)),
        "tickets" => until("signal", |n| workflow::signal(&n.to_string())),
        "parts" => until("set-state", |n| workflow::set_state(&n.to_string(), "1")),
        "state" => until("set-state", |n| workflow::set_state(&n.to_string(), &large())),
        "events" => until("step", |_| step("1")),
        "bytes" => until("step", |_| step(&large())),
        "children" => until("child", |n| {
            let options = workflow::ChildOptions { timeout_ms: None, priority: Some(9) };
            workflow::child(&n.to_string(), "children", "1", options)
        }),
        "ignore-cancel" => ignore_cancel(),
        "replay-slowly" => replay_slowly(),
        "retry-forever" => retry_forever(),
        _ => return None,
    })
}

/// JSON of 256 KiB.
fn large() -> String {
    format!("\"{}\"", "x".repeat((256 << 10) - 2))
}

fn step(output: &str) -> Result<(), Error> {
    workflow::begin("a", ONCE)?;
    workflow::finish(Ok(output)).map(drop)
}

/// Calls until it is refused, and says after how many.
fn until<T>(what: &str, call: impl Fn(u64) -> Result<T, Error>) -> Ending {
    for n in 0..100_000 {
        if let Err(err) = call(n) {
            return told(&[said::<()>(what, Err(err)), n.to_string()]);
        }
    }
    told(&["it worked".into()])
}

/// Calls as fast as it can, what is not recorded.
fn flood() -> ! {
    loop {
        let _ = workflow::info();
        let _ = workflow::random();
        let _ = workflow::uuid();
        let _ = workflow::wait(u32::MAX);
    }
}

/// Goes on waiting, whatever it is told.
fn ignore_cancel() -> ! {
    loop {
        let Ok(ticket) = workflow::signal("never") else { continue };
        let _ = workflow::wait(ticket);
    }
}

/// Takes long to come to where it was, each time that it is called.
fn replay_slowly() -> Ending {
    for _ in 0..1_000 {
        let sum: u64 = std::hint::black_box((0..10_000_000_u64).fold(0, |sum, n| sum ^ n));
        match workflow::timer("a", 1).and_then(workflow::wait) {
            Ok(Outcome::Done(_)) => {}
            other => return told(&[said("timer", other.map(|_| sum))]),
        }
    }
    told(&["it worked".into()])
}

/// Fails again and again, with nothing between.
fn retry_forever() -> Ending {
    let retry = workflow::Retry {
        attempts: u32::MAX,
        delay_ms: 0,
        backoff: workflow::Backoff::Fixed,
        delay_max_ms: 0,
        jitter_percent: 0,
    };
    let options = workflow::StepOptions { retry: Some(retry), ..ONCE };
    if let Err(err) = workflow::begin("a", options) {
        return told(&[said::<()>("begin", Err(err))]);
    }
    let failure = crate::failure("again");
    loop {
        match workflow::finish(Err(&failure)) {
            Ok(workflow::Verdict::Again(_)) => {}
            other => return told(&[said("finish", other)]),
        }
    }
}
