//! The history of a run: what its body asked for, and what came of it, in the order in
//! which the store took it.
//!
//! An entry is `milliseconds json`; the time is the store's. The JSON is an object with one
//! member, whose name is the event's kind. So a history can be read without this code.

mod event;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

pub use self::event::*;

/// JSON text, kept as it was written.
pub type Json = Box<RawValue>;

/// One thing that happened in a run. `seq` counts what the body asked for, from zero.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The run began, or was continued as new. Always the first.
    Started(Started),

    /// An inline step is done.
    StepDone(StepDone),
    /// An attempt of an inline step failed.
    StepFailed(StepFailed),
    /// A function is to run as a step.
    Spawned(Spawned),
    /// The function has returned.
    FunctionDone(Done),
    /// An attempt of the function failed.
    FunctionFailed(FunctionFailed),
    /// A child began.
    ChildStarted(ChildStarted),
    /// The child has ended.
    ChildEnded(ChildEnded),
    /// A timer was set.
    TimerSet(TimerSet),
    /// The timer went off.
    TimerFired(Of),
    /// An approval is asked for.
    ApprovalAsked(ApprovalAsked),
    /// It was given or refused.
    ApprovalDecided(ApprovalDecided),
    /// Nobody decided in time.
    ApprovalExpired(Of),
    /// The body stopped until it is resumed.
    Suspended(Suspended),
    /// A part of the run's state was set by the body.
    StateSet(StateSet),
    /// A part of the run's state was read by the body.
    StateRead(StateRead),
    /// Calls that the body does not wait for any more.
    Forgotten(Forgotten),
    /// The body was told of the cancel.
    CancelSeen(CancelSeen),

    /// A signal came.
    Signalled(Signalled),
    /// The run was resumed.
    Resumed {},
    /// The run is to be cancelled, or its time is up.
    CancelAsked(CancelAsked),
    /// A host that had the body was lost.
    Lost(Lost),
    /// The body failed, and is called again.
    BodyFailed(Failure),
    /// The run goes on after its end, without what was recorded from here on.
    Retried(Of),

    /// The run is completed.
    Completed(Output),
    /// The run has failed.
    Failed(Failure),
    /// The run was cancelled.
    Cancelled {},
    /// The run goes on as new with this input; the next event is the first of a new history.
    Continued(Output),
}

/// An event, and when the store took it.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// Milliseconds since 1970.
    pub at_ms: u64,
    /// What happened.
    pub event: Event,
    /// Bytes of its entry.
    pub bytes: usize,
}

/// An entry of a history that is none.
#[derive(Debug, thiserror::Error)]
#[error("event {index} of the history cannot be read")]
pub struct Malformed {
    /// Its place.
    pub index: u32,
    source: Option<serde_json::Error>,
}

impl Event {
    /// Its JSON.
    pub fn encode(&self) -> String {
        serde_json::to_string(self).expect("an event is JSON")
    }

    /// The name of its kind, as its JSON has it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started(_) => "started",
            Self::StepDone(_) => "step-done",
            Self::StepFailed(_) => "step-failed",
            Self::Spawned(_) => "spawned",
            Self::FunctionDone(_) => "function-done",
            Self::FunctionFailed(_) => "function-failed",
            Self::ChildStarted(_) => "child-started",
            Self::ChildEnded(_) => "child-ended",
            Self::TimerSet(_) => "timer-set",
            Self::TimerFired(_) => "timer-fired",
            Self::ApprovalAsked(_) => "approval-asked",
            Self::ApprovalDecided(_) => "approval-decided",
            Self::ApprovalExpired(_) => "approval-expired",
            Self::Suspended(_) => "suspended",
            Self::StateSet(_) => "state-set",
            Self::StateRead(_) => "state-read",
            Self::Forgotten(_) => "forgotten",
            Self::CancelSeen(_) => "cancel-seen",
            Self::Signalled(_) => "signalled",
            Self::Resumed {} => "resumed",
            Self::CancelAsked(_) => "cancel-asked",
            Self::Lost(_) => "lost",
            Self::BodyFailed(_) => "body-failed",
            Self::Retried(_) => "retried",
            Self::Completed(_) => "completed",
            Self::Failed(_) => "failed",
            Self::Cancelled {} => "cancelled",
            Self::Continued(_) => "continued",
        }
    }
}

impl Recorded {
    /// The entry `index` of a history, as it is kept.
    pub fn decode(index: u32, entry: &str) -> Result<Self, Malformed> {
        let (at, json) = entry.split_once(' ').ok_or(Malformed { index, source: None })?;
        let at_ms = at.parse().map_err(|_| Malformed { index, source: None })?;
        let event = serde_json::from_str(json);
        let event = event.map_err(|err| Malformed { index, source: Some(err) })?;
        Ok(Self { at_ms, event, bytes: entry.len() })
    }
}

/// JSON that was checked before.
pub fn json(text: impl Into<String>) -> Option<Json> {
    RawValue::from_string(text.into()).ok()
}
