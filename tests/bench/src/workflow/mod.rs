//! Workflows, from a start to an end that a caller waits for, with workers of real guests.

mod beside;
mod crew;
mod latency;
mod length;
mod store;

use anyhow::Result;
use redis::aio::MultiplexedConnection;
use redis::cmd;
use satama_tests::RedisServer;

pub(crate) use self::beside::run as beside;
use self::crew::{Crew, Place, config};
pub(crate) use self::latency::run as latency;
pub(crate) use self::length::run as length;
pub(crate) use self::store::{Alone, run as store};
use crate::guests::each;
use crate::redis::connect;
use crate::table::{Table, Unit};

/// Events of a run beside those of its steps: its begin and its end.
const ENDS: u32 = 2;

/// An event of a step as it is kept, about.
const EVENT: [u8; 100] = [b'e'; 100];

/// How a server keeps what it is given: with which settings, and how that is called.
const KEPT: [(&str, &[&str]); 3] = [
    ("no AOF", &[]),
    ("AOF everysec", &["--appendonly", "yes", "--appendfsync", "everysec"]),
    ("AOF always", &["--appendonly", "yes", "--appendfsync", "always"]),
];

/// Workers, callers, and steps of a run.
type Shape = (u32, u32, u32);

/// What is run on a server that keeps nothing, and on the others.
const SHAPES: [Shape; 7] =
    [(1, 1, 1), (1, 1, 10), (1, 32, 1), (1, 32, 10), (2, 32, 10), (4, 32, 10), (1, 256, 10)];
const KEPT_SHAPES: [Shape; 3] = [(1, 1, 10), (1, 32, 10), (2, 32, 10)];

pub(crate) async fn on_redis(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Runs on Redis, over a Unix socket, per second; each caller starts one and waits for its\n\
         end, and a worker is a host of its own. A step does nothing. Reference: redis-rs, an RPUSH\n\
         for each event of the run, one after the other, which says no more than that something was\n\
         kept. A ratio above 1 is better. Goals of ten steps, 32 callers: 2220/s with AOF everysec,\n\
         666/s with always.",
    );
    for (kept, settings) in KEPT {
        let shapes: &[Shape] = if settings.is_empty() { &SHAPES } else { &KEPT_SHAPES };
        for shape in shapes {
            let (workers, callers, steps) = *shape;
            let name = name(kept, *shape);
            if !table.may_want(&name) {
                continue;
            }
            let server = RedisServer::with(settings);
            let raw = connect(&server, None).await?;
            let crew = Crew::new(Place::Redis(server), workers, config()).await?;
            let ours = async |n| crew.runs(callers, n, steps).await;
            let pushed = async |n| {
                let raw = raw.clone();
                each(callers, |caller| push(raw.clone(), caller, n / callers, steps + ENDS)).await
            };
            table.compare(&name, Unit::PerSecond, ours, pushed).await?;
            crew.stop().await;
        }
    }
    Ok(())
}

pub(crate) async fn on_sqlite(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Runs on SQLite, in a temporary folder, per second; each caller starts one and waits for\n\
         its end, on the host of the last worker. A step does nothing.",
    );
    for shape in [(1, 1, 1), (1, 1, 10), (1, 32, 1), (1, 32, 10), (2, 32, 10)] {
        let (workers, callers, steps) = shape;
        let name = name("SQLite", shape);
        if !table.may_want(&name) {
            continue;
        }
        let crew = Crew::new(Place::sqlite()?, workers, config()).await?;
        let run = async |n| crew.runs(callers, n, steps).await;
        table.alone(&name, Unit::PerSecond, run).await?;
        crew.stop().await;
    }
    Ok(())
}

fn name(kept: &str, (workers, callers, steps): Shape) -> String {
    let plural = |n| if n == 1 { "" } else { "s" };
    let (w, s) = (plural(workers), plural(steps));
    format!("{kept}, {callers:>3} callers, {workers} worker{w}: run of {steps} step{s}")
}

/// So many lists of so many entries.
async fn push(mut redis: MultiplexedConnection, caller: u32, n: u32, entries: u32) -> Result<()> {
    let key = format!("pushed:{caller}");
    for _ in 0..n {
        cmd("DEL").arg(&key).exec_async(&mut redis).await?;
        for _ in 0..entries {
            cmd("RPUSH").arg(&key).arg(&EVENT).exec_async(&mut redis).await?;
        }
    }
    Ok(())
}
