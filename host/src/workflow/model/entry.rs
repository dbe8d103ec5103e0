//! Events in few bytes, so that many states fit, and as the code under test knows them.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::workflow::log::{
    Asked, CancelAsked, CancelSeen, Done, Event, Failure, Json, Lost, Of, Output, Recorded,
    Signalled, Spawned, Started, StepDone, TimerSet, When, json,
};
use crate::workflow::state::{IllegalEvent, State};

/// The name of the signal that bodies wait for.
pub(super) const SIGNAL: &str = "go";

/// An event. What came out of a step or a function is by whom it was done: the number of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Entry {
    Started,
    StepDone { seq: u32, name: &'static str, by: u8 },
    Spawned(u32),
    FunctionDone { seq: u32, attempt: u32, by: u8 },
    TimerSet(u32),
    TimerFired(u32),
    Signalled(u8),
    CancelAsked,
    CancelSeen { seq: u32, events: u32 },
    Lost(Option<u32>),
    Completed,
    Cancelled,
    Failed,
}

pub(super) fn value(by: u8) -> Json {
    json(by.to_string()).expect("a number is JSON")
}

fn number(json: &Json) -> u8 {
    json.get().parse().expect("it is a lease's number")
}

fn name(name: &str) -> &'static str {
    ["charge", "undo"].into_iter().find(|known| *known == name).expect("it is a step's")
}

fn asked(seq: u32, name: &str) -> Asked {
    Asked { seq, name: name.to_owned() }
}

impl Entry {
    /// As a body writes it.
    pub(super) fn of(event: &Event) -> Self {
        match event {
            Event::StepDone(done) => Self::StepDone {
                seq: done.asked.seq,
                name: name(&done.asked.name),
                by: number(&done.output),
            },
            Event::Spawned(spawned) => Self::Spawned(spawned.asked.seq),
            Event::TimerSet(timer) => Self::TimerSet(timer.asked.seq),
            Event::CancelSeen(seen) => Self::CancelSeen { seq: seen.seq, events: seen.events },
            Event::Completed(_) => Self::Completed,
            Event::Cancelled {} => Self::Cancelled,
            _ => Self::Failed,
        }
    }

    fn event(self) -> Event {
        match self {
            Self::Started => Event::Started(Started { input: value(0), generation: 0 }),
            Self::StepDone { seq, name, by } => {
                let (asked, output) = (asked(seq, name), value(by));
                Event::StepDone(StepDone { asked, attempt: 1, output, undo: false })
            }
            Self::Spawned(seq) => Event::Spawned(Self::spawned(seq)),
            Self::FunctionDone { seq, attempt, by } => {
                Event::FunctionDone(Done { seq, attempt, output: value(by) })
            }
            Self::TimerSet(seq) => {
                Event::TimerSet(TimerSet { asked: asked(seq, "late"), when: Self::WHEN })
            }
            Self::TimerFired(seq) => Event::TimerFired(Of { seq }),
            Self::Signalled(key) => {
                Event::Signalled(Signalled { name: SIGNAL.to_owned(), payload: value(key) })
            }
            Self::CancelAsked => {
                Event::CancelAsked(CancelAsked { reason: String::new(), timeout: false })
            }
            Self::CancelSeen { seq, events } => Event::CancelSeen(CancelSeen { seq, events }),
            Self::Lost(seq) => Event::Lost(Lost { seq, worker: String::new() }),
            Self::Completed => Event::Completed(Output { output: value(0) }),
            Self::Cancelled => Event::Cancelled {},
            Self::Failed => Event::Failed(Failure::ours("odd", "")),
        }
    }

    /// When a timer of a body goes off: time is not modelled, it goes off whenever it likes.
    pub(super) const WHEN: When = When::AfterMs(1_000);

    /// A function of a body.
    pub(super) fn spawned(seq: u32) -> Spawned {
        Spawned {
            asked: asked(seq, "call"),
            function: "f".to_owned(),
            input: value(0),
            retry: None,
            timeout_ms: None,
            undo: false,
            since: 0,
        }
    }

    /// As it is read again: the time of each is its place.
    pub(super) fn recorded(self, index: usize) -> Recorded {
        Recorded { at_ms: index as u64, event: self.event(), bytes: 1 }
    }
}

/// What a history comes to, by the code that workers run.
pub(super) fn fold(history: &[Entry]) -> Result<State, IllegalEvent> {
    let recorded = history.iter().enumerate().map(|(index, entry)| entry.recorded(index));
    recorded
        .map(Ok)
        .try_fold(State::default(), |state, next: Result<_, IllegalEvent>| state.next(&next?))
}

thread_local! {
    static LEGAL: RefCell<HashMap<Vec<Entry>, bool>> = RefCell::default();
}

/// Whether a history is one that can be. The same histories come again and again.
pub(super) fn is_legal(history: &[Entry]) -> bool {
    LEGAL.with_borrow_mut(|known| {
        if let Some(legal) = known.get(history) {
            return *legal;
        }
        let legal = fold(history).is_ok();
        known.insert(history.to_vec(), legal);
        legal
    })
}
