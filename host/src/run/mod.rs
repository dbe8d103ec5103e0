//! Runs of workflows, from outside: start, see, and control them.
//!
//! `wit/run.wit` says what a guest may rely on. What keeps runs is `workflow`'s: this has no
//! store of its own.

mod cron;
mod host;
mod step;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

pub use self::cron::{BadCron, Cron};
pub use self::host::{HasRun, View};
pub use self::step::{StepInfo, StepStatus, steps};
use crate::error::{Outcome, Refused, Unavailable};
use crate::grant::{Limits, Scope, WorkflowGrant};
use crate::workflow::bus::{Listening, Note, Topic};
use crate::workflow::control::{
    Control as _, List, Place, Reschedule, Schedule, Scheduled, Snapshot, Version, VersionStatus,
    partition_of,
};
use crate::workflow::log::{Event, Failure, Json, Malformed, Recorded};
use crate::workflow::{
    Head, Input, NAME_BYTES_MAX, NewRun, PARTITIONS, PAYLOAD_BYTES_MAX, PRIORITY, PRIORITY_MAX,
    RETENTION_MS_MAX, RunId, Started, Status, Store as _, StoreError, Take, WAIT_MS_MAX, Workflow,
};

/// Most runs of one page, and events of one.
pub const PAGE_MAX: u32 = 100;

/// Most runs that are started or read in one call.
pub const BATCH_MAX: usize = 64;

/// Longest wait in one call, in milliseconds.
pub const PATIENCE_MS_MAX: u64 = 30_000;

/// Most events that are read at a time of a whole history.
const HISTORY_MAX: u32 = 20_000;

/// A version whose workers have said nothing for so long is served by none: they say so three
/// times in it.
const SERVED_MS: u64 = 30_000;

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

/// The growth of a run's history, as long as there is time.
struct Growth {
    notes: mpsc::UnboundedReceiver<Note>,
    end: Instant,
    over: bool,
    _listening: Listening,
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

    /// Runs, each or none.
    pub async fn get(&self, ids: &[String]) -> Result<Vec<Option<Info>>, Error> {
        Refused::over("a batch", ids.len(), BATCH_MAX as u64)?;
        let known: Vec<_> = ids.iter().map(|id| id.parse::<RunId>().ok()).collect();
        let asked: Vec<_> = known.iter().flatten().cloned().collect();
        if asked.is_empty() {
            return Ok(vec![None; ids.len()]);
        }
        let mut found = self.service.store().get(&self.scope, &asked).await?.into_iter();
        let mut infos = Vec::with_capacity(ids.len());
        for known in &known {
            let snapshot = known.as_ref().and_then(|_| found.next().flatten());
            let mine = snapshot.filter(|snapshot| self.is_mine(&snapshot.head));
            infos.push(mine.map(info).transpose()?);
        }
        self.explain(&mut infos).await?;
        Ok(infos)
    }

    /// Says of runs that wait for a worker whether there is one.
    async fn explain(&self, infos: &mut [Option<Info>]) -> Result<(), Error> {
        let waits = |info: &&mut Info| info.waits_for.is_none() && info.head.is_queued();
        let mut waiting: Vec<_> = infos.iter_mut().flatten().filter(waits).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        let versions = self.service.store().versions(&self.scope).await?;
        for info in &mut waiting {
            let head = &info.head;
            let is = |v: &&Version| v.workflow == head.workflow && v.digest == head.digest;
            let last_ms = versions.iter().find(is).map_or(0, |version| version.last_ms);
            let newest_ms = versions.iter().map(|version| version.last_ms).max().unwrap_or(0);
            // Judged by the store's clock: some worker's last word is the latest that is known of it.
            let now_ms = newest_ms.max(head.updated_ms).max(self.service.now_ms());
            let gone = now_ms.saturating_sub(last_ms) > SERVED_MS;
            info.waits_for = Some(if gone {
                format!("its component, {}: no worker serves it", head.digest)
            } else {
                "a worker".to_owned()
            });
        }
        Ok(())
    }

    fn is_mine(&self, head: &Head) -> bool {
        self.workflow.as_ref().is_none_or(|workflow| *workflow == head.workflow)
    }

    /// The run.
    pub async fn one(&self, id: &str) -> Result<Info, Error> {
        let mut found = self.get(&[id.to_owned()]).await?;
        found.pop().flatten().ok_or(Error::NotFound)
    }

