//! Runs in Redis, from outside.

use std::cmp::Reverse;
use std::sync::LazyLock;

use redis::{Cmd, Pipeline, Value};

use super::{
    Control, List, Page, Place, Reschedule, Schedule, Scheduled, Snapshot, Version, VersionStatus,
};
use crate::digest::Digest;
use crate::grant::Scope;
use crate::redis::Script;
use crate::workflow::log::{CancelAsked, Event, Of, Signalled};
use crate::workflow::redis::{REGISTER, RedisStore, call, push_fields, push_run, script};
use crate::workflow::store::StoreError;
use crate::workflow::wire::redis::{malformed, no_version, read, read_head};
use crate::workflow::{Head, Input, Sent, Started, Status};
use crate::workflow::{PARTITIONS, RunId};

script!(SIGNAL, "../lua/part.lua" "../lua/end.lua" "../lua/send.lua" "../lua/signal.lua");
script!(DECIDE, "../lua/part.lua" "../lua/send.lua" "../lua/decide.lua");
script!(RESUME, "../lua/part.lua" "../lua/send.lua" "../lua/resume.lua");
script!(CANCEL, "../lua/part.lua" "../lua/end.lua" "../lua/send.lua" "../lua/cancel.lua");
script!(RETRY, "../lua/part.lua" "../lua/send.lua" "../lua/retry.lua");
script!(REMOVE, "../lua/part.lua" "../lua/end.lua" "../lua/delete.lua" "../lua/send.lua" "../lua/remove.lua");
script!(GET, "../lua/part.lua" "../lua/get.lua");
script!(LIST, "../lua/part.lua" "../lua/list.lua");
script!(SCHEDULE, "../lua/part.lua" "../lua/birth.lua" "../lua/schedule.lua");
script!(SCHEDULES, "../lua/part.lua" "../lua/due_schedules.lua");

/// Most runs of one partition that a page looks at.
const LOOKS: u32 = 1_000;

impl Control for RedisStore {
    async fn send(
        &self,
        scope: &Scope,
        run: &RunId,
        workflow: Option<&str>,
        input: &Input,
    ) -> Result<Sent, StoreError> {
        if workflow == Some("") {
            return Err(StoreError::NotFound);
        }
        let begin = |script: &Script, bytes: usize| {
            let mut send = call(script, scope, run.partition(), 5, bytes + 256);
            send.arg(run.as_str()).arg(workflow.unwrap_or_default());
            send
        };
        let (script, send): (&Script, Cmd) = match input {
            Input::Signal { name, payload, key } => {
                let mut send = begin(&SIGNAL, name.len() + payload.get().len());
                let signal = Signalled { name: name.clone(), payload: payload.clone() };
                send.arg(Event::Signalled(signal).encode());
                // An empty key is a key too.
                let key = key.as_ref().map_or_else(String::new, |key| format!("k{key}"));
                send.arg(key);
                (&SIGNAL, send)
            }
            Input::Decide { name, decision } => {
                let mut send = begin(&DECIDE, name.len() + decision.get().len());
                send.arg(name).arg(decision.get());
                (&DECIDE, send)
            }
            Input::Resume => (&RESUME, begin(&RESUME, 0)),
            Input::Cancel { force: true, .. } => {
                let mut send = begin(&CANCEL, 0);
                send.arg("");
                (&CANCEL, send)
            }
            Input::Cancel { reason, .. } => {
                let mut send = begin(&CANCEL, reason.len());
                let asked = CancelAsked { reason: reason.clone(), timeout: false };
                send.arg(Event::CancelAsked(asked).encode());
                (&CANCEL, send)
            }
            Input::Retry { seq, events, cancelling } => {
                let mut send = begin(&RETRY, 0);
                let status = if *cancelling { Status::Cancelling } else { Status::Running };
                send.arg(Event::Retried(Of { seq: *seq }).encode()).arg(events).arg(status.name());
                (&RETRY, send)
            }
        };
        Ok(Sent { taken: self.connection().run(script, &send).await? })
    }

