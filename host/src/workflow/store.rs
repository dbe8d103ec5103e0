//! The seam between workflows and what keeps them: what a worker does.

use super::log::Event;
use super::{
    Lease, NewRun, RedisStore, RunId, Served, SqliteStore, Started, Status, Take, Taken, Write,
    Written,
};
use crate::error::Unavailable;
use crate::grant::Scope;

/// Each method is one round trip and one atomic change. A crash of the host before the store has
/// it leaves nothing; after, all of it: history, status, queues, timers.
///
/// A run has a history, a list of entries `milliseconds json` (the time is the store's), of which
/// all that is here only appends. *Telling* a run of an event appends it, and then: a body that
/// some worker has is announced to that worker; another is put into its queue, at its priority.
///
/// Queues are in the order of when they were put in, less a minute for each priority.
///
/// `tests/conformance/workflow.rs` is the rest of this contract.
pub trait Store: Send + Sync {
    /// Starts runs, in the order given; each is atomic, all together are not.
    ///
    /// A run whose id is there already, or whose key is of a run of the same workflow that is
    /// there, is not started again. A new one gets its first event, is pinned to its workflow's
    /// newest active version, is put into its queue when its delay is over, and is listed.
    /// Fails with [`StoreError::NoVersion`] if its workflow has none.
    fn start(
        &self,
        scope: &Scope,
        runs: &[NewRun],
    ) -> impl Future<Output = Result<Vec<Started>, StoreError>> + Send;

    /// Does what is due in a partition, and takes work from queues.
    ///
    /// First leases that have run out, at most 64: a body is told [`Event::Lost`], and is in its
    /// queue again; a function too, its attempt being over; each has been lost once more. Then what is due, at
    /// most 64: a timer tells [`Event::TimerFired`], an approval [`Event::ApprovalExpired`], a
    /// run's time [`Event::CancelAsked`] as `cancel` does; a delay, a body and a function that
    /// are to go on are put into their queue; a run whose retention is over is deleted, as
    /// [`super::Control::delete`] does. Then from each queue at most so many, the first of each: they
    /// are leased to the worker. No more, and [`Taken::due_ms`] is zero, once their histories have
    /// [`super::LOOK_BYTES_MAX`] bytes.
    fn take(
        &self,
        scope: &Scope,
        partition: u8,
        take: &Take<'_>,
    ) -> impl Future<Output = Result<Taken, StoreError>> + Send;

    /// Appends what a body has done, with all that it brings about ([`Effect`]), and what is to
    /// become of the body.
    ///
    /// Fails with [`StoreError::Fenced`], and changes nothing, if the lease is not the run's, or
    /// `write.number` is neither the number of the last write under it, nor the one after that; or
    /// if the history is not what the worker has seen: a server may have lost what it said. A write
    /// that was done before changes nothing and answers as it did, so it may be repeated.
    /// Fails with [`StoreError::TooLarge`], and changes nothing, if the state would be over
    /// [`super::STATE_PARTS_FULL`] or [`super::STATE_BYTES_FULL`].
    fn write(
        &self,
        scope: &Scope,
        lease: &Lease,
        write: &Write<'_>,
    ) -> impl Future<Output = Result<Written, StoreError>> + Send;

    /// Ends an attempt of a function, with [`Event::FunctionDone`] or [`Event::FunctionFailed`],
    /// of which the run is told. If there is to be another attempt, it is put into its queue
    /// then, and the run is not told but the event is appended.
    ///
    /// Fails with [`StoreError::TooLarge`], and changes nothing, if the history has no room for
    /// it: for a short event that is no failure to be tried again there always is.
    ///
    /// Fails with [`StoreError::Fenced`], and changes nothing, if the lease is not the
    /// function's: the attempt is another host's, or the run has ended.
    fn settle(
        &self,
        scope: &Scope,
        lease: &Lease,
        event: &Event,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Lets leases of one partition last so many milliseconds from now. Which still did.
    fn renew(
        &self,
        scope: &Scope,
        partition: u8,
        leases: &[Lease],
        lease_ms: u64,
    ) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// Sets a part of a run's state, for a function of it. Fails with [`StoreError::Fenced`] if
    /// the lease is not the function's, with [`StoreError::TooLarge`] if the state would be.
    fn set_state(
        &self,
        scope: &Scope,
        lease: &Lease,
        name: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// A part of a run's state.
    fn state(
        &self,
        scope: &Scope,
        run: &RunId,
        name: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreError>> + Send;

    /// Says that a worker serves these versions, now. A new one is active.
    fn register(
        &self,
        scope: &Scope,
        versions: &[Served],
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The lease is not the run's any more. Nothing was written.
    #[error("fenced: the lease is another worker's, or the run has ended")]
    Fenced,
    /// There is no such run, or it is of another workflow.
    #[error("there is no such run")]
    NotFound,
    /// Not as the run is now.
    #[error("the run is {0}")]
    Illegal(Status),
    /// No worker has served the workflow yet, or all its versions are declined.
    #[error("no version of workflow `{0}` is active")]
    NoVersion(String),
    /// Over a limit. Nothing was written.
    #[error("{what} are over their limit of {max}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// What is kept is not what this host wrote.
    #[error("what is kept of run {run} cannot be read: {what}")]
    Malformed {
        /// The run.
        run: String,
        /// What.
        what: &'static str,
    },
    /// No answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

impl StoreError {
    /// The state has no room for more.
    pub(super) fn state_full() -> Self {
        let what = "bytes of the state, with those of functions and earlier generations,";
        Self::TooLarge { what, max: super::STATE_BYTES_FULL }
    }

    /// The history has no room for more.
    pub(super) fn history_full(max: u64) -> Self {
        Self::TooLarge { what: "bytes of the history", max }
    }
}

/// The target of what is said before and after each change that a worker makes, at the level
/// `trace`: where a test of crashes ends it.
pub(crate) const CHANGES: &str = "satama::workflow::change";

/// The stores that workflows can be on. A closed set, so that no call is boxed.
#[derive(Debug)]
pub enum Backend {
    /// Redis.
    Redis(RedisStore),
    /// One embedded file.
    Sqlite(SqliteStore),
}

impl Backend {
    /// How many partitions are looked at: a file is taken of as a whole.
    pub fn partitions(&self) -> u8 {
        match self {
            Self::Redis(_) => super::PARTITIONS,
            Self::Sqlite(_) => 1,
        }
    }
}

crate::services::forward_to_backend! {
    Backend: Store {
        start(scope: &Scope, runs: &[NewRun]) -> Result<Vec<Started>, StoreError>;
        take(scope: &Scope, partition: u8, take: &Take<'_>) -> Result<Taken, StoreError>;
        write(scope: &Scope, lease: &Lease, write: &Write<'_>) -> Result<Written, StoreError>;
        settle(scope: &Scope, lease: &Lease, event: &Event) -> Result<(), StoreError>;
        renew(scope: &Scope, partition: u8, leases: &[Lease], lease_ms: u64) -> Result<Vec<bool>, StoreError>;
        set_state(scope: &Scope, lease: &Lease, name: &str, value: &str) -> Result<(), StoreError>;
        state(scope: &Scope, run: &RunId, name: &str) -> Result<Option<String>, StoreError>;
        register(scope: &Scope, versions: &[Served]) -> Result<(), StoreError>;
    }
}
