//! Calls a function, as a step, and settles what became of it.

use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use wasmtime::Store;

use super::body::{decode_failure, payload};
use super::{Hand, Tenant};
use crate::bindings::exports::satama::services::function_handler as wit;
use crate::error::chain;
use crate::runtime::bounds::{Meter, Metered};
use crate::runtime::call::{CallError, Stop, explain};
use crate::runtime::state::State;
use crate::workflow::body::{News, Patience};
use crate::workflow::log::{Done, Event, Failure, FunctionFailed, Json, Recorded, Spawned};
use crate::workflow::replay::{Turn, step_key};
use crate::workflow::{
    CHANGES, LOST_MAX, PAYLOAD_BYTES_MAX, Role, Step, StepOptions, Store as _, StoreError, Task,
};

/// Pause before a function is tried again that found its tenant or the host busy.
const BUSY: Duration = Duration::from_millis(10);

const LOG: &str = "satama::workflow";

impl Task {
    /// What is to be called.
    pub(super) fn spawned(&self) -> Option<Spawned> {
        match Recorded::decode(0, &self.entry).ok()?.event {
            Event::Spawned(spawned) => Some(spawned),
            _ => None,
        }
    }
}

impl Tenant {
    pub(super) async fn run_function(&self, hand: &Hand, task: Task) {
        let _kept = self.leases.keep(&self.scope, &task.lease);
        let Some(spawned) = task.spawned() else {
            tracing::error!(target: LOG, tenant = self.name, run = %task.lease.run, "the step's event cannot be read");
            return;
        };
        let done = if task.lost > LOST_MAX {
            let why = format!("its worker was lost {} times", task.lost);
            Err(Failure::ours("lost", why))
        } else {
            self.call_function(hand, &task, &spawned).await
        };
        let (seq, attempt) = (spawned.asked.seq, task.attempt);
        let event = match done {
            Ok(output) => Event::FunctionDone(Done { seq, attempt, output }),
            Err(failure) => {
                let options = StepOptions { retry: spawned.retry, ..StepOptions::default() };
                let jitter = u64::from_ne_bytes(self.host.services.ids.next().0);
                // Attempts of hosts that were lost are not the function's fault.
                let tried = attempt.saturating_sub(task.lost);
                let again_ms = options.again_ms(&failure, tried, jitter);
                Event::FunctionFailed(FunctionFailed { seq, attempt, failure, again_ms })
            }
        };
        self.settle(&task, event).await;
    }

    async fn settle(&self, task: &Task, mut event: Event) {
        let (run, mut patience) = (&task.lease.run, Patience::new());
        let mut doubtful = false;
        tracing::trace!(target: CHANGES, "before a function's end");
        loop {
            match self.store.settle(&self.scope, &task.lease, &event).await {
                Ok(()) => {
                    tracing::trace!(target: CHANGES, "after a function's end");
                    return;
                }
                // What was tried before may have been done, and its answer lost.
                Err(StoreError::Fenced) if doubtful => return,
                Err(StoreError::Fenced) => {
                    tracing::warn!(target: LOG, tenant = self.name, %run, "fenced: the step is another worker's, or its run has ended; nothing was written");
                    return;
                }
                Err(err @ StoreError::TooLarge { .. }) => {
                    let Some(short) = without_room(&event, &err) else { return };
                    event = short;
                }
                Err(err) => {
                    doubtful = true;
                    if let Err(err) = patience.after(err).await {
                        tracing::warn!(target: LOG, tenant = self.name, %run, "given up: {}", chain(&err));
                        return;
                    }
                }
            }
        }
    }

    async fn call_function(
        &self,
        hand: &Hand,
        task: &Task,
        spawned: &Spawned,
    ) -> Result<Json, Failure> {
        let context = wit::Context {
            run: task.lease.run.to_string(),
            workflow: task.workflow.clone(),
            step: spawned.asked.name.clone(),
            attempt: wit::Attempt {
                number: task.attempt,
                key: step_key(
                    task.lease.run.as_str(),
                    Turn { generation: task.generation, since: spawned.since },
                    spawned.asked.seq,
                    &spawned.asked.name,
                    spawned.undo,
                ),
            },
            user: task.user.clone(),
        };
        let done = loop {
            match self.call_once(hand, task, spawned, &context).await {
                Err(CallError::Busy(_)) => tokio::time::sleep(BUSY).await,
                done => break done,
            }
        };
        let max = hand.program.grant.limits().value_bytes.min(PAYLOAD_BYTES_MAX);
        match done {
            Ok(Ok(output)) => payload(output, max),
            Ok(Err(failure)) => Err(decode_failure(failure)),
            Err(err) => {
                let (tenant, run, function) = (&self.name, &task.lease.run, &spawned.function);
                let backtrace = err.backtrace();
                tracing::warn!(target: LOG, tenant, %run, function, backtrace, "{}", chain(&err));
                let code = if matches!(err, CallError::Stopped(Stop::Wall(_))) {
                    "timeout"
                } else {
                    "trapped"
                };
                let mut failure = Failure { retry: true, ..Failure::ours(code, chain(&err)) };
                failure.message.truncate(failure.message.floor_char_boundary(1_000));
                Err(failure)
            }
        }
    }

    async fn call_once(
        &self,
        hand: &Hand,
        task: &Task,
        spawned: &Spawned,
        context: &wit::Context,
    ) -> Result<Result<String, wit::Failure>, CallError> {
        let program = &hand.program;
        let limits = program.grant.limits();
        let _running = program.grant.start_call().ok_or(CallError::Busy("concurrent_calls"))?;
        let meter = Meter::new(Duration::from_millis(limits.cpu_ms));
        let (store, scope, lease) = (self.store.clone(), self.scope.clone(), task.lease.clone());
        let mut store = program.store_for(&meter, Role::Function(Step { store, scope, lease }))?;
        let wall = Duration::from_millis(spawned.timeout_ms.unwrap_or(limits.wall_ms));
        let work = call(hand, &mut store, spawned, context);
        match tokio::time::timeout(wall, Metered::new(work, meter)).await {
            Ok(done) => done.map_err(|err| explain(&err, &mut store)),
            Err(_) => Err(Stop::Wall(wall).into()),
        }
    }

    pub(super) fn inboxes(
        &self,
    ) -> MutexGuard<'_, HashMap<String, (String, UnboundedSender<News>)>> {
        self.inboxes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is recorded of a function if its run's history has no room for `event`.
fn without_room(event: &Event, err: &StoreError) -> Option<Event> {
    let (seq, attempt) = match event {
        Event::FunctionDone(done) => (done.seq, done.attempt),
        Event::FunctionFailed(failed) => (failed.seq, failed.attempt),
        _ => return None,
    };
    let failure = Failure::ours("history-full", err.to_string());
    Some(Event::FunctionFailed(FunctionFailed { seq, attempt, failure, again_ms: None }))
}

async fn call(
    hand: &Hand,
    store: &mut Store<State>,
    spawned: &Spawned,
    context: &wit::Context,
) -> wasmtime::Result<Result<String, wit::Failure>> {
    let handler = hand.function.as_ref();
    let handler = handler.ok_or_else(|| wasmtime::Error::msg("it has no functions"))?;
    let instance = hand.program.pre.instantiate_async(&mut *store).await?;
    let guest = handler.load(&mut *store, &instance)?;
    let input = spawned.input.get().to_owned();
    guest.call_call(store, &spawned.function, &input, context).await
}
