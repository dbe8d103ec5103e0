//! How a body is told that it is cancelled.

use super::Replay;
use crate::workflow::log::{CancelSeen, Event};

impl Replay {
    /// Whether the body was told of a cancel.
    pub fn told(&self) -> bool {
        self.told
    }

    /// Whether it is to be recorded that the body was told of a cancel.
    pub fn has_unwritten_cancel(&self) -> bool {
        self.unwritten.iter().any(|event| matches!(event, Event::CancelSeen(_)))
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

    /// Tells the body of a cancel, if it is to be told now: by a call that is not recorded, or
    /// a wait for what was settled, if at all, when there were so many events.
    pub(super) fn is_told(&mut self, settled: Option<u32>) -> bool {
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
}
