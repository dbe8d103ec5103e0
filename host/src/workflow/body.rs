//! A body that is called: what it asks for is answered by its [`Replay`], and what is new is
//! written before it goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::control::Control as _;
use super::log::{
    ApprovalAsked, ChildStarted, Event, Failure, Json, Malformed, Recorded, Signalled, Spawned,
    Started,
};
use super::replay::{Begun, Ending, Replay, Stop};
use super::state::{IllegalEvent, Settled, State};
use super::store::{Backend, CHANGES, Head, Lease, Store as _, StoreError, Then, Write};
use super::world::World;
use super::{Attempt, Error, HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX, RunId, StepOptions};
use crate::grant::Scope;
use crate::ids::Ids;

/// Pause before a write is tried again whose answer was lost, at first and at most. It may be
/// repeated: the store knows it by its number.
const AGAIN_MIN: Duration = Duration::from_millis(20);
const AGAIN_MAX: Duration = Duration::from_secs(1);

/// For how long: by then the lease has run out.
const AGAIN_FOR: Duration = Duration::from_secs(30);

/// What an entry of a history has before its event.
const STAMP_BYTES: usize = "1767225600000 ".len();

/// What a body is made of.
#[derive(Debug)]
pub struct Parts {
    /// What keeps its run.
    pub store: Arc<Backend>,
    /// Where.
    pub scope: Scope,
    /// The right to write.
    pub lease: Lease,
    /// What is known of the run.
    pub head: Head,
    /// Its history.
    pub entries: Vec<String>,
    /// The store's time, in milliseconds since 1970.
    pub now_ms: u64,
    /// What the run is told meanwhile.
    pub inbox: mpsc::UnboundedReceiver<News>,
    /// How long it stays in memory while it waits.
    pub warm: Duration,
    /// How long the code between two calls may take, and a step that has no timeout.
    pub wall: Duration,
    /// Whether the host is to stop: then it begins no step, and does not wait.
    pub draining: Arc<AtomicBool>,
    /// Randomness that needs not be the same again.
    pub ids: Ids,
}

/// Something that a run was told.
#[derive(Debug, Clone)]
pub enum News {
    /// The history has become this long, and this is its last entry.
    Entry(u32, String),
    /// There may be something.
    Look,
    /// Room is needed: it is not to stay in memory while it waits.
    Hurry,
}

/// A body that is called.
#[derive(Debug)]
pub struct Body {
    store: Arc<Backend>,
    scope: Scope,
    lease: Lease,
    head: Head,
    replay: Replay,
    world: World,
    inbox: mpsc::UnboundedReceiver<News>,
    /// Writes under this lease.
    written: u64,
    warm: Duration,
    wall: Duration,
    /// The store's time at some moment here.
    clock: (u64, Instant),
    deadline: watch::Sender<Option<Instant>>,
    exit: Option<Exit>,
    draining: Arc<AtomicBool>,
    ids: Ids,
}

/// Why a body is no longer called.
#[derive(Debug)]
pub enum Exit {
    /// It waits; the lease was given up.
    Parked,
    /// It has come to its end, or goes on as new.
    Ended,
    /// It goes on after a while.
    Again,
    /// The run is another worker's.
    Fenced,
    /// The store has not answered for long.
    Unavailable(StoreError),
    /// Its run can't go on, for this reason, which is to be recorded.
    Broken(Failure),
}

impl Body {
    /// A body, to be called; or why it can't be.
    pub fn new(parts: Parts) -> Result<Self, (Lease, Failure)> {
        let run = parts.head.id.to_string();
        let broken = |err: &dyn std::error::Error| {
            (parts.lease.clone(), Failure::ours("malformed-history", crate::error::chain(err)))
        };
        let recorded = read(&parts.entries, 0).map_err(|err| broken(&err))?;
        let state = State::fold(&recorded).map_err(|err| broken(&err))?;
        let generation = state.started().map_or(0, |(started, _)| started.generation);
        let world = World::new(&run, generation, parts.ids.clone());
        let body = Self {
            store: parts.store,
            scope: parts.scope,
            lease: parts.lease,
            head: parts.head,
            replay: Replay::new(&run, state),
            world,
            inbox: parts.inbox,
            written: 0,
            warm: parts.warm,
            wall: parts.wall,
            clock: (parts.now_ms, Instant::now()),
            deadline: watch::Sender::new(None),
            exit: None,
            draining: parts.draining,
            ids: parts.ids,
        };
        body.look();
        Ok(body)
    }

