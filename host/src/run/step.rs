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
