//! Calls a body, from its start, and settles what became of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};
use wasmtime::Store;

use super::{Hand, Tenant};
use crate::bindings::exports::satama::services::workflow_handler as wit;
use crate::error::{Fault, chain};
use crate::guest::View as _;
use crate::runtime::bounds::{Meter, Metered};
use crate::runtime::call::{CallError, Stop, explain};
use crate::runtime::state::State;
use crate::workflow::body::{Body, Exit, Parts};
use crate::workflow::log::{Event, Failure, Json, json};
use crate::workflow::replay::Ending;
use crate::workflow::{Head, LOST_MAX, Lease, PAYLOAD_BYTES_MAX, Role, Store as _, Then, Write};

/// How often a body may fail in a row, without that anything new is recorded, before its run has failed.
const FAILURES_MAX: u32 = 10;

/// Pause after a body's first failure; it doubles up to the maximum.
const AGAIN_MIN: Duration = Duration::from_secs(1);
const AGAIN_MAX: Duration = Duration::from_secs(60);

/// Pause before a body is called again for which there was no instance.
const BUSY: Duration = Duration::from_millis(100);

const LOG: &str = "satama::workflow";

/// What a call of a body came to, if the body was not ended by one of its own calls.
pub(super) enum Outcome {
    /// It has returned.
    Returned(wit::Ending),
    /// It has failed.
    Failed(CallError),
    /// It did what only a step may.
    OutsideStep(String),
    /// It took too long.
    Overdue,
}

impl Tenant {
    pub(super) async fn run_body(
        self: &Arc<Self>,
        hand: &Hand,
        lease: Lease,
        head: Head,
        entries: Vec<String>,
        now_ms: u64,
    ) {
        let _kept = self.leases.keep(&self.scope, &lease);
        let (run, token) = (head.id.to_string(), lease.token.clone());
        let (inbox, told) = mpsc::unbounded_channel();
        self.inboxes().insert(run.clone(), (token.clone(), inbox));
        let (lost, workflow) = (head.lost, head.workflow.clone());
        let events = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        let last = entries.last().and_then(|entry| entry.split(' ').next());
        let seen = (events, last.and_then(|at_ms| at_ms.parse().ok()).unwrap_or(0));
        let limits = hand.program.grant.limits();
        let body = Body::new(Parts {
            store: self.store.clone(),
            scope: self.scope.clone(),
            lease,
            head,
            entries,
            now_ms,
            inbox: told,
            warm: self.config.warm,
            wall: Duration::from_millis(limits.wall_ms),
            draining: self.draining.clone(),
            offline: false,
            ids: self.host.services.ids.clone(),
        });
        let exit = match body {
            Ok(mut body) if lost > LOST_MAX => {
                let why = format!("its worker was lost {lost} times in a row");
                body.fail(Failure::ours("lost", why)).await;
                body.take_exit()
            }
            Ok(body) => self.call_body(hand, body).await,
            Err(broken) => {
                let (lease, failure) = *broken;
                tracing::error!(target: LOG, tenant = self.name, run, "{}", failure.message);
                self.give_up(&lease, seen, failure).await;
                None
            }
        };
        self.forget(&run, &token);
        self.tell_exit(&run, &workflow, exit.as_ref());
    }

    /// The operator learns of what is not as it should be.
    fn tell_exit(&self, run: &str, workflow: &str, exit: Option<&Exit>) {
        let tenant = &self.name;
        match exit {
            Some(Exit::Fenced) => {
                tracing::warn!(target: LOG, tenant, workflow, run, "fenced: the run is another worker's, or has ended; nothing was written");
            }
            Some(Exit::Unavailable(err)) => {
                tracing::warn!(target: LOG, tenant, workflow, run, "given up: {}", chain(err));
            }
            Some(Exit::Broken(failure)) => {
                tracing::error!(target: LOG, tenant, workflow, run, code = failure.code, "{}", failure.message);
            }
            Some(Exit::Parked | Exit::Ended | Exit::Again | Exit::WouldGoOn) | None => {}
        }
    }

    /// A run whose history can't be read has failed, with all that can be said of it.
    async fn give_up(&self, lease: &Lease, (seen, seen_ms): (u32, u64), failure: Failure) {
        let events = [Event::Failed(failure)];
        let write = Write { number: 1, seen, seen_ms, events: &events, then: Then::Keep };
        if let Err(err) = self.store.write(&self.scope, lease, &write).await {
            tracing::warn!(target: LOG, tenant = self.name, "{}", chain(&err));
        }
    }

    fn forget(&self, run: &str, token: &str) {
        let mut inboxes = self.inboxes();
        if inboxes.get(run).is_some_and(|(of, _)| of == token) {
            inboxes.remove(run);
        }
    }

    async fn call_body(&self, hand: &Hand, body: Body) -> Option<Exit> {
        let (mut body, outcome) = call(hand, body).await;
        if let Some(exit) = body.take_exit() {
            return self.broken(body, exit).await;
        }
        let (run, workflow) = (body.head().id.to_string(), body.head().workflow.clone());
        match outcome {
            Outcome::Returned(ending) => match decode_ending(hand, ending) {
                Ok(ending) => _ = body.end(ending).await,
                Err(failure) => _ = body.fail(failure).await,
            },
            Outcome::OutsideStep(what) => {
                body.fail(Failure::ours("effect-outside-step", what)).await;
            }
            Outcome::Overdue if body.replay().step().is_some() => body.time_out_step().await,
            Outcome::Overdue => {
                let wall = Duration::from_millis(hand.program.grant.limits().wall_ms);
                self.failed(&mut body, &Stop::Wall(wall).into()).await;
            }
            Outcome::Failed(CallError::Busy(_)) => _ = body.let_go(BUSY).await,
            Outcome::Failed(err) => {
                let (tenant, backtrace) = (&self.name, err.backtrace());
                tracing::warn!(target: LOG, tenant, workflow, run, backtrace, "{}", chain(&err));
                self.failed(&mut body, &err).await;
            }
        }
        match body.take_exit() {
            Some(exit) => self.broken(body, exit).await,
            None => None,
        }
    }