    /// What it is given.
    pub fn input(&self) -> String {
        let started = self.replay.state().started();
        started.map_or_else(|| "null".to_owned(), |(started, _)| started.input.get().to_owned())
    }

    /// What is known of the run.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The body's answers.
    pub fn replay(&self) -> &Replay {
        &self.replay
    }

    /// What it sees of the machine.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// By when the code that runs now has to call again; it changes with each call.
    pub fn deadline(&self) -> watch::Receiver<Option<Instant>> {
        self.deadline.subscribe()
    }

    /// Its code begins to run.
    pub fn start_clock(&self) {
        self.leave();
    }

    /// Why it is no longer called.
    pub fn take_exit(&mut self) -> Option<Exit> {
        self.exit.take()
    }

    /// See `random` and `uuid` in the WIT.
    pub fn random(&mut self) -> [u8; 16] {
        self.replay.random()
    }

    /// See `begin` in the WIT.
    pub async fn begin(&mut self, name: &str, options: &StepOptions) -> Result<Begun, Error> {
        self.enter();
        let begun = self.replay.begin(name, options);
        let begun = match self.answered(begun)? {
            Begun::NotBefore(due) => Begun::Execute(self.next_attempt(due).await?),
            Begun::Execute(_) if self.draining.load(Ordering::Relaxed) => {
                return Err(self.let_go(Duration::ZERO).await);
            }
            begun => begun,
        };
        if matches!(begun, Begun::Execute(_)) {
            // What the step does may go on what was asked for before: keep to that order.
            self.enter_step(options);
        } else {
            self.leave();
        }
        Ok(begun)
    }

    /// See `finish` in the WIT. The next attempt, if there is one.
    pub async fn finish(&mut self, end: Result<Json, Failure>) -> Result<Option<Attempt>, Error> {
        self.enter();
        let jitter = u64::from_ne_bytes(self.ids.next().0);
        let options = self.replay.step().map(|step| step.options().clone());
        let again = self.replay.finish(end, jitter);
        let again = self.answered(again)?;
        self.world.set_in_step(false);
        self.write(Then::Keep).await?;
        self.replay.finished();
        self.look();
        if !again {
            self.leave();
            return Ok(None);
        }
        let due = self.replay.again_at().unwrap_or(0);
        let attempt = self.next_attempt(due).await?;
        self.enter_step(&options.unwrap_or_default());
        Ok(Some(attempt))
    }

    /// Waits for the time of the open step's next attempt.
    async fn next_attempt(&mut self, due: u64) -> Result<Attempt, Error> {
        loop {
            if self.replay.abandon() {
                self.look();
                self.leave();
                return Err(Error::Cancelled);
            }
            if self.now_ms() >= due {
                break;
            }
            self.pause(Some(due), "the next attempt of a step").await?;
        }
        self.replay.open_attempt().ok_or(Error::Misplaced("no step is open"))
    }

    /// See `spawn` in the WIT.
    pub fn spawn(&mut self, new: Spawned) -> Result<u32, Error> {
        let ticket = self.replay.spawn(new);
        self.answered(ticket)
    }

    /// See `child` in the WIT. The child is in its parent's partition.
    pub fn child(&mut self, mut new: ChildStarted) -> Result<u32, Error> {
        new.run = RunId::new(self.head.id.partition(), &self.ids).to_string();
        let ticket = self.replay.child(new);
        self.answered(ticket)
    }

    /// See `timer` and `timer-at` in the WIT.
    pub fn timer(&mut self, name: &str, when: super::log::When) -> Result<u32, Error> {
        let ticket = self.replay.timer(name, when);
        self.answered(ticket)
    }

    /// See `signal` in the WIT.
    pub fn signal(&mut self, name: &str) -> Result<u32, Error> {
        let ticket = self.replay.signal(name);
        self.answered(ticket)
    }

    /// See `approval` in the WIT.
    pub fn approval(&mut self, new: ApprovalAsked) -> Result<u32, Error> {
        let ticket = self.replay.approval(new);
        self.answered(ticket)
    }

    /// See `suspend` in the WIT.
    pub async fn suspend(&mut self, reason: &str) -> Result<(), Error> {
        let ticket = self.replay.suspend(reason);
        let ticket = self.answered(ticket)?;
        self.wait(ticket).await.map(drop)
    }

