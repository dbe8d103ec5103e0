//! What is seen and done from outside of a run, in the embedded file.

use sqlx::sqlite::SqliteRow;
use sqlx::{Connection as _, Row as _, query, query_as, query_scalar};

use super::super::change::sqlite::{Change, Run, entries, head, malformed};
use super::super::log::{ApprovalDecided, Event, Of, Signalled};
use super::super::sqlite::SqliteStore;
use super::super::store::StoreError;
use super::super::{
    EVENT_BYTES_SHORT, HISTORY_BYTES_MAX, HISTORY_BYTES_OUTSIDE, SIGNAL_KEYS_MAX, SIGNALS_MAX,
};
use super::super::{Input, Sent, Status};
use super::{
    Control, List, Page, Place, Reschedule, RunId, Scheduled, Snapshot, Version, VersionStatus,
};
use crate::digest::Digest;
use crate::grant::Scope;
use crate::sqlite::{signed, unsigned};

/// Most runs that one page looks at.
const LOOKED_MAX: u32 = 1_000;

impl Control for SqliteStore {
    async fn send(
        &self,
        scope: &Scope,
        run: &RunId,
        workflow: Option<&str>,
        input: &Input,
    ) -> Result<Sent, StoreError> {
        let send = async |change: &mut Change<'_>| {
            let run = change.find(run.as_str()).await?;
            let run = run.filter(|run| workflow.is_none_or(|workflow| workflow == run.workflow));
            let run = run.ok_or(StoreError::NotFound)?;
            let taken = change.send(&run, input).await?;
            Ok(Sent { taken })
        };
        self.change(scope, send).await
    }

    async fn get(
        &self,
        scope: &Scope,
        runs: &[RunId],
    ) -> Result<Vec<Option<Snapshot>>, StoreError> {
        let read = async {
            let mut file = self.file.read().await?;
            // One snapshot for all statements: a writer may come between them.
            let mut tx = file.begin().await?;
            let mut found = Vec::with_capacity(runs.len());
            for id in runs {
                let sql = "SELECT * FROM workflow_head WHERE scope = ? AND id = ?";
                let row = query(sql).bind(scope.path()).bind(id.as_str());
                let Some(row) = row.fetch_optional(&mut *tx).await? else {
                    found.push(None);
                    continue;
                };
                let (head, events) = (head(&row)?, row.try_get::<u32, _>("events")?);
                let row = row.try_get("row")?;
                let mut ends = entries(&mut tx, row, 0, 1).await?;
                ends.extend(entries(&mut tx, row, events.saturating_sub(1), events).await?);
                let last = ends.pop().ok_or_else(|| malformed(id.as_str(), "its history"))?;
                let first = ends.pop().ok_or_else(|| malformed(id.as_str(), "its history"))?;
                found.push(Some(Snapshot { head, events, first, last }));
            }
            Ok(found)
        };
        self.file.within(read).await
    }

    async fn history(
        &self,
        scope: &Scope,
        run: &RunId,
        since: u32,
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let sql = "SELECT event.entry FROM workflow_run run
            JOIN workflow_event event ON event.run = run.row
            WHERE run.scope = ? AND run.id = ? AND event.number >= ? AND event.number < ?
            ORDER BY event.number";
        let read = async {
            let entries = query_scalar(sql)
                .bind(scope.path())
                .bind(run.as_str())
                .bind(since)
                .bind(since.saturating_add(limit));
            Ok(entries.fetch_all(&mut *self.file.read().await?).await?)
        };
        self.file.within(read).await
    }

    async fn list(&self, scope: &Scope, list: &List<'_>, limit: u32) -> Result<Page, StoreError> {
        let sql = "SELECT * FROM workflow_head WHERE scope = ?1 AND workflow = ?2
            AND created_ms >= ?3 AND created_ms < ?4 AND (created_ms, id) < (?5, ?6)
            ORDER BY created_ms DESC, id DESC LIMIT ?7";
        let filtered = list.status.is_some() || list.user.is_some();
        let most = if filtered { LOOKED_MAX } else { limit.saturating_add(1).min(LOOKED_MAX) };
        let after = list.after.map_or((i64::MAX, ""), |at| (signed(at.created_ms), at.id.as_str()));
        // So that the index leads to the place, and not past all that is before it.
        let until = signed(list.until_ms).min(after.0.saturating_add(1));
        let read = async {
            let mut file = self.file.read().await?;
            let mut tx = file.begin().await?;
            let mut rows = Vec::new();
            for workflow in list.workflows {
                let found = query(sql)
                    .bind(scope.path())
                    .bind(workflow)
                    .bind(signed(list.since_ms))
                    .bind(until)
                    .bind(after.0)
                    .bind(after.1)
                    .bind(most);
                rows.extend(found.fetch_all(&mut *tx).await?);
            }
            page(&rows, list, limit, most)
        };
        self.file.within(read).await
    }

    async fn delete(
        &self,
        scope: &Scope,
        run: &RunId,
        workflow: Option<&str>,
    ) -> Result<bool, StoreError> {
        let delete = async |change: &mut Change<'_>| {
            let run = change.find(run.as_str()).await?;
            let run = run.filter(|run| workflow.is_none_or(|workflow| workflow == run.workflow));
            let Some(run) = run else { return Ok(false) };
            if !run.status.is_end() {
                return Err(StoreError::Illegal(run.status));
            }
            change.delete(&run).await?;
            Ok(true)
        };
        self.change(scope, delete).await
    }

    async fn versions(&self, scope: &Scope) -> Result<Vec<Version>, StoreError> {
        let sql = "SELECT * FROM workflow_version WHERE scope = ?
            ORDER BY workflow, first_ms DESC, digest DESC";
        let read = async {
            let rows = query(sql).bind(scope.path());
            let rows = rows.fetch_all(&mut *self.file.read().await?).await?;
            rows.iter().map(version).collect()
        };
        self.file.within(read).await
    }

    async fn set_version(
        &self,
        scope: &Scope,
        workflow: &str,
        digest: Digest,
        status: VersionStatus,
    ) -> Result<bool, StoreError> {
        let sql = "UPDATE workflow_version SET status = ? WHERE scope = ? AND workflow = ? AND digest = ?";
        let set = async |change: &mut Change<'_>| {
            let set = query(sql)
                .bind(status.name())
                .bind(scope.path())
                .bind(workflow)
                .bind(digest.to_string());
            Ok(set.execute(&mut *change.tx).await?.rows_affected() > 0)
        };
        self.change(scope, set).await
    }

    async fn schedule(
        &self,
        scope: &Scope,
        change: &Reschedule<'_>,
    ) -> Result<Scheduled, StoreError> {
        self.change(scope, async |tx: &mut Change<'_>| tx.reschedule(change).await).await
    }
}

