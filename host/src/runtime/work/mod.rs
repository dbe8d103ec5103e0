//! Runs workflows: takes what is ready from the store, calls bodies and functions, and lets go
//! of what it can't end.
//!
//! A [`Tenant`] is one tenant's share of it: `shift.rs` looks for work, `body.rs` and
//! `function.rs` do it, `renewal.rs` keeps the leases, on a thread of its own.

mod body;
mod function;
mod hear;
mod renewal;
mod schedule;
mod shift;
mod upgrade;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

use self::renewal::{Leases, Renewal};
pub use self::upgrade::Replayed;
use super::link::add_export;
use super::{Host, Program};
use crate::bindings::exports::satama::services::{function_handler, workflow_handler};
use crate::grant::{BadName, Scope, check_name};
use crate::services::OpenError;
use crate::workflow::body::News;
use crate::workflow::bus::Topic;
use crate::workflow::{Backend, Queue, Served, Store as _, StoreError};

/// How a [`Worker`] works.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct WorkerConfig {
    /// Bodies that are in memory at a time.
    pub bodies: u32,
    /// Functions that run at a time.
    pub functions: u32,
    /// How long a lease lasts that is not renewed: so late another worker goes on with what a
    /// lost one had. It is renewed three times as often.
    pub lease: Duration,
    /// How long a body stays in memory while it waits.
    pub warm: Duration,
    /// How often a worker looks by itself for what it may not have heard of.
    pub sweep: Duration,
    /// Its name, in histories; if none, a random one.
    pub name: Option<String>,
}

/// Runs the workflows and functions of some components, until it is stopped.
#[derive(Debug)]
pub struct Worker {
    tenants: Vec<Arc<Tenant>>,
    shifts: JoinSet<()>,
    stop: watch::Sender<bool>,
    _renewal: Renewal,
}

