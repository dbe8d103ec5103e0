//! What events say.

use serde::{Deserialize, Serialize};

use super::Json;
use crate::workflow::Retry;

/// Why something did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What to tell apart.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether another attempt may succeed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub retry: bool,
    /// More, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

/// See [`Event::Started`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Started {
    /// What the body is given.
    pub input: Json,
    /// How often the run was continued as new.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub generation: u32,
}

/// What identifies a call of the body, when it is replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// Its number.
    pub seq: u32,
    /// Its name.
    pub name: String,
}

/// See [`Event::StepDone`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepDone {
    /// Which step.
    #[serde(flatten)]
    pub asked: Asked,
    /// Which attempt, from one.
    pub attempt: u32,
    /// What it returned.
    pub output: Json,
    /// Whether it undoes an earlier step.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undo: bool,
}

/// See [`Event::StepFailed`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepFailed {
    /// Which step.
    #[serde(flatten)]
    pub asked: Asked,
    /// Which attempt, from one.
    pub attempt: u32,
    /// Why.
    pub failure: Failure,
    /// The next attempt begins so many milliseconds later; if none, it was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_ms: Option<u64>,
    /// Whether it undoes an earlier step.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undo: bool,
}

/// See [`Event::Spawned`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Spawned {
    /// Which step.
    #[serde(flatten)]
    pub asked: Asked,
    /// What runs.
    pub function: String,
    /// What it is given.
    pub input: Json,
    /// When it is tried again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// How long an attempt may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Whether it undoes an earlier step.
    #[serde(default, skip_serializing_if = "is_false")]
    pub undo: bool,
    /// See [`crate::workflow::replay::Turn`].
    #[serde(default, skip_serializing_if = "is_zero")]
    pub since: u32,
}

/// See [`Event::FunctionDone`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Done {
    /// Which step.
    pub seq: u32,
    /// Which attempt, from one.
    pub attempt: u32,
    /// What it returned.
    pub output: Json,
}

/// See [`Event::FunctionFailed`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FunctionFailed {
    /// Which step.
    pub seq: u32,
    /// Which attempt, from one.
    pub attempt: u32,
    /// Why.
    pub failure: Failure,
    /// The next attempt begins so many milliseconds later; if none, it was the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub again_ms: Option<u64>,
}

/// See [`Event::ChildStarted`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChildStarted {
    /// Which call.
    #[serde(flatten)]
    pub asked: Asked,
    /// The child's workflow.
    pub workflow: String,
    /// The child.
    pub run: String,
    /// What it is given.
    pub input: Json,
    /// How long it may take, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Its priority, if it is not its parent's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<u8>,
}

/// See [`Event::ChildEnded`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChildEnded {
    /// Which call started it.
    pub seq: u32,
    /// How it ended.
    pub ending: ChildEnding,
}

/// How a child ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChildEnding {
    /// With an output.
    Completed(Json),
    /// With a failure.
    Failed(Failure),
    /// It was cancelled.
    Cancelled {},
}

/// See [`Event::TimerSet`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TimerSet {
    /// Which call.
    #[serde(flatten)]
    pub asked: Asked,
    /// When it goes off.
    #[serde(flatten)]
    pub when: When,
}

/// When something is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// So many milliseconds after it is recorded.
    AfterMs(u64),
    /// At this time, in milliseconds since 1970.
    AtMs(u64),
}

/// See [`Event::ApprovalAsked`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApprovalAsked {
    /// Which call.
    #[serde(flatten)]
    pub asked: Asked,
    /// What who decides is shown.
    pub data: Json,
    /// It expires so many milliseconds after it is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_ms: Option<u64>,
}

/// See [`Event::ApprovalDecided`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApprovalDecided {
    /// Which call asked for it.
    pub seq: u32,
    /// What was decided: `{"approved": …, "by": …, "data": …}`.
    pub decision: Json,
}

/// See [`Event::Suspended`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Suspended {
    /// Which call.
    pub seq: u32,
    /// Why, for people.
    pub reason: String,
}

/// See [`Event::StateSet`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StateSet {
    /// Which call, and which part.
    #[serde(flatten)]
    pub asked: Asked,
    /// What it is now.
    pub value: Json,
}

/// See [`Event::StateRead`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StateRead {
    /// Which call, and which part.
    #[serde(flatten)]
    pub asked: Asked,
    /// What it was, if it was set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Json>,
}

/// See [`Event::Signalled`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Signalled {
    /// Its name.
    pub name: String,
    /// What it brought.
    pub payload: Json,
}

/// See [`Event::CancelAsked`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelAsked {
    /// Why, for people.
    pub reason: String,
    /// Whether it is because the run's time is up; then it ends as failed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub timeout: bool,
}

/// See [`Event::CancelSeen`]. Said by what the body called when it had seen so much.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CancelSeen {
    /// The number of the next call that is recorded.
    pub seq: u32,
    /// The events that the host had by then: what was settled later was not seen before.
    pub events: u32,
}

/// See [`Event::Forgotten`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forgotten {
    /// Their numbers: timers and approvals.
    pub calls: Vec<u32>,
}

/// See [`Event::Lost`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lost {
    /// The step whose host was lost; the body's, if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u32>,
    /// The host's worker.
    pub worker: String,
}

/// A call, by its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Of {
    /// Its number.
    pub seq: u32,
}

/// What a body ended with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Output {
    /// An output, or the next input.
    pub output: Json,
}

impl Failure {
    /// A failure that the host words.
    pub fn ours(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), retry: false, details: None }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}