impl Run {
    /// Fails if its history has no room for an event. For a short one it always has.
    pub(in crate::workflow) fn has_room(&self, event: &Event, max: u64) -> Result<(), StoreError> {
        let length = event.encode().len();
        let bytes = unsigned(self.bytes) + length as u64;
        if length <= EVENT_BYTES_SHORT || bytes <= max {
            Ok(())
        } else {
            Err(StoreError::history_full(max))
        }
    }
}

impl Change<'_> {
    /// Brings something to a run. Whether it was taken.
    async fn send(&mut self, run: &Run, input: &Input) -> Result<bool, StoreError> {
        let illegal = || Err(StoreError::Illegal(run.status));
        match input {
            Input::Retry { seq, events, cancelling } => {
                let ended = matches!(run.status, Status::Failed | Status::Cancelled);
                if !ended || run.events != *events {
                    return illegal();
                }
                self.on(run.row, "DELETE FROM workflow_due WHERE run = ? AND kind = 'retention'")
                    .await?;
                let status = if *cancelling { Status::Cancelling } else { Status::Running };
                let sql = "UPDATE workflow_run SET status = ?, ended_ms = NULL, lost = 0,
                    failures = 0 WHERE row = ?";
                let go_on = query(sql).bind(status.name()).bind(run.row);
                go_on.execute(&mut *self.tx).await?;
                self.tell(run.row, &Event::Retried(Of { seq: *seq })).await?;
                Ok(true)
            }
            _ if run.status.is_end() => illegal(),
            Input::Signal { name, payload, key } => {
                let event = Signalled { name: name.clone(), payload: payload.clone() };
                self.signal(run, &Event::Signalled(event), key.as_deref()).await
            }
            Input::Decide { name, decision } => {
                let sql = "DELETE FROM workflow_approval WHERE run = ? AND name = ?
                    AND (expires_ms IS NULL OR expires_ms > ?) RETURNING seq";
                let open = query_scalar(sql).bind(run.row).bind(name).bind(self.now_ms);
                let open: Option<u32> = open.fetch_optional(&mut *self.tx).await?;
                let Some(seq) = open else { return illegal() };
                query("DELETE FROM workflow_due WHERE run = ? AND kind = 'approval' AND seq = ?")
                    .bind(run.row)
                    .bind(seq)
                    .execute(&mut *self.tx)
                    .await?;
                let decided = ApprovalDecided { seq, decision: decision.clone() };
                let decided = Event::ApprovalDecided(decided);
                run.has_room(&decided, HISTORY_BYTES_MAX)?;
                self.tell(run.row, &decided).await?;
                Ok(true)
            }
            Input::Resume if run.status == Status::Suspended => {
                self.on(run.row, "UPDATE workflow_run SET status = 'running' WHERE row = ?")
                    .await?;
                self.tell(run.row, &Event::Resumed {}).await?;
                Ok(true)
            }
            Input::Resume => illegal(),
            Input::Cancel { force: true, .. } => self.stop(run.row).await.map(|()| true),
            Input::Cancel { reason, .. } => self.cancel(run, reason, false).await,
        }
    }

    async fn signal(
        &mut self,
        run: &Run,
        event: &Event,
        key: Option<&str>,
    ) -> Result<bool, StoreError> {
        if let Some(key) = key {
            let sql = "INSERT OR IGNORE INTO workflow_signal_key (run, key) VALUES (?, ?)";
            let put = query(sql).bind(run.row).bind(key).execute(&mut *self.tx).await?;
            if put.rows_affected() == 0 {
                return Ok(false);
            }
            let sql = "DELETE FROM workflow_signal_key WHERE place IN (SELECT place
                FROM workflow_signal_key WHERE run = ? ORDER BY place DESC LIMIT -1 OFFSET ?)";
            query(sql).bind(run.row).bind(SIGNAL_KEYS_MAX).execute(&mut *self.tx).await?;
        }
        let sql = "UPDATE workflow_run SET signals = signals + 1 WHERE row = ? RETURNING signals";
        let (signals,): (u32,) = query_as(sql).bind(run.row).fetch_one(&mut *self.tx).await?;
        if signals > SIGNALS_MAX {
            return Err(StoreError::TooLarge { what: "signals", max: SIGNALS_MAX.into() });
        }
        run.has_room(event, HISTORY_BYTES_OUTSIDE)?;
        self.tell(run.row, event).await?;
        Ok(true)
    }
}

