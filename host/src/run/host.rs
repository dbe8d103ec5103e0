//! Where guest calls arrive: decode, check the grant, call, encode. No rules live here.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::{Error, Filter, Info, Options, Runs, StepInfo, StepStatus};
use crate::bindings::satama::services::run as wit;
use crate::error::{Outcome as _, Refused};
use crate::guest::Caller;
use crate::workflow::control::{Schedule, VersionStatus};
use crate::workflow::log::Failure;
use crate::workflow::{Head, Started, Status, Workflow};

/// What runs may see of the calling guest.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) workflow: &'a Arc<Workflow>,
    pub(crate) table: &'a mut ResourceTable,
}

/// Marks store data that has a [`View`].
#[derive(Debug)]
pub struct HasRun;

impl HasData for HasRun {
    type Data<'a> = View<'a>;
}

impl View<'_> {
    fn runs(&self, this: &Resource<Runs>) -> Result<&Runs, Error> {
        Ok(self.table.get(this).map_err(Refused::from)?)
    }
}

impl wit::Host for View<'_> {
    async fn names(&mut self) -> Result<Vec<String>, Error> {
        let granted = self.caller.grant().workflow();
        let all = self.workflow.all_runs(granted.scope());
        let mut names = self.caller.call("run", "names", all.names()).await?;
        names.retain(|name| granted.granted().runs.grant(name));
        Ok(names)
    }

    /// All that a guest may learn of a failure. Its cause goes to the log.
    fn convert_error(&mut self, err: Error) -> wasmtime::Result<wit::Error> {
        self.caller.complain("run", err.outcome(), &err);
        Ok(match err {
            Error::Refused(Refused::Denied { .. }) => wit::Error::AccessDenied,
            Error::Refused(Refused::TooLarge { max, .. }) | Error::TooLarge { max, .. } => {
                wit::Error::TooLarge(max)
            }
            Error::Refused(Refused::Quota(_)) => wit::Error::QuotaExceeded,
            Error::Refused(Refused::Fault(err)) => return Err(err.into()),
            Error::NotFound => wit::Error::NotFound,
            Error::Illegal(status) => wit::Error::Illegal(status.into()),
            Error::NoVersion(_) => wit::Error::NoVersion,
            Error::InvalidJson(_) | Error::InvalidCron(_) | Error::InvalidStep(_) => {
                wit::Error::Invalid(crate::error::chain(&err))
            }
            Error::InvalidCursor => wit::Error::InvalidCursor,
            Error::Malformed(_) | Error::Unavailable(_) => wit::Error::Unavailable,
        })
    }
}

