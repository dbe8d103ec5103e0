//! What the methods of the embedded store share: a run's row, and what happens to it.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, Sqlite as Db, SqliteConnection, Transaction, query, query_as, query_scalar};

use super::super::log::{CancelAsked, ChildEnded, ChildEnding, Event, Failure, Json, Started};
use super::super::store::StoreError;
use super::super::{HISTORY_BYTES_MAX, RETENTION_MS, RunId};
use super::super::{Head, Queue, Status};
use crate::digest::Digest;
use crate::grant::Scope;
use crate::sqlite::{Sqlite, signed, unsigned};

/// The `seq` of a body, where a function has its call's.
pub(in crate::workflow) const BODY: i64 = -1;

/// One transaction, at one time.
pub(in crate::workflow) struct Change<'a> {
    pub(in crate::workflow) tx: Transaction<'static, Db>,
    pub(in crate::workflow) now_ms: i64,
    pub(in crate::workflow) scope: &'a Scope,
    file: &'a Sqlite,
    /// Whether there is something for workers to do or to hear.
    wakes: bool,
}

/// What of a run's row decides what may be done to it.
pub(in crate::workflow) struct Run {
    pub(in crate::workflow) row: i64,
    pub(in crate::workflow) id: String,
    pub(in crate::workflow) workflow: String,
    pub(in crate::workflow) status: Status,
    pub(in crate::workflow) events: u32,
    pub(in crate::workflow) bytes: i64,
}

/// A run that begins.
pub(in crate::workflow) struct Newborn<'a> {
    pub(in crate::workflow) id: &'a str,
    pub(in crate::workflow) workflow: &'a str,
    pub(in crate::workflow) digest: &'a str,
    pub(in crate::workflow) input: &'a Json,
    pub(in crate::workflow) key: Option<&'a str>,
    pub(in crate::workflow) user: Option<&'a str>,
    pub(in crate::workflow) parent: Option<(&'a str, u32)>,
    pub(in crate::workflow) depth: u32,
    pub(in crate::workflow) priority: u8,
    pub(in crate::workflow) timeout_ms: Option<u64>,
    pub(in crate::workflow) delay_ms: u64,
    pub(in crate::workflow) retention_ms: Option<u64>,
}

impl<'a> Change<'a> {
    pub(in crate::workflow) async fn begin(
        file: &'a Sqlite,
        scope: &'a Scope,
    ) -> Result<Self, StoreError> {
        let tx = file.write().await?;
        Ok(Self { tx, now_ms: signed(file.clock().millis()), scope, file, wakes: false })
    }

    pub(in crate::workflow) async fn commit(self) -> Result<(), StoreError> {
        self.tx.commit().await?;
        if self.wakes {
            self.file.posted().notify_waiters();
        }
        Ok(())
    }

    /// Wakes workers when this is committed.
    pub(in crate::workflow) fn wake(&mut self) {
        self.wakes = true;
    }

    /// When `ms` from now is.
    pub(in crate::workflow) fn after(&self, ms: u64) -> i64 {
        self.now_ms.saturating_add(signed(ms))
    }

    /// The run of this id, if it is there.
    pub(in crate::workflow) async fn find(&mut self, id: &str) -> Result<Option<Run>, StoreError> {
        let sql = "SELECT row, id, workflow, status, events, bytes FROM workflow_run WHERE scope = ? AND id = ?";
        let row = query(sql).bind(self.scope.path()).bind(id).fetch_optional(&mut *self.tx).await?;
        row.as_ref().map(run).transpose()
    }

    /// The run of this row.
    pub(in crate::workflow) async fn run(&mut self, row: i64) -> Result<Run, StoreError> {
        let sql = "SELECT row, id, workflow, status, events, bytes FROM workflow_run WHERE row = ?";
        run(&query(sql).bind(row).fetch_one(&mut *self.tx).await?)
    }

    /// The digest of the version that runs of `workflow` are pinned to, if it has one.
    pub(in crate::workflow) async fn version(
        &mut self,
        workflow: &str,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT digest FROM workflow_version
            WHERE scope = ? AND workflow = ? AND status = 'active'
            ORDER BY first_ms DESC, digest DESC LIMIT 1";
        let digest = query_scalar(sql).bind(self.scope.path()).bind(workflow);
        Ok(digest.fetch_optional(&mut *self.tx).await?)
    }

