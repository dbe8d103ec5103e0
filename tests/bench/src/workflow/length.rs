//! What a step costs, and an event that is replayed, by how long the history is.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use redis::aio::MultiplexedConnection;
use redis::cmd;

use super::crew::{Crew, Place, config, end, run as run_one, start};
use super::{ENDS, EVENT};
use crate::redis::{connect, server};
use crate::rounds::{Times, time};
use crate::table::{Table, Unit};

/// Steps of a run.
const LENGTHS: [u32; 4] = [1, 10, 100, 1_000];

/// Runs that are replayed in one round.
const REPLAYS: u32 = 3;

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
        let took = time(work).await?;
        // As if it were as many as asked for.
        Ok(took.mul_f64(f64::from(n) / f64::from(runs * steps)))
    };
    let Place::Redis(server) = &crew.place else {
        return table.alone_timed(row, Unit::Micros, ours).await;
    };
    let raw = connect(server, None).await?;
    let pushed = async |n: u32| {
        cmd("DEL").arg("pushed").exec_async(&mut raw.clone()).await?;
        time(push(raw.clone(), "pushed", n)).await
    };
    table.compare_timed(row, Unit::Micros, ours, pushed).await
}

async fn replay(table: &mut Table<'_>, row: &str, crew: &Crew, steps: u32) -> Result<()> {
    if !table.wants(row) {
        return Ok(());
    }
    // What is replayed are its begin and its steps; the signal comes, and its end.
    let events = steps + ENDS;
    let raw = match &crew.place {
        Place::Redis(server) => Some(connect(server, None).await?),
        Place::Sqlite(_) => None,
    };
    if let Some(mut raw) = raw.clone() {
        cmd("DEL").arg("pushed").exec_async(&mut raw).await?;
        push(raw, "pushed", events).await?;
    }
    let (mut ours, mut read) = (Times::default(), Times::default());
    // It takes long to bring a run there, and no time of it counts.
    for _ in 0..table.rounds() {
        let mut took = Duration::ZERO;
        for _ in 0..REPLAYS {
            let run = start(&crew.runs, "replay", steps).await?;
            parked(crew, &run).await?;
            let begin = Instant::now();
            crew.runs.signal(&run, "go", "null".into(), None).await?;
            end(&crew.runs, &run).await?;
            took += begin.elapsed();
        }
        ours.push(took, REPLAYS * events);
        if let Some(raw) = &raw {
            read.push(time(range(raw.clone(), "pushed", events)).await?, REPLAYS * events);
        }
    }
    if raw.is_some() {
        table.push_both(row, Unit::Nanos, &ours, &read);
    } else {
        table.push(row, Unit::Nanos, &ours);
    }
    Ok(())
}

async fn push(mut redis: MultiplexedConnection, key: &str, entries: u32) -> Result<()> {
    for _ in 0..entries {
        cmd("RPUSH").arg(key).arg(&EVENT).exec_async(&mut redis).await?;
    }
    Ok(())
}

/// Reads a list as often as a run is replayed.
async fn range(mut redis: MultiplexedConnection, key: &str, entries: u32) -> Result<()> {
    for _ in 0..REPLAYS {
        let read: Vec<Vec<u8>> =
            cmd("LRANGE").arg(key).arg(0).arg(-1).query_async(&mut redis).await?;
        ensure!(read.len() == entries as usize, "the entries are gone");
    }
    Ok(())
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