impl wit::HostRuns for View<'_> {
    fn open(&mut self, workflow: String) -> Result<Resource<Runs>, Error> {
        self.caller.call_now("run", "runs.open", || {
            let grant = self.caller.grant();
            let scope = grant.workflow().runs(&workflow)?;
            let granted = grant.workflow().granted();
            let runs = self.workflow.runs(scope, &workflow, grant.limits(), granted);
            Ok(self.table.push(runs).map_err(Refused::from)?)
        })
    }

    async fn start(
        &mut self,
        this: Resource<Runs>,
        input: String,
        options: wit::Options,
    ) -> Result<wit::Started, Error> {
        let runs = self.runs(&this)?;
        let started = runs.start(runs.workflow(), vec![(input, options.into())]);
        let mut started = self.caller.call("run", "runs.start", started).await?;
        Ok(started.pop().ok_or(Error::NotFound)?.into())
    }

    async fn start_many(
        &mut self,
        this: Resource<Runs>,
        requests: Vec<wit::Request>,
    ) -> Result<Vec<wit::Started>, Error> {
        let runs = self.runs(&this)?;
        let requests = requests.into_iter().map(|new| (new.input, new.options.into())).collect();
        let started = runs.start(runs.workflow(), requests);
        let started = self.caller.call("run", "runs.start-many", started).await?;
        Ok(started.into_iter().map(Into::into).collect())
    }

    async fn get(&mut self, this: Resource<Runs>, id: String) -> Result<Option<wit::Info>, Error> {
        let ids = [id];
        let found = self.caller.call("run", "runs.get", self.runs(&this)?.get(&ids)).await?;
        Ok(found.into_iter().flatten().next().map(Into::into))
    }

    async fn get_many(
        &mut self,
        this: Resource<Runs>,
        ids: Vec<String>,
    ) -> Result<Vec<Option<wit::Info>>, Error> {
        let found = self.caller.call("run", "runs.get-many", self.runs(&this)?.get(&ids)).await?;
        Ok(found.into_iter().map(|info| info.map(Into::into)).collect())
    }

    async fn find(
        &mut self,
        this: Resource<Runs>,
        filter: wit::Filter,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<wit::Page, Error> {
        let filter = filter.into();
        let page = self.runs(&this)?.find(&filter, cursor.as_deref(), limit);
        let page = self.caller.call("run", "runs.find", page).await?;
        Ok(wit::Page { runs: page.runs.into_iter().map(of_head).collect(), next: page.next })
    }

    async fn steps(&mut self, this: Resource<Runs>, id: String) -> Result<Vec<wit::Step>, Error> {
        let history =
            self.caller.call("run", "runs.steps", self.runs(&this)?.whole_history(&id)).await?;
        Ok(super::steps(&history)?.into_iter().map(Into::into).collect())
    }

    async fn history(
        &mut self,
        this: Resource<Runs>,
        id: String,
        since: u32,
        limit: u32,
    ) -> Result<Vec<wit::Event>, Error> {
        within_page(limit)?;
        let entries = self.runs(&this)?.history(&id, since, limit);
        Ok(events(since, self.caller.call("run", "runs.history", entries).await?))
    }

    async fn state(
        &mut self,
        this: Resource<Runs>,
        id: String,
        name: String,
    ) -> Result<Option<String>, Error> {
        self.caller.call("run", "runs.state", self.runs(&this)?.state(&id, &name)).await
    }

    async fn wait(
        &mut self,
        this: Resource<Runs>,
        id: String,
        timeout_ms: u64,
    ) -> Result<wit::Info, Error> {
        let info =
            self.caller.call("run", "runs.wait", self.runs(&this)?.wait(&id, timeout_ms)).await?;
        Ok(info.into())
    }

    async fn changes(
        &mut self,
        this: Resource<Runs>,
        id: String,
        since: u32,
        timeout_ms: u64,
    ) -> Result<Vec<wit::Event>, Error> {
        let entries = self.runs(&this)?.changes(&id, since, timeout_ms);
        Ok(events(since, self.caller.call("run", "runs.changes", entries).await?))
    }

    async fn signal(
        &mut self,
        this: Resource<Runs>,
        id: String,
        name: String,
        payload: String,
        key: Option<String>,
    ) -> Result<bool, Error> {
        let sent = self.runs(&this)?.signal(&id, &name, payload, key);
        self.caller.call("run", "runs.signal", sent).await
    }

    async fn decide(
        &mut self,
        this: Resource<Runs>,
        id: String,
        name: String,
        approved: bool,
        by: Option<String>,
        data: String,
    ) -> Result<(), Error> {
        let decided = self.runs(&this)?.decide(&id, &name, approved, by, data);
        self.caller.call("run", "runs.decide", decided).await
    }

    async fn resume(&mut self, this: Resource<Runs>, id: String) -> Result<(), Error> {
        self.caller.call("run", "runs.resume", self.runs(&this)?.resume(&id)).await
    }

    async fn cancel(
        &mut self,
        this: Resource<Runs>,
        id: String,
        reason: String,
        force: bool,
    ) -> Result<(), Error> {
        self.caller.call("run", "runs.cancel", self.runs(&this)?.cancel(&id, &reason, force)).await
    }

    async fn retry(
        &mut self,
        this: Resource<Runs>,
        id: String,
        number: Option<u32>,
    ) -> Result<(), Error> {
        self.caller.call("run", "runs.retry", self.runs(&this)?.retry(&id, number)).await
    }

    async fn delete(&mut self, this: Resource<Runs>, id: String) -> Result<bool, Error> {
        self.caller.call("run", "runs.delete", self.runs(&this)?.delete(&id)).await
    }

    async fn versions(&mut self, this: Resource<Runs>) -> Result<Vec<wit::Version>, Error> {
        let found = self.caller.call("run", "runs.versions", self.runs(&this)?.versions()).await?;
        let encode = |version: crate::workflow::control::Version| wit::Version {
            digest: version.digest.to_string(),
            status: version.status.into(),
            source: version.source,
            first_seen_at_ms: version.first_ms,
            last_seen_at_ms: version.last_ms,
        };
        Ok(found.into_iter().take(super::PAGE_MAX as usize).map(encode).collect())
    }

    async fn set_version(
        &mut self,
        this: Resource<Runs>,
        digest: String,
        status: wit::VersionStatus,
    ) -> Result<bool, Error> {
        let runs = self.runs(&this)?;
        let set = runs.set_version(runs.workflow(), &digest, status.into());
        self.caller.call("run", "runs.set-version", set).await
    }

    async fn schedule(
        &mut self,
        this: Resource<Runs>,
        name: String,
        cron: String,
        input: String,
        options: wit::Options,
    ) -> Result<wit::Schedule, Error> {
        let runs = self.runs(&this)?;
        let put = runs.schedule(runs.workflow(), &name, &cron, input, options.into());
        Ok(self.caller.call("run", "runs.schedule", put).await?.into())
    }

    async fn unschedule(&mut self, this: Resource<Runs>, name: String) -> Result<bool, Error> {
        let runs = self.runs(&this)?;
        self.caller.call("run", "runs.unschedule", runs.unschedule(runs.workflow(), &name)).await
    }

    async fn schedules(&mut self, this: Resource<Runs>) -> Result<Vec<wit::Schedule>, Error> {
        let found =
            self.caller.call("run", "runs.schedules", self.runs(&this)?.schedules()).await?;
        Ok(found.into_iter().take(super::PAGE_MAX as usize).map(Into::into).collect())
    }

    fn drop(&mut self, this: Resource<Runs>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

fn within_page(limit: u32) -> Result<(), Error> {
    Ok(Refused::over("a page", limit as usize, super::PAGE_MAX.into())?)
}

/// Entries `milliseconds json` of a history, from one on.
fn events(since: u32, entries: Vec<String>) -> Vec<wit::Event> {
    let event = |(index, entry): (u32, String)| {
        let (at, json) = entry.split_once(' ').unwrap_or(("0", "null"));
        wit::Event { index, at_ms: at.parse().unwrap_or(0), event: json.to_owned() }
    };
    (since..).zip(entries).map(event).collect()
}

impl From<wit::Options> for Options {
    fn from(options: wit::Options) -> Self {
        let wit::Options { key, user, timeout_ms, priority, delay_ms, retention_ms } = options;
        Self { key, user, timeout_ms, priority, delay_ms, retention_ms }
    }
}

impl From<wit::Filter> for Filter {
    fn from(filter: wit::Filter) -> Self {
        let wit::Filter { status, user, since_ms, until_ms } = filter;
        let status = status.map(|status| Status::ALL[status as usize]);
        Self { status, user, since_ms, until_ms }
    }
}

impl From<Started> for wit::Started {
    fn from(started: Started) -> Self {
        Self { id: started.id.to_string(), new: started.new }
    }
}

impl From<Status> for wit::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Running => Self::Running,
            Status::Suspended => Self::Suspended,
            Status::Cancelling => Self::Cancelling,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        let Failure { code, message, retry, details } = failure;
        Self { code, message, retry, details }
    }
}

