//! A small model of workers, a store and what goes wrong between them, of which every state is
//! looked at.
//!
//! Histories are folded by the real `State`, bodies answered by the real `Replay`; what the
//! scripts do is written down once more in `store.rs`, script by script. Messages are lost, late
//! or repeated, workers crash or are slow, leases and timers run out whenever they like, and a
//! store may forget its last change.

mod body;
mod entry;
mod store;
mod tests;
mod truth;

use stateright::{Model, Property};

use self::body::{Asks, Code, Memory, Op};
use self::store::{Store, Write};

/// What is left out of the code, so that the model is seen to need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    None,
    /// A write does not need the run's lease, nor a function's end the function's.
    NoTokenCheck,
    /// A write does not need the next number.
    NoNumberCheck,
    /// A write may come from a worker that has seen what the store has forgotten.
    NoSeenCheck,
    /// A body is let go whatever it has not heard.
    NoNewsCheck,
    /// A signal is taken again.
    NoSignalKeys,
    /// A timer that has fired is still due.
    TimerStays,
    /// A body whose worker is lost is not put into its queue.
    LostUntold,
    /// A store that forgets a lease gives its token again.
    CountedTokens,
}

/// What may go wrong, and how often.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Left {
    /// Workers that lose what they have, leases that run out, replies that are lost, so that what
    /// was asked is asked again, and requests that come after they were made again.
    faults: u8,
    /// Changes that the store forgets.
    forgotten: u8,
    /// Signals that are sent, all with one key.
    signals: u8,
    /// Cancels.
    cancels: u8,
}

/// Some workers, and one run.
#[derive(Debug, Clone)]
struct Runs {
    code: Code,
    workers: usize,
    left: Left,
    flaw: Flaw,
}

