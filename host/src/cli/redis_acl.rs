//! `satama redis-acl`: the rights of a tenant's Redis user.

use std::path::PathBuf;
use std::process::ExitCode;

use satama::grant::Manifest;

use super::{Usage, print};

/// Print the commands that make a Redis user who can serve one tenant, and no other.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama redis-acl grant.toml
  satama redis-acl grant.toml --user acme-prod | redis-cli
  redis-cli ACL SETUSER acme '>PASSWORD'

The user can do what the services do with the tenant's keys and channels, and nothing else. It is
given no password: a new user cannot log in before it has one. In a cluster, and where there are
replicas, each server has users of its own: run the ACL command on all of them.

The lines before it claim the store for this version's formats, as the first host would.")]
pub(super) struct RedisAcl {
    /// The tenant's manifest.
    manifest: PathBuf,

    /// The user [default: the tenant's name].
    #[arg(long, short, value_name = "NAME")]
    user: Option<String>,
}

impl RedisAcl {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let manifest = Manifest::read(&self.manifest)?;
        let user = self.user.as_deref().unwrap_or(manifest.grant.tenant());
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if user.is_empty() || !user.chars().all(plain) {
            let user = user.escape_debug();
            return Err(Usage(format!(
                "`{user}` cannot be the user's name: name one of letters, digits, `.`, `_` and `-` \
                 with --user"
            ))
            .into());
        }
        print(&satama::redis_acl(&manifest.grant, user).join("\n"))?;
        Ok(ExitCode::SUCCESS)
    }
}
