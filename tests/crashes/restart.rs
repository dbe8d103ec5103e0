//! A server that is killed under load, and comes back with what it had acknowledged.

use satama::run::steps;
use satama::workflow::Status;
use satama::workflow::log::{Event, Recorded};
use satama::workflow::state::State;
use satama_tests::{RedisServer, until};

use super::case::{CASES, Case};
use super::compare::{keys, plain};
use super::ground::{Ground, Store};

const TENANT: &str = "t";

/// Runs that are under way, of each case.
const RUNS: usize = 20;

/// How often the server is killed.
const KILLS: usize = 3;

/// Functions and timers, which are the store's alone; steps, and functions, that count on it.
const LOAD: [&str; 3] = ["five-sleeps", "ten", "fan"];

/// What a run is, however often its steps failed: a name and an output for each.
type Whole = Vec<(String, Option<String>)>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_end_though_their_server_is_killed() {
    let server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut ground = Ground::on(Store::Redis(server)).await;
    let _laborers = [ground.laborer(TENANT, 0).await, ground.laborer(TENANT, 0).await];
    let mut expected = Vec::new();
    for case in LOAD.map(of) {
        let run = case.start(&ground.runs(TENANT)).await;
        let history = ground.ended(TENANT, &run).await;
        expected.push((whole(&history), plain(&history)));
    }
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        for case in LOAD.map(of) {
            runs.push(case.start(&ground.runs(TENANT)).await);
        }
    }
    for at in 1..=KILLS {
        let watched = &runs[at * runs.len() / (KILLS + 1)];
        until("a run is under way", async || {
            let history = ground.runs(TENANT).whole_history(watched).await;
            history.is_ok_and(|history| history.len() > 1)
        })
        .await;
        let Store::Redis(server) = &mut ground.store else { unreachable!("it is on Redis") };
        server.restart();
    }
    until("the server answers", async || ground.runs(TENANT).one(&runs[0]).await.is_ok()).await;
    let mut failed = 0;
    for (run, (whole_of, plain_of)) in runs.iter().zip(expected.iter().cycle()) {
        let (history, again) = completed(&ground, run).await;
        failed += again;
        assert_eq!(whole(&history), *whole_of, "{run}: {history:#?}");
        if again == 0 && !history.iter().any(|recorded| recorded.event.kind().ends_with("failed")) {
            assert_eq!(plain(&history), *plain_of, "{run}");
        }
        assert_no_more_than_recorded(&ground, run, &history).await;
    }
    eprintln!("{failed} of {} runs failed and were retried", runs.len());
}

/// The history of a run that is let go on until it is completed: what a step does on the server
/// fails while that is away. How often it was.
async fn completed(ground: &Ground, run: &str) -> (Vec<Recorded>, usize) {
    let runs = ground.runs(TENANT);
    for again in 0..=KILLS {
        let history = ground.ended(TENANT, run).await;
        if runs.one(run).await.unwrap().head.status == Status::Completed {
            return (history, again);
        }
        runs.retry(run, None).await.unwrap();
    }
    panic!("{run} fails still: {:#?}", runs.whole_history(run).await)
}

fn whole(history: &[Recorded]) -> Whole {
    State::fold(history).unwrap();
    let steps = steps(history).unwrap();
    steps.into_iter().map(|step| (step.name, step.output)).collect()
}

/// No effect is there more often than the history has attempts, or hosts that were lost with one.
async fn assert_no_more_than_recorded(ground: &Ground, run: &str, history: &[Recorded]) {
    for (words, key) in keys(run, history) {
        let number: u32 = words.split(['.', ' ']).nth(1).unwrap().parse().unwrap();
        let is_attempt = |recorded: &&Recorded| match &recorded.event {
            Event::StepDone(done) => done.asked.seq == number,
            Event::StepFailed(failed) => failed.asked.seq == number,
            Event::FunctionDone(done) => done.seq == number,
            Event::FunctionFailed(failed) => failed.seq == number,
            Event::Lost(lost) => lost.seq.is_none_or(|seq| seq == number),
            _ => false,
        };
        let attempts = history.iter().filter(is_attempt).count();
        let count = ground.count(TENANT, &key).await;
        assert!(
            count > 0 && count <= i64::try_from(attempts).unwrap(),
            "{run}: {words} is there {count} times: {history:#?}"
        );
    }
}

fn of(name: &str) -> Case {
    CASES.into_iter().find(|case| case.name == name).unwrap()
}
