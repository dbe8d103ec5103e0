//! What workflows that nobody has read may try, and where it ends. Others go on meanwhile.

use satama::grant::{Grant, Limits};
use satama::run::{Info, Options};
use satama::workflow::{FAILURE_BYTES_MAX, Status};
use satama_tests::{Stage, on_both_stores};

use super::crew::{Crew, code, cold, config, grant, grant_of, runs, worker_of};

on_both_stores! {
    calls_are_answered,
    ends_are_bounded,
    what_uses_up_is_stopped,
    what_traps_is_called_again_later,
    a_cancel_need_not_be_obeyed_but_can_be_forced,
    functions_are_bounded,
    chance_is_the_runs,
    children_are_bounded,
    a_body_that_comes_nowhere_keeps_what_it_came_to,
    more_attempts_than_there_may_be_are_refused,
    what_is_printed_harms_nobody,
    a_run_may_continue_for_ever,
}

const BODIES: [&str; 40] = [
    "everything",
    "names",
    "values",
    "numbers",
    "lists",
    "not-granted",
    "failures",
    "wait-for-none",
    "spin",
    "grow",
    "flood",
    "open",
    "tickets",
    "parts",
    "state",
    "events",
    "bytes",
    "children",
    "ignore-cancel",
    "replay-slowly",
    "retry-forever",
    "end-no-json",
    "end-huge",
    "end-larger",
    "end-deep",
    "end-failed-huge",
    "end-failed-hostile",
    "end-failed-details",
    "end-failed-lost",
    "end-failed-cancelled",
    "end-cancelled",
    "end-continued",
    "end-continued-no-json",
    "end-continued-huge",
    "end-in-step",
    "end-with-tickets",
    "chance",
    "panic",
    "exit",
    "print",
];

const FUNCTIONS: [&str; 14] = [
    "note",
    "everything",
    "no-json",
    "huge",
    "larger",
    "fail-huge",
    "fail-hostile",
    "fail-details",
    "spin",
    "grow",
    "panic",
    "exit",
    "state",
    "state-flood",
];

fn hostile(change: impl FnOnce(&mut Limits)) -> Grant {
    grant_of("t", &BODIES, &FUNCTIONS, None, change)
}

/// A worker of the hostile one, and of a neighbour.
async fn among(stage: Stage, change: impl FnOnce(&mut Limits)) -> Crew {
    let mut crew = Crew::idle(stage).await;
    let guests = vec![("hostile_workflow", hostile(change)), ("workflow_basic", grant("u"))];
    crew.worker = Some(worker_of(&crew.stage.host, guests, config()).await);
    crew
}

/// The neighbour goes on.
async fn neighbour(crew: Crew) {
    let other = Crew { runs: runs(&crew.stage.host, "u"), ..crew };
    let info = other.run("ten", "null").await;
    assert_eq!(info.output.as_deref(), Some("45"), "{info:?}");
}

fn told(info: &Info) -> Vec<String> {
    assert_eq!(info.head.status, Status::Completed, "{info:?}");
    serde_json::from_str(info.output.as_ref().unwrap()).unwrap()
}

async fn calls_are_answered(stage: Stage) {
    let crew = among(stage, |_| {}).await;
    for workflow in ["everything", "failures", "wait-for-none", "lists"] {
        let info = crew.run(workflow, "null").await;
        let said = told(&info);
        assert!(said.iter().any(|said| !said.ends_with("it worked")), "{workflow}: {said:?}");
    }
    for workflow in ["names", "numbers", "not-granted"] {
        let info = crew.run(workflow, "null").await;
        assert!(info.head.status.is_end(), "{workflow}");
    }
    neighbour(crew).await;
}

async fn ends_are_bounded(stage: Stage) {
    let crew = among(stage, |_| {}).await;
    for (workflow, expected) in [
        ("end-no-json", "invalid-json"),
        ("end-huge", "too-large"),
        ("end-larger", "too-large"),
        ("end-deep", "invalid-json"),
        ("end-continued-no-json", "invalid-json"),
        ("end-continued-huge", "too-large"),
        ("end-failed-details", "a"),
        ("end-cancelled", "cancelled"),
        ("end-in-step", "misplaced"),
    ] {
        let info = crew.run(workflow, "null").await;
        assert_eq!((info.head.status, code(&info)), (Status::Failed, expected), "{workflow}");
    }
    for workflow in ["end-failed-huge", "end-failed-hostile", "end-failed-lost"] {
        let info = crew.run(workflow, "null").await;
        let failure = info.failure.unwrap();
        let most = usize::try_from(FAILURE_BYTES_MAX).unwrap();
        assert!(failure.code.len() <= most && failure.message.len() <= most, "{workflow}");
    }
    assert_eq!(crew.run("end-with-tickets", "null").await.head.status, Status::Completed);
    neighbour(crew).await;
}

async fn what_uses_up_is_stopped(stage: Stage) {
    let crew = among(stage, |_| {}).await;
    for workflow in ["open", "tickets", "parts", "state", "events", "bytes"] {
        let info = crew.run(workflow, "null").await;
        assert!(info.head.status.is_end(), "{workflow}: {info:?}");
        assert!(info.output.is_none_or(|said| !said.contains("it worked")), "{workflow}");
        assert!(info.events <= 10_002, "{workflow}");
    }
    neighbour(crew).await;
}

async fn what_traps_is_called_again_later(stage: Stage) {
    let small = |limits: &mut Limits| (limits.cpu_ms, limits.wall_ms) = (50, 2_000);
    let crew = among(stage, small).await;
    for workflow in ["spin", "grow", "flood", "panic", "exit", "values"] {
        let run = crew.start(workflow, "null").await;
        crew.until(&run, "body-failed", 1).await;
        crew.runs.cancel(&run, "enough", true).await.unwrap();
        assert_eq!(crew.end(&run).await.head.status, Status::Cancelled, "{workflow}");
    }
    neighbour(crew).await;
}

