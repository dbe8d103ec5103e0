//! Schedules in the embedded file.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, query, query_scalar};

use super::super::SCHEDULES_MAX;
use super::super::change::sqlite::{Change, malformed};
use super::super::control::{Reschedule, Schedule, Scheduled};
use super::super::log::json;
use super::super::store::StoreError;
use crate::sqlite::{signed, unsigned};

/// Most schedules that one list of those that are due has.
const DUE_MAX: u32 = 64;

impl Change<'_> {
    /// Changes or reads schedules.
    pub(in crate::workflow) async fn reschedule(
        &mut self,
        change: &Reschedule<'_>,
    ) -> Result<Scheduled, StoreError> {
        match change {
            Reschedule::Put(schedule) => self.put_schedule(schedule).await.map(Scheduled::Was),
            Reschedule::End { workflow, name } => {
                let sql =
                    "DELETE FROM workflow_schedule WHERE scope = ? AND workflow = ? AND name = ?";
                let end = query(sql).bind(self.scope.path()).bind(workflow).bind(name);
                let ended = end.execute(&mut *self.tx).await?.rows_affected();
                Ok(Scheduled::Was(ended > 0))
            }
            Reschedule::List { due } => {
                let found = self.schedules(*due).await?;
                Ok(Scheduled::All { found, now_ms: unsigned(self.now_ms) })
            }
            Reschedule::Advance { schedule, then_ms, run } => {
                let moved = self.move_on(schedule, *then_ms).await?;
                let started = if moved { Some(self.start(run).await?) } else { None };
                Ok(Scheduled::Started(started))
            }
            Reschedule::Postpone { schedule, then_ms } => {
                self.move_on(schedule, *then_ms).await.map(Scheduled::Was)
            }
        }
    }

    async fn put_schedule(&mut self, schedule: &Schedule) -> Result<bool, StoreError> {
        let end = Reschedule::End { workflow: &schedule.workflow, name: &schedule.name };
        let was = matches!(Box::pin(self.reschedule(&end)).await?, Scheduled::Was(true));
        let sql = "SELECT count(*) FROM workflow_schedule WHERE scope = ?";
        let many: u32 = query_scalar(sql).bind(self.scope.path()).fetch_one(&mut *self.tx).await?;
        if many >= SCHEDULES_MAX {
            return Err(StoreError::TooLarge { what: "schedules", max: SCHEDULES_MAX.into() });
        }
        query("INSERT INTO workflow_schedule VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")
            .bind(self.scope.path())
            .bind(&schedule.workflow)
            .bind(&schedule.name)
            .bind(&schedule.cron)
            .bind(signed(schedule.next_ms))
            .bind(schedule.input.get())
            .bind(schedule.user.as_deref())
            .bind(schedule.priority)
            .bind(schedule.timeout_ms.map(signed))
            .bind(schedule.retention_ms.map(signed))
            .execute(&mut *self.tx)
            .await?;
        self.wake();
        Ok(was)
    }

    async fn schedules(&mut self, due: bool) -> Result<Vec<Schedule>, StoreError> {
        let all = "SELECT * FROM workflow_schedule WHERE scope = ? ORDER BY workflow, name";
        let ready = "SELECT * FROM workflow_schedule WHERE scope = ? AND next_ms <= ?
            ORDER BY next_ms LIMIT ?";
        let found = if due {
            query(ready).bind(self.scope.path()).bind(self.now_ms).bind(DUE_MAX)
        } else {
            query(all).bind(self.scope.path())
        };
        found.fetch_all(&mut *self.tx).await?.iter().map(schedule).collect()
    }

    /// Moves a schedule on, if it is as it was.
    async fn move_on(&mut self, schedule: &Schedule, then_ms: u64) -> Result<bool, StoreError> {
        let sql = "UPDATE workflow_schedule SET next_ms = ?
            WHERE scope = ? AND workflow = ? AND name = ? AND next_ms = ? AND cron = ?
            AND input = ? AND user IS ? AND priority = ? AND timeout_ms IS ? AND retention_ms IS ?";
        let moved = query(sql)
            .bind(signed(then_ms))
            .bind(self.scope.path())
            .bind(&schedule.workflow)
            .bind(&schedule.name)
            .bind(signed(schedule.next_ms))
            .bind(&schedule.cron)
            .bind(schedule.input.get())
            .bind(schedule.user.as_deref())
            .bind(schedule.priority)
            .bind(schedule.timeout_ms.map(signed))
            .bind(schedule.retention_ms.map(signed))
            .execute(&mut *self.tx)
            .await?;
        Ok(moved.rows_affected() > 0)
    }
}

fn schedule(row: &SqliteRow) -> Result<Schedule, StoreError> {
    let name: String = row.try_get("name")?;
    let input = json(row.try_get::<String, _>("input")?);
    let (timeout_ms, retention_ms): (Option<i64>, Option<i64>) =
        (row.try_get("timeout_ms")?, row.try_get("retention_ms")?);
    Ok(Schedule {
        input: input.ok_or_else(|| malformed(&name, "the input of a schedule"))?,
        name,
        workflow: row.try_get("workflow")?,
        cron: row.try_get("cron")?,
        next_ms: unsigned(row.try_get("next_ms")?),
        user: row.try_get("user")?,
        priority: row.try_get("priority")?,
        timeout_ms: timeout_ms.map(unsigned),
        retention_ms: retention_ms.map(unsigned),
    })
}
