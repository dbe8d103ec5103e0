//! Workers of the guest `bench_workflow`, and callers of its workflows.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use satama::grant::{Grant, Limits, Names, WorkflowGrant};
use satama::run::{Info, Options, Runs};
use satama::runtime::{Compiler, Host, HostConfig, Worker, WorkerConfig};
use satama::workflow::Status;
use satama::{Services, StoreUrl};
use satama_tests::RedisServer;
use tempfile::TempDir;

use crate::guests::{each, wasm};
use crate::services::DEADLINE;

/// Longest wait in one call.
const WAIT_MS: u64 = 30_000;

/// Where runs are kept, which is gone with this.
pub(super) enum Place {
    Redis(RedisServer),
    Sqlite(TempDir),
}

/// Workers, and a host where runs are started and waited for; on Redis none of them is on it.
pub(super) struct Crew {
    pub(super) place: Place,
    pub(super) runs: Arc<Runs>,
    workers: Vec<Worker>,
}

impl Place {
    pub(super) fn sqlite() -> Result<Self> {
        Ok(Self::Sqlite(tempfile::tempdir()?))
    }

    fn store(&self) -> StoreUrl {
        match self {
            Self::Redis(server) => server.store(),
            Self::Sqlite(folder) => StoreUrl::file(folder.path().join("satama.db")),
        }
    }

    pub(super) fn server(&self) -> Result<&RedisServer> {
        match self {
            Self::Redis(server) => Ok(server),
            Self::Sqlite(_) => anyhow::bail!("this place is a file"),
        }
    }
}

/// Limits that no measurement meets.
pub(super) fn grant() -> Result<Arc<Grant>> {
    let mut limits = Limits::default();
    limits.calls_per_second = 100_000_000;
    limits.concurrent_calls = 1_000;
    (limits.cpu_ms, limits.wall_ms) = (86_400_000, 86_400_000);
    let text = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    let workflows = WorkflowGrant {
        bodies: text(&["steps", "replay", "calls"]),
        functions: text(&["nothing"]),
        calls: Names::new(["*"])?,
        runs: Names::new(["*"])?,
        retention_ms: None,
        concurrent: None,
    };
    Ok(Arc::new(Grant::new("bench", limits)?.with_workflow(workflows)))
}

/// As `satama worker` has it.
pub(super) fn config() -> WorkerConfig {
    WorkerConfig::default()
}

impl Crew {
    pub(super) async fn new(place: Place, workers: u32, config: WorkerConfig) -> Result<Self> {
        let compiler = Compiler::new(&HostConfig::default())?;
        let code = compiler.load(wasm("bench_workflow")?).await?;
        let host = async || -> Result<Host> {
            let services = Services::builder(place.store()).deadline(DEADLINE).build().await?;
            Ok(Host::new(compiler.clone(), services))
        };
        let mut outside = host().await?;
        let mut working = Vec::new();
        for _ in 0..workers {
            let host = host().await?;
            let program = host.program(&code, "bench_workflow", grant()?)?;
            working.push(host.work(&[program], config.clone()).await?);
            if matches!(place, Place::Sqlite(_)) {
                // One host has the file: others would look for its changes now and then only.
                outside = host;
            }
        }
        let workflow = outside.services().workflow();
        let runs = Arc::new(workflow.all_runs(grant()?.workflow().scope()));
        Ok(Self { place, runs, workers: working })
    }

    /// Runs `n` in all, in as many callers at a time.
    pub(super) async fn runs(&self, callers: u32, n: u32, steps: u32) -> Result<()> {
        each(callers, |_| {
            let runs = self.runs.clone();
            async move {
                for _ in 0..n / callers {
                    run(&runs, "steps", steps).await?;
                }
                Ok(())
            }
        })
        .await
    }

    /// Stops the workers. What is kept stays.
    pub(super) async fn stop(self) -> Place {
        for worker in self.workers {
            worker.stop().await;
        }
        self.place
    }
}

/// Starts a run. Its id.
pub(super) async fn start(runs: &Runs, workflow: &str, n: u32) -> Result<String> {
    let started = runs.start(workflow, vec![(n.to_string(), Options::default())]).await?;
    Ok(started.first().context("it was not started")?.id.to_string())
}

/// Waits until a run is completed.
pub(super) async fn end(runs: &Runs, run: &str) -> Result<Info> {
    let info = runs.wait(run, WAIT_MS).await?;
    ensure!(info.head.status == Status::Completed, "a run is {}", info.head.status);
    Ok(info)
}

/// Starts a run, and waits until it is completed.
pub(super) async fn run(runs: &Runs, workflow: &str, n: u32) -> Result<()> {
    end(runs, &start(runs, workflow, n).await?).await.map(drop)
}
