//! The calls, on a real store.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use satama::grant::{Grant, Scope};
use satama::workflow::control::{Control as _, List, Snapshot};
use satama::workflow::log::{Done, Event, Failure, FunctionFailed, Of, Recorded};
use satama::workflow::{
    Backend, Input, NewRun, Queue, RunId, Served, Status, Store as _, StoreError, Take, Task, Work,
    Write,
};
use satama::{Digest, Ids};
use satama_tests::{Harness, grant};

use super::body::{Held, fold, text};
use super::{ALL, BRIEF_MS, Call, End, LEASES, LONG_MS, NAMES, Op, Sent};
use crate::Subject;

/// What a store tells apart, and the longest delay that is waited out.
const MOMENT: Duration = Duration::from_millis(1);

/// After so many calls all that is kept is compared.
const LOOK: usize = 25;

/// A store, used by two hosts in turn.
pub(crate) struct Real<'a> {
    h: &'a Harness,
    hosts: [Arc<Backend>; 2],
    grant: Grant,
    ids: Ids,
    turn: usize,
    /// Of which there are, were or may be: those that were started, and their children.
    runs: Vec<RunId>,
    /// What was taken, the newest first.
    bodies: Vec<Held>,
    tasks: Vec<Task>,
    /// How each run was when it was last looked at.
    glances: Vec<String>,
}

impl<'a> Real<'a> {
    pub(crate) async fn new(h: &'a Harness, seed: u64) -> Self {
        let store = |services: &satama::Services| Arc::clone(services.workflow().store());
        let hosts = [store(&h.services), store(&h.other_host().await)];
        let grant = grant("t");
        let digest = Digest::of(b"1");
        let served = Served { workflow: "w".to_owned(), digest, source: "1".to_owned() };
        hosts[0].register(grant.workflow().scope(), &[served]).await.unwrap();
        Self {
            h,
            hosts,
            grant,
            ids: Ids::seeded(seed),
            turn: 0,
            runs: Vec::new(),
            bodies: Vec::new(),
            tasks: Vec::new(),
            glances: Vec::new(),
        }
    }

    fn store(&self) -> Arc<Backend> {
        self.hosts[self.turn % 2].clone()
    }

    fn scope(&self) -> &Scope {
        self.grant.workflow().scope()
    }

    /// The run at a place, counted from the newest.
    fn run(&self, at: usize) -> Option<RunId> {
        let at = self.runs.len().checked_sub(at + 1)?;
        self.runs.get(at).cloned()
    }

    async fn call(&mut self, call: &Call) -> Result<String, StoreError> {
        match call {
            Call::Start { key, priority, delayed, timed, kept } => {
                let new = NewRun {
                    id: RunId::new(0, &self.ids),
                    workflow: "w".to_owned(),
                    input: text("null"),
                    key: key.map(ToOwned::to_owned),
                    user: key.map(ToOwned::to_owned),
                    priority: *priority,
                    timeout_ms: timed.then_some(BRIEF_MS),
                    delay_ms: u64::from(*delayed),
                    retention_ms: Some(if *kept { LONG_MS } else { BRIEF_MS }),
                };
                self.start(new).await
            }
            Call::Take { bodies, functions, brief } => self.take(*bodies, *functions, *brief).await,
            Call::Write { body, repeat, skip, ops, then } => {
                let written = self.write(*body, *repeat, *skip, ops, *then).await;
                if !matches!(&written, Ok(said) if said.ends_with("false)")) {
                    last(&mut self.bodies, *body);
                }
                written
            }
            Call::Settle { function, ok, again } => {
                let settled = self.settle(*function, *ok, *again).await;
                last(&mut self.tasks, *function);
                settled
            }
            Call::Renew { body, brief } => {
                let ms = if *brief { BRIEF_MS } else { LONG_MS };
                let leases: Vec<_> =
                    self.bodies.iter().skip(*body).map(|b| b.lease.clone()).collect();
                said(self.store().renew(self.scope(), 0, &leases, ms).await?)
            }
            Call::SetState { function, name } => {
                let Some(task) = self.tasks.get(*function) else { return said("none") };
                said(self.store().set_state(self.scope(), &task.lease, name, "1").await?)
            }
            Call::Send { run, input } => {
                let Some(run) = self.run(*run) else { return said("none") };
                said(self.store().send(self.scope(), &run, Some("w"), &input.input()).await?)
            }
            Call::Retry { run, seq, stale } => self.retry(*run, *seq, *stale).await,
            Call::Delete { run } => {
                let Some(run) = self.run(*run) else { return said("none") };
                said(self.store().delete(self.scope(), &run, Some("w")).await?)
            }
            Call::List => self.list().await,
        }
    }