    /// Records why a run can't go on, if that is what its body was ended for.
    async fn broken(&self, mut body: Body, exit: Exit) -> Option<Exit> {
        if let Exit::Broken(failure) = &exit {
            body.fail(failure.clone()).await;
            return match body.take_exit() {
                Some(Exit::Ended) => Some(exit),
                other => other,
            };
        }
        Some(exit)
    }

    /// A body has failed: it is called again, unless it did so too often.
    async fn failed(&self, body: &mut Body, err: &CallError) {
        let failures = body.failures() + 1;
        let mut failure = Failure::ours("trapped", chain(err));
        failure.message.truncate(failure.message.floor_char_boundary(1_000));
        if failures >= FAILURES_MAX {
            body.fail(failure).await;
            return;
        }
        let after = AGAIN_MIN * 2_u32.pow((failures - 1).min(16));
        body.again(failure, after.min(AGAIN_MAX)).await;
    }
}

/// What the body returned, if it may be kept.
pub(super) fn decode_ending(hand: &Hand, ending: wit::Ending) -> Result<Ending, Failure> {
    let max = hand.program.grant.limits().value_bytes.min(PAYLOAD_BYTES_MAX);
    Ok(match ending {
        wit::Ending::Completed(output) => Ending::Completed(payload(output, max)?),
        wit::Ending::Continued(input) => Ending::Continued(payload(input, max)?),
        wit::Ending::Cancelled => Ending::Cancelled,
        wit::Ending::Failed(failure) => Ending::Failed(decode_failure(failure)),
    })
}

/// What a guest returned, if it may be kept.
pub(super) fn payload(text: String, max: u64) -> Result<Json, Failure> {
    if text.len() as u64 > max {
        let why = format!("what it returned is over its limit of {max} bytes");
        return Err(Failure::ours("too-large", why));
    }
    if let Err(err) = crate::json::check(&text) {
        let why = format!("what it returned is not JSON: {}", chain(&err));
        return Err(Failure::ours("invalid-json", why));
    }
    json(text).ok_or_else(|| Failure::ours("invalid-json", "what it returned is not JSON"))
}

/// A failure that a guest returned, with no more of its text than may be kept.
pub(super) fn decode_failure(failure: wit::Failure) -> Failure {
    let max = usize::try_from(crate::workflow::FAILURE_BYTES_MAX).unwrap_or(usize::MAX);
    let cut = |mut text: String| {
        text.truncate(text.floor_char_boundary(max));
        text
    };
    let details = failure
        .details
        .filter(|details| details.len() <= max && crate::json::check(details).is_ok());
    Failure {
        code: cut(failure.code),
        message: cut(failure.message),
        retry: failure.retry,
        details,
    }
}

/// Calls the body in a fresh instance. It comes back in any case.
pub(super) async fn call(hand: &Hand, body: Body) -> (Body, Outcome) {
    let program = &hand.program;
    let limits = program.grant.limits();
    let meter = Meter::new(Duration::from_millis(limits.cpu_ms));
    let (workflow, input, deadline) = (body.head().workflow.clone(), body.input(), body.deadline());
    body.start_clock();
    let mut store = program
        .store_for(&meter, Role::Body(Box::new(body)))
        .unwrap_or_else(|_| unreachable!("a body's world opens nothing that could fail"));
    let outcome = match program.grant.start_call() {
        None => Outcome::Failed(CallError::Busy("concurrent_calls")),
        Some(_running) => {
            let work = run(hand, &mut store, (workflow, input));
            let done = tokio::select! {
                done = Metered::new(work, meter) => Some(done),
                () = overdue(deadline) => None,
            };
            match done {
                None => Outcome::Overdue,
                Some(Ok(ending)) => Outcome::Returned(ending),
                Some(Err(err)) => match err.downcast_ref::<Fault>() {
                    Some(fault @ Fault::OutsideStep { .. }) => {
                        Outcome::OutsideStep(fault.to_string())
                    }
                    _ => Outcome::Failed(explain(&err, &mut store)),
                },
            }
        }
    };
    match std::mem::take(store.data_mut().satama().role()) {
        Role::Body(body) => (*body, outcome),
        _ => unreachable!("the role is taken here only"),
    }
}

async fn run(
    hand: &Hand,
    store: &mut Store<State>,
    (workflow, input): (String, String),
) -> wasmtime::Result<wit::Ending> {
    let handler = hand.body.as_ref().ok_or_else(|| wasmtime::Error::msg("it has no bodies"))?;
    let instance = hand.program.pre.instantiate_async(&mut *store).await?;
    let guest = handler.load(&mut *store, &instance)?;
    guest.call_run(store, &workflow, &input).await
}

/// Returns when a deadline is over. It may move, and be gone for a while.
pub(super) async fn overdue(mut deadline: watch::Receiver<Option<Instant>>) {
    loop {
        let at = *deadline.borrow_and_update();
        let moved = deadline.changed();
        match at {
            Some(at) => tokio::select! {
                () = sleep_until(at) => return,
                moved = moved => if moved.is_err() { std::future::pending::<()>().await },
            },
            None => {
                if moved.await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}
