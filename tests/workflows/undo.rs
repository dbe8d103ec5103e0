//! What is undone when a step fails, and what a cancel does wherever it comes.

use satama::run::StepStatus;
use satama::workflow::Status;
use satama::workflow::replay::{hash, step_key, uuid};
use satama_tests::{Stage, on_both_stores};

use super::crew::{Crew, code, cold, warm, worker};

on_both_stores! {
    a_saga_that_works_undoes_nothing,
    a_saga_undoes_newest_first,
    a_saga_goes_on_undoing,
    a_cancel_undoes_what_was_done,
    a_cancel_ends_every_wait,
    a_cancel_before_anything_runs,
    a_cancel_by_force_undoes_nothing,
    a_run_that_failed_goes_on_from_there,
}

/// The token that a saga's nth step has: the nth random id of the run.
fn token(run: &str, n: u64) -> String {
    uuid(hash("random", run, 0, n), 4)
}

/// How often each of the three steps was done, and undone.
async fn counted(crew: &Crew, run: &str) -> [[u32; 3]; 2] {
    let mut all = [[0; 3]; 2];
    for (what, counts) in ["do", "undo"].into_iter().zip(&mut all) {
        for (n, count) in (0..).zip(counts) {
            *count = crew.counted(&format!("{what} {}", token(run, n))).await;
        }
    }
    all
}

/// The names of what was undone, in order.
async fn undone(crew: &Crew, run: &str) -> Vec<String> {
    let steps = crew.steps(run).await.into_iter().filter(|step| step.undo);
    steps.map(|step| step.name).collect()
}

