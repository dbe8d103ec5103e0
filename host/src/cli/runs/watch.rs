//! `satama runs watch`: a run's events, as they come.

use std::process::ExitCode;

use satama::run::{PATIENCE_MS_MAX, Runs};
use satama::workflow::Status;
use satama::workflow::log::Recorded;

use super::super::{print, shown};
use super::Tenant;
use super::show::line;

/// Print a run's events as they come, until it has ended.
#[derive(clap::Args)]
pub(super) struct Watch {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,
}

impl Watch {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let runs = self.tenant.open().await?;
        follow(&runs, &self.run, true).await
    }
}

/// Waits until a run has ended, and prints its events meanwhile, or what it returned. Fails if
/// it did.
pub(super) async fn follow(runs: &Runs, run: &str, events: bool) -> anyhow::Result<ExitCode> {
    let mut next = 0;
    loop {
        let info = if events {
            let came = runs.changes(run, next, PATIENCE_MS_MAX).await?;
            for entry in &came {
                print(&line(
                    next as usize,
                    &Recorded::decode(next, entry).map_err(satama::run::Error::from)?,
                ))?;
                next += 1;
            }
            runs.one(run).await?
        } else {
            runs.wait(run, PATIENCE_MS_MAX).await?
        };
        // A run that was continued as new has a new history.
        next = next.min(info.events);
        if !info.head.status.is_end() || (events && next < info.events) {
            continue;
        }
        if !events {
            match (&info.output, &info.failure) {
                (Some(output), _) => print(output)?,
                (None, Some(why)) => {
                    print(&format!("failed: {}: {}", shown(&why.code), shown(&why.message)))?;
                }
                (None, None) => print(info.head.status.name())?,
            }
        }
        let completed = info.head.status == Status::Completed;
        return Ok(if completed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
}
