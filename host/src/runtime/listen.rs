//! Calls a component's `hub-handler` with what it listens to.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use wasmtime::Store;

use super::bounds::{Meter, Metered};
use super::call::explain;
use super::link::add_export;
use super::state::State;
use super::{CallError, Program, Stop};
use crate::bindings::exports::satama::services::hub_handler::{Event, Guest, GuestIndices};
use crate::error::chain;
use crate::grant::Listen;
use crate::hub::{self, Inbox};

/// A kept instance is replaced after this many messages, so that what it may log, and
/// what it leaks, has a bound.
const KEPT_FOR: u32 = 1_000;

/// Pause before a message is tried again that found the tenant or the host busy.
const BUSY: Duration = Duration::from_millis(10);

/// A component that listens, until this is dropped or stopped.
#[derive(Debug)]
pub struct Listening {
    tasks: JoinSet<()>,
    stop: watch::Sender<bool>,
}

/// Why a component cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// It has no handler.
    #[error(
        "the component does not export `hub-handler`, and so cannot listen; {}",
        add_export("hub-handler")
    )]
    NoHandler(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The hub is not granted, or does not answer.
    #[error("it cannot listen to hub `{hub}`")]
    Hub {
        /// The hub.
        hub: String,
        /// Why.
        source: hub::Error,
    },
}

/// What calls the handler, in a fresh instance each time or in a kept one.
struct Caller {
    program: Program,
    handler: Arc<GuestIndices>,
    keeps: bool,
    kept: Option<Kept>,
}

struct Kept {
    store: Store<State>,
    handler: Guest,
    meter: Arc<Meter>,
    calls: u32,
}

impl Program {
    /// Starts to listen. Returns once everything published from now on will be heard.
    pub async fn listen(&self, listens: &[Listen]) -> Result<Listening, ListenError> {
        let handler = GuestIndices::new(&self.pre);
        let handler = Arc::new(handler.map_err(|err| ListenError::NoHandler(err.into()))?);
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for listen in listens {
            let fail = |source| ListenError::Hub { hub: listen.hub.clone(), source };
            let scope = self.grant.hub(&listen.hub).map_err(|err| fail(err.into()))?;
            let bus = self.host.services.hub.bus(scope, self.grant.limits());
            let inbox = Inbox::open(&listen.hub, bus, &listen.topics, listen.group.as_deref());
            let inbox = inbox.await.map_err(fail)?;
            let (program, handler) = (self.clone(), handler.clone());
            let caller = Caller { program, handler, keeps: listen.kept, kept: None };
            tasks.spawn(caller.run(inbox, stopped.clone()));
        }
        Ok(Listening { tasks, stop })
    }
}

impl Listening {
    /// Takes no more messages, and returns when those that were taken are done.
    pub async fn stop(mut self) {
        _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Caller {
    async fn run(mut self, mut inbox: Inbox, mut stopped: watch::Receiver<bool>) {
        loop {
            let event = tokio::select! {
                biased;
                _ = stopped.wait_for(|stopped| *stopped) => return,
                event = inbox.next() => event,
            };
            let Some(event) = event else { return };
            let done = loop {
                match self.call(&event).await {
                    Err(CallError::Busy(_)) => tokio::time::sleep(BUSY).await,
                    done => break done,
                }
            };
            if let Err(err) = done {
                let (tenant, component) = (self.program.grant.tenant(), &*self.program.name);
                tracing::warn!(
                    tenant,
                    component,
                    topic = event.topic,
                    backtrace = err.backtrace(),
                    "{}",
                    chain(&err)
                );
            }
        }
    }

    async fn call(&mut self, event: &Event) -> Result<(), CallError> {
        let grant = self.program.grant.clone();
        let _running = grant.start_call().ok_or(CallError::Busy("concurrent_calls"))?;
        let wall = Duration::from_millis(grant.limits().wall_ms);
        let done = tokio::time::timeout(wall, self.call_kept(event)).await;
        let done = done.unwrap_or_else(|_| Err(Stop::Wall(wall).into()));
        if done.is_err() || !self.keeps {
            self.kept = None;
        }
        done
    }

    async fn call_kept(&mut self, event: &Event) -> Result<(), CallError> {
        let mut kept = match self.kept.take() {
            Some(kept) if kept.calls < KEPT_FOR => kept,
            _ => instance(&self.program, &self.handler).await?,
        };
        kept.calls += 1;
        kept.meter.restart();
        let call = kept.handler.call_handle(&mut kept.store, event);
        match Metered::new(call, kept.meter.clone()).await {
            Ok(()) => {
                self.kept = Some(kept);
                Ok(())
            }
            Err(err) => Err(explain(&err, &mut kept.store)),
        }
    }
}

async fn instance(program: &Program, handler: &GuestIndices) -> Result<Kept, CallError> {
    let meter = Meter::new(Duration::from_millis(program.grant.limits().cpu_ms));
    let mut store = program.store(&meter)?;
    let start = async {
        let instance = program.pre.instantiate_async(&mut store).await?;
        handler.load(&mut store, &instance)
    };
    match Metered::new(start, meter.clone()).await {
        Ok(handler) => Ok(Kept { store, handler, meter, calls: 0 }),
        Err(err) => Err(explain(&err, &mut store)),
    }
}