async fn a_saga_that_works_undoes_nothing(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("saga", r#"{"ms":1}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some(r#"["A","B","C"]"#), "{info:?}");
    assert_eq!(counted(&crew, &run).await, [[1; 3], [0; 3]]);
}

async fn a_saga_undoes_newest_first(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    for config in [cold(), warm()] {
        crew.worker = Some(worker(&crew.stage.host, config).await);
        for (fail, done, names) in [
            ("a", [3, 0, 0], ["a"].as_slice()),
            ("b", [1, 3, 0], ["b", "a"].as_slice()),
            ("c", [1, 1, 3], ["c", "b", "a"].as_slice()),
        ] {
            let plan = format!(r#"{{"fail":"{fail}","retries":2,"ms":1}}"#);
            let run = crew.start("saga", &plan).await;
            let info = crew.end(&run).await;
            assert_eq!((info.head.status, code(&info)), (Status::Failed, "told"), "{info:?}");
            assert_eq!(undone(&crew, &run).await, names);
            assert_eq!(counted(&crew, &run).await, [done, done.map(|count| count.min(1))]);
            keys_are_of_one_step_each(&crew, &run).await;
        }
        crew.stop().await;
    }
}

/// Whoever can tell a repeated request takes no undoing for what it undoes.
async fn keys_are_of_one_step_each(crew: &Crew, run: &str) {
    for step in crew.steps(run).await.iter().filter(|step| step.kind == "step") {
        let key = |undo| step_key(run, 0, step.number, &step.name, undo);
        assert_eq!(crew.counted(&key(step.undo)).await, step.attempts, "{step:?}");
        assert_eq!(crew.counted(&key(!step.undo)).await, 0, "{step:?}");
    }
}

async fn a_saga_goes_on_undoing(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("saga", r#"{"fail":"c","fail_undo":"b"}"#).await;
    let info = crew.end(&run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "undo-failed"), "{info:?}");
    assert_eq!(undone(&crew, &run).await, ["c", "b", "a"]);
    let steps = crew.steps(&run).await;
    let left: Vec<_> = steps.iter().filter(|s| s.status == StepStatus::Failed).collect();
    assert_eq!((&*left[0].name, &*left[1].name, left.len()), ("c", "b", 2));
}

async fn a_cancel_undoes_what_was_done(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    for config in [cold(), warm()] {
        crew.worker = Some(worker(&crew.stage.host, config).await);
        let run = crew.start("cancelled", "null").await;
        crew.until(&run, "step-done", 1).await;
        crew.runs.cancel(&run, "enough", false).await.unwrap();
        // Once is enough.
        _ = crew.runs.cancel(&run, "enough", false).await;
        let info = crew.end(&run).await;
        assert_eq!(info.head.status, Status::Cancelled, "{info:?}");
        assert_eq!(counted(&crew, &run).await, [[1, 0, 0], [1, 0, 0]]);
        let kinds =
            ["started", "step-done", "cancel-asked", "cancel-seen", "step-done", "cancelled"];
        assert_eq!(crew.kinds(&run).await, kinds);
        keys_are_of_one_step_each(&crew, &run).await;
        crew.stop().await;
    }
}

async fn a_cancel_ends_every_wait(stage: Stage) {
    let waits = [
        ("sleep", r#"{"ms":1000000}"#, "timer-set"),
        ("five-sleeps", r#"{"ms":1000000}"#, "timer-set"),
        ("signal", r#"{"ms":1000000}"#, "timer-set"),
        ("signals", r#"{"n":1}"#, "started"),
        ("suspend", "null", "suspended"),
        ("approve", "{}", "approval-asked"),
        ("approve", r#"{"ms":1000000}"#, "approval-asked"),
        ("parent", r#"{"ms":1000000}"#, "child-started"),
        ("call", r#"{"function":"nobody-has-it"}"#, "spawned"),
        ("saga", r#"{"ms":1000000}"#, "timer-set"),
        ("random", r#"{"ms":1000000}"#, "timer-set"),
    ];
    let mut crew = Crew::idle(stage).await;
    for config in [cold(), warm()] {
        crew.worker = Some(worker(&crew.stage.host, config).await);
        for (workflow, input, kind) in waits {
            let run = crew.start(workflow, input).await;
            crew.until(&run, kind, 1).await;
            crew.runs.cancel(&run, "enough", false).await.unwrap();
            let info = crew.end(&run).await;
            assert_eq!(info.head.status, Status::Cancelled, "{workflow}: {info:?}");
            let kinds = crew.kinds(&run).await;
            let told = kinds.iter().filter(|kind| **kind == "cancel-seen").count();
            assert!(told <= 1 && kinds.last() == Some(&"cancelled"), "{workflow}: {kinds:?}");
        }
        crew.stop().await;
    }
}

async fn a_cancel_before_anything_runs(stage: Stage) {
    let mut crew = Crew::new(stage).await;
    crew.stop().await;
    let delay = satama::run::Options { delay_ms: Some(1_000_000), ..Default::default() };
    let late = crew.start_with("ten", "null", delay).await;
    let queued = crew.start("ten", "null").await;
    let echo = crew.start("echo", "1").await;
    for run in [&late, &queued, &echo] {
        crew.runs.cancel(run, "enough", false).await.unwrap();
        let status = crew.runs.one(run).await.unwrap().head.status;
        assert_eq!(status, Status::Cancelling);
    }
    crew.worker = Some(worker(&crew.stage.host, cold()).await);
    for run in [&late, &queued] {
        assert_eq!(crew.end(run).await.head.status, Status::Cancelled);
        assert_eq!(crew.effects(run, 0, "s0").await, 0);
    }
    // It never asked, so nobody told it.
    assert_eq!(crew.end(&echo).await.head.status, Status::Completed);
}

async fn a_cancel_by_force_undoes_nothing(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("cancelled", "null").await;
    crew.until(&run, "step-done", 1).await;
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    let info = crew.runs.one(&run).await.unwrap();
    assert_eq!(info.head.status, Status::Cancelled, "{info:?}");
    assert_eq!(crew.kinds(&run).await.last(), Some(&"cancelled"));
    assert_eq!(counted(&crew, &run).await, [[1, 0, 0], [0; 3]]);
}

async fn a_run_that_failed_goes_on_from_there(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("call", r#"{"function":"fail","retries":3}"#).await;
    assert_eq!(crew.end(&run).await.head.status, Status::Failed);
    crew.runs.retry(&run, None).await.unwrap();
    crew.until(&run, "failed", 2).await;
    let info = crew.end(&run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "told"), "{info:?}");
    assert!(crew.kinds(&run).await.contains(&"retried"));
    assert_eq!(crew.effects(&run, 0, "call").await, 2);

    let run = crew.start("cancelled", "null").await;
    crew.until(&run, "step-done", 1).await;
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    crew.runs.retry(&run, None).await.unwrap();
    assert_eq!(crew.runs.one(&run).await.unwrap().head.status, Status::Running);
    crew.runs.cancel(&run, "enough", false).await.unwrap();
    assert_eq!(crew.end(&run).await.head.status, Status::Cancelled);
    assert_eq!(counted(&crew, &run).await, [[1, 0, 0], [1, 0, 0]]);
}
