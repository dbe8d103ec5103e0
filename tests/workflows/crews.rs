//! Several workers, several tenants, and several versions at a time.

use std::sync::Arc;
use std::time::Duration;

use satama::run::{Error, Filter, Options};
use satama::workflow::Status;
use satama::workflow::control::VersionStatus;
use satama::{Clock, SimClock};
use satama_tests::{Stage, on_both_stores, until};

use super::crew::{
    BODIES, Crew, FUNCTIONS, cold, config, grant, grant_of, runs, worker, worker_of,
};

on_both_stores! {
    three_workers_join_once,
    a_long_step_keeps_its_lease,
    a_worker_that_stops_lets_another_go_on,
    a_tenant_that_floods_does_not_keep_another_waiting,
    a_workflow_that_floods_does_not_keep_another_waiting,
    no_more_bodies_run_than_may,
    priority_comes_first,
    a_delayed_start_begins_later,
    of_racing_starts_with_one_key_one_runs,
    a_run_is_deleted_after_its_retention,
    a_schedule_starts_runs,
    a_run_stays_with_its_version,
    two_versions_are_served_at_once,
}

/// Of another such engine: what was to run once after all ran for each that ended last.
async fn three_workers_join_once(stage: Stage) {
    let crew = Crew::new(stage).await;
    let mut others = Vec::new();
    for _ in 0..2 {
        let host = crew.stage.other_host().await;
        others.push((worker(&host, cold()).await, host));
    }
    let mut started = Vec::new();
    for _ in 0..25 {
        started.push(crew.start("fan", "null").await);
    }
    for run in &started {
        let info = crew.end(run).await;
        assert_eq!(info.output.as_deref(), Some("28"), "{info:?}");
        assert_eq!(crew.effects(run, 8, "join").await, 1);
        for n in 0..8 {
            assert_eq!(crew.effects(run, n, &format!("f{n}")).await, 1);
        }
        let kinds = crew.kinds(run).await;
        assert!(!kinds.contains(&"lost") && !kinds.contains(&"body-failed"), "{kinds:?}");
    }
}

