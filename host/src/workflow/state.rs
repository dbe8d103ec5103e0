//! What a run is after each event: a pure function, with every pair of state and event written
//! down. Hosts fold a history with it before they go on, and each event before they write it.

mod call;
mod phase;

use std::collections::{HashMap, HashSet};

use self::call::is_approval;
pub use self::call::{Call, Settled, What, null};
use self::phase::phase_after;
pub use self::phase::{End, Phase};
use super::log::{Asked, CancelAsked, CancelSeen, Event, Json, Of, Recorded, Started, StepFailed};

/// A run, as its history has it so far.
#[derive(Debug, Clone, Default)]
pub struct State {
    phase: Phase,
    cancel: Option<Cancel>,
    /// By number.
    calls: Vec<Call>,
    /// By name, in the order in which they came.
    signals: HashMap<String, Vec<(Json, Mark)>>,
    started: Option<(Started, Mark)>,
    last: Mark,
    /// Names of approvals that are open.
    approvals: HashSet<String>,
    /// From which calls on the run was retried that had undone something: the calls, and the
    /// events by which it was.
    redone: Vec<(u32, u32)>,
}

/// An event's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Mark {
    /// Events up to this one, and with it.
    pub events: u32,
    /// Bytes of those.
    pub bytes: u64,
    /// When it was recorded, in milliseconds since 1970.
    pub at_ms: u64,
}

/// A cancel.
#[derive(Debug, Clone)]
pub struct Cancel {
    /// Why.
    pub asked: CancelAsked,
    /// When it was asked for.
    pub mark: Mark,
    /// Where the body was told of it.
    pub seen: Option<CancelSeen>,
}

/// An event that can't follow what is recorded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("event {index}, {kind}, cannot be: {why}")]
pub struct IllegalEvent {
    /// Its place.
    pub index: u32,
    /// Its kind.
    pub kind: &'static str,
    /// Why not.
    pub why: &'static str,
}

