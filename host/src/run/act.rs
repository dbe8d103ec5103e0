//! What is done to runs.

use super::{Cron, Error, NAME_BYTES_MAX, Options, Runs, step};
use crate::error::Refused;
use crate::workflow::control::{Control as _, Reschedule, Schedule, Scheduled, VersionStatus};
use crate::workflow::{Input, RunId, Status, Store as _, Take};

/// Most looks after something was ended or deleted: each does 64 things that are due, and a run
/// has at most 1,000 children at a time.
const LOOKS_MAX: usize = 32;

impl Runs {
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
        // The run reads this, and not `data` alone.
        crate::json::check(&decision).map_err(Error::InvalidJson)?;
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
        let sent = self.send(id, &cancel).await;
        // Also once more, if the answer to the first try was lost: its children are to end too.
        if force && matches!(sent, Ok(_) | Err(Error::Illegal(Status::Cancelled))) {
            return self.tidy_up(id).await;
        }
        sent.map(drop)
    }

    /// Lets a run that has ended go on, from a step or from the one that failed.
    pub async fn retry(&self, id: &str, number: Option<u32>) -> Result<(), Error> {
        let history = self.whole_history(id).await?;
        let (seq, cancelling) = step::retry_from(&history, number)?;
        let events = u32::try_from(history.len()).unwrap_or(u32::MAX);
        self.send(id, &Input::Retry { seq, events, cancelling }).await.map(drop)
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
        self.tidy_up(id).await?;
        Ok(was)
    }

    /// Does what is due in a run's partition: there may be no worker that does.
    async fn tidy_up(&self, id: &str) -> Result<(), Error> {
        let Ok(run) = id.parse::<RunId>() else { return Ok(()) };
        let nonce = self.service.ids().next().to_string();
        let take = Take { worker: "", nonce: &nonce, lease_ms: 0, queues: &[] };
        // A schedule that is due stays so until a worker starts its run.
        for _ in 0..LOOKS_MAX {
            let taken = self.service.store().take(&self.scope, run.partition(), &take).await?;
            if taken.due_ms != Some(0) {
                break;
            }
        }
        Ok(())
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
        let cron = Cron::parse(cron)?;
        let (_, now_ms) = self.all_schedules(true).await?;
        let schedule = Schedule {
            name: name.to_owned(),
            workflow: workflow.to_owned(),
            cron: cron.text().to_owned(),
            next_ms: cron.after_ms(now_ms)?,
            input: run.input,
            user: run.user,
            priority: run.priority,
            timeout_ms: run.timeout_ms,
            retention_ms: run.retention_ms,
        };
        self.service.store().schedule(&self.scope, &Reschedule::Put(&schedule)).await?;
        Ok(schedule)
    }

    /// All schedules, or those that are due; and the store's time, in milliseconds since 1970.
    async fn all_schedules(&self, due: bool) -> Result<(Vec<Schedule>, u64), Error> {
        let list = Reschedule::List { due };
        match self.service.store().schedule(&self.scope, &list).await? {
            Scheduled::All { found, now_ms } => Ok((found, now_ms)),
            Scheduled::Was(_) | Scheduled::Started(_) => Ok((Vec::new(), 0)),
        }
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
        let (mut found, _) = self.all_schedules(false).await?;
        if let Some(workflow) = &self.workflow {
            found.retain(|schedule| schedule.workflow == *workflow);
        }
        Ok(found)
    }
}
