//! The seam between workflows and what keeps them: what is seen and done from outside of a run.

mod redis;
mod sqlite;

use super::RunId;
use serde::{Deserialize, Serialize};

use super::log::Json;
use super::store::{Backend, StoreError};
use super::{Head, Input, NewRun, Sent, Started, Status};
use crate::digest::Digest;
use crate::grant::Scope;

/// As [`super::Store`]: each method is one round trip. `workflow`, if it is given, is what the
/// run must be of; one of another is not found.
pub trait Control: Send + Sync {
    /// Brings something to a run.
    ///
    /// Fails with [`StoreError::NotFound`], [`StoreError::Illegal`] or [`StoreError::TooLarge`],
    /// and changes nothing.
    fn send(
        &self,
        scope: &Scope,
        run: &RunId,
        workflow: Option<&str>,
        input: &Input,
    ) -> impl Future<Output = Result<Sent, StoreError>> + Send;

    /// Runs as they are, each or none.
    fn get(
        &self,
        scope: &Scope,
        runs: &[RunId],
    ) -> impl Future<Output = Result<Vec<Option<Snapshot>>, StoreError>> + Send;

    /// Entries of a history from one on, at most so many. None of a run that is not there.
    fn history(
        &self,
        scope: &Scope,
        run: &RunId,
        since: u32,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Runs of some workflows, newest first, and of those created at one time by their ids,
    /// greatest first. At most `limit` of them; no more than a thousand for each partition are
    /// looked at, so there may be fewer while there is a next page.
    fn list(
        &self,
        scope: &Scope,
        list: &List<'_>,
        limit: u32,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Deletes a run that has ended, and all that is kept of it: history, state, keys of start
    /// and signals, and its place in lists. Each child of it that is there is due at once to be
    /// cancelled with force, if it has not ended, and to be deleted by [`super::Store::take`]. False if there is no such run.
    fn delete(
        &self,
        scope: &Scope,
        run: &RunId,
        workflow: Option<&str>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// All versions of all workflows: in the order of the workflows' names, then newest first.
    fn versions(
        &self,
        scope: &Scope,
    ) -> impl Future<Output = Result<Vec<Version>, StoreError>> + Send;

    /// Sets whether a version starts runs. False if there is none.
    fn set_version(
        &self,
        scope: &Scope,
        workflow: &str,
        digest: Digest,
        status: VersionStatus,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Changes or reads the schedules of a tenant.
    fn schedule(
        &self,
        scope: &Scope,
        change: &Reschedule<'_>,
    ) -> impl Future<Output = Result<Scheduled, StoreError>> + Send;
}

/// A run at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// What is kept beside its history.
    pub head: Head,
    /// Events of its history.
    pub events: u32,
    /// The first and the last of them.
    pub first: String,
    /// See `first`.
    pub last: String,
}

/// Which runs to list.
#[derive(Debug, Clone, Copy)]
pub struct List<'a> {
    /// Of these workflows.
    pub workflows: &'a [String],
    /// With this status.
    pub status: Option<Status>,
    /// For this user.
    pub user: Option<&'a str>,
    /// Created at this time or later, in milliseconds since 1970.
    pub since_ms: u64,
    /// Created before this time.
    pub until_ms: u64,
    /// After this one.
    pub after: Option<&'a Place>,
}

/// A place in a list. Of two the later is that of the newer run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// When the run was created.
    pub created_ms: u64,
    /// Its id.
    pub id: String,
}

/// Part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Newest first.
    pub runs: Vec<Head>,
    /// Where to go on, if there may be more.
    pub next: Option<Place>,
}

/// A version of a workflow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// The workflow.
    pub workflow: String,
    /// The component.
    pub digest: Digest,
    /// Whether it starts runs.
    pub status: VersionStatus,
    /// The component's name.
    pub source: String,
    /// When a worker first served it, in milliseconds since 1970.
    pub first_ms: u64,
    /// When a worker last said that it does.
    pub last_ms: u64,
}

/// Whether a version starts runs: of those that are active, the one that was seen first last
/// does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VersionStatus {
    /// Not yet.
    Draft,
    /// If it is the newest that is.
    Active,
    /// No more.
    Declined,
}