    /// See `wait` in the WIT.
    pub async fn wait(&mut self, ticket: u32) -> Result<Settled, Error> {
        loop {
            let settled = self.replay.wait(ticket);
            if let Some(settled) = self.answered(settled)? {
                return Ok(settled);
            }
            self.pause_for(&[ticket]).await?;
        }
    }

    /// See `wait-any` in the WIT.
    pub async fn wait_any(&mut self, tickets: &[u32]) -> Result<u32, Error> {
        if tickets.is_empty() {
            return Err(Error::Misplaced("there is nothing to wait for"));
        }
        loop {
            let first = self.replay.wait_any(tickets);
            if let Some(first) = self.answered(first)? {
                return Ok(first);
            }
            self.pause_for(tickets).await?;
        }
    }

    /// See `wait-all` in the WIT.
    pub async fn wait_all(&mut self, tickets: &[u32]) -> Result<(), Error> {
        loop {
            let all = self.replay.wait_all(tickets);
            if self.answered(all)? {
                return Ok(());
            }
            self.pause_for(tickets).await?;
        }
    }

    /// See `set-state` in the WIT.
    pub fn set_state(&mut self, name: &str, value: Json) -> Result<(), Error> {
        let set = self.replay.set_state(name, value);
        self.answered(set)
    }

    /// See `get-state` in the WIT. What was set before is written first, and what was read after.
    pub async fn get_state(&mut self, name: &str) -> Result<Option<String>, Error> {
        let read = self.replay.get_state(name);
        if let Some(read) = self.answered(read)? {
            return Ok(read.map(|value| value.get().to_owned()));
        }
        self.enter();
        if self.replay.has_unwritten() {
            self.write(Then::Keep).await?;
        }
        let mut patience = Patience::new();
        let value = loop {
            match self.store.state(&self.scope, &self.head.id, name).await {
                Ok(value) => break value,
                Err(err) => patience.after(err).await.map_err(|err| self.lose(err))?,
            }
        };
        self.replay.read_state(name, value.clone().and_then(super::log::json));
        self.write(Then::Keep).await?;
        self.replay.finished();
        self.look();
        self.leave();
        Ok(value)
    }

    /// The body has returned. True if that is recorded.
    pub async fn end(&mut self, ending: Ending) -> bool {
        if self.replay.step().is_some() {
            // It would do so again each time that it is called.
            return self.fail(Failure::ours("misplaced", "it returned within a step")).await;
        }
        let done = loop {
            let ended = self.replay.end(ending.clone());
            let ended = self.answered(ended);
            if ended.is_err() {
                break ended;
            }
            if let Ending::Continued(input) = &ending {
                let next = self.next_generation(input);
                self.replay.push(next);
            }
            match self.write(Then::Keep).await {
                // Something came that is to be carried over.
                Ok(false) if matches!(ending, Ending::Continued(_)) => {}
                done => break done.map(drop),
            }
        };
        if done.is_ok() {
            self.exit = Some(Exit::Ended);
        }
        done.is_ok()
    }

    /// What a new history begins with: the signals that were not taken, and a cancel, go with it.
    fn next_generation(&self, input: &Json) -> Vec<Event> {
        let state = self.replay.state();
        let generation = state.started().map_or(0, |(started, _)| started.generation) + 1;
        let mut next = vec![Event::Started(Started { input: input.clone(), generation })];
        let mut signals: Vec<_> = state
            .all_signals()
            .flat_map(|(name, came)| {
                let left = came.iter().skip(self.replay.signals_taken(name));
                left.map(move |(payload, mark)| (mark.events, name, payload))
            })
            .collect();
        signals.sort_by_key(|(at, _, _)| *at);
        next.extend(signals.into_iter().map(|(_, name, payload)| {
            Event::Signalled(Signalled { name: name.to_owned(), payload: payload.clone() })
        }));
        // Also one that the body was told of: whoever continues is told again.
        next.extend(state.cancel().map(|cancel| Event::CancelAsked(cancel.asked.clone())));
        next
    }

    /// How the last call went wrong that the run knows of.
    pub fn failures(&self) -> u32 {
        self.head.failures
    }

    /// The body has failed, and is to be called again after a while.
    pub async fn again(&mut self, failure: Failure, after: Duration) {
        self.replay.take_unwritten();
        self.replay.push(vec![Event::BodyFailed(failure)]);
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        if self.write(Then::Again { after_ms }).await.is_ok() {
            self.exit = Some(Exit::Again);
        }
    }

