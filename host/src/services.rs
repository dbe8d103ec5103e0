//! The services of one host, each on its store.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crate::cache::{self, Cache};
use crate::channel::{self, Channel};
use crate::clock::Clock;
use crate::delivery::{Bus, Delivery, HEARTBEAT, Hearer, HostId, Posts};
use crate::hub::{self, Hub};
use crate::ids::Ids;
use crate::redis::Redis;
use crate::secret::{self, Keys, Vault};
use crate::session::{self, Session};
use crate::sqlite::Sqlite;
use crate::store_url::{StoreUrl, without_password};
use crate::workflow::{self, Workflow};

/// How long a store may take to answer, unless the embedder says otherwise.
pub const DEADLINE: Duration = Duration::from_secs(2);

/// What the host offers its guests. Cloning is cheap; one is made for a process.
#[derive(Debug, Clone)]
pub struct Services {
    pub(crate) cache: Arc<Cache>,
    pub(crate) session: Arc<Session>,
    pub(crate) channel: Arc<Channel>,
    pub(crate) hub: Arc<Hub>,
    pub(crate) secret: Arc<Vault>,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) ids: Ids,
    delivery: Delivery,
}

/// Builds [`Services`].
#[derive(Debug)]
pub struct Builder {
    store: StoreUrl,
    cache: Option<StoreUrl>,
    session: Option<StoreUrl>,
    channel: Option<StoreUrl>,
    secret: Option<StoreUrl>,
    workflow: Option<StoreUrl>,
    keys: Option<Keys>,
    secret_cache: Option<Duration>,
    deadline: Duration,
    heartbeat: Duration,
    clock: Clock,
    ids: Ids,
}

/// A store that cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("cannot use the store {url}")]
pub struct OpenError {
    url: String,
    source: Box<dyn std::error::Error + Send + Sync>,
}

enum Connection {
    Redis(Redis),
    Sqlite(Sqlite),
}

impl Services {
    /// Services whose data is in `store`, each unless it is put elsewhere.
    pub fn builder(store: StoreUrl) -> Builder {
        Builder {
            store,
            cache: None,
            session: None,
            channel: None,
            secret: None,
            workflow: None,
            keys: None,
            secret_cache: None,
            deadline: DEADLINE,
            heartbeat: HEARTBEAT,
            clock: Clock::System,
            ids: Ids::system(),
        }
    }

    /// The cache, for the host's own use.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Sessions, for the host's own use.
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Channels, for the host's own use: a gateway attaches its sockets by them.
    pub fn channel(&self) -> &Channel {
        &self.channel
    }

    /// The event hub, for the host's own use.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    /// Secrets and credentials, for the host's own use.
    pub fn secret(&self) -> &Vault {
        &self.secret
    }

    /// Workflows and their runs, for the host's own use.
    pub fn workflow(&self) -> &Arc<Workflow> {
        &self.workflow
    }

    /// The receivers of this host.
    pub fn delivery(&self) -> &Delivery {
        &self.delivery
    }
}

impl Builder {
    /// Puts the cache on a store of its own.
    pub fn cache(mut self, store: StoreUrl) -> Self {
        self.cache = Some(store);
        self
    }

    /// Puts sessions on a store of their own.
    pub fn session(mut self, store: StoreUrl) -> Self {
        self.session = Some(store);
        self
    }

    /// Puts channels on a store of their own, and the hub with them: subscriptions are
    /// a part of their channel.
    pub fn channel(mut self, store: StoreUrl) -> Self {
        self.channel = Some(store);
        self
    }

    /// Puts secrets and credentials on a store of their own.
    pub fn secret(mut self, store: StoreUrl) -> Self {
        self.secret = Some(store);
        self
    }

    /// Puts workflows and their runs on a store of their own.
    pub fn workflow(mut self, store: StoreUrl) -> Self {
        self.workflow = Some(store);
        self
    }

    /// The keys that wrap the keys of secrets. Without any, secrets are unavailable.
    pub fn keys(mut self, keys: Keys) -> Self {
        self.keys = Some(keys);
        self
    }

    /// Keeps decrypted secrets in memory for `ttl`, so that a key in a distant store is
    /// not asked again each time. Not done unless this is called.
    pub fn secret_cache(mut self, ttl: Duration) -> Self {
        self.secret_cache = Some(ttl);
        self
    }

    /// How often the channels whose sockets this host holds are touched. They end
    /// three heartbeats after a crash of the host.
    pub fn heartbeat(mut self, heartbeat: Duration) -> Self {
        self.heartbeat = heartbeat;
        self
    }

    /// How long a store may take to answer before a call fails as unavailable.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The clock that the embedded store compares expiries with.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// The source of claims and generations.
    pub fn ids(mut self, ids: Ids) -> Self {
        self.ids = ids;
        self
    }

