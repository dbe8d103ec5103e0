//! A worker that is stopped until its lease is over, and then goes on.

use std::time::Duration;

use satama::run::{Options, Runs};
use satama::workflow::log::Event;
use satama_tests::until;

use super::case::{Case, Sends};
use super::compare::{check, keys};
use super::ground::Ground;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_stopped_too_long_writes_nothing_on_redis() {
    a_stopped_worker_writes_nothing(Ground::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_was_stopped_too_long_writes_nothing_on_sqlite() {
    a_stopped_worker_writes_nothing(Ground::sqlite().await).await;
}

async fn a_stopped_worker_writes_nothing(ground: Ground) {
    let case =
        Case { name: "slow", workflow: "slow", input: r#"{"ms":2000}"#, sends: Sends::Nothing };
    let (tenant, runs) = ("t", ground.runs("t"));
    let laborer = ground.laborer(tenant, 0).await;
    let run = case.start(&runs).await;
    let key = satama::workflow::replay::step_key(&run, 0, 0, "slow", false);
    until("the step runs", async || ground.count(tenant, &key).await == 1).await;
    // A process that is stopped within a transaction has SQLite's one lock: not there.
    loop {
        laborer.pause();
        let write = write_something(&runs);
        if tokio::time::timeout(Duration::from_secs(1), write).await.is_ok() {
            break;
        }
        laborer.resume();
    }
    let worker = ground.worker(tenant).await;
    let history = ground.ended(tenant, &run).await;
    check(&history);
    let kinds: Vec<_> = history.iter().map(|recorded| recorded.event.kind()).collect();
    assert_eq!(kinds, ["started", "lost", "step-done", "completed"]);
    assert_eq!(ground.count(tenant, &keys(&run, &history)["0.0 slow"]).await, 2);
    laborer.resume();
    until("it is told", async || laborer.log().contains("fenced")).await;
    assert_eq!(runs.whole_history(&run).await.unwrap().len(), history.len());
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_workers_function_is_taken_over_on_redis() {
    a_dead_workers_function_is_taken_over(Ground::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_workers_function_is_taken_over_on_sqlite() {
    a_dead_workers_function_is_taken_over(Ground::sqlite().await).await;
}

/// The body was let go before: only the function is taken over.
async fn a_dead_workers_function_is_taken_over(ground: Ground) {
    let input = r#"{"function":"slow","input":{"ms":2000}}"#;
    let case = Case { name: "call", workflow: "call", input, sends: Sends::Nothing };
    let (tenant, runs) = ("t", ground.runs("t"));
    let mut laborer = ground.laborer(tenant, 0).await;
    let run = case.start(&runs).await;
    let key = satama::workflow::replay::step_key(&run, 0, 0, "call", false);
    until("the function runs, and nobody has the body", async || {
        let waits = runs.one(&run).await.unwrap().head.waits.is_some();
        waits && ground.count(tenant, &key).await == 1
    })
    .await;
    laborer.kill();
    let worker = ground.worker(tenant).await;
    let history = ground.ended(tenant, &run).await;
    check(&history);
    let kinds: Vec<_> = history.iter().map(|recorded| recorded.event.kind()).collect();
    assert_eq!(kinds, ["started", "spawned", "lost", "function-done", "completed"]);
    assert!(matches!(&history[2].event, Event::Lost(lost) if lost.seq == Some(0)), "{history:#?}");
    assert!(matches!(&history[3].event, Event::FunctionDone(done) if done.attempt == 2));
    assert_eq!(ground.count(tenant, &key).await, 2);
    worker.stop().await;
}

/// Writes something: a run that begins in an hour.
async fn write_something(runs: &Runs) {
    let options = Options { delay_ms: Some(60 * 60 * 1_000), ..Options::default() };
    runs.start("echo", vec![("null".into(), options)]).await.unwrap();
}
