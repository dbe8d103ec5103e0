//! What bodies write, and what that brings about.

use std::collections::HashMap;

use super::Status;
use super::log::{ChildStarted, Event, When};

/// What a body has done.
#[derive(Debug, Clone)]
pub struct Write<'a> {
    /// Counts the writes under this lease, from one.
    pub number: u64,
    /// How many events of the history the worker has.
    pub seen: u32,
    /// When the last of those was recorded, as its entry has it, in milliseconds since 1970.
    pub seen_ms: u64,
    /// What is appended.
    pub events: &'a [Event],
    /// What becomes of the body, if it has not ended with one of the events.
    pub then: Then<'a>,
}

/// What becomes of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then<'a> {
    /// The worker keeps it.
    Keep,
    /// The worker lets it go, and gives up the lease: it waits. Not if there are events that the
    /// worker has not seen, besides its own; then it keeps the lease.
    Park {
        /// For what, in words.
        waits: &'a str,
        /// It is put into its queue after so many milliseconds.
        wake_ms: Option<u64>,
    },
    /// It has failed, and goes into its queue after so many milliseconds; the lease is given up.
    Again {
        /// How long.
        after_ms: u64,
    },
}

/// What became of a write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Written {
    /// The entries from `seen` on that others had appended, before this write did.
    pub news: Vec<String>,
    /// When the events were appended, in milliseconds since 1970.
    pub at_ms: u64,
    /// Whether the lease was given up.
    pub released: bool,
}

/// What an event brings about in the store, besides being appended.
#[derive(Debug, Clone)]
pub enum Effect<'a> {
    /// A function is put into its queue.
    Queue {
        /// Its call.
        seq: u32,
        /// Its name.
        function: &'a str,
    },
    /// A timer is set.
    Timer {
        /// Its call.
        seq: u32,
        /// When it is due.
        when: When,
    },
    /// An approval of this name is open.
    Approval {
        /// Its call.
        seq: u32,
        /// Its name.
        name: &'a str,
        /// It expires so many milliseconds from now.
        expires_ms: Option<u64>,
    },
    /// A child is started in the same partition, as [`Store::start`] does, for the same user.
    /// If its workflow has no version, it has failed as `no-version` at once.
    Child(&'a ChildStarted),
    /// These timers and approvals are gone.
    Forget(&'a [u32]),
    /// A part of the state is set.
    State {
        /// Its name.
        name: &'a str,
        /// What it is now.
        value: &'a str,
    },
    /// The run is suspended, if it is running: it may have been cancelled meanwhile.
    Suspend,
    /// The run has ended. Its lease is given up; its timers, functions and approvals are gone;
    /// its children that have not ended are due at once to be cancelled by [`Store::take`]; its
    /// parent is told [`Event::ChildEnded`]; it will be deleted when its retention is over.
    End(Status),
    /// The run begins anew: its history is dropped, and what follows this event in the write is
    /// the new one. What it waits for is gone, as in `End`; its generation is the next; the
    /// lease is given up, and it is put into its queue. The whole write is not done if there
    /// are events that the worker has not seen: then they are all that is answered.
    Continue,
}

/// How many parts of the state events set, and their bytes.
pub(super) fn state_size(events: &[Event]) -> (usize, u64) {
    let mut parts = HashMap::new();
    for event in events {
        if let Event::StateSet(set) = event {
            parts.insert(&*set.asked.name, set.value.get().len());
        }
    }
    let bytes = parts.iter().map(|(name, value)| (name.len() + value) as u64).sum();
    (parts.len(), bytes)
}

impl<'a> Effect<'a> {
    /// What `event` brings about, if it is the body's and brings about anything.
    pub fn of(event: &'a Event) -> Option<Self> {
        Some(match event {
            Event::Spawned(spawned) => {
                Self::Queue { seq: spawned.asked.seq, function: &spawned.function }
            }
            Event::TimerSet(timer) => Self::Timer { seq: timer.asked.seq, when: timer.when },
            Event::ApprovalAsked(asked) => Self::Approval {
                seq: asked.asked.seq,
                name: &asked.asked.name,
                expires_ms: asked.expires_ms,
            },
            Event::ChildStarted(child) => Self::Child(child),
            Event::Forgotten(forgotten) => Self::Forget(&forgotten.calls),
            Event::StateSet(set) => Self::State { name: &set.asked.name, value: set.value.get() },
            Event::Suspended(_) => Self::Suspend,
            Event::Completed(_) => Self::End(Status::Completed),
            Event::Failed(_) => Self::End(Status::Failed),
            Event::Cancelled {} => Self::End(Status::Cancelled),
            Event::Continued(_) => Self::Continue,
            _ => return None,
        })
    }
}
