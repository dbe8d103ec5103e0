//! One running guest: what its `wasmtime::Store` carries for these services.

use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;
use tracing::Span;
use wasmtime::component::ResourceTable;

use crate::digest::Digest;
use crate::error::{Fault, Outcome, Refused, chain};
use crate::grant::Grant;
use crate::ids::Ids;
use crate::secret::Actor;
use crate::services::Services;
use crate::workflow::world::World;
use crate::{cache, channel, hub, run, secret, session, workflow};

/// Refusals and failures of one instance that reach the log; the rest are
/// counted only, or a hostile guest could fill a disk with them.
const COMPLAINTS_MAX: u32 = 100;

/// The target of all that is said of host calls.
const LOG: &str = "satama::call";

/// What one instance may reach. An embedder keeps one in each `wasmtime::Store`.
#[derive(Debug)]
pub struct Guest {
    caller: Caller,
    services: Services,
    table: ResourceTable,
    role: workflow::Role,
}

/// How the linked functions find the [`Guest`] in an embedder's store data.
pub trait View: Send + 'static {
    /// The guest whose store this is.
    fn satama(&mut self) -> &mut Guest;
}

/// Who calls: the tenant and its component.
#[derive(Debug)]
pub struct Caller {
    grant: Arc<Grant>,
    component: Arc<str>,
    digest: Option<Digest>,
    ids: Ids,
    /// Made when it is first asked for: most instances touch no secret.
    actor: OnceLock<Actor>,
    /// Bytes of secrets that its handles hold.
    secret_bytes: Arc<AtomicU64>,
    complaints: AtomicU32,
    /// What a workflow's body sees of the machine.
    world: Option<World>,
}

impl Guest {
    /// A new instance of `component`, a name for traces, under `grant`.
    pub fn new(services: Services, grant: Arc<Grant>, component: Arc<str>) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(grant.limits().handles as usize);
        let caller = Caller {
            grant,
            component,
            digest: None,
            ids: services.ids.clone(),
            actor: OnceLock::new(),
            secret_bytes: Arc::default(),
            complaints: AtomicU32::new(0),
            world: None,
        };
        Self { caller, services, table, role: workflow::Role::None }
    }

    /// With the digest of its component, which the audit of secrets names.
    pub fn with_digest(mut self, digest: Digest) -> Self {
        self.caller.digest = Some(digest);
        self
    }

    /// What the cache may see of this guest.
    pub(crate) fn cache(&mut self) -> cache::View<'_> {
        cache::View { caller: &self.caller, cache: &self.services.cache, table: &mut self.table }
    }

    /// What sessions may see of this guest.
    pub(crate) fn session(&mut self) -> session::View<'_> {
        session::View {
            caller: &self.caller,
            session: &self.services.session,
            table: &mut self.table,
        }
    }

    /// What channels may see of this guest.
    pub(crate) fn channel(&mut self) -> channel::View<'_> {
        channel::View {
            caller: &self.caller,
            channel: &self.services.channel,
            table: &mut self.table,
        }
    }

    /// What the hub may see of this guest.
    pub(crate) fn hub(&mut self) -> hub::View<'_> {
        hub::View { caller: &self.caller, hub: &self.services.hub, table: &mut self.table }
    }

    /// What secrets and credentials may see of this guest.
    pub(crate) fn secret(&mut self) -> secret::View<'_> {
        secret::View { caller: &self.caller, vault: &self.services.secret, table: &mut self.table }
    }

    /// What workflows may see of this guest.
    pub(crate) fn workflow(&mut self) -> workflow::View<'_> {
        workflow::View { caller: &self.caller, role: &mut self.role }
    }

    /// What runs may see of this guest.
    pub(crate) fn run(&mut self) -> run::View<'_> {
        run::View {
            caller: &self.caller,
            workflow: &self.services.workflow,
            table: &mut self.table,
        }
    }

    /// What it is called for.
    pub(crate) fn role(&mut self) -> &mut workflow::Role {
        &mut self.role
    }

    /// As what is called for in a run.
    pub(crate) fn with_role(mut self, role: workflow::Role) -> Self {
        if let workflow::Role::Body(body) = &role {
            self.caller.world = Some(body.world().clone());
        }
        self.role = role;
        self
    }

    /// The handles it holds.
    pub(crate) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }

    /// The guest's grant.
    pub fn grant(&self) -> &Arc<Grant> {
        &self.caller.grant
    }
}

