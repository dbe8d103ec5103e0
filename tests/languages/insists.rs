//! A function that sets its run's state until that is refused, and says how.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use satama::grant::Limits;
use satama::run::{Info, Options, Runs};
use satama_tests::{RedisServer, Stage, bucket, granted, program, until};
use sqlx::{Connection as _, SqliteConnection};

use super::parts::{TENANT, grant, on, open, work};

/// Calls a second that the slowest store still answers.
const RARELY: u32 = 5;

/// When a store that does not answer is given up. Longer than any answer takes.
const DEADLINE: Duration = Duration::from_secs(3);

/// What the function says of too many calls, and of a store that does not answer.
pub(crate) async fn say(said: &mut String, stage: &Stage, guest: &str) {
    let _ = writeln!(said, "== insists");
    let seldom = grant(TENANT, |limits| limits.calls_per_second = RARELY);
    let runs = stage.host.services().workflow().all_runs(seldom.workflow().scope());
    let seldom = program(&stage.host, guest, Arc::new(seldom)).await;
    let worker = work(&stage.host, &[&seldom]).await;
    let run = start(&runs).await;
    until("it is refused", async || end(&runs, &run).await.is_some()).await;
    let _ = writeln!(said, "too often: {}", end(&runs, &run).await.unwrap());
    worker.stop().await;

    let host = stage.host_with(|services| services.deadline(DEADLINE)).await;
    let ours = on(&host, guest).await;
    let worker = work(&host, &[&ours]).await;
    let run = start(&runs).await;
    until("it has begun", async || runs.state(&run, "insisted").await.unwrap().is_some()).await;
    let probe = bucket(host.services(), &granted(TENANT, Limits::default()), "granted");
    // What was asked before the store went silent may be answered after it, and the function goes
    // on: then once more.
    until("it is not answered", async || {
        let silent = Silent::new(stage).await;
        until("nothing is", async || probe.invalidate(None).await.is_err()).await;
        silent.end().await;
        end(&runs, &run).await.is_some()
    })
    .await;
    let _ = writeln!(said, "no answer: {}", end(&runs, &run).await.unwrap());
    worker.stop().await;
}

async fn start(runs: &Runs) -> String {
    let started = runs.start("insists", vec![("null".to_owned(), Options::default())]).await;
    started.unwrap()[0].id.to_string()
}

/// How it has ended, if it has.
async fn end(runs: &Runs, run: &str) -> Option<String> {
    let Info { head, output, .. } = runs.wait(run, 100).await.unwrap();
    head.status.is_end().then(|| format!("{} {}", head.status, output.unwrap_or_default()))
}

/// The store does not answer, until this ends: not what would write, of a file.
enum Silent<'a> {
    Server(&'a RedisServer),
    File(SqliteConnection),
}

impl<'a> Silent<'a> {
    async fn new(stage: &'a Stage) -> Self {
        if stage.is_redis() {
            stage.server().pause();
            return Self::Server(stage.server());
        }
        let mut file = open(stage).await;
        sqlx::query("BEGIN IMMEDIATE").execute(&mut file).await.unwrap();
        Self::File(file)
    }

    async fn end(self) {
        match self {
            Self::Server(server) => server.resume(),
            Self::File(file) => file.close().await.unwrap(),
        }
    }
}
