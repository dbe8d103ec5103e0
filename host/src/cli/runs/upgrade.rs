//! `satama runs check-upgrade`: what a new version would do with the runs that are open.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use satama::grant::Manifest;
use satama::run::{Filter, PAGE_MAX, Runs};
use satama::runtime::{Host, Program, Replayed};
use satama::workflow::{Head, Status};

use super::super::stores::Stores;
use super::super::{Compile, print, shown};

/// Instances that are there at a time: one replays.
const INSTANCES: u32 = 4;

/// Replay the runs that have not ended with a new component, and say which would diverge.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama runs check-upgrade new.wasm --grant grant.toml

Replays what is recorded, and stops there: no step runs, and nothing is written. Runs stay pinned to
their component in any case; this says whether they could go on with the new one. Exits with 1
if one could not.")]
pub(super) struct CheckUpgrade {
    /// The new component.
    component: PathBuf,

    /// The tenant's manifest: which workflows it has, and what they may use.
    #[arg(long, short, value_name = "MANIFEST")]
    grant: PathBuf,

    #[command(flatten)]
    stores: Stores,

    #[command(flatten)]
    compile: Compile,
}

impl CheckUpgrade {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let stores = self.stores.read()?;
        let compiler = self.compile.compiler(INSTANCES)?;
        let code = self.compile.load(&compiler, &self.component).await?;
        let grant = Arc::new(Manifest::read(&self.grant)?.grant);
        code.check(compiler.engine(), &grant)?;
        let host = Host::new(compiler, stores.open(grant.links("secret")).await?);
        let name = self.component.file_stem().unwrap_or_default().to_string_lossy();
        let program = host.program(&code, &name, grant.clone())?;
        let runs = host.services().workflow().all_runs(grant.workflow().scope());
        let (mut open, mut bad) = (0_u64, 0_u64);
        for workflow in &grant.workflow().granted().bodies {
            for status in [Status::Running, Status::Suspended, Status::Cancelling] {
                let filter = Filter { status: Some(status), ..Filter::default() };
                let mut cursor = None;
                loop {
                    let page = runs.find_of(Some(workflow), &filter, cursor.as_deref(), PAGE_MAX);
                    let page = page.await?;
                    for run in page.runs {
                        open += 1;
                        bad += u64::from(!check(&program, &runs, run).await?);
                    }
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
            }
        }
        print(&format!("{} of {open} open runs could go on with {}", open - bad, code.digest()))?;
        Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Whether a run could go on. Says of each that could not why.
async fn check(program: &Program, runs: &Runs, run: Head) -> anyhow::Result<bool> {
    let (id, workflow) = (run.id.to_string(), run.workflow.clone());
    let entries = runs.entries(&id).await?;
    let replayed = program.replay(run, entries).await.with_context(|| id.clone())?;
    let why = match replayed {
        Replayed::GoesOn { .. } => return Ok(true),
        Replayed::Diverges(why) => format!("diverges at {why}"),
        Replayed::Fails(why) => format!("fails: {why}"),
    };
    print(&format!("{id}  {workflow}  {}", shown(&why)))?;
    Ok(false)
}
