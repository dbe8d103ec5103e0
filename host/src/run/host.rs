//! Where guest calls arrive: decode, check the grant, call, encode. No rules live here.

use std::sync::Arc;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::wire::host::{events, of_head};
use super::{Error, Runs};
use crate::bindings::satama::services::run as wit;
use crate::error::{Outcome as _, Refused};
use crate::guest::Caller;
use crate::workflow::Workflow;

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
        Ok(found.into_iter().take(super::PAGE_MAX as usize).map(Into::into).collect())
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