    async fn start(&mut self, new: NewRun) -> Result<String, StoreError> {
        let started = self.store().start(self.scope(), std::slice::from_ref(&new)).await?;
        if started[0].new {
            self.runs.push(new.id);
        }
        said(started)
    }

    async fn take(
        &mut self,
        bodies: bool,
        functions: bool,
        brief: bool,
    ) -> Result<String, StoreError> {
        let nonce = self.ids.next().to_string();
        let mut queues = Vec::new();
        let digest = Digest::of(b"1");
        queues.extend(bodies.then(|| (Queue::Bodies("w".to_owned(), digest), ALL)));
        queues.extend(functions.then(|| (Queue::Function("f".to_owned()), ALL)));
        let lease_ms = if brief { BRIEF_MS } else { LONG_MS };
        let take = Take { worker: "me", nonce: &nonce, lease_ms, queues: &queues };
        let mut work = self.store().take(self.scope(), 0, &take).await?.work;
        work.sort_by_key(|work| match work {
            Work::Body { lease, .. } => lease.member(),
            Work::Function(task) => task.lease.member(),
        });
        let mut words = Vec::new();
        for work in work {
            match work {
                Work::Body { lease, head, entries, .. } => {
                    words.push(format!("{} {} {}", lease.member(), head.lost, head.failures));
                    words.extend(plain(&entries));
                    let held = Held { lease, known: entries, written: 0, last: None };
                    self.bodies.insert(0, held);
                }
                Work::Function(task) => {
                    let entry = plain(std::slice::from_ref(&task.entry));
                    let Task { lease, attempt, lost, generation, user, .. } = &task;
                    let member = lease.member();
                    words
                        .push(format!("{member} {attempt} {lost} {generation} {user:?} {entry:?}"));
                    self.tasks.insert(0, task);
                }
            }
        }
        self.bodies.truncate(LEASES);
        self.tasks.truncate(LEASES);
        said(words)
    }

    async fn write(
        &mut self,
        at: usize,
        repeat: bool,
        skip: bool,
        ops: &[Op],
        then: End,
    ) -> Result<String, StoreError> {
        let store = self.store();
        let scope = self.grant.workflow().scope();
        let Some(body) = self.bodies.get_mut(at) else { return said("none") };
        if repeat && let Some((seen, events, then)) = &body.last {
            let (number, seen) = (body.written, *seen);
            let seen_ms = satama_tests::seen_ms(&store, scope, &body.lease.run, seen).await;
            let write = Write { number, seen, seen_ms, events, then: then.then() };
            let written = store.write(scope, &body.lease, &write).await?;
            return said((plain(&written.news), written.released));
        }
        let (events, children) = body.events(ops, then, &self.ids);
        let number = body.written + 1 + u64::from(skip);
        let seen = body.seen();
        let seen_ms = satama_tests::seen_ms(&store, scope, &body.lease.run, seen).await;
        let write = Write { number, seen, seen_ms, events: &events, then: then.then() };
        let written = store.write(scope, &body.lease, &write).await?;
        body.last = Some((body.seen(), events.clone(), then));
        body.written += 1;
        body.known.extend(written.news.iter().cloned());
        let anew = matches!(events.first(), Some(Event::Continued(_)));
        if !anew {
            let entry = |event: &Event| format!("{} {}", written.at_ms, event.encode());
            body.known.extend(events.iter().map(entry));
        }
        self.runs.extend(children);
        said((plain(&written.news), written.released))
    }

    async fn settle(&mut self, at: usize, ok: bool, again: bool) -> Result<String, StoreError> {
        let Some(task) = self.tasks.get(at) else { return said("none") };
        let (seq, attempt) = (task.lease.seq.unwrap(), task.attempt);
        let event = if ok {
            Event::FunctionDone(Done { seq, attempt, output: text("[4]") })
        } else {
            let (failure, again_ms) =
                (Failure::ours("odd", "it failed"), again.then_some(BRIEF_MS));
            Event::FunctionFailed(FunctionFailed { seq, attempt, failure, again_ms })
        };
        said(self.store().settle(self.scope(), &task.lease, &event).await?)
    }

