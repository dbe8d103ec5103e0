//! `satama secret import` and `export`: from and to the reference's Redis records.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::str::FromStr;

use anyhow::Context as _;
use satama::secret::pikku::{Kek, Record, Reference, Salt};
use satama::secret::{PAGE_MAX, Value};
use serde_json::json;
use zeroize::Zeroizing;

use super::{Secrets, Tenant};
use crate::cli::{Usage, print, shown};

/// Read another system's secrets, and put those that are new or have changed.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret import --from pikku --tenant acme --source redis://localhost \\
      --passphrase env:PIKKU_KEY
  satama secret import --from pikku --tenant acme --source redis://localhost --dry-run \\
      --passphrase 2=env:PIKKU_KEY --passphrase 1=file:old-passphrase.txt --replace :=/

A text becomes its characters, any other value its JSON text. A secret that has, or had, the same
value is left alone, so it can be run again. Exits with 1 if some were not imported, and names them.")]
pub(super) struct Import {
    /// Which system.
    #[arg(long, value_name = "SYSTEM")]
    from: System,

    #[command(flatten)]
    reference: Where,

    /// The Redis server that has them.
    #[arg(long, value_name = "URL", env = "SATAMA_SOURCE", hide_env_values = true)]
    source: String,

    /// Put TO for FROM in names: those that are kept here have only letters, digits, `.`, `_`,
    /// `-` and `/`. Again for more of them.
    #[arg(long, value_name = "FROM=TO", value_parser = replacement)]
    replace: Vec<(String, String)>,

    #[command(flatten)]
    tenant: Tenant,
}

/// Write a tenant's secrets as another system keeps them.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama secret export --to pikku --tenant acme --target redis://localhost \\
      --passphrase env:PIKKU_KEY

A value that is the JSON text of an object or a list becomes that; any other becomes a text, and
must be UTF-8. What is there already with the same value is left alone, so it can be run again.
Exits with 1 if some were not exported, and names them.")]
pub(super) struct Export {
    /// Which system.
    #[arg(long, value_name = "SYSTEM")]
    to: System,

    /// Which version of the other system's key to write with.
    #[arg(long, value_name = "VERSION", default_value_t = 1)]
    key_version: u32,

    #[command(flatten)]
    reference: Where,

    /// The Redis server that gets them.
    #[arg(long, value_name = "URL", env = "SATAMA_TARGET", hide_env_values = true)]
    target: String,

    #[command(flatten)]
    tenant: Tenant,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum System {
    /// `@pikku/redis`.
    Pikku,
}

/// What import and export share.
#[derive(clap::Args)]
struct Where {
    /// What the other system's keys begin with.
    #[arg(long, value_name = "PREFIX", default_value = "pikku")]
    prefix: String,

    /// Where a passphrase of the other system is: env:VARIABLE or file:FILE, for any version
    /// of its key, or VERSION= before it for that one. Again for more of them.
    // Read later: what is wrong must not be quoted, for it may be the passphrase itself.
    #[arg(long, value_name = "[VERSION=]PLACE", required = true)]
    passphrase: Vec<String>,

    /// Only tell what would be done.
    #[arg(long)]
    dry_run: bool,

    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone)]
struct Passphrase {
    version: Option<u32>,
    text: Zeroizing<String>,
}

/// The other system's keys, derived when they are first asked for.
struct Keks {
    passphrases: Vec<Passphrase>,
    salts: BTreeMap<u32, Salt>,
    derived: BTreeMap<u32, Kek>,
}

/// What became of each secret.
#[derive(Default)]
struct Report {
    done: u64,
    unchanged: u64,
    failed: Vec<(String, String)>,
}

impl Import {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let System::Pikku = self.from;
        let secrets = self.tenant.open(true).await?;
        let reference = self.reference.connect(&self.source).await?;
        let mut keks = Keks::new(&self.reference, &reference).await?;
        let names = reference.names(|_| {}).await?;
        let mut report = Report::default();
        let mut taken = BTreeMap::new();
        for name in &names {
            let ours = self
                .replace
                .iter()
                .fold(name.clone(), |name, (from, to)| name.replace(from.as_str(), to));
            let done = match taken.insert(ours.clone(), name) {
                None => self.one(&secrets, &reference, &mut keks, name, &ours).await,
                Some(other) => Err(Usage(format!("it would be `{ours}`, as `{other}` is")).into()),
            };
            report.count(name, done);
        }
        report.print(&self.reference, "imported")
    }

    /// True if it was new, or had changed.
    async fn one(
        &self,
        secrets: &Secrets,
        reference: &Reference,
        keks: &mut Keks,
        theirs: &str,
        name: &str,
    ) -> anyhow::Result<bool> {
        satama::grant::check_name(name)?;
        let record = reference.record(theirs).await?.context("it was deleted meanwhile")??;
        let json = record.open(keks.of(record.key_version).await?)?;
        let value = imported(json);
        let (vault, shelf) = (secrets.services.secret(), secrets.shelf(None));
        if secrets.had(name, value.as_bytes()).await? {
            return Ok(false);
        }
        if !self.reference.dry_run {
            let value = Value::new(value.as_bytes().to_vec());
            vault.put(shelf, name, None, &value, &secrets.actor).await?;
        }
        Ok(true)
    }
}

