//! The parts of the transcript, each with what it needs around it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use satama::grant::{Grant, Limits, Listen, Names, WorkflowGrant};
use satama::runtime::{Host, Program, Worker, WorkerConfig};
use satama::secret::Keys;
use satama_tests::{Stage, bus, call, granted, limits, lone_key, program, until};
use sqlx::Connection as _;
use wasmtime::component::Val;

use super::insists;

/// The tenant.
pub(crate) const TENANT: &str = "language";

/// Its workflows and functions.
pub(crate) const BODIES: [&str; 7] =
    ["story", "undone", "waits", "counts", "cancelled", "echo", "insists"];
pub(crate) const FUNCTIONS: [&str; 5] = ["double", "third-time", "refuse", "facts", "insist"];

/// Parts that need nothing but services.
const PLAIN: [&str; 8] =
    ["cache", "cache-limits", "session", "channel", "hub", "secret", "secret-use", "credential"];

/// Handles that an instance may hold when it is to open too many.
const HANDLES: u32 = 64;

/// Calls that it may make in a second when it is to make too many.
const CALLS: u32 = 200;

/// All that the program `guest` says.
pub(crate) async fn transcript(stage: &Stage, guest: &str) -> String {
    let mut said = String::new();
    stage.put_secret(TENANT, "read-only", None, b"read").await;
    let ours = on(&stage.host, guest).await;
    for part in PLAIN {
        say(&mut said, &ours, part).await;
    }
    heard(&mut said, stage, &ours).await;

    let worker = work(&stage.host, &[&ours]).await;
    say(&mut said, &ours, "run").await;
    say(&mut said, &ours, "workflow").await;
    worker.stop().await;
    insists::say(&mut said, stage, guest).await;

    for name in ["granted/open/known", "granted/known"] {
        stage.put_secret(TENANT, name, None, b"known").await;
        stage.put_secret(TENANT, name, Some("ann"), b"known").await;
    }
    let few = grant(TENANT, |limits| limits.handles = HANDLES);
    say(&mut said, &program(&stage.host, guest, Arc::new(few)).await, "handles").await;
    let slow = grant(TENANT, |limits| limits.calls_per_second = CALLS);
    say(&mut said, &program(&stage.host, guest, Arc::new(slow)).await, "calls").await;

    let other_keys = Keys::fixed(lone_key("other", 1));
    let host = stage.host_with(|services| services.keys(other_keys)).await;
    say(&mut said, &on(&host, guest).await, "undecryptable").await;

    let host = stage.host_with(|services| services.deadline(Duration::from_millis(100))).await;
    let cut_off = on(&host, guest).await;
    lose(stage).await;
    say(&mut said, &cut_off, "unavailable").await;
    said
}

pub(crate) async fn on(host: &Host, guest: &str) -> Program {
    program(host, guest, Arc::new(grant(TENANT, |_| {}))).await
}

/// One part of what was said.
pub(crate) fn section(said: &str, part: &str) -> String {
    let start = format!("== {part}\n");
    let (_, rest) = said.split_once(&start).unwrap();
    start + rest.split("== ").next().unwrap()
}

/// Has it go through a part.
pub(crate) async fn say(said: &mut String, program: &Program, part: &str) {
    let results = call(program, "transcript", &[Val::String(part.into())]).await;
    let results =
        results.unwrap_or_else(|err| panic!("{part}: {}\nafter\n{said}", satama::chain(&err)));
    let [Val::List(lines)] = results.as_slice() else { panic!("{part}: {results:?}") };
    let _ = writeln!(said, "== {part}");
    for line in lines {
        let Val::String(line) = line else { panic!("{part}: {line:?}") };
        let _ = writeln!(said, "{line}");
    }
}

/// What it is granted.
pub(crate) fn grant(tenant: &str, change: impl FnOnce(&mut Limits)) -> Grant {
    let text = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let runs = BODIES.into_iter().chain(["unserved"]);
    granted(tenant, limits(change)).with_workflow(WorkflowGrant {
        bodies: text(&BODIES),
        functions: text(&FUNCTIONS),
        calls: Names::new(FUNCTIONS).unwrap(),
        runs: Names::new(runs).unwrap(),
        retention_ms: None,
        concurrent: None,
    })
}

/// A worker that looks for work when it is told of some, and drops bodies that wait, so that they
/// are replayed.
pub(crate) async fn work(host: &Host, programs: &[&Program]) -> Worker {
    let mut config = WorkerConfig::default();
    config.sweep = Duration::from_secs(600);
    config.warm = Duration::ZERO;
    let programs: Vec<_> = programs.iter().map(|program| (*program).clone()).collect();
    host.work(&programs, config).await.unwrap()
}

/// Publishes, has the component's handler hear it, and reads what that said.
async fn heard(said: &mut String, stage: &Stage, program: &Program) {
    let topics = vec!["in".to_owned()];
    let listen = Listen { hub: "granted".into(), topics, group: None, kept: false };
    let listening = program.listen(&[listen]).await.unwrap();
    say(said, program, "say").await;
    let bus = bus(stage.host.services(), &granted(TENANT, Limits::default()), "granted");
    until("both are heard", async || {
        bus.history("out", None, 10).await.unwrap().messages.len() == 2
    })
    .await;
    listening.stop().await;
    say(said, program, "heard").await;
}

/// The file of a stage that is on one.
pub(crate) async fn open(stage: &Stage) -> sqlx::SqliteConnection {
    let file = format!("sqlite:{}", stage.file().display());
    sqlx::SqliteConnection::connect(&file).await.unwrap()
}

/// Makes the store such that it answers nothing.
async fn lose(stage: &Stage) {
    if stage.is_redis() {
        stage.server().pause();
        return;
    }
    let mut db = open(stage).await;
    sqlx::query("PRAGMA foreign_keys = off").execute(&mut db).await.unwrap();
    let all = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let tables: Vec<String> = sqlx::query_scalar(all).fetch_all(&mut db).await.unwrap();
    for table in tables {
        let drop = format!("DROP TABLE \"{table}\"");
        sqlx::query(sqlx::AssertSqlSafe(drop)).execute(&mut db).await.unwrap();
    }
}
