//! `satama runs start` and `satama runs schedule`.

use std::io::Read as _;
use std::process::ExitCode;

use satama::run::{Options, Runs};

use super::super::{print, time};
use super::Tenant;
use super::watch::follow;

/// Start a run, and print its id.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama runs start --tenant acme checkout --input '{\"order\": 7}'
  satama runs start --tenant acme checkout --key order-7 --input - < order.json
  satama runs start --tenant acme report --wait

With --key, a second start is told the first's run.")]
pub(super) struct Start {
    #[command(flatten)]
    tenant: Tenant,

    /// The workflow.
    workflow: String,

    #[command(flatten)]
    with: With,

    /// Starts with one key are one run.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,

    /// Begin only so many milliseconds later.
    #[arg(long, value_name = "MS")]
    delay_ms: Option<u64>,

    /// Wait until it has ended, and print what it returned.
    #[arg(long)]
    wait: bool,
}

/// Start a run each time that a cron expression says so, in UTC.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama runs schedule --tenant acme report nightly '0 3 * * *' --input '{}'
  satama runs schedule --tenant acme poll often '*/30 * * * * *'

Five fields, as crontab has them; or six, the first being seconds. Replaces a schedule of the
same name. Workers start the runs; one that could not be started at its time, because none was
up, is started once when one is.")]
pub(super) struct Schedule {
    #[command(flatten)]
    tenant: Tenant,

    /// The workflow.
    workflow: String,

    /// The schedule.
    name: String,

    /// When.
    cron: String,

    #[command(flatten)]
    with: With,
}

/// What a run is started with.
#[derive(clap::Args)]
struct With {
    /// Its input, as JSON; `-` reads it from standard input.
    #[arg(long, value_name = "JSON", default_value = "null")]
    input: String,

    /// Who it is for.
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// How long it may take; then it is cancelled, and fails.
    #[arg(long, value_name = "MS")]
    timeout_ms: Option<u64>,

    /// From 0 to 9: each is worth a minute in the queue.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(..=9))]
    priority: Option<u8>,

    /// Delete it so many milliseconds after its end.
    #[arg(long, value_name = "MS")]
    retention_ms: Option<u64>,
}

impl With {
    fn read(self) -> anyhow::Result<(String, Options)> {
        let mut input = self.input;
        if input == "-" {
            input.clear();
            std::io::stdin().read_to_string(&mut input)?;
        }
        let options = Options {
            user: self.user,
            timeout_ms: self.timeout_ms,
            priority: self.priority,
            retention_ms: self.retention_ms,
            ..Options::default()
        };
        Ok((input, options))
    }
}

impl Start {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (input, options) = self.with.read()?;
        let options = Options { key: self.key, delay_ms: self.delay_ms, ..options };
        let runs: Runs = self.tenant.open().await?;
        let started = runs.start(&self.workflow, vec![(input, options)]).await?;
        for run in &started {
            print(run.id.as_str())?;
            if self.wait {
                return follow(&runs, run.id.as_str(), false).await;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Schedule {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (input, options) = self.with.read()?;
        let runs = self.tenant.open().await?;
        let made = runs.schedule(&self.workflow, &self.name, &self.cron, input, options).await?;
        print(&format!("next at {}", time(made.next_ms)))?;
        Ok(ExitCode::SUCCESS)
    }
}
