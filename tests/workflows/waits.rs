//! What a body waits for: time, signals, people, and other runs.

use satama::run::{Error, Options, StepStatus};
use satama::workflow::Status;
use satama_tests::{Stage, on_both_stores};

use super::crew::{Crew, code, cold, config, worker};

on_both_stores! {
    a_run_sleeps,
    five_sleeps_of_one_millisecond_all_end,
    a_signal_comes_before_and_after_its_wait,
    signals_come_in_their_order,
    a_signal_may_not_come,
    a_signal_with_a_key_comes_once,
    a_run_is_resumed_once,
    an_approval_is_given,
    an_approval_is_refused,
    an_approval_expires,
    a_decision_counts_once,
    a_parent_has_what_its_child_returns,
    a_parent_fails_with_its_child,
    a_child_is_cancelled_with_its_parent,
    a_child_alone_may_be_cancelled,
    the_changes_of_a_run_are_told,
}

async fn a_run_sleeps(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("sleep", r#"{"ms":200}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("200"), "{info:?}");
    let history = crew.history(&run).await;
    let kinds: Vec<_> = history.iter().map(|recorded| recorded.event.kind()).collect();
    assert_eq!(kinds, ["started", "timer-set", "timer-fired", "completed"]);
    assert!(history[2].at_ms >= history[1].at_ms + 200);
}

/// Of another such engine: only one of those that were set in the same millisecond ended.
async fn five_sleeps_of_one_millisecond_all_end(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("five-sleeps", r#"{"ms":100}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("5"), "{info:?}");
    let history = crew.history(&run).await;
    let set: Vec<_> = history.iter().filter(|r| r.event.kind() == "timer-set").collect();
    assert!(set.len() == 5 && set.iter().all(|timer| timer.at_ms == set[0].at_ms));
    let fired = history.iter().filter(|r| r.event.kind() == "timer-fired");
    assert_eq!(fired.count(), 5);
}

async fn a_signal_comes_before_and_after_its_wait(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    // The version is registered; nobody works.
    crew.worker = Some(worker(&crew.stage.host, cold()).await);
    crew.stop().await;
    let before = crew.start("signal", r#"{"ms":1000000}"#).await;
    assert!(crew.runs.signal(&before, "go", "1".into(), None).await.unwrap());
    crew.worker = Some(worker(&crew.stage.host, cold()).await);
    assert_eq!(crew.end(&before).await.output.as_deref(), Some("1"));

    let after = crew.start("signal", r#"{"ms":1000000}"#).await;
    crew.parked(&after).await;
    assert!(crew.runs.signal(&after, "other", "0".into(), None).await.unwrap());
    assert!(crew.runs.signal(&after, "go", "2".into(), None).await.unwrap());
    assert_eq!(crew.end(&after).await.output.as_deref(), Some("2"));
    let late = crew.runs.signal(&after, "go", "3".into(), None).await;
    assert!(matches!(late, Err(Error::Illegal(Status::Completed))), "{late:?}");
}

async fn signals_come_in_their_order(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("signals", r#"{"n":20}"#).await;
    for n in 0..20 {
        assert!(crew.runs.signal(&run, "go", n.to_string(), None).await.unwrap());
    }
    let said = serde_json::to_string(&(0..20).collect::<Vec<_>>()).unwrap();
    assert_eq!(crew.end(&run).await.output, Some(said));
}

async fn a_signal_may_not_come(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let info = crew.run("signal", r#"{"ms":50}"#).await;
    assert_eq!(info.output.as_deref(), Some("null"), "{info:?}");
}

async fn a_signal_with_a_key_comes_once(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("signals", r#"{"n":2}"#).await;
    let key = || Some("k".to_owned());
    assert!(crew.runs.signal(&run, "go", "1".into(), key()).await.unwrap());
    assert!(!crew.runs.signal(&run, "go", "1".into(), key()).await.unwrap());
    assert!(crew.runs.signal(&run, "go", "2".into(), None).await.unwrap());
    assert_eq!(crew.end(&run).await.output.as_deref(), Some("[1,2]"));
}

async fn a_run_is_resumed_once(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("suspend", "null").await;
    crew.until(&run, "suspended", 1).await;
    crew.parked(&run).await;
    let info = crew.runs.one(&run).await.unwrap();
    assert_eq!(info.head.status, Status::Suspended, "{info:?}");
    assert!(info.waits_for.unwrap().contains("until someone resumes it"));
    crew.runs.resume(&run).await.unwrap();
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some(r#""resumed""#), "{info:?}");
    assert_eq!(crew.kinds(&run).await, ["started", "suspended", "resumed", "completed"]);
    let again = crew.runs.resume(&run).await;
    assert!(matches!(again, Err(Error::Illegal(Status::Completed))), "{again:?}");
}

/// Starts one, and decides.
async fn decided(stage: Stage, approved: bool) -> (Crew, String) {
    let crew = Crew::new(stage).await;
    let run = crew.start("approve", "{}").await;
    crew.until(&run, "approval-asked", 1).await;
    let none = crew.runs.decide(&run, "another", true, None, "1".into()).await;
    assert!(matches!(none, Err(Error::Illegal(Status::Running))), "{none:?}");
    let by = Some("ann \"x\"".to_owned());
    crew.runs.decide(&run, "pay", approved, by, r#"{"n":1}"#.into()).await.unwrap();
    (crew, run)
}

async fn an_approval_is_given(stage: Stage) {
    let (crew, run) = decided(stage, true).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some(r#"["approved","ann \"x\"",{"n":1}]"#), "{info:?}");
    let steps = crew.steps(&run).await;
    assert_eq!((steps[0].kind, steps[0].status), ("approval", StepStatus::Succeeded));
    assert_eq!(steps[0].input.as_deref(), Some(r#"{"cents":100}"#));
}

async fn an_approval_is_refused(stage: Stage) {
    let (crew, run) = decided(stage, false).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some(r#"["refused","ann \"x\"",{"n":1}]"#), "{info:?}");
}

async fn an_approval_expires(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("approve", r#"{"ms":50}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some(r#""expired""#), "{info:?}");
    let kinds = ["started", "approval-asked", "approval-expired", "completed"];
    assert_eq!(crew.kinds(&run).await, kinds);
    let late = crew.runs.decide(&run, "pay", true, None, "1".into()).await;
    assert!(matches!(late, Err(Error::Illegal(_))), "{late:?}");
}

async fn a_decision_counts_once(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("approve", "{}").await;
    crew.until(&run, "approval-asked", 1).await;
    let decide = |approved| crew.runs.decide(&run, "pay", approved, None, "1".into());
    let (one, other) = tokio::join!(decide(true), decide(false));
    assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
    let word = if one.is_ok() { "approved" } else { "refused" };
    let info = crew.end(&run).await;
    assert_eq!(info.output, Some(format!("[\"{word}\",null,1]")));
    let kinds = crew.kinds(&run).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == "approval-decided").count(), 1);
}

async fn a_parent_has_what_its_child_returns(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    for config in [config(), cold()] {
        crew.worker = Some(worker(&crew.stage.host, config).await);
        let run = crew.start("parent", r#"{"ms":20,"output":[1]}"#).await;
        let info = crew.end(&run).await;
        assert_eq!(info.output.as_deref(), Some(r#"{"child":[1]}"#), "{info:?}");
        let steps = crew.steps(&run).await;
        let child = crew.runs.one(steps[0].child.as_ref().unwrap()).await.unwrap();
        assert_eq!(child.head.parent.unwrap().0.to_string(), run);
        assert_eq!(child.output.as_deref(), Some("[1]"));
        crew.stop().await;
    }
}

async fn a_parent_fails_with_its_child(stage: Stage) {
    let crew = Crew::new(stage).await;
    let info = crew.run("parent", r#"{"fail":"broke"}"#).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "broke"), "{info:?}");
}

async fn a_child_is_cancelled_with_its_parent(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    for force in [false, true] {
        crew.worker = Some(worker(&crew.stage.host, config()).await);
        let run = crew.start("parent", r#"{"ms":1000000}"#).await;
        crew.until(&run, "child-started", 1).await;
        let child = crew.steps(&run).await[0].child.clone().unwrap();
        crew.until(&child, "timer-set", 1).await;
        crew.runs.cancel(&run, "enough", force).await.unwrap();
        assert_eq!(crew.end(&run).await.head.status, Status::Cancelled);
        assert_eq!(crew.end(&child).await.head.status, Status::Cancelled);
        crew.stop().await;
    }
}

async fn a_child_alone_may_be_cancelled(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("parent", r#"{"ms":1000000}"#).await;
    crew.until(&run, "child-started", 1).await;
    let child = crew.steps(&run).await[0].child.clone().unwrap();
    crew.runs.cancel(&child, "enough", false).await.unwrap();
    assert_eq!(crew.end(&child).await.head.status, Status::Cancelled);
    // Nobody asked its parent to be cancelled: for that one its child has failed.
    let info = crew.end(&run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "cancelled"), "{info:?}");
}

async fn the_changes_of_a_run_are_told(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("signals", r#"{"n":1}"#).await;
    let started = crew.runs.changes(&run, 0, 10_000).await.unwrap();
    assert_eq!(started.len(), 1);
    assert!(crew.runs.changes(&run, 1, 0).await.unwrap().is_empty());
    let told = crew.runs.changes(&run, 1, 30_000);
    let signal = crew.runs.signal(&run, "go", "7".into(), None);
    let (told, signal) = tokio::join!(told, signal);
    assert!(signal.unwrap());
    let told = told.unwrap();
    assert!(told[0].ends_with(r#"{"signalled":{"name":"go","payload":7}}"#), "{told:?}");
    crew.end(&run).await;
    assert_eq!(crew.runs.changes(&run, 0, 0).await.unwrap().len(), 3);
    let delayed = Options { delay_ms: Some(1_000_000), ..Options::default() };
    let run = crew.start_with("echo", "1", delayed).await;
    assert!(crew.runs.changes(&run, 1, 50).await.unwrap().is_empty());
}
