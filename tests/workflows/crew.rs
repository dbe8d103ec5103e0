//! A worker of the tests' guests, and runs on it.

use std::sync::Arc;
use std::time::Duration;

use satama::grant::{Grant, Limits, Names, WorkflowGrant};
use satama::run::{Info, Options, Runs, StepInfo, steps};
use satama::runtime::{Host, Program, Worker, WorkerConfig};
use satama::workflow::log::{Event, Recorded};
use satama::workflow::replay::step_key;
use satama_tests::{PATIENCE, Stage, bucket, granted, limits};

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
    grant_of(tenant, &BODIES, &FUNCTIONS, None, |_| {})
}

/// A grant of these workflows and functions, of which so many run at a time.
pub(crate) fn grant_of(
    tenant: &str,
    bodies: &[&str],
    functions: &[&str],
    concurrent: Option<u32>,
    change: impl FnOnce(&mut Limits),
) -> Grant {
    let text = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let every = || Names::new(["*"]).unwrap();
    let granted = granted(tenant, limits(change)).with_cache(Names::new(["effects"]).unwrap());
    granted.with_workflow(WorkflowGrant {
        bodies: text(bodies),
        functions: text(functions),
        calls: every(),
        runs: every(),
        retention_ms: None,
        concurrent,
    })
}

/// How workers work in tests. One that is not told of what there is to do finds it too late.
pub(crate) fn config() -> WorkerConfig {
    let mut config = WorkerConfig::default();
    config.lease = Duration::from_secs(5);
    config.sweep = Duration::from_secs(600);
    config
}

/// A worker that drops each body that waits, so that each wait replays it.
pub(crate) fn cold() -> WorkerConfig {
    let mut config = config();
    config.warm = Duration::ZERO;
    config
}

/// One that keeps bodies in memory for longer than any test waits.
pub(crate) fn warm() -> WorkerConfig {
    let mut config = config();
    config.warm = Duration::from_secs(600);
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
        let mut crew = Self::idle(stage).await;
        crew.worker = Some(worker(&crew.stage.host, config).await);
        crew
    }

    /// Without a worker, as yet.
    pub(crate) async fn idle(stage: Stage) -> Self {
        let stage = stage.sharing_compiled().await;
        let runs = runs(&stage.host, "t");
        Self { stage, worker: None, runs }
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
        let ended = tokio::time::timeout(PATIENCE, async {
            loop {
                let info = self.runs.wait(run, 30_000).await.unwrap();
                if info.head.status.is_end() {
                    return info;
                }
            }
        });
        match ended.await {
            Ok(info) => info,
            Err(_) => panic!("waited too long: {:?}", self.history(run).await),
        }
    }

    /// Its history.
    pub(crate) async fn history(&self, run: &str) -> Vec<Recorded> {
        self.runs.whole_history(run).await.unwrap()
    }

    /// The kinds of its events.
    pub(crate) async fn kinds(&self, run: &str) -> Vec<&'static str> {
        self.history(run).await.iter().map(|recorded| recorded.event.kind()).collect()
    }

    /// What its body asked for.
    pub(crate) async fn steps(&self, run: &str) -> Vec<StepInfo> {
        steps(&self.history(run).await).unwrap()
    }

    /// Waits until its history has so many events of a kind.
    pub(crate) async fn until(&self, run: &str, kind: &str, count: usize) {
        let grown = tokio::time::timeout(PATIENCE, async {
            let mut seen = 0;
            let mut found = 0;
            while found < count {
                let more = self.runs.changes(run, seen, 10_000).await.unwrap();
                for entry in more {
                    let recorded = Recorded::decode(seen, &entry).unwrap();
                    found += usize::from(recorded.event.kind() == kind);
                    seen += 1;
                }
            }
        });
        if grown.await.is_err() {
            panic!("no {count} times {kind}: {:?}", self.history(run).await);
        }
    }

    /// Waits until its body waits, and no worker has it.
    pub(crate) async fn parked(&self, run: &str) {
        satama_tests::until("the body is let go", async || {
            let head = self.runs.one(run).await.unwrap().head;
            head.worker.is_none() && head.waits.is_some()
        })
        .await;
    }

    /// How often the step of this number and name was done, in its first generation.
    pub(crate) async fn effects(&self, run: &str, number: u32, name: &str) -> u32 {
        self.counted(&step_key(run, 0, number, name, false)).await
    }

    /// The counter of this name.
    pub(crate) async fn counted(&self, key: &str) -> u32 {
        let effects = bucket(self.stage.host.services(), &grant("t"), "effects");
        let count = effects.get(key).await.unwrap();
        count.map_or(0, |count| String::from_utf8(count).unwrap().parse().unwrap())
    }

    /// Stops the worker.
    pub(crate) async fn stop(&mut self) {
        self.worker.take().unwrap().stop().await;
    }

    /// What a run of `workflow` returns.
    pub(crate) async fn run(&self, workflow: &str, input: &str) -> Info {
        let run = self.start(workflow, input).await;
        self.end(&run).await
    }
}

/// A worker of `workflow_basic` on `host`.
pub(crate) async fn worker(host: &Host, config: WorkerConfig) -> Worker {
    worker_of(host, vec![("workflow_basic", grant("t"))], config).await
}

/// A worker of these guests.
pub(crate) async fn worker_of(
    host: &Host,
    guests: Vec<(&str, Grant)>,
    config: WorkerConfig,
) -> Worker {
    let mut programs: Vec<Program> = Vec::new();
    for (guest, grant) in guests {
        programs.push(satama_tests::program(host, guest, Arc::new(grant)).await);
    }
    host.work(&programs, config).await.unwrap()
}

/// All runs of a tenant.
pub(crate) fn runs(host: &Host, tenant: &str) -> Runs {
    host.services().workflow().all_runs(grant(tenant).workflow().scope())
}

/// Why a run failed.
pub(crate) fn code(info: &Info) -> &str {
    info.failure.as_ref().map_or("", |failure| &failure.code)
}

/// When the first event of this kind was recorded.
pub(crate) fn at_ms(history: &[Recorded], is: impl Fn(&Event) -> bool) -> u64 {
    history.iter().find(|recorded| is(&recorded.event)).unwrap().at_ms
}
