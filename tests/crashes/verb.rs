//! The verbs of `workflow::Store` and `Control`, and what is done with each.

use satama::workflow::log::{Done, Event, Failure, FunctionFailed, json};

/// Longer than any test takes, in milliseconds.
pub(crate) const LONG_MS: u64 = 600_000;

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Start(u8),
    StartKeyed,
    TakeBody,
    TakeFunction,
    Write(What),
    Settle(End),
    Renew,
    SetState,
    State,
    Register,
    Signal,
    SignalKeyed,
    Decide,
    Resume,
    Cancel,
    Force,
    Retry,
    Get,
    History,
    List,
    Delete,
    Versions,
    SetVersion,
    Schedule,
    Reschedule,
    Unschedule,
    Schedules,
    Advance,
}

/// What a body writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Keep,
    Park,
    Again,
    /// With something that it has not seen.
    News,
    ParkNews,
    /// Every effect that leaves it as it is.
    Much,
    End,
    Anew,
    AnewNews,
}

/// How a function ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Failed,
    Again,
}

pub(crate) const VERBS: [Verb; 39] = [
    Verb::Start(1),
    Verb::Start(3),
    Verb::StartKeyed,
    Verb::TakeBody,
    Verb::TakeFunction,
    Verb::Write(What::Keep),
    Verb::Write(What::Park),
    Verb::Write(What::Again),
    Verb::Write(What::News),
    Verb::Write(What::ParkNews),
    Verb::Write(What::Much),
    Verb::Write(What::End),
    Verb::Write(What::Anew),
    Verb::Write(What::AnewNews),
    Verb::Settle(End::Done),
    Verb::Settle(End::Failed),
    Verb::Settle(End::Again),
    Verb::Renew,
    Verb::SetState,
    Verb::State,
    Verb::Register,
    Verb::Signal,
    Verb::SignalKeyed,
    Verb::Decide,
    Verb::Resume,
    Verb::Cancel,
    Verb::Force,
    Verb::Retry,
    Verb::Get,
    Verb::History,
    Verb::List,
    Verb::Delete,
    Verb::Versions,
    Verb::SetVersion,
    Verb::Schedule,
    Verb::Reschedule,
    Verb::Unschedule,
    Verb::Schedules,
    Verb::Advance,
];

/// The end of a function's first attempt.
pub(crate) fn settled(end: End) -> Event {
    let (seq, attempt) = (0, 1);
    let failed = |again_ms| {
        let failure = Failure::ours("odd", "it failed");
        Event::FunctionFailed(FunctionFailed { seq, attempt, failure, again_ms })
    };
    match end {
        End::Done => Event::FunctionDone(Done { seq, attempt, output: json("1").unwrap() }),
        End::Failed => failed(None),
        End::Again => failed(Some(LONG_MS)),
    }
}