/// All there is at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    store: Store,
    /// It as it was before its last change, while it may forget one.
    before: Option<Box<Store>>,
    /// In no order: they are all alike.
    workers: Vec<Worker>,
    /// Requests that are on their way, though who made them knows nothing of it any more.
    late: Vec<Request>,
    /// Leases that were given.
    leases: u8,
    left: Left,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Worker {
    Idle,
    Body {
        memory: Memory,
        /// Its next write.
        number: u8,
        /// Whether that was asked for and not answered, and whether to be let go.
        pending: Option<bool>,
    },
    Function {
        token: u8,
        seq: u32,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Request {
    Write(Write),
    Settle(u32, u8),
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Answered,
    /// It was done, and the worker does not know.
    ReplyLost,
    /// It is still on its way, and the worker asks again.
    Late,
}

/// What may happen next. Workers are named by their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Take(usize),
    TakeFunction(usize, u32),
    /// A body writes what it has come to; if it waits, it may ask to be let go.
    Write {
        worker: usize,
        park: bool,
        wire: Wire,
    },
    Settle(usize, Wire),
    /// A body that waits reads what the history has more.
    Hear(usize),
    Crash(usize),
    /// A request that is late comes.
    Come,
    LeaseEnds,
    FunctionLeaseEnds(u32),
    TimerFires(u32),
    Signal,
    Cancel {
        force: bool,
    },
    /// The store is what it was before its last change.
    Forget,
}

impl Model for Runs {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        vec![World {
            store: Store::start(),
            before: None,
            workers: vec![Worker::Idle; self.workers],
            late: Vec::new(),
            leases: 0,
            left: self.left,
        }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let (store, left) = (&world.store, world.left);
        for (at, worker) in world.workers.iter().enumerate() {
            // They are all alike: the first that is idle may stand for all.
            if *worker == Worker::Idle {
                if !world.workers[..at].contains(&Worker::Idle) {
                    actions.extend(store.queued.then_some(Action::Take(at)));
                    let queued = store.functions.iter().filter(|function| function.queued);
                    actions.extend(queued.map(|function| Action::TakeFunction(at, function.seq)));
                }
                continue;
            }
            self.work(world, at, worker, actions);
        }
        if !world.late.is_empty() {
            actions.push(Action::Come);
        }
        if left.faults > 0 {
            actions.extend(store.leased.then_some(Action::LeaseEnds));
            let held = store.functions.iter().filter(|function| function.token != 0);
            actions.extend(held.map(|function| Action::FunctionLeaseEnds(function.seq)));
        }
        actions.extend(store.timers.iter().map(|seq| Action::TimerFires(*seq)));
        if left.signals > 0 && !store.is_over() {
            actions.push(Action::Signal);
        }
        if left.cancels > 0 && !store.is_over() {
            actions.extend([false, true].map(|force| Action::Cancel { force }));
        }
        if left.forgotten > 0 && world.before.is_some() {
            actions.push(Action::Forget);
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        self.act(&mut next, action);
        if next.left.forgotten == 0 {
            next.before = None;
        } else if next.store != world.store && action != Action::Forget {
            next.before = Some(Box::new(world.store.clone()));
        }
        next.workers.sort();
        (next != *world).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        truth::properties()
    }
}

impl Runs {
    /// What a worker may do that has something.
    fn work(&self, world: &World, at: usize, worker: &Worker, actions: &mut Vec<Action>) {
        let mut wires = vec![Wire::Answered];
        // Of who has lost its lease nothing comes, however it is lost.
        let holds = world.is_held_by(worker);
        if holds && world.left.faults > 0 {
            actions.push(Action::Crash(at));
            wires.push(Wire::ReplyLost);
            wires.extend(world.late.is_empty().then_some(Wire::Late));
        }
        match worker {
            Worker::Idle => {}
            Worker::Function { .. } => {
                actions.extend(wires.into_iter().map(|wire| Action::Settle(at, wire)));
            }
            Worker::Body { memory, pending, .. } => {
                let parks: &[bool] = match (pending, &memory.place(self.code).asks) {
                    (Some(park), _) => &[*park],
                    (None, Asks::Write(_) | Asks::Break(_)) => &[false],
                    (None, Asks::Wait(unwritten)) if unwritten.is_empty() => &[true],
                    (None, Asks::Wait(_)) => &[false, true],
                };
                for &park in parks {
                    let write = |&wire| Action::Write { worker: at, park, wire };
                    actions.extend(wires.iter().map(write));
                }
                let waits = pending.is_none() && parks == [true];
                if holds && waits && world.store.history.len() > memory.known.len() {
                    actions.push(Action::Hear(at));
                }
            }
        }
    }

    fn act(&self, world: &mut World, action: Action) {
        let flaw = self.flaw;
        match action {
            Action::Take(at) => {
                let token = world.lease(flaw);
                let known = world.store.take(token);
                let memory = Memory::new(token, known);
                world.workers[at] = Worker::Body { memory, number: 1, pending: None };
            }
            Action::TakeFunction(at, seq) => {
                let token = world.lease(flaw);
                world.store.take_function(seq, token);
                world.workers[at] = Worker::Function { token, seq };
            }
            Action::Write { worker, park, wire } => self.write(world, worker, park, wire),
            Action::Settle(at, wire) => {
                let Worker::Function { token, seq } = world.workers[at] else { return };
                world.left.faults -= u8::from(wire != Wire::Answered);
                if wire == Wire::Late {
                    world.late.push(Request::Settle(seq, token));
                    return;
                }
                // What was fenced was done before, or is another's: either way it is over.
                _ = world.store.settle(seq, token, flaw);
                if wire == Wire::Answered {
                    world.workers[at] = Worker::Idle;
                }
            }
            Action::Hear(at) => {
                let Worker::Body { memory, .. } = &mut world.workers[at] else { return };
                let more = world.store.history[memory.known.len()..].to_vec();
                memory.hear(self.code, more);
            }
            Action::Crash(at) => {
                world.left.faults -= 1;
                world.workers[at] = Worker::Idle;
            }
            Action::Come => match world.late.remove(0) {
                Request::Write(write) => _ = world.store.write(&write, flaw),
                Request::Settle(seq, token) => _ = world.store.settle(seq, token, flaw),
            },
            Action::LeaseEnds => {
                world.left.faults -= 1;
                world.store.end_lease(flaw);
            }
            Action::FunctionLeaseEnds(seq) => {
                world.left.faults -= 1;
                world.store.end_function_lease(seq);
            }
            Action::TimerFires(seq) => world.store.fire(seq, flaw),
            Action::Signal => {
                world.left.signals -= 1;
                world.store.signal(1, flaw);
            }
            Action::Cancel { force } => {
                world.left.cancels -= 1;
                world.store.cancel(force);
            }
            Action::Forget => {
                world.left.forgotten -= 1;
                if let Some(before) = world.before.take() {
                    world.store = *before;
                }
            }
        }
    }

    /// `Body::write`.
    fn write(&self, world: &mut World, worker: usize, park: bool, wire: Wire) {
        let Worker::Body { memory, number, pending } = &mut world.workers[worker] else { return };
        let place = memory.place(self.code);
        let (answers, events) = (place.answers, place.asks.events());
        let (token, seen) = (memory.token, memory.known.clone());
        let write = Write { token, number: *number, seen, events, park, answers };
        world.left.faults -= u8::from(wire != Wire::Answered);
        *pending = Some(park);
        if wire == Wire::Late {
            world.late.push(Request::Write(write));
            return;
        }
        let written = world.store.write(&write, self.flaw);
        if wire == Wire::ReplyLost {
            return;
        }
        match written {
            Ok(written) if !written.released => {
                memory.hear(self.code, written.news.into_iter().chain(write.events));
                *number += 1;
                *pending = None;
            }
            _ => world.workers[worker] = Worker::Idle,
        }
    }
}

impl World {
    /// Whether what a worker has is still its own.
    fn is_held_by(&self, worker: &Worker) -> bool {
        match worker {
            Worker::Idle => false,
            Worker::Body { memory, .. } => memory.token == self.store.token,
            Worker::Function { token, .. } => {
                self.store.functions.iter().any(|function| function.token == *token)
            }
        }
    }

    /// A lease that nobody has had.
    fn lease(&mut self, flaw: Flaw) -> u8 {
        self.leases += 1;
        if flaw == Flaw::CountedTokens { self.store.given + 1 } else { self.leases }
    }
}

/// A signal or a timer, whichever is first, and a step.
const RACE: Code = &[Op::Timer, Op::Signal, Op::Wait, Op::Step("charge"), Op::Complete];

/// A function.
const CALL: Code = &[Op::Spawn, Op::Wait, Op::Complete];