/// A run without what is in its history.
fn of_head(head: Head) -> wit::Info {
    wit::Info {
        id: head.id.to_string(),
        workflow: head.workflow,
        status: head.status.into(),
        digest: head.digest.to_string(),
        generation: head.generation,
        user: head.user,
        key: head.key,
        parent: head.parent.map(|(run, _)| run.to_string()),
        priority: head.priority,
        created_at_ms: head.created_ms,
        updated_at_ms: head.updated_ms,
        ended_at_ms: head.ended_ms,
        events: 0,
        waits_for: head.waits.filter(|_| !head.status.is_end()),
        input: None,
        output: None,
        failure: None,
    }
}

impl From<Info> for wit::Info {
    fn from(info: Info) -> Self {
        Self {
            events: info.events,
            waits_for: info.waits_for,
            input: Some(info.input),
            output: info.output,
            failure: info.failure.map(Into::into),
            ..of_head(info.head)
        }
    }
}

impl From<StepInfo> for wit::Step {
    fn from(step: StepInfo) -> Self {
        Self {
            number: step.number,
            kind: step.kind.to_owned(),
            name: step.name,
            target: step.target,
            child: step.child,
            status: match step.status {
                StepStatus::Pending => wit::StepStatus::Pending,
                StepStatus::Succeeded => wit::StepStatus::Succeeded,
                StepStatus::Failed => wit::StepStatus::Failed,
            },
            attempts: step.attempts,
            undo: step.undo,
            input: step.input,
            output: step.output,
            failure: step.failure.map(Into::into),
            created_at_ms: step.created_ms,
            ended_at_ms: step.ended_ms,
        }
    }
}

impl From<Schedule> for wit::Schedule {
    fn from(schedule: Schedule) -> Self {
        Self {
            name: schedule.name,
            cron: schedule.cron,
            input: schedule.input.get().to_owned(),
            next_at_ms: schedule.next_ms,
        }
    }
}

impl From<VersionStatus> for wit::VersionStatus {
    fn from(status: VersionStatus) -> Self {
        match status {
            VersionStatus::Draft => Self::Draft,
            VersionStatus::Active => Self::Active,
            VersionStatus::Declined => Self::Declined,
        }
    }
}

impl From<wit::VersionStatus> for VersionStatus {
    fn from(status: wit::VersionStatus) -> Self {
        match status {
            wit::VersionStatus::Draft => Self::Draft,
            wit::VersionStatus::Active => Self::Active,
            wit::VersionStatus::Declined => Self::Declined,
        }
    }
}
