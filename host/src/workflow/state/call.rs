//! What a body asks for, and what comes of it.

use super::Mark;
use crate::workflow::log::{
    ApprovalAsked, ChildEnding, ChildStarted, Failure, Json, Spawned, When, json,
};

/// Something that the body asked for, and what came of it.
#[derive(Debug, Clone)]
pub struct Call {
    /// What.
    pub what: What,
    /// When it was recorded first.
    pub asked: Mark,
    /// Attempts that have an end.
    pub attempts: u32,
    /// What came of it, and when.
    pub settled: Option<(Settled, Mark)>,
}

/// What a body can ask for, so that it is recorded.
#[derive(Debug, Clone)]
pub enum What {
    /// An inline step.
    Step {
        /// Its name.
        name: String,
        /// Whether it undoes an earlier one.
        undo: bool,
        /// Why its last attempt failed, and when the next may begin, in milliseconds since 1970.
        again: Option<(Failure, u64)>,
    },
    /// A function.
    Function(Spawned),
    /// A child.
    Child(ChildStarted),
    /// A timer, and when it is due, in milliseconds since 1970.
    Timer(String, When, u64),
    /// An approval.
    Approval(ApprovalAsked),
    /// To wait until it is resumed, and why.
    Suspend(String),
    /// To set a part of its state.
    Set(String, Json),
    /// To read a part of its state.
    Read(String, Option<Json>),
}

/// What came of a call.
#[derive(Debug, Clone)]
pub enum Settled {
    /// It is done, with this.
    Done(Json),
    /// It has failed.
    Failed(Failure),
    /// Nobody decided in time.
    Expired,
    /// The body did not wait for it any more.
    Forgotten,
}

impl Call {
    /// Whether it is to undo an earlier one.
    pub fn is_undo(&self) -> bool {
        match &self.what {
            What::Step { undo, .. } => *undo,
            What::Function(spawned) => spawned.undo,
            _ => false,
        }
    }

    /// Whether it does something that could be undone.
    pub fn is_forward(&self) -> bool {
        let effect = matches!(self.what, What::Step { .. } | What::Function(_) | What::Child(_));
        effect && !self.is_undo()
    }

    /// Whether it has undone an earlier one.
    pub fn has_undone(&self) -> bool {
        self.is_undo() && matches!(self.settled, Some((Settled::Done(_), _)))
    }
}

impl What {
    /// Whether it ends when the body does not wait for it any more.
    pub fn is_forgettable(&self) -> bool {
        matches!(self, Self::Timer(..) | Self::Approval(_))
    }

    /// Whether its end comes from elsewhere, and not from the body.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Function(_)
            | Self::Child(_)
            | Self::Timer(..)
            | Self::Approval(_)
            | Self::Suspend(_) => true,
            Self::Step { .. } | Self::Set(..) | Self::Read(..) => false,
        }
    }
}

pub(super) fn is_approval(what: &What) -> bool {
    matches!(what, What::Approval(_))
}

/// What a timer brings.
pub fn null() -> Json {
    json("null").expect("null is JSON")
}

impl When {
    /// When it is due, in milliseconds since 1970, if it is recorded at `now_ms`.
    pub fn due_ms(self, now_ms: u64) -> u64 {
        match self {
            Self::AfterMs(ms) => now_ms.saturating_add(ms),
            Self::AtMs(at) => at,
        }
    }
}

impl From<ChildEnding> for Settled {
    fn from(ending: ChildEnding) -> Self {
        match ending {
            ChildEnding::Completed(output) => Self::Done(output),
            ChildEnding::Failed(failure) => Self::Failed(failure),
            ChildEnding::Cancelled {} => {
                Self::Failed(Failure::ours("cancelled", "the child was cancelled"))
            }
        }
    }
}