/// A page of rows of some workflows, of each the first, at most so many.
fn page(rows: &[SqliteRow], list: &List<'_>, limit: u32, most: u32) -> Result<Page, StoreError> {
    if limit == 0 {
        return Ok(Page { runs: Vec::new(), next: list.after.cloned() });
    }
    let mut heads = rows.iter().map(head).collect::<Result<Vec<_>, _>>()?;
    heads.sort_by(|a, b| (b.created_ms, b.id.as_str()).cmp(&(a.created_ms, a.id.as_str())));
    // Of a workflow there may be more than were read, so nothing past that many counts.
    let more = heads.len() >= most as usize;
    heads.truncate(most as usize);
    let mut page = Page::default();
    let mut last = None;
    let mut heads = heads.into_iter();
    for head in heads.by_ref() {
        last = Some(Place { created_ms: head.created_ms, id: head.id.to_string() });
        let user = list.user.is_none_or(|user| head.user.as_deref() == Some(user));
        if user && list.status.is_none_or(|status| head.status == status) {
            page.runs.push(head);
        }
        if page.runs.len() >= limit as usize {
            break;
        }
    }
    if more || heads.len() > 0 {
        page.next = last;
    }
    Ok(page)
}

fn version(row: &SqliteRow) -> Result<Version, StoreError> {
    let workflow: String = row.try_get("workflow")?;
    let (digest, status): (String, String) = (row.try_get("digest")?, row.try_get("status")?);
    let status = VersionStatus::ALL.into_iter().find(|known| known.name() == status);
    Ok(Version {
        digest: digest.parse().map_err(|_| malformed(&workflow, "the digest of a version"))?,
        status: status.ok_or_else(|| malformed(&workflow, "the status of a version"))?,
        workflow,
        source: row.try_get("source")?,
        first_ms: unsigned(row.try_get("first_ms")?),
        last_ms: unsigned(row.try_get("last_ms")?),
    })
}