    /// Runs, newest first.
    pub async fn find(
        &self,
        filter: &Filter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        self.find_of(self.workflow.as_deref(), filter, cursor, limit).await
    }

    /// Runs of one workflow, or of all, newest first.
    pub async fn find_of(
        &self,
        workflow: Option<&str>,
        filter: &Filter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        within("a page", limit.into(), PAGE_MAX.into())?;
        let after = cursor.map(place).transpose()?;
        let workflows = match workflow.or(self.workflow.as_deref()) {
            Some(workflow) => vec![workflow.to_owned()],
            None => self.names().await?,
        };
        let list = List {
            workflows: &workflows,
            status: filter.status,
            user: filter.user.as_deref(),
            since_ms: filter.since_ms.unwrap_or(0),
            until_ms: filter.until_ms.unwrap_or(u64::from(u32::MAX) << 20),
            after: after.as_ref(),
        };
        let page = self.service.store().list(&self.scope, &list, limit.max(1)).await?;
        let next = page.next.map(|place| format!("{}-{}", place.created_ms, place.id));
        Ok(Page { runs: page.runs, next })
    }

    /// The workflows that have a version, in the order of their bytes.
    pub async fn names(&self) -> Result<Vec<String>, Error> {
        let versions = self.versions().await?;
        let mut names: Vec<_> = versions.into_iter().map(|version| version.workflow).collect();
        names.dedup();
        Ok(names)
    }

    /// The versions, by workflow, newest first.
    pub async fn versions(&self) -> Result<Vec<Version>, Error> {
        let mut versions = self.service.store().versions(&self.scope).await?;
        if let Some(workflow) = &self.workflow {
            versions.retain(|version| version.workflow == *workflow);
        }
        Ok(versions)
    }

    /// Sets whether a version starts runs.
    pub async fn set_version(
        &self,
        workflow: &str,
        digest: &str,
        status: VersionStatus,
    ) -> Result<bool, Error> {
        let Ok(digest) = digest.parse() else { return Ok(false) };
        Ok(self.service.store().set_version(&self.scope, workflow, digest, status).await?)
    }

    /// Entries of a run's history, as [`Recorded::decode`] reads them.
    pub async fn history(&self, id: &str, since: u32, limit: u32) -> Result<Vec<String>, Error> {
        within("a page", limit.into(), HISTORY_MAX.into())?;
        let run: RunId = id.parse().map_err(|_| Error::NotFound)?;
        let store = self.service.store();
        let runs = [run.clone()];
        // Both at once: one round trip's time.
        let (found, entries) = tokio::try_join!(
            store.get(&self.scope, &runs),
            store.history(&self.scope, &run, since, limit.max(1))
        )?;
        let mine = found.into_iter().flatten().any(|snapshot| self.is_mine(&snapshot.head));
        if mine { Ok(entries) } else { Err(Error::NotFound) }
    }

    /// A run's whole history.
    pub async fn whole_history(&self, id: &str) -> Result<Vec<Recorded>, Error> {
        let entries = self.history(id, 0, HISTORY_MAX).await?;
        let events = (0..).zip(&entries).map(|(index, entry)| Recorded::decode(index, entry));
        Ok(events.collect::<Result<_, Malformed>>()?)
    }

    /// A part of a run's state.
    pub async fn state(&self, id: &str, name: &str) -> Result<Option<String>, Error> {
        Refused::over("a name", name.len(), NAME_BYTES_MAX)?;
        let run: RunId = id.parse().map_err(|_| Error::NotFound)?;
        let store = self.service.store();
        let runs = [run.clone()];
        let (found, state) =
            tokio::try_join!(store.get(&self.scope, &runs), store.state(&self.scope, &run, name))?;
        let mine = found.into_iter().flatten().any(|snapshot| self.is_mine(&snapshot.head));
        if mine { Ok(state) } else { Err(Error::NotFound) }
    }

    /// Waits until the run has ended, at most so long; how it is then.
    pub async fn wait(&self, id: &str, timeout_ms: u64) -> Result<Info, Error> {
        let mut growth = self.growth(id, timeout_ms).await?;
        loop {
            let info = self.one(id).await?;
            if info.head.status.is_end() || !growth.next(is_end).await {
                return Ok(info);
            }
        }
    }