impl Export {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let System::Pikku = self.to;
        let secrets = self.tenant.open(true).await?;
        let reference = self.reference.connect(&self.target).await?;
        let mut keks = Keks::new(&self.reference, &reference).await?;
        if !keks.salts.contains_key(&self.key_version) && !self.reference.dry_run {
            self.check_new(&reference).await?;
            let salt = reference.put_salt(self.key_version, &Salt::random().to_string()).await?;
            keks.salts.insert(self.key_version, salt.parse()?);
        }
        let (mut report, mut after) = (Report::default(), None::<String>);
        loop {
            let (vault, shelf) = (secrets.services.secret(), secrets.shelf(None));
            let page = vault.names(shelf, after.as_deref(), PAGE_MAX).await?;
            for name in page.names {
                let done = self.one(&secrets, &reference, &mut keks, &name).await;
                report.count(&name, done);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return report.print(&self.reference, "exported"),
            }
        }
    }

    /// Refuses a key version whose salt was lost: a new one would end all hope of it.
    async fn check_new(&self, reference: &Reference) -> anyhow::Result<()> {
        for name in reference.names(|_| {}).await? {
            if let Some(Ok(record)) = reference.record(&name).await?
                && record.key_version == self.key_version
            {
                anyhow::bail!(
                    "key version {} has records and no salt: restore the salt, or write with \
                     another --key-version",
                    self.key_version
                );
            }
        }
        Ok(())
    }

    /// True if it was new, or had changed.
    async fn one(
        &self,
        secrets: &Secrets,
        reference: &Reference,
        keks: &mut Keks,
        name: &str,
    ) -> anyhow::Result<bool> {
        let value = secrets.newest(name).await?.context("it was deleted meanwhile")?;
        let text = std::str::from_utf8(&value).context("its value is not UTF-8")?;
        let parsed = serde_json::from_str(text);
        let json = match parsed {
            Ok(serde_json::Value::Object(_) | serde_json::Value::Array(_)) => {
                Zeroizing::new(text.to_owned())
            }
            _ => Zeroizing::new(serde_json::to_string(text)?),
        };
        if let Some(record) = reference.record(name).await? {
            let there = "what is there does not open, and is left alone";
            let record = record.context(there)?;
            let kek = keks.of(record.key_version).await.context(there)?;
            // What an import would make of it: another spelling of it is no other value.
            if *imported(record.open(kek).context(there)?) == *text {
                return Ok(false);
            }
        }
        if !self.reference.dry_run {
            let kek = keks.of(self.key_version).await?;
            let record = Record::seal(kek, self.key_version, &json)?;
            reference.put(name, &record).await?;
        }
        Ok(true)
    }
}

