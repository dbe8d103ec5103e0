//! What is kept of a run beside its history.

use std::fmt;
use std::str::FromStr;

use super::RunId;
use crate::digest::Digest;

/// What is kept of a run beside its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The run.
    pub id: RunId,
    /// Its workflow.
    pub workflow: String,
    /// The version it is pinned to.
    pub digest: Digest,
    /// Where it is in its life.
    pub status: Status,
    /// How often it was continued as new.
    pub generation: u32,
    /// Who it is for.
    pub user: Option<String>,
    /// The key it was started with.
    pub key: Option<String>,
    /// The run whose child it is, and that run's call.
    pub parent: Option<(RunId, u32)>,
    /// From 0 to 9.
    pub priority: u8,
    /// When it was started, in milliseconds since 1970, as all times here.
    pub created_ms: u64,
    /// When it last changed.
    pub updated_ms: u64,
    /// When it ended.
    pub ended_ms: Option<u64>,
    /// How often its worker was lost since its body last wrote an event.
    pub lost: u32,
    /// How often its body failed since it last wrote another event.
    pub failures: u32,
    /// What it waits for, in words, if no worker has its body.
    pub waits: Option<String>,
    /// The worker that has its body.
    pub worker: Option<String>,
}

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It goes on, or waits.
    Running,
    /// It waits until it is resumed.
    Suspended,
    /// It was cancelled and has not ended.
    Cancelling,
    /// It has ended, with an output.
    Completed,
    /// It has ended, with a failure.
    Failed,
    /// It has ended, because it was cancelled.
    Cancelled,
}

impl Head {
    /// Whether its body is ready to be called, and waits for a worker.
    pub fn is_queued(&self) -> bool {
        let goes_on = matches!(self.status, Status::Running | Status::Cancelling);
        goes_on && self.worker.is_none() && self.waits.is_none()
    }
}

impl Status {
    /// All there are.
    pub const ALL: [Self; 6] = [
        Self::Running,
        Self::Suspended,
        Self::Cancelling,
        Self::Completed,
        Self::Failed,
        Self::Cancelled,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Suspended => "suspended",
            Self::Cancelling => "cancelling",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether the run has ended.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|status| status.name() == text).ok_or(())
    }
}
