//! `satama secret rotate`: wraps the keys of all versions with the primary key.

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use satama::grant::{Scope, VERSIONS_KEPT_MAX};
use satama::secret::{Rotated, Vault};
use serde_json::json;

use super::{operator, operators_grant};
use crate::cli::print;
use crate::cli::shown;
use crate::cli::stores::Stores;

/// How long a line of progress stands where there is no terminal.
const REPORT: Duration = Duration::from_secs(5);

/// Wrap the keys of all secrets with the primary key of the keyring.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret keys add && satama secret rotate
  satama secret rotate --tenant acme --json

Hosts go on to read and to write meanwhile. It may be stopped at any point, and run again: what is
wrapped by the primary key already is not touched. Give the new keyring to all hosts first: one
that has not got the key cannot read what was rotated.

Exits with 1 if some could not be rotated, and names them.")]
pub(super) struct Rotate {
    /// Only the secrets and credentials of this tenant; again for more of them.
    #[arg(long, short, value_name = "NAME")]
    tenant: Vec<String>,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    stores: Stores,
}

impl Rotate {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let services = self.stores.read()?.open(true).await?;
        let vault = services.secret();
        let scopes = scopes(vault, &self.tenant).await?;
        let key = vault.keys()?.ring().primary().0.to_string();
        let mut rotation = vault.rotation(scopes, operator())?;
        let bar = Progress::new();
        let stopped = loop {
            match rotation.step().await {
                Ok(true) => bar.show(rotation.so_far()),
                Ok(false) => break None,
                Err(err) => break Some(err),
            }
        };
        bar.end();
        let rotated = rotation.so_far();
        self.report(&key, rotated)?;
        if let Some(err) = stopped {
            return Err(anyhow::Error::new(err).context("stopped; run it again to go on"));
        }
        Ok(if rotated.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn report(&self, key: &str, rotated: &Rotated) -> anyhow::Result<()> {
        let Rotated { seen, rewrapped, overtaken, failed, failures, .. } = rotated;
        if self.json {
            let failures: Vec<_> = failures
                .iter()
                .map(|failure| {
                    json!({
                        "scope": failure.scope.path(),
                        "id": failure.id,
                        "version": failure.version,
                        "why": failure.why,
                    })
                })
                .collect();
            return print(
                &json!({
                    "key": key, "secrets": seen, "rewrapped": rewrapped,
                    "overtaken": overtaken, "failed": failed, "failures": failures,
                })
                .to_string(),
            );
        }
        for failure in failures {
            let (scope, id) = (failure.scope.path(), shown(&failure.id));
            print(&format!("{scope}{id} version {}: {}", failure.version, failure.why))?;
        }
        print(&format!(
            "{seen} secrets looked at, {rewrapped} versions wrapped by {key} now, \
             {overtaken} changed meanwhile, {failed} failed"
        ))
    }
}

/// The scopes of these tenants, or of all.
pub(super) async fn scopes(vault: &Vault, tenants: &[String]) -> anyhow::Result<Vec<Scope>> {
    if tenants.is_empty() {
        return Ok(vault.scopes().await?);
    }
    let mut scopes = Vec::with_capacity(2 * tenants.len());
    for tenant in tenants {
        let grant = operators_grant(tenant, VERSIONS_KEPT_MAX)?;
        scopes.extend([grant.credential().scope().clone(), grant.secret().scope().clone()]);
    }
    Ok(scopes)
}

/// A bar at a terminal, a line now and then elsewhere.
struct Progress(ProgressBar);

impl Progress {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if std::io::stderr().is_terminal() {
            let style = ProgressStyle::with_template("{bar:40} {pos}/{len} shards, {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        Self(bar)
    }

    fn show(&self, rotated: &Rotated) {
        let (done, all) = rotated.shards;
        let said = format!("{} of {} rewrapped", rotated.rewrapped, rotated.seen);
        if self.0.is_hidden() && self.0.elapsed() > REPORT {
            self.0.reset_elapsed();
            _ = std::io::Write::write_fmt(
                &mut std::io::stderr(),
                format_args!("{done}/{all} shards, {said}\n"),
            );
        }
        self.0.set_length(all);
        self.0.set_position(done);
        self.0.set_message(said);
    }

    fn end(&self) {
        self.0.finish_and_clear();
    }
}
