//! What a body asks for, in words: for who reads why a run diverged, or what it waits for.

use std::fmt;
use std::time::Duration;

use super::{Diverged, Ending, Stop};
use crate::workflow::log::When;
use crate::workflow::state::What;

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Completed(_) => write!(f, "to be completed"),
            Self::Failed(failure) => write!(f, "to fail, {:?}", failure.code),
            Self::Cancelled => write!(f, "to be cancelled"),
            Self::Continued(_) => write!(f, "to continue as new"),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AfterMs(ms) => write!(f, "after {:?}", Duration::from_millis(*ms)),
            Self::AtMs(at) => write!(f, "at {at} ms"),
        }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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

pub(super) fn diverged(seq: u32, recorded: &What, asked: String) -> Stop {
    Diverged { seq, recorded: recorded.to_string(), asked }.into()
}

/// Enough of a JSON text to see how it differs.
pub(super) fn short(json: &str) -> String {
    const SHOWN: usize = 200;
    let mut text: String = json.chars().take(SHOWN).collect();
    if text.len() < json.len() {
        text.push('…');
    }
    text
}
