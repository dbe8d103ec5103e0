//! What is seen of runs.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};

use super::{
    BATCH_MAX, Error, Filter, Info, NAME_BYTES_MAX, PAGE_MAX, PATIENCE_MS_MAX, Page, Runs, within,
};
use crate::error::Refused;
use crate::workflow::bus::{Listening, Note, Topic};
use crate::workflow::control::{Control as _, List, Place, Snapshot, Version};
use crate::workflow::log::{Event, Malformed, Recorded};
use crate::workflow::{RunId, Store as _};

/// Most events that are read at a time of a whole history.
const HISTORY_MAX: u32 = 20_000;

/// A version whose workers have said nothing for so long is served by none: they say so three
/// times in it.
const SERVED_MS: u64 = 30_000;

/// The growth of a run's history, as long as there is time.
struct Growth {
    notes: mpsc::UnboundedReceiver<Note>,
    end: Instant,
    over: bool,
    _listening: Listening,
}

impl Runs {
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

    /// All entries of a run's history, as [`Recorded::decode`] reads them.
    pub async fn entries(&self, id: &str) -> Result<Vec<String>, Error> {
        self.history(id, 0, HISTORY_MAX).await
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
