//! What must be so at every moment.

use std::cell::RefCell;
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use stateright::{Model as _, Property};

use super::body::{Answer, Asks, Memory};
use super::entry::{Entry, fold, is_legal};
use super::{Action, Left, Runs, Wire, Worker, World};
use crate::workflow::Status;
use crate::workflow::state::{End, Phase};

/// Longer than a run takes in which nothing goes wrong.
const CALM: usize = 64;

pub(super) const LEGAL: &str = "a history is one that can be";
pub(super) const FENCED: &str = "who lost its lease writes nothing, and nothing is written twice";
pub(super) const ONCE: &str = "a step has one result, a timer fires once";
pub(super) const SIGNALS: &str = "a signal that was taken is recorded once";
pub(super) const WAKES: &str = "a run goes on, or waits for what will wake it";
pub(super) const ENDS: &str = "if nothing more goes wrong, the run ends";

pub(super) fn properties() -> Vec<Property<Runs>> {
    vec![
        Property::always(LEGAL, |_, world: &World| is_legal(&world.store.history)),
        Property::always(FENCED, |_, world: &World| world.store.said.wrong.is_none()),
        Property::always(ONCE, |_, world: &World| {
            let results = world.store.history.iter().filter_map(result);
            results.clone().count() == results.collect::<HashSet<_>>().len()
        }),
        Property::always(SIGNALS, |_, world: &World| {
            let recorded = |key: u8| {
                let came = world.store.history.iter();
                came.filter(|entry| **entry == Entry::Signalled(key)).count()
            };
            recorded(1) == usize::from(world.store.said.signals.contains(&1))
        }),
        Property::always("a run that has ended does not change", |_, world: &World| {
            let store = &world.store;
            store.said.ended.is_none_or(|events| events == store.history.len())
        }),
        Property::always("the status is that of the history", |_, world: &World| {
            is_status(world.store.status, &world.store.history)
        }),
        Property::always("no run fails", |_, world: &World| world.store.status != Status::Failed),
        Property::always("what a body went by when it wrote, it is told again", is_replayed),
        Property::always(WAKES, will_wake),
        Property::always(ENDS, ends),
        Property::sometimes("a run completes", |_, world: &World| {
            world.store.status == Status::Completed
        }),
        Property::sometimes("a run is cancelled by its body", |_, world: &World| {
            let history = &world.store.history;
            world.store.status == Status::Cancelled
                && history.iter().any(|entry| matches!(entry, Entry::StepDone { name: "undo", .. }))
        }),
        Property::sometimes("a run ends under a body that does not know", |_, world: &World| {
            let has_body = |worker: &Worker| matches!(worker, Worker::Body { .. });
            world.store.is_over() && world.workers.iter().all(has_body)
        }),
    ]
}

/// What may be recorded once.
fn result(entry: &Entry) -> Option<(u8, u32)> {
    match entry {
        Entry::StepDone { seq, .. } => Some((0, *seq)),
        Entry::FunctionDone { seq, .. } => Some((1, *seq)),
        Entry::TimerFired(seq) => Some((2, *seq)),
        _ => None,
    }
}

fn is_status(status: Status, history: &[Entry]) -> bool {
    let Ok(state) = fold(history) else { return false };
    let said = match state.phase() {
        Phase::Ended(End::Completed) => Status::Completed,
        Phase::Ended(End::Cancelled) => Status::Cancelled,
        Phase::Ended(_) => Status::Failed,
        Phase::Suspended(_) => Status::Suspended,
        Phase::New | Phase::Running if state.cancel().is_some() => Status::Cancelling,
        Phase::New | Phase::Running => Status::Running,
    };
    said == status
}

/// A body that is called from its start gets the answers that whoever wrote last had gotten by
/// then: but for the number of the step's lease they come from the record.
fn is_replayed(model: &Runs, world: &World) -> bool {
    let said: &[Answer] = &world.store.said.answers;
    said.is_empty() || answers(model, &world.store.history).starts_with(said)
}

fn answers(model: &Runs, history: &[Entry]) -> Vec<Answer> {
    Memory::new(u8::MAX, history.to_vec()).place(model.code).answers
}

/// What nobody has and what is in no queue has nothing to go on with, and what it waits for will
/// come: a timer is due, a function is done by somebody. A lease that is held runs out.
fn will_wake(model: &Runs, world: &World) -> bool {
    let store = &world.store;
    if store.is_over() {
        return !store.queued && !store.leased && store.timers.is_empty();
    }
    let held = store.functions.iter().all(|function| function.queued != (function.token != 0));
    if !held || store.leased != (store.token != 0) {
        return false;
    }
    if store.leased || store.queued {
        return true;
    }
    let place = Memory::new(u8::MAX, store.history.clone()).place(model.code);
    let Asks::Wait(unwritten) = place.asks else { return false };
    let open = !store.timers.is_empty() || !store.functions.is_empty();
    unwritten.is_empty() && open
}

/// Whether the run comes to its end when every worker does its work, every message comes, and
/// who is lost is found to be. In this model it always can be that a worker is slow for ever:
/// fairness is that it is not.
fn ends(model: &Runs, world: &World) -> bool {
    thread_local! {
        static GOOD: RefCell<HashSet<u64>> = RefCell::default();
    }
    let number = |world: &World| {
        let mut hasher = DefaultHasher::new();
        (world, model.code).hash(&mut hasher);
        hasher.finish()
    };
    let mut world = world.clone();
    world.left = Left { faults: u8::MAX, ..Default::default() };
    world.before = None;
    let mut seen = Vec::new();
    for _ in 0..CALM {
        let is_good = |at: &u64| GOOD.with_borrow(|good| good.contains(at));
        let here = number(&world);
        if world.store.is_over() || is_good(&here) {
            GOOD.with_borrow_mut(|good| good.extend(seen));
            return true;
        }
        seen.push(here);
        let Some(action) = calm(model, &world) else { return false };
        let Some(mut next) = model.next_state(&world, action) else { return false };
        next.left.faults = u8::MAX;
        world = next;
    }
    false
}

/// What happens next if nothing goes wrong: workers first, then what time brings.
fn calm(model: &Runs, world: &World) -> Option<Action> {
    let mut actions = Vec::new();
    model.actions(world, &mut actions);
    let rank = |action: &Action| match action {
        Action::Come => Some(0),
        Action::Write { wire: Wire::Answered, .. } | Action::Settle(_, Wire::Answered) => Some(1),
        Action::Take(_) | Action::TakeFunction(..) => Some(2),
        Action::TimerFires(_) => Some(3),
        // Somebody has it who does not work.
        Action::LeaseEnds | Action::FunctionLeaseEnds(_) => Some(4),
        _ => None,
    };
    let ranked = actions.into_iter().filter_map(|action| Some((rank(&action)?, action)));
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, action)| action)
}
