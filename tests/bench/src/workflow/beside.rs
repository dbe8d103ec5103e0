//! What a run costs beside very many others, and beside what is nobody's.

use std::time::Instant;

use anyhow::{Result, ensure};
use redis::cmd;
use satama::run::Filter;
use satama::workflow::{PARTITIONS, Status};
use satama_tests::RedisServer;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::crew::{Crew, Place, config, run as run_one, start};
use super::latency::row;
use super::store::Alone;
use crate::redis::{connect, listen, server};
use crate::rounds::Times;
use crate::services::DEADLINE;
use crate::table::{Table, Unit};

/// Keys of others.
const KEYS: u32 = 1_000_000;

/// How many of them one script sets.
const SLICE: u32 = 1_000;

/// Runs of the same tenant that have ended.
const ENDED: u32 = 100_000;

/// Callers who make them.
const CALLERS: u32 = 64;

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "A run of ten steps on Redis beside others: commands that its worker and who starts it send,\n\
         those of scripts not counted, and its time as who waits sees it; and a page of a list. In\n\
         the last column what 99 of 100 took at most. Goal: at most 14 commands, and no growth.",
    );
    if !table.may_want("run") {
        return Ok(());
    }
    let server = server()?;
    let ended = Alone::new(server.store()).await?;
    let mut quiet = config();
    // A worker that has nothing to do asks for nothing.
    quiet.sweep = std::time::Duration::from_secs(600);
    quiet.lease = quiet.sweep;
    let crew = Crew::new(Place::Redis(server), 1, quiet).await?;
    rows(table, "alone", &crew).await?;
    fill(crew.place.server()?).await?;
    rows(table, &format!("beside {KEYS} keys"), &crew).await?;
    ended.run(CALLERS, ENDED).await?;
    rows(table, &format!("and {ENDED} ended runs"), &crew).await?;
    crew.stop().await;
    Ok(())
}

/// Sets [`KEYS`] keys, in scripts that each keep the server for a moment only.
async fn fill(server: &RedisServer) -> Result<()> {
    let mut redis = connect(server, Some(DEADLINE)).await?;
    for from in (0..KEYS).step_by(SLICE as usize) {
        let mut eval = cmd("EVAL");
        eval.arg("for i = 1, ARGV[2] do redis.call('SET', 'other:' .. ARGV[1] + i, 'x') end");
        eval.arg(0).arg(from).arg(SLICE);
        eval.exec_async(&mut redis).await?;
    }
    Ok(())
}

async fn rows(table: &mut Table<'_>, name: &str, crew: &Crew) -> Result<()> {
    run_one(&crew.runs, "steps", 10).await?;
    if table.wants(&format!("{name}: commands of a run")) {
        let mut counts = Vec::new();
        for _ in 0..table.rounds() {
            counts.push(commands(crew).await?);
        }
        table.push(&format!("{name}: commands of a run"), Unit::Count, &Times::counts(counts));
    }
    let whole = async || {
        let begin = Instant::now();
        run_one(&crew.runs, "steps", 10).await?;
        Ok(begin.elapsed())
    };
    row(table, &format!("{name}: run of ten steps"), whole).await?;
    let page = async || {
        let filter = Filter { status: Some(Status::Completed), ..Filter::default() };
        let begin = Instant::now();
        let page = crew.runs.find_of(Some("steps"), &filter, None, 50).await?;
        ensure!(!page.runs.is_empty(), "the list is empty");
        Ok(begin.elapsed())
    };
    row(table, &format!("{name}: a page of 50 runs"), page).await
}

/// The scripts that are called for one run, by who starts it and by its worker.
async fn commands(crew: &Crew) -> Result<u32> {
    let server = crew.place.server()?;
    let tag = |partition| format!("{{bench:workflow::{partition:02x}}}!");
    let channels: Vec<String> = (0..PARTITIONS).map(tag).collect();
    let (to, mut heard) = unbounded_channel();
    let _listening = listen(server, &channels, to).await?;
    let (done, count) = server
        .count(async {
            let run = start(&crew.runs, "steps", 10).await?;
            ended(&mut heard, &run).await
        })
        .await;
    done?;
    Ok(u32::try_from(count.of("evalsha") + count.of("eval"))?)
}

/// Waits until it is said that a run is completed: `run length kind`.
async fn ended(heard: &mut UnboundedReceiver<redis::PushInfo>, run: &str) -> Result<()> {
    while let Some(push) = heard.recv().await {
        let Some(redis::Value::BulkString(text)) = push.data.last() else { continue };
        let text = String::from_utf8_lossy(text);
        if text.starts_with(run) && text.ends_with(" completed") {
            return Ok(());
        }
    }
    anyhow::bail!("the connection has ended")
}
