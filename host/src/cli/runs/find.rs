//! `satama runs list`, `versions` and `schedules`.

use std::process::ExitCode;

use satama::run::Filter;
use satama::workflow::control::VersionStatus;
use satama::workflow::{Head, Status};
use serde_json::json;

use super::super::{Usage, print, shown, time};
use super::Tenant;

/// List runs, newest first.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama runs list --tenant acme
  satama runs list --tenant acme --workflow checkout --status failed --limit 20
  satama runs list --tenant acme --since 2026-11-01T00:00:00Z --json")]
pub(super) struct List {
    #[command(flatten)]
    tenant: Tenant,

    /// Of this workflow.
    #[arg(long, value_name = "NAME")]
    workflow: Option<String>,

    /// running, suspended, cancelling, completed, failed or cancelled.
    #[arg(long, value_name = "STATUS", value_parser = status)]
    status: Option<Status>,

    /// For this user.
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// Created at this time or later, as RFC 3339 has it.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    since: Option<u64>,

    /// Created before this time.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    until: Option<u64>,

    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,

    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,
}

/// List the versions of workflows, or set whether one starts runs.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama runs versions --tenant acme
  satama runs versions --tenant acme --decline checkout sha256:0b1c…
  satama runs versions --tenant acme --activate checkout sha256:0b1c…

New runs are of the newest version that is active. Those of a declined one go on.")]
pub(super) struct Versions {
    #[command(flatten)]
    tenant: Tenant,

    /// Let this version start runs.
    #[arg(long, num_args = 2, value_names = ["WORKFLOW", "DIGEST"])]
    activate: Option<Vec<String>>,

    /// Let this version start none.
    #[arg(long, num_args = 2, value_names = ["WORKFLOW", "DIGEST"])]
    decline: Option<Vec<String>>,
}

/// List schedules.
#[derive(clap::Args)]
pub(super) struct Schedules {
    #[command(flatten)]
    tenant: Tenant,
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let runs = self.tenant.open().await?;
        let filter = Filter {
            status: self.status,
            user: self.user,
            since_ms: self.since,
            until_ms: self.until,
        };
        let (mut left, mut cursor) = (self.limit, None);
        while left > 0 {
            let most = left.min(satama::run::PAGE_MAX);
            let page = runs.find_of(self.workflow.as_deref(), &filter, cursor.as_deref(), most);
            let page = page.await?;
            left -= u32::try_from(page.runs.len()).unwrap_or(left).min(left);
            for run in &page.runs {
                print(&if self.json { as_json(run) } else { as_line(run) })?;
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_line(run: &Head) -> String {
    let waits = run.waits.as_ref().filter(|_| !run.status.is_end());
    let waits = waits.map_or_else(String::new, |waits| format!("  waits for {}", shown(waits)));
    let user = run.user.as_ref().map_or_else(String::new, |user| format!("  for {}", shown(user)));
    let at = time(run.created_ms);
    format!("{}  {at}  {:10}  {}{user}{waits}", run.id, run.status.name(), run.workflow)
}

fn as_json(run: &Head) -> String {
    json!({
        "id": run.id.as_str(),
        "workflow": run.workflow,
        "status": run.status.name(),
        "digest": run.digest.to_string(),
        "generation": run.generation,
        "user": run.user,
        "key": run.key,
        "parent": run.parent.as_ref().map(|(run, _)| run.as_str()),
        "priority": run.priority,
        "created_at": time(run.created_ms),
        "updated_at": time(run.updated_ms),
        "ended_at": run.ended_ms.map(time),
        "waits_for": run.waits.as_ref().filter(|_| !run.status.is_end()),
    })
    .to_string()
}

impl Versions {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let runs = self.tenant.open().await?;
        let changes =
            [(self.activate, VersionStatus::Active), (self.decline, VersionStatus::Declined)];
        let mut changed = false;
        for (version, status) in changes {
            let Some([workflow, digest]) = version.as_deref() else { continue };
            changed = true;
            if !runs.set_version(workflow, digest, status).await? {
                let why = format!("there is no version {digest} of {workflow}");
                return Err(Usage(why).into());
            }
        }
        if changed {
            return Ok(ExitCode::SUCCESS);
        }
        for version in runs.versions().await? {
            print(&format!(
                "{}  {}  {:8}  {}  since {}, last seen {}",
                version.workflow,
                version.digest,
                version.status.name(),
                shown(&version.source),
                time(version.first_ms),
                time(version.last_ms)
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Schedules {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        for schedule in self.tenant.open().await?.schedules().await? {
            print(&format!(
                "{}  {}  {}  next at {}",
                schedule.workflow,
                shown(&schedule.name),
                schedule.cron,
                time(schedule.next_ms)
            ))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn status(text: &str) -> Result<Status, String> {
    let names: Vec<_> = Status::ALL.into_iter().map(Status::name).collect();
    text.parse().map_err(|()| format!("it is one of {}", names.join(", ")))
}

fn millis(text: &str) -> Result<u64, String> {
    let time: jiff::Timestamp =
        text.parse().map_err(|_| "write it as 2026-11-01T00:00:00Z".to_owned())?;
    u64::try_from(time.as_millisecond()).map_err(|_| "it is before 1970".to_owned())
}
