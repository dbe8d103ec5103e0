//! What a body is answered: from the record where it has one, and otherwise as it is to be
//! recorded. Pure; `body.rs` does what has to be done.

use std::collections::HashMap;

use sha2::{Digest as _, Sha256};

use super::log::{
    ApprovalAsked, Asked, CancelSeen, ChildStarted, Event, Failure, Json, Output, Recorded,
    Spawned, StateRead, StateSet, StepDone, StepFailed, Suspended, TimerSet, When,
};
use super::state::{Call, IllegalEvent, Mark, Settled, State, What};
use super::{Attempt, Error, OPEN_MAX, StepOptions};

/// A body, on its way through its record.
#[derive(Debug)]
pub struct Replay {
    run: String,
    state: State,
    /// The number of the next call.
    next: u32,
    /// What has been asked for and not recorded, in order.
    unwritten: Vec<Event>,
    tickets: Vec<Ticket>,
    /// How many signals of each name it has a ticket for.
    signals: HashMap<String, usize>,
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
    Call(u32),
    Signal(String, usize),
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
            tickets: Vec::new(),
            signals: HashMap::new(),
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

    /// Whether the body was told of a cancel.
    pub fn told(&self) -> bool {
        self.told
    }

    /// Something has been recorded: by others, or what was unwritten.
    pub fn record(&mut self, recorded: &Recorded) -> Result<(), IllegalEvent> {
        self.state = std::mem::take(&mut self.state).next(recorded)?;
        Ok(())
    }

