//! What workers take.

use std::fmt;

use super::{Head, RunId};
use crate::digest::Digest;

/// What a worker takes.
#[derive(Debug, Clone)]
pub struct Take<'a> {
    /// Who takes.
    pub worker: &'a str,
    /// Sixteen digits that no other call has: tokens begin with them.
    pub nonce: &'a str,
    /// How long its leases last, in milliseconds.
    pub lease_ms: u64,
    /// From which queues, and at most how many from each.
    pub queues: &'a [(Queue, u32)],
}

/// Where work waits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Queue {
    /// Bodies of a workflow's version.
    Bodies(String, Digest),
    /// A function.
    Function(String),
}

/// What was taken.
#[derive(Debug, Clone, Default)]
pub struct Taken {
    /// What there is to do.
    pub work: Vec<Work>,
    /// In how many milliseconds the next timer is due, or the next lease runs out.
    pub due_ms: Option<u64>,
}

/// Something to do.
#[derive(Debug, Clone)]
pub enum Work {
    /// A body is to be called.
    Body {
        /// The right to.
        lease: Lease,
        /// What it is of.
        head: Head,
        /// The whole history, as [`super::log::Recorded::decode`] reads it.
        entries: Vec<String>,
        /// The store's time, in milliseconds since 1970.
        now_ms: u64,
    },
    /// A function is to be called.
    Function(Task),
}

/// A function to be called.
#[derive(Debug, Clone)]
pub struct Task {
    /// The right to.
    pub lease: Lease,
    /// The run's workflow.
    pub workflow: String,
    /// How often the run was continued as new.
    pub generation: u32,
    /// Who the run is for.
    pub user: Option<String>,
    /// Which attempt it is, from one; those of hosts that were lost count.
    pub attempt: u32,
    /// How often its host was lost.
    pub lost: u32,
    /// The entry of its [`Event::Spawned`].
    pub entry: String,
}

/// The right to write to a run: as its body, or as one of its functions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease {
    /// Whose.
    pub run: RunId,
    /// The function's call; none for the body.
    pub seq: Option<u32>,
    /// Text that no other lease has.
    pub token: String,
}

impl Queue {
    /// Its name: no two have the same.
    pub fn name(&self) -> String {
        match self {
            Self::Bodies(workflow, digest) => format!("b {workflow} {}", digest.hex()),
            Self::Function(function) => format!("f {function}"),
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bodies(workflow, digest) => write!(f, "workflow `{workflow}` of {digest}"),
            Self::Function(function) => write!(f, "function `{function}`"),
        }
    }
}

impl Lease {
    /// What it is of, as text: no two leases of one partition that are held at a time share it.
    pub fn member(&self) -> String {
        match self.seq {
            Some(seq) => format!("{} {seq}", self.run),
            None => self.run.to_string(),
        }
    }
}
