//! Runs as a guest meets them.

use std::sync::Arc;

use satama::grant::{Names, WorkflowGrant};
use satama_tests::{Stage, granted, limits, on_both_stores, program, run};

use super::crew::{Crew, FUNCTIONS, config, grant_of, worker_of};

on_both_stores! { run_basic, }

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
