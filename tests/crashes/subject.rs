//! What a verb needs to have something to do, and the call of each.

use std::sync::Arc;

use satama::Digest;
use satama::Ids;
use satama::grant::{Grant, Scope};
use satama::workflow::control::{Control as _, List, Reschedule, Schedule, VersionStatus};
use satama::workflow::log::{
    ApprovalAsked, Asked, ChildStarted, Event, Failure, Json, Output, Spawned, Started, StateSet,
    StepDone, Suspended, TimerSet, When, json,
};
use satama::workflow::{
    Backend, Input, Lease, NewRun, Queue, RunId, Served, Store as _, StoreError, Take, Taken, Then,
    Work, Write,
};
use satama_tests::grant;

use super::verb::{LONG_MS, Verb, What, settled};

/// A tenant of its own, with one run, which has what the call needs.
pub(crate) struct Subject {
    /// Its store, by a way that is not cut.
    direct: Arc<Backend>,
    grant: Grant,
    ids: Ids,
    /// Those that there are, and those that are to be.
    runs: Vec<RunId>,
    lease: Option<Lease>,
    seen: u32,
    number: u64,
}

fn text(text: &str) -> Json {
    json(text).unwrap()
}

fn asked(seq: u32, name: &str) -> Asked {
    Asked { seq, name: name.to_owned() }
}

fn step(seq: u32) -> Event {
    let (asked, output) = (asked(seq, "step"), text("[1]"));
    Event::StepDone(StepDone { asked, attempt: 1, output, undo: false })
}

fn spawned(seq: u32) -> Event {
    let (asked, function, input) = (asked(seq, "call"), "f".to_owned(), text("[2]"));
    Event::Spawned(Spawned {
        asked,
        function,
        input,
        retry: None,
        timeout_ms: None,
        undo: false,
        since: 0,
    })
}

fn approval(seq: u32) -> Event {
    let expires_ms = Some(LONG_MS);
    Event::ApprovalAsked(ApprovalAsked { asked: asked(seq, "pay"), data: text("{}"), expires_ms })
}

fn digest() -> Digest {
    Digest::of(b"1")
}

fn served() -> Vec<Served> {
    ["w", "v"]
        .map(|workflow| Served { workflow: workflow.into(), digest: digest(), source: "s".into() })
        .into()
}

fn schedule(next_ms: u64) -> Schedule {
    Schedule {
        name: "s".to_owned(),
        workflow: "w".to_owned(),
        cron: "0 * * * *".to_owned(),
        next_ms,
        input: text("{}"),
        user: None,
        priority: 4,
        timeout_ms: None,
        retention_ms: None,
    }
}

impl Verb {
    /// Whether a run's body, or its function, is somebody's when it is called.
    fn needs(self) -> Option<Event> {
        let failed = || Event::Failed(Failure::ours("odd", "it failed"));
        Some(match self {
            Self::TakeFunction | Self::Settle(_) | Self::SetState | Self::Renew => spawned(0),
            Self::Decide => approval(0),
            Self::Resume => Event::Suspended(Suspended { seq: 0, reason: "a pause".into() }),
            Self::Retry => failed(),
            Self::Delete => Event::Completed(Output { output: text("1") }),
            Self::State => {
                Event::StateSet(StateSet { asked: asked(0, "part"), value: text("[3]") })
            }
            _ => return None,
        })
    }
}

impl Subject {
    pub(crate) async fn new(store: &Arc<Backend>, tenant: &str, verb: Verb) -> Self {
        let mut subject = Self {
            direct: store.clone(),
            grant: grant(tenant),
            ids: Ids::system(),
            runs: Vec::new(),
            lease: None,
            seen: 1,
            number: 1,
        };
        let scope = subject.scope().clone();
        store.register(&scope, &served()).await.unwrap();
        let run = subject.draft(None);
        let started = store.start(&scope, std::slice::from_ref(&run)).await.unwrap();
        assert!(started[0].new);
        if let Some(event) = verb.needs() {
            subject.take_body(store).await;
            let park = Then::Park { waits: "it", wake_ms: None };
            subject.write(store, &[event], park).await.unwrap();
        }
        match verb {
            Verb::Write(_) => subject.take_body(store).await,
            Verb::Settle(_) | Verb::SetState | Verb::Renew => {
                subject.lease = subject.take(store, Queue::Function("f".into()), LONG_MS).await;
            }
            Verb::Start(n) => (0..n).for_each(|_| drop(subject.draft(None))),
            Verb::StartKeyed => drop(subject.draft(Some("key"))),
            Verb::Advance => drop(subject.draft_in(schedule(0).partition())),
            _ => {}
        }
        if matches!(verb, Verb::Write(What::News | What::ParkNews | What::AnewNews)) {
            subject.send(store, &subject.signal(None)).await.unwrap();
        }
        if matches!(verb, Verb::Reschedule | Verb::Unschedule | Verb::Schedules | Verb::Advance) {
            store.schedule(&scope, &Reschedule::Put(&schedule(0))).await.unwrap();
        }
        subject
    }

