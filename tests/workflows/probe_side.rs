//! One store, and what can be done to it and seen of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use satama::grant::Scope;
use satama::workflow::control::Control as _;
use satama::workflow::log::{Done, Event, Failure, FunctionFailed};
use satama::workflow::{
    Backend, Input, Lease, NewRun, Queue, RunId, Served, Store as _, StoreError, Take, Task, Then,
    Work, Write,
};
use satama::{Digest, Ids};
use satama_tests::Stage;

use super::crew::grant;
use super::probe_stores::text;

/// Something that is done to both.
#[derive(Debug)]
pub(crate) enum Act {
    Start(NewRun),
    Take { lease_ms: u64 },
    Write { run: String, events: Vec<Event>, then: Then<'static> },
    Settle { task: String, again: Option<u64>, fail: bool },
    Delete(RunId),
    Send(RunId, Input),
}

/// A body that the worker has.
pub(crate) struct Held {
    lease: Lease,
    seen: u32,
    number: u64,
}

/// One store, and what its worker has.
pub(crate) struct Side {
    store: Arc<Backend>,
    scope: Scope,
    ids: Ids,
    pub(crate) bodies: BTreeMap<String, Held>,
    pub(crate) tasks: BTreeMap<String, Task>,
}

impl Side {
    pub(crate) async fn new(stage: &Stage, tenant: &str) -> Self {
        let store = stage.host.services().workflow().store().clone();
        let scope = grant(tenant).workflow().scope().clone();
        let served = Served { workflow: "w".into(), digest: Digest::of(b"1"), source: "1".into() };
        store.register(&scope, &[served]).await.unwrap();
        let (bodies, tasks) = (BTreeMap::new(), BTreeMap::new());
        Self { store, scope, ids: Ids::system(), bodies, tasks }
    }

    /// Does one thing, and says what was answered.
    pub(crate) async fn does(&mut self, act: &Act) -> String {
        let (store, scope) = (self.store.clone(), self.scope.clone());
        match act {
            Act::Start(new) => {
                let done = store.start(&scope, std::slice::from_ref(new)).await;
                done.map_or_else(|err| word(&err), |done| format!("{done:?}"))
            }
            Act::Take { lease_ms } => self.take(*lease_ms).await,
            Act::Write { run, events, then } => self.write(run, events, *then).await,
            Act::Settle { task, again, fail } => self.settle(task, *again, *fail).await,
            Act::Delete(run) => {
                let done = store.delete(&scope, run, Some("w")).await;
                done.map_or_else(|err| word(&err), |was| was.to_string())
            }
            Act::Send(run, input) => {
                let done = store.send(&scope, run, None, input).await;
                done.map_or_else(|err| word(&err), |sent| format!("{sent:?}"))
            }
        }
    }

    async fn take(&mut self, lease_ms: u64) -> String {
        let queues =
            [(Queue::Bodies("w".into(), Digest::of(b"1")), 50), (Queue::Function("f".into()), 50)];
        let nonce = self.ids.next().to_string();
        let take = Take { worker: "me", nonce: &nonce, lease_ms, queues: &queues };
        let mut said = BTreeSet::new();
        for work in self.store.take(&self.scope, 0, &take).await.unwrap().work {
            match work {
                Work::Body { lease, head, entries, .. } => {
                    let seen = u32::try_from(entries.len()).unwrap();
                    said.insert(format!("{} {} {seen}", head.id, head.generation));
                    let held = Held { lease, seen, number: 1 };
                    self.bodies.insert(head.id.to_string(), held);
                }
                Work::Function(task) => {
                    let name = task.lease.member();
                    said.insert(format!("{name} {} {}", task.attempt, task.lost));
                    self.tasks.insert(name, task);
                }
            }
        }
        format!("{said:?}")
    }

    async fn write(&mut self, run: &str, events: &[Event], then: Then<'_>) -> String {
        let Some(held) = self.bodies.get_mut(run) else { return "not held".to_owned() };
        let run = &held.lease.run;
        let seen_ms = satama_tests::seen_ms(&self.store, &self.scope, run, held.seen).await;
        let write = Write { number: held.number, seen: held.seen, seen_ms, events, then };
        let done = self.store.write(&self.scope, &held.lease, &write).await;
        // Its answer is lost now and then.
        let done = if held.number % 3 == 0 {
            self.store.write(&self.scope, &held.lease, &write).await
        } else {
            done
        };
        match done {
            Ok(written) => {
                held.number += 1;
                let anew = events.iter().any(|event| matches!(event, Event::Continued(_)));
                let news = u32::try_from(written.news.len()).unwrap();
                held.seen += news;
                if !(anew && news > 0) {
                    held.seen += u32::try_from(events.len()).unwrap();
                }
                if written.released {
                    self.bodies.remove(run);
                }
                format!("{news} {}", written.released)
            }
            Err(err) => word(&err),
        }
    }

    async fn settle(&self, task: &str, again: Option<u64>, fail: bool) -> String {
        let Some(task) = self.tasks.get(task) else { return "not held".to_owned() };
        let (seq, attempt) = (task.lease.seq.unwrap(), task.attempt);
        let event = if fail {
            let failure = Failure::ours("odd", "it failed");
            Event::FunctionFailed(FunctionFailed { seq, attempt, failure, again_ms: again })
        } else {
            Event::FunctionDone(Done { seq, attempt, output: text("1") })
        };
        let done = self.store.settle(&self.scope, &task.lease, &event).await;
        done.map_or_else(|err| word(&err), |()| "settled".to_owned())
    }

    pub(crate) async fn history(&self, run: &RunId) -> Vec<String> {
        self.store.history(&self.scope, run, 0, u32::MAX).await.unwrap()
    }

    /// All that can be seen of a run, but for times.
    pub(crate) async fn seen(&self, run: &RunId) -> String {
        let one = std::slice::from_ref(run);
        let found = self.store.get(&self.scope, one).await.unwrap().pop().unwrap();
        let Some(found) = found else { return "none".to_owned() };
        let head = found.head;
        let events: Vec<_> = self.history(run).await;
        let events: Vec<_> = events
            .iter()
            .map(|entry| entry.split_once(' ').unwrap().1.to_owned())
            .map(worded)
            .collect();
        let state = self.store.state(&self.scope, run, "a").await.unwrap();
        format!(
            "{} gen {} events {} lost {} failures {} waits {:?} worker {:?} ended {} parent {:?} {state:?} {events:#?}",
            head.status,
            head.generation,
            found.events,
            head.lost,
            head.failures,
            head.waits,
            head.worker,
            head.ended_ms.is_some(),
            head.parent,
        )
    }
}

/// Why a child could not be started each store says in its own words.
fn worded(event: String) -> String {
    if event.contains("\"no-version\"") { "no-version".to_owned() } else { event }
}

fn word(err: &StoreError) -> String {
    match err {
        StoreError::Illegal(status) => format!("illegal {status}"),
        StoreError::Fenced => "fenced".to_owned(),
        StoreError::NotFound => "not found".to_owned(),
        other => format!("{other}"),
    }
}