/// Why a worker can't start.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// A component does not export what its manifest says that it has.
    #[error(
        "component `{component}` is to have {what}, and does not export `{export}`; {}",
        add_export(.export)
    )]
    NoHandler {
        /// The component.
        component: String,
        /// What it is to have.
        what: &'static str,
        /// The interface.
        export: &'static str,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Two components of a tenant have the same.
    #[error("two components of tenant `{tenant}` have {what}; name it in one manifest only")]
    Twice {
        /// The tenant.
        tenant: String,
        /// What they have.
        what: String,
    },
    /// The worker's name, which is in histories and tokens.
    #[error("the worker's name: {0}")]
    Name(#[from] BadName),
    /// The store.
    #[error("the store of workflows failed")]
    Store(#[source] StoreError),
    /// The store can't be opened once more.
    #[error(transparent)]
    Open(#[from] OpenError),
}

/// One tenant's share of a worker.
#[derive(Debug)]
struct Tenant {
    name: String,
    scope: Scope,
    host: Host,
    store: Arc<Backend>,
    worker: String,
    config: WorkerConfig,
    served: Vec<Line>,
    versions: Vec<Served>,
    /// Of the whole worker.
    bodies: Arc<Semaphore>,
    functions: Arc<Semaphore>,
    /// Of this tenant: so much that each other has room for one, whatever this one has to do.
    own_bodies: Arc<Semaphore>,
    own_functions: Arc<Semaphore>,
    leases: Arc<Leases>,
    /// Of the bodies that are in memory: their token, and how to tell them something.
    inboxes: Mutex<HashMap<String, (String, UnboundedSender<News>)>>,
    draining: Arc<AtomicBool>,
    /// Told, as all tenants are, when something has come to an end, so that there is room.
    freed: Arc<watch::Sender<()>>,
    /// When schedules were looked at last.
    scheduled: Mutex<Option<Instant>>,
}

/// A queue that is served, and by what.
#[derive(Debug)]
struct Line {
    queue: Queue,
    /// What it is called in the store.
    name: String,
    hand: Arc<Hand>,
    /// What of it may run at a time.
    room: Arc<Semaphore>,
}

/// A component that has bodies, functions, or both.
struct Hand {
    program: Program,
    body: Option<workflow_handler::GuestIndices>,
    function: Option<function_handler::GuestIndices>,
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self {
            bodies: 64,
            functions: 64,
            lease: Duration::from_secs(10),
            warm: Duration::from_secs(1),
            sweep: Duration::from_secs(5),
            name: None,
        }
    }
}

impl Host {
    /// Starts to work on the workflows and functions that the programs' grants name.
    pub async fn work(
        &self,
        programs: &[Program],
        config: WorkerConfig,
    ) -> Result<Worker, WorkError> {
        let workflow = &self.services.workflow;
        let worker = config.name.clone().unwrap_or_else(|| self.services.ids.next().to_string());
        check_name(&worker)?;
        let leases = Arc::new(Leases::default());
        let opener = workflow.opener().clone();
        let renewal = Renewal::start(opener, leases.clone(), config.lease).await?;
        let bodies = Arc::new(Semaphore::new(config.bodies as usize));
        let functions = Arc::new(Semaphore::new(config.functions as usize));
        let (stop, _) = watch::channel(false);
        let draining = Arc::new(AtomicBool::new(false));
        let mut tenants = Vec::new();
        let mut names: Vec<&str> = programs.iter().map(|p| p.grant.tenant()).collect();
        names.sort_unstable();
        names.dedup();
        let freed = Arc::new(watch::Sender::new(()));
        let others = names.len().saturating_sub(1);
        let own = |all: u32| Arc::new(Semaphore::new((all as usize).saturating_sub(others).max(1)));
        for name in names {
            let of: Vec<_> = programs.iter().filter(|p| p.grant.tenant() == name).collect();
            let (served, versions) = lines(&of)?;
            let scope = of[0].grant.workflow().scope().clone();
            tenants.push(Arc::new(Tenant {
                name: name.to_owned(),
                scope,
                host: self.clone(),
                store: workflow.store().clone(),
                worker: worker.clone(),
                config: config.clone(),
                served,
                versions,
                bodies: bodies.clone(),
                functions: functions.clone(),
                own_bodies: own(config.bodies),
                own_functions: own(config.functions),
                leases: leases.clone(),
                inboxes: Mutex::default(),
                draining: draining.clone(),
                freed: freed.clone(),
                scheduled: Mutex::default(),
            }));
        }
        let mut shifts = JoinSet::new();
        for tenant in &tenants {
            let shift = tenant.clone().begin(stop.subscribe()).await?;
            shifts.spawn(shift);
        }
        Ok(Worker { tenants, shifts, stop, _renewal: renewal })
    }
}

/// What these programs of one tenant serve.
fn lines(programs: &[&Program]) -> Result<(Vec<Line>, Vec<Served>), WorkError> {
    let (mut lines, mut versions, mut queues) = (Vec::new(), Vec::new(), HashSet::new());
    for program in programs {
        let granted = program.grant.workflow().granted();
        let fail = |what, export| {
            move |source: wasmtime::Error| WorkError::NoHandler {
                component: program.name.to_string(),
                what,
                export,
                source: source.into(),
            }
        };
        let body = (!granted.bodies.is_empty())
            .then(|| workflow_handler::GuestIndices::new(&program.pre))
            .transpose()
            .map_err(fail("workflows", "workflow-handler"))?;
        let function = (!granted.functions.is_empty())
            .then(|| function_handler::GuestIndices::new(&program.pre))
            .transpose()
            .map_err(fail("functions", "function-handler"))?;
        let hand = Arc::new(Hand { program: (*program).clone(), body, function });
        let digest = program.code.digest();
        let bodies = granted.bodies.iter().map(|name| Queue::Bodies(name.clone(), digest));
        let functions = granted.functions.iter().map(|name| Queue::Function(name.clone()));
        for queue in bodies.chain(functions) {
            if !queues.insert(queue.clone()) {
                let tenant = program.grant.tenant().to_owned();
                return Err(WorkError::Twice { tenant, what: queue.to_string() });
            }
            if let Queue::Bodies(workflow, digest) = &queue {
                let source = program.name.to_string();
                versions.push(Served { workflow: workflow.clone(), digest: *digest, source });
            }
            let most = program.grant.limits().concurrent_calls;
            let most = granted.concurrent.map_or(most, |concurrent| concurrent.min(most));
            let room = Arc::new(Semaphore::new(most as usize));
            let name = queue.name();
            lines.push(Line { queue, name, hand: hand.clone(), room });
        }
    }
    Ok((lines, versions))
}

impl Worker {
    /// Takes no more work; lets bodies go when they wait or would begin a step, lets functions
    /// and steps end that run, and returns when all have.
    pub async fn stop(mut self) {
        for tenant in &self.tenants {
            tenant.draining.store(true, Ordering::Relaxed);
            tenant.hurry();
        }
        _ = self.stop.send(true);
        while self.shifts.join_next().await.is_some() {}
    }
}

impl Tenant {
    /// Registers what is served, begins to hear of work, and gives what looks for it.
    async fn begin(
        self: Arc<Self>,
        stop: watch::Receiver<bool>,
    ) -> Result<impl Future<Output = ()> + Send + 'static, WorkError> {
        let registered = self.store.register(&self.scope, &self.versions).await;
        registered.map_err(WorkError::Store)?;
        let (to, notes) = mpsc::unbounded_channel();
        let bus = self.host.services.workflow.bus();
        let mut listening = Vec::new();
        for partition in 0..self.store.partitions() {
            let queues = Topic::Queues(&self.scope, partition);
            let told = Topic::Worker(&self.scope, partition, &self.worker);
            for topic in [queues, told] {
                let heard = bus.listen(topic, partition, &to).await;
                listening.push(heard.map_err(|err| WorkError::Store(err.into()))?);
            }
        }
        Ok(self.shift(notes, listening, stop))
    }

    /// Bodies are not to stay in memory while they wait.
    fn hurry(&self) {
        let inboxes = self.inboxes.lock().unwrap_or_else(PoisonError::into_inner);
        inboxes.values().for_each(|(_, inbox)| {
            _ = inbox.send(News::Hurry);
        });
    }
}

impl std::fmt::Debug for Hand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hand").field("program", &self.program).finish_non_exhaustive()
    }
}
