//! Runs that something comes to while no worker is alive: each worker is killed at a change of
//! its own, and only then is sent what the run waits for, and again.

use std::sync::Arc;
use std::time::Duration;

use satama::run::{Error, Runs};
use satama::workflow::log::{Event, Recorded};
use satama_tests::{Laborer, PATIENCE};
use tokio::task::JoinSet;

use super::case::{CASES, Case, Sends};
use super::compare::{apart, keys};
use super::ground::{CALM_LEASE, Ground, work};

/// Runs that are crashed at a time.
const AT_A_TIME: usize = 8;

/// What is sent while nobody works.
const SENT: [&str; 4] = ["signal", "approve", "suspend", "cancel"];

/// Runs that fail, and are retried.
const RETRIED: [&str; 3] = ["retry-in-vain", "call", "parent-fails"];

/// A run's history, as [`apart`] has it, and how often it did what: in the order of its keys.
type Whole = ((Vec<String>, Vec<String>), Vec<i64>);

fn of(name: &str) -> Case {
    CASES.into_iter().find(|case| case.name == name).unwrap()
}

/// What came of a run, and how often what was open ran again because a worker was lost.
async fn whole(ground: &Ground, tenant: &str, run: &str) -> (Whole, i64) {
    let history = ground.ended(tenant, run).await;
    satama::workflow::state::State::fold(&history).unwrap();
    let mut effects = Vec::new();
    for key in keys(run, &history).values() {
        effects.push(ground.count(tenant, key).await);
    }
    let lost = history.iter().filter(|recorded| matches!(recorded.event, Event::Lost(_))).count();
    ((apart(&history), effects), i64::try_from(lost).unwrap())
}

/// How a run that was crashed differs from one that was not, if it may not.
fn differs(whole: &Whole, crashed: &(Whole, i64)) -> Option<String> {
    let ((history, effects), lost) = crashed;
    let mores: Vec<i64> =
        effects.iter().zip(&whole.1).map(|(found, whole)| found - whole).collect();
    let is_right = *history == whole.0
        && effects.len() == whole.1.len()
        && mores.iter().all(|more| *more >= 0)
        && mores.iter().sum::<i64>() <= *lost;
    (!is_right).then(|| format!("expected {whole:#?}, found {crashed:#?}"))
}

/// Waits until nobody has the run's body, for it waits: of that nobody is told.
async fn parked(runs: &Runs, run: &str) {
    let waits = async {
        while runs.one(run).await.unwrap().head.waits.is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waits).await.expect("it waits at some time");
}

/// Sends what a case is sent, and again: once it counts. False if it is not time yet.
async fn send_twice(case: Case, runs: &Runs, run: &str) -> bool {
    let once = |sent: Result<(), Error>| match sent {
        Ok(()) => true,
        Err(Error::Illegal(_)) => false,
        Err(err) => panic!("{err:?}"),
    };
    let signal = || runs.signal(run, "go", "7".into(), Some("once".into()));
    let decide = || runs.decide(run, "pay", true, Some("boss".into()), "1".into());
    let sent = match case.sends {
        Sends::Nothing => panic!("there is nothing to send"),
        Sends::Signal => [signal().await.unwrap(), signal().await.unwrap()],
        Sends::Decision => [once(decide().await), once(decide().await)],
        Sends::Resume => [once(runs.resume(run).await), once(runs.resume(run).await)],
        Sends::Cancel => {
            let sent = once(runs.cancel(run, "no more", false).await);
            assert!(once(runs.cancel(run, "no more", false).await), "it may be repeated");
            [sent, false]
        }
    };
    assert!(!sent[1], "it was taken twice");
    sent[0]
}

/// Starts a run that a worker dies of at a change, or once it waits.
async fn crash(ground: &Ground, case: Case, tenant: &str, at: u64) -> String {
    let mut laborer: Laborer = ground.laborer(tenant, at).await;
    let runs = ground.runs(tenant);
    let run = case.start(&runs).await;
    tokio::select! {
        () = laborer.died() => {}
        () = parked(&runs, &run) => laborer.kill(),
    }
    run
}

