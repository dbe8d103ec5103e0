//! What is due in the embedded file, and what is taken from its queues.

use sqlx::{query, query_as, query_scalar};

use super::super::change::sqlite::{BODY, Change, Run, entries, head, malformed};
use super::super::log::{Event, Lost, Of};
use super::super::store::StoreError;
use super::super::{LOOK_BYTES_MAX, Lease, Queue, Take, Taken, Task, Work};
use crate::sqlite::unsigned;

/// Most leases that one call ends, and most that is due that it does: so that it is short.
const DUE_MAX: u32 = 64;

impl Change<'_> {
    /// Does what is due, and takes work.
    pub(in crate::workflow) async fn take(&mut self, take: &Take<'_>) -> Result<Taken, StoreError> {
        self.end_leases().await?;
        self.do_due().await?;
        let mut taken = Taken::default();
        let mut bytes = 0;
        for (queue, most) in take.queues {
            let sql = "SELECT run, seq FROM workflow_queue WHERE scope = ? AND queue = ?
                ORDER BY score, place LIMIT ?";
            let found: Vec<(i64, i64)> = query_as(sql)
                .bind(self.scope.path())
                .bind(queue.name())
                .bind(most)
                .fetch_all(&mut *self.tx)
                .await?;
            for (row, seq) in found {
                if bytes >= LOOK_BYTES_MAX {
                    // There may be more.
                    taken.due_ms = Some(0);
                    return Ok(taken);
                }
                let token = format!("{}{:04}", take.nonce, taken.work.len());
                let work = self.lease(row, seq, token, take).await?;
                if let Work::Body { entries, .. } = &work {
                    bytes += entries.iter().map(|entry| entry.len() as u64).sum::<u64>();
                }
                taken.work.push(work);
            }
        }
        taken.due_ms = self.due_in().await?;
        Ok(taken)
    }

    /// Ends leases that have run out.
    async fn end_leases(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT run, seq, worker FROM workflow_lease WHERE scope = ? AND expires_ms <= ?
            ORDER BY expires_ms LIMIT ?";
        let ended: Vec<(i64, i64, String)> = query_as(sql)
            .bind(self.scope.path())
            .bind(self.now_ms)
            .bind(DUE_MAX)
            .fetch_all(&mut *self.tx)
            .await?;
        for (row, seq, worker) in ended {
            query("DELETE FROM workflow_lease WHERE run = ? AND seq = ?")
                .bind(row)
                .bind(seq)
                .execute(&mut *self.tx)
                .await?;
            let Ok(call) = u32::try_from(seq) else {
                self.on(row, "UPDATE workflow_run SET lost = lost + 1 WHERE row = ?").await?;
                self.tell(row, &Event::Lost(Lost { seq: None, worker })).await?;
                continue;
            };
            self.append(row, &Event::Lost(Lost { seq: Some(call), worker })).await?;
            query("UPDATE workflow_function SET lost = lost + 1 WHERE run = ? AND seq = ?")
                .bind(row)
                .bind(seq)
                .execute(&mut *self.tx)
                .await?;
            self.enqueue_function(row, seq).await?;
        }
        Ok(())
    }

    async fn enqueue_function(&mut self, row: i64, seq: i64) -> Result<(), StoreError> {
        let sql = "SELECT name FROM workflow_function WHERE run = ? AND seq = ?";
        let name: Option<String> =
            query_scalar(sql).bind(row).bind(seq).fetch_optional(&mut *self.tx).await?;
        let Some(name) = name else { return Ok(()) };
        self.enqueue(row, seq, &Queue::Function(name)).await
    }

    /// Does what is due.
    async fn do_due(&mut self) -> Result<(), StoreError> {
        let sql = "SELECT run, kind, seq FROM workflow_due WHERE scope = ? AND due_ms <= ?
            ORDER BY due_ms, run, seq LIMIT ?";
        let due: Vec<(i64, String, i64)> = query_as(sql)
            .bind(self.scope.path())
            .bind(self.now_ms)
            .bind(DUE_MAX)
            .fetch_all(&mut *self.tx)
            .await?;
        for (row, kind, seq) in due {
            // What came before may have ended it.
            let still = query("DELETE FROM workflow_due WHERE run = ? AND kind = ? AND seq = ?");
            let still = still.bind(row).bind(&kind).bind(seq).execute(&mut *self.tx).await?;
            if still.rows_affected() > 0 {
                let run = self.run(row).await?;
                self.fire(&run, &kind, seq).await?;
            }
        }
        Ok(())
    }

    async fn fire(&mut self, run: &Run, kind: &str, seq: i64) -> Result<(), StoreError> {
        let of = Of { seq: u32::try_from(seq).unwrap_or(0) };
        match kind {
            "timer" => self.tell(run.row, &Event::TimerFired(of)).await,
            "approval" => {
                query("DELETE FROM workflow_approval WHERE run = ? AND seq = ?")
                    .bind(run.row)
                    .bind(seq)
                    .execute(&mut *self.tx)
                    .await?;
                self.tell(run.row, &Event::ApprovalExpired(of)).await
            }
            "body" => {
                self.on(run.row, "UPDATE workflow_run SET held = 0 WHERE row = ?").await?;
                self.ready(run.row).await
            }
            "function" => self.enqueue_function(run.row, seq).await,
            "time" => self.cancel(run, "its time is up", true).await.map(drop),
            "cancel" => self.cancel(run, "its parent has ended", false).await.map(drop),
            "drop" => {
                if !run.status.is_end() {
                    self.stop(run.row).await?;
                }
                self.delete(run).await
            }
            "retention" => self.delete(run).await,
            _ => Err(malformed(&run.id, "what is due")),
        }
    }

    /// Gives a worker what was first in a queue.
    async fn lease(
        &mut self,
        row: i64,
        seq: i64,
        token: String,
        take: &Take<'_>,
    ) -> Result<Work, StoreError> {
        query("DELETE FROM workflow_queue WHERE run = ? AND seq = ?")
            .bind(row)
            .bind(seq)
            .execute(&mut *self.tx)
            .await?;
        query("INSERT INTO workflow_lease VALUES (?, ?, ?, ?, ?, ?)")
            .bind(row)
            .bind(seq)
            .bind(self.scope.path())
            .bind(&token)
            .bind(take.worker)
            .bind(self.after(take.lease_ms))
            .execute(&mut *self.tx)
            .await?;
        if seq == BODY { self.body(row, token).await } else { self.task(row, seq, token).await }
    }

    async fn body(&mut self, row: i64, token: String) -> Result<Work, StoreError> {
        self.on(row, "UPDATE workflow_run SET waits = NULL WHERE row = ?").await?;
        self.on(row, "DELETE FROM workflow_due WHERE run = ? AND kind = 'body'").await?;
        let found = query("SELECT * FROM workflow_head WHERE row = ?").bind(row);
        let head = head(&found.fetch_one(&mut *self.tx).await?)?;
        let entries = entries(&mut self.tx, row, 0, u32::MAX).await?;
        let lease = Lease { run: head.id.clone(), seq: None, token };
        Ok(Work::Body { lease, head, entries, now_ms: unsigned(self.now_ms) })
    }

    async fn task(&mut self, row: i64, seq: i64, token: String) -> Result<Work, StoreError> {
        let sql = "UPDATE workflow_function SET attempt = attempt + 1 WHERE run = ? AND seq = ?
            RETURNING attempt, lost, number";
        let (attempt, lost, number): (u32, u32, u32) =
            query_as(sql).bind(row).bind(seq).fetch_one(&mut *self.tx).await?;
        let found = query("SELECT * FROM workflow_head WHERE row = ?").bind(row);
        let head = head(&found.fetch_one(&mut *self.tx).await?)?;
        let mut entry = entries(&mut self.tx, row, number, number + 1).await?;
        let entry = entry.pop().ok_or_else(|| malformed(head.id.as_str(), "a function"))?;
        let call = u32::try_from(seq).map_err(|_| malformed(head.id.as_str(), "a call"))?;
        Ok(Work::Function(Task {
            lease: Lease { run: head.id, seq: Some(call), token },
            workflow: head.workflow,
            generation: head.generation,
            user: head.user,
            attempt,
            lost,
            entry,
        }))
    }

    /// In how many milliseconds more is due.
    async fn due_in(&mut self) -> Result<Option<u64>, StoreError> {
        let mut first: Option<i64> = None;
        for sql in [
            "SELECT min(expires_ms) FROM workflow_lease WHERE scope = ?",
            "SELECT min(due_ms) FROM workflow_due WHERE scope = ?",
            "SELECT min(next_ms) FROM workflow_schedule WHERE scope = ?",
        ] {
            let at: Option<i64> =
                query_scalar(sql).bind(self.scope.path()).fetch_one(&mut *self.tx).await?;
            first = first.into_iter().chain(at).min();
        }
        Ok(first.map(|at| unsigned(at.saturating_sub(self.now_ms))))
    }
}
