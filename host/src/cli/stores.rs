//! Where a command's services keep their data.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use etcetera::AppStrategy as _;
use satama::secret::Keys;
use satama::{Services, StoreUrl};

use super::{Usage, folders};

/// What `run` and `serve` share.
#[derive(clap::Args)]
pub(super) struct Stores {
    /// Where the services keep their data: a file, redis://HOST:PORT, or another
    /// address of Redis as README.md has them [default: satama.db in your data folder].
    /// Again, as SERVICE=STORE, to put one service elsewhere.
    // Help must not print a password that is in the environment, and what is wrong must
    // not be quoted with one: so it is read later, by us.
    #[arg(long, short, value_name = "[SERVICE=]STORE")]
    #[arg(env = "SATAMA_STORE", hide_env_values = true)]
    store: Vec<String>,

    #[command(flatten)]
    keyring: KeyringFile,

    /// Keep decrypted secrets in memory for so many milliseconds, so that a key in a
    /// token is not asked again for each read. What was changed meanwhile is never given.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(1..))]
    secret_cache_ms: Option<u64>,
}

/// Where the keys of secrets are.
#[derive(clap::Args)]
pub(super) struct KeyringFile {
    /// The file of the keys that secrets are wrapped with [default: keyring.toml in your
    /// data folder].
    #[arg(long, value_name = "FILE", env = "SATAMA_KEYRING")]
    keyring: Option<PathBuf>,
}

/// A store, for one service or for all that have none of their own.
#[derive(Debug, Clone)]
struct Store {
    service: Option<Service>,
    url: StoreUrl,
}

#[derive(Debug, Clone, Copy)]
enum Service {
    Cache,
    Session,
    Channel,
    Secret,
    Workflow,
}

/// The stores of one command.
pub(super) struct Chosen {
    stores: Vec<Store>,
    keyring: Option<PathBuf>,
    secret_cache: Option<Duration>,
}

impl Stores {
    /// Where the keys of secrets are.
    pub(super) fn keyring(&self) -> &KeyringFile {
        &self.keyring
    }

    /// Reads what was written, before anything takes long.
    pub(super) fn read(&self) -> Result<Chosen, Usage> {
        let stores = self.store.iter().map(|text| store(text)).collect::<Result<_, _>>()?;
        let secret_cache = self.secret_cache_ms.map(Duration::from_millis);
        Ok(Chosen { stores, keyring: self.keyring.keyring.clone(), secret_cache })
    }
}

impl Chosen {
    /// Opens them, with the keys of secrets if somebody `needs_keys`.
    pub(super) async fn open(&self, needs_keys: bool) -> anyhow::Result<Services> {
        let common = match self.stores.iter().rfind(|store| store.service.is_none()) {
            Some(store) => store.url.clone(),
            None => {
                let folders = folders().context("you have no home; name a store with --store")?;
                StoreUrl::file(folders.in_data_dir("satama.db"))
            }
        };
        let mut services = Services::builder(common);
        if needs_keys {
            let keyring = KeyringFile { keyring: self.keyring.clone() };
            services = services.keys(keyring.keys().await?);
        }
        if let Some(ttl) = self.secret_cache {
            services = services.secret_cache(ttl);
        }
        for store in &self.stores {
            let url = store.url.clone();
            services = match store.service {
                Some(Service::Cache) => services.cache(url),
                Some(Service::Session) => services.session(url),
                Some(Service::Channel) => services.channel(url),
                Some(Service::Secret) => services.secret(url),
                Some(Service::Workflow) => services.workflow(url),
                None => services,
            };
        }
        Ok(services.build().await?)
    }
}

impl KeyringFile {
    /// The file, which is there or not.
    pub(super) fn path(&self) -> anyhow::Result<PathBuf> {
        match &self.keyring {
            Some(file) => Ok(file.clone()),
            None => {
                let folders = folders();
                let folders = folders.context("you have no home; name a file with --keyring")?;
                Ok(folders.in_data_dir("keyring.toml"))
            }
        }
    }

    /// The keys in it.
    pub(super) async fn keys(&self) -> anyhow::Result<Keys> {
        let file = self.path()?;
        if !file.exists() {
            return Err(NoKeyring(file).into());
        }
        Ok(Keys::in_file(file).await?)
    }
}

/// There are no keys, and nobody but the operator may make some.
#[derive(Debug, thiserror::Error)]
#[error("secrets need a keyring, and {} is not there; make it with `satama secret keys init`, or name another with --keyring", .0.display())]
pub(super) struct NoKeyring(PathBuf);

fn store(text: &str) -> Result<Store, Usage> {
    let services = [
        ("cache=", Service::Cache),
        ("session=", Service::Session),
        ("channel=", Service::Channel),
        ("secret=", Service::Secret),
        ("workflow=", Service::Workflow),
    ];
    let found = services
        .into_iter()
        .find_map(|(prefix, service)| text.strip_prefix(prefix).map(|url| (Some(service), url)));
    let (service, url) = found.unwrap_or((None, text));
    let url = url.parse().map_err(|why| {
        Usage(format!("invalid value '{}' for --store: {why}", satama::without_password(url)))
    })?;
    Ok(Store { service, url })
}
