//! The seam between workflows and what keeps them: what a worker does.

use std::fmt;
use std::str::FromStr;

use super::log::{ChildStarted, Event, Json, When};
use super::{RedisStore, RunId, SqliteStore};
use crate::digest::Digest;
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
    /// are leased to the worker.
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
    /// `write.number` is neither the number of the last write under it, nor the one after that. A write
    /// that was done before changes nothing and answers as it did, so it may be repeated.
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

/// What a body has done.
#[derive(Debug, Clone)]
pub struct Write<'a> {
    /// Counts the writes under this lease, from one.
    pub number: u64,
    /// How many events of the history the worker has.
    pub seen: u32,
    /// What is appended.
    pub events: &'a [Event],
    /// What becomes of the body, if it has not ended with one of the events.
    pub then: Then<'a>,
}

/// What becomes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then<'a> {
    /// The worker keeps it.
    Keep,
    /// The worker lets it go, and gives up the lease: it waits. Not if there are events that the
    /// worker has not seen, besides its own; then it keeps the lease.
    Park {
        /// For what, in words.
        waits: &'a str,
        /// It is put into its queue after so many milliseconds.
        wake_ms: Option<u64>,
    },
    /// It has failed, and goes into its queue after so many milliseconds; the lease is given up.
    Again {
        /// How long.
        after_ms: u64,
    },
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The entries from `seen` on that others had appended, before this write did.
    pub news: Vec<String>,
    /// When the events were appended, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether the lease was given up.
    pub released: bool,
}

/// What an event brings about in the store, besides being appended.
#[derive(Debug, Clone)]
pub enum Effect<'a> {
    /// A function is put into its queue.
    Queue {
        /// Its call.
        seq: u32,
        /// Its name.
        function: &'a str,
    },
    /// A timer is set.
    Timer {
        /// Its call.
        seq: u32,
        /// When it is due.
        when: When,
    },
    /// An approval of this name is open.
    Approval {
        /// Its call.
        seq: u32,
        /// Its name.
        name: &'a str,
        /// It expires so many milliseconds from now.
        expires_ms: Option<u64>,
    },
    /// A child is started in the same partition, as [`Store::start`] does, for the same user.
    /// If its workflow has no version, it has failed as `no-version` at once.
    Child(&'a ChildStarted),
    /// A part of the state is set.
    State {
        /// Its name.
        name: &'a str,
        /// What it is now.
        value: &'a str,
    },
    /// The run is suspended.
    Suspend,
    /// The run has ended. Its lease is given up; its timers, functions and approvals are gone;
    /// its children that have not ended are due at once to be cancelled by [`Store::take`]; its
    /// parent is told [`Event::ChildEnded`]; it will be deleted when its retention is over.
    End(Status),
    /// The run begins anew: its history is dropped, and what follows this event in the write is
    /// the new one. What it waits for is gone, as in `End`; its generation is the next; the
    /// lease is given up, and it is put into its queue. The whole write is not done if there
    /// are events that the worker has not seen: then they are all that is answered.
    Continue,
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

impl Head {
    /// Whether its body is ready to be called, and waits for a worker.
    pub fn is_queued(&self) -> bool {
        let goes_on = matches!(self.status, Status::Running | Status::Cancelling);
        goes_on && self.worker.is_none() && self.waits.is_none()
    }
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

impl<'a> Effect<'a> {
    /// What `event` brings about, if it is the body's and brings about anything.
    pub fn of(event: &'a Event) -> Option<Self> {
        Some(match event {
            Event::Spawned(spawned) => {
                Self::Queue { seq: spawned.asked.seq, function: &spawned.function }
            }
            Event::TimerSet(timer) => Self::Timer { seq: timer.asked.seq, when: timer.when },
            Event::ApprovalAsked(asked) => Self::Approval {
                seq: asked.asked.seq,
                name: &asked.asked.name,
                expires_ms: asked.expires_ms,
            },
            Event::ChildStarted(child) => Self::Child(child),
            Event::StateSet(set) => Self::State { name: &set.asked.name, value: set.value.get() },
            Event::Suspended(_) => Self::Suspend,
            Event::Completed(_) => Self::End(Status::Completed),
            Event::Failed(_) => Self::End(Status::Failed),
            Event::Cancelled {} => Self::End(Status::Cancelled),
            Event::Continued(_) => Self::Continue,
            _ => return None,
        })
    }
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