    fn scope(&self) -> &Scope {
        self.grant.workflow().scope()
    }

    fn draft(&mut self, key: Option<&str>) -> NewRun {
        let run = self.draft_in(7);
        NewRun { key: key.map(ToOwned::to_owned), ..run }
    }

    fn draft_in(&mut self, partition: u8) -> NewRun {
        let id = RunId::new(partition, &self.ids);
        self.runs.push(id.clone());
        self.new_run(id, None)
    }

    fn new_run(&self, id: RunId, key: Option<&str>) -> NewRun {
        NewRun {
            id,
            workflow: "w".to_owned(),
            input: text("null"),
            key: key.map(ToOwned::to_owned),
            user: Some("ann".to_owned()),
            priority: 4,
            timeout_ms: None,
            delay_ms: 0,
            retention_ms: None,
        }
    }

    fn signal(&self, key: Option<&str>) -> Input {
        let key = key.map(ToOwned::to_owned);
        Input::Signal { name: "go".to_owned(), payload: text("[4]"), key }
    }

    async fn look(
        &self,
        store: &Backend,
        queue: Queue,
        lease_ms: u64,
    ) -> Result<Taken, StoreError> {
        let nonce = self.ids.next().to_string();
        let queues = [(queue, 1)];
        let take = Take { worker: "me", nonce: &nonce, lease_ms, queues: &queues };
        store.take(self.scope(), self.runs[0].partition(), &take).await
    }

    async fn take(&self, store: &Backend, queue: Queue, lease_ms: u64) -> Option<Lease> {
        match self.look(store, queue, lease_ms).await.unwrap().work.pop()? {
            Work::Body { lease, .. } => Some(lease),
            Work::Function(task) => Some(task.lease),
        }
    }

    async fn take_body(&mut self, store: &Backend) {
        self.lease = self.take(store, bodies(), LONG_MS).await;
    }

    async fn write(
        &self,
        store: &Backend,
        events: &[Event],
        then: Then<'_>,
    ) -> Result<String, StoreError> {
        let lease = self.lease.as_ref().unwrap();
        let seen_ms =
            satama_tests::seen_ms(&self.direct, self.scope(), &lease.run, self.seen).await;
        let write = Write { number: self.number, seen: self.seen, seen_ms, events, then };
        let written = store.write(self.scope(), lease, &write).await?;
        // Also who asks again is told when it was.
        let stamp = format!("{} ", written.at_ms);
        let history = self.direct.history(self.scope(), &self.runs[0], 0, u32::MAX).await?;
        // What is not done for there are news was written at no time.
        let is_stamped = history.last().unwrap().starts_with(&stamp) || !written.released;
        Ok(format!("{written:?}, {is_stamped}"))
    }

    async fn send(&self, store: &Backend, input: &Input) -> Result<String, StoreError> {
        said(store.send(self.scope(), &self.runs[0], Some("w"), input).await)
    }

    /// What there is of all runs, without times.
    pub(crate) async fn histories(&self) -> Vec<String> {
        let mut all = Vec::new();
        for run in &self.runs {
            for entry in self.direct.history(self.scope(), run, 0, u32::MAX).await.unwrap() {
                all.push(self.plain(entry.split_once(' ').unwrap().1));
            }
        }
        all
    }

    /// A text without ids, times and tokens.
    pub(crate) fn plain(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (at, run) in self.runs.iter().enumerate() {
            text = text.replace(run.as_str(), &format!("run {at}"));
        }
        let word = |word: &str| if word.len() > 12 { "#".to_owned() } else { word.to_owned() };
        let is_word = |c: char| c.is_ascii_hexdigit();
        let (mut plain, mut digits) = (String::new(), String::new());
        for c in text.chars() {
            if is_word(c) {
                digits.push(c);
                continue;
            }
            plain += &word(&std::mem::take(&mut digits));
            plain.push(c);
        }
        plain + &word(&digits)
    }

