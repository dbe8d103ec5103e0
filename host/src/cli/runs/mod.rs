//! `satama runs`: what an operator sees of runs, and does to them.

mod act;
mod find;
mod show;
mod start;
mod upgrade;
mod watch;

use std::process::ExitCode;

use satama::grant::{Grant, Limits};
use satama::run::Runs;

use super::Usage;
use super::stores::Stores;

/// See and control the runs of workflows.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama runs start --tenant acme checkout --input '{\"order\": 7}' --key order-7
  satama runs list --tenant acme --status failed
  satama runs show --tenant acme 0a1f…
  satama runs signal --tenant acme 0a1f… paid --payload '{\"amount\": 12}'
  satama runs approve --tenant acme 0a1f… large-order --by ann")]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    List(find::List),
    Show(show::Show),
    History(show::History),
    Start(start::Start),
    Signal(act::Signal),
    Approve(act::Approve),
    Resume(act::Resume),
    Cancel(act::Cancel),
    Retry(act::Retry),
    Delete(act::Delete),
    Watch(watch::Watch),
    Versions(find::Versions),
    Schedule(start::Schedule),
    Schedules(find::Schedules),
    Unschedule(act::Unschedule),
    CheckUpgrade(upgrade::CheckUpgrade),
}

/// Whose runs.
#[derive(clap::Args)]
struct Tenant {
    /// The tenant.
    #[arg(long, short, value_name = "NAME", env = "SATAMA_TENANT")]
    tenant: String,

    #[command(flatten)]
    stores: Stores,
}

impl Command {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::List(list) => list.run().await,
            Verb::Show(show) => show.run().await,
            Verb::History(history) => history.run().await,
            Verb::Start(start) => start.run().await,
            Verb::Signal(signal) => signal.run().await,
            Verb::Approve(approve) => approve.run().await,
            Verb::Resume(resume) => resume.run().await,
            Verb::Cancel(cancel) => cancel.run().await,
            Verb::Retry(retry) => retry.run().await,
            Verb::Delete(delete) => delete.run().await,
            Verb::Watch(watch) => watch.run().await,
            Verb::Versions(versions) => versions.run().await,
            Verb::Schedule(schedule) => schedule.run().await,
            Verb::Schedules(schedules) => schedules.run().await,
            Verb::Unschedule(unschedule) => unschedule.run().await,
            Verb::CheckUpgrade(check) => check.run().await,
        }
    }
}

impl Tenant {
    /// All runs of the tenant.
    async fn open(&self) -> anyhow::Result<Runs> {
        let grant = Grant::new(&self.tenant, Limits::default())
            .map_err(|err| Usage(format!("--tenant {}: {err}", self.tenant.escape_debug())))?;
        let services = self.stores.read()?.open(false).await?;
        Ok(services.workflow().all_runs(grant.workflow().scope()))
    }
}
