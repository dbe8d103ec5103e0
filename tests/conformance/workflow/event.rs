//! Events and inputs, in few words.

use satama::workflow::log::{
    ApprovalAsked, Asked, ChildStarted, Done, FunctionFailed, Json, Output, Spawned, Started,
    StateSet, StepDone, Suspended, TimerSet,
};

use super::*;

fn asked(seq: u32, name: &str) -> Asked {
    Asked { seq, name: name.to_owned() }
}

pub(super) fn text(json: &str) -> Json {
    satama::workflow::log::json(json).unwrap()
}

pub(super) fn started(input: &str, generation: u32) -> Event {
    Event::Started(Started { input: text(input), generation })
}

pub(super) fn step(seq: u32, name: &str) -> Event {
    Event::StepDone(StepDone {
        asked: asked(seq, name),
        attempt: 1,
        output: text("null"),
        undo: false,
    })
}

pub(super) fn spawned(seq: u32, function: &str) -> Event {
    Event::Spawned(Spawned {
        asked: asked(seq, "step"),
        function: function.to_owned(),
        input: text("[1]"),
        retry: None,
        timeout_ms: None,
        undo: false,
        since: 0,
    })
}

/// The function of a task has returned.
pub(super) fn done(task: &Task, output: &str) -> Event {
    let seq = task.lease.seq.unwrap();
    Event::FunctionDone(Done { seq, attempt: task.attempt, output: text(output) })
}

/// The function of a task has failed.
pub(super) fn undone(task: &Task, again_ms: Option<u64>) -> Event {
    Event::FunctionFailed(FunctionFailed {
        seq: task.lease.seq.unwrap(),
        attempt: task.attempt,
        failure: Failure::ours("odd", "it failed"),
        again_ms,
    })
}

pub(super) fn timer(seq: u32, ms: u64) -> Event {
    Event::TimerSet(TimerSet { asked: asked(seq, "wait"), when: When::AfterMs(ms) })
}

pub(super) fn timer_at(seq: u32, ms: u64) -> Event {
    Event::TimerSet(TimerSet { asked: asked(seq, "wait"), when: When::AtMs(ms) })
}

pub(super) fn approval(seq: u32, name: &str, expires_ms: Option<u64>) -> Event {
    Event::ApprovalAsked(ApprovalAsked { asked: asked(seq, name), data: text("{}"), expires_ms })
}

pub(super) fn child(seq: u32, workflow: &str, run: &RunId) -> Event {
    Event::ChildStarted(ChildStarted {
        asked: asked(seq, "child"),
        workflow: workflow.to_owned(),
        run: run.to_string(),
        input: text("[2]"),
        timeout_ms: None,
        priority: None,
    })
}

pub(super) fn set(seq: u32, name: &str, value: &str) -> Event {
    Event::StateSet(StateSet { asked: asked(seq, name), value: text(value) })
}

pub(super) fn suspended(seq: u32) -> Event {
    Event::Suspended(Suspended { seq, reason: "a pause".to_owned() })
}

pub(super) fn completed(output: &str) -> Event {
    Event::Completed(Output { output: text(output) })
}

pub(super) fn failed() -> Event {
    Event::Failed(Failure::ours("odd", "it failed"))
}

/// What begins a run anew.
pub(super) fn anew(generation: u32) -> [Event; 2] {
    [Event::Continued(Output { output: text("[3]") }), started("[3]", generation)]
}

pub(super) fn signal(name: &str, payload: &str, key: Option<&str>) -> Input {
    Input::Signal { name: name.to_owned(), payload: text(payload), key: key.map(ToOwned::to_owned) }
}

pub(super) fn decide(name: &str) -> Input {
    let decision = text(r#"{"approved":true,"by":null,"data":null}"#);
    Input::Decide { name: name.to_owned(), decision }
}

pub(super) const CANCEL: fn() -> Input =
    || Input::Cancel { reason: "no more".to_owned(), force: false };

pub(super) const FORCE: fn() -> Input =
    || Input::Cancel { reason: "no more".to_owned(), force: true };