/// Of another such engine: a run that took longer than its lock was run twice, and failed by who
/// waited for that.
async fn a_long_step_keeps_its_lease(stage: Stage) {
    let mut short = config();
    short.lease = Duration::from_secs(2);
    let crew = Crew::with(stage, short.clone()).await;
    let host = crew.stage.other_host().await;
    let _other = worker(&host, short).await;
    let run = crew.start("slow", r#"{"ms":5000}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("5000"), "{info:?}");
    assert_eq!(crew.kinds(&run).await, ["started", "step-done", "completed"]);
    assert_eq!(crew.effects(&run, 0, "slow").await, 1);
}

async fn a_worker_that_stops_lets_another_go_on(stage: Stage) {
    let mut crew = Crew::new(stage).await;
    let mut started = Vec::new();
    for _ in 0..4 {
        started.push(crew.start("steps", r#"{"n":200}"#).await);
    }
    let waits = crew.start("signals", r#"{"n":1}"#).await;
    crew.until(&started[3], "step-done", 3).await;
    crew.stop().await;
    for run in &started {
        let head = crew.runs.one(run).await.unwrap().head;
        assert_eq!(head.worker, None, "{head:?}");
    }
    let host = crew.stage.other_host().await;
    let _other = worker(&host, config()).await;
    crew.runs.signal(&waits, "go", "1".into(), None).await.unwrap();
    assert_eq!(crew.end(&waits).await.output.as_deref(), Some("[1]"));
    for run in &started {
        let info = crew.end(run).await;
        assert_eq!(info.output.as_deref(), Some("19900"), "{info:?}");
        assert!(!crew.kinds(run).await.contains(&"lost"));
        for n in 0..200 {
            assert_eq!(crew.effects(run, n, &format!("s{n}")).await, 1);
        }
    }
}

/// Starts so many that each take a while.
async fn flood(runs: &satama::run::Runs, count: usize) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..count.div_ceil(64) {
        let slow = || (r#"{"ms":30}"#.to_owned(), Options::default());
        let batch = (0..64).map(|_| slow()).collect();
        let started = runs.start("slow", batch).await.unwrap();
        ids.extend(started.into_iter().map(|started| started.id.to_string()));
    }
    ids
}

/// How many of a tenant's runs have this status.
async fn count(runs: &satama::run::Runs, workflow: &str, status: Status) -> usize {
    let filter = Filter { status: Some(status), ..Filter::default() };
    let (mut count, mut cursor) = (0, None);
    loop {
        let page = runs.find_of(Some(workflow), &filter, cursor.as_deref(), 100).await.unwrap();
        count += page.runs.len();
        cursor = page.next;
        if cursor.is_none() {
            return count;
        }
    }
}

async fn a_tenant_that_floods_does_not_keep_another_waiting(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    let mut small = config();
    small.bodies = 4;
    let guests = vec![("workflow_basic", grant("t")), ("workflow_basic", grant("u"))];
    crew.worker = Some(worker_of(&crew.stage.host, guests, small).await);
    flood(&crew.runs, 256).await;
    let other = Crew { worker: None, runs: runs(&crew.stage.host, "u"), stage: crew.stage };
    let info = other.run("ten", "null").await;
    assert_eq!(info.output.as_deref(), Some("45"), "{info:?}");
    let left = count(&crew.runs, "slow", Status::Running).await;
    assert!(left > 0, "it came after all of the other's");
}

async fn a_workflow_that_floods_does_not_keep_another_waiting(stage: Stage) {
    let mut small = config();
    small.bodies = 4;
    let crew = Crew::with(stage, small).await;
    flood(&crew.runs, 256).await;
    let info = crew.run("ten", "null").await;
    assert_eq!(info.output.as_deref(), Some("45"), "{info:?}");
    let left = count(&crew.runs, "slow", Status::Running).await;
    assert!(left > 0, "it came after all of the other's");
}

async fn no_more_bodies_run_than_may(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    let one = grant_of("t", &BODIES, &FUNCTIONS, Some(1), |_| {});
    let guests = vec![("workflow_basic", one)];
    crew.worker = Some(worker_of(&crew.stage.host, guests, config()).await);
    let ids = flood(&crew.runs, 64).await;
    let mut left = true;
    while left {
        let infos = crew.runs.get(&ids).await.unwrap();
        let heads = || infos.iter().flatten().map(|info| &info.head);
        let taken = heads().filter(|head| head.worker.is_some()).count();
        assert!(taken <= 1, "{taken} at a time");
        left = heads().any(|head| !head.status.is_end());
    }
    assert_eq!(count(&crew.runs, "slow", Status::Completed).await, 64);
}

async fn priority_comes_first(stage: Stage) {
    let mut crew = Crew::new(stage).await;
    crew.stop().await;
    for priority in [0, 9] {
        let options = Options { priority: Some(priority), ..Options::default() };
        let batch = (0..48).map(|_| ("1".to_owned(), options.clone())).collect();
        crew.runs.start("ten", batch).await.unwrap();
    }
    let mut one = config();
    one.bodies = 1;
    crew.worker = Some(worker(&crew.stage.host, one).await);
    until("all are done", async || count(&crew.runs, "ten", Status::Completed).await == 96).await;
    let filter = Filter::default();
    let done = crew.runs.find_of(Some("ten"), &filter, None, 100).await.unwrap().runs;
    for (high, low) in done.iter().flat_map(|high| done.iter().map(move |low| (high, low))) {
        // The order is that of a partition, which is told by the id.
        let same = high.id.as_str()[..2] == low.id.as_str()[..2];
        if same && high.priority > low.priority {
            assert!(high.ended_ms <= low.ended_ms, "{high:?} {low:?}");
        }
    }
}

async fn a_delayed_start_begins_later(stage: Stage) {
    let crew = Crew::new(stage).await;
    let options = Options { delay_ms: Some(300), ..Options::default() };
    let run = crew.start_with("ten", "null", options).await;
    let info = crew.end(&run).await;
    let history = crew.history(&run).await;
    assert!(history[1].at_ms >= info.head.created_ms + 300, "{history:?}");
}

async fn of_racing_starts_with_one_key_one_runs(stage: Stage) {
    let crew = Crew::new(stage).await;
    let host = crew.stage.other_host().await;
    let both = [Arc::new(runs(&crew.stage.host, "t")), Arc::new(runs(&host, "t"))];
    let mut racers = tokio::task::JoinSet::new();
    for n in 0..32 {
        let runs = both[n % 2].clone();
        racers.spawn(async move {
            let options = Options { key: Some("order:17".into()), ..Options::default() };
            runs.start("ten", vec![("null".into(), options)]).await.unwrap().remove(0)
        });
    }
    let started = racers.join_all().await;
    assert_eq!(started.iter().filter(|started| started.new).count(), 1);
    assert!(started.iter().all(|one| one.id == started[0].id));
    let run = started[0].id.to_string();
    assert_eq!(crew.end(&run).await.output.as_deref(), Some("45"));
    assert_eq!(crew.effects(&run, 0, "s0").await, 1);
    // It is the same also after its end.
    let options = Options { key: Some("order:17".into()), ..Options::default() };
    assert_eq!(crew.start_with("ten", "1", options).await, run);
}

async fn a_run_is_deleted_after_its_retention(stage: Stage) {
    let crew = Crew::new(stage).await;
    let options = Options { retention_ms: Some(50), ..Options::default() };
    let run = crew.start_with("parent", r#"{"output":1}"#, options).await;
    until("it is deleted", async || matches!(crew.runs.one(&run).await, Err(Error::NotFound)))
        .await;
    until("its child too", async || count(&crew.runs, "child", Status::Completed).await == 0).await;
}

async fn a_schedule_starts_runs(stage: Stage) {
    let crew = Crew::new(stage).await;
    let options = Options::default();
    crew.runs.schedule("ten", "often", "* * * * * *", "1".into(), options).await.unwrap();
    until("it has started two", async || count(&crew.runs, "ten", Status::Completed).await >= 2)
        .await;
    assert_eq!(crew.runs.schedules().await.unwrap().len(), 1);
    assert!(crew.runs.unschedule("ten", "often").await.unwrap());
    assert!(!crew.runs.unschedule("ten", "often").await.unwrap());
    assert!(crew.runs.schedules().await.unwrap().is_empty());
}

async fn a_run_stays_with_its_version(stage: Stage) {
    let mut crew = Crew::new(stage).await;
    crew.stop().await;
    let old = crew.start("ten", "null").await;
    let later = grant_of("t", &["ten", "fan", "sleep"], &["note"], None, |_| {});
    let guests = vec![("workflow_v2", later)];
    crew.worker = Some(worker_of(&crew.stage.host, guests, cold()).await);
    let new = crew.run("ten", "null").await;
    assert_eq!(new.output.as_deref(), Some("145"), "{new:?}");
    let waits = crew.runs.one(&old).await.unwrap();
    assert_eq!((waits.events, waits.head.worker), (1, None));
    assert_ne!(waits.head.digest, new.head.digest);
    // Nobody has said for long that it serves the old one.
    let host = crew.stage.host_at(Clock::Sim(later_by_a_minute())).await;
    let said = runs(&host, "t").one(&old).await.unwrap().waits_for.unwrap();
    assert!(said.contains("no worker serves it"), "{said}");
    assert!(said.contains(&waits.head.digest.to_string()), "{said}");

    crew.stop().await;
    crew.worker = Some(worker(&crew.stage.host, cold()).await);
    assert_eq!(crew.end(&old).await.output.as_deref(), Some("45"));
    // The newest is that which was new last; until it is declined.
    let digest = new.head.digest.to_string();
    let next = crew.start("ten", "null").await;
    assert_eq!(crew.runs.one(&next).await.unwrap().head.digest, new.head.digest);
    crew.runs.set_version("ten", &digest, VersionStatus::Declined).await.unwrap();
    assert_eq!(crew.run("ten", "null").await.output.as_deref(), Some("45"));
}

async fn two_versions_are_served_at_once(stage: Stage) {
    let mut crew = Crew::new(stage).await;
    let old = crew.start("sleep", r#"{"ms":500}"#).await;
    crew.until(&old, "timer-set", 1).await;
    crew.stop().await;
    let functions: Vec<_> = FUNCTIONS.into_iter().filter(|name| *name != "note").collect();
    let first = grant_of("t", &BODIES, &functions, None, |_| {});
    let second = grant_of("t", &["ten", "fan", "sleep"], &["note"], None, |_| {});
    let guests = vec![("workflow_basic", first), ("workflow_v2", second)];
    crew.worker = Some(worker_of(&crew.stage.host, guests, cold()).await);
    let new = crew.start("sleep", r#"{"ms":500}"#).await;
    assert_eq!(crew.end(&old).await.output.as_deref(), Some("500"));
    assert_eq!(crew.end(&new).await.output.as_deref(), Some("501"));
}

/// A clock that is a minute fast.
fn later_by_a_minute() -> SimClock {
    let clock = SimClock::new();
    let later = Duration::from_micros(Clock::System.micros()) + Duration::from_secs(60);
    clock.advance(later.saturating_sub(Duration::from_micros(Clock::Sim(clock.clone()).micros())));
    clock
}