    /// Begins a run.
    pub(in crate::workflow) async fn bear(&mut self, new: &Newborn<'_>) -> Result<(), StoreError> {
        let sql = "INSERT INTO workflow_run (scope, id, workflow, digest, status, user, key, parent, parent_seq, depth, priority, created_ms, updated_ms, retention_ms, held)
            VALUES (?1, ?2, ?3, ?4, 'running', ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?11, ?12, ?13) RETURNING row";
        let row: i64 = query_scalar(sql)
            .bind(self.scope.path())
            .bind(new.id)
            .bind(new.workflow)
            .bind(new.digest)
            .bind(new.user)
            .bind(new.key)
            .bind(new.parent.map(|(id, _)| id))
            .bind(new.parent.map(|(_, seq)| seq))
            .bind(new.depth)
            .bind(new.priority)
            .bind(self.now_ms)
            .bind(signed(new.retention_ms.unwrap_or(RETENTION_MS)))
            .bind(new.delay_ms > 0)
            .fetch_one(&mut *self.tx)
            .await?;
        let started = Event::Started(Started { input: new.input.clone(), generation: 0 });
        self.append(row, &started).await?;
        if let Some(ms) = new.timeout_ms {
            self.due(row, "time", BODY, self.after(ms)).await?;
        }
        if new.delay_ms > 0 {
            return self.due(row, "body", BODY, self.after(new.delay_ms)).await;
        }
        self.ready(row).await
    }

    /// Appends an event.
    pub(in crate::workflow) async fn append(
        &mut self,
        row: i64,
        event: &Event,
    ) -> Result<u32, StoreError> {
        let entry = format!("{} {}", self.now_ms, event.encode());
        let sql = "UPDATE workflow_run SET events = events + 1, bytes = bytes + ?,
            updated_ms = ? WHERE row = ? RETURNING events - 1";
        let number: u32 = query_scalar(sql)
            .bind(signed(entry.len() as u64))
            .bind(self.now_ms)
            .bind(row)
            .fetch_one(&mut *self.tx)
            .await?;
        query("INSERT INTO workflow_event VALUES (?, ?, ?)")
            .bind(row)
            .bind(number)
            .bind(entry)
            .execute(&mut *self.tx)
            .await?;
        Ok(number)
    }

    /// Appends an event, and lets the run's body hear of it.
    pub(in crate::workflow) async fn tell(
        &mut self,
        row: i64,
        event: &Event,
    ) -> Result<(), StoreError> {
        self.append(row, event).await?;
        self.ready(row).await
    }

    /// Puts a body into its queue, unless some worker has it, or it is held: its delay is not
    /// over, or it failed.
    pub(in crate::workflow) async fn ready(&mut self, row: i64) -> Result<(), StoreError> {
        // Who has it hears of it.
        self.wakes = true;
        let sql = "SELECT workflow, digest FROM workflow_run WHERE row = ?1 AND NOT held
            AND ended_ms IS NULL
            AND NOT EXISTS (SELECT 1 FROM workflow_lease WHERE run = ?1 AND seq = -1)";
        let found: Option<(String, String)> =
            query_as(sql).bind(row).fetch_optional(&mut *self.tx).await?;
        let Some((workflow, digest)) = found else { return Ok(()) };
        let digest = digest.parse().map_err(|_| malformed(&row.to_string(), "its version"))?;
        self.enqueue(row, BODY, &Queue::Bodies(workflow, digest)).await
    }

