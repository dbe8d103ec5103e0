//! `satama secret put`, `get`, `list` and `delete`.

use std::io::{IsTerminal as _, Read as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use satama::grant::VERSIONS_KEPT_MAX;
use satama::secret::{Error, PAGE_MAX, VALUE_BYTES_MAX, Value};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Secrets, Tenant};
use crate::cli::{Usage, print};
use crate::cli::{shown, time};

/// Put a new version of a secret; its value comes from standard input.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret put --tenant acme stripe/webhook            # asks, and shows nothing
  satama secret put --tenant acme stripe/webhook < key.txt
  openssl rand 32 | satama secret put --tenant acme token-key --raw
  satama secret put --tenant acme github --user ann < token.txt

One line break at the end of what is read is left out, as editors and `echo` add one.")]
pub(super) struct Put {
    /// The secret.
    name: String,

    /// Make it a credential of this user.
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// How many versions to keep. The default is as many as a manifest may: one that keeps
    /// fewer forgets them when a component puts the next.
    #[arg(long, value_name = "N", default_value_t = VERSIONS_KEPT_MAX)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=i64::from(VERSIONS_KEPT_MAX)))]
    keep: u32,

    /// Keep a line break at the end of the value; let the value be empty.
    #[arg(long)]
    raw: bool,

    #[command(flatten)]
    tenant: Tenant,
}

/// Print the value of a secret.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret get --tenant acme stripe/webhook
  satama secret get --tenant acme stripe/webhook --version 1767225600000000 > old.key")]
pub(super) struct Get {
    /// The secret.
    name: String,

    /// The user whose credential it is.
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// An older version, as `list --versions` shows them.
    #[arg(long, value_name = "VERSION")]
    version: Option<u64>,

    #[command(flatten)]
    tenant: Tenant,
}

/// List secrets; never their values.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret list --tenant acme
  satama secret list --tenant acme --user ann
  satama secret list --tenant acme --users-of github --json")]
pub(super) struct List {
    /// List the credentials of this user.
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    /// List the users who have this credential.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["user", "versions"])]
    users_of: Option<String>,

    /// Show each version that is kept.
    #[arg(long)]
    versions: bool,

    /// Print JSON, one object a line.
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    tenant: Tenant,
}

/// Delete a secret with all its versions.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret delete --tenant acme stripe/webhook
  satama secret delete --tenant acme github --user ann")]
pub(super) struct Delete {
    /// The secret.
    name: String,

    /// The user whose credential it is.
    #[arg(long, value_name = "USER")]
    user: Option<String>,

    #[command(flatten)]
    tenant: Tenant,
}