/// A run that is started again and again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Schedule {
    /// Its name; no two of a workflow have the same.
    pub name: String,
    /// Its workflow.
    pub workflow: String,
    /// When, as [`super::cron`] reads it.
    pub cron: String,
    /// The next time, in milliseconds since 1970.
    pub next_ms: u64,
    /// What its runs are given.
    pub input: Json,
    /// Who they are for.
    pub user: Option<String>,
    /// Their priority, timeout and retention, as of [`NewRun`].
    pub priority: u8,
    /// See `priority`.
    pub timeout_ms: Option<u64>,
    /// See `priority`.
    pub retention_ms: Option<u64>,
}

/// What is to be done about schedules.
#[derive(Debug, Clone)]
pub enum Reschedule<'a> {
    /// Makes or replaces one.
    Put(&'a Schedule),
    /// Ends one.
    End {
        /// Of which workflow.
        workflow: &'a str,
        /// Which.
        name: &'a str,
    },
    /// All, in the order of workflows and names; or those that are due.
    List {
        /// Whether only those that are due.
        due: bool,
    },
    /// Starts the run of one that is due at `next_ms` as it is given here, and moves it on to
    /// `then_ms`; nothing if it was moved on, changed or ended before.
    Advance {
        /// As it was.
        schedule: &'a Schedule,
        /// When it is due next, in milliseconds since 1970.
        then_ms: u64,
        /// What is started. In the schedule's partition.
        run: &'a NewRun,
    },
    /// Asks again at `then_ms` for one that was due at `next_ms`; nothing if it was moved on,
    /// changed or ended before.
    Postpone {
        /// As it was.
        schedule: &'a Schedule,
        /// When it is due again, in milliseconds since 1970.
        then_ms: u64,
    },
}

/// What there is of schedules.
#[derive(Debug, Clone)]
pub enum Scheduled {
    /// Whether there was one.
    Was(bool),
    /// Some.
    All {
        /// They.
        found: Vec<Schedule>,
        /// The store's time, in milliseconds since 1970.
        now_ms: u64,
    },
    /// The run that was started, if one was.
    Started(Option<Started>),
}

impl Place {
    /// Where a run is.
    pub fn of(head: &Head) -> Self {
        Self { created_ms: head.created_ms, id: head.id.to_string() }
    }
}

impl Schedule {
    /// `workflow:name`: no two schedules of a tenant have the same.
    pub fn path(&self) -> String {
        format!("{}:{}", self.workflow, self.name)
    }

    /// Where it is, and the runs that it starts.
    pub fn partition(&self) -> u8 {
        partition_of(&self.path())
    }

    /// It as JSON, always the same.
    fn encode(&self) -> String {
        serde_json::to_string(self).expect("a schedule is JSON")
    }

    fn decode(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

/// The partition of what has this name: FNV-1a, 32 bits, as of shards.
pub fn partition_of(name: &str) -> u8 {
    let hash = name
        .bytes()
        .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    u8::try_from(hash % u32::from(super::PARTITIONS)).unwrap_or(0)
}

impl VersionStatus {
    /// All there are.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Active, Self::Declined];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Declined => "declined",
        }
    }
}

crate::services::forward_to_backend! {
    Backend: Control {
        send(scope: &Scope, run: &RunId, workflow: Option<&str>, input: &Input) -> Result<Sent, StoreError>;
        get(scope: &Scope, runs: &[RunId]) -> Result<Vec<Option<Snapshot>>, StoreError>;
        history(scope: &Scope, run: &RunId, since: u32, limit: u32) -> Result<Vec<String>, StoreError>;
        list(scope: &Scope, list: &List<'_>, limit: u32) -> Result<Page, StoreError>;
        delete(scope: &Scope, run: &RunId, workflow: Option<&str>) -> Result<bool, StoreError>;
        versions(scope: &Scope) -> Result<Vec<Version>, StoreError>;
        set_version(scope: &Scope, workflow: &str, digest: Digest, status: VersionStatus) -> Result<bool, StoreError>;
        schedule(scope: &Scope, change: &Reschedule<'_>) -> Result<Scheduled, StoreError>;
    }
}