    /// Calls it, and says what it answered.
    pub(crate) async fn call(&self, store: &Backend, verb: Verb) -> Result<String, StoreError> {
        let (scope, run) = (self.scope(), &self.runs[0]);
        let drafts = || self.runs[1..].iter().map(|id| self.new_run(id.clone(), None));
        match verb {
            Verb::Start(_) => said(store.start(scope, &drafts().collect::<Vec<_>>()).await),
            Verb::StartKeyed => {
                said(store.start(scope, &[self.new_run(self.runs[1].clone(), Some("key"))]).await)
            }
            Verb::TakeBody => took(self.look(store, bodies(), 1).await),
            Verb::TakeFunction => took(self.look(store, Queue::Function("f".into()), 1).await),
            Verb::Write(what) => self.write_what(store, what).await,
            Verb::Settle(end) => {
                said(store.settle(scope, self.lease.as_ref().unwrap(), &settled(end)).await)
            }
            Verb::Renew => {
                let lease = self.lease.clone().unwrap();
                let other = Lease { token: "other".to_owned(), ..lease.clone() };
                said(store.renew(scope, run.partition(), &[lease, other], LONG_MS).await)
            }
            Verb::SetState => {
                let lease = self.lease.as_ref().unwrap();
                said(store.set_state(scope, lease, "part", "[5]").await)
            }
            Verb::State => said(store.state(scope, run, "part").await),
            Verb::Register => said(store.register(scope, &served()).await),
            Verb::Signal => self.send(store, &self.signal(None)).await,
            Verb::SignalKeyed => self.send(store, &self.signal(Some("key"))).await,
            Verb::Decide => {
                let (name, decision) = ("pay".to_owned(), text(r#"{"approved":true}"#));
                self.send(store, &Input::Decide { name, decision }).await
            }
            Verb::Resume => self.send(store, &Input::Resume).await,
            Verb::Cancel | Verb::Force => {
                let force = verb == Verb::Force;
                self.send(store, &Input::Cancel { reason: "no more".to_owned(), force }).await
            }
            Verb::Retry => {
                self.send(store, &Input::Retry { seq: 0, events: 2, cancelling: false }).await
            }
            _ => self.see(store, verb).await,
        }
    }

    /// As [`Self::call`], of what is seen and kept beside runs.
    async fn see(&self, store: &Backend, verb: Verb) -> Result<String, StoreError> {
        let (scope, run) = (self.scope(), &self.runs[0]);
        match verb {
            Verb::Get => said(store.get(scope, std::slice::from_ref(run)).await),
            Verb::History => said(store.history(scope, run, 0, 100).await),
            Verb::List => {
                let (workflows, until_ms) = (&["w".to_owned()][..], u64::MAX >> 12);
                let (user, status, after) = (None, None, None);
                let list = List { workflows, status, user, since_ms: 0, until_ms, after };
                said(store.list(scope, &list, 10).await)
            }
            Verb::Delete => said(store.delete(scope, run, Some("w")).await),
            Verb::Versions => said(store.versions(scope).await),
            Verb::SetVersion => {
                let status = VersionStatus::Declined;
                said(store.set_version(scope, "w", digest(), status).await)
            }
            Verb::Schedule | Verb::Reschedule => {
                self.change(store, Reschedule::Put(&schedule(LONG_MS))).await
            }
            Verb::Unschedule => {
                self.change(store, Reschedule::End { workflow: "w", name: "s" }).await
            }
            Verb::Schedules => self.change(store, Reschedule::List { due: false }).await,
            Verb::Advance => {
                let run = &self.new_run(self.runs[1].clone(), None);
                let (schedule, then_ms) = (&schedule(0), LONG_MS);
                let advance = Reschedule::Advance { schedule, then_ms, run };
                self.change(store, advance).await
            }
            other => unreachable!("{other:?} is not seen"),
        }
    }

    async fn change(&self, store: &Backend, change: Reschedule<'_>) -> Result<String, StoreError> {
        said(store.schedule(self.scope(), &change).await)
    }

    async fn write_what(&self, store: &Backend, what: What) -> Result<String, StoreError> {
        let park = Then::Park { waits: "it", wake_ms: Some(LONG_MS) };
        let (events, then) = match what {
            What::Keep | What::News => (vec![step(0)], Then::Keep),
            What::Park | What::ParkNews => (vec![step(0)], park),
            What::Again => {
                let failed = Event::BodyFailed(Failure::ours("trapped", "it did"));
                (vec![failed], Then::Again { after_ms: LONG_MS })
            }
            What::Much => (self.much(), park),
            What::End => (vec![Event::Completed(Output { output: text("1") })], Then::Keep),
            What::Anew | What::AnewNews => {
                let started = Event::Started(Started { input: text("[6]"), generation: 1 });
                let continued = Event::Continued(Output { output: text("[6]") });
                (vec![continued, started], Then::Keep)
            }
        };
        self.write(store, &events, then).await
    }

    fn much(&self) -> Vec<Event> {
        let child = RunId::new(7, &self.ids).to_string();
        let (asked_for, when) = (asked(4, "wait"), When::AfterMs(LONG_MS));
        vec![
            step(0),
            spawned(1),
            approval(2),
            Event::ChildStarted(ChildStarted {
                asked: asked(3, "child"),
                workflow: "v".to_owned(),
                run: child,
                input: text("1"),
                timeout_ms: None,
                priority: None,
            }),
            Event::TimerSet(TimerSet { asked: asked_for, when }),
            Event::StateSet(StateSet { asked: asked(5, "part"), value: text("[7]") }),
        ]
    }
}

fn bodies() -> Queue {
    Queue::Bodies("w".to_owned(), digest())
}

fn said<T: std::fmt::Debug>(answer: Result<T, StoreError>) -> Result<String, StoreError> {
    answer.map(|answer| format!("{answer:?}"))
}

/// How much was taken: who has it, and as of when, differs.
fn took(answer: Result<Taken, StoreError>) -> Result<String, StoreError> {
    answer.map(|taken| format!("{} taken", taken.work.len()))
}
