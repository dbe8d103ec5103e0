//! Runs as a guest meets them.

use std::sync::Arc;

use satama::grant::{Names, WorkflowGrant};
use satama_tests::{Stage, granted, limits, on_both_stores, program, run};

use super::crew::{Crew, FUNCTIONS, config, grant_of, worker_of};

on_both_stores! { run_basic, bench_workflow, }

async fn run_basic(stage: Stage) {
    let names = ["approve", "retry", "signals", "suspend"];
    let mut crew = Crew::idle(stage).await;
    let guests = vec![("workflow_basic", grant_of("t", &names, &FUNCTIONS, None, |_| {}))];
    crew.worker = Some(worker_of(&crew.stage.host, guests, config()).await);
    let controls = granted("t", limits(|_| {})).with_workflow(WorkflowGrant {
        bodies: Vec::new(),
        functions: Vec::new(),
        calls: Names::default(),
        runs: Names::new(names).unwrap(),
        retention_ms: None,
        concurrent: None,
    });
    let program = program(&crew.stage.host, "run_basic", Arc::new(controls)).await;
    assert_eq!(run(&program, "").await.unwrap().as_deref(), Ok("every function of runs"));
}

/// What the benchmarks run does what they say.
async fn bench_workflow(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    let bodies = ["steps", "replay", "calls"];
    let guests = vec![("bench_workflow", grant_of("t", &bodies, &["nothing"], None, |_| {}))];
    crew.worker = Some(worker_of(&crew.stage.host, guests, config()).await);
    let replayed = crew.start("replay", "3").await;
    crew.runs.signal(&replayed, "go", "null".into(), None).await.unwrap();
    let all = [crew.start("steps", "3").await, crew.start("calls", "3").await, replayed];
    for (run, events) in all.iter().zip([5, 8, 6]) {
        let info = crew.end(run).await;
        assert_eq!((info.output.as_deref(), info.events), (Some("3"), events), "{info:?}");
    }
}