impl Secrets {
    /// Whether a version that is kept has this value: what was changed here since is newer
    /// than what is there.
    async fn had(&self, name: &str, value: &[u8]) -> anyhow::Result<bool> {
        let (vault, shelf) = (self.services.secret(), self.shelf(None));
        let versions = match vault.describe(shelf, name, None).await {
            Ok(described) => described.versions,
            Err(satama::secret::Error::NotFound) => return Ok(false),
            Err(err) => return Err(err.into()),
        };
        for version in versions.into_iter().rev() {
            let secret = match vault.get(shelf, name, None, Some(version), &self.actor).await {
                Err(satama::secret::Error::NotFound) => continue,
                secret => secret?,
            };
            if *Zeroizing::new(vault.reveal(&secret, &self.actor).await?) == *value {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The value of the newest version, if there is one.
    async fn newest(&self, name: &str) -> anyhow::Result<Option<Zeroizing<Vec<u8>>>> {
        let vault = self.services.secret();
        let found = vault.get(self.shelf(None), name, None, None, &self.actor).await;
        match found {
            Ok(secret) => Ok(Some(Zeroizing::new(vault.reveal(&secret, &self.actor).await?))),
            Err(satama::secret::Error::NotFound) => Ok(None),
            Err(err) => Err(err.into()),
        }
    }
}

/// What a JSON text of the reference is here: a text's characters, or the JSON text.
fn imported(json: Zeroizing<String>) -> Zeroizing<String> {
    match serde_json::from_str(&json) {
        Ok(serde_json::Value::String(text)) => Zeroizing::new(text),
        _ => json,
    }
}

impl Where {
    fn passphrases(&self) -> Result<Vec<Passphrase>, Usage> {
        let read = |text: &String| {
            text.parse().map_err(|why| Usage(format!("invalid value for --passphrase: {why}")))
        };
        self.passphrase.iter().map(read).collect()
    }

    async fn connect(&self, url: &str) -> anyhow::Result<Reference> {
        Ok(Reference::connect(url, &self.prefix, satama::DEADLINE).await?)
    }
}

impl Keks {
    async fn new(place: &Where, reference: &Reference) -> anyhow::Result<Self> {
        let mut salts = BTreeMap::new();
        for (version, salt) in reference.salts().await? {
            let salt = salt.with_context(|| format!("the salt of key version {version}"))?;
            salts.insert(version.parse().context("a salt's key version")?, salt);
        }
        Ok(Self { passphrases: place.passphrases()?, salts, derived: BTreeMap::new() })
    }

    async fn of(&mut self, version: u32) -> anyhow::Result<&Kek> {
        if !self.derived.contains_key(&version) {
            let exact = self.passphrases.iter().find(|one| one.version == Some(version));
            let any = || self.passphrases.iter().find(|one| one.version.is_none());
            let passphrase = exact.or_else(any).with_context(|| {
                format!("no passphrase for key version {version}; add --passphrase {version}=PLACE")
            })?;
            // One is never made up: what was written with the lost one would not open.
            let salt = self.salts.get(&version).cloned();
            let salt = salt.with_context(|| format!("key version {version} has no salt"))?;
            let passphrase = passphrase.text.clone();
            let kek = tokio::task::spawn_blocking(move || Kek::derive(&passphrase, &salt)).await?;
            self.derived.insert(version, kek);
        }
        self.derived.get(&version).context("it was derived")
    }
}

impl Report {
    fn count(&mut self, name: &str, done: anyhow::Result<bool>) {
        match done {
            Ok(true) => self.done += 1,
            Ok(false) => self.unchanged += 1,
            Err(err) => self.failed.push((shown(name), shown(&satama::chain(&*err)))),
        }
    }

    fn print(&self, place: &Where, what: &str) -> anyhow::Result<ExitCode> {
        let Self { done, unchanged, failed } = self;
        if place.json {
            let failures: Vec<_> =
                failed.iter().map(|(name, why)| json!({ "name": name, "why": why })).collect();
            print(
                &json!({
                    what: done, "unchanged": unchanged, "failed": failed.len(),
                    "failures": failures, "dry_run": place.dry_run,
                })
                .to_string(),
            )?;
        } else {
            for (name, why) in failed {
                print(&format!("{name}: {why}"))?;
            }
            let would = if place.dry_run { "would be " } else { "" };
            print(&format!(
                "{done} {would}{what}, {unchanged} unchanged, {} failed",
                failed.len()
            ))?;
        }
        Ok(if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn replacement(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((from, to)) if !from.is_empty() => Ok((from.to_owned(), to.to_owned())),
        _ => Err("write it as FROM=TO, as in `:=/`".to_owned()),
    }
}

impl FromStr for Passphrase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (version, place) = match text.split_once('=') {
            Some((version, place)) if version.bytes().all(|byte| byte.is_ascii_digit()) => {
                let version = version.parse().map_err(|_| format!("`{version}` is no version"))?;
                (Some(version), place)
            }
            _ => (None, text),
        };
        let text = match place.split_once(':') {
            Some(("env", variable)) => {
                std::env::var(variable).map_err(|err| format!("{variable}: {err}"))
            }
            Some(("file", file)) => {
                std::fs::read_to_string(file).map_err(|err| format!("{file}: {err}"))
            }
            // It may be the passphrase itself, which is not to be repeated.
            _ => Err("write it as env:VARIABLE or file:FILE".to_owned()),
        };
        let text = Zeroizing::new(text?);
        let text = Zeroizing::new(text.strip_suffix('\n').unwrap_or(&text).to_owned());
        Ok(Self { version, text })
    }
}
