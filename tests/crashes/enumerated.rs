//! Each run is crashed at each of its changes.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::case::{CASES, Case, Done};
use super::ground::Ground;

/// Runs that are crashed at a time: most of the time they wait until a lease is over.
const AT_A_TIME: usize = 8;

/// A run that is to be crashed, and how it is if it is not.
struct Crash {
    case: Case,
    whole: Arc<Done>,
    at: u64,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_crashed_at_each_change_on_redis() {
    at_each_change(Ground::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_is_crashed_at_each_change_on_sqlite() {
    at_each_change(Ground::sqlite().await).await;
}

async fn at_each_change(ground: Ground) {
    let ground = Arc::new(ground);
    let only = std::env::var("CASE").ok();
    let cases = CASES.into_iter().filter(|case| only.as_ref().is_none_or(|only| only == case.name));
    let mut crashes = VecDeque::new();
    for case in cases {
        let (whole, changes) = whole(&ground, case).await;
        let whole = Arc::new(whole);
        eprintln!("{}: {changes} changes, {:?}", case.name, whole.effects);
        crashes.extend((1..=changes).map(|at| Crash { case, whole: whole.clone(), at }));
    }
    let crashes = Arc::new(Mutex::new(crashes));
    let mut workers = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (ground, crashes) = (ground.clone(), crashes.clone());
        workers.spawn(async move {
            let mut wrong = Vec::new();
            loop {
                let crash = crashes.lock().await.pop_front();
                let Some(crash) = crash else { return wrong };
                wrong.extend(one(&ground, &crash).await);
            }
        });
    }
    let wrong: Vec<String> = workers.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a run comes to that is not crashed, and how many changes it takes.
async fn whole(ground: &Ground, case: Case) -> (Done, u64) {
    let tenant = format!("{}-whole", case.name);
    let mut laborer = ground.calm_laborer(&tenant).await;
    let run = case.start(&ground.runs(&tenant)).await;
    let done = case.follow(ground, &tenant, &run).await;
    (done, laborer.changes().await)
}

/// Crashes a run, and lets another worker end it. What is wrong with it.
async fn one(ground: &Arc<Ground>, Crash { case, whole, at }: &Crash) -> Option<String> {
    let tenant = format!("{}-{at}", case.name);
    let mut laborer = ground.laborer(&tenant, *at).await;
    let run = case.start(&ground.runs(&tenant)).await;
    // In a task of its own: what it has of the store must not wait for what is done here.
    let mut ended = tokio::spawn({
        let (ground, case, tenant, run) = (ground.clone(), *case, tenant.clone(), run.clone());
        async move { case.follow(&ground, &tenant, &run).await }
    });
    // What a run does is not always in as many changes: it may end before.
    let done = tokio::select! {
        done = &mut ended => done.unwrap(),
        () = laborer.died() => {
            let worker = ground.worker(&tenant).await;
            let done = ended.await.unwrap();
            worker.stop().await;
            done
        }
    };
    let wrong = case.differs(whole, &done)?;
    Some(format!("{} that is crashed at change {at} ({run}): {wrong}", case.name))
}