pin_project! {
    /// One host call that waits. By hand, because an async function keeps what it
    /// is given twice, and every byte of a call's future is moved several times.
    #[derive(Debug)]
    pub struct Call<'a, F> {
        caller: &'a Caller,
        interface: &'static str,
        function: &'static str,
        // None until the first poll.
        span: Option<Span>,
        #[pin]
        work: F,
    }
}

impl<T, E, F> Future for Call<'_, F>
where
    E: From<Refused> + Outcome,
    F: Future<Output = Result<T, E>>,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<T, E>> {
        let this = self.project();
        if this.span.is_none() {
            this.caller.admit(this.interface, this.function)?;
        }
        let span = this.span.get_or_insert_with(|| this.caller.span(this.interface, this.function));
        let polled = span.in_scope(|| this.work.poll(cx));
        if let Poll::Ready(done) = &polled {
            record(span, done);
        }
        polled
    }
}

impl Caller {
    /// What the caller may touch.
    pub fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Who it is, in the audit of secrets.
    pub fn actor(&self) -> &Actor {
        self.actor.get_or_init(|| Actor {
            component: (*self.component).to_owned(),
            digest: self.digest.map(|digest| digest.to_string()).unwrap_or_default(),
            instance: self.ids.next().to_string(),
        })
    }

    /// How many bytes of secrets its handles hold.
    pub(crate) fn secret_bytes(&self) -> &Arc<AtomicU64> {
        &self.secret_bytes
    }

    /// Makes one host call that waits: counts it against the tenant's rate, and
    /// traces it if anybody listens.
    pub fn call<F>(&self, interface: &'static str, function: &'static str, work: F) -> Call<'_, F> {
        Call { caller: self, interface, function, span: None, work }
    }

    /// Makes one host call that does not wait.
    pub fn call_now<T, E>(
        &self,
        interface: &'static str,
        function: &'static str,
        work: impl FnOnce() -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<Refused> + Outcome,
    {
        self.admit(interface, function)?;
        let span = self.span(interface, function);
        let done = span.in_scope(work);
        record(&span, &done);
        done
    }

    /// Counts a call against the tenant's rate, if it may be made at all: by a workflow's body
    /// only inside of a step, for it would not be replayed. Opening a handle reaches nothing,
    /// and is the same each time.
    fn admit(&self, interface: &'static str, function: &'static str) -> Result<(), Refused> {
        match &self.world {
            Some(world) if !world.in_step() => {
                if function.ends_with(".open") {
                    return Ok(());
                }
                Err(Refused::Fault(Fault::OutsideStep { interface, function }))
            }
            _ => self.grant.take_call(),
        }
    }

    /// The span of one call; if nobody listens, one that costs a load and no more.
    fn span(&self, interface: &'static str, function: &'static str) -> Span {
        tracing::debug_span!(
            target: LOG,
            "call",
            tenant = self.grant.tenant(),
            component = &*self.component,
            interface,
            function,
            outcome = tracing::field::Empty,
        )
    }

    /// Tells the operator why a call failed; the guest learns only the case.
    pub fn complain(
        &self,
        interface: &'static str,
        outcome: &'static str,
        err: &dyn std::error::Error,
    ) {
        let (tenant, component) = (self.grant.tenant(), &*self.component);
        let trouble = matches!(outcome, "unavailable" | "trap" | "undecryptable");
        if !trouble && !matches!(outcome, "access-denied" | "quota-exceeded") {
            // An answer like any other: the guest asked too much, or lost a race.
            tracing::debug!(target: LOG, tenant, component, interface, "{}", chain(err));
            return;
        }
        match self.complaints.fetch_add(1, Ordering::Relaxed) {
            ..COMPLAINTS_MAX if trouble => {
                tracing::error!(target: LOG, tenant, component, interface, "{}", chain(err));
            }
            ..COMPLAINTS_MAX => {
                tracing::warn!(target: LOG, tenant, component, interface, "{}", chain(err));
            }
            COMPLAINTS_MAX => {
                tracing::warn!(
                    tenant,
                    component,
                    "further failures of this instance are not logged"
                );
            }
            _ => {}
        }
    }
}

fn record<T, E: Outcome>(span: &Span, done: &Result<T, E>) {
    if !span.is_disabled() {
        span.record("outcome", done.as_ref().map_or_else(Outcome::outcome, |_| "ok"));
    }
}
