//! Durable workflows: code that survives the end of any host.
//!
//! `wit/workflow.wit` says what a body may rely on, `wit/run.wit` what others may. A body is
//! answered by [`replay`], which is pure, from a [`state`] that [`log`]'s events have made; what
//! is not recorded yet goes to the [`Store`], a script or transaction each. A run is in one
//! partition of its tenant, with all that belongs to it; who works on it holds a lease, whose
//! token every write carries.

pub mod body;
pub(crate) mod bus;
pub mod control;
pub mod log;
pub mod replay;
pub mod state;
pub mod world;

mod change;
mod due;
mod effect;
mod head;
mod host;
mod input;
#[cfg(test)]
mod model;
mod redis;
mod run_id;
mod schedule;
mod sqlite;
mod store;
mod wire;
mod work;
mod written;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use self::bus::Bus;
pub use self::effect::{Effect, Then, Write, Written};
pub use self::head::{Head, Status};
pub use self::host::{HasWorkflow, Role, Step, View};
pub use self::input::{Input, NewRun, Sent, Served, Started};
pub use self::log::Failure;
pub use self::redis::RedisStore;
pub use self::run_id::RunId;
pub use self::sqlite::SqliteStore;
pub(crate) use self::store::CHANGES;
pub use self::store::{Backend, Store, StoreError};
pub use self::work::{Lease, Queue, Take, Taken, Task, Work};
use crate::clock::Clock;
use crate::error::{Outcome, Refused, Unavailable};
use crate::ids::Ids;
use crate::redis::Redis;
use crate::services::OpenError;
use crate::sqlite::Sqlite;
use crate::store_url::StoreUrl;

/// Longest name of a step, signal, start key and the like, in bytes.
pub const NAME_BYTES_MAX: u64 = 255;

/// Longest input, result or signal, in bytes.
pub const PAYLOAD_BYTES_MAX: u64 = 256 << 10;

/// Longest text of a failure, in bytes: each of its parts.
pub const FAILURE_BYTES_MAX: u64 = 8 << 10;

/// Most events and bytes of one history: beyond that a run fails.
pub const HISTORY_EVENTS_MAX: u32 = 10_000;
/// See [`HISTORY_EVENTS_MAX`].
pub const HISTORY_BYTES_MAX: u64 = 16 << 20;

/// Once the histories that one look takes have so many bytes, it takes no more.
pub const LOOK_BYTES_MAX: u64 = 32 << 20;

/// From here on a body is told to continue as new.
pub const HISTORY_EVENTS_SOON: u32 = 2_500;
/// See [`HISTORY_EVENTS_SOON`].
pub const HISTORY_BYTES_SOON: u64 = 4 << 20;

/// Most things that a run waits for at a time.
pub const OPEN_MAX: usize = 1_000;

/// Most tickets of a run in one generation.
pub const TICKETS_MAX: usize = 20_000;

/// Most signals of a run in one generation, with those that it began with.
pub const SIGNALS_MAX: u32 = 1_000;

/// No signal is taken that would make a history longer than so many bytes, unless it is short: the
/// rest is for what the run itself brings about.
pub const HISTORY_BYTES_OUTSIDE: u64 = 8 << 20;

/// Events of so many bytes that others bring have room in any history: there are not many.
pub const EVENT_BYTES_SHORT: usize = 1_000;

/// How many keys of signals a run remembers: the last.
pub const SIGNAL_KEYS_MAX: u32 = 2_000;

/// Most schedules of a tenant in one partition.
pub const SCHEDULES_MAX: u32 = 1_000;

/// Most generations of children below a run: a body that starts itself as its child ends there.
pub const DEPTH_MAX: u32 = 16;

/// Most parts of a run's state, and most bytes of all of them.
pub const STATE_PARTS_MAX: u32 = 256;
/// See [`STATE_PARTS_MAX`].
pub const STATE_BYTES_MAX: u64 = 1 << 20;

/// Most parts and bytes of a run's state with what functions and earlier generations have set:
/// a run whose body sets more fails.
pub const STATE_PARTS_FULL: u32 = 3 * STATE_PARTS_MAX;
/// See [`STATE_PARTS_FULL`].
pub const STATE_BYTES_FULL: u64 = 3 * STATE_BYTES_MAX;

/// Longest wait, in milliseconds: ten years.
pub const WAIT_MS_MAX: u64 = 10 * 365 * 24 * 60 * 60 * 1000;

/// Longest retention, in milliseconds: 400 days.
pub const RETENTION_MS_MAX: u64 = 400 * 24 * 60 * 60 * 1000;

/// Retention if nobody says another, in milliseconds: seven days.
pub const RETENTION_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// Attempts of a step that may be asked for.
pub const ATTEMPTS_MAX: u32 = 10_000;

/// How often the host that has a body or step may be lost before that fails as `lost`.
pub const LOST_MAX: u32 = 10;

/// The priority of a run for which none is said.
pub const PRIORITY: u8 = 4;
/// The highest.
pub const PRIORITY_MAX: u8 = 9;

/// Partitions of a tenant: what spreads its runs over a cluster. Part of the format.
pub const PARTITIONS: u8 = 16;