    /// Waits until there are entries from `since` on, at most so long.
    pub async fn changes(
        &self,
        id: &str,
        since: u32,
        timeout_ms: u64,
    ) -> Result<Vec<String>, Error> {
        let mut growth = self.growth(id, timeout_ms).await?;
        loop {
            let entries = self.history(id, since, PAGE_MAX).await?;
            if !entries.is_empty() || !growth.next(|_| true).await {
                return Ok(entries);
            }
        }
    }

    /// Hears from now on, for at most so long, that a run's history has grown.
    async fn growth(&self, id: &str, timeout_ms: u64) -> Result<Growth, Error> {
        within("a wait", timeout_ms, PATIENCE_MS_MAX)?;
        let run: RunId = id.parse().map_err(|_| Error::NotFound)?;
        let (to, notes) = mpsc::unbounded_channel();
        let topic = Topic::Run(&self.scope, &run);
        let listening = self.service.bus().listen(topic, 0, &to).await;
        let _listening = listening.map_err(Error::Unavailable)?;
        let end = Instant::now() + Duration::from_millis(timeout_ms);
        Ok(Growth { notes, end, over: false, _listening })
    }

    /// Sends a signal. True if it was taken.
    pub async fn signal(
        &self,
        id: &str,
        name: &str,
        payload: String,
        key: Option<String>,
    ) -> Result<bool, Error> {
        Refused::over("a name", name.len(), NAME_BYTES_MAX)?;
        Refused::over("a key", key.as_ref().map_or(0, String::len), NAME_BYTES_MAX)?;
        let payload = self.payload(payload)?;
        self.send(id, &Input::Signal { name: name.to_owned(), payload, key }).await
    }

