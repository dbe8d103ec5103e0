//! What a body asked for, as people see it.

use super::Error;
use crate::workflow::log::{Event, Failure, Recorded};
use crate::workflow::state::{Call, Settled, State, What};

/// One thing that a body asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepInfo {
    /// Its place in the order in which the body asked.
    pub number: u32,
    /// What it is.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The function or workflow.
    pub target: Option<String>,
    /// The child.
    pub child: Option<String>,
    /// Where it is.
    pub status: StepStatus,
    /// Attempts that have an end.
    pub attempts: u32,
    /// Whether it undoes an earlier step.
    pub undo: bool,
    /// What it was given, where that is kept.
    pub input: Option<String>,
    /// What came of it.
    pub output: Option<String>,
    /// Why it failed; of one that is tried again, the last time.
    pub failure: Option<Failure>,
    /// Events of the history up to the one by which it was recorded first.
    pub begun: u32,
    /// When that was, in milliseconds since 1970.
    pub created_ms: u64,
    /// When it came to its end.
    pub ended_ms: Option<u64>,
}

/// Where a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepStatus {
    /// It has no end yet.
    Pending,
    /// It is done.
    Succeeded,
    /// It has failed for good.
    Failed,
}

/// What the body of a run with this history asked for.
pub fn steps(history: &[Recorded]) -> Result<Vec<StepInfo>, Error> {
    let state = State::fold(history).map_err(|err| Error::Malformed(err.into()))?;
    let mut steps: Vec<_> = (0..).zip(state.calls()).map(|(at, call)| step(at, call)).collect();
    // Why an attempt failed is in the history alone.
    for recorded in history {
        if let Event::FunctionFailed(failed) = &recorded.event
            && let Some(step) = steps.get_mut(failed.seq as usize)
            && step.status == StepStatus::Pending
        {
            step.failure = Some(failed.failure.clone());
        }
    }
    Ok(steps)
}

fn step(number: u32, call: &Call) -> StepInfo {
    let mut step = StepInfo {
        number,
        kind: kind(&call.what),
        name: String::new(),
        target: None,
        child: None,
        status: StepStatus::Pending,
        attempts: call.attempts,
        undo: false,
        input: None,
        output: None,
        failure: None,
        begun: call.asked.events,
        created_ms: call.asked.at_ms,
        ended_ms: call.settled.as_ref().map(|(_, mark)| mark.at_ms),
    };
    match &call.what {
        What::Step { name, undo, again } => {
            (step.name, step.undo) = (name.clone(), *undo);
            step.failure = again.as_ref().map(|(failure, _)| failure.clone());
        }
        What::Function(of) => {
            (step.name, step.undo) = (of.asked.name.clone(), of.undo);
            step.target = Some(of.function.clone());
            step.input = Some(of.input.get().to_owned());
        }
        What::Child(of) => {
            step.name = of.asked.name.clone();
            (step.target, step.child) = (Some(of.workflow.clone()), Some(of.run.clone()));
            step.input = Some(of.input.get().to_owned());
        }
        What::Approval(of) => {
            step.name = of.asked.name.clone();
            step.input = Some(of.data.get().to_owned());
        }
        What::Set(name, value) => {
            (step.name, step.input) = (name.clone(), Some(value.get().to_owned()));
        }
        What::Read(name, value) => {
            step.name = name.clone();
            step.output = value.as_ref().map(|value| value.get().to_owned());
        }
        What::Timer(name, ..) | What::Suspend(name) => step.name = name.clone(),
    }
    match &call.settled {
        Some((Settled::Done(output), _)) => {
            step.status = StepStatus::Succeeded;
            step.failure = None;
            let is_output = !matches!(call.what, What::Set(..) | What::Read(..));
            step.output = if is_output { Some(output.get().to_owned()) } else { step.output };
        }
        Some((Settled::Failed(failure), _)) => {
            step.status = StepStatus::Failed;
            step.failure = Some(failure.clone());
        }
        // It has an end, and nobody cares which.
        Some((Settled::Forgotten, _)) => step.status = StepStatus::Succeeded,
        Some((Settled::Expired, _)) => {
            step.status = StepStatus::Failed;
            step.failure = Some(Failure::ours("expired", "nobody decided in time"));
        }
        None => {}
    }
    step
}

fn kind(what: &What) -> &'static str {
    match what {
        What::Step { .. } => "step",
        What::Function(_) => "function",
        What::Child(_) => "child",
        What::Timer(..) => "timer",
        What::Approval(_) => "approval",
        What::Suspend(_) => "suspend",
        What::Set(..) | What::Read(..) => "state",
    }
}

