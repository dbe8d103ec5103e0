//! What a body or a function has done, in the embedded file.

use sqlx::{Row as _, query, query_as};

use super::super::RunId;
use super::super::change::sqlite::{BODY, Change, Newborn, Run, entries, malformed, run};
use super::super::effect::state_size;
use super::super::log::{ChildEnded, ChildEnding, ChildStarted, Event, Failure};
use super::super::sqlite::seq;
use super::super::store::StoreError;
use super::super::{DEPTH_MAX, Effect, Lease, Queue, Then, Write, Written};
use super::super::{HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX, STATE_BYTES_FULL, STATE_PARTS_FULL};
use crate::sqlite::{signed, unsigned};

/// The last write under a lease.
struct Wrote {
    token: Option<String>,
    number: i64,
    at_ms: i64,
    base: u32,
    released: bool,
    /// Whether the lease is what it was.
    held: bool,
    /// When the event was recorded that the worker has seen last.
    seen_ms: Option<u64>,
}

/// What became of a body by its events.
#[derive(PartialEq, Eq)]
enum Became {
    /// It goes on.
    Same,
    /// The run has ended, or begins anew.
    Over,
}

impl Change<'_> {
    /// Appends what a body has done.
    pub(in crate::workflow) async fn write(
        &mut self,
        lease: &Lease,
        write: &Write<'_>,
    ) -> Result<Written, StoreError> {
        let (run, wrote) = self.wrote(lease, write.seen).await?.ok_or(StoreError::Fenced)?;
        let ours = wrote.token.as_ref() == Some(&lease.token);
        if ours && wrote.number == signed(write.number) {
            let news = entries(&mut self.tx, run.row, write.seen, wrote.base).await?;
            return Ok(Written { news, at_ms: unsigned(wrote.at_ms), released: wrote.released });
        }
        let next = if ours { wrote.number + 1 } else { 1 };
        let known = wrote.held && wrote.seen_ms == Some(write.seen_ms);
        if lease.seq.is_some() || !known || next != signed(write.number) {
            return Err(StoreError::Fenced);
        }
        let news = entries(&mut self.tx, run.row, write.seen, run.events).await?;
        let at_ms = unsigned(self.now_ms);
        let anew = write.events.iter().any(|event| matches!(event, Event::Continued(_)));
        if anew && !news.is_empty() {
            // It counts, though nothing is done: the next write has the next number.
            self.remember(run.row, lease, write.number, run.events, false, false).await?;
            return Ok(Written { news, at_ms, released: false });
        }
        self.has_room_for_state(run.row, write.events).await?;
        let (became, told) = self.done(&run, write.events).await?;
        let released = match became {
            Became::Over => true,
            Became::Same => self.then(run.row, &write.then, news.is_empty() && !told).await?,
        };
        // Of a history that is no more there is nothing to answer again.
        let base = if anew { 0 } else { run.events };
        let went_on = !write.events.is_empty() && !matches!(write.then, Then::Again { .. });
        self.remember(run.row, lease, write.number, base, released, went_on).await?;
        Ok(Written { news, at_ms, released })
    }

    /// Remembers a write, so that it may be repeated.
    async fn remember(
        &mut self,
        row: i64,
        lease: &Lease,
        number: u64,
        base: u32,
        released: bool,
        went_on: bool,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE workflow_run SET wrote = ?2, wrote_number = ?3, wrote_ms = ?4,
            wrote_base = ?5, wrote_released = ?6, lost = iif(?7, 0, lost),
            failures = iif(?7, 0, failures) WHERE row = ?1";
        query(sql)
            .bind(row)
            .bind(&lease.token)
            .bind(signed(number))
            .bind(self.now_ms)
            .bind(base)
            .bind(released)
            .bind(went_on)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// The run of a lease, the last write to it, and what it has in the place of the last event
    /// that the worker has seen. One statement: each is a turn of the thread that has the file.
    async fn wrote(
        &mut self,
        lease: &Lease,
        seen: u32,
    ) -> Result<Option<(Run, Wrote)>, StoreError> {
        let sql = "SELECT run.*, lease.token IS NOT NULL AS held,
                CAST(substr(event.entry, 1, instr(event.entry, ' ')) AS INTEGER) AS seen_ms
            FROM workflow_run run
            LEFT JOIN workflow_lease lease
                ON lease.run = run.row AND lease.seq = -1 AND lease.token = ?3
            LEFT JOIN workflow_event event ON event.run = run.row AND event.number = ?4 - 1
            WHERE run.scope = ?1 AND run.id = ?2";
        let row = query(sql)
            .bind(self.scope.path())
            .bind(lease.run.as_str())
            .bind(&lease.token)
            .bind(seen);
        let Some(row) = row.fetch_optional(&mut *self.tx).await? else { return Ok(None) };
        let seen_ms: Option<i64> = row.try_get("seen_ms")?;
        let wrote = Wrote {
            token: row.try_get("wrote")?,
            number: row.try_get("wrote_number")?,
            at_ms: row.try_get("wrote_ms")?,
            base: row.try_get("wrote_base")?,
            released: row.try_get("wrote_released")?,
            held: row.try_get("held")?,
            seen_ms: seen_ms.map(unsigned),
        };
        Ok(Some((run(&row)?, wrote)))
    }

    /// Fails if the state would be over its limit.
    async fn has_room_for_state(&mut self, row: i64, events: &[Event]) -> Result<(), StoreError> {
        let (parts, bytes) = state_size(events);
        if parts == 0 {
            return Ok(());
        }
        let (has, has_bytes) = self.state_size(row).await?;
        let full = unsigned(has) + parts as u64 > STATE_PARTS_FULL.into()
            || unsigned(has_bytes) + bytes > STATE_BYTES_FULL;
        if full { Err(StoreError::state_full()) } else { Ok(()) }
    }

    /// Appends a body's events, with all that they bring about. Also whether the run was told
    /// of something by that.
    async fn done(&mut self, run: &Run, events: &[Event]) -> Result<(Became, bool), StoreError> {
        let mut became = Became::Same;
        let mut stillborn = Vec::new();
        for event in events {
            let number = self.append(run.row, event).await?;
            if became == Became::Over && matches!(event, Event::Signalled(_)) {
                // One that the run had not seen before it began anew.
                self.on(run.row, "UPDATE workflow_run SET signals = signals + 1 WHERE row = ?")
                    .await?;
            }
            let Some(effect) = Effect::of(event) else { continue };
            if let Effect::Child(child) = effect {
                stillborn.extend(self.child(run, child).await?);
                continue;
            }
            if self.effect(run.row, number, event, &effect).await? {
                became = Became::Over;
            }
        }
        // After all that is the body's own, so that it may count those.
        let told = became == Became::Same && !stillborn.is_empty();
        if told {
            for ended in stillborn {
                self.tell(run.row, &Event::ChildEnded(ended)).await?;
            }
        }
        Ok((became, told))
    }

    /// What an event brings about. Whether it is the end of the body.
    async fn effect(
        &mut self,
        row: i64,
        number: u32,
        event: &Event,
        effect: &Effect<'_>,
    ) -> Result<bool, StoreError> {
        match *effect {
            Effect::Queue { seq, function } => {
                query("INSERT INTO workflow_function (run, seq, name, number) VALUES (?, ?, ?, ?)")
                    .bind(row)
                    .bind(seq)
                    .bind(function)
                    .bind(number)
                    .execute(&mut *self.tx)
                    .await?;
                self.enqueue(row, seq.into(), &Queue::Function(function.to_owned())).await?;
            }
            Effect::Timer { seq, when } => {
                let due_ms = signed(when.due_ms(unsigned(self.now_ms)));
                self.due(row, "timer", seq.into(), due_ms).await?;
            }
            Effect::Approval { seq, name, expires_ms } => {
                let expires_ms = expires_ms.map(|ms| self.after(ms));
                query("INSERT OR REPLACE INTO workflow_approval (run, name, seq, expires_ms) VALUES (?, ?, ?, ?)")
                    .bind(row)
                    .bind(name)
                    .bind(seq)
                    .bind(expires_ms)
                    .execute(&mut *self.tx)
                    .await?;
                if let Some(expires_ms) = expires_ms {
                    self.due(row, "approval", seq.into(), expires_ms).await?;
                }
            }
            Effect::Forget(calls) => {
                for seq in calls {
                    self.forget(row, *seq).await?;
                }
            }
            Effect::State { name, value } => self.set_part(row, name, value).await?,
            Effect::Suspend => {
                self.on(
                    row,
                    "UPDATE workflow_run SET status = 'suspended'
                    WHERE row = ? AND status = 'running'",
                )
                .await?;
            }
            Effect::End(status) => {
                self.finish(row, status, ending(event)).await?;
                return Ok(true);
            }
            Effect::Continue => {
                self.begin_anew(row).await?;
                return Ok(true);
            }
            Effect::Child(_) => {}
        }
        Ok(false)
    }

    /// A timer or an approval is gone.
    async fn forget(&mut self, row: i64, seq: u32) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM workflow_due WHERE run = ? AND kind IN ('timer', 'approval') AND seq = ?",
            "DELETE FROM workflow_approval WHERE run = ? AND seq = ?",
        ] {
            query(sql).bind(row).bind(seq).execute(&mut *self.tx).await?;
        }
        Ok(())
    }

    /// Drops a history, and puts the body into its queue.
    async fn begin_anew(&mut self, row: i64) -> Result<(), StoreError> {
        self.close(row).await?;
        self.on(row, "DELETE FROM workflow_event WHERE run = ?").await?;
        let sql = "UPDATE workflow_run SET generation = generation + 1, events = 0, bytes = 0, signals = 0, waits = NULL WHERE row = ?";
        self.on(row, sql).await?;
        self.ready(row).await
    }

    /// Starts a child, or tells how it has failed at once.
    async fn child(
        &mut self,
        parent: &Run,
        child: &ChildStarted,
    ) -> Result<Option<ChildEnded>, StoreError> {
        let seq = child.asked.seq;
        let failed = |code, message: String| {
            let ending = ChildEnding::Failed(Failure::ours(code, message));
            Ok(Some(ChildEnded { seq, ending }))
        };
        let id: RunId = child.run.parse().map_err(|_| malformed(&parent.id, "its child's id"))?;
        let sql = "SELECT depth, priority, user, retention_ms FROM workflow_run WHERE row = ?";
        let (depth, priority, user, retention_ms): (u32, u8, Option<String>, i64) =
            query_as(sql).bind(parent.row).fetch_one(&mut *self.tx).await?;
        let Some(digest) = self.version(&child.workflow).await? else {
            let message = StoreError::NoVersion(child.workflow.clone()).to_string();
            return failed("no-version", message);
        };
        if depth >= DEPTH_MAX {
            let message = format!("children are over their limit of {DEPTH_MAX} generations");
            return failed("too-deep", message);
        }
        let newborn = Newborn {
            id: id.as_str(),
            workflow: &child.workflow,
            digest: &digest,
            input: &child.input,
            key: None,
            user: user.as_deref(),
            parent: Some((&parent.id, seq)),
            depth: depth + 1,
            priority: child.priority.unwrap_or(priority),
            timeout_ms: child.timeout_ms,
            delay_ms: 0,
            retention_ms: Some(unsigned(retention_ms)),
        };
        self.bear(&newborn).await?;
        query("INSERT INTO workflow_child VALUES (?, ?, ?)")
            .bind(parent.row)
            .bind(seq)
            .bind(id.as_str())
            .execute(&mut *self.tx)
            .await?;
        Ok(None)
    }

    /// What becomes of a body that goes on. Whether its lease was given up.
    async fn then(
        &mut self,
        row: i64,
        then: &Then<'_>,
        seen_all: bool,
    ) -> Result<bool, StoreError> {
        let (waits, wake_ms) = match *then {
            Then::Keep => return Ok(false),
            Then::Park { .. } if !seen_all => return Ok(false),
            Then::Park { waits, wake_ms } => (Some(waits), wake_ms),
            Then::Again { after_ms } => {
                self.on(
                    row,
                    "UPDATE workflow_run SET failures = failures + 1, held = 1 WHERE row = ?",
                )
                .await?;
                (None, Some(after_ms))
            }
        };
        self.on(row, "DELETE FROM workflow_lease WHERE run = ? AND seq = -1").await?;
        query("UPDATE workflow_run SET waits = ? WHERE row = ?")
            .bind(waits)
            .bind(row)
            .execute(&mut *self.tx)
            .await?;
        if let Some(ms) = wake_ms {
            self.due(row, "body", BODY, self.after(ms)).await?;
        }
        Ok(true)
    }

    /// Ends an attempt of a function.
    pub(in crate::workflow) async fn settle(
        &mut self,
        lease: &Lease,
        event: &Event,
    ) -> Result<(), StoreError> {
        let row = self.holder(lease).await?.filter(|_| lease.seq.is_some());
        let row = row.ok_or(StoreError::Fenced)?;
        let again_ms = match event {
            Event::FunctionFailed(failed) => failed.again_ms,
            _ => None,
        };
        let run = self.run(row).await?;
        // One short event of each function that it may wait for has room in any case.
        if again_ms.is_some() && run.events >= HISTORY_EVENTS_MAX {
            return Err(StoreError::history_full(HISTORY_BYTES_MAX));
        }
        run.has_room(event, HISTORY_BYTES_MAX)?;
        query("DELETE FROM workflow_lease WHERE run = ? AND seq = ?")
            .bind(row)
            .bind(seq(lease))
            .execute(&mut *self.tx)
            .await?;
        if let Some(ms) = again_ms {
            self.append(row, event).await?;
            return self.due(row, "function", seq(lease), self.after(ms)).await;
        }
        query("DELETE FROM workflow_function WHERE run = ? AND seq = ?")
            .bind(row)
            .bind(seq(lease))
            .execute(&mut *self.tx)
            .await?;
        self.tell(row, event).await
    }
}

/// What a run's last event is to its parent.
fn ending(event: &Event) -> ChildEnding {
    match event {
        Event::Completed(output) => ChildEnding::Completed(output.output.clone()),
        Event::Failed(failure) => ChildEnding::Failed(failure.clone()),
        _ => ChildEnding::Cancelled {},
    }
}