    /// The open step has taken too long, and was ended.
    pub async fn time_out_step(&mut self) {
        let failure = Failure {
            retry: true,
            ..Failure::ours("timeout", "the attempt took longer than it may")
        };
        let jitter = u64::from_ne_bytes(self.ids.next().0);
        self.world.set_in_step(false);
        if self.replay.finish(Err(failure), jitter).is_err() {
            return;
        }
        // With news the lease is kept, and the next try gives it up.
        let wake_ms = Some(self.replay.unwritten_again_ms().unwrap_or(0));
        let then = Then::Park { waits: "the next attempt of a step", wake_ms };
        let released = loop {
            match self.write(then).await {
                Ok(false) => {}
                done => break done,
            }
        };
        if released.is_ok() {
            self.exit = Some(Exit::Parked);
        }
    }

    /// Its run fails, for a reason that is the host's to say.
    pub async fn fail(&mut self, failure: Failure) -> bool {
        self.replay.take_unwritten();
        self.replay.push(vec![Event::Failed(failure)]);
        let done = self.write(Then::Keep).await;
        if done.is_ok() {
            self.exit = Some(Exit::Ended);
        }
        done.is_ok()
    }

    /// Writes what is unwritten. True if the lease was given up.
    async fn write(&mut self, then: Then<'_>) -> Result<bool, Error> {
        let events = self.replay.take_unwritten();
        self.written += 1;
        let seen = self.replay.state().last().events;
        let write = Write { number: self.written, seen, events: &events, then };
        tracing::trace!(target: CHANGES, "before a write");
        let mut patience = Patience::new();
        let written = loop {
            match self.store.write(&self.scope, &self.lease, &write).await {
                Ok(written) => break written,
                Err(err) => patience.after(err).await.map_err(|err| self.lose(err))?,
            }
        };
        tracing::trace!(target: CHANGES, "after a write");
        self.clock = (written.at_ms.max(self.now_ms()), Instant::now());
        self.hear(&written.news, seen)?;
        if matches!(events.first(), Some(Event::Continued(_))) {
            // It was not done if there were news; and if it was, this history is no more.
            return Ok(written.released);
        }
        for event in events {
            let bytes = event.encode().len() + STAMP_BYTES;
            self.record(&Recorded { at_ms: written.at_ms, event, bytes })?;
        }
        let last = self.replay.state().last();
        let full = last.events > HISTORY_EVENTS_MAX || last.bytes > HISTORY_BYTES_MAX;
        if full && !written.released {
            let why = "its history is over its limit; continue as new before";
            return Err(self.break_off(Failure::ours("history-full", why)));
        }
        Ok(written.released)
    }

    /// Waits for one of these, or until the run is told something. Ends the body if that takes
    /// longer than it is kept for.
    async fn pause_for(&mut self, tickets: &[u32]) -> Result<(), Error> {
        let waits = self.replay.waits(tickets);
        let soonest = self.replay.soonest(tickets, self.now_ms());
        self.enter();
        let warm = u64::try_from(self.warm.as_millis()).unwrap_or(u64::MAX);
        if self.replay.has_unwritten() && soonest.is_none_or(|ms| ms <= warm) {
            self.write(Then::Keep).await?;
        } else if soonest.is_none_or(|ms| ms <= warm) {
            self.pause(None, &waits).await?;
        } else {
            self.park(&waits, None).await?;
        }
        self.leave();
        Ok(())
    }

    /// Waits until `due`, or until the run is told something, or until it is let go.
    async fn pause(&mut self, due: Option<u64>, waits: &str) -> Result<(), Error> {
        self.enter();
        let left = due.map(|due| Duration::from_millis(due.saturating_sub(self.now_ms())));
        if left.is_none_or(|left| left <= self.warm) {
            let until = Instant::now() + left.unwrap_or(self.warm);
            match tokio::time::timeout_at(until, self.inbox.recv()).await {
                Ok(Some(News::Entry(length, entry))) => return self.hear_one(length, &entry).await,
                Ok(Some(News::Look)) => return self.read_on().await,
                Ok(Some(News::Hurry)) => self.warm = Duration::ZERO,
                // The worker has ended.
                Ok(None) => self.warm = Duration::ZERO,
                Err(_) if left.is_some() => return Ok(()),
                Err(_) => {}
            }
        }
        self.park(waits, left).await
    }

    /// Lets the body go, to be called again after a while, whatever there is for it.
    pub async fn let_go(&mut self, after: Duration) -> Error {
        // With news the lease is kept, and the next try gives it up.
        loop {
            if let Err(ended) = self.park("a worker", Some(after)).await {
                return ended;
            }
        }
    }

