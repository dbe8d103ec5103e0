//! What a run is after each event: a pure function, with every pair of state and event written
//! down. Hosts fold a history with it before they go on, and each event before they write it.

use std::collections::{HashMap, HashSet};

use super::log::{
    ApprovalAsked, Asked, CancelAsked, CancelSeen, ChildEnding, ChildStarted, Event, Failure, Json,
    Of, Recorded, Spawned, Started, When,
};

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
    /// Calls whose end is still to come from elsewhere.
    open: usize,
    /// Names of approvals that are open.
    approvals: HashSet<String>,
}

/// Where a run is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Nothing is recorded yet.
    #[default]
    New,
    /// It goes on, or waits.
    Running,
    /// It waits until it is resumed: its call of this number asked for that.
    Suspended(u32),
    /// It has ended.
    Ended(End),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With an output.
    Completed,
    /// With a failure.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It goes on as new.
    Continued,
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

/// Something that the body asked for, and what came of it.
#[derive(Debug, Clone)]
pub struct Call {
    /// What.
    pub what: What,
    /// When it was recorded first.
    pub asked: Mark,
    /// Attempts that have an end.
    pub attempts: u32,
    /// What came of it, and when.
    pub settled: Option<(Settled, Mark)>,
}

/// What a body can ask for, so that it is recorded.
#[derive(Debug, Clone)]
pub enum What {
    /// An inline step.
    Step {
        /// Its name.
        name: String,
        /// Whether it undoes an earlier one.
        undo: bool,
        /// Why its last attempt failed, and when the next may begin, in milliseconds since 1970.
        again: Option<(Failure, u64)>,
    },
    /// A function.
    Function(Spawned),
    /// A child.
    Child(ChildStarted),
    /// A timer, and when it is due, in milliseconds since 1970.
    Timer(String, When, u64),
    /// An approval.
    Approval(ApprovalAsked),
    /// To wait until it is resumed, and why.
    Suspend(String),
    /// To set a part of its state.
    Set(String, Json),
    /// To read a part of its state.
    Read(String, Option<Json>),
}

