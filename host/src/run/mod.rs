//! Runs of workflows, from outside: start, see, and control them.
//!
//! `wit/run.wit` says what a guest may rely on. What keeps runs is `workflow`'s: this has no
//! store of its own.

mod act;
mod cron;
mod host;
mod see;
mod step;
mod wire;

use std::sync::Arc;

pub use self::cron::{BadCron, Cron};
pub use self::host::{HasRun, View};
pub use self::step::{StepInfo, StepStatus, steps};
use crate::error::{Outcome, Refused, Unavailable};
use crate::grant::{Limits, Scope, WorkflowGrant};
use crate::workflow::control::partition_of;
use crate::workflow::log::{Failure, Json, Malformed};
use crate::workflow::{
    Head, NAME_BYTES_MAX, NewRun, PARTITIONS, PAYLOAD_BYTES_MAX, PRIORITY, PRIORITY_MAX,
    RETENTION_MS_MAX, RunId, Started, Status, Store as _, StoreError, WAIT_MS_MAX, Workflow,
};

/// Most runs of one page, and events of one.
pub const PAGE_MAX: u32 = 100;

/// Most runs that are started or read in one call.
pub const BATCH_MAX: usize = 64;

/// Longest wait in one call, in milliseconds.
pub const PATIENCE_MS_MAX: u64 = 30_000;

/// The runs of one workflow, or of all that a tenant has: the resource a guest holds.
#[derive(Debug)]
pub struct Runs {
    service: Arc<Workflow>,
    scope: Scope,
    workflow: Option<String>,
    payload_bytes_max: u64,
    retention_ms: Option<u64>,
}

/// How a run is started.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Two starts with one key are one run.
    pub key: Option<String>,
    /// Who it is for.
    pub user: Option<String>,
    /// How long it may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// From 0 to 9.
    pub priority: Option<u8>,
    /// It begins so many milliseconds later.
    pub delay_ms: Option<u64>,
    /// It is deleted so many milliseconds after its end.
    pub retention_ms: Option<u64>,
}

/// A run at one moment.
#[derive(Debug, Clone)]
pub struct Info {
    /// What is kept beside its history.
    pub head: Head,
    /// Events of its history.
    pub events: u32,
    /// What it waits for, in words.
    pub waits_for: Option<String>,
    /// What it was given.
    pub input: String,
    /// How it ended.
    pub output: Option<String>,
    /// See `output`.
    pub failure: Option<Failure>,
}

/// Which runs to find.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// With this status.
    pub status: Option<Status>,
    /// For this user.
    pub user: Option<String>,
    /// Created at this time or later, in milliseconds since 1970.
    pub since_ms: Option<u64>,
    /// Created before this time.
    pub until_ms: Option<u64>,
}

