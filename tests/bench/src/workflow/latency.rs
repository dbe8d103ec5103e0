//! How long one run takes, alone and beside others.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use satama::run::Runs;
use tokio::task::JoinSet;

use super::crew::{Crew, Place, config, end, run as run_one, start};
use crate::redis::server;
use crate::rounds::Times;
use crate::table::{Table, Unit};

/// Callers of what else there is to do.
const OTHERS: u32 = 32;

/// Longest wait for a step.
const WAIT_MS: u64 = 30_000;

/// Runs of ten steps that are started and waited for until this is stopped.
struct Others {
    callers: JoinSet<Result<()>>,
    stopped: Arc<AtomicBool>,
}

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "One run after the other, as who starts it and waits for it sees it; in the last column\n\
         what 99 of 100 took at most. One worker, on Redis on a host of its own. Others: 32 callers who\n\
         start and wait for runs of ten steps. Goal of ten steps alone, on Redis: at most 5 ms.",
    );
    for (name, place) in [("Redis", Place::Redis(server()?)), ("SQLite", Place::sqlite()?)] {
        let crew = Crew::new(place, 1, config()).await?;
        rows(table, &format!("{name}, alone"), &crew.runs).await?;
        let others = Others::new(&crew.runs);
        rows(table, &format!("{name}, beside others"), &crew.runs).await?;
        others.stop().await?;
        crew.stop().await;
    }
    Ok(())
}

async fn rows(table: &mut Table<'_>, name: &str, runs: &Runs) -> Result<()> {
    let first = async || {
        let begin = Instant::now();
        let id = start(runs, "steps", 10).await?;
        let seen = runs.changes(&id, 1, WAIT_MS).await?;
        let took = begin.elapsed();
        ensure!(!seen.is_empty(), "no step was done");
        end(runs, &id).await?;
        Ok(took)
    };
    row(table, &format!("{name}: start to first step"), first).await?;
    let all = async || {
        let begin = Instant::now();
        run_one(runs, "steps", 10).await?;
        Ok(begin.elapsed())
    };
    row(table, &format!("{name}: start to end, ten steps"), all).await
}

/// As many as there is time for.
async fn row(
    table: &mut Table<'_>,
    name: &str,
    one: impl AsyncFn() -> Result<Duration>,
) -> Result<()> {
    if !table.wants(name) {
        return Ok(());
    }
    let until = Instant::now() + table.round() * u32::try_from(table.rounds())?;
    let mut took = Vec::new();
    while took.len() < 100 || Instant::now() < until {
        took.push(one().await?);
    }
    table.push_quantiles(name, Unit::Micros, &Times::of(took));
    Ok(())
}

impl Others {
    fn new(runs: &Arc<Runs>) -> Self {
        let (mut callers, stopped) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
        for _ in 0..OTHERS {
            let (runs, stopped) = (runs.clone(), stopped.clone());
            callers.spawn(async move {
                while !stopped.load(Ordering::Relaxed) {
                    run_one(&runs, "steps", 10).await?;
                }
                Ok(())
            });
        }
        Self { callers, stopped }
    }

    async fn stop(mut self) -> Result<()> {
        self.stopped.store(true, Ordering::Relaxed);
        while let Some(done) = self.callers.join_next().await {
            done??;
        }
        Ok(())
    }
}
