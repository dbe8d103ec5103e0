//! Many runs, and workers that are killed at any time: all come to their end, and nothing is
//! recorded twice.
//!
//! `RUNS` and `SEED` say how many and which; `cargo xtask chaos` runs more of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use satama::run::Filter;
use satama::workflow::Status;
use satama_tests::Laborer;
use tokio::task::JoinSet;

use super::case::{CASES, Case, Done, Sends};
use super::ground::{Ground, number};

/// Runs, if nobody says how many.
const RUNS: usize = 200;

/// Workers that are there at a time.
const LABORERS: usize = 3;

/// How long leases last: three processes with many runs each write to one file, which on a busy
/// machine they wait for longer than a second for. Who waits is not lost.
const LEASE: Duration = Duration::from_secs(5);

/// How many runs end before the next is killed: were it a time, a slow machine would lose the
/// same run until it has failed.
const CALM: std::ops::Range<usize> = 2..10;

/// Runs that are followed at a time.
const AT_A_TIME: usize = 50;

const TENANT: &str = "chaos";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_runs_end_whoever_is_killed_on_redis() {
    chaos("redis", Ground::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_runs_end_whoever_is_killed_on_sqlite() {
    chaos("sqlite", Ground::sqlite().await).await;
}

async fn chaos(store: &'static str, ground: Ground) {
    let seed = number("SEED").unwrap_or_else(rand::random);
    let runs = number("RUNS").map_or(RUNS, |runs| usize::try_from(runs).unwrap());
    eprintln!("{store}: {runs} runs, SEED={seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    // Nobody sends anything here: whatever came to a run would come at another time.
    let cases: Vec<Case> =
        CASES.into_iter().filter(|case| matches!(case.sends, Sends::Nothing)).collect();
    // What is lost of an earlier generation is gone with its history.
    let cases: Vec<Case> = cases.into_iter().filter(|case| case.name != "forever").collect();
    let ground = Arc::new(ground);
    let expected = expected(&ground, &cases).await;
    let mut laborers = Vec::new();
    for _ in 0..LABORERS {
        laborers.push(ground.labor(TENANT, 0, LEASE).await);
    }
    let (begin, mut killed, mut lost) = (Instant::now(), 0, 0);
    let done = Arc::new(AtomicUsize::new(0));
    let (mut work, mut begun) = (JoinSet::new(), 0);
    let mut next = rng.random_range(CALM);
    while done.load(Ordering::Relaxed) < runs {
        while begun < runs && work.len() < AT_A_TIME {
            let which = rng.random_range(0..cases.len());
            let (ground, case, done) = (ground.clone(), cases[which], done.clone());
            let expected = expected[which].clone();
            begun += 1;
            work.spawn(async move {
                let lost = one(&ground, case, &expected).await;
                let done = done.fetch_add(1, Ordering::Relaxed) + 1;
                if done.is_multiple_of(100) {
                    eprintln!("{store}: {done} of {runs} runs");
                }
                lost
            });
        }
        if let Some(ended) = work.join_next().await {
            lost += ended.unwrap();
        }
        if done.load(Ordering::Relaxed) >= next {
            let which = rng.random_range(0..LABORERS);
            replace(&ground, &mut laborers[which]).await;
            killed += 1;
            next = done.load(Ordering::Relaxed) + rng.random_range(CALM);
        }
    }
    assert_none_open(&ground).await;
    let seconds = begin.elapsed().as_secs();
    eprintln!(
        "{store}: {runs} runs ended as they should in {seconds} s; {killed} workers were killed, \
         and {lost} times one had a run or a function of it"
    );
}

/// No run is left, nor a child of one.
async fn assert_none_open(ground: &Ground) {
    for status in Status::ALL.into_iter().filter(|status| !status.is_end()) {
        let filter = Filter { status: Some(status), ..Filter::default() };
        let page = ground.runs(TENANT).find_of(None, &filter, None, 100).await.unwrap();
        assert!(page.runs.is_empty(), "{page:?}");
    }
}

/// What the runs come to if nobody is killed.
async fn expected(ground: &Ground, cases: &[Case]) -> Vec<Arc<Done>> {
    let tenant = "calm";
    let _laborer = ground.calm_laborer(tenant).await;
    let mut expected = Vec::new();
    for case in cases {
        let run = case.start(&ground.runs(tenant)).await;
        expected.push(Arc::new(case.outcome(ground, tenant, &run).await));
    }
    expected
}

async fn replace(ground: &Ground, laborer: &mut Laborer) {
    laborer.kill();
    *laborer = ground.labor(TENANT, 0, LEASE).await;
}

/// One run, from its start to its end. How often a worker was lost that had it.
async fn one(ground: &Ground, case: Case, expected: &Done) -> i64 {
    let run = case.start(&ground.runs(TENANT)).await;
    let done = case.outcome(ground, TENANT, &run).await;
    let wrong = case.differs(expected, &done);
    assert!(wrong.is_none(), "{} ({run}): {}", case.name, wrong.unwrap_or_default());
    done.lost
}