    /// Puts work into its queue, unless it is there.
    pub(in crate::workflow) async fn enqueue(
        &mut self,
        row: i64,
        seq: i64,
        queue: &Queue,
    ) -> Result<(), StoreError> {
        self.wakes = true;
        let sql = "INSERT OR IGNORE INTO workflow_queue (scope, queue, score, run, seq)
            SELECT scope, ?2, ?3 - 60000 * priority, row, ?4 FROM workflow_run WHERE row = ?1";
        let put = query(sql).bind(row).bind(queue.name()).bind(self.now_ms).bind(seq);
        put.execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Sets when something of a run is due.
    pub(in crate::workflow) async fn due(
        &mut self,
        row: i64,
        kind: &'static str,
        seq: i64,
        due_ms: i64,
    ) -> Result<(), StoreError> {
        self.wakes = true;
        query("INSERT OR REPLACE INTO workflow_due VALUES (?, ?, ?, ?, ?)")
            .bind(row)
            .bind(kind)
            .bind(seq)
            .bind(self.scope.path())
            .bind(due_ms)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// Runs a statement that takes a run's row alone.
    pub(in crate::workflow) async fn on(
        &mut self,
        row: i64,
        sql: &'static str,
    ) -> Result<(), StoreError> {
        query(sql).bind(row).execute(&mut *self.tx).await?;
        Ok(())
    }

    /// Asks a run to cancel, and its children. False if it was asked before, or has ended.
    pub(in crate::workflow) async fn cancel(
        &mut self,
        run: &Run,
        reason: &str,
        timeout: bool,
    ) -> Result<bool, StoreError> {
        if !matches!(run.status, Status::Running | Status::Suspended) {
            return Ok(false);
        }
        self.on(run.row, "DELETE FROM workflow_due WHERE run = ? AND kind = 'body'").await?;
        self.on(run.row, "UPDATE workflow_run SET status = 'cancelling', held = 0 WHERE row = ?")
            .await?;
        let asked = CancelAsked { reason: reason.to_owned(), timeout };
        self.tell(run.row, &Event::CancelAsked(asked)).await?;
        self.cancel_children(run.row).await?;
        Ok(true)
    }

    /// Children that a run waits for are due to be cancelled.
    async fn cancel_children(&mut self, row: i64) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO workflow_due
            SELECT run.row, 'cancel', -1, run.scope, ?3 FROM workflow_child child
            CROSS JOIN workflow_run run ON run.scope = ?2 AND run.id = child.child
            WHERE child.run = ?1 AND run.ended_ms IS NULL";
        let due = query(sql).bind(row).bind(self.scope.path()).bind(self.now_ms);
        self.wakes |= due.execute(&mut *self.tx).await?.rows_affected() > 0;
        Ok(())
    }

    /// What a run waits for is gone.
    pub(in crate::workflow) async fn close(&mut self, row: i64) -> Result<(), StoreError> {
        self.cancel_children(row).await?;
        // All at once: each statement by itself is a turn of the thread that has the file.
        let all = "DELETE FROM workflow_child WHERE run = ?1;
            DELETE FROM workflow_approval WHERE run = ?1;
            DELETE FROM workflow_function WHERE run = ?1;
            DELETE FROM workflow_queue WHERE run = ?1;
            DELETE FROM workflow_lease WHERE run = ?1;
            DELETE FROM workflow_due WHERE run = ?1
                AND kind IN ('approval', 'body', 'function', 'timer')";
        self.on(row, all).await
    }

    /// Ends a run, whose last event is appended, and tells its parent.
    pub(in crate::workflow) async fn finish(
        &mut self,
        row: i64,
        status: Status,
        ending: ChildEnding,
    ) -> Result<(), StoreError> {
        self.close(row).await?;
        self.on(row, "DELETE FROM workflow_due WHERE run = ? AND kind <> 'drop'").await?;
        let sql = "UPDATE workflow_run SET status = ?2, ended_ms = ?3, held = 0, waits = NULL
            WHERE row = ?1 RETURNING id, parent, parent_seq, retention_ms";
        let (id, parent, seq, retention_ms): (String, Option<String>, Option<u32>, i64) =
            query_as(sql)
                .bind(row)
                .bind(status.name())
                .bind(self.now_ms)
                .fetch_one(&mut *self.tx)
                .await?;
        self.due(row, "retention", BODY, self.after(unsigned(retention_ms))).await?;
        let (Some(parent), Some(seq)) = (parent, seq) else { return Ok(()) };
        let Some(parent) = self.find(&parent).await? else { return Ok(()) };
        // The call of this number may be another's, since the parent began anew.
        let open = query("DELETE FROM workflow_child WHERE run = ? AND seq = ? AND child = ?");
        let open = open.bind(parent.row).bind(seq).bind(id).execute(&mut *self.tx).await?;
        if open.rows_affected() == 0 {
            return Ok(());
        }
        let told = Event::ChildEnded(ChildEnded { seq, ending });
        if parent.has_room(&told, HISTORY_BYTES_MAX).is_ok() {
            return self.tell(parent.row, &told).await;
        }
        let why = "its parent has no room for how it ended";
        let ending = ChildEnding::Failed(Failure::ours("history-full", why.to_owned()));
        self.tell(parent.row, &Event::ChildEnded(ChildEnded { seq, ending })).await
    }

    /// Ends a run without its body.
    pub(in crate::workflow) async fn stop(&mut self, row: i64) -> Result<(), StoreError> {
        self.append(row, &Event::Cancelled {}).await?;
        self.finish(row, Status::Cancelled, ChildEnding::Cancelled {}).await
    }

    /// Deletes a run that has ended; its children are to follow.
    pub(in crate::workflow) async fn delete(&mut self, run: &Run) -> Result<(), StoreError> {
        let sql = "INSERT OR REPLACE INTO workflow_due
            SELECT row, 'drop', -1, scope, ?3 FROM workflow_run WHERE scope = ?1 AND parent = ?2";
        let due = query(sql).bind(self.scope.path()).bind(&run.id).bind(self.now_ms);
        self.wakes |= due.execute(&mut *self.tx).await?.rows_affected() > 0;
        self.on(run.row, "DELETE FROM workflow_run WHERE row = ?").await
    }
}

/// Entries of a history from one on, before another.
pub(in crate::workflow) async fn entries(
    file: &mut SqliteConnection,
    row: i64,
    from: u32,
    to: u32,
) -> Result<Vec<String>, sqlx::Error> {
    if from >= to {
        return Ok(Vec::new());
    }
    let sql = "SELECT entry FROM workflow_event WHERE run = ? AND number >= ? AND number < ? ORDER BY number";
    query_scalar(sql).bind(row).bind(from).bind(to).fetch_all(file).await
}

/// What is kept of a run beside its history, of a row of `workflow_head`.
pub(in crate::workflow) fn head(row: &SqliteRow) -> Result<Head, StoreError> {
    let id: String = row.try_get("id")?;
    let fail = |what| malformed(&id, what);
    let parse = |id: String| id.parse::<RunId>().map_err(|_| fail("its id, or its parent's"));
    let digest: String = row.try_get("digest")?;
    let digest: Digest = digest.parse().map_err(|_| fail("its version"))?;
    let parent: Option<String> = row.try_get("parent")?;
    let parent_seq: Option<u32> = row.try_get("parent_seq")?;
    let ended_ms: Option<i64> = row.try_get("ended_ms")?;
    Ok(Head {
        id: parse(id.clone())?,
        workflow: row.try_get("workflow")?,
        digest,
        status: status(row, &id)?,
        generation: row.try_get("generation")?,
        user: row.try_get("user")?,
        key: row.try_get("key")?,
        parent: parent.map(parse).transpose()?.zip(parent_seq),
        priority: row.try_get("priority")?,
        created_ms: unsigned(row.try_get("created_ms")?),
        updated_ms: unsigned(row.try_get("updated_ms")?),
        ended_ms: ended_ms.map(unsigned),
        lost: row.try_get("lost")?,
        failures: row.try_get("failures")?,
        waits: row.try_get("waits")?,
        worker: row.try_get("worker")?,
    })
}

pub(in crate::workflow) fn run(row: &SqliteRow) -> Result<Run, StoreError> {
    let id: String = row.try_get("id")?;
    let status = status(row, &id)?;
    let (workflow, events) = (row.try_get("workflow")?, row.try_get("events")?);
    let (row, bytes) = (row.try_get("row")?, row.try_get("bytes")?);
    Ok(Run { row, id, workflow, status, events, bytes })
}

fn status(row: &SqliteRow, id: &str) -> Result<Status, StoreError> {
    let name: String = row.try_get("status")?;
    name.parse().map_err(|()| malformed(id, "its status"))
}

pub(in crate::workflow) fn malformed(run: &str, what: &'static str) -> StoreError {
    StoreError::Malformed { run: run.to_owned(), what }
}

impl From<sqlx::Error> for StoreError {
    fn from(err: sqlx::Error) -> Self {
        Self::Unavailable(err.into())
    }
}