async fn a_cancel_need_not_be_obeyed_but_can_be_forced(stage: Stage) {
    let crew = among(stage, |limits| limits.wall_ms = 5_000).await;
    let options = Options { timeout_ms: Some(100), ..Options::default() };
    let run = crew.start_with("ignore-cancel", "null", options).await;
    crew.until(&run, "cancel-asked", 1).await;
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    assert_eq!(crew.end(&run).await.head.status, Status::Cancelled);
    neighbour(crew).await;
}

/// Each is called as a step by a friendly body.
async fn functions_are_bounded(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    let small = |limits: &mut Limits| (limits.cpu_ms, limits.wall_ms) = (2_000, 10_000);
    let bad = grant_of("t", &[], &FUNCTIONS, None, small);
    let good = grant_of("t", &["call"], &[], None, |_| {});
    let guests = vec![("hostile_workflow", bad), ("workflow_basic", good)];
    crew.worker = Some(worker_of(&crew.stage.host, guests, cold()).await);
    for (function, expected) in [
        ("no-json", "invalid-json"),
        ("huge", "too-large"),
        ("larger", "too-large"),
        ("fail-details", "a"),
        ("spin", "trapped"),
        ("grow", "trapped"),
        ("panic", "trapped"),
        ("exit", "trapped"),
    ] {
        let info = crew.run("call", &format!(r#"{{"function":"{function}"}}"#)).await;
        assert_eq!((info.head.status, code(&info)), (Status::Failed, expected), "{function}");
        let message = info.failure.unwrap().message;
        assert!(message.len() <= usize::try_from(FAILURE_BYTES_MAX).unwrap(), "{function}");
    }
    for function in ["fail-huge", "fail-hostile", "state-flood"] {
        let info = crew.run("call", &format!(r#"{{"function":"{function}"}}"#)).await;
        assert_eq!(info.head.status, Status::Failed, "{function}");
    }
    for function in ["everything", "state"] {
        let info = crew.run("call", &format!(r#"{{"function":"{function}"}}"#)).await;
        assert_eq!(info.head.status, Status::Completed, "{function}: {info:?}");
    }
}

/// It asks for what chance says, and is replayed: it must be the same.
async fn chance_is_the_runs(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    let guests = vec![("hostile_workflow", hostile(|_| {}))];
    crew.worker = Some(worker_of(&crew.stage.host, guests, cold()).await);
    let info = crew.run("chance", "null").await;
    assert_eq!(info.head.status, Status::Completed, "{info:?}");
    let other = crew.run("chance", "null").await;
    assert_ne!(info.output, other.output);
}

/// Each child would start as many: those that have begun by then end with their parent.
async fn children_are_bounded(stage: Stage) {
    let crew = among(stage, |_| {}).await;
    let run = crew.start("children", "null").await;
    let info = crew.end(&run).await;
    assert_eq!(told(&info), ["child: Error::TooLarge(1000)", "1000"], "{info:?}");
    neighbour(crew).await;
}

/// It needs longer to come to where it was than it is given.
async fn a_body_that_comes_nowhere_keeps_what_it_came_to(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    let small = |limits: &mut Limits| (limits.cpu_ms, limits.wall_ms) = (300, 5_000);
    let guests = vec![("hostile_workflow", hostile(small)), ("workflow_basic", grant("u"))];
    crew.worker = Some(worker_of(&crew.stage.host, guests, cold()).await);
    let run = crew.start("replay-slowly", "null").await;
    crew.until(&run, "body-failed", 2).await;
    let kinds = crew.kinds(&run).await;
    // What it came to is kept, and nothing more comes of it.
    let fired = kinds.iter().filter(|kind| **kind == "timer-fired").count();
    assert!(fired > 0, "{kinds:?}");
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    assert_eq!(crew.end(&run).await.head.status, Status::Cancelled);
    neighbour(crew).await;
}

async fn more_attempts_than_there_may_be_are_refused(stage: Stage) {
    let crew = among(stage, |_| {}).await;
    let info = crew.run("retry-forever", "null").await;
    assert_eq!(info.head.status, Status::Completed, "{info:?}");
    assert!(told(&info)[0].contains("TooLarge(10000)"), "{info:?}");
    neighbour(crew).await;
}

async fn what_is_printed_harms_nobody(stage: Stage) {
    let crew = among(stage, |_| {}).await;
    let info = crew.run("print", "null").await;
    assert_eq!(told(&info), ["it worked"]);
    let info = crew.run("end-failed-cancelled", "null").await;
    // It says so, and it is not so.
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "cancelled"), "{info:?}");
    neighbour(crew).await;
}

/// It leaves nothing behind, keeps nobody waiting, and can be ended.
async fn a_run_may_continue_for_ever(stage: Stage) {
    let crew = among(stage, |_| {}).await;
    let run = crew.start("end-continued", r#"{"n":1}"#).await;
    satama_tests::until("it has continued", async || {
        crew.runs.one(&run).await.unwrap().head.generation > 10
    })
    .await;
    assert_eq!(crew.run("print", "null").await.head.status, Status::Completed);
    let info = crew.runs.one(&run).await.unwrap();
    assert_eq!((info.events, info.input.as_str()), (1, r#"{"n":1}"#), "{info:?}");
    crew.runs.cancel(&run, "enough", false).await.unwrap();
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    assert_eq!(crew.end(&run).await.head.status, Status::Cancelled);
    neighbour(crew).await;
}