const _: () = assert!(HISTORY_BYTES_SOON < HISTORY_BYTES_OUTSIDE);
const _: () = assert!(HISTORY_BYTES_OUTSIDE < HISTORY_BYTES_MAX);
const _: () = assert!(HISTORY_EVENTS_SOON < HISTORY_EVENTS_MAX);
const _: () = assert!(SIGNALS_MAX < HISTORY_EVENTS_MAX / 2);

/// Workflows of one host.
#[derive(Debug)]
pub struct Workflow {
    store: Arc<Backend>,
    bus: Arc<Bus>,
    opener: Opener,
    ids: Ids,
}

/// How the store is opened once more, by who may not share a connection.
#[derive(Debug, Clone)]
pub(crate) struct Opener {
    pub(crate) url: StoreUrl,
    pub(crate) deadline: Duration,
    pub(crate) clock: Clock,
}

/// When a failed step is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Attempts in all, at least one.
    pub attempts: u32,
    /// The wait before the second, in milliseconds.
    pub delay_ms: u64,
    /// Whether the wait doubles each time.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exponential: bool,
    /// The longest wait, in milliseconds.
    pub delay_max_ms: u64,
    /// How much of a wait may be left out at random, in percent.
    #[serde(default)]
    pub jitter_percent: u8,
}

/// Options of a step.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepOptions {
    /// Tried once, if there is none.
    pub retry: Option<Retry>,
    /// How long one attempt may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Whether it undoes an earlier step.
    pub undo: bool,
}

/// One attempt of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Counts from one.
    pub number: u32,
    /// The same for every attempt of this step.
    pub key: String,
}

/// Why a call within a run failed. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not come so far.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The run is being cancelled.
    #[error("the run is being cancelled")]
    Cancelled,
    /// Not JSON.
    #[error("it is not JSON")]
    InvalidJson(#[source] crate::json::NotJson),
    /// Over a limit.
    #[error("{what} are over their limit of {max}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// Not here.
    #[error("{0}")]
    Misplaced(&'static str),
    /// The store did not answer.
    #[error("the store of workflows failed")]
    Unavailable(#[source] Unavailable),
    /// The body's instance ends here, for the reason that its run keeps.
    #[error("the body's instance is ended")]
    Ended,
}

impl Workflow {
    /// Workflows on `store`.
    pub(crate) fn new(store: Backend, opener: Opener, ids: Ids) -> Self {
        let bus = match &store {
            Backend::Redis(store) => Bus::redis(store.connection().clone()),
            Backend::Sqlite(store) => Bus::sqlite(store.file().clone()),
        };
        Self { store: Arc::new(store), bus: Arc::new(bus), opener, ids }
    }

    /// How to hear of runs.
    pub(crate) fn bus(&self) -> &Arc<Bus> {
        &self.bus
    }

    /// How to open the store once more.
    pub(crate) fn opener(&self) -> &Opener {
        &self.opener
    }

    /// This host's time, in milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        self.opener.clock.millis()
    }

    /// Where ids come from.
    pub(crate) fn ids(&self) -> &Ids {
        &self.ids
    }

    /// What keeps them.
    pub fn store(&self) -> &Arc<Backend> {
        &self.store
    }
}

impl Opener {
    /// Opens the store, with a connection of its own.
    pub(crate) async fn open(&self) -> Result<Backend, OpenError> {
        match &self.url {
            StoreUrl::Redis(url) => {
                let redis = Redis::connect(url, self.deadline).await?;
                Ok(Backend::Redis(RedisStore::open(redis, url).await?))
            }
            StoreUrl::Sqlite(path) => {
                let file = Sqlite::open(path, self.deadline, self.clock.clone()).await?;
                Ok(Backend::Sqlite(SqliteStore::open(file, self.url.as_str()).await?))
            }
        }
    }
}

impl Retry {
    /// The wait after a failed `attempt`, in milliseconds, if there is another.
    fn again_ms(&self, attempt: u32, jitter: u64) -> Option<u64> {
        if attempt >= self.attempts {
            return None;
        }
        let doublings = if self.exponential { (attempt - 1).min(63) } else { 0 };
        let delay = self.delay_ms.saturating_mul(1 << doublings);
        let delay = delay.min(self.delay_max_ms).min(WAIT_MS_MAX);
        let span = u128::from(delay) * u128::from(self.jitter_percent.min(100)) / 100;
        let less = (u128::from(jitter) * (span + 1)) >> 64;
        Some(delay - u64::try_from(less).unwrap_or(0))
    }
}

impl StepOptions {
    /// The wait before the attempt after a failed one, in milliseconds, if there is to be one.
    /// `jitter` is a random number.
    pub fn again_ms(&self, failure: &Failure, attempt: u32, jitter: u64) -> Option<u64> {
        let retry = self.retry.as_ref().filter(|_| failure.retry)?;
        retry.again_ms(attempt, jitter)
    }
}

impl Outcome for Error {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.outcome(),
            Self::Cancelled => "cancelled",
            Self::InvalidJson(_) => "invalid-json",
            Self::TooLarge { .. } => "too-large",
            Self::Misplaced(_) => "misplaced",
            Self::Unavailable(_) => "unavailable",
            Self::Ended => "ended",
        }
    }
}