/// Part of a list.
#[derive(Debug, Clone)]
pub struct Page {
    /// Newest first.
    pub runs: Vec<Head>,
    /// Where to go on.
    pub next: Option<String>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not reach the store.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is none.
    #[error("there is no such run")]
    NotFound,
    /// Not as the run is now.
    #[error("the run is {0}")]
    Illegal(Status),
    /// There is no component.
    #[error("no version of workflow `{0}` is active: start a worker that serves it")]
    NoVersion(String),
    /// Not JSON.
    #[error("it is not JSON")]
    InvalidJson(#[source] crate::json::NotJson),
    /// Not a cron expression.
    #[error(transparent)]
    InvalidCron(#[from] BadCron),
    /// Not a step that a run can go on from.
    #[error("{0}")]
    InvalidStep(String),
    /// Not a place in a list.
    #[error("the cursor is not one that a page gave")]
    InvalidCursor,
    /// Over a limit.
    #[error("{what} are over their limit of {max}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// The limit.
        max: u64,
    },
    /// What is kept is not what this host wrote.
    #[error("the run cannot be read")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store did not answer.
    #[error("the store of workflows failed")]
    Unavailable(#[source] Unavailable),
}

impl Workflow {
    /// The runs of `workflow` in `scope`, within a tenant's limits.
    pub fn runs(
        self: &Arc<Self>,
        scope: &Scope,
        workflow: &str,
        limits: &Limits,
        granted: &WorkflowGrant,
    ) -> Runs {
        Runs {
            service: self.clone(),
            scope: scope.clone(),
            workflow: Some(workflow.to_owned()),
            payload_bytes_max: limits.value_bytes.min(PAYLOAD_BYTES_MAX),
            retention_ms: granted.retention_ms,
        }
    }

    /// All runs in `scope`: for an operator.
    pub fn all_runs(self: &Arc<Self>, scope: &Scope) -> Runs {
        Runs {
            service: self.clone(),
            scope: scope.clone(),
            workflow: None,
            payload_bytes_max: PAYLOAD_BYTES_MAX,
            retention_ms: None,
        }
    }
}

impl Runs {
    /// The workflow; nothing if it is of all.
    fn workflow(&self) -> &str {
        self.workflow.as_deref().unwrap_or_default()
    }

    /// Starts runs of `workflow`, in the order given.
    pub async fn start(
        &self,
        workflow: &str,
        requests: Vec<(String, Options)>,
    ) -> Result<Vec<Started>, Error> {
        Refused::over("a batch", requests.len(), BATCH_MAX as u64)?;
        let new =
            requests.into_iter().map(|(input, options)| self.new_run(workflow, input, options));
        let new = new.collect::<Result<Vec<_>, _>>()?;
        if new.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.service.store().start(&self.scope, &new).await?)
    }

    fn new_run(&self, workflow: &str, input: String, options: Options) -> Result<NewRun, Error> {
        let input = self.payload(input)?;
        let Options { key, user, timeout_ms, priority, delay_ms, retention_ms } = options;
        for text in [key.as_ref(), user.as_ref()].into_iter().flatten() {
            Refused::over("a key or a user", text.len(), NAME_BYTES_MAX)?;
        }
        for ms in [timeout_ms, delay_ms].into_iter().flatten() {
            within("a time", ms, WAIT_MS_MAX)?;
        }
        let retention_ms = retention_ms.or(self.retention_ms);
        within("a retention", retention_ms.unwrap_or(0), RETENTION_MS_MAX)?;
        let ids = self.service.ids();
        // Runs with one key have to meet.
        let partition = match &key {
            Some(key) => partition_of(&format!("{workflow}:{key}")),
            None => ids.next().0[0] % PARTITIONS,
        };
        Ok(NewRun {
            id: RunId::new(partition, ids),
            workflow: workflow.to_owned(),
            input,
            key,
            user,
            priority: priority.unwrap_or(PRIORITY).min(PRIORITY_MAX),
            timeout_ms,
            delay_ms: delay_ms.unwrap_or(0),
            retention_ms,
        })
    }

    fn payload(&self, text: String) -> Result<Json, Error> {
        Refused::over("a payload", text.len(), self.payload_bytes_max)?;
        crate::json::check(&text).map_err(Error::InvalidJson)?;
        crate::workflow::log::json(text).ok_or(Error::NotFound)
    }

    fn is_mine(&self, head: &Head) -> bool {
        self.workflow.as_ref().is_none_or(|workflow| *workflow == head.workflow)
    }
}

fn within(what: &'static str, value: u64, max: u64) -> Result<(), Refused> {
    if value <= max { Ok(()) } else { Err(Refused::TooLarge { what, max }) }
}

impl From<StoreError> for Error {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Fenced | StoreError::NotFound => Self::NotFound,
            StoreError::Illegal(status) => Self::Illegal(status),
            StoreError::NoVersion(workflow) => Self::NoVersion(workflow),
            StoreError::TooLarge { what, max } => Self::TooLarge { what, max },
            err @ StoreError::Malformed { .. } => Self::Malformed(err.into()),
            StoreError::Unavailable(err) => Self::Unavailable(err),
        }
    }
}

impl From<Malformed> for Error {
    fn from(err: Malformed) -> Self {
        Self::Malformed(err.into())
    }
}

impl Outcome for Error {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.outcome(),
            Self::NotFound => "not-found",
            Self::Illegal(_) => "illegal",
            Self::NoVersion(_) => "no-version",
            Self::InvalidJson(_) | Self::InvalidCron(_) | Self::InvalidStep(_) => "invalid",
            Self::InvalidCursor => "invalid-cursor",
            Self::TooLarge { .. } => "too-large",
            Self::Malformed(_) | Self::Unavailable(_) => "unavailable",
        }
    }
}
