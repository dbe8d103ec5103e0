//! One backend, ready for a case: services on a store of their own, and its time.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use redis::cmd;
use satama::cache::Bucket;
use satama::channel::Channels;
use satama::grant::{Grant, Limits, Names, SecretGrant};
use satama::hub::Bus;
use satama::secret::{KEY_BYTES, KeyRef, Keyring, Keys, LocalKey};
use satama::session::{Expiry, Sessions};
use satama::{Builder, Clock, Services, SimClock, StoreUrl};
use tempfile::TempDir;
use zeroize::Zeroizing;

use crate::{Cluster, RedisServer};

/// Longer than any stall of a busy machine: no case is about the deadline.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long channels live that no case is about the end of.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// What a store rounds a time to, and what a moment's comparison may be off by.
const ROUNDING: Duration = Duration::from_millis(2);

/// Services on one store, which is gone with this.
#[derive(Debug)]
pub struct Harness {
    /// The services.
    pub services: Services,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    Redis(RedisServer),
    Cluster(&'static Cluster),
    Sqlite { folder: TempDir, clock: SimClock },
}

thread_local! {
    /// What sets this test's tenants apart from those of the others on the same store.
    static TEST: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Between which two moments, by the store's clock, something happened.
///
/// Cases about time compare spans, rather than count on anything to be quick.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    from: Duration,
    to: Duration,
}

impl Harness {
    /// Services on a Redis server.
    pub async fn redis() -> Self {
        TEST.set(None);
        let server = RedisServer::start();
        let services = builder(server.store(), Clock::System).build().await.unwrap();
        Self { services, backend: Backend::Redis(server) }
    }

    /// Services on a Redis cluster, which all tests of this process share.
    pub async fn cluster() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        static SHARED: OnceLock<Cluster> = OnceLock::new();
        TEST.set(Some(COUNT.fetch_add(1, Ordering::Relaxed)));
        let cluster = SHARED.get_or_init(Cluster::shared);
        let store = cluster.url().parse().unwrap();
        let services = builder(store, Clock::System).build().await.unwrap();
        Self { services, backend: Backend::Cluster(cluster) }
    }

    /// Services on a file, with a clock that stands still.
    pub async fn sqlite() -> Self {
        TEST.set(None);
        let folder = tempfile::tempdir().unwrap();
        let clock = SimClock::new();
        let store = StoreUrl::file(folder.path().join("satama.db"));
        let services = builder(store, Clock::Sim(clock.clone())).build().await.unwrap();
        Self { services, backend: Backend::Sqlite { folder, clock } }
    }

    /// The services of another host on the same store.
    pub async fn other_host(&self) -> Services {
        self.builder().build().await.unwrap()
    }

    /// Builds another host on the same store.
    pub fn builder(&self) -> Builder {
        let clock = match &self.backend {
            Backend::Redis(_) | Backend::Cluster(_) => Clock::System,
            Backend::Sqlite { clock, .. } => Clock::Sim(clock.clone()),
        };
        builder(self.store(), clock)
    }

    /// The store's address.
    pub fn store(&self) -> StoreUrl {
        match &self.backend {
            Backend::Redis(server) => server.store(),
            Backend::Cluster(cluster) => cluster.url().parse().unwrap(),
            Backend::Sqlite { .. } => StoreUrl::file(self.file()),
        }
    }

    /// The bucket called `name` of the tenant `t`.
    pub fn bucket(&self, name: &str) -> Bucket {
        bucket(&self.services, &grant("t"), name)
    }

    /// The sessions called `name` of the tenant `t`.
    pub fn sessions(&self, name: &str, expiry: Expiry) -> Sessions {
        sessions(&self.services, &grant("t"), name, expiry)
    }

    /// The channels called `name` of the tenant `t`, which live for an hour.
    pub fn channels(&self, name: &str) -> Channels {
        channels(&self.services, &grant("t"), name, LIFE)
    }

    /// The hub called `name` of the tenant `t`.
    pub fn bus(&self, name: &str) -> Bus {
        bus(&self.services, &grant("t"), name)
    }

    /// The server, if this is on Redis.
    pub fn server(&self) -> &RedisServer {
        match &self.backend {
            Backend::Redis(server) => server,
            Backend::Cluster(_) => panic!("this store is many servers"),
            Backend::Sqlite { .. } => panic!("this store is a file"),
        }
    }

    /// The file, if this is on SQLite.
    pub fn file(&self) -> PathBuf {
        match &self.backend {
            Backend::Redis(_) | Backend::Cluster(_) => panic!("this store is no file"),
            Backend::Sqlite { folder, .. } => folder.path().join("satama.db"),
        }
    }

