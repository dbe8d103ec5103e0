//! What a body asks for, so that it is recorded.

use super::word::short;
use super::{Replay, Stop, Ticket};
use crate::workflow::log::{
    ApprovalAsked, Asked, ChildStarted, Event, Forgotten, Json, Spawned, StateRead, StateSet,
    Suspended, TimerSet, When,
};
use crate::workflow::state::What;
use crate::workflow::{
    Error, HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX, OPEN_MAX, STATE_BYTES_MAX, STATE_PARTS_MAX,
};

impl Replay {
    /// A function, as a step.
    pub fn spawn(&mut self, mut new: Spawned) -> Result<u32, Stop> {
        self.room()?;
        let same = |what: &What| match what {
            What::Function(old) => {
                old.asked.name == new.asked.name
                    && old.function == new.function
                    && old.input.get() == new.input.get()
            }
            _ => false,
        };
        let asked = format!(
            "step {:?}, function {:?} of {}",
            new.asked.name,
            new.function,
            short(new.input.get())
        );
        if self.is_recorded(same, asked)? {
            return Ok(self.ticket());
        }
        new.asked.seq = self.next;
        new.since = self.turn(self.next).since;
        self.unwrite(Event::Spawned(new))?;
        Ok(self.ticket())
    }

    /// A child. Its id counts only if it is new.
    pub fn child(&mut self, mut new: ChildStarted) -> Result<u32, Stop> {
        self.room()?;
        let same = |what: &What| match what {
            What::Child(old) => {
                old.asked.name == new.asked.name
                    && old.workflow == new.workflow
                    && old.input.get() == new.input.get()
            }
            _ => false,
        };
        let asked = format!(
            "child {:?}, workflow {:?} of {}",
            new.asked.name,
            new.workflow,
            short(new.input.get())
        );
        if self.is_recorded(same, asked)? {
            return Ok(self.ticket());
        }
        new.asked.seq = self.next;
        self.unwrite(Event::ChildStarted(new))?;
        Ok(self.ticket())
    }

    /// A timer.
    pub fn timer(&mut self, name: &str, when: When) -> Result<u32, Stop> {
        self.room()?;
        let same =
            |what: &What| matches!(what, What::Timer(old, at, _) if old == name && *at == when);
        let asked = format!("timer {name:?}, {when}");
        if !self.is_recorded(same, asked)? {
            let asked = Asked { seq: self.next, name: name.to_owned() };
            self.unwrite(Event::TimerSet(TimerSet { asked, when }))?;
        }
        Ok(self.ticket())
    }

    /// An approval.
    pub fn approval(&mut self, mut new: ApprovalAsked) -> Result<u32, Stop> {
        self.room()?;
        if self.approvals.contains(&new.asked.name) {
            return Err(Error::Misplaced("an approval of this name is open").into());
        }
        let same = |what: &What| match what {
            What::Approval(old) => {
                old.asked.name == new.asked.name && old.data.get() == new.data.get()
            }
            _ => false,
        };
        let asked = format!("approval {:?} of {}", new.asked.name, short(new.data.get()));
        let name = new.asked.name.clone();
        if !self.is_recorded(same, asked)? {
            new.asked.seq = self.next;
            self.unwrite(Event::ApprovalAsked(new))?;
        }
        self.approvals.insert(name);
        Ok(self.ticket())
    }

    /// The next signal of this name.
    pub fn signal(&mut self, name: &str) -> Result<u32, Stop> {
        self.outside_of_a_step()?;
        let claims = self.signals.entry(name.to_owned()).or_default();
        let nth = claims.left.pop_first().unwrap_or(claims.next);
        claims.next = claims.next.max(nth + 1);
        self.tickets.push(Ticket::Signal { name: name.to_owned(), nth, taken: false });
        self.tickets_in_bounds()
    }

    /// Whether the body has a ticket for a signal.
    pub fn has_claimed(&self, name: &str, nth: usize) -> bool {
        let claims = self.signals.get(name);
        claims.is_some_and(|claims| nth < claims.next && !claims.left.contains(&nth))
    }

