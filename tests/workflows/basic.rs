//! Steps and functions: each is done once, is recorded, and is seen.

use std::time::Duration;

use satama::run::{Options, StepStatus};
use satama::workflow::Status;
use satama_tests::{Stage, on_both_stores};

use super::crew::{BODIES, Crew, FUNCTIONS, code, cold, config, grant_of, worker, worker_of};

on_both_stores! {
    a_run_returns_what_its_body_does,
    ten_steps_are_done_once_each,
    a_run_without_an_input_can_be_read,
    names_are_kept_apart,
    a_step_is_tried_again,
    a_step_fails_when_no_attempt_is_left,
    a_function_is_tried_again,
    a_function_fails_when_no_attempt_is_left,
    a_function_that_traps_has_failed,
    a_result_is_as_large_as_may_be,
    a_step_has_its_time,
    a_function_has_its_time,
    a_run_has_its_time,
    functions_run_at_once,
    a_body_that_traps_is_called_again,
    a_body_that_always_traps_waits_longer_each_time,
}

async fn a_run_returns_what_its_body_does(stage: Stage) {
    let crew = Crew::new(stage).await;
    let info = crew.run("echo", r#"{"a":[1,null]}"#).await;
    assert_eq!(info.head.status, Status::Completed);
    assert_eq!(info.output.as_deref(), Some(r#"{"a":[1,null]}"#), "{info:?}");
    assert_eq!(crew.kinds(info.head.id.as_str()).await, ["started", "completed"]);
}

async fn ten_steps_are_done_once_each(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("ten", "null").await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("45"), "{info:?}");
    assert_eq!(info.events, 12);
    let steps = crew.steps(&run).await;
    assert_eq!(steps.len(), 10);
    for (number, step) in (0..).zip(&steps) {
        assert_eq!((step.number, step.kind, step.attempts), (number, "step", 1));
        assert_eq!((&*step.name, step.status), (&*format!("s{number}"), StepStatus::Succeeded));
        assert_eq!(step.output.as_deref(), Some(&*number.to_string()));
        assert_eq!(crew.effects(&run, number, &step.name).await, 1);
    }
}

/// Of another such engine: what was stored as nothing could not be read again.
async fn a_run_without_an_input_can_be_read(stage: Stage) {
    let crew = Crew::new(stage).await;
    let info = crew.run("ten", "null").await;
    assert_eq!(info.input, "null");
    let started = crew.runs.start("ten", vec![(String::new(), Options::default())]).await;
    assert!(matches!(started, Err(satama::run::Error::InvalidJson(_))), "{started:?}");
    let ids = [info.head.id.to_string(), "none".into()];
    let found = crew.runs.get(&ids).await.unwrap();
    assert!(found[0].is_some() && found[1].is_none());
}

async fn names_are_kept_apart(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("kinds", "null").await;
    let info = crew.end(&run).await;
    assert_eq!(info.head.status, Status::Completed, "{info:?}");
    let names: Vec<String> = serde_json::from_str(&info.output.unwrap()).unwrap();
    assert_eq!(&names[..5], ["", "step", ":", "s:1", "step"]);
    let steps = crew.steps(&run).await;
    assert_eq!(steps.len(), names.len());
    for (step, name) in steps.iter().zip(&names) {
        assert_eq!((&step.name, step.status), (name, StepStatus::Succeeded));
    }
}

async fn a_step_is_tried_again(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    for config in [config(), cold()] {
        crew.worker = Some(worker(&crew.stage.host, config).await);
        let run = crew.start("retry", r#"{"until":3,"retries":4}"#).await;
        let info = crew.end(&run).await;
        assert_eq!(info.output.as_deref(), Some("3"), "{info:?}");
        let kinds = ["started", "step-failed", "step-failed", "step-done", "completed"];
        assert_eq!(crew.kinds(&run).await, kinds);
        assert_eq!(crew.effects(&run, 0, "retry").await, 3);
        let steps = crew.steps(&run).await;
        assert_eq!((steps[0].attempts, steps[0].status), (3, StepStatus::Succeeded));
        assert_eq!(steps[0].failure, None);
        crew.stop().await;
    }
}

async fn a_step_fails_when_no_attempt_is_left(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("retry", r#"{"until":9,"retries":2}"#).await;
    let info = crew.end(&run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "early"), "{info:?}");
    assert_eq!(crew.effects(&run, 0, "retry").await, 3);
    let steps = crew.steps(&run).await;
    assert_eq!((steps[0].attempts, steps[0].status), (3, StepStatus::Failed));
}

async fn a_function_is_tried_again(stage: Stage) {
    let crew = Crew::new(stage).await;
    let call = r#"{"function":"fail-until","input":{"attempt":3},"retries":4}"#;
    let run = crew.start("call", call).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("3"), "{info:?}");
    let kinds =
        ["started", "spawned", "function-failed", "function-failed", "function-done", "completed"];
    assert_eq!(crew.kinds(&run).await, kinds);
    assert_eq!(crew.effects(&run, 0, "call").await, 3);
    let steps = crew.steps(&run).await;
    assert_eq!((steps[0].kind, steps[0].attempts), ("function", 3));
    assert_eq!(steps[0].target.as_deref(), Some("fail-until"));
}

async fn a_function_fails_when_no_attempt_is_left(stage: Stage) {
    let crew = Crew::new(stage).await;
    let again = r#"{"function":"fail","input":{"retry":true},"retries":2}"#;
    let fatal = r#"{"function":"fail","input":{"retry":false},"retries":2}"#;
    for (call, effects) in [(again, 3), (fatal, 1)] {
        let run = crew.start("call", call).await;
        let info = crew.end(&run).await;
        assert_eq!((info.head.status, code(&info)), (Status::Failed, "told"), "{info:?}");
        assert_eq!(crew.effects(&run, 0, "call").await, effects);
    }
}

async fn a_function_that_traps_has_failed(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("call", r#"{"function":"trap","retries":1}"#).await;
    let info = crew.end(&run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "trapped"), "{info:?}");
    assert_eq!(crew.steps(&run).await[0].attempts, 2);
}

async fn a_result_is_as_large_as_may_be(stage: Stage) {
    let crew = Crew::new(stage).await;
    let info = crew.run("huge", "{}").await;
    assert_eq!(info.output.as_deref(), Some("262142"), "{info:?}");
    let info = crew.run("huge", r#"{"bytes":262145}"#).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "too-large"), "{info:?}");
}

async fn a_step_has_its_time(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("timeout", r#"{"ms":50}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some(r#""timeout""#), "{info:?}");
    assert_eq!(crew.kinds(&run).await, ["started", "step-failed", "completed"]);
    assert_eq!(crew.effects(&run, 0, "spins").await, 1);
}

async fn a_function_has_its_time(stage: Stage) {
    let grant = grant_of("t", &BODIES, &FUNCTIONS, None, |limits| limits.wall_ms = 1_000);
    let mut crew = Crew::idle(stage).await;
    let worker = worker_of(&crew.stage.host, vec![("workflow_basic", grant)], config()).await;
    crew.worker = Some(worker);
    let call = r#"{"function":"spin","input":{"ms":1000000},"retries":1}"#;
    let run = crew.start("call", call).await;
    let info = crew.end(&run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "timeout"), "{info:?}");
    assert_eq!(crew.steps(&run).await[0].attempts, 2);
}

async fn a_run_has_its_time(stage: Stage) {
    let crew = Crew::new(stage).await;
    for (workflow, input) in [("signals", r#"{"n":1}"#), ("sleep", r#"{"ms":1000000}"#)] {
        let options = Options { timeout_ms: Some(300), ..Options::default() };
        let run = crew.start_with(workflow, input, options).await;
        let info = crew.end(&run).await;
        assert_eq!((info.head.status, code(&info)), (Status::Failed, "timeout"), "{info:?}");
        assert!(crew.kinds(&run).await.contains(&"cancel-asked"));
    }
}

async fn functions_run_at_once(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("fan", "null").await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("28"), "{info:?}");
    assert_eq!(crew.effects(&run, 8, "join").await, 1);
    let kinds = crew.kinds(&run).await;
    let count = |kind| kinds.iter().filter(|found| **found == kind).count();
    assert_eq!((count("spawned"), count("function-done"), count("step-done")), (8, 8, 1));
}

async fn a_body_that_traps_is_called_again(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("flaky-trap", r#"{"times":1}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("2"), "{info:?}");
    assert_eq!(crew.kinds(&run).await, ["started", "body-failed", "step-done", "completed"]);
}

async fn a_body_that_always_traps_waits_longer_each_time(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("trap", "null").await;
    crew.until(&run, "body-failed", 2).await;
    let history = crew.history(&run).await;
    let failed: Vec<_> = history.iter().filter(|r| r.event.kind() == "body-failed").collect();
    let pause = Duration::from_millis(failed[1].at_ms - failed[0].at_ms);
    assert!(pause >= Duration::from_secs(1), "{pause:?}");
    // One that waits to be called again can be cancelled at once.
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    let info = crew.end(&run).await;
    assert_eq!(info.head.status, Status::Cancelled, "{info:?}");
}