    /// What is to be recorded, in order. It has to be given to [`Self::record`] then.
    pub fn take_unwritten(&mut self) -> Vec<Event> {
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
                Settled::Expired => Begun::Failed(Failure::ours("expired", "nobody decided")),
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
        let generation = self.state.started().map_or(0, |(started, _)| started.generation);
        Attempt { number, key: step_key(&self.run, generation, seq, name, undo) }
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

    /// When the open step may be tried again, in milliseconds since 1970.
    pub fn again_at(&self) -> Option<u64> {
        match self.state.calls().get(self.next as usize).map(|call| &call.what) {
            Some(What::Step { again: Some((_, due)), .. }) => Some(*due),
            _ => None,
        }
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

    /// How many signals of this name the body has a ticket for.
    pub fn signals_taken(&self, name: &str) -> usize {
        self.signals.get(name).copied().unwrap_or(0)
    }

    /// What these tickets stand for, in words.
    pub fn waits(&self, tickets: &[u32]) -> String {
        const SHOWN: usize = 5;
        let open = tickets.iter().filter(|ticket| matches!(self.settled(**ticket), Ok(None)));
        let mut words: Vec<_> = open.map(|ticket| self.describe(*ticket)).collect();
        let more = words.len().saturating_sub(SHOWN);
        words.truncate(SHOWN);
        if more > 0 {
            words.push(format!("{more} more"));
        }
        words.join(", ")
    }

    fn describe(&self, ticket: u32) -> String {
        match self.tickets.get(ticket as usize) {
            Some(Ticket::Signal(name, _)) => format!("signal {name:?}"),
            Some(Ticket::Call(seq)) => match self.asked(*seq) {
                Some(what) => what.to_string(),
                None => "what it asked for".to_owned(),
            },
            None => String::new(),
        }
    }

    /// What the call of this number is, recorded or not.
    fn asked(&self, seq: u32) -> Option<What> {
        if let Some(call) = self.state.calls().get(seq as usize) {
            return Some(call.what.clone());
        }
        self.unwritten.iter().find_map(|event| match event {
            Event::Spawned(new) if new.asked.seq == seq => Some(What::Function(new.clone())),
            Event::ChildStarted(new) if new.asked.seq == seq => Some(What::Child(new.clone())),
            Event::ApprovalAsked(new) if new.asked.seq == seq => Some(What::Approval(new.clone())),
            Event::Suspended(new) if new.seq == seq => Some(What::Suspend(new.reason.clone())),
            Event::TimerSet(new) if new.asked.seq == seq => {
                Some(What::Timer(new.asked.name.clone(), new.when, 0))
            }
            _ => None,
        })
    }

    /// In how many milliseconds one of these may be settled at the soonest, where that is known:
    /// a timer has its time, and people take theirs.
    pub fn soonest(&self, tickets: &[u32], now_ms: u64) -> Option<u64> {
        const PEOPLE_MS: u64 = u64::MAX;
        let soonest = |ticket: &u32| {
            let Some(Ticket::Call(seq)) = self.tickets.get(*ticket as usize) else { return None };
            match self.asked(*seq)? {
                // Not recorded, so it has no time yet.
                What::Timer(_, when, 0) => Some(when.due_ms(now_ms).saturating_sub(now_ms)),
                What::Timer(_, _, due) => Some(due.saturating_sub(now_ms)),
                What::Approval(_) | What::Suspend(_) => Some(PEOPLE_MS),
                _ => None,
            }
        };
        let open = tickets.iter().filter(|ticket| matches!(self.settled(**ticket), Ok(None)));
        let all = open.map(soonest).collect::<Option<Vec<_>>>()?;
        all.into_iter().min()
    }

    /// The step's end is recorded; the body goes on from there.
    pub fn finished(&mut self) {
        self.see(self.state.last());
    }

    /// Whether the open step, which waits for another attempt, is given up, because the body is
    /// told that it is cancelled.
    pub fn abandon(&mut self) -> bool {
        let Some(cancel) = self.state.cancel().filter(|_| !self.told) else { return false };
        let after = self.next + 1;
        if cancel.seen.as_ref().is_some_and(|seen| seen.seq != after) {
            return false;
        }
        self.step = None;
        self.next = after;
        self.tell();
        true
    }

    /// A function, as a step.
    pub fn spawn(&mut self, mut new: Spawned) -> Result<u32, Stop> {
        let same = |what: &What| match what {
            What::Function(old) => {
                old.asked.name == new.asked.name
                    && old.function == new.function
                    && old.input.get() == new.input.get()
            }
            _ => false,
        };
        let asked = format!(
            "step {:?}, function {:?} of {}",
            new.asked.name,
            new.function,
            short(new.input.get())
        );
        if self.is_recorded(same, asked)? {
            return Ok(self.ticket());
        }
        self.room()?;
        new.asked.seq = self.next;
        self.unwritten.push(Event::Spawned(new));
        Ok(self.ticket())
    }

    /// A child. Its id counts only if it is new.
    pub fn child(&mut self, mut new: ChildStarted) -> Result<u32, Stop> {
        let same = |what: &What| match what {
            What::Child(old) => {
                old.asked.name == new.asked.name
                    && old.workflow == new.workflow
                    && old.input.get() == new.input.get()
            }
            _ => false,
        };
        let asked = format!(
            "child {:?}, workflow {:?} of {}",
            new.asked.name,
            new.workflow,
            short(new.input.get())
        );
        if self.is_recorded(same, asked)? {
            return Ok(self.ticket());
        }
        self.room()?;
        new.asked.seq = self.next;
        self.unwritten.push(Event::ChildStarted(new));
        Ok(self.ticket())
    }

    /// A timer.
    pub fn timer(&mut self, name: &str, when: When) -> Result<u32, Stop> {
        let same =
            |what: &What| matches!(what, What::Timer(old, at, _) if old == name && *at == when);
        let asked = format!("timer {name:?}, {when}");
        if !self.is_recorded(same, asked)? {
            self.room()?;
            let asked = Asked { seq: self.next, name: name.to_owned() };
            self.unwritten.push(Event::TimerSet(TimerSet { asked, when }));
        }
        Ok(self.ticket())
    }

    /// An approval.
    pub fn approval(&mut self, mut new: ApprovalAsked) -> Result<u32, Stop> {
        let same = |what: &What| match what {
            What::Approval(old) => {
                old.asked.name == new.asked.name && old.data.get() == new.data.get()
            }
            _ => false,
        };
        let asked = format!("approval {:?} of {}", new.asked.name, short(new.data.get()));
        if !self.is_recorded(same, asked)? {
            self.room()?;
            let unwritten = self.unwritten.iter().any(|event| {
                matches!(event, Event::ApprovalAsked(old) if old.asked.name == new.asked.name)
            });
            if unwritten || self.state.has_open_approval(&new.asked.name) {
                return Err(Error::Misplaced("an approval of this name is open").into());
            }
            new.asked.seq = self.next;
            self.unwritten.push(Event::ApprovalAsked(new));
        }
        Ok(self.ticket())
    }

    /// The next signal of this name.
    pub fn signal(&mut self, name: &str) -> Result<u32, Stop> {
        self.outside_of_a_step()?;
        let nth = self.signals.entry(name.to_owned()).or_default();
        let ticket = Ticket::Signal(name.to_owned(), *nth);
        *nth += 1;
        self.tickets.push(ticket);
        self.tickets_in_bounds()
    }

    /// Waiting until the run is resumed.
    pub fn suspend(&mut self, reason: &str) -> Result<u32, Stop> {
        let same = |what: &What| matches!(what, What::Suspend(old) if old == reason);
        if !self.is_recorded(same, format!("to be suspended, {reason:?}"))? {
            let suspended = Suspended { seq: self.next, reason: reason.to_owned() };
            self.unwritten.push(Event::Suspended(suspended));
        }
        Ok(self.ticket())
    }

    /// A part of the state to be set.
    pub fn set_state(&mut self, name: &str, value: Json) -> Result<(), Stop> {
        let same = |what: &What| match what {
            What::Set(old, was) => old == name && was.get() == value.get(),
            _ => false,
        };
        let asked = format!("to set state {name:?} to {}", short(value.get()));
        if !self.is_recorded(same, asked)? {
            let asked = Asked { seq: self.next, name: name.to_owned() };
            self.unwritten.push(Event::StateSet(StateSet { asked, value }));
        }
        self.next += 1;
        Ok(())
    }

    /// A part of the state, as it was read; none if it is to be read now.
    pub fn get_state(&mut self, name: &str) -> Result<Option<Option<Json>>, Stop> {
        let same = |what: &What| matches!(what, What::Read(old, _) if old == name);
        if !self.is_recorded(same, format!("to read state {name:?}"))? {
            return Ok(None);
        }
        let call = self.state.calls()[self.next as usize].clone();
        self.answer(call.asked);
        match call.what {
            What::Read(_, value) => Ok(Some(value)),
            _ => Ok(Some(None)),
        }
    }

    /// What was read, to be recorded.
    pub fn read_state(&mut self, name: &str, value: Option<Json>) {
        let asked = Asked { seq: self.next, name: name.to_owned() };
        self.unwritten.push(Event::StateRead(StateRead { asked, value }));
        self.next += 1;
    }

    /// What came of a ticket, or none yet.
    pub fn wait(&mut self, ticket: u32) -> Result<Option<Settled>, Stop> {
        self.outside_of_a_step()?;
        let settled = self.settled(ticket)?;
        if self.is_told(settled.as_ref().map(|(_, mark)| mark.events)) {
            return Err(Error::Cancelled.into());
        }
        Ok(settled.map(|(settled, mark)| {
            self.see(mark);
            settled
        }))
    }

    /// Which of these was settled first, or none yet.
    pub fn wait_any(&mut self, tickets: &[u32]) -> Result<Option<u32>, Stop> {
        let settled = self.all_settled(tickets)?;
        let settled = settled.into_iter().enumerate();
        let first = settled
            .filter_map(|(at, mark)| Some((mark?, u32::try_from(at).ok()?)))
            .min_by_key(|(mark, at)| (mark.events, *at));
        if self.is_told(first.map(|(mark, _)| mark.events)) {
            return Err(Error::Cancelled.into());
        }
        Ok(first.map(|(mark, at)| {
            self.see(mark);
            at
        }))
    }

    /// Whether all of these are settled.
    pub fn wait_all(&mut self, tickets: &[u32]) -> Result<bool, Stop> {
        let settled = self.all_settled(tickets)?;
        let last = settled.into_iter().collect::<Option<Vec<_>>>();
        let last = last.map(|all| all.into_iter().max_by_key(|mark| mark.events));
        if self.is_told(last.map(|last| last.map_or(0, |mark| mark.events))) {
            return Err(Error::Cancelled.into());
        }
        if let Some(Some(mark)) = last {
            self.see(mark);
        }
        Ok(last.is_some())
    }

    /// A random number, the same each time the run is replayed.
    pub fn random(&mut self) -> [u8; 16] {
        let generation = self.state.started().map_or(0, |(started, _)| started.generation);
        let drawn = self.drawn;
        self.drawn += 1;
        hash("random", &self.run, generation, drawn)
    }

    /// What the body ends with is to be recorded, unless more is recorded than it asked for.
    pub fn end(&mut self, ending: Ending) -> Result<(), Stop> {
        self.outside_of_a_step()?;
        let asked = ending.to_string();
        if let Some(call) = self.state.calls().get(self.next as usize) {
            return Err(diverged(self.next, &call.what, asked));
        }
        // Its time being up is why it was cancelled: it has failed.
        let cancel = self.state.cancel();
        let timeout = cancel.is_some_and(|cancel| cancel.asked.timeout);
        self.unwritten.push(match ending {
            Ending::Completed(output) => Event::Completed(Output { output }),
            Ending::Continued(output) => Event::Continued(Output { output }),
            Ending::Failed(failure) => Event::Failed(failure),
            Ending::Cancelled if timeout => {
                Event::Failed(Failure::ours("timeout", "the run's time was up"))
            }
            Ending::Cancelled if cancel.is_some() => Event::Cancelled {},
            Ending::Cancelled => {
                Event::Failed(Failure::ours("cancelled", "it ended so, and nobody asked for it"))
            }
        });
        Ok(())
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

    /// Tells the body of a cancel, if it is to be told now: by a call that is not recorded, or
    /// a wait for what was settled, if at all, when there were so many events.
    fn is_told(&mut self, settled: Option<u32>) -> bool {
        let Some(cancel) = self.state.cancel().filter(|_| !self.told) else { return false };
        let due = match &cancel.seen {
            Some(seen) => {
                seen.seq == self.next && settled.is_none_or(|settled| settled > seen.events)
            }
            None => settled.is_none(),
        };
        if due {
            self.tell();
        }
        due
    }

    fn tell(&mut self) {
        self.told = true;
        let Some(cancel) = self.state.cancel() else { return };
        let mark = cancel.mark;
        if cancel.seen.is_none() {
            let events = self.state.last().events;
            self.unwritten.push(Event::CancelSeen(CancelSeen { seq: self.next, events }));
        }
        self.see(mark);
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
        self.tickets.push(Ticket::Call(self.next));
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

    /// Whether one more thing may be waited for.
    fn room(&self) -> Result<(), Error> {
        if self.state.open() + self.unwritten.len() < OPEN_MAX {
            return Ok(());
        }
        Err(Error::TooLarge { what: "open tickets", max: OPEN_MAX as u64 })
    }

    fn settled(&self, ticket: u32) -> Result<Option<(Settled, Mark)>, Error> {
        match self.tickets.get(ticket as usize) {
            None => Err(Error::Misplaced("there is no such ticket")),
            Some(Ticket::Call(seq)) => {
                Ok(self.state.calls().get(*seq as usize).and_then(|call| call.settled.clone()))
            }
            Some(Ticket::Signal(name, nth)) => {
                let came = self.state.signals(name).get(*nth);
                Ok(came.map(|(payload, mark)| (Settled::Done(payload.clone()), *mark)))
            }
        }
    }

    fn all_settled(&self, tickets: &[u32]) -> Result<Vec<Option<Mark>>, Stop> {
        self.outside_of_a_step()?;
        if tickets.len() > OPEN_MAX {
            return Err(Error::TooLarge { what: "tickets", max: OPEN_MAX as u64 }.into());
        }
        let marks = tickets.iter().map(|ticket| {
            let settled = self.settled(*ticket)?;
            Ok(settled.map(|(_, mark)| mark))
        });
        Ok(marks.collect::<Result<_, Error>>()?)
    }
}

/// How a body ends.
#[derive(Debug, Clone)]
pub enum Ending {
    /// With an output.
    Completed(Json),
    /// With a failure.
    Failed(Failure),
    /// It was told that it is cancelled.
    Cancelled,
    /// It goes on as new, with this input.
    Continued(Json),
}

impl std::fmt::Display for Ending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Completed(_) => write!(f, "to be completed"),
            Self::Failed(failure) => write!(f, "to fail, {:?}", failure.code),
            Self::Cancelled => write!(f, "to be cancelled"),
            Self::Continued(_) => write!(f, "to continue as new"),
        }
    }
}

impl std::fmt::Display for When {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AfterMs(ms) => write!(f, "after {ms} ms"),
            Self::AtMs(at) => write!(f, "at {at} ms"),
        }
    }
}

