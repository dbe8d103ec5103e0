//! How much a body may ask for at a time. By what it has asked for and been answered alone, and
//! not by what is recorded meanwhile: what is refused is refused again when it is replayed.

use super::Replay;
use crate::workflow::state::What;
use crate::workflow::{Error, OPEN_MAX};

impl Replay {
    /// Whether one more thing may be waited for.
    pub(super) fn room(&mut self) -> Result<(), Error> {
        if self.open >= OPEN_MAX {
            // Of those that nobody waits for, it has passed the ends of some.
            let (calls, seen) = (self.state.calls(), self.seen.events);
            let before = self.left.len();
            self.left.retain(|seq| {
                let settled = calls.get(*seq as usize).and_then(|call| call.settled.as_ref());
                settled.is_none_or(|(_, mark)| mark.events > seen)
            });
            self.open -= before - self.left.len();
        }
        if self.open < OPEN_MAX {
            return Ok(());
        }
        Err(Error::TooLarge { what: "open tickets", max: OPEN_MAX as u64 })
    }

    /// A wait has answered with a call, or it is forgotten.
    pub(super) fn close(&mut self, seq: u32) {
        self.open -= 1;
        let name = match self.asked(seq).as_deref() {
            Some(What::Approval(asked)) => asked.asked.name.clone(),
            _ => return,
        };
        self.approvals.remove(&name);
    }
}
