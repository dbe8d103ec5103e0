//! What a run costs beside very many others, and beside what is not the tenant's.

use std::time::Duration;

use anyhow::{Result, ensure};
use redis::cmd;
use satama::run::Filter;
use satama::workflow::{PARTITIONS, Status};
use satama_tests::RedisServer;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::crew::{Crew, Place, config, start};
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

/// What is measured.
const ROWS: [&str; 3] = ["commands of a run", "run of ten steps", "page of 64 runs"];

/// Runs of a page.
const PAGE: u32 = 64;

/// Callers who make them.
const CALLERS: u32 = 64;

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "A run of ten steps on Redis, with 1,000,000 keys of others and 100,000 ended runs of the same\n\
         tenant in the server: commands that its worker and who starts it send, those of scripts not\n\
         counted, and its time as who waits for it sees it. Reference: the same on an empty server,\n\
         by turns. Goal: at most 14 commands, and ratios of 1.",
    );
    if !ROWS.iter().any(|row| table.may_want(row)) {
        return Ok(());
    }
    let (alone, among) = (crew().await?, crew().await?);
    let server = among.place.server()?;
    fill(server).await?;
    Alone::new(server.store()).await?.run(CALLERS, ENDED).await?;
    let [counted, whole, page] = ROWS;
    if table.wants(counted) {
        let (mut ours, mut others) = (Vec::new(), Vec::new());
        for _ in 0..table.rounds() {
            ours.push(commands(&among).await?);
            others.push(commands(&alone).await?);
        }
        table.push_both(counted, Unit::Count, &Times::counts(ours), &Times::counts(others));
    }
    let runs = async |crew: &Crew, n| crew.runs(1, n, 10).await;
    let ours = async |n| runs(&among, n).await;
    table.compare(whole, Unit::Micros, ours, async |n| runs(&alone, n).await).await?;
    // Both have as many of those that are listed, or more than a page.
    let ours = async |n| pages(&among, n).await;
    table.compare(page, Unit::Micros, ours, async |n| pages(&alone, n).await).await?;
    alone.stop().await;
    among.stop().await;
    Ok(())
}

/// A worker, which asks for nothing when it has nothing to do, on a server of its own; and more
/// than a page of runs.
async fn crew() -> Result<Crew> {
    let mut quiet = config();
    quiet.sweep = Duration::from_secs(600);
    quiet.lease = quiet.sweep;
    let crew = Crew::new(Place::Redis(server()?), 1, quiet).await?;
    crew.runs(CALLERS, 16 * PAGE, 1).await?;
    Ok(crew)
}

async fn pages(crew: &Crew, n: u32) -> Result<()> {
    let filter = Filter { status: Some(Status::Completed), ..Filter::default() };
    for _ in 0..n {
        let page = crew.runs.find_of(Some("steps"), &filter, None, PAGE).await?;
        ensure!(page.runs.len() == PAGE as usize, "the list is short");
    }
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
