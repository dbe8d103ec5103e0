//! Where a command's services keep their data.

use anyhow::Context as _;
use etcetera::AppStrategy as _;
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
}

/// The stores of one command.
pub(super) struct Chosen(Vec<Store>);

impl Stores {
    /// Reads what was written, before anything takes long.
    pub(super) fn read(&self) -> Result<Chosen, Usage> {
        Ok(Chosen(self.store.iter().map(|text| store(text)).collect::<Result<_, _>>()?))
    }
}

impl Chosen {
    /// Opens them.
    pub(super) async fn open(&self) -> anyhow::Result<Services> {
        let common = match self.0.iter().rfind(|store| store.service.is_none()) {
            Some(store) => store.url.clone(),
            None => {
                let folders = folders().context("you have no home; name a store with --store")?;
                StoreUrl::file(folders.in_data_dir("satama.db"))
            }
        };
        let mut services = Services::builder(common);
        for store in &self.0 {
            let url = store.url.clone();
            services = match store.service {
                Some(Service::Cache) => services.cache(url),
                Some(Service::Session) => services.session(url),
                Some(Service::Channel) => services.channel(url),
                None => services,
            };
        }
        Ok(services.build().await?)
    }
}

fn store(text: &str) -> Result<Store, Usage> {
    let services = [
        ("cache=", Service::Cache),
        ("session=", Service::Session),
        ("channel=", Service::Channel),
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
