//! A store, and who works on it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use satama::cache::Bucket;
use satama::run::Runs;
use satama::runtime::{Compiler, Host, HostConfig, Worker, WorkerConfig};
use satama::secret::Keys;
use satama::workflow::log::Recorded;
use satama::{Services, StoreUrl};
use satama_tests::{Labor, Laborer, RedisServer, build, keyring, labor_grant};
use tempfile::TempDir;

/// Longer than any stall of a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// How long leases last here: who is killed is soon found lost, and who is only slow is not.
pub(crate) const LEASE: Duration = Duration::from_secs(3);

/// How long they last where nobody is killed: nobody is to be found lost, however slow.
pub(crate) const CALM_LEASE: Duration = Duration::from_secs(60);

/// How long a body stays in memory.
pub(crate) const WARM: Duration = Duration::from_millis(50);

pub(crate) enum Store {
    Redis(RedisServer),
    Sqlite(TempDir),
}

/// A store, and a host of this process on it.
pub(crate) struct Ground {
    pub(crate) host: Host,
    pub(crate) store: Store,
}

/// A number that whoever runs the test may set.
pub(crate) fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|number| number.parse().unwrap())
}

/// The folder of compiled components that all processes of these tests share.
fn aot() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("aot")
}

/// Services on the store at an address.
pub(crate) async fn services_at(address: &str) -> Services {
    let store: StoreUrl = address.parse().unwrap();
    let services = Services::builder(store).deadline(DEADLINE).keys(Keys::fixed(keyring(1)));
    services.build().await.unwrap()
}

/// A host on the store at an address.
pub(crate) async fn host_at(address: &str) -> Host {
    let mut config = HostConfig::default();
    config.instances_max = 200;
    config.aot_folder = Some(aot());
    Host::new(Compiler::new(&config).unwrap(), services_at(address).await)
}

/// A worker of a host, for one tenant.
pub(crate) async fn work(host: &Host, tenant: &str, lease: Duration) -> Worker {
    let code = host.compiler().load(build::wasm("workflow_basic")).await.unwrap();
    let program = host.program(&code, "workflow_basic", Arc::new(labor_grant(tenant))).unwrap();
    let mut config = WorkerConfig::default();
    config.lease = lease;
    config.warm = WARM;
    host.work(&[program], config).await.unwrap()
}

impl Ground {
    pub(crate) async fn redis() -> Self {
        Self::on(Store::Redis(RedisServer::start())).await
    }

    pub(crate) async fn sqlite() -> Self {
        Self::on(Store::Sqlite(tempfile::tempdir().unwrap())).await
    }

    pub(crate) async fn on(store: Store) -> Self {
        let address = address(&store);
        Self { host: host_at(&address).await, store }
    }

    pub(crate) fn address(&self) -> String {
        address(&self.store)
    }

    /// A process that works for a tenant; it dies at a change, if at any.
    pub(crate) async fn laborer(&self, tenant: &str, dies_at: u64) -> Laborer {
        self.labor(tenant, dies_at, LEASE).await
    }

    /// One that nobody kills.
    pub(crate) async fn calm_laborer(&self, tenant: &str) -> Laborer {
        self.labor(tenant, 0, CALM_LEASE).await
    }

    /// One whose leases last so long.
    pub(crate) async fn labor(&self, tenant: &str, dies_at: u64, lease: Duration) -> Laborer {
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap();
        let labor = Labor {
            program: env!("CARGO_BIN_EXE_laborer"),
            aot: &aot(),
            store: &self.address(),
            tenant,
            lease_ms: millis(lease),
            warm_ms: millis(WARM),
            dies_at,
        };
        Laborer::start(labor).await
    }

    /// A worker of this process, which nobody kills.
    pub(crate) async fn worker(&self, tenant: &str) -> Worker {
        work(&self.host, tenant, CALM_LEASE).await
    }

    pub(crate) fn runs(&self, tenant: &str) -> Runs {
        self.host.services().workflow().all_runs(labor_grant(tenant).workflow().scope())
    }

    fn effects(&self, tenant: &str) -> Bucket {
        let grant = labor_grant(tenant);
        self.host.services().cache().bucket(grant.cache("effects").unwrap(), grant.limits())
    }

    /// How often something was done.
    pub(crate) async fn count(&self, tenant: &str, key: &str) -> i64 {
        let counted = self.effects(tenant).get(key).await.unwrap();
        counted.map_or(0, |count| String::from_utf8(count).unwrap().parse().unwrap())
    }

    /// Waits until a run has ended; its history.
    pub(crate) async fn ended(&self, tenant: &str, run: &str) -> Vec<Recorded> {
        let runs = self.runs(tenant);
        while !runs.wait(run, 30_000).await.unwrap().head.status.is_end() {}
        runs.whole_history(run).await.unwrap()
    }
}

fn address(store: &Store) -> String {
    match store {
        Store::Redis(server) => server.url(),
        Store::Sqlite(folder) => folder.path().join("satama.db").to_str().unwrap().to_owned(),
    }
}
