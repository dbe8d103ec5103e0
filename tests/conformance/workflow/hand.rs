//! A worker, and who controls runs, of one tenant.

use std::sync::Arc;

use satama::Ids;
use satama::grant::{Grant, Scope};
use satama::workflow::Backend;
use satama::workflow::log::Recorded;
use satama::workflow::state::State;
use satama_tests::grant;

use super::*;

/// A worker of the tenant `t`, which serves the workflow `w`, and who controls its runs.
#[derive(Debug, Clone)]
pub(super) struct Hand {
    pub(super) store: Arc<Backend>,
    grant: Arc<Grant>,
    ids: Ids,
    partition: u8,
}

/// A body that the worker has.
#[derive(Debug, Clone)]
pub(super) struct Body {
    pub(super) lease: Lease,
    pub(super) head: Head,
    pub(super) entries: Vec<String>,
    pub(super) seen: u32,
    pub(super) number: u64,
}

impl Hand {
    pub(super) fn of(services: &Services, tenant: &str) -> Self {
        let store = Arc::clone(services.workflow().store());
        Self { store, grant: Arc::new(grant(tenant)), ids: Ids::system(), partition: 0 }
    }

    /// A worker of `t` that serves `w`.
    pub(super) async fn new(h: &Harness) -> Self {
        let hand = Self::of(&h.services, "t");
        hand.serve("w", "1").await;
        hand
    }

    /// The same in another partition.
    pub(super) fn at(&self, partition: u8) -> Self {
        Self { partition, ..self.clone() }
    }

    pub(super) fn scope(&self) -> &Scope {
        self.grant.workflow().scope()
    }

    /// Registers a version of a workflow.
    pub(super) async fn serve(&self, workflow: &str, version: &str) -> Digest {
        let digest = Digest::of(version.as_bytes());
        let source = version.to_owned();
        let served = Served { workflow: workflow.to_owned(), digest, source };
        self.store.register(self.scope(), &[served]).await.unwrap();
        digest
    }

    pub(super) fn id(&self) -> RunId {
        RunId::new(self.partition, &self.ids)
    }

    /// A run of `w` that is to be started.
    pub(super) fn draft(&self) -> NewRun {
        NewRun {
            id: self.id(),
            workflow: "w".to_owned(),
            input: text("null"),
            key: None,
            user: None,
            priority: 4,
            timeout_ms: None,
            delay_ms: 0,
            retention_ms: None,
        }
    }

    pub(super) async fn start(&self, run: NewRun) -> RunId {
        let started = self.store.start(self.scope(), &[run]).await.unwrap();
        started[0].id.clone()
    }

    /// A run of `w`.
    pub(super) async fn run(&self) -> RunId {
        self.start(self.draft()).await
    }

    /// A run of `w` whose body this worker has.
    pub(super) async fn running(&self) -> Body {
        let run = self.run().await;
        let body = self.body().await;
        assert_eq!(body.lease.run, run);
        body
    }

    /// A run of `w` that has done `events`, and waits.
    pub(super) async fn waiting(&self, events: &[Event]) -> RunId {
        let mut body = self.running().await;
        let written = self.write(&mut body, events, PARK).await;
        assert!(written.released);
        body.lease.run
    }

    /// A run of `w` that has ended with an event.
    pub(super) async fn ended(&self, event: Event) -> RunId {
        let mut body = self.running().await;
        self.write(&mut body, &[event], Then::Keep).await;
        body.lease.run
    }

    pub(super) fn bodies(workflow: &str, version: &str) -> Queue {
        Queue::Bodies(workflow.to_owned(), Digest::of(version.as_bytes()))
    }

    pub(super) async fn take_for(&self, lease_ms: u64, queues: &[(Queue, u32)]) -> Taken {
        let nonce = self.ids.next().to_string();
        let take = Take { worker: "me", nonce: &nonce, lease_ms, queues };
        let taken = self.store.take(self.scope(), self.partition, &take).await.unwrap();
        for work in &taken.work {
            let lease = match work {
                Work::Body { lease, .. } => lease,
                Work::Function(task) => &task.lease,
            };
            assert!(lease.token.contains(&nonce), "{lease:?}");
        }
        taken
    }

    pub(super) async fn take(&self, queues: &[(Queue, u32)]) -> Taken {
        self.take_for(LONG_MS, queues).await
    }

    /// Does what is due.
    pub(super) async fn tick(&self) {
        self.take(&[]).await;
    }

    /// Bodies of a version, at most so many.
    pub(super) async fn bodies_of(
        &self,
        workflow: &str,
        version: &str,
        most: u32,
        lease_ms: u64,
    ) -> Vec<Body> {
        let queue = (Self::bodies(workflow, version), most);
        self.take_for(lease_ms, &[queue]).await.work.into_iter().map(body).collect()
    }