    async fn retry(&self, run: usize, seq: u32, stale: bool) -> Result<String, StoreError> {
        let Some(run) = self.run(run) else { return said("none") };
        let entries = self.store().history(self.scope(), &run, 0, u32::MAX).await?;
        let retried = Recorded { at_ms: 0, event: Event::Retried(Of { seq }), bytes: 1 };
        if !entries.is_empty() && fold(&entries).next(&retried).is_err() {
            return said("can't be");
        }
        let events = u32::try_from(entries.len()).unwrap() + u32::from(stale);
        let input = Input::Retry { seq, events, cancelling: false };
        said(self.store().send(self.scope(), &run, Some("w"), &input).await?)
    }

    async fn list(&self) -> Result<String, StoreError> {
        let (store, workflows) = (self.store(), ["w".to_owned()]);
        let mut words = Vec::new();
        for status in std::iter::once(None).chain(Status::ALL.map(Some)) {
            let list = List {
                workflows: &workflows,
                status,
                user: None,
                since_ms: 0,
                until_ms: u64::MAX >> 1,
                after: None,
            };
            let page = store.list(self.scope(), &list, 100).await?;
            let mut ids: Vec<_> = page.runs.iter().map(|head| head.id.to_string()).collect();
            // Their order is that of times, which may be the same in a store that is quick.
            ids.sort();
            words.push(format!("{status:?} {ids:?}"));
        }
        said(words)
    }

    /// How all runs are that are not as they were; now and then all that is kept of any.
    async fn look(&mut self) -> Result<String, StoreError> {
        let store = self.store();
        let mut words = Vec::new();
        self.glances.resize(self.runs.len(), String::new());
        let found = store.get(self.scope(), &self.runs).await?;
        for (was, found) in self.glances.iter_mut().zip(found) {
            let is = found.map_or_else(|| "gone".to_owned(), |snapshot| glance(&snapshot));
            if *was != is {
                words.push(is.clone());
                *was = is;
            }
        }
        if self.turn.is_multiple_of(LOOK) {
            for run in &self.runs {
                let entries = store.history(self.scope(), run, 0, u32::MAX).await?;
                fold(&entries);
                words.extend(plain(&entries));
                for name in NAMES {
                    words.push(format!("{:?}", store.state(self.scope(), run, name).await?));
                }
            }
        }
        said(words)
    }
}

impl Sent {
    fn input(self) -> Input {
        match self {
            Self::Signal(key) => Input::Signal {
                name: "go".to_owned(),
                payload: text("1"),
                key: key.map(ToOwned::to_owned),
            },
            Self::Decide(name) => {
                Input::Decide { name: name.to_owned(), decision: text(r#"{"approved":true}"#) }
            }
            Self::Resume => Input::Resume,
            Self::Cancel { force } => Input::Cancel { reason: "no more".to_owned(), force },
        }
    }
}

fn said(answer: impl Debug) -> Result<String, StoreError> {
    Ok(format!("{answer:?}"))
}

/// What is used up comes after the others.
fn last<T>(all: &mut Vec<T>, at: usize) {
    if at < all.len() {
        let used = all.remove(at);
        all.push(used);
    }
}

/// What of a run must be the same in every store: its times are the store's own.
fn glance(snapshot: &Snapshot) -> String {
    let head = &snapshot.head;
    let parent = head.parent.as_ref().map(|(run, seq)| format!("{run} {seq}"));
    let last = plain(std::slice::from_ref(&snapshot.last));
    let counts = (head.generation, head.priority, head.lost, head.failures, snapshot.events);
    let (user, key, waits, worker) = (&head.user, &head.key, &head.waits, &head.worker);
    let (queued, ended) = (head.is_queued(), head.ended_ms.is_some());
    let words = (head.status, counts, user, key, parent, waits, worker, queued, ended, last);
    format!("{} {words:?}", head.id)
}

/// Entries without their times, and without what each store words itself.
fn plain(entries: &[String]) -> Vec<String> {
    let json = entries.iter().map(|entry| entry.split_once(' ').unwrap().1);
    json.map(|json| match json.split_once(r#""code":"no-version""#) {
        Some((before, _)) => before.to_owned(),
        None => json.to_owned(),
    })
    .collect()
}

impl Subject<Call> for Real<'_> {
    async fn apply(&mut self, call: &Call) -> String {
        self.turn += 1;
        let said = match self.call(call).await {
            Ok(said) => said,
            Err(err) => format!("{err:?}"),
        };
        let all = self.look().await.unwrap();
        let passed = if call.brings_due() { MOMENT } else { self.h.moment() };
        self.h.advance(passed).await;
        let all = format!("{said}\n      {all}").replace('\\', "");
        let runs = self.runs.iter().enumerate();
        runs.fold(all, |all, (at, run)| all.replace(run.as_str(), &format!("run {at}")))
    }
}