    async fn get(
        &self,
        scope: &Scope,
        runs: &[RunId],
    ) -> Result<Vec<Option<Snapshot>>, StoreError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let mut all = Pipeline::with_capacity(runs.len());
        for run in runs {
            let mut get = call(&GET, scope, run.partition(), 1, 64);
            get.arg(run.as_str());
            all.add_command(get);
        }
        let found: Vec<Value> = self.connection().run_all(&GET, &all).await?;
        let found = runs.iter().zip(found);
        found.map(|(run, value)| snapshot(run, &value)).collect()
    }

    async fn history(
        &self,
        scope: &Scope,
        run: &RunId,
        since: u32,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let Some(last) = since.saturating_add(limit).checked_sub(1).filter(|_| limit > 0) else {
            return Ok(Vec::new());
        };
        let mut range = redis::cmd("LRANGE");
        range.arg(scope.in_shard(run.partition(), 'h', run.as_str())).arg(since).arg(last);
        Ok(self.connection().query(&range).await?)
    }

    async fn list(&self, scope: &Scope, list: &List<'_>, limit: u32) -> Result<Page, StoreError> {
        let mut all = Pipeline::new();
        let lists = lists(list);
        if lists.is_empty() {
            return Ok(Page::default());
        }
        for partition in 0..PARTITIONS {
            for (kind, name) in &lists {
                all.add_command(page(scope, partition, list, limit, (*kind, name)));
            }
        }
        let parts: Vec<Vec<Value>> = self.connection().run_all(&LIST, &all).await?;
        // Below where one of the lists stopped, what the others found is not all there is.
        let mut stopped: Option<Place> = None;
        let mut runs: Vec<Head> = Vec::new();
        for part in &parts {
            let [at, id, found @ ..] = &part[..] else { return Err(malformed("", "a list")) };
            for run in found {
                let (id, fields): (String, _) = read(run)?;
                let id = id.parse().map_err(|_| malformed(&id, "its id"))?;
                runs.push(read_head(id, fields)?);
            }
            if let Ok(created_ms) = read::<u64>(at) {
                let place = Place { created_ms, id: read(id)? };
                stopped = stopped.into_iter().chain([place]).max();
            }
        }
        runs.sort_unstable_by_key(|run| Reverse((run.created_ms, run.id.to_string())));
        if let Some(stop) = &stopped {
            runs.retain(|run| Place::of(run) >= *stop);
        }
        if runs.len() > limit as usize {
            runs.truncate(limit as usize);
            stopped = runs.last().map(Place::of);
        }
        Ok(Page { runs, next: stopped })
    }

    async fn delete(
        &self,
        scope: &Scope,
        run: &RunId,
        workflow: Option<&str>,
    ) -> Result<bool, StoreError> {
        if workflow == Some("") {
            return Ok(false);
        }
        let mut remove = call(&REMOVE, scope, run.partition(), 2, 256);
        remove.arg(run.as_str()).arg(workflow.unwrap_or_default());
        Ok(self.connection().run(&REMOVE, &remove).await?)
    }

    async fn versions(&self, scope: &Scope) -> Result<Vec<Version>, StoreError> {
        let mut names = redis::cmd("SMEMBERS");
        names.arg(scope.in_shard(0, 'W', ""));
        let mut names: Vec<String> = self.connection().query(&names).await?;
        if names.is_empty() {
            return Ok(Vec::new());
        }
        names.sort_unstable();
        let mut all = Pipeline::with_capacity(names.len());
        for name in &names {
            all.cmd("HGETALL").arg(scope.in_shard(0, 'w', name));
        }
        let found: Vec<Vec<(String, String)>> = self.connection().pipe(&all).await?;
        let mut versions = Vec::new();
        for (name, fields) in names.iter().zip(found) {
            let read = |(digest, text): (String, String)| version(name, &digest, &text);
            let read = fields.into_iter().map(read).collect::<Option<Vec<_>>>();
            let mut read = read.ok_or_else(|| malformed("", "a version"))?;
            read.sort_by_key(|version| Reverse((version.first_ms, version.digest.hex())));
            versions.append(&mut read);
        }
        Ok(versions)
    }

    async fn set_version(
        &self,
        scope: &Scope,
        workflow: &str,
        digest: Digest,
        status: VersionStatus,
    ) -> Result<bool, StoreError> {
        let mut set = call(&REGISTER, scope, 0, 4, 256);
        set.arg(workflow).arg(digest.hex()).arg("").arg(status.name());
        let (newest, was, count): (String, bool, u64) =
            self.connection().run(&REGISTER, &set).await?;
        if was {
            self.point(scope, &[(workflow, newest, count)]).await?;
        }
        Ok(was)
    }

    async fn schedule(
        &self,
        scope: &Scope,
        change: &Reschedule<'_>,
    ) -> Result<Scheduled, StoreError> {
        let put = |new: &Schedule, was: Option<&Schedule>, run: usize| {
            let name = new.path();
            let (json, was) = (new.encode(), was.map(Schedule::encode).unwrap_or_default());
            let bytes = json.len() + was.len() + name.len();
            let mut put = call(&SCHEDULE, scope, new.partition(), 4 + run, bytes);
            put.arg(name).arg(was).arg(json).arg(new.next_ms);
            put
        };
        match change {
            Reschedule::Put(new) => {
                let put = put(new, None, 0);
                Ok(Scheduled::Was(self.connection().run(&SCHEDULE, &put).await?))
            }
            Reschedule::End { workflow, name } => {
                let path = format!("{workflow}:{name}");
                let partition = super::partition_of(&path);
                let mut end = call(&SCHEDULE, scope, partition, 4, path.len());
                end.arg(path).arg("").arg("").arg("");
                Ok(Scheduled::Was(self.connection().run(&SCHEDULE, &end).await?))
            }
            Reschedule::List { due } => {
                let mut all = Pipeline::new();
                for partition in 0..PARTITIONS {
                    let mut list = call(&SCHEDULES, scope, partition, 1, 0);
                    list.arg(u8::from(*due));
                    all.add_command(list);
                }
                let parts: Vec<(u64, Vec<String>)> =
                    self.connection().run_all(&SCHEDULES, &all).await?;
                let now_ms = parts.iter().map(|(now_ms, _)| *now_ms).max().unwrap_or(0);
                let found = parts.iter().flat_map(|(_, found)| found);
                let found = found.map(|json| Schedule::decode(json));
                let mut found = found.collect::<Option<Vec<_>>>();
                if let Some(found) = &mut found {
                    found.sort_by_key(Schedule::path);
                }
                let found = found.ok_or_else(|| malformed("", "a schedule"))?;
                Ok(Scheduled::All { found, now_ms })
            }
            Reschedule::Postpone { schedule, then_ms } => {
                let next = Schedule { next_ms: *then_ms, ..(*schedule).clone() };
                let postpone = put(&next, Some(schedule), 0);
                Ok(Scheduled::Was(self.connection().run(&SCHEDULE, &postpone).await?))
            }
            Reschedule::Advance { schedule, then_ms, run } => {
                let next = Schedule { next_ms: *then_ms, ..(*schedule).clone() };
                let mut advance = put(&next, Some(schedule), 13);
                push_run(&mut advance, run);
                push_fields(&mut advance, run);
                let done = self.connection().run::<Value>(&SCHEDULE, &advance).await;
                let done = done.map_err(|err| no_version(err, std::slice::from_ref(run)))?;
                let started = match done {
                    Value::Int(_) => None,
                    done => {
                        let (id, new): (String, bool) = read(&done)?;
                        let id = id.parse().map_err(|_| malformed(&id, "its id"))?;
                        Some(Started { id, new })
                    }
                };
                Ok(Scheduled::Started(started))
            }
        }
    }
}