/// What came of a call.
#[derive(Debug, Clone)]
pub enum Settled {
    /// It is done, with this.
    Done(Json),
    /// It has failed.
    Failed(Failure),
    /// Nobody decided in time.
    Expired,
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
        let phase = phase_after(self.phase, event).map_err(fail)?;
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
            Event::StepFailed(failed) => {
                let step = self.step(&failed.asked, failed.undo, failed.attempt, mark)?;
                match failed.again_ms {
                    None => step.settled = Some((Settled::Failed(failed.failure.clone()), mark)),
                    Some(ms) => {
                        if let What::Step { again, .. } = &mut step.what {
                            *again = Some((failed.failure.clone(), mark.at_ms.saturating_add(ms)));
                        }
                    }
                }
            }
            Event::Spawned(spawned) => {
                self.ask(spawned.asked.seq, What::Function(spawned.clone()), mark)?;
            }
            Event::FunctionDone(done) => {
                let output = Settled::Done(done.output.clone());
                self.function(done.seq, done.attempt)?.settled = Some((output, mark));
                self.open -= 1;
            }
            Event::FunctionFailed(failed) => {
                let function = self.function(failed.seq, failed.attempt)?;
                if failed.again_ms.is_none() {
                    function.settled = Some((Settled::Failed(failed.failure.clone()), mark));
                    self.open -= 1;
                }
            }
            Event::ChildStarted(child) => {
                self.ask(child.asked.seq, What::Child(child.clone()), mark)?;
            }
            Event::ChildEnded(ended) => {
                let child = |what: &What| matches!(what, What::Child(_));
                let settled = ended.ending.clone().into();
                self.settle(ended.seq, child, settled, mark)?;
            }
            Event::TimerSet(timer) => {
                let due = timer.when.due_ms(mark.at_ms);
                let what = What::Timer(timer.asked.name.clone(), timer.when, due);
                self.ask(timer.asked.seq, what, mark)?;
            }
            Event::TimerFired(Of { seq, .. }) => {
                let timer = |what: &What| matches!(what, What::Timer(..));
                self.settle(*seq, timer, Settled::Done(null()), mark)?;
            }
            Event::ApprovalAsked(asked) => {
                if !self.approvals.insert(asked.asked.name.clone()) {
                    return Err("an approval of this name is open");
                }
                self.ask(asked.asked.seq, What::Approval(asked.clone()), mark)?;
            }
            Event::ApprovalDecided(decided) => {
                let settled = Settled::Done(decided.decision.clone());
                self.settle(decided.seq, is_approval, settled, mark)?;
            }
            Event::ApprovalExpired(Of { seq, .. }) => {
                self.settle(*seq, is_approval, Settled::Expired, mark)?;
            }
            Event::Suspended(suspended) => {
                self.ask(suspended.seq, What::Suspend(suspended.reason.clone()), mark)?;
            }
            Event::Resumed {} => {
                if let Phase::Suspended(seq) = self.phase {
                    let suspend = |what: &What| matches!(what, What::Suspend(_));
                    self.settle(seq, suspend, Settled::Done(null()), mark)?;
                }
            }
            Event::StateSet(set) => {
                let what = What::Set(set.asked.name.clone(), set.value.clone());
                self.ask(set.asked.seq, what, mark)?.settled = Some((Settled::Done(null()), mark));
            }
            Event::StateRead(read) => {
                let what = What::Read(read.asked.name.clone(), read.value.clone());
                self.ask(read.asked.seq, what, mark)?.settled = Some((Settled::Done(null()), mark));
            }
            Event::CancelAsked(asked) => {
                let cancel = Cancel { asked: asked.clone(), mark, seen: None };
                self.cancel.get_or_insert(cancel);
            }
            Event::CancelSeen(seen) => self.see_cancel(seen)?,
            Event::Signalled(signal) => {
                let came = self.signals.entry(signal.name.clone()).or_default();
                came.push((signal.payload.clone(), mark));
            }
            Event::Retried(Of { seq, .. }) => self.retry(*seq)?,
            Event::Lost(_)
            | Event::BodyFailed(_)
            | Event::Completed(_)
            | Event::Failed(_)
            | Event::Cancelled {}
            | Event::Continued(_) => {}
        }
        Ok(())
    }

    /// A new call.
    fn ask(&mut self, seq: u32, what: What, mark: Mark) -> Result<&mut Call, &'static str> {
        if seq as usize != self.calls.len() {
            return Err("it is not the next call");
        }
        self.open += usize::from(what.is_open());
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
        self.open -= 1;
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

    fn retry(&mut self, seq: u32) -> Result<(), &'static str> {
        let seen = self.cancel.as_ref().and_then(|cancel| cancel.seen.as_ref());
        if seen.is_some_and(|seen| seq > seen.seq) {
            return Err("the body was told of a cancel before this call");
        }
        let left = self.calls.get(..seq as usize).ok_or("there is no such call")?;
        if left.iter().any(|call| call.settled.is_none() && call.what.is_open()) {
            return Err("a call before this one has not come to its end");
        }
        self.calls.truncate(seq as usize);
        self.cancel = None;
        self.open = 0;
        self.approvals.clear();
        Ok(())
    }

    /// How many calls wait for their end from elsewhere.
    pub fn open(&self) -> usize {
        self.open
    }

    /// Whether an approval of this name is open.
    pub fn has_open_approval(&self, name: &str) -> bool {
        self.approvals.contains(name)
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

/// Where a run is after an event, or why it can't be there.
fn phase_after(phase: Phase, event: &Event) -> Result<Phase, &'static str> {
    use Event as E;
    match (phase, event) {
        (Phase::New, E::Started(_)) => Ok(Phase::Running),
        (Phase::New, _) => Err("a history begins with `started`"),

        (Phase::Running, E::Started(_)) => Err("the run has started before"),
        (Phase::Running, E::Resumed {}) => Err("the run is not suspended"),
        (Phase::Running, E::Retried(_)) => Err("the run has not ended"),
        (Phase::Running, E::Suspended(suspended)) => Ok(Phase::Suspended(suspended.seq)),

        // Its body waits, and can do nothing but hear of a cancel, or fail.
        (Phase::Suspended(_), E::Resumed {}) => Ok(Phase::Running),
        (Phase::Suspended(_), E::CancelAsked(_)) => Ok(Phase::Running),
        (
            Phase::Suspended(seq),
            E::FunctionDone(_)
            | E::FunctionFailed(_)
            | E::ChildEnded(_)
            | E::TimerFired(_)
            | E::ApprovalDecided(_)
            | E::ApprovalExpired(_)
            | E::Signalled(_)
            | E::Lost(_)
            | E::BodyFailed(_),
        ) => Ok(Phase::Suspended(seq)),
        (
            Phase::Suspended(_),
            E::Started(_)
            | E::StepDone(_)
            | E::StepFailed(_)
            | E::Spawned(_)
            | E::ChildStarted(_)
            | E::TimerSet(_)
            | E::ApprovalAsked(_)
            | E::Suspended(_)
            | E::StateSet(_)
            | E::StateRead(_)
            | E::CancelSeen(_)
            | E::Retried(_)
            | E::Completed(_)
            | E::Continued(_),
        ) => Err("the run is suspended"),

        (Phase::Running | Phase::Suspended(_), E::Failed(_)) => Ok(Phase::Ended(End::Failed)),
        (Phase::Running | Phase::Suspended(_), E::Cancelled {}) => Ok(Phase::Ended(End::Cancelled)),
        (Phase::Running, E::Completed(_)) => Ok(Phase::Ended(End::Completed)),
        (Phase::Running, E::Continued(_)) => Ok(Phase::Ended(End::Continued)),
        (
            Phase::Running,
            E::StepDone(_)
            | E::StepFailed(_)
            | E::Spawned(_)
            | E::FunctionDone(_)
            | E::FunctionFailed(_)
            | E::ChildStarted(_)
            | E::ChildEnded(_)
            | E::TimerSet(_)
            | E::TimerFired(_)
            | E::ApprovalAsked(_)
            | E::ApprovalDecided(_)
            | E::ApprovalExpired(_)
            | E::StateSet(_)
            | E::StateRead(_)
            | E::CancelSeen(_)
            | E::Signalled(_)
            | E::CancelAsked(_)
            | E::Lost(_)
            | E::BodyFailed(_),
        ) => Ok(Phase::Running),

        (Phase::Ended(End::Failed | End::Cancelled), E::Retried(_)) => Ok(Phase::Running),
        (Phase::Ended(_), _) => Err("the run has ended"),
    }
}

impl What {
    /// Whether its end comes from elsewhere, and not from the body.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Function(_)
            | Self::Child(_)
            | Self::Timer(..)
            | Self::Approval(_)
            | Self::Suspend(_) => true,
            Self::Step { .. } | Self::Set(..) | Self::Read(..) => false,
        }
    }
}

fn is_approval(what: &What) -> bool {
    matches!(what, What::Approval(_))
}

/// What a timer brings.
pub fn null() -> Json {
    super::log::json("null").expect("null is JSON")
}

impl When {
    /// When it is due, in milliseconds since 1970, if it is recorded at `now_ms`.
    pub fn due_ms(self, now_ms: u64) -> u64 {
        match self {
            Self::AfterMs(ms) => now_ms.saturating_add(ms),
            Self::AtMs(at) => at,
        }
    }
}

impl From<ChildEnding> for Settled {
    fn from(ending: ChildEnding) -> Self {
        match ending {
            ChildEnding::Completed(output) => Self::Done(output),
            ChildEnding::Failed(failure) => Self::Failed(failure),
            ChildEnding::Cancelled {} => {
                Self::Failed(Failure::ours("cancelled", "the child was cancelled"))
            }
        }
    }
}