    /// Opens the stores, one connection for each address.
    pub async fn build(mut self) -> Result<Services, OpenError> {
        let mut open = HashMap::new();
        let cache = self.cache.as_ref().unwrap_or(&self.store);
        let cache = match self.connect(&mut open, cache).await? {
            Connection::Redis(redis) => {
                cache::Backend::Redis(cache::RedisStore::open(redis.clone(), cache.as_str()).await?)
            }
            Connection::Sqlite(file) => cache::Backend::Sqlite(
                cache::SqliteStore::open(file.clone(), cache.as_str()).await?,
            ),
        };
        let session = self.session.as_ref().unwrap_or(&self.store);
        let session = match self.connect(&mut open, session).await? {
            Connection::Redis(redis) => session::Backend::Redis(
                session::RedisStore::open(redis.clone(), session.as_str()).await?,
            ),
            Connection::Sqlite(file) => session::Backend::Sqlite(
                session::SqliteStore::open(file.clone(), session.as_str()).await?,
            ),
        };
        let url = self.secret.clone().unwrap_or_else(|| self.store.clone());
        let secret = match self.connect(&mut open, &url).await? {
            Connection::Redis(redis) => {
                let store = secret::RedisStore::open(redis.clone(), url.as_str()).await?;
                secret::Backend::Redis(store)
            }
            Connection::Sqlite(file) => {
                let store = secret::SqliteStore::open(file.clone(), url.as_str()).await?;
                secret::Backend::Sqlite(store)
            }
        };
        let secret = self.vault(secret);
        let url = self.workflow.clone().unwrap_or_else(|| self.store.clone());
        let workflow = match self.connect(&mut open, &url).await? {
            Connection::Redis(redis) => {
                let store = workflow::RedisStore::open(redis.clone(), url.as_str()).await?;
                workflow::Backend::Redis(store)
            }
            Connection::Sqlite(file) => {
                let store = workflow::SqliteStore::open(file.clone(), url.as_str()).await?;
                workflow::Backend::Sqlite(store)
            }
        };
        let (deadline, clock) = (self.deadline, self.clock.clone());
        let opener = workflow::Opener { url, deadline, clock };
        let url = self.channel.as_ref().unwrap_or(&self.store);
        let connection = self.connect(&mut open, url).await?;
        let delivery = self.delivery(connection, url.as_str()).await?;
        let (channels, hub) = delivery.stores();
        Ok(Services {
            cache: Arc::new(Cache::new(cache, self.ids.clone())),
            session: Arc::new(Session::new(session)),
            channel: Arc::new(Channel::new(channels, delivery.clone())),
            hub: Arc::new(Hub::new(hub, delivery.clone(), self.ids.clone())),
            secret: Arc::new(secret),
            workflow: Arc::new(Workflow::new(workflow, opener, self.ids.clone())),
            ids: self.ids,
            delivery,
        })
    }

    fn vault(&mut self, store: secret::Backend) -> Vault {
        let mut vault = Vault::new(store, self.clock.clone());
        if let Some(keys) = self.keys.take() {
            vault = vault.with_keys(keys);
        }
        if let Some(ttl) = self.secret_cache {
            vault = vault.with_cache(ttl);
        }
        vault
    }

    /// Opens the channels and the hub, and starts to hear of them.
    async fn delivery(&self, connection: &Connection, url: &str) -> Result<Delivery, OpenError> {
        let hearer = Hearer::default();
        let (channels, hub, bus) = match connection {
            Connection::Redis(redis) => {
                let channels = channel::RedisStore::open(redis.clone(), url).await?;
                let hub = hub::RedisStore::open(redis.clone(), url).await?;
                let bus = Bus::redis(redis, hearer.clone(), url).await?;
                (channel::Backend::Redis(channels), hub::Backend::Redis(hub), bus)
            }
            Connection::Sqlite(file) => {
                let posts = Posts::open(file, url).await?;
                let channels = channel::SqliteStore::open(file.clone(), posts.clone(), url).await?;
                let hub = hub::SqliteStore::open(file.clone(), posts, url).await?;
                let bus = Bus::sqlite(file.clone(), hearer.clone(), url).await?;
                (channel::Backend::Sqlite(channels), hub::Backend::Sqlite(hub), bus)
            }
        };
        let host = HostId::new(self.ids.next());
        let stores = (Arc::new(channels), Arc::new(hub));
        Ok(Delivery::start(host, self.heartbeat, stores, bus, &hearer))
    }

    async fn connect<'a>(
        &self,
        open: &'a mut HashMap<StoreUrl, Connection>,
        store: &StoreUrl,
    ) -> Result<&'a Connection, OpenError> {
        if !open.contains_key(store) {
            let connection = match store {
                StoreUrl::Redis(url) => {
                    Connection::Redis(Redis::connect(url, self.deadline).await?)
                }
                StoreUrl::Sqlite(path) => {
                    Connection::Sqlite(Sqlite::open(path, self.deadline, self.clock.clone()).await?)
                }
            };
            open.insert(store.clone(), connection);
        }
        Ok(&open[store])
    }
}

impl OpenError {
    /// The store at `url` failed with `source`. A password in the url is left out.
    pub(crate) fn new(url: &str, source: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self { url: without_password(url), source }
    }

    /// The store at `url` holds another version of a service's format.
    pub(crate) fn format(url: &str, service: &str, found: &str, ours: u32) -> Self {
        let found: String = found.chars().take(20).flat_map(char::escape_default).collect();
        let why = format!(
            "its {service} data is format {found}, this host writes format {ours}; \
             use the satama that wrote it, or another store"
        );
        Self::new(url, why.into())
    }
}

/// Writes a service's `Store` for its `Backend`, each verb to the store it is on.
macro_rules! forward_to_backend {
    ($backend:ident: $store:ident {
        $($verb:ident($($name:ident: $type:ty),*) -> $result:ty;)*
    }) => {
        impl $store for $backend {
            $(async fn $verb(&self, $($name: $type),*) -> $result {
                match self {
                    Self::Redis(store) => store.$verb($($name),*).await,
                    // Boxed, because its futures are many times as large, and every
                    // call would be as large as the largest.
                    Self::Sqlite(store) => Box::pin(store.$verb($($name),*)).await,
                }
            })*
        }
    };
}

pub(crate) use forward_to_backend;
