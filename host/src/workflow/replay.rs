//! What a body is answered: from the record where it has one, and otherwise as it is to be
//! recorded. Pure; `body.rs` does what has to be done.

mod ask;
mod cancel;
mod end;
mod key;
mod room;
#[cfg(test)]
mod tests;
mod wait;
mod word;

use std::collections::{BTreeSet, HashMap, HashSet};

pub use self::end::Ending;
pub use self::key::{Turn, hash, step_key, uuid};
use self::word::diverged;
use super::log::{Asked, Event, Failure, Json, Recorded, StepDone, StepFailed};
use super::state::{Call, IllegalEvent, Mark, Settled, State, What};
use super::{Attempt, Error, StepOptions};

/// A body, on its way through its record.
#[derive(Debug)]
pub struct Replay {
    run: String,
    state: State,
    /// The number of the next call.
    next: u32,
    /// What has been asked for and not recorded, in order.
    unwritten: Vec<Event>,
    /// About how many bytes that is.
    unwritten_bytes: u64,
    tickets: Vec<Ticket>,
    /// How much it has asked for, and not waited for yet or forgotten; and the approvals among
    /// that. Not what the store has open, which is less: what is refused by this is refused again.
    open: usize,
    approvals: HashSet<String>,
    /// The functions and children that are forgotten and counted as open: they go on.
    left: Vec<u32>,
    /// The signals of each name that it has a ticket for.
    signals: HashMap<String, Claims>,
    /// The parts of its state that it has set, and how long each is.
    parts: HashMap<String, u64>,
    /// Whether it was told that it is cancelled.
    told: bool,
    step: Option<OpenStep>,
    /// The latest event that it has seen.
    seen: Mark,
    /// Random numbers that it was given.
    drawn: u64,
}

/// What a ticket stands for.
#[derive(Debug, Clone)]
enum Ticket {
    Call {
        seq: u32,
        /// Whether no wait has answered with it.
        open: bool,
    },
    Signal {
        name: String,
        nth: usize,
        /// Whether a wait has answered with it.
        taken: bool,
    },
    Forgotten,
}

/// Which signals of a name there are tickets for: those below `next` but for some given up.
#[derive(Debug, Default)]
struct Claims {
    next: usize,
    left: BTreeSet<usize>,
}

/// A step that was begun.
#[derive(Debug, Clone)]
pub struct OpenStep {
    seq: u32,
    name: String,
    options: StepOptions,
    attempt: u32,
}

impl OpenStep {
    /// How it is tried.
    pub fn options(&self) -> &StepOptions {
        &self.options
    }
}

/// What to do about a step.
#[derive(Debug)]
pub enum Begun {
    /// Run its code.
    Execute(Attempt),
    /// Nothing.
    Done(Json),
    /// Nothing.
    Failed(Failure),
    /// Wait until this time, in milliseconds since 1970, and begin again.
    NotBefore(u64),
}

/// A body that does not do what is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("call {seq}: the record has {recorded}, the code asks for {asked}")]
pub struct Diverged {
    /// Which call.
    pub seq: u32,
    /// What is recorded.
    pub recorded: String,
    /// What the body asked for.
    pub asked: String,
}