    /// The time by the store's clock.
    pub async fn now(&self) -> Duration {
        match &self.backend {
            Backend::Redis(_) | Backend::Cluster(_) => {
                // One machine, one clock.
                let server = match &self.backend {
                    Backend::Cluster(cluster) => &cluster.nodes[0],
                    _ => self.server(),
                };
                let (seconds, micros): (u64, u64) = server.query(&cmd("TIME")).await;
                Duration::from_secs(seconds) + Duration::from_micros(micros)
            }
            Backend::Sqlite { clock, .. } => {
                Duration::from_micros(Clock::Sim(clock.clone()).micros())
            }
        }
    }

    /// Lets `by` pass by the store's clock: moves it, or waits until it has moved.
    pub async fn advance(&self, by: Duration) {
        match &self.backend {
            Backend::Redis(_) | Backend::Cluster(_) if by.is_zero() => {}
            Backend::Redis(_) | Backend::Cluster(_) => {
                // A key outlives its last millisecond.
                let end = self.now().await + by + Duration::from_millis(1);
                while let Some(left) = end.checked_sub(self.now().await).filter(|d| !d.is_zero()) {
                    tokio::time::sleep(left).await;
                }
            }
            Backend::Sqlite { clock, .. } => clock.advance(by),
        }
    }

    /// How far a clock that stands still has to be moved between two calls: one that
    /// runs moves by itself.
    pub fn moment(&self) -> Duration {
        match &self.backend {
            Backend::Redis(_) | Backend::Cluster(_) => Duration::ZERO,
            Backend::Sqlite { .. } => Duration::from_millis(1),
        }
    }

    /// What `call` returned, and when it ran.
    pub async fn timed<T>(&self, call: impl Future<Output = T>) -> (T, Span) {
        let from = self.now().await;
        let done = call.await;
        (done, Span { from, to: self.now().await })
    }
}

impl Span {
    /// Whether something that was found to have `left` to live during this span
    /// was given `ttl` in the span `start`.
    pub fn proves(self, left: Duration, ttl: Duration, start: Self) -> bool {
        let expires = (self.from + left, self.to + left);
        expires.0 <= start.to + ttl + ROUNDING && expires.1 + ROUNDING >= start.from + ttl
    }
}

fn builder(store: StoreUrl, clock: Clock) -> Builder {
    Services::builder(store).deadline(DEADLINE).clock(clock).keys(Keys::fixed(keyring(1)))
}

/// A keyring whose keys `main/1` to `main/VERSIONS` are the same in every test, the last
/// of them the primary one.
pub fn keyring(versions: u8) -> Keyring {
    let ring = lone_key("main", versions);
    (1..versions).fold(ring, |ring, version| {
        let (name, key) = local_key("main", version);
        ring.with_key(name, key)
    })
}

/// A keyring of one key, `ID/VERSION`, which is the same in every test.
pub fn lone_key(id: &str, version: u8) -> Keyring {
    let (name, key) = local_key(id, version);
    Keyring::new(name, key)
}

/// The key `ID/VERSION`, which is the same in every test.
pub fn local_key(id: &str, version: u8) -> (KeyRef, Arc<LocalKey>) {
    let name = KeyRef::new(id, version.into()).unwrap();
    (name, Arc::new(LocalKey::new(Zeroizing::new([version; KEY_BYTES]))))
}

/// Every name of every service, to `tenant`, within the default limits. On a store
/// that tests share, each test has tenants of its own.
pub fn grant(tenant: &str) -> Grant {
    let every = || Names::new(["*"]).unwrap();
    let tenant = match TEST.get() {
        Some(test) => format!("{tenant}.{test}"),
        None => tenant.to_owned(),
    };
    Grant::new(tenant.as_str(), Limits::default())
        .unwrap()
        .with_cache(every())
        .with_channel(every())
        .with_hub(every())
        .with_session(every())
        .with_secret(all_secrets())
        .with_credential(all_secrets())
}

/// Every right to every secret.
pub fn all_secrets() -> SecretGrant {
    let every = || Names::new(["*"]).unwrap();
    SecretGrant { read: every(), reveal: every(), write: every(), keep: None }
}

/// The bucket called `name` of `grant`.
pub fn bucket(services: &Services, grant: &Grant, name: &str) -> Bucket {
    services.cache().bucket(grant.cache(name).unwrap(), grant.limits())
}

/// The channels called `name` of `grant`, which live for `ttl`.
pub fn channels(services: &Services, grant: &Grant, name: &str, ttl: Duration) -> Channels {
    services.channel().channels(grant.channel(name).unwrap(), ttl, grant.limits()).unwrap()
}

/// The hub called `name` of `grant`.
pub fn bus(services: &Services, grant: &Grant, name: &str) -> Bus {
    services.hub().bus(grant.hub(name).unwrap(), grant.limits())
}

/// The sessions called `name` of `grant`, to be kept for `expiry`.
pub fn sessions(services: &Services, grant: &Grant, name: &str, expiry: Expiry) -> Sessions {
    services.session().sessions(grant.session(name).unwrap(), expiry, grant.limits()).unwrap()
}