    /// Decides an approval.
    pub async fn decide(
        &self,
        id: &str,
        name: &str,
        approved: bool,
        by: Option<String>,
        data: String,
    ) -> Result<(), Error> {
        Refused::over("a name", name.len(), NAME_BYTES_MAX)?;
        Refused::over("a name", by.as_ref().map_or(0, String::len), NAME_BYTES_MAX)?;
        let data = self.payload(data)?;
        let by = serde_json::to_string(&by).expect("text is JSON");
        let decision = format!(r#"{{"approved":{approved},"by":{by},"data":{}}}"#, data.get());
        let decision = crate::workflow::log::json(decision).ok_or(Error::NotFound)?;
        self.send(id, &Input::Decide { name: name.to_owned(), decision }).await.map(drop)
    }

    /// Resumes a suspended run.
    pub async fn resume(&self, id: &str) -> Result<(), Error> {
        self.send(id, &Input::Resume).await.map(drop)
    }

    /// Cancels a run.
    pub async fn cancel(&self, id: &str, reason: &str, force: bool) -> Result<(), Error> {
        Refused::over("a reason", reason.len(), crate::workflow::FAILURE_BYTES_MAX)?;
        let cancel = Input::Cancel { reason: reason.to_owned(), force };
        self.send(id, &cancel).await?;
        if force { self.tidy_up(id).await } else { Ok(()) }
    }

    /// Lets a run that has ended go on, from a step or from the one that failed.
    pub async fn retry(&self, id: &str, number: Option<u32>) -> Result<(), Error> {
        let history = self.whole_history(id).await?;
        let seq = step::retry_from(&history, number)?;
        let events = u32::try_from(history.len()).unwrap_or(u32::MAX);
        self.send(id, &Input::Retry { seq, events }).await.map(drop)
    }

    async fn send(&self, id: &str, input: &Input) -> Result<bool, Error> {
        let run: RunId = id.parse().map_err(|_| Error::NotFound)?;
        let store = self.service.store();
        let sent = store.send(&self.scope, &run, self.workflow.as_deref(), input).await?;
        Ok(sent.taken)
    }

    /// Deletes a run that has ended, and its children.
    pub async fn delete(&self, id: &str) -> Result<bool, Error> {
        let Ok(run) = id.parse::<RunId>() else { return Ok(false) };
        let store = self.service.store();
        let was = store.delete(&self.scope, &run, self.workflow.as_deref()).await?;
        if was {
            self.tidy_up(id).await?;
        }
        Ok(was)
    }

    /// Does what is due in a run's partition: there may be no worker that does.
    async fn tidy_up(&self, id: &str) -> Result<(), Error> {
        let Ok(run) = id.parse::<RunId>() else { return Ok(()) };
        let nonce = self.service.ids().next().to_string();
        let take = Take { worker: "", nonce: &nonce, lease_ms: 0, queues: &[] };
        loop {
            let taken = self.service.store().take(&self.scope, run.partition(), &take).await?;
            if taken.due_ms != Some(0) {
                return Ok(());
            }
        }
    }

    /// Makes or replaces a schedule of `workflow`.
    pub async fn schedule(
        &self,
        workflow: &str,
        name: &str,
        cron: &str,
        input: String,
        options: Options,
    ) -> Result<Schedule, Error> {
        Refused::over("a name", name.len(), NAME_BYTES_MAX)?;
        let run = self.new_run(workflow, input, options)?;
        let schedule = Schedule {
            name: name.to_owned(),
            workflow: workflow.to_owned(),
            cron: cron.to_owned(),
            next_ms: Cron::parse(cron)?.after_ms(self.service.now_ms())?,
            input: run.input,
            user: run.user,
            priority: run.priority,
            timeout_ms: run.timeout_ms,
            retention_ms: run.retention_ms,
        };
        self.service.store().schedule(&self.scope, &Reschedule::Put(&schedule)).await?;
        Ok(schedule)
    }

    /// Ends a schedule.
    pub async fn unschedule(&self, workflow: &str, name: &str) -> Result<bool, Error> {
        Refused::over("a name", name.len(), NAME_BYTES_MAX)?;
        let end = Reschedule::End { workflow, name };
        let done = self.service.store().schedule(&self.scope, &end).await?;
        Ok(matches!(done, Scheduled::Was(true)))
    }

    /// The schedules.
    pub async fn schedules(&self) -> Result<Vec<Schedule>, Error> {
        let all = Reschedule::List { due: false };
        let Scheduled::All(mut found) = self.service.store().schedule(&self.scope, &all).await?
        else {
            return Ok(Vec::new());
        };
        if let Some(workflow) = &self.workflow {
            found.retain(|schedule| schedule.workflow == *workflow);
        }
        Ok(found)
    }
}

impl Growth {
    /// Waits for more that counts. When the time is up, it is true once more, and then false.
    async fn next(&mut self, counts: impl Fn(&Note) -> bool) -> bool {
        if self.over {
            return false;
        }
        let more = async { while self.notes.recv().await.is_some_and(|note| !counts(&note)) {} };
        self.over = timeout_at(self.end, more).await.is_err();
        // What came together is looked at once.
        while self.notes.try_recv().is_ok() {}
        true
    }
}

/// Whether a run may have ended with this: `run length kind` is said of each event.
fn is_end(note: &Note) -> bool {
    match note {
        Note::Said(_, text) => {
            matches!(text.rsplit(' ').next(), Some("completed" | "failed" | "cancelled"))
        }
        Note::Missed(_) => true,
    }
}

/// A run, with what its first and last event say.
fn info(snapshot: Snapshot) -> Result<Info, Error> {
    let Snapshot { head, events, first, last } = snapshot;
    let input = match Recorded::decode(0, &first)?.event {
        Event::Started(started) => started.input.get().to_owned(),
        _ => "null".to_owned(),
    };
    let (mut output, mut failure) = (None, None);
    if head.status.is_end() {
        match Recorded::decode(events.saturating_sub(1), &last)?.event {
            Event::Completed(completed) => output = Some(completed.output.get().to_owned()),
            Event::Failed(why) => failure = Some(why),
            _ => {}
        }
    }
    let waits_for = head.waits.clone().filter(|_| !head.status.is_end());
    Ok(Info { head, events, waits_for, input, output, failure })
}

/// A place in a list, from its cursor.
fn place(cursor: &str) -> Result<Place, Error> {
    let (at, id) = cursor.split_once('-').ok_or(Error::InvalidCursor)?;
    let id: RunId = id.parse().map_err(|_| Error::InvalidCursor)?;
    let created_ms = at.parse().ok().filter(|at| *at < 1 << 52).ok_or(Error::InvalidCursor)?;
    Ok(Place { created_ms, id: id.to_string() })
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
