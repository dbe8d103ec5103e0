//! Where a run is in its life, and where an event takes it.

use crate::workflow::log::Event;

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

/// Where a run is after an event, or why it can't be there. `cancel` is whether it is being cancelled.
pub(super) fn phase_after(
    phase: Phase,
    cancel: bool,
    event: &Event,
) -> Result<Phase, &'static str> {
    match phase {
        Phase::New => match event {
            Event::Started(_) => Ok(Phase::Running),
            _ => Err("a history begins with `started`"),
        },
        Phase::Running => running(cancel, event),
        Phase::Suspended(seq) => suspended(seq, event),
        Phase::Ended(End::Failed | End::Cancelled) => match event {
            Event::Retried(_) => Ok(Phase::Running),
            _ => Err("the run has ended"),
        },
        Phase::Ended(End::Completed | End::Continued) => Err("the run has ended"),
    }
}

fn running(cancel: bool, event: &Event) -> Result<Phase, &'static str> {
    match event {
        Event::Started(_) => Err("the run has started before"),
        Event::Resumed {} => Err("the run is not suspended"),
        Event::Retried(_) => Err("the run has not ended"),
        // The cancel came first, and the body did not know: it is told at once.
        Event::Suspended(_) if cancel => Ok(Phase::Running),
        Event::Suspended(suspended) => Ok(Phase::Suspended(suspended.seq)),
        Event::Completed(_) => Ok(Phase::Ended(End::Completed)),
        Event::Failed(_) => Ok(Phase::Ended(End::Failed)),
        Event::Cancelled {} => Ok(Phase::Ended(End::Cancelled)),
        Event::Continued(_) => Ok(Phase::Ended(End::Continued)),
        Event::StepDone(_)
        | Event::StepFailed(_)
        | Event::Spawned(_)
        | Event::FunctionDone(_)
        | Event::FunctionFailed(_)
        | Event::ChildStarted(_)
        | Event::ChildEnded(_)
        | Event::TimerSet(_)
        | Event::TimerFired(_)
        | Event::ApprovalAsked(_)
        | Event::ApprovalDecided(_)
        | Event::ApprovalExpired(_)
        | Event::StateSet(_)
        | Event::StateRead(_)
        | Event::Forgotten(_)
        | Event::CancelSeen(_)
        | Event::Signalled(_)
        | Event::CancelAsked(_)
        | Event::Lost(_)
        | Event::BodyFailed(_) => Ok(Phase::Running),
    }
}

/// Its body waits, and can do nothing but hear of a cancel, or fail.
fn suspended(seq: u32, event: &Event) -> Result<Phase, &'static str> {
    match event {
        Event::Resumed {} | Event::CancelAsked(_) => Ok(Phase::Running),
        Event::Failed(_) => Ok(Phase::Ended(End::Failed)),
        Event::Cancelled {} => Ok(Phase::Ended(End::Cancelled)),
        Event::FunctionDone(_)
        | Event::FunctionFailed(_)
        | Event::ChildEnded(_)
        | Event::TimerFired(_)
        | Event::ApprovalDecided(_)
        | Event::ApprovalExpired(_)
        | Event::Signalled(_)
        | Event::Lost(_)
        | Event::BodyFailed(_) => Ok(Phase::Suspended(seq)),
        Event::Started(_)
        | Event::StepDone(_)
        | Event::StepFailed(_)
        | Event::Spawned(_)
        | Event::ChildStarted(_)
        | Event::TimerSet(_)
        | Event::ApprovalAsked(_)
        | Event::Suspended(_)
        | Event::StateSet(_)
        | Event::StateRead(_)
        | Event::Forgotten(_)
        | Event::CancelSeen(_)
        | Event::Retried(_)
        | Event::Completed(_)
        | Event::Continued(_) => Err("the run is suspended"),
    }
}
