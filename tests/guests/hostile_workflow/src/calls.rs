//! Calls with what they should not be called with.

use crate::satama::services::workflow::{self, Backoff, ChildOptions, Retry, StepOptions};
use crate::{Ending, HOSTILE, ONCE, failure, quoted, said, told};

const CHILD: ChildOptions = ChildOptions { timeout_ms: None, priority: None };

pub fn run(name: &str) -> Option<Ending> {
    Some(told(&match name {
        "everything" => everything(),
        "names" => names(),
        "values" => values(),
        "numbers" => numbers(),
        "lists" => lists(),
        "not-granted" => not_granted(),
        "failures" => failures(),
        "wait-for-none" => vec![said("wait-any", workflow::wait_any(&[]))],
        _ => return None,
    }))
}

/// Each call, once.
pub fn everything() -> Vec<String> {
    let mut all = vec![
        said("info", workflow::info()),
        said("now-ms", workflow::now_ms()),
        said("random", workflow::random()),
        said("uuid", workflow::uuid()),
        said("finish", workflow::finish(Ok("1"))),
        said("spawn", workflow::spawn("a", "note", "1", ONCE)),
        said("child", workflow::child("a", "everything", "1", CHILD)),
        said("timer", workflow::timer("a", 1)),
        said("timer-at", workflow::timer_at("a", 1)),
        said("signal", workflow::signal("a")),
        said("approval", workflow::approval("a", "1", Some(1))),
        said("wait", workflow::wait(1_000)),
        said("wait-any", workflow::wait_any(&[1_000])),
        said("wait-all", workflow::wait_all(&[])),
        said("set-state", workflow::set_state("a", "1")),
        said("get-state", workflow::get_state("a")),
        said("begin", workflow::begin("a", ONCE)),
    ];
    // Whether that is open or not.
    all.push(said("finish", workflow::finish(Ok("1"))));
    all
}

/// Names that should not be taken for anything else.
fn names() -> Vec<String> {
    let mut all = Vec::new();
    for name in HOSTILE {
        all.push(said("begin", workflow::begin(name, ONCE)));
        all.push(said("finish", workflow::finish(Ok(&quoted(name)))));
        all.push(said("timer", workflow::timer(name, 1)));
        all.push(said("signal", workflow::signal(name)));
        all.push(said("approval", workflow::approval(name, &quoted(name), Some(1))));
        all.push(said("set-state", workflow::set_state(name, &quoted(name))));
        all.push(said("get-state", workflow::get_state(name)));
        all.push(said("spawn", workflow::spawn(name, "note", &quoted(name), ONCE)));
        all.push(said("child", workflow::child(name, "everything", &quoted(name), CHILD)));
    }
    all
}

/// More than may be.
fn values() -> Vec<String> {
    let mut all = Vec::new();
    for bytes in [(256 << 10) + 1, 1 << 20, 3 << 20] {
        let name = "n".repeat(bytes);
        let json = quoted(&name[2..]);
        all.push(said("begin", workflow::begin(&name, ONCE)));
        all.push(said("spawn", workflow::spawn("a", "note", &json, ONCE)));
        all.push(said("spawn", workflow::spawn("a", &name, "1", ONCE)));
        all.push(said("child", workflow::child("a", "everything", &json, CHILD)));
        all.push(said("child", workflow::child("a", &name, "1", CHILD)));
        all.push(said("signal", workflow::signal(&name)));
        all.push(said("approval", workflow::approval("a", &json, None)));
        all.push(said("set-state", workflow::set_state("a", &json)));
        all.push(said("get-state", workflow::get_state(&name)));
        all.push(said("begin", workflow::begin("a", ONCE)));
        all.push(said("finish", workflow::finish(Ok(&json))));
        all.push(said("finish", workflow::finish(Err(&failure(&name)))));
        all.push(said("finish", workflow::finish(Ok("1"))));
    }
    all
}

/// Durations and counts at their ends.
fn numbers() -> Vec<String> {
    let mut all = Vec::new();
    for number in [0, 1, u64::MAX - 1, u64::MAX] {
        all.push(said("timer", workflow::timer("a", number)));
        all.push(said("timer-at", workflow::timer_at("a", number)));
        all.push(said("approval", workflow::approval(&number.to_string(), "1", Some(number))));
        let child = ChildOptions { timeout_ms: Some(number), priority: Some(255) };
        all.push(said("child", workflow::child("a", "everything", "1", child)));
        for backoff in [Backoff::Fixed, Backoff::Exponential] {
            let retry = Retry {
                attempts: u32::MAX,
                delay_ms: number,
                backoff,
                delay_max_ms: number,
                jitter_percent: 255,
            };
            let step = StepOptions { retry: Some(retry), timeout_ms: Some(number), undo: true };
            all.push(said("spawn", workflow::spawn("a", "note", "1", step)));
            all.push(said("begin", workflow::begin("a", step)));
            all.push(said("finish", workflow::finish(Ok("1"))));
        }
    }
    all
}

/// Long lists, of the same ticket and of none.
fn lists() -> Vec<String> {
    let timer = workflow::timer("a", 1).unwrap_or(0);
    let mut all = Vec::new();
    for count in [2, 1_001, 500_000] {
        for ticket in [timer, u32::MAX] {
            let tickets = vec![ticket; count];
            all.push(said("wait-any", workflow::wait_any(&tickets)));
            all.push(said("wait-all", workflow::wait_all(&tickets)));
        }
    }
    all
}

/// What the manifest does not name.
fn not_granted() -> Vec<String> {
    let mut all = Vec::new();
    for name in HOSTILE.into_iter().chain(["", "not-granted", "NOTE", "note ", "note\0"]) {
        all.push(said("spawn", workflow::spawn("a", name, "1", ONCE)));
        all.push(said("child", workflow::child("a", name, "1", CHILD)));
    }
    all
}

/// Failures that should reach no log as they are.
fn failures() -> Vec<String> {
    let mut all = Vec::new();
    for text in HOSTILE {
        all.push(said("begin", workflow::begin("a", ONCE)));
        all.push(said("finish", workflow::finish(Err(&failure(text)))));
        let mut failure = failure(text);
        failure.details = Some(text.into());
        all.push(said("begin", workflow::begin("a", ONCE)));
        all.push(said("finish", workflow::finish(Err(&failure))));
        all.push(said("finish", workflow::finish(Ok("null"))));
    }
    all
}