    /// The next body of `w`, if there is one.
    pub(super) async fn next(&self) -> Option<Body> {
        self.bodies_of("w", "1", 1, LONG_MS).await.pop()
    }

    /// The next body of `w`, for a moment.
    pub(super) async fn brief_body(&self) -> Body {
        self.bodies_of("w", "1", 1, BRIEF_MS).await.pop().unwrap()
    }

    /// The next body of `w`.
    pub(super) async fn body(&self) -> Body {
        self.next().await.expect("a body is in the queue")
    }

    /// Functions of a name, at most so many.
    pub(super) async fn tasks(&self, name: &str, most: u32, lease_ms: u64) -> Vec<Task> {
        let queue = (Queue::Function(name.to_owned()), most);
        let taken = self.take_for(lease_ms, &[queue]).await;
        let task = |work| match work {
            Work::Function(task) => task,
            Work::Body { .. } => panic!("{work:?}"),
        };
        taken.work.into_iter().map(task).collect()
    }

    /// The next function of a name, if there is one.
    pub(super) async fn next_task(&self, name: &str) -> Option<Task> {
        self.tasks(name, 1, LONG_MS).await.pop()
    }

    /// The next function of a name.
    pub(super) async fn task(&self, name: &str) -> Task {
        self.next_task(name).await.expect("a function is in the queue")
    }

    pub(super) async fn settle(&self, task: &Task, event: &Event) -> Result<(), StoreError> {
        self.store.settle(self.scope(), &task.lease, event).await
    }

    /// Writes as the store is given it.
    pub(super) async fn try_write(
        &self,
        body: &Body,
        events: &[Event],
        then: Then<'_>,
    ) -> Result<Written, StoreError> {
        let seen_ms =
            satama_tests::seen_ms(&self.store, self.scope(), &body.lease.run, body.seen).await;
        let write = Write { number: body.number, seen: body.seen, seen_ms, events, then };
        self.store.write(self.scope(), &body.lease, &write).await
    }

    /// The next write of a body.
    pub(super) async fn write(&self, body: &mut Body, events: &[Event], then: Then<'_>) -> Written {
        let written = self.try_write(body, events, then).await.unwrap();
        body.number += 1;
        body.seen += u32::try_from(written.news.len() + events.len()).unwrap();
        written
    }

    pub(super) async fn send(&self, run: &RunId, input: Input) -> Result<Sent, StoreError> {
        self.store.send(self.scope(), run, Some("w"), &input).await
    }

    /// Brings something to a run, which takes it.
    pub(super) async fn tell(&self, run: &RunId, input: Input) {
        assert_eq!(self.send(run, input).await.unwrap(), Sent { taken: true });
    }

    pub(super) async fn snapshot(&self, run: &RunId) -> Option<Snapshot> {
        let one = std::slice::from_ref(run);
        self.store.get(self.scope(), one).await.unwrap().pop().unwrap()
    }

    pub(super) async fn head(&self, run: &RunId) -> Head {
        self.snapshot(run).await.expect("the run is there").head
    }

    pub(super) async fn status(&self, run: &RunId) -> Status {
        self.head(run).await.status
    }

    pub(super) async fn entries(&self, run: &RunId) -> Vec<String> {
        self.store.history(self.scope(), run, 0, u32::MAX).await.unwrap()
    }

    /// The kinds of a run's events, which are a history that can be.
    pub(super) async fn kinds(&self, run: &RunId) -> Vec<&'static str> {
        kinds(&self.entries(run).await)
    }

    /// The JSON of a run's last event.
    pub(super) async fn last(&self, run: &RunId) -> String {
        let last = self.snapshot(run).await.expect("the run is there").last;
        last.split_once(' ').unwrap().1.to_owned()
    }

    pub(super) async fn state(&self, run: &RunId, name: &str) -> Option<String> {
        self.store.state(self.scope(), run, name).await.unwrap()
    }

    pub(super) async fn set_state(
        &self,
        task: &Task,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        self.store.set_state(self.scope(), &task.lease, name, value).await
    }

    pub(super) async fn delete(&self, run: &RunId) -> Result<bool, StoreError> {
        self.store.delete(self.scope(), run, Some("w")).await
    }
}

/// The kinds of a history's events, which can be so.
pub(super) fn kinds(entries: &[String]) -> Vec<&'static str> {
    let decode = |(index, entry): (usize, &String)| {
        Recorded::decode(u32::try_from(index).unwrap(), entry).unwrap()
    };
    let events: Vec<_> = entries.iter().enumerate().map(decode).collect();
    State::fold(&events).unwrap();
    events.iter().map(|recorded| recorded.event.kind()).collect()
}

fn body(work: Work) -> Body {
    match work {
        Work::Body { lease, head, entries, .. } => {
            kinds(&entries);
            let seen = u32::try_from(entries.len()).unwrap();
            Body { lease, head, entries, seen, number: 1 }
        }
        Work::Function(_) => panic!("{work:?}"),
    }
}
