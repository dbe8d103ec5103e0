//! A host that runs guests, on a store of its own.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use satama::grant::{Grant, Limits, Names, SecretGrant};
use satama::runtime::{CallError, Code, Compiler, Host, HostConfig, Program};
use satama::secret::{Actor, Keys, Value};
use satama::{Builder, Clock, Services, StoreUrl};
use tempfile::TempDir;
use wasmtime::component::Val;

use crate::{RedisServer, all_secrets, build, keyring};

/// Longer than any stall of a busy machine: no guest's test is about the deadline.
const DEADLINE: Duration = Duration::from_secs(60);

/// Enough for any test that does not use it up on purpose.
const INSTANCES: u32 = 32;

/// Runs each case on both stores, by name.
#[macro_export]
macro_rules! on_both_stores {
    ($($case:ident,)*) => {
        mod redis {
            $(#[tokio::test]
            async fn $case() {
                super::$case($crate::Stage::redis().await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case($crate::Stage::sqlite().await).await;
            })*
        }
    };
}

/// A host and its store, which is gone with this.
#[derive(Debug)]
pub struct Stage {
    /// The host.
    pub host: Host,
    store: Store,
    /// What was compiled, if that is shared.
    compiled: Option<Arc<TempDir>>,
}

#[derive(Debug)]
enum Store {
    Redis(RedisServer),
    Sqlite(TempDir),
}

impl Stage {
    /// On a Redis server.
    pub async fn redis() -> Self {
        Self::on(Store::Redis(RedisServer::start()), &config(INSTANCES)).await
    }

    /// On a file.
    pub async fn sqlite() -> Self {
        Self::with_instances(INSTANCES).await
    }

    /// On a file, with room for so many instances at a time.
    pub async fn with_instances(instances_max: u32) -> Self {
        Self::with(&config(instances_max)).await
    }

    /// On a file, with a folder of compiled components.
    pub async fn with_aot(folder: &Path) -> Self {
        let mut config = config(INSTANCES);
        config.aot_folder = Some(folder.to_owned());
        Self::with(&config).await
    }

    /// On a file, with a host like this.
    pub async fn with(config: &HostConfig) -> Self {
        Self::on(Store::Sqlite(tempfile::tempdir().unwrap()), config).await
    }

    async fn on(store: Store, config: &HostConfig) -> Self {
        Self { host: host(&store, config, |services| services).await, store, compiled: None }
    }

    /// The same, on which a guest need not be compiled that another test had: tests of many
    /// cases with the same few guests would do little else.
    #[must_use]
    pub async fn sharing_compiled(mut self) -> Self {
        static COMPILED: Mutex<Weak<TempDir>> = Mutex::new(Weak::new());
        {
            let mut shared = COMPILED.lock().unwrap();
            let folder = shared.upgrade().unwrap_or_else(|| Arc::new(tempfile::tempdir().unwrap()));
            *shared = Arc::downgrade(&folder);
            self.compiled = Some(folder);
        }
        self.host = self.other_host().await;
        self
    }

    /// Another host on the same store.
    pub async fn other_host(&self) -> Host {
        self.host_at(Clock::System).await
    }

    /// Another host on the same store, with a clock of its own.
    pub async fn host_at(&self, clock: Clock) -> Host {
        self.host_with(|services| services.clock(clock)).await
    }

    /// Another host on the same store, with other settings.
    pub async fn host_with(&self, change: impl FnOnce(Builder) -> Builder) -> Host {
        let mut config = config(INSTANCES);
        config.aot_folder = self.compiled.as_ref().map(|folder| folder.path().to_owned());
        host(&self.store, &config, change).await
    }

    /// The file, if this is on one.
    pub fn file(&self) -> PathBuf {
        match &self.store {
            Store::Sqlite(folder) => folder.path().join("satama.db"),
            Store::Redis(_) => panic!("this store is a server"),
        }
    }

    /// Whether this is on Redis.
    pub fn is_redis(&self) -> bool {
        matches!(self.store, Store::Redis(_))
    }

    /// The server, if this is on Redis.
    pub fn server(&self) -> &RedisServer {
        match &self.store {
            Store::Redis(server) => server,
            Store::Sqlite(_) => panic!("this store is a file"),
        }
    }

    /// Puts a secret, or a credential of `user`, as its tenant's operator does.
    pub async fn put_secret(&self, tenant: &str, name: &str, user: Option<&str>, value: &[u8]) {
        let grant = Grant::new(tenant, Limits::default()).unwrap();
        let grant = grant.with_secret(all_secrets()).with_credential(all_secrets());
        let shelf = if user.is_some() { grant.credential() } else { grant.secret() };
        let actor =
            Actor { component: "operator".into(), digest: String::new(), instance: String::new() };
        let value = Value::new(value.to_vec());
        let vault = self.host.services().secret();
        vault.put(shelf, name, user, &value, &actor).await.unwrap();
    }

    /// A component, compiled.
    pub async fn code(&self, wasm: impl Into<Vec<u8>>) -> Code {
        self.host.compiler().load(wasm.into()).await.unwrap()
    }

    /// A guest, by the name of its file, bound to `grant`.
    pub async fn program(&self, guest: &str, grant: Grant) -> Program {
        program(&self.host, guest, Arc::new(grant)).await
    }
}

async fn host(store: &Store, config: &HostConfig, change: impl FnOnce(Builder) -> Builder) -> Host {
    let store = match store {
        Store::Redis(server) => server.store(),
        Store::Sqlite(folder) => StoreUrl::file(folder.path().join("satama.db")),
    };
    let services = Services::builder(store).deadline(DEADLINE).keys(Keys::fixed(keyring(1)));
    let services = change(services).build().await.unwrap();
    Host::new(Compiler::new(config).unwrap(), services)
}

fn config(instances_max: u32) -> HostConfig {
    let mut config = HostConfig::default();
    config.instances_max = instances_max;
    config
}

/// A guest, by the name of its file, bound to `grant` on `host`.
pub async fn program(host: &Host, guest: &str, grant: Arc<Grant>) -> Program {
    let code = host.compiler().load(build::wasm(guest)).await.unwrap();
    host.program(&code, guest, grant).unwrap()
}

/// What the guests of the tests expect: one of each service, called `granted`, and some
/// secrets and credentials.
pub fn granted(tenant: &str, limits: Limits) -> Grant {
    let names = || Names::new(["granted"]).unwrap();
    let grant = Grant::new(tenant, limits).unwrap().with_cache(names()).with_session(names());
    let grant = grant.with_channel(names()).with_hub(names());
    grant.with_secret(some_secrets()).with_credential(some_secrets())
}

/// Of those below `granted/` all but to reveal them, which is for those below
/// `granted/open/`; one that may only be read, and one that may only be written.
pub fn some_secrets() -> SecretGrant {
    let names = |names: [&'static str; 2]| Names::new(names).unwrap();
    SecretGrant {
        read: names(["granted/*", "read-only"]),
        reveal: Names::new(["granted/open/*"]).unwrap(),
        write: names(["granted/*", "write-only"]),
        keep: Some(3),
    }
}

/// Limits that no guest meets by being slow, and those that `change` sets.
pub fn limits(change: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    limits.cpu_ms = 600_000;
    limits.wall_ms = 600_000;
    limits.calls_per_second = 100_000_000;
    change(&mut limits);
    limits
}

/// Calls the export `name`.
pub async fn call(program: &Program, name: &str, args: &[Val]) -> Result<Vec<Val>, CallError> {
    program.call(&program.export(name)?, args).await
}

/// Calls `run`, which every guest of the tests exports, with `arg`.
pub async fn run(program: &Program, arg: &str) -> Result<Result<String, String>, CallError> {
    let results = call(program, "run", &[Val::String(arg.into())]).await?;
    let text = |value: &Option<Box<Val>>| match value.as_deref() {
        Some(Val::String(text)) => text.clone(),
        other => panic!("`run` returned {other:?}"),
    };
    match results.as_slice() {
        [Val::Result(Ok(value))] => Ok(Ok(text(value))),
        [Val::Result(Err(value))] => Ok(Err(text(value))),
        other => panic!("`run` returned {other:?}"),
    }
}
