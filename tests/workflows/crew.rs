//! A worker of the tests' guests, and runs on it.

use std::sync::Arc;
use std::time::Duration;

use satama::grant::{Grant, Names, WorkflowGrant};
use satama::run::{Info, Options, Runs};
use satama::runtime::{Host, Program, Worker, WorkerConfig};
use satama_tests::{Stage, granted, limits};

/// What `workflow_basic` has.
pub(crate) const BODIES: [&str; 32] = [
    "echo",
    "ten",
    "steps",
    "fan",
    "call",
    "retry",
    "kinds",
    "huge",
    "slow",
    "timeout",
    "random",
    "state",
    "forever",
    "sleep",
    "five-sleeps",
    "signal",
    "signals",
    "suspend",
    "approve",
    "parent",
    "child",
    "saga",
    "cancelled",
    "trap",
    "flaky-trap",
    "cheat-cache",
    "cheat-nested",
    "cheat-finish",
    "cheat-ticket",
    "cheat-name",
    "cheat-json",
    "cheat-many",
];

/// See [`BODIES`].
pub(crate) const FUNCTIONS: [&str; 7] =
    ["add", "fail-until", "fail", "spin", "note", "trap", "state"];

/// The grant of `workflow_basic`.
pub(crate) fn grant(tenant: &str) -> Grant {
    let text = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    granted(tenant, limits(|_| {})).with_cache(Names::new(["effects"]).unwrap()).with_workflow(
        WorkflowGrant {
            bodies: text(&BODIES),
            functions: text(&FUNCTIONS),
            calls: Names::new(["*"]).unwrap(),
            runs: Names::new(["*"]).unwrap(),
            retention_ms: None,
            concurrent: None,
        },
    )
}

/// How workers work in tests.
pub(crate) fn config() -> WorkerConfig {
    let mut config = WorkerConfig::default();
    config.lease = Duration::from_secs(5);
    config
}

/// A worker, on the stage's store.
pub(crate) struct Crew {
    pub(crate) stage: Stage,
    pub(crate) worker: Option<Worker>,
    pub(crate) runs: Runs,
}

impl Crew {
    pub(crate) async fn new(stage: Stage) -> Self {
        Self::with(stage, config()).await
    }

    pub(crate) async fn with(stage: Stage, config: WorkerConfig) -> Self {
        let worker = Some(worker(&stage.host, config).await);
        let scope = grant("t");
        let runs = stage.host.services().workflow().all_runs(scope.workflow().scope());
        Self { stage, worker, runs }
    }

    /// Starts a run.
    pub(crate) async fn start(&self, workflow: &str, input: &str) -> String {
        self.start_with(workflow, input, Options::default()).await
    }

    pub(crate) async fn start_with(&self, workflow: &str, input: &str, options: Options) -> String {
        let started = self.runs.start(workflow, vec![(input.to_owned(), options)]).await.unwrap();
        started[0].id.to_string()
    }

    /// How a run is, once it has ended.
    pub(crate) async fn end(&self, run: &str) -> Info {
        loop {
            let info = self.runs.wait(run, 30_000).await.unwrap();
            if info.head.status.is_end() {
                return info;
            }
        }
    }

    /// What a run of `workflow` returns.
    pub(crate) async fn run(&self, workflow: &str, input: &str) -> Info {
        let run = self.start(workflow, input).await;
        self.end(&run).await
    }
}

/// A worker of `workflow_basic` on `host`.
pub(crate) async fn worker(host: &Host, config: WorkerConfig) -> Worker {
    let program: Program =
        satama_tests::program(host, "workflow_basic", Arc::new(grant("t"))).await;
    host.work(&[program], config).await.unwrap()
}