impl State {
    /// The state after all of these.
    pub fn fold<'a>(events: impl IntoIterator<Item = &'a Recorded>) -> Result<Self, IllegalEvent> {
        events.into_iter().try_fold(Self::default(), Self::next)
    }

    /// The state after one more event, or why it can't be.
    pub fn next(mut self, recorded: &Recorded) -> Result<Self, IllegalEvent> {
        let mark = Mark {
            events: self.last.events + 1,
            bytes: self.last.bytes + recorded.bytes as u64,
            at_ms: self.last.at_ms.max(recorded.at_ms),
        };
        let event = &recorded.event;
        let fail = |why| IllegalEvent { index: self.last.events, kind: event.kind(), why };
        let phase = phase_after(self.phase, self.cancel.is_some(), event).map_err(fail)?;
        self.apply(event, mark).map_err(|why| IllegalEvent {
            index: mark.events - 1,
            kind: event.kind(),
            why,
        })?;
        self.phase = phase;
        self.last = mark;
        Ok(self)
    }

    /// What the event does, where the phase allows it.
    fn apply(&mut self, event: &Event, mark: Mark) -> Result<(), &'static str> {
        match event {
            Event::Started(started) => self.started = Some((started.clone(), mark)),
            Event::StepDone(done) => {
                let step = self.step(&done.asked, done.undo, done.attempt, mark)?;
                step.settled = Some((Settled::Done(done.output.clone()), mark));
            }
            Event::StepFailed(failed) => self.fail_step(failed, mark)?,
            Event::Spawned(spawned) => {
                self.ask(spawned.asked.seq, What::Function(spawned.clone()), mark)?;
            }
            Event::ChildStarted(child) => {
                self.ask(child.asked.seq, What::Child(child.clone()), mark)?;
            }
            Event::TimerSet(timer) => {
                let due = timer.when.due_ms(mark.at_ms);
                let what = What::Timer(timer.asked.name.clone(), timer.when, due);
                self.ask(timer.asked.seq, what, mark)?;
            }
            Event::ApprovalAsked(asked) => {
                if !self.approvals.insert(asked.asked.name.clone()) {
                    return Err("an approval of this name is open");
                }
                self.ask(asked.asked.seq, What::Approval(asked.clone()), mark)?;
            }
            Event::Suspended(suspended) => {
                self.ask(suspended.seq, What::Suspend(suspended.reason.clone()), mark)?;
            }
            Event::StateSet(set) => {
                let what = What::Set(set.asked.name.clone(), set.value.clone());
                self.ask(set.asked.seq, what, mark)?.settled = Some((Settled::Done(null()), mark));
            }
            Event::StateRead(read) => {
                let what = What::Read(read.asked.name.clone(), read.value.clone());
                self.ask(read.asked.seq, what, mark)?.settled = Some((Settled::Done(null()), mark));
            }
            Event::Forgotten(forgotten) => {
                forgotten.calls.iter().try_for_each(|seq| self.forget(*seq, mark))?;
            }
            Event::CancelSeen(seen) => self.see_cancel(seen)?,
            Event::Retried(Of { seq }) => self.retry(*seq, mark)?,
            _ => self.hear(event, mark)?,
        }
        Ok(())
    }

    /// What an event does that is not the body's.
    fn hear(&mut self, event: &Event, mark: Mark) -> Result<(), &'static str> {
        match event {
            Event::FunctionDone(done) => {
                let output = Settled::Done(done.output.clone());
                self.function(done.seq, done.attempt)?.settled = Some((output, mark));
            }
            Event::FunctionFailed(failed) => {
                let function = self.function(failed.seq, failed.attempt)?;
                if failed.again_ms.is_none() {
                    function.settled = Some((Settled::Failed(failed.failure.clone()), mark));
                }
            }
            Event::ChildEnded(ended) => {
                let child = |what: &What| matches!(what, What::Child(_));
                self.settle(ended.seq, child, ended.ending.clone().into(), mark)?;
            }
            Event::TimerFired(Of { seq }) => {
                let timer = |what: &What| matches!(what, What::Timer(..));
                self.settle(*seq, timer, Settled::Done(null()), mark)?;
            }
            Event::ApprovalDecided(decided) => {
                let settled = Settled::Done(decided.decision.clone());
                self.settle(decided.seq, is_approval, settled, mark)?;
            }
            Event::ApprovalExpired(Of { seq }) => {
                self.settle(*seq, is_approval, Settled::Expired, mark)?;
            }
            Event::Resumed {} => {
                if let Phase::Suspended(seq) = self.phase {
                    let suspend = |what: &What| matches!(what, What::Suspend(_));
                    self.settle(seq, suspend, Settled::Done(null()), mark)?;
                }
            }
            Event::CancelAsked(asked) => {
                let cancel = Cancel { asked: asked.clone(), mark, seen: None };
                self.cancel.get_or_insert(cancel);
            }
            Event::Signalled(signal) => {
                let came = self.signals.entry(signal.name.clone()).or_default();
                came.push((signal.payload.clone(), mark));
            }
            // Only where the run is changes, if that.
            _ => {}
        }
        Ok(())
    }

    fn fail_step(&mut self, failed: &StepFailed, mark: Mark) -> Result<(), &'static str> {
        let step = self.step(&failed.asked, failed.undo, failed.attempt, mark)?;
        match (failed.again_ms, &mut step.what) {
            (Some(ms), What::Step { again, .. }) => {
                *again = Some((failed.failure.clone(), mark.at_ms.saturating_add(ms)));
            }
            _ => step.settled = Some((Settled::Failed(failed.failure.clone()), mark)),
        }
        Ok(())
    }

    /// A new call.
    fn ask(&mut self, seq: u32, what: What, mark: Mark) -> Result<&mut Call, &'static str> {
        if seq as usize != self.calls.len() {
            return Err("it is not the next call");
        }
        self.calls.push(Call { what, asked: mark, attempts: 0, settled: None });
        Ok(&mut self.calls[seq as usize])
    }

    /// The inline step of which `attempt` has ended: a new one, or one that is tried again.
    fn step(
        &mut self,
        asked: &Asked,
        undo: bool,
        attempt: u32,
        mark: Mark,
    ) -> Result<&mut Call, &'static str> {
        let seq = asked.seq as usize;
        if seq == self.calls.len() {
            let what = What::Step { name: asked.name.clone(), undo, again: None };
            self.ask(asked.seq, what, mark)?;
        }
        let call = self.calls.get_mut(seq).ok_or("it is not the next call")?;
        match &call.what {
            What::Step { name, .. } if *name == asked.name => {}
            _ => return Err("the call of this number is another"),
        }
        if call.settled.is_some() {
            return Err("the step has its result");
        }
        if attempt != call.attempts + 1 {
            return Err("it is not the step's next attempt");
        }
        call.attempts = attempt;
        Ok(call)
    }

    /// The function of which `attempt` has ended. Attempts of hosts that were lost are left out.
    fn function(&mut self, seq: u32, attempt: u32) -> Result<&mut Call, &'static str> {
        let call = self.calls.get_mut(seq as usize).ok_or("there is no such call")?;
        if !matches!(call.what, What::Function(_)) {
            return Err("the call of this number is another");
        }
        if call.settled.is_some() {
            return Err("the step has its result");
        }
        if attempt <= call.attempts {
            return Err("the attempt has ended before");
        }
        call.attempts = attempt;
        Ok(call)
    }

    fn settle(
        &mut self,
        seq: u32,
        is: impl Fn(&What) -> bool,
        settled: Settled,
        mark: Mark,
    ) -> Result<(), &'static str> {
        let call = self.calls.get_mut(seq as usize).ok_or("there is no such call")?;
        if !is(&call.what) {
            return Err("the call of this number is another");
        }
        if call.settled.is_some() {
            return Err("it has come to its end before");
        }
        call.settled = Some((settled, mark));
        if let What::Approval(asked) = &call.what {
            self.approvals.remove(&asked.asked.name);
        }
        Ok(())
    }

    /// A timer or approval ends, unless it did already: it may go off while it is forgotten.
    fn forget(&mut self, seq: u32, mark: Mark) -> Result<(), &'static str> {
        let call = self.calls.get(seq as usize).ok_or("there is no such call")?;
        if !call.what.is_forgettable() {
            return Err("the call of this number can't be forgotten");
        }
        if call.settled.is_none() {
            self.settle(seq, What::is_forgettable, Settled::Forgotten, mark)?;
        }
        Ok(())
    }

    fn see_cancel(&mut self, seen: &CancelSeen) -> Result<(), &'static str> {
        let calls = self.calls.len();
        let cancel = self.cancel.as_mut().ok_or("there is no cancel")?;
        if cancel.seen.is_some() {
            return Err("the body was told of it before");
        }
        if seen.seq as usize > calls {
            return Err("it is not the next call");
        }
        cancel.seen = Some(seen.clone());
        Ok(())
    }

    fn retry(&mut self, seq: u32, mark: Mark) -> Result<(), &'static str> {
        let seen = self.cancel.as_ref().and_then(|cancel| cancel.seen.as_ref());
        let is_cancelling = seen.is_some_and(|seen| seq > seen.seq);
        let left = self.calls.get(..seq as usize).ok_or("there is no such call")?;
        if left.iter().any(|call| call.settled.is_none() && call.what.is_open()) {
            return Err("a call before this one has not come to its end");
        }
        let left = &self.calls[seq as usize..];
        // An undo that goes on is the same one.
        if left.iter().any(Call::has_undone) && left.iter().any(Call::is_forward) {
            self.redone.push((seq, mark.events));
        }
        self.calls.truncate(seq as usize);
        if !is_cancelling {
            self.cancel = None;
        }
        self.approvals.clear();
        Ok(())
    }

    /// The last event that let the run do a call once more, after it had undone what it did from
    /// there on; zero if there is none.
    pub fn redone_since(&self, seq: u32) -> u32 {
        let redone = self.redone.iter().filter(|(from, _)| *from <= seq);
        redone.map(|(_, events)| *events).max().unwrap_or(0)
    }

    /// Where the run is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// The cancel, if one was asked for.
    pub fn cancel(&self) -> Option<&Cancel> {
        self.cancel.as_ref()
    }

    /// What the body asked for, by number.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// The signals of this name.
    pub fn signals(&self, name: &str) -> &[(Json, Mark)] {
        self.signals.get(name).map_or(&[], Vec::as_slice)
    }

    /// All signals, by name.
    pub fn all_signals(&self) -> impl Iterator<Item = (&str, &[(Json, Mark)])> {
        self.signals.iter().map(|(name, came)| (name.as_str(), came.as_slice()))
    }

    /// How it began.
    pub fn started(&self) -> Option<(&Started, Mark)> {
        self.started.as_ref().map(|(started, mark)| (started, *mark))
    }

    /// The last event.
    pub fn last(&self) -> Mark {
        self.last
    }
}