/// From which call on a run with this history may go on: from `number`, or from the first that
/// failed; never from after one that has no end. And whether it is being cancelled then: the
/// steps after it was told so are of that.
pub(super) fn retry_from(history: &[Recorded], number: Option<u32>) -> Result<(u32, bool), Error> {
    let state = State::fold(history).map_err(|err| Error::Malformed(err.into()))?;
    let calls = state.calls();
    let seen = state.cancel().and_then(|cancel| cancel.seen.as_ref());
    let is_open = |call: &Call| call.settled.is_none() && call.what.is_open();
    let open = calls.iter().position(is_open).unwrap_or(calls.len());
    let is_cancelling = |number: u32| seen.is_some_and(|seen| number > seen.seq);
    if let Some(number) = number {
        if number as usize > open {
            let why =
                format!("a run can go on from step {open} or one before it, not from {number}");
            return Err(Error::InvalidStep(why));
        }
        // What was undone is done by another key, and what could not be undone is there already.
        let undos = (number..).zip(&calls[number as usize..]).filter(|(_, call)| call.is_undo());
        let (done, left): (Vec<_>, Vec<_>) = undos.partition(|(_, call)| call.has_undone());
        let redone = calls[number as usize..].iter().any(Call::is_forward);
        if let (true, false, Some((left, _))) = (redone, done.is_empty(), left.first()) {
            let why = format!("step {left} undid nothing, though others did; go on from it first");
            return Err(Error::InvalidStep(why));
        }
        return Ok((number, is_cancelling(number)));
    }
    if calls.iter().any(Call::is_undo) {
        let why = "its steps were undone; name the step to go on from: one before what was undone, or one that undoes";
        return Err(Error::InvalidStep(why.to_owned()));
    }
    let failed = |call: &Call| !is_done(call);
    let most = seen.map_or(open, |seen| open.min(seen.seq as usize));
    let first = calls.iter().position(failed).unwrap_or(calls.len()).min(most);
    Ok((u32::try_from(first).unwrap_or(u32::MAX), false))
}

fn is_done(call: &Call) -> bool {
    matches!(call.settled, Some((Settled::Done(_), _)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::log::{Asked, Started, StepDone, StepFailed, json};

    fn done(seq: u32, undo: bool) -> Event {
        let asked = Asked { seq, name: "a".into() };
        Event::StepDone(StepDone { asked, attempt: 1, output: json("1").unwrap(), undo })
    }

    fn failed(seq: u32, undo: bool) -> Event {
        let asked = Asked { seq, name: "a".into() };
        let failure = Failure::ours("odd", "it failed");
        Event::StepFailed(StepFailed { asked, attempt: 1, failure, again_ms: None, undo })
    }

    /// Two steps are done, a third fails, and then this.
    fn history(undos: &[Event]) -> Vec<Recorded> {
        let started = Event::Started(Started { input: json("1").unwrap(), generation: 0 });
        let begin = [started, done(0, false), done(1, false), failed(2, false)];
        let end = Event::Failed(Failure::ours("odd", "it failed"));
        let events = begin.into_iter().chain(undos.iter().cloned()).chain([end]);
        events.map(|event| Recorded { at_ms: 1, bytes: 1, event }).collect()
    }

    #[test]
    fn a_run_goes_on_from_the_step_that_failed() {
        assert_eq!(retry_from(&history(&[]), None).unwrap(), (2, false));
    }

    #[test]
    fn a_run_that_was_undone_goes_on_from_where_it_is_told() {
        let undone = history(&[done(3, true), done(4, true)]);
        assert!(matches!(retry_from(&undone, None), Err(Error::InvalidStep(_))));
        assert_eq!(retry_from(&undone, Some(0)).unwrap(), (0, false));
        assert_eq!(State::fold(&undone).unwrap().redone_since(0), 0);
    }

    #[test]
    fn what_was_undone_in_part_is_undone_first() {
        let partly = history(&[done(3, true), failed(4, true)]);
        let Err(Error::InvalidStep(why)) = retry_from(&partly, Some(1)) else { panic!() };
        assert!(why.starts_with("step 4"), "{why}");
        // The undo that failed may go on, and then all of it may be done anew.
        for from in [3, 4] {
            assert_eq!(retry_from(&partly, Some(from)).unwrap(), (from, false));
        }
    }

    #[test]
    fn only_what_is_done_anew_after_it_was_undone_is_another_thing() {
        let after = |undos: &[Event], seq: u32| {
            let mut events = history(undos);
            let retried = Event::Retried(crate::workflow::log::Of { seq });
            events.push(Recorded { at_ms: 1, bytes: 1, event: retried });
            State::fold(&events).unwrap()
        };
        let turn = u32::try_from(history(&[done(3, true), done(4, true)]).len()).unwrap() + 1;
        let redone = after(&[done(3, true), done(4, true)], 1);
        assert_eq!([0, 1, 2].map(|seq| redone.redone_since(seq)), [0, turn, turn]);
        // A step that failed may have been done; an undo that goes on may too.
        assert_eq!(after(&[], 2).redone_since(2), 0);
        assert_eq!(after(&[done(3, true), failed(4, true)], 3).redone_since(3), 0);
    }
}
