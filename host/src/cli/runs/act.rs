//! `satama runs signal`, `approve`, `resume`, `cancel`, `retry`, `delete` and `unschedule`.

use std::process::ExitCode;

use satama::run::Error;

use super::super::print;
use super::Tenant;

/// Send a signal to a run.
#[derive(clap::Args)]
pub(super) struct Signal {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,

    /// The signal's name.
    name: String,

    /// What it brings, as JSON.
    #[arg(long, value_name = "JSON", default_value = "null")]
    payload: String,

    /// Of two with one key the second is not taken.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
}

/// Give an approval that a run has asked for, or refuse it.
#[derive(clap::Args)]
pub(super) struct Approve {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,

    /// The approval's name.
    name: String,

    /// Refuse it.
    #[arg(long)]
    refuse: bool,

    /// Who decides [default: $USER].
    #[arg(long, value_name = "NAME")]
    by: Option<String>,

    /// More, as JSON.
    #[arg(long, value_name = "JSON", default_value = "null")]
    data: String,
}

/// Resume a suspended run.
#[derive(clap::Args)]
pub(super) struct Resume {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,
}

/// Cancel a run: it is told, and can undo what it did.
#[derive(clap::Args)]
pub(super) struct Cancel {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,

    /// Why, for its history.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,

    /// Do not tell it: it ends now, and undoes nothing.
    #[arg(long)]
    force: bool,
}

/// Let a run that failed or was cancelled go on.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama runs retry --tenant acme 0a1f…            # from the step that failed
  satama runs retry --tenant acme 0a1f… --from 3   # as `satama runs show` numbers them

What was recorded from that step on is left out, and done again. A run whose steps were undone
goes on only from a step that you name: one before what was undone, which is then done by other
keys than before; or one that undoes, and failed.")]
pub(super) struct Retry {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,

    /// The step to go on from.
    #[arg(long, value_name = "NUMBER")]
    from: Option<u32>,
}

/// Delete a run that has ended, and its children.
#[derive(clap::Args)]
pub(super) struct Delete {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,
}

/// End a schedule.
#[derive(clap::Args)]
pub(super) struct Unschedule {
    #[command(flatten)]
    tenant: Tenant,

    /// The workflow.
    workflow: String,

    /// The schedule.
    name: String,
}

/// Says what of a run is not so, where its status alone says too little.
fn not_so(done: Result<(), Error>, what: impl Fn() -> String) -> anyhow::Result<()> {
    done.map_err(|err| match err {
        err @ Error::Illegal(_) => anyhow::Error::from(err).context(what()),
        err => err.into(),
    })
}

impl Signal {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let runs = self.tenant.open().await?;
        if !runs.signal(&self.run, &self.name, self.payload, self.key).await? {
            print("not taken: one with this key has come before")?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Approve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let by = self.by.or_else(|| std::env::var("USER").ok());
        let runs = self.tenant.open().await?;
        let done = runs.decide(&self.run, &self.name, !self.refuse, by, self.data).await;
        not_so(done, || format!("no approval `{}` is open", self.name))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Resume {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let done = self.tenant.open().await?.resume(&self.run).await;
        not_so(done, || "it is not suspended".to_owned())?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Cancel {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.tenant.open().await?.cancel(&self.run, &self.reason, self.force).await?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Retry {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        self.tenant.open().await?.retry(&self.run, self.from).await?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Delete {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let was = self.tenant.open().await?.delete(&self.run).await?;
        if !was {
            return Err(Error::NotFound.into());
        }
        Ok(ExitCode::SUCCESS)
    }
}

impl Unschedule {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let was = self.tenant.open().await?.unschedule(&self.workflow, &self.name).await?;
        if was {
            return Ok(ExitCode::SUCCESS);
        }
        print("there is no such schedule")?;
        Ok(ExitCode::FAILURE)
    }
}
