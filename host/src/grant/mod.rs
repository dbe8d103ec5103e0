//! What a tenant may touch. Nothing, unless it is named here.
//!
//! A [`Grant`] is the tenant's permissions, from its manifest or built in code.
//! It makes [`Scope`]s, a scope makes [`Key`]s, and a store takes only keys, so
//! code that forgets the check does not compile.

mod key;
mod limits;
mod manifest;
mod names;
mod secret;
mod workflow;

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use governor::DefaultDirectRateLimiter;

pub use self::key::{HubScope, Key, RedisKey, SHARDS, Scope};
pub use self::limits::{Impossible, KEY_BYTES_MAX, Limits};
pub use self::manifest::{Listen, Manifest, ManifestError, Mismatch};
pub use self::names::{BadName, NAME_BYTES_MAX, Names, check_name};
pub use self::secret::{
    Item, Right, SECRET_SHARDS, SecretGrant, Shelf, Span, VERSIONS_KEPT, VERSIONS_KEPT_MAX,
};
pub use self::workflow::{WorkflowGrant, Workflows};
use crate::error::Refused;

/// One tenant's permissions and limits, and how much of them is in use.
///
/// Fixed for the life of an instance; to revoke it, drop the instance.
#[derive(Debug)]
pub struct Grant {
    tenant: String,
    cache: Names,
    session: Names,
    channel: Names,
    hub: Names,
    secret: Shelf,
    credential: Shelf,
    workflow: Workflows,
    wasi: Wasi,
    limits: Limits,
    /// Host calls that the tenant has left, refilled each second.
    rate: DefaultDirectRateLimiter,
    /// Calls of the tenant's exports that run now.
    running: AtomicU32,
}

/// What a tenant sees of the machine: nothing, unless it is named here.
#[derive(Debug, Clone, Default)]
pub struct Wasi {
    /// Environment variables.
    pub env: Vec<(String, String)>,
    /// Folders, which the guest can read and not write.
    pub dirs: Vec<Dir>,
}

/// A folder of the machine, as the guest sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dir {
    /// Where it is.
    pub host: PathBuf,
    /// What the guest calls it.
    pub guest: String,
}

/// One running call of a tenant; dropping it makes room for the next.
#[derive(Debug)]
pub struct Running<'a>(&'a AtomicU32);

impl Grant {
    /// A grant of nothing, to `tenant`, within `limits`.
    ///
    /// Fails if the tenant's name is not one, or a limit is out of range.
    pub fn new(tenant: &str, limits: Limits) -> Result<Self, GrantError> {
        check_name(tenant)?;
        limits.check()?;
        let rate = NonZeroU32::new(limits.calls_per_second).unwrap_or(NonZeroU32::MIN);
        Ok(Self {
            tenant: tenant.to_owned(),
            cache: Names::default(),
            session: Names::default(),
            channel: Names::default(),
            hub: Names::default(),
            secret: Shelf::new(tenant, "secret", SecretGrant::default(), &limits),
            credential: Shelf::new(tenant, "credential", SecretGrant::default(), &limits),
            workflow: Workflows::new(tenant, WorkflowGrant::default()),
            wasi: Wasi::default(),
            rate: DefaultDirectRateLimiter::direct(governor::Quota::per_second(rate)),
            running: AtomicU32::new(0),
            limits,
        })
    }

    /// Grants the cache, and its buckets of these names.
    pub fn with_cache(mut self, buckets: Names) -> Self {
        self.cache = buckets;
        self
    }

    /// Grants sessions, and their stores of these names.
    pub fn with_session(mut self, stores: Names) -> Self {
        self.session = stores;
        self
    }

    /// Grants channels, those of these names.
    pub fn with_channel(mut self, names: Names) -> Self {
        self.channel = names;
        self
    }

    /// Grants the hub, and the hubs of these names.
    pub fn with_hub(mut self, names: Names) -> Self {
        self.hub = names;
        self
    }

    /// Grants the tenant's secrets.
    pub fn with_secret(mut self, granted: SecretGrant) -> Self {
        self.secret = Shelf::new(&self.tenant, "secret", granted, &self.limits);
        self
    }