impl std::fmt::Display for What {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Step { name, .. } => write!(f, "step {name:?}"),
            Self::Function(of) => {
                let input = short(of.input.get());
                write!(f, "step {:?}, function {:?} of {input}", of.asked.name, of.function)
            }
            Self::Child(of) => {
                let input = short(of.input.get());
                write!(f, "child {:?}, workflow {:?} of {input}", of.asked.name, of.workflow)
            }
            Self::Timer(name, when, _) => write!(f, "timer {name:?}, {when}"),
            Self::Approval(of) => {
                write!(f, "approval {:?} of {}", of.asked.name, short(of.data.get()))
            }
            Self::Suspend(reason) => write!(f, "to be suspended, {reason:?}"),
            Self::Set(name, value) => write!(f, "to set state {name:?} to {}", short(value.get())),
            Self::Read(name, _) => write!(f, "to read state {name:?}"),
        }
    }
}

fn diverged(seq: u32, recorded: &What, asked: String) -> Stop {
    Diverged { seq, recorded: recorded.to_string(), asked }.into()
}

/// Enough of a JSON text to see how it differs.
fn short(json: &str) -> String {
    const SHOWN: usize = 200;
    let mut text: String = json.chars().take(SHOWN).collect();
    if text.len() < json.len() {
        text.push('…');
    }
    text
}

/// The key of a step: a UUID of version 8 (RFC 9562, section 5.8), from a hash of what the step is.
/// Its name too: a step that is begun and told that the run is cancelled may have run before, and
/// what is begun next to undo it has the same number.
pub fn step_key(run: &str, generation: u32, seq: u32, name: &str, undo: bool) -> String {
    let what = if undo { "undo" } else { "step" };
    uuid(hash(&format!("{what} {name:?}"), run, generation, seq.into()), 8)
}

/// The text of a UUID of these bytes, with its version and variant set.
pub fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Bytes that are the same for the same place in the same run, and for no other.
pub fn hash(what: &str, run: &str, generation: u32, at: u64) -> [u8; 16] {
    let mut hash = Sha256::new();
    hash.update(format!("satama {what} {run} {generation} {at}"));
    let hash: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes
}
