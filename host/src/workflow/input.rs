//! What comes from outside.

use super::RunId;
use super::log::Json;
use crate::digest::Digest;

/// A run to be started.
#[derive(Debug, Clone)]
pub struct NewRun {
    /// Its id.
    pub id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// What its body is given.
    pub input: Json,
    /// Starts of this workflow with the same key are one.
    pub key: Option<String>,
    /// Who it is for.
    pub user: Option<String>,
    /// From 0 to 9.
    pub priority: u8,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// It begins so many milliseconds later.
    pub delay_ms: u64,
    /// It is deleted so many milliseconds after its end; if none, as long as its parent's or
    /// as [`super::RETENTION_MS`].
    pub retention_ms: Option<u64>,
}

/// What became of a start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Started {
    /// The run.
    pub id: RunId,
    /// Whether this call started it.
    pub new: bool,
}

/// What comes to a run from outside.
#[derive(Debug, Clone)]
pub enum Input {
    /// A signal, once for a key. The run is told [`Event::Signalled`]. Not to one that has ended.
    Signal {
        /// Its name.
        name: String,
        /// What it brings.
        payload: Json,
        /// Of two with one key the second is not taken, in all generations.
        key: Option<String>,
    },
    /// A decision on an open approval of this name. The run is told [`Event::ApprovalDecided`].
    Decide {
        /// The approval's name.
        name: String,
        /// `{"approved": …, "by": …, "data": …}`.
        decision: Json,
    },
    /// The run is told [`Event::Resumed`]. Only if it is suspended.
    Resume,
    /// The run is told [`Event::CancelAsked`], unless it is being cancelled already; each child of
    /// it that has not ended is due at once to be cancelled by [`Store::take`]. A run whose delay
    /// is not over begins now. Not one that has ended.
    Cancel {
        /// Why.
        reason: String,
        /// It is cancelled at once, with [`Event::Cancelled`], without its body.
        force: bool,
    },
    /// A run that failed or was cancelled goes on: it is told [`Event::Retried`].
    Retry {
        /// From which call on.
        seq: u32,
        /// How many events it must have.
        events: u32,
        /// Whether it is being cancelled then: it goes on with what it does because of that.
        cancelling: bool,
    },
}

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Whether it was taken: a signal with a key that was there before is not.
    pub taken: bool,
}

/// A version of a workflow that a worker serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// The workflow.
    pub workflow: String,
    /// The component.
    pub digest: Digest,
    /// The component's name.
    pub source: String,
}