    /// Grants the secrets of the tenant's users.
    pub fn with_credential(mut self, granted: SecretGrant) -> Self {
        self.credential = Shelf::new(&self.tenant, "credential", granted, &self.limits);
        self
    }

    /// Grants workflows, and runs of workflows.
    pub fn with_workflow(mut self, granted: WorkflowGrant) -> Self {
        self.workflow = Workflows::new(&self.tenant, granted);
        self
    }

    /// Grants parts of the machine.
    pub fn with_wasi(mut self, wasi: Wasi) -> Self {
        self.wasi = wasi;
        self
    }

    /// The key space of cache bucket `name`. This is the check: there is no other
    /// way to a [`Scope`].
    pub fn cache(&self, name: &str) -> Result<Scope, Refused> {
        self.scope("cache", &self.cache, name)
    }

    /// The key space of session store `name`.
    pub fn session(&self, name: &str) -> Result<Scope, Refused> {
        self.scope("session", &self.session, name)
    }

    /// The key space of the channels called `name`.
    pub fn channel(&self, name: &str) -> Result<Scope, Refused> {
        self.scope("channel", &self.channel, name)
    }

    /// The key spaces of hub `name`: its topics, and the channels of its name, which
    /// can be subscribed to them.
    pub fn hub(&self, name: &str) -> Result<HubScope, Refused> {
        let topics = self.scope("hub", &self.hub, name)?;
        Ok(HubScope::new(topics, Scope::new(&self.tenant, "channel", name)))
    }

    /// The tenant's secrets, and what of them is granted.
    pub fn secret(&self) -> &Shelf {
        &self.secret
    }

    /// The credentials of the tenant's users, and what of them is granted.
    pub fn credential(&self) -> &Shelf {
        &self.credential
    }

    /// The tenant's workflows, and what of them is granted.
    pub fn workflow(&self) -> &Workflows {
        &self.workflow
    }

    fn scope(&self, service: &'static str, names: &Names, name: &str) -> Result<Scope, Refused> {
        if names.grant(name) {
            Ok(Scope::new(&self.tenant, service, name))
        } else {
            Err(Refused::denied(service, name))
        }
    }

    /// Whether an interface links at all: one that names nothing does not.
    pub fn links(&self, service: &str) -> bool {
        match service {
            "cache" => !self.cache.is_empty(),
            "session" => !self.session.is_empty(),
            "channel" => !self.channel.is_empty(),
            "hub" => !self.hub.is_empty(),
            "workflow" => {
                let granted = self.workflow.granted();
                // `run.wit` has its types from there. Outside of a run nothing works.
                let named = !granted.bodies.is_empty() || !granted.functions.is_empty();
                named || !granted.runs.is_empty()
            }
            "run" => !self.workflow.granted().runs.is_empty(),
            "credential" => !self.credential.granted().is_empty(),
            // A credential is a secret once it is read.
            "secret" | "secret-use" => {
                !self.secret.granted().is_empty() || self.links("credential")
            }
            "secret-reveal" => [&self.secret, &self.credential]
                .iter()
                .any(|shelf| !shelf.granted().reveal.is_empty()),
            _ => false,
        }
    }

    /// Counts one host call against the tenant's rate.
    pub fn take_call(&self) -> Result<(), Refused> {
        self.rate.check().map_err(|_| Refused::Quota("calls_per_second"))
    }

    /// Counts one call of an export against the tenant's share of the host, or
    /// none if it is used up.
    pub fn start_call(&self) -> Option<Running<'_>> {
        let max = self.limits.concurrent_calls;
        let more = |running| (running < max).then_some(running + 1);
        self.running.try_update(Ordering::Relaxed, Ordering::Relaxed, more).ok()?;
        Some(Running(&self.running))
    }

    /// Whose grant this is.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// What each call and instance is held to.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What the guest sees of the machine.
    pub fn wasi(&self) -> &Wasi {
        &self.wasi
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A grant that can't be.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    /// The tenant's name.
    #[error("the tenant's name: {0}")]
    Tenant(#[from] BadName),
    /// A limit.
    #[error(transparent)]
    Limit(#[from] Impossible),
}
