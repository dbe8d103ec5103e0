//! `satama secret`: what an operator does with secrets and their keys.

mod audit;
mod keys;
mod pikku;
mod rotate;
mod value;

use std::process::ExitCode;

use satama::Services;
use satama::grant::{Grant, Limits, Names, SecretGrant, Shelf, VERSIONS_KEPT_MAX};
use satama::secret::Actor;

use super::Usage;
use super::stores::Stores;

/// Keep secrets, and the keys that they are encrypted with.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret keys init
  satama secret put --tenant acme stripe/webhook < secret.txt
  satama secret list --tenant acme
  satama secret keys add && satama secret rotate

A value is read from standard input, or asked for without being shown; never from the command
line, which other users of the machine can see.")]
pub(super) struct Command {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(clap::Subcommand)]
enum Verb {
    Put(value::Put),
    Get(value::Get),
    List(value::List),
    Delete(value::Delete),
    Rotate(rotate::Rotate),
    Import(pikku::Import),
    Export(pikku::Export),
    Keys(keys::Command),
    Audit(audit::Audit),
}

/// Whose secrets.
#[derive(clap::Args)]
struct Tenant {
    /// The tenant.
    #[arg(long, short, value_name = "NAME", env = "SATAMA_TENANT")]
    tenant: String,

    #[command(flatten)]
    stores: Stores,
}

/// A tenant's secrets, all of which the operator may touch.
struct Secrets {
    services: Services,
    grant: Grant,
    actor: Actor,
}

impl Command {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            Verb::Put(put) => put.run().await,
            Verb::Get(get) => get.run().await,
            Verb::List(list) => list.run().await,
            Verb::Delete(delete) => delete.run().await,
            Verb::Rotate(rotate) => rotate.run().await,
            Verb::Import(import) => import.run().await,
            Verb::Export(export) => export.run().await,
            Verb::Keys(keys) => keys.run().await,
            Verb::Audit(audit) => audit.run().await,
        }
    }
}

impl Tenant {
    /// Opens the tenant's secrets; with the keys, if they are needed.
    async fn open(&self, needs_keys: bool) -> anyhow::Result<Secrets> {
        let grant = operators_grant(&self.tenant, VERSIONS_KEPT_MAX)?;
        let services = self.stores.read()?.open(needs_keys).await?;
        Ok(Secrets { services, grant, actor: operator() })
    }
}

impl Secrets {
    /// Keeps so many versions of what is put.
    fn keep(&mut self, versions: u32) -> anyhow::Result<()> {
        self.grant = operators_grant(self.grant.tenant(), versions)?;
        Ok(())
    }

    /// The tenant's secrets, or the credentials of its users.
    fn shelf(&self, user: Option<&str>) -> &Shelf {
        if user.is_some() { self.grant.credential() } else { self.grant.secret() }
    }
}

/// All of a tenant's secrets.
fn operators_grant(tenant: &str, keep: u32) -> anyhow::Result<Grant> {
    let all = || -> anyhow::Result<SecretGrant> {
        let every = || Names::new(["*"]);
        let keep = Some(keep);
        Ok(SecretGrant { read: every()?, reveal: every()?, write: every()?, keep })
    };
    let grant = Grant::new(tenant, Limits::default())
        .map_err(|err| Usage(format!("--tenant {}: {err}", tenant.escape_debug())))?;
    Ok(grant.with_secret(all()?).with_credential(all()?))
}

/// Who uses the command line, for the audit.
fn operator() -> Actor {
    let user = std::env::var("USER").or_else(|_| std::env::var("LOGNAME"));
    let user = user.unwrap_or_else(|_| "nobody".to_owned());
    Actor {
        component: "satama secret".to_owned(),
        digest: String::new(),
        instance: format!("{user}@{}", std::process::id()),
    }
}
