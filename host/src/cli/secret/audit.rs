//! `satama secret audit`: who did what.

use std::process::ExitCode;

use satama::secret::Event;
use serde_json::json;

use super::rotate::scopes;
use crate::cli::print;
use crate::cli::stores::Stores;
use crate::cli::{shown, time};

/// Show who did what to which secret, the newest last.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret audit --tenant acme
  satama secret audit --limit 1000 --json | jq 'select(.outcome != \"ok\")'

The store keeps the newest events only: some 16,000 of a tenant's reads and uses, and as many of
its changes. Hosts log each of them as well, as `satama::audit`.")]
pub(super) struct Audit {
    /// Only of this tenant; again for more of them.
    #[arg(long, short, value_name = "NAME")]
    tenant: Vec<String>,

    /// How many events, of each tenant's secrets and of its credentials.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=32_000))]
    limit: u32,

    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    stores: Stores,
}

impl Audit {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let services = self.stores.read()?.open(false).await?;
        let vault = services.secret();
        let mut events = Vec::new();
        for scope in scopes(vault, &self.tenant).await? {
            let of_scope = vault.events(&scope, self.limit).await?;
            events.extend(of_scope.into_iter().map(|event| (scope.path().to_owned(), event)));
        }
        events.sort_by_key(|(_, event)| (event.at_ms, event.sequence));
        for (scope, event) in &events {
            print(&if self.json { object(scope, event) } else { line(scope, event) })?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn object(scope: &str, event: &Event) -> String {
    let Event { at_ms, action, id, version, outcome, actor, .. } = event;
    json!({
        "at_ms": at_ms,
        "scope": scope,
        "action": action.map(|action| action.name()),
        "id": id,
        "version": version,
        "outcome": outcome,
        "component": actor.component,
        "digest": actor.digest,
        "instance": actor.instance,
    })
    .to_string()
}

fn line(scope: &str, event: &Event) -> String {
    let action = event.action.map_or("?", |action| action.name());
    // As many digits as tell one build from another.
    let digest: String = event.actor.digest.chars().take("sha256:".len() + 12).collect();
    let digest = shown(&digest);
    let who = [&*shown(&event.actor.component), &digest, &shown(&event.actor.instance)];
    let who: Vec<_> = who.into_iter().filter(|part| !part.is_empty()).collect();
    format!(
        "{}  {action:<7} {:<14} {scope}{}  by {}",
        time(event.at_ms),
        shown(&event.outcome),
        shown(&event.id),
        who.join(" "),
    )
}