/// The lists of a partition that have what `list` asks for, each by its kind and name.
fn lists(list: &List<'_>) -> Vec<(char, String)> {
    if let Some(user) = list.user {
        return vec![('u', user.to_owned())];
    }
    let workflows = list.workflows.iter();
    match list.status {
        None => workflows.map(|workflow| ('a', workflow.clone())).collect(),
        Some(status) => workflows.map(|workflow| ('i', format!("{status} {workflow}"))).collect(),
    }
}

/// A call that reads one of those.
fn page(
    scope: &Scope,
    partition: u8,
    list: &List<'_>,
    limit: u32,
    (kind, name): (char, &str),
) -> Cmd {
    let mut page = call(&LIST, scope, partition, 8 + list.workflows.len(), 256);
    let until = list.until_ms.saturating_sub(1);
    let (until, id) = match list.after {
        Some(after) if after.created_ms <= until => (after.created_ms, after.id.as_str()),
        _ => (until, ""),
    };
    page.arg(kind.to_string()).arg(name).arg(list.since_ms).arg(until).arg(id);
    page.arg(limit).arg(LOOKS).arg(list.status.map_or("", |status| status.name()));
    page.arg(list.workflows);
    page
}

fn snapshot(run: &RunId, value: &Value) -> Result<Option<Snapshot>, StoreError> {
    if matches!(value, Value::Nil | Value::Boolean(false)) {
        return Ok(None);
    }
    let (fields, events, first, last) = read(value)?;
    let head = read_head(run.clone(), fields)?;
    Ok(Some(Snapshot { head, events, first, last }))
}

/// A version from its field: `status first last source`.
fn version(workflow: &str, digest: &str, text: &str) -> Option<Version> {
    let mut parts = text.splitn(4, ' ');
    let status = parts.next()?;
    Some(Version {
        workflow: workflow.to_owned(),
        digest: format!("sha256:{digest}").parse().ok()?,
        status: VersionStatus::ALL.into_iter().find(|known| known.name() == status)?,
        first_ms: parts.next()?.parse().ok()?,
        last_ms: parts.next()?.parse().ok()?,
        source: parts.next()?.to_owned(),
    })
}