impl Put {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let user = self.user.as_deref();
        let mut secrets = self.tenant.open(true).await?;
        secrets.keep(self.keep)?;
        let value = read(&self.name, self.raw)?;
        let vault = secrets.services.secret();
        let put = vault.put(secrets.shelf(user), &self.name, user, &value, &secrets.actor);
        let version = put.await.map_err(usage)?;
        print(&format!("{} is version {version}", self.name))?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Get {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let user = self.user.as_deref();
        let secrets = self.tenant.open(true).await?;
        let (vault, actor) = (secrets.services.secret(), &secrets.actor);
        let found = vault.get(secrets.shelf(user), &self.name, user, self.version, actor).await;
        let secret = match found {
            Err(Error::NotFound | Error::Hidden(_)) => return absent(&self.name),
            found => found.map_err(usage)?,
        };
        let value = Zeroizing::new(vault.reveal(&secret, actor).await?);
        let mut out = std::io::stdout();
        let end: &[u8] = if out.is_terminal() { b"\n" } else { b"" };
        match out.write_all(&value).and_then(|()| out.write_all(end)).and_then(|()| out.flush()) {
            // The reader's choice, as everywhere.
            Err(err) if err.kind() != std::io::ErrorKind::BrokenPipe => Err(err.into()),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}

impl List {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let secrets = self.tenant.open(false).await?;
        let mut after = None;
        let mut first = true;
        loop {
            let page = self.page(&secrets, after.as_deref()).await?;
            for name in &page.names {
                self.show(&secrets, name, first).await?;
                first = false;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(ExitCode::SUCCESS),
            }
        }
    }

    async fn page(
        &self,
        secrets: &Secrets,
        after: Option<&str>,
    ) -> anyhow::Result<satama::secret::Page> {
        let (vault, shelf) = (secrets.services.secret(), secrets.shelf(self.user.as_deref()));
        Ok(match (&self.user, &self.users_of) {
            (Some(user), _) => vault.of_user(shelf, user, after, PAGE_MAX).await?,
            (_, Some(name)) => {
                vault.users(secrets.grant.credential(), name, after, PAGE_MAX).await?
            }
            _ => vault.names(shelf, after, PAGE_MAX).await?,
        })
    }

    /// Prints one line, or nothing if it was deleted meanwhile.
    async fn show(&self, secrets: &Secrets, listed: &str, first: bool) -> anyhow::Result<()> {
        let (name, user) = match (&self.users_of, &self.user) {
            (Some(name), _) => (name.as_str(), Some(listed)),
            (None, user) => (listed, user.as_deref()),
        };
        let vault = secrets.services.secret();
        let described = match vault.describe(secrets.shelf(user), name, user).await {
            Err(Error::NotFound) => return Ok(()),
            described => described?,
        };
        if self.json {
            return print(
                &json!({
                    "name": name,
                    "user": user,
                    "version": described.version,
                    "created": time(described.created_ms),
                    "updated": time(described.updated_ms),
                    "versions": described.versions,
                })
                .to_string(),
            );
        }
        if first {
            let listed = if self.users_of.is_some() { "user" } else { "name" };
            print(&format!("{listed:<40} {:<20}  {:<20}  versions", "created", "updated"))?;
        }
        print(&format!(
            "{:<40} {:<20}  {:<20}  {}",
            shown(listed),
            time(described.created_ms),
            time(described.updated_ms),
            described.versions.len(),
        ))?;
        if self.versions {
            for version in described.versions.iter().rev() {
                print(&format!("  {version} {:>43}", time(version / 1000)))?;
            }
        }
        Ok(())
    }
}

impl Delete {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let user = self.user.as_deref();
        let secrets = self.tenant.open(false).await?;
        let vault = secrets.services.secret();
        let deleted = vault.delete(secrets.shelf(user), &self.name, user, &secrets.actor).await;
        if deleted.map_err(usage)? {
            print(&format!("{} is deleted", self.name))?;
            Ok(ExitCode::SUCCESS)
        } else {
            absent(&self.name)
        }
    }
}

fn absent(name: &str) -> anyhow::Result<ExitCode> {
    _ = writeln!(std::io::stderr(), "error: there is no secret `{}`", shown(name));
    Ok(ExitCode::FAILURE)
}

/// What the command line got wrong is told so.
fn usage(err: Error) -> anyhow::Error {
    match err {
        Error::InvalidName(err) => Usage(err.to_string()).into(),
        Error::Refused(err) => Usage(err.to_string()).into(),
        err => err.into(),
    }
}

/// Reads a value: asks for it at a terminal, without showing it.
fn read(name: &str, raw: bool) -> anyhow::Result<Value> {
    let mut stdin = std::io::stdin();
    let mut value = Zeroizing::new(Vec::new());
    if stdin.is_terminal() {
        let prompt = format!("Value of {}: ", shown(name));
        let typed = Zeroizing::new(rpassword::prompt_password(prompt).context("cannot ask")?);
        let again = Zeroizing::new(rpassword::prompt_password("The same again: ")?);
        if typed != again {
            return Err(Usage("the two are not the same; nothing was put".into()).into());
        }
        value.extend_from_slice(typed.as_bytes());
    } else {
        // Room for all of it at once: a vector that grows leaves copies behind.
        value.reserve_exact(usize::try_from(VALUE_BYTES_MAX + 3)?);
        stdin.by_ref().take(VALUE_BYTES_MAX + 3).read_to_end(&mut value)?;
        if !raw {
            let end = [&b"\r\n"[..], b"\n"].into_iter().find(|end| value.ends_with(end));
            let bytes = value.len() - end.map_or(0, <[u8]>::len);
            value.truncate(bytes);
        }
    }
    if value.is_empty() && !raw {
        return Err(Usage("the value is empty; nothing was put (--raw puts it)".into()).into());
    }
    if value.len() as u64 > VALUE_BYTES_MAX {
        let why = format!("the value is over {VALUE_BYTES_MAX} bytes; nothing was put");
        return Err(Usage(why).into());
    }
    Ok(Value::new(std::mem::take(&mut value)))
}