    /// Tickets that are given up.
    pub fn forget(&mut self, tickets: &[u32]) -> Result<(), Stop> {
        if tickets.len() > OPEN_MAX {
            return Err(Error::TooLarge { what: "tickets", max: OPEN_MAX as u64 }.into());
        }
        if tickets.iter().any(|ticket| *ticket as usize >= self.tickets.len()) {
            return Err(Error::Misplaced("there is no such ticket").into());
        }
        let mut calls = Vec::new();
        for ticket in tickets {
            let ticket = &mut self.tickets[*ticket as usize];
            match std::mem::replace(ticket, Ticket::Forgotten) {
                Ticket::Call { seq, open } => {
                    if open && self.asked(seq).is_some_and(|what| what.is_forgettable()) {
                        self.close(seq);
                    } else if open {
                        self.left.push(seq);
                    }
                    calls.push(seq);
                }
                Ticket::Signal { name, nth, taken: false } => {
                    self.signals.entry(name).or_default().left.insert(nth);
                }
                Ticket::Signal { .. } | Ticket::Forgotten => {}
            }
        }
        calls.retain(|seq| {
            let has_end =
                self.state.calls().get(*seq as usize).is_some_and(|c| c.settled.is_some());
            !has_end && self.asked(*seq).is_some_and(|what| what.is_forgettable())
        });
        if !calls.is_empty() {
            self.unwritten.push(Event::Forgotten(Forgotten { calls }));
        }
        Ok(())
    }

    /// Waiting until the run is resumed.
    pub fn suspend(&mut self, reason: &str) -> Result<u32, Stop> {
        if self.told {
            let why = "a run that is being cancelled is not suspended";
            return Err(Error::Misplaced(why).into());
        }
        let same = |what: &What| matches!(what, What::Suspend(old) if old == reason);
        if !self.is_recorded(same, format!("to be suspended, {reason:?}"))? {
            let suspended = Suspended { seq: self.next, reason: reason.to_owned() };
            self.unwrite(Event::Suspended(suspended))?;
        }
        Ok(self.ticket())
    }

    /// A part of the state to be set.
    pub fn set_state(&mut self, name: &str, value: Json) -> Result<(), Stop> {
        let same = |what: &What| match what {
            What::Set(old, was) => old == name && was.get() == value.get(),
            _ => false,
        };
        let asked = format!("to set state {name:?} to {}", short(value.get()));
        let length = value.get().len() as u64;
        let others = self.parts.iter().filter(|(part, _)| *part != name);
        let bytes: u64 = others.clone().map(|(name, value)| name.len() as u64 + value).sum();
        if others.count() >= STATE_PARTS_MAX as usize
            || bytes + name.len() as u64 + length > STATE_BYTES_MAX
        {
            let max = STATE_BYTES_MAX;
            return Err(Error::TooLarge { what: "parts of the state", max }.into());
        }
        let is_recorded = self.is_recorded_untold(same, asked)?;
        self.parts.insert(name.to_owned(), length);
        if !is_recorded {
            let asked = Asked { seq: self.next, name: name.to_owned() };
            self.unwrite(Event::StateSet(StateSet { asked, value }))?;
        }
        self.next += 1;
        Ok(())
    }

    /// A part of the state, as it was read; none if it is to be read now.
    pub fn get_state(&mut self, name: &str) -> Result<Option<Option<Json>>, Stop> {
        let same = |what: &What| matches!(what, What::Read(old, _) if old == name);
        if !self.is_recorded_untold(same, format!("to read state {name:?}"))? {
            return Ok(None);
        }
        let call = self.state.calls()[self.next as usize].clone();
        self.answer(call.asked);
        match call.what {
            What::Read(_, value) => Ok(Some(value)),
            _ => Ok(Some(None)),
        }
    }

    /// What was read, to be recorded.
    pub fn read_state(&mut self, name: &str, value: Option<Json>) {
        let asked = Asked { seq: self.next, name: name.to_owned() };
        self.unwritten.push(Event::StateRead(StateRead { asked, value }));
        self.next += 1;
    }

    /// One more thing that is to be recorded, if the history has room for it: the host keeps it
    /// until then.
    fn unwrite(&mut self, event: Event) -> Result<(), Stop> {
        let last = self.state.last();
        self.unwritten_bytes += event.encode().len() as u64;
        let events = last.events as usize + self.unwritten.len();
        let bytes = last.bytes + self.unwritten_bytes;
        if events >= HISTORY_EVENTS_MAX as usize || bytes > HISTORY_BYTES_MAX {
            return Err(Stop::Full);
        }
        self.unwritten.push(event);
        Ok(())
    }
}
