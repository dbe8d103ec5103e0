//! A body that is called: what it asks for is answered by its [`Replay`], and what is new is
//! written before it goes on.

mod ask;
mod end;
mod patience;
mod write;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

pub(crate) use self::patience::Patience;
use super::log::{Failure, Malformed, Recorded};
use super::replay::{Replay, Stop};
use super::state::State;
use super::store::{Backend, StoreError};
use super::world::World;
use super::{Error, StepOptions};
use super::{Head, Lease};
use crate::grant::Scope;
use crate::ids::Ids;

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
    /// Whether nothing is to be done but to see what the body does with what is recorded.
    pub offline: bool,
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
    /// Whether it has read what it was told between when it was taken and when it could hear.
    caught_up: bool,
    /// Writes under this lease.
    written: u64,
    warm: Duration,
    wall: Duration,
    /// When the last event was recorded, as its entry has it.
    last_ms: u64,
    /// The store's time at some moment here.
    clock: (u64, Instant),
    deadline: watch::Sender<Option<Instant>>,
    exit: Option<Exit>,
    draining: Arc<AtomicBool>,
    offline: bool,
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
    /// It did all that is recorded, and would go on from there.
    WouldGoOn,
    /// The store has not answered for long.
    Unavailable(StoreError),
    /// Its run can't go on, for this reason, which is to be recorded.
    Broken(Failure),
}

impl Body {
    /// A body, to be called; or why it can't be.
    pub fn new(parts: Parts) -> Result<Self, Box<(Lease, Failure)>> {
        let run = parts.head.id.to_string();
        let broken = |err: &dyn std::error::Error| {
            let failure = Failure::ours("malformed-history", crate::error::chain(err));
            Box::new((parts.lease.clone(), failure))
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
            caught_up: false,
            written: 0,
            warm: parts.warm,
            wall: parts.wall,
            last_ms: recorded.last().map_or(0, |last| last.at_ms),
            clock: (parts.now_ms, Instant::now()),
            deadline: watch::Sender::new(None),
            exit: None,
            draining: parts.draining,
            offline: parts.offline,
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

    /// How the last call went wrong that the run knows of.
    pub fn failures(&self) -> u32 {
        self.head.failures
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
            Stop::Full => self.full(),
        })
    }

    /// All that is recorded was done, and no more is to be.
    fn would_go_on(&mut self) -> Error {
        self.exit = Some(Exit::WouldGoOn);
        Error::Ended
    }

    /// The run can't go on, for its history has no room.
    fn full(&mut self) -> Error {
        let why = "its history is over its limit; continue as new before";
        self.break_off(Failure::ours("history-full", why))
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
        self.world.set_now(self.replay.seen().at_ms, self.replay.turn_now());
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

/// Entries of a history, from one on.
fn read(entries: &[String], from: u32) -> Result<Vec<Recorded>, Malformed> {
    (from..).zip(entries).map(|(index, entry)| Recorded::decode(index, entry)).collect()
}