/// Why a body is not answered.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// The body is told.
    #[error(transparent)]
    Refused(#[from] Error),
    /// The body is ended.
    #[error(transparent)]
    Diverged(#[from] Diverged),
    /// The body is ended: its history would be over its limit.
    #[error("the history would be over its limit")]
    Full,
}

impl Replay {
    /// The body of `run`, whose history has been folded into `state`.
    pub fn new(run: &str, state: State) -> Self {
        let seen = state.started().map(|(_, mark)| mark).unwrap_or_default();
        Self {
            run: run.to_owned(),
            state,
            next: 0,
            unwritten: Vec::new(),
            unwritten_bytes: 0,
            tickets: Vec::new(),
            open: 0,
            approvals: HashSet::new(),
            left: Vec::new(),
            signals: HashMap::new(),
            parts: HashMap::new(),
            told: false,
            step: None,
            seen,
            drawn: 0,
        }
    }

    /// What the run is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The latest event that the body has seen.
    pub fn seen(&self) -> Mark {
        self.seen
    }

    /// The step that is open.
    pub fn step(&self) -> Option<&OpenStep> {
        self.step.as_ref()
    }

    /// Something has been recorded, by others or of what was unwritten.
    pub fn record(&mut self, recorded: &Recorded) -> Result<(), IllegalEvent> {
        self.state = std::mem::take(&mut self.state).next(recorded)?;
        Ok(())
    }

    /// What is to be recorded, in order. It has to be given to [`Self::record`] then.
    pub fn take_unwritten(&mut self) -> Vec<Event> {
        self.unwritten_bytes = 0;
        std::mem::take(&mut self.unwritten)
    }

    /// Whether something is to be recorded.
    pub fn has_unwritten(&self) -> bool {
        !self.unwritten.is_empty()
    }

    /// Begins a step, or says what came of it.
    pub fn begin(&mut self, name: &str, options: &StepOptions) -> Result<Begun, Stop> {
        self.outside_of_a_step()?;
        let seq = self.next;
        let Some(call) = self.recorded()? else {
            self.open(seq, name, options, 1);
            return Ok(Begun::Execute(self.attempt(1, seq, name, options.undo)));
        };
        let (again, attempts) = match &call.what {
            What::Step { name: recorded, again, .. } if recorded == name => {
                (again.as_ref().map_or(0, |(_, due)| *due), call.attempts)
            }
            what => return Err(diverged(seq, what, format!("step {name:?}"))),
        };
        if let Some((settled, mark)) = call.settled.clone() {
            self.answer(mark);
            return Ok(match settled {
                Settled::Done(output) => Begun::Done(output),
                Settled::Failed(failure) => Begun::Failed(failure),
                Settled::Expired | Settled::Forgotten => {
                    Begun::Failed(Failure::ours("expired", "nobody decided"))
                }
            });
        }
        self.open(seq, name, options, attempts + 1);
        if self.abandon() {
            return Err(Error::Cancelled.into());
        }
        Ok(Begun::NotBefore(again))
    }

    fn open(&mut self, seq: u32, name: &str, options: &StepOptions, attempt: u32) {
        let (name, options) = (name.to_owned(), options.clone());
        self.step = Some(OpenStep { seq, name, options, attempt });
    }

    /// The attempt that is open.
    pub fn open_attempt(&self) -> Option<Attempt> {
        let step = self.step.as_ref()?;
        Some(self.attempt(step.attempt, step.seq, &step.name, step.options.undo))
    }

    fn attempt(&self, number: u32, seq: u32, name: &str, undo: bool) -> Attempt {
        Attempt { number, key: step_key(&self.run, self.turn(seq), seq, name, undo) }
    }

    /// Ends the attempt that is open, with what is to be recorded. `jitter` is a random
    /// number. True if there will be another attempt.
    pub fn finish(&mut self, result: Result<Json, Failure>, jitter: u64) -> Result<bool, Stop> {
        let step = self.step.as_ref().ok_or(Error::Misplaced("no step is open"))?;
        let asked = Asked { seq: step.seq, name: step.name.clone() };
        let (attempt, undo) = (step.attempt, step.options.undo);
        let event = match result {
            Ok(output) => Event::StepDone(StepDone { asked, attempt, output, undo }),
            Err(failure) => {
                let again_ms = step.options.again_ms(&failure, attempt, jitter);
                Event::StepFailed(StepFailed { asked, attempt, failure, again_ms, undo })
            }
        };
        let again = matches!(&event, Event::StepFailed(StepFailed { again_ms: Some(_), .. }));
        self.unwritten.push(event);
        if let Some(step) = &mut self.step
            && again
        {
            step.attempt += 1;
            return Ok(true);
        }
        self.step = None;
        self.next += 1;
        Ok(false)
    }

    /// How long the step whose failure is unwritten is to wait for its next attempt.
    pub fn unwritten_again_ms(&self) -> Option<u64> {
        match self.unwritten.last() {
            Some(Event::StepFailed(failed)) => failed.again_ms,
            _ => None,
        }
    }

    /// More that is to be recorded.
    pub fn push(&mut self, events: Vec<Event>) {
        self.unwritten.extend(events);
    }

    /// The step's end is recorded; the body goes on from there.
    pub fn finished(&mut self) {
        self.see(self.state.last());
    }

    /// A random number, the same each time the run is replayed.
    pub fn random(&mut self) -> [u8; 16] {
        let drawn = self.drawn;
        self.drawn += 1;
        hash("random", &self.run, self.turn(self.next), drawn)
    }

    /// Which time it is that the run comes to a call.
    fn turn(&self, seq: u32) -> Turn {
        let generation = self.state.started().map_or(0, |(started, _)| started.generation);
        Turn { generation, since: self.state.redone_since(seq) }
    }

    /// The same, for what the body does now.
    pub fn turn_now(&self) -> Turn {
        self.turn(self.next)
    }

    fn outside_of_a_step(&self) -> Result<(), Error> {
        match self.step {
            Some(_) => Err(Error::Misplaced("a step is open; finish it first")),
            None => Ok(()),
        }
    }

    /// The record of the next call, if it has one.
    fn recorded(&mut self) -> Result<Option<&Call>, Stop> {
        let is_new = self.next as usize >= self.state.calls().len();
        let was_told = self.state.cancel().and_then(|cancel| cancel.seen.as_ref());
        if (is_new || was_told.is_some_and(|seen| seen.seq == self.next)) && self.is_told(None) {
            return Err(Error::Cancelled.into());
        }
        Ok(self.state.calls().get(self.next as usize))
    }

    /// The same, of what does nothing: a cancel is told by what comes next.
    fn is_recorded_untold(
        &mut self,
        same: impl Fn(&What) -> bool,
        asked: String,
    ) -> Result<bool, Stop> {
        self.outside_of_a_step()?;
        match self.state.calls().get(self.next as usize) {
            None => Ok(false),
            Some(call) if same(&call.what) => Ok(true),
            Some(call) => Err(diverged(self.next, &call.what, asked)),
        }
    }

    /// Whether the next call is recorded, as what it is now.
    fn is_recorded(&mut self, same: impl Fn(&What) -> bool, asked: String) -> Result<bool, Stop> {
        self.outside_of_a_step()?;
        let seq = self.next;
        match self.recorded()? {
            None => Ok(false),
            Some(call) if same(&call.what) => Ok(true),
            Some(call) => Err(diverged(seq, &call.what, asked)),
        }
    }

    /// The next call has its answer, which was recorded then.
    fn answer(&mut self, mark: Mark) {
        self.see(mark);
        self.next += 1;
    }

    fn see(&mut self, mark: Mark) {
        if mark.events > self.seen.events {
            self.seen = mark;
        }
    }

    /// A ticket for the next call.
    fn ticket(&mut self) -> u32 {
        self.tickets.push(Ticket::Call { seq: self.next, open: true });
        self.open += 1;
        self.next += 1;
        u32::try_from(self.tickets.len() - 1).unwrap_or(u32::MAX)
    }

    fn tickets_in_bounds(&self) -> Result<u32, Stop> {
        let open = self.tickets.len();
        if open > super::TICKETS_MAX {
            return Err(Error::TooLarge { what: "tickets", max: super::TICKETS_MAX as u64 }.into());
        }
        Ok(u32::try_from(open - 1).unwrap_or(u32::MAX))
    }
}
