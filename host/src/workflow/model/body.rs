//! A body in a worker's memory, answered by the real [`Replay`].

use std::cell::RefCell;
use std::collections::HashMap;

use super::entry::{Entry, SIGNAL, fold, value};
use crate::workflow::replay::{Begun, Ending, Replay, Stop};
use crate::workflow::state::Settled;
use crate::workflow::{Error, StepOptions};

/// What a body does. When it is told of a cancel, it does [`UNDO`] instead of what is left.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Op {
    Step(&'static str),
    Timer,
    Signal,
    Spawn,
    /// For any of its tickets.
    Wait,
    Complete,
    Cancelled,
}

pub(super) type Code = &'static [Op];

const UNDO: Code = &[Op::Step("undo"), Op::Cancelled];

/// What a body was answered.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Answer {
    Step(u8),
    First(u32),
    /// With what the first of its tickets brought.
    Brought(u32, String),
    Cancelled,
}

/// Where a body stops.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Asks {
    /// It has ended a step, or itself: this is written.
    Write(Vec<Entry>),
    /// It waits; this is unwritten.
    Wait(Vec<Entry>),
    /// It can't go on, and its run fails.
    Break(String),
}

impl Asks {
    /// What is unwritten.
    pub(super) fn events(self) -> Vec<Entry> {
        match self {
            Self::Write(events) | Self::Wait(events) => events,
            Self::Break(_) => vec![Entry::Failed],
        }
    }
}

/// How far a body has come.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) answers: Vec<Answer>,
    pub(super) asks: Asks,
}

/// What a body in memory knows.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Memory {
    /// The lease that it was given.
    pub(super) token: u8,
    /// What it has of the history.
    pub(super) known: Vec<Entry>,
    /// How much of that it had whenever it went on. The code below is called with as much, so
    /// that it is as it would be if it were never called again from its start.
    pub(super) steps: Vec<usize>,
}

impl Memory {
    /// A body that is called from its start.
    pub(super) fn new(token: u8, known: Vec<Entry>) -> Self {
        let steps = vec![known.len()];
        Self { token, known, steps }
    }

    /// It hears of more, and goes on. Where it is then as it would be if it were called from its
    /// start, it is taken for that.
    pub(super) fn hear(&mut self, code: Code, more: impl IntoIterator<Item = Entry>) {
        self.known.extend(more);
        self.steps.push(self.known.len());
        let anew = Self::new(self.token, self.known.clone());
        if anew.place(code) == self.place(code) {
            *self = anew;
        }
    }

    /// Where it is now. The same bodies come again and again.
    pub(super) fn place(&self, code: Code) -> Place {
        thread_local! {
            static PLACES: RefCell<HashMap<(Code, Memory), Place>> = RefCell::default();
        }
        let key = (code, self.clone());
        if let Some(place) = PLACES.with_borrow(|places| places.get(&key).cloned()) {
            return place;
        }
        let place = self.find(code);
        PLACES.with_borrow_mut(|places| places.insert(key, place.clone()));
        place
    }

    fn find(&self, code: Code) -> Place {
        let mut has = self.steps[0];
        let state = match fold(&self.known[..has]) {
            Ok(state) => state,
            Err(illegal) => {
                let asks = Asks::Break(illegal.to_string());
                return Place { answers: Vec::new(), asks };
            }
        };
        let replay = Replay::new("r", state);
        let (tickets, answers) = (Vec::new(), Vec::new());
        let mut body =
            Body { replay, code, at: 0, tickets, answers, token: self.token, in_step: false };
        let mut asks = body.go();
        for &step in &self.steps[1..] {
            for (index, entry) in self.known.iter().enumerate().take(step).skip(has) {
                if let Err(illegal) = body.replay.record(&entry.recorded(index)) {
                    let asks = Asks::Break(illegal.to_string());
                    return Place { answers: body.answers, asks };
                }
            }
            has = step;
            asks = body.go_on();
        }
        Place { answers: body.answers, asks }
    }
}

struct Body {
    replay: Replay,
    code: Code,
    at: usize,
    tickets: Vec<u32>,
    answers: Vec<Answer>,
    token: u8,
    /// Whether the end of a step is written.
    in_step: bool,
}

impl Body {
    /// What it was written for is recorded, or it has heard of something.
    fn go_on(&mut self) -> Asks {
        if std::mem::take(&mut self.in_step) {
            self.replay.finished();
            self.answer(Answer::Step(self.token));
        }
        self.go()
    }

    fn go(&mut self) -> Asks {
        loop {
            match self.turn() {
                Ok(Some(asks)) => return asks,
                Ok(None) => {}
                Err(Stop::Refused(Error::Cancelled)) => {
                    self.answers.push(Answer::Cancelled);
                    (self.code, self.at) = (UNDO, 0);
                }
                Err(stop) => return Asks::Break(stop.to_string()),
            }
        }
    }

    fn answer(&mut self, answer: Answer) {
        self.answers.push(answer);
        self.at += 1;
    }

    fn unwritten(&mut self) -> Vec<Entry> {
        self.replay.take_unwritten().iter().map(Entry::of).collect()
    }

    /// One op, as `workflow/body/ask.rs` does it.
    fn turn(&mut self) -> Result<Option<Asks>, Stop> {
        let ticket = match &self.code[self.at] {
            Op::Step(name) => match self.replay.begin(name, &StepOptions::default())? {
                Begun::Execute(_) => {
                    self.replay.finish(Ok(value(self.token)), 0)?;
                    self.in_step = true;
                    return Ok(Some(Asks::Write(self.unwritten())));
                }
                Begun::Done(output) => {
                    self.answer(Answer::Step(output.get().parse().unwrap_or(u8::MAX)));
                    return Ok(None);
                }
                other => return Ok(Some(Asks::Break(format!("{other:?}")))),
            },
            Op::Timer => self.replay.timer("late", Entry::WHEN)?,
            Op::Signal => self.replay.signal(SIGNAL)?,
            Op::Spawn => self.replay.spawn(Entry::spawned(0))?,
            Op::Wait => {
                let Some(first) = self.replay.wait_any(&self.tickets)? else {
                    return Ok(Some(Asks::Wait(self.unwritten())));
                };
                let ticket = self.tickets[first as usize];
                let answer = match self.replay.wait(ticket)? {
                    Some(Settled::Done(json)) => Answer::Brought(first, json.get().to_owned()),
                    _ => Answer::First(first),
                };
                self.answer(answer);
                return Ok(None);
            }
            Op::Complete => {
                self.replay.end(Ending::Completed(value(0)))?;
                return Ok(Some(Asks::Write(self.unwritten())));
            }
            Op::Cancelled => {
                self.replay.end(Ending::Cancelled)?;
                return Ok(Some(Asks::Write(self.unwritten())));
            }
        };
        self.tickets.push(ticket);
        self.at += 1;
        Ok(None)
    }
}
