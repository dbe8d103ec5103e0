//! What a step costs, and an event that is replayed, by how long the history is.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use redis::cmd;

use super::crew::{Crew, Place, config, end, run as run_one, start};
use super::{ENDS, EVENT, scaled, time_scaled};
use crate::redis::{connect, server};
use crate::table::{Table, Unit};

/// Steps of a run.
const LENGTHS: [u32; 4] = [1, 10, 100, 1_000];

/// Longest wait in one call.
const WAIT_MS: u64 = 30_000;

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "What a step costs by how many the run has, from its start to its end; and an event of a\n\
         body that is called again, from the signal that it waited for to its end. Reference: as\n\
         many RPUSH, one after the other; for a replay, an LRANGE of as many. A ratio below 1 is\n\
         better. Where it is the same in long histories as in short ones, the cost is linear.",
    );
    for (name, place) in [("Redis", Place::Redis(server()?)), ("SQLite", Place::sqlite()?)] {
        let crew = Crew::new(place, 1, config()).await?;
        for steps in LENGTHS {
            let row = format!("{name}: a step of {steps}");
            warm(table, &row, &crew, steps).await?;
        }
        let place = crew.stop().await;
        let mut cold = config();
        cold.warm = Duration::ZERO;
        let crew = Crew::new(place, 1, cold).await?;
        for steps in LENGTHS {
            let row = format!("{name}: an event of {} that are replayed", steps + ENDS);
            replay(table, &row, &crew, steps).await?;
        }
        crew.stop().await;
    }
    Ok(())
}

async fn warm(table: &mut Table<'_>, row: &str, crew: &Crew, steps: u32) -> Result<()> {
    let ours = async |n: u32| {
        let runs = (n / steps).max(1);
        let work = async {
            for _ in 0..runs {
                run_one(&crew.runs, "steps", steps).await?;
            }
            Ok(())
        };
        time_scaled(work, runs * steps, n).await
    };
    let Place::Redis(server) = &crew.place else {
        return table.alone_timed(row, Unit::Micros, ours).await;
    };
    let mut push = cmd("RPUSH");
    push.arg("pushed").arg(&EVENT);
    let raw = connect(server, None).await?;
    let pushed = async |n: u32| {
        let mut raw = raw.clone();
        cmd("DEL").arg("pushed").exec_async(&mut raw).await?;
        let work = async {
            for _ in 0..n {
                push.exec_async(&mut raw).await?;
            }
            Ok(())
        };
        time_scaled(work, n, n).await
    };
    table.compare_timed(row, Unit::Micros, ours, pushed).await
}

async fn replay(table: &mut Table<'_>, row: &str, crew: &Crew, steps: u32) -> Result<()> {
    // What is replayed are its begin and its steps; the signal comes, and its end.
    let events = steps + ENDS;
    let ours = async |n: u32| {
        let runs = (n / events).max(1);
        let mut took = Duration::ZERO;
        for _ in 0..runs {
            let run = start(&crew.runs, "replay", steps).await?;
            parked(crew, &run).await?;
            let begin = Instant::now();
            crew.runs.signal(&run, "go", "null".into(), None).await?;
            end(&crew.runs, &run).await?;
            took += begin.elapsed();
        }
        Ok(scaled(took, runs * events, n))
    };
    let Place::Redis(server) = &crew.place else {
        return table.alone_timed(row, Unit::Nanos, ours).await;
    };
    let mut raw = connect(server, None).await?;
    cmd("DEL").arg("pushed").exec_async(&mut raw).await?;
    for _ in 0..events {
        cmd("RPUSH").arg("pushed").arg(&EVENT).exec_async(&mut raw).await?;
    }
    let read = async |n: u32| {
        let mut raw = raw.clone();
        let reads = (n / events).max(1);
        let work = async {
            for _ in 0..reads {
                let mut range = cmd("LRANGE");
                range.arg("pushed").arg(0).arg(-1);
                let read: Vec<Vec<u8>> = range.query_async(&mut raw).await?;
                ensure!(read.len() == events as usize, "the entries are gone");
            }
            Ok(())
        };
        time_scaled(work, reads * events, n).await
    };
    table.compare_timed(row, Unit::Nanos, ours, read).await
}

/// Waits until the body of a run is let go.
async fn parked(crew: &Crew, run: &str) -> Result<()> {
    let until = Instant::now() + Duration::from_millis(WAIT_MS);
    loop {
        let info = crew.runs.one(run).await.context("it is gone")?;
        if info.head.waits.is_some() && info.head.worker.is_none() {
            return Ok(());
        }
        ensure!(Instant::now() < until, "its body is not let go");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
