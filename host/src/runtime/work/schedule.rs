//! Starts the runs of schedules that are due, and moves those on.

use std::sync::PoisonError;
use std::time::Duration;

use tokio::time::Instant;

use super::Tenant;
use crate::error::chain;
use crate::run::Cron;
use crate::workflow::control::{Control as _, Reschedule, Schedule, Scheduled};
use crate::workflow::{NewRun, RunId, StoreError};

/// Pause between two looks at schedules: each has seconds at the finest.
const PAUSE: Duration = Duration::from_millis(500);

/// When a schedule is asked for again whose workflow has no version, in milliseconds.
const UNREADY_MS: u64 = 30_000;

impl Tenant {
    /// Whether it is time to look at schedules; then the time of the next begins.
    pub(super) fn schedules_are_looked_at(&self) -> bool {
        let mut last = self.scheduled.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_some_and(|last| last.elapsed() < PAUSE) {
            return false;
        }
        *last = Some(Instant::now());
        true
    }

    pub(super) async fn start_scheduled(&self) {
        if let Err(err) = self.try_start_scheduled().await {
            tracing::warn!(target: "satama::workflow", tenant = self.name, "{}", chain(&err));
        }
    }

    async fn try_start_scheduled(&self) -> Result<(), StoreError> {
        let due = Reschedule::List { due: true };
        let Scheduled::All { found: due, now_ms } = self.store.schedule(&self.scope, &due).await?
        else {
            return Ok(());
        };
        for schedule in due {
            match self.advance(&schedule, now_ms).await {
                // It is started once there is a version; until then it is in nobody's way.
                Err(err @ StoreError::NoVersion(_)) => {
                    let (tenant, name) = (&self.name, &schedule.name);
                    tracing::warn!(target: "satama::workflow", tenant, schedule = name, "{}", chain(&err));
                    let then_ms = now_ms.saturating_add(UNREADY_MS);
                    let postpone = Reschedule::Postpone { schedule: &schedule, then_ms };
                    self.store.schedule(&self.scope, &postpone).await?;
                }
                done => done?,
            }
        }
        Ok(())
    }

    async fn advance(&self, schedule: &Schedule, now_ms: u64) -> Result<(), StoreError> {
        let ids = &self.host.services.ids;
        let after_ms = now_ms.max(schedule.next_ms);
        let next = Cron::parse(&schedule.cron).and_then(|cron| cron.after_ms(after_ms));
        // One that never comes again is asked for in a hundred years.
        let then_ms = next.unwrap_or(u64::from(u32::MAX) * 1_000);
        let run = NewRun {
            id: RunId::new(schedule.partition(), ids),
            workflow: schedule.workflow.clone(),
            input: schedule.input.clone(),
            key: None,
            user: schedule.user.clone(),
            priority: schedule.priority,
            timeout_ms: schedule.timeout_ms,
            delay_ms: 0,
            retention_ms: schedule.retention_ms,
        };
        let advance = Reschedule::Advance { schedule, then_ms, run: &run };
        self.store.schedule(&self.scope, &advance).await.map(drop)
    }
}