    /// Lets the body go, unless there is something for it.
    async fn park(&mut self, waits: &str, wake: Option<Duration>) -> Result<(), Error> {
        let wake_ms = wake.map(|wake| u64::try_from(wake.as_millis()).unwrap_or(u64::MAX));
        if self.write(Then::Park { waits, wake_ms }).await? {
            self.exit = Some(Exit::Parked);
            return Err(Error::Ended);
        }
        Ok(())
    }

    /// The run was told something.
    async fn hear_one(&mut self, length: u32, entry: &str) -> Result<(), Error> {
        let has = self.replay.state().last().events;
        if length == has + 1 {
            self.hear(&[entry.to_owned()], has)
        } else if length > has {
            self.read_on().await
        } else {
            Ok(())
        }
    }

    /// Reads what the history has more.
    async fn read_on(&mut self) -> Result<(), Error> {
        let has = self.replay.state().last().events;
        let mut patience = Patience::new();
        let more = loop {
            let run = &self.head.id;
            match self.store.history(&self.scope, run, has, HISTORY_EVENTS_MAX).await {
                Ok(more) => break more,
                Err(err) => patience.after(err).await.map_err(|err| self.lose(err))?,
            }
        };
        self.hear(&more, has)
    }

    fn hear(&mut self, entries: &[String], from: u32) -> Result<(), Error> {
        match read(entries, from) {
            Ok(news) => news.iter().try_for_each(|recorded| self.record(recorded)),
            Err(err) => Err(self.malformed(&err)),
        }
    }

    fn record(&mut self, recorded: &Recorded) -> Result<(), Error> {
        let done = self.replay.record(recorded);
        done.map_err(|err: IllegalEvent| self.malformed(&err))
    }

    fn malformed(&mut self, err: &dyn std::error::Error) -> Error {
        self.break_off(Failure::ours("malformed-history", crate::error::chain(err)))
    }

    /// The answer, with what the body has seen by it; or the end of the body.
    fn answered<T>(&mut self, answer: Result<T, Stop>) -> Result<T, Error> {
        self.look();
        answer.map_err(|stop| match stop {
            Stop::Refused(err) => {
                self.leave();
                err
            }
            Stop::Diverged(diverged) => {
                self.break_off(Failure::ours("diverged", diverged.to_string()))
            }
        })
    }

    /// The run can't go on.
    fn break_off(&mut self, failure: Failure) -> Error {
        self.exit = Some(Exit::Broken(failure));
        Error::Ended
    }

    /// The store does not let it go on.
    fn lose(&mut self, err: StoreError) -> Error {
        self.exit = Some(match err {
            StoreError::Fenced => Exit::Fenced,
            err => Exit::Unavailable(err),
        });
        Error::Ended
    }

    /// The world's time is that of what the body has seen.
    fn look(&self) {
        self.world.set_now(self.replay.seen().at_ms);
    }

    /// The store's time, as far as is known here.
    fn now_ms(&self) -> u64 {
        let (at, since) = self.clock;
        at.saturating_add(u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// The host works for the body: its own time stands still.
    fn enter(&self) {
        self.deadline.send_replace(None);
    }

    /// The body's code goes on.
    fn leave(&self) {
        self.deadline.send_replace(Some(Instant::now() + self.wall));
    }

    /// The code of a step runs.
    fn enter_step(&self, options: &StepOptions) {
        self.world.set_in_step(true);
        let limit = options.timeout_ms.map_or(self.wall, Duration::from_millis);
        self.deadline.send_replace(Some(Instant::now() + limit));
    }
}

/// Asks a store again while it does not answer: for as long as a lease may still be held. What
/// is asked must be safe to repeat.
#[derive(Debug)]
pub(crate) struct Patience {
    since: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), pause: AGAIN_MIN }
    }

    /// Waits a little, or gives up.
    pub(crate) async fn after(&mut self, err: StoreError) -> Result<(), StoreError> {
        if !matches!(err, StoreError::Unavailable(_)) || self.since.elapsed() > AGAIN_FOR {
            return Err(err);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(AGAIN_MAX);
        Ok(())
    }
}

/// Entries of a history, from one on.
fn read(entries: &[String], from: u32) -> Result<Vec<Recorded>, Malformed> {
    (from..).zip(entries).map(|(index, entry)| Recorded::decode(index, entry)).collect()
}