/// What is wrong with a run that was sent something after its worker had died.
async fn sent(ground: Arc<Ground>, case: Case, expected: Arc<Whole>, at: u64) -> Option<String> {
    let tenant = format!("sent-{}-{at}", case.name);
    let runs = ground.runs(&tenant);
    let run = crash(&ground, case, &tenant, at).await;
    let is_sent = send_twice(case, &runs, &run).await;
    let worker = ground.worker(&tenant).await;
    if !is_sent {
        case.send(&runs, &run).await;
    }
    let done = whole(&ground, &tenant, &run).await;
    worker.stop().await;
    let wrong = match case.sends {
        // Where it is told depends on when it was cancelled.
        Sends::Cancel => undoes(&ground.ended(&tenant, &run).await),
        _ => differs(&expected, &done),
    };
    Some(format!("{} that is crashed at change {at} ({run}): {}", case.name, wrong?))
}

/// Whether a cancelled run has undone what it did.
fn undoes(history: &[Recorded]) -> Option<String> {
    let is_undone =
        |recorded: &Recorded| matches!(&recorded.event, Event::StepDone(done) if done.undo);
    let ends = matches!(history.last().unwrap().event, Event::Cancelled {});
    let right = ends && history.iter().filter(|recorded| is_undone(recorded)).count() == 1;
    (!right).then(|| format!("{history:#?}"))
}

/// What is wrong with a run that failed and was retried, whose worker dies at a change after that.
async fn retried(ground: Arc<Ground>, case: Case, expected: Arc<Whole>, at: u64) -> Option<String> {
    let tenant = format!("retried-{}-{at}", case.name);
    let runs = ground.runs(&tenant);
    let run = fail(&ground, case, &tenant).await;
    runs.retry(&run, Some(0)).await.unwrap();
    let again = runs.retry(&run, Some(0)).await;
    assert!(matches!(again, Err(Error::Illegal(_) | Error::InvalidStep(_))), "{again:?}");
    let mut laborer = ground.laborer(&tenant, at).await;
    let mut ended = tokio::spawn({
        let (ground, tenant, run) = (ground.clone(), tenant.clone(), run.clone());
        async move { whole(&ground, &tenant, &run).await }
    });
    let done = tokio::select! {
        done = &mut ended => done.unwrap(),
        () = laborer.died() => {
            let worker = ground.worker(&tenant).await;
            let done = ended.await.unwrap();
            worker.stop().await;
            done
        }
    };
    let wrong = differs(&expected, &done)?;
    Some(format!(
        "{} that is crashed at change {at} of its second life ({run}): {wrong}",
        case.name
    ))
}

/// A run that has failed, and nobody works any more.
async fn fail(ground: &Ground, case: Case, tenant: &str) -> String {
    let worker = work(&ground.host, tenant, CALM_LEASE).await;
    let run = case.start(&ground.runs(tenant)).await;
    ground.ended(tenant, &run).await;
    worker.stop().await;
    run
}

async fn nobody_is_there(ground: Ground) {
    let ground = Arc::new(ground);
    let (mut crashes, mut wrong) = (JoinSet::new(), Vec::new());
    for case in SENT.map(of) {
        let tenant = format!("sent-{}", case.name);
        let mut laborer = ground.calm_laborer(&tenant).await;
        let runs = ground.runs(&tenant);
        let run = case.start(&runs).await;
        parked(&runs, &run).await;
        let changes = laborer.changes().await;
        case.send(&runs, &run).await;
        let expected = Arc::new(whole(&ground, &tenant, &run).await.0);
        eprintln!("{}: {changes} changes until it waits", case.name);
        for at in 1..=changes + 1 {
            limit(&mut crashes, &mut wrong).await;
            crashes.spawn(sent(ground.clone(), case, expected.clone(), at));
        }
    }
    for case in RETRIED.map(of) {
        let tenant = format!("retried-{}", case.name);
        let run = fail(&ground, case, &tenant).await;
        let mut laborer = ground.calm_laborer(&tenant).await;
        ground.runs(&tenant).retry(&run, Some(0)).await.unwrap();
        let expected = Arc::new(whole(&ground, &tenant, &run).await.0);
        let changes = laborer.changes().await;
        eprintln!("{}: {changes} changes in its second life", case.name);
        for at in 1..=changes {
            limit(&mut crashes, &mut wrong).await;
            crashes.spawn(retried(ground.clone(), case, expected.clone(), at));
        }
    }
    wrong.extend(crashes.join_all().await.into_iter().flatten());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Waits until there is room for one more.
async fn limit(crashes: &mut JoinSet<Option<String>>, wrong: &mut Vec<String>) {
    if crashes.len() >= AT_A_TIME {
        wrong.extend(crashes.join_next().await.unwrap().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_nobody_works_counts_once_on_redis() {
    nobody_is_there(Ground::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_while_nobody_works_counts_once_on_sqlite() {
    nobody_is_there(Ground::sqlite().await).await;
}
