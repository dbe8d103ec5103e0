//! What a body waits for.

use std::borrow::Cow;

use super::{Replay, Stop, Ticket};
use crate::workflow::log::Event;
use crate::workflow::state::{Mark, Settled, What};
use crate::workflow::{Error, OPEN_MAX};

impl Replay {
    /// What these tickets stand for, in words.
    pub fn waits(&self, tickets: &[u32]) -> String {
        const SHOWN: usize = 5;
        let open = tickets.iter().filter(|ticket| self.is_open(**ticket));
        let mut words: Vec<_> = open.map(|ticket| self.describe(*ticket)).collect();
        let more = words.len().saturating_sub(SHOWN);
        words.truncate(SHOWN);
        if more > 0 {
            words.push(format!("{more} more"));
        }
        words.join(", ")
    }

    pub(super) fn describe(&self, ticket: u32) -> String {
        match self.tickets.get(ticket as usize) {
            Some(Ticket::Signal { name, .. }) => format!("signal {name:?}"),
            Some(Ticket::Call { seq, .. }) => match self.asked(*seq) {
                Some(what) => what.to_string(),
                None => "what it asked for".to_owned(),
            },
            Some(Ticket::Forgotten) | None => String::new(),
        }
    }

    /// What the call of this number is, recorded or not. Inputs are long: what is recorded is
    /// not copied.
    pub(super) fn asked(&self, seq: u32) -> Option<Cow<'_, What>> {
        if let Some(call) = self.state.calls().get(seq as usize) {
            return Some(Cow::Borrowed(&call.what));
        }
        let new = self.unwritten.iter().find_map(|event| match event {
            Event::Spawned(new) if new.asked.seq == seq => Some(What::Function(new.clone())),
            Event::ChildStarted(new) if new.asked.seq == seq => Some(What::Child(new.clone())),
            Event::ApprovalAsked(new) if new.asked.seq == seq => Some(What::Approval(new.clone())),
            Event::Suspended(new) if new.seq == seq => Some(What::Suspend(new.reason.clone())),
            Event::TimerSet(new) if new.asked.seq == seq => {
                Some(What::Timer(new.asked.name.clone(), new.when, 0))
            }
            _ => None,
        });
        new.map(Cow::Owned)
    }

    /// In how many milliseconds one of these may be settled at the soonest, where that is known:
    /// a timer has its time, and people take theirs.
    pub fn soonest(&self, tickets: &[u32], now_ms: u64) -> Option<u64> {
        const PEOPLE_MS: u64 = u64::MAX;
        let soonest = |ticket: &u32| {
            let Some(Ticket::Call { seq, .. }) = self.tickets.get(*ticket as usize) else {
                return None;
            };
            match &*self.asked(*seq)? {
                // Not recorded, so it has no time yet.
                What::Timer(_, when, 0) => Some(when.due_ms(now_ms).saturating_sub(now_ms)),
                What::Timer(_, _, due) => Some(due.saturating_sub(now_ms)),
                What::Approval(_) | What::Suspend(_) => Some(PEOPLE_MS),
                _ => None,
            }
        };
        let open = tickets.iter().filter(|ticket| self.is_open(**ticket));
        let all = open.map(soonest).collect::<Option<Vec<_>>>()?;
        all.into_iter().min()
    }

    /// When the open step may be tried again, in milliseconds since 1970.
    pub fn again_at(&self) -> Option<u64> {
        match self.state.calls().get(self.next as usize).map(|call| &call.what) {
            Some(What::Step { again: Some((_, due)), .. }) => Some(*due),
            _ => None,
        }
    }

    /// What came of a ticket, or none yet.
    pub fn wait(&mut self, ticket: u32) -> Result<Option<Settled>, Stop> {
        self.outside_of_a_step()?;
        let settled = self.settled(ticket)?;
        if self.is_told(settled.as_ref().map(|(_, mark)| mark.events)) {
            return Err(Error::Cancelled.into());
        }
        if settled.is_some() {
            self.take(&[ticket]);
        }
        Ok(settled.map(|(settled, mark)| {
            self.see(mark);
            settled
        }))
    }

    /// Which of these was settled first, or none yet.
    pub fn wait_any(&mut self, tickets: &[u32]) -> Result<Option<u32>, Stop> {
        let settled = self.all_settled(tickets)?;
        let settled = settled.into_iter().enumerate();
        let first = settled
            .filter_map(|(at, mark)| Some((mark?, u32::try_from(at).ok()?)))
            .min_by_key(|(mark, at)| (mark.events, *at));
        if self.is_told(first.map(|(mark, _)| mark.events)) {
            return Err(Error::Cancelled.into());
        }
        Ok(first.map(|(mark, at)| {
            self.see(mark);
            self.take(&tickets[at as usize..=at as usize]);
            at
        }))
    }

    /// Whether all of these are settled.
    pub fn wait_all(&mut self, tickets: &[u32]) -> Result<bool, Stop> {
        let settled = self.all_settled(tickets)?;
        let last = settled.into_iter().collect::<Option<Vec<_>>>();
        let last = last.map(|all| all.into_iter().max_by_key(|mark| mark.events));
        if self.is_told(last.map(|last| last.map_or(0, |mark| mark.events))) {
            return Err(Error::Cancelled.into());
        }
        if let Some(Some(mark)) = last {
            self.see(mark);
            self.take(tickets);
        }
        Ok(last.is_some())
    }

    /// What came of a ticket, and when.
    fn settled(&self, ticket: u32) -> Result<Option<(Settled, Mark)>, Error> {
        let Some(mark) = self.settled_at(ticket)? else { return Ok(None) };
        let settled = match self.tickets.get(ticket as usize) {
            Some(Ticket::Call { seq, .. }) => {
                let call = self.state.calls().get(*seq as usize);
                call.and_then(|call| call.settled.as_ref()).map(|(settled, _)| settled.clone())
            }
            Some(Ticket::Signal { name, nth, .. }) => {
                let came = self.state.signals(name).get(*nth);
                came.map(|(payload, _)| Settled::Done(payload.clone()))
            }
            _ => None,
        };
        Ok(settled.map(|settled| (settled, mark)))
    }

    /// When a ticket was settled, if it was.
    fn settled_at(&self, ticket: u32) -> Result<Option<Mark>, Error> {
        match self.tickets.get(ticket as usize) {
            None | Some(Ticket::Forgotten) => Err(Error::Misplaced("there is no such ticket")),
            Some(Ticket::Call { seq, .. }) => {
                let call = self.state.calls().get(*seq as usize);
                Ok(call.and_then(|call| call.settled.as_ref()).map(|(_, mark)| *mark))
            }
            Some(Ticket::Signal { name, nth, .. }) => {
                Ok(self.state.signals(name).get(*nth).map(|(_, mark)| *mark))
            }
        }
    }

    fn is_open(&self, ticket: u32) -> bool {
        matches!(self.settled_at(ticket), Ok(None))
    }

    pub(super) fn all_settled(&self, tickets: &[u32]) -> Result<Vec<Option<Mark>>, Stop> {
        self.outside_of_a_step()?;
        if tickets.len() > OPEN_MAX {
            return Err(Error::TooLarge { what: "tickets", max: OPEN_MAX as u64 }.into());
        }
        let marks = tickets.iter().map(|ticket| self.settled_at(*ticket));
        Ok(marks.collect::<Result<_, Error>>()?)
    }

    /// A wait answers with these: a signal among them is not for anybody else.
    fn take(&mut self, tickets: &[u32]) {
        for ticket in tickets {
            match self.tickets.get_mut(*ticket as usize) {
                Some(Ticket::Signal { taken, .. }) => *taken = true,
                Some(Ticket::Call { seq, open }) if *open => {
                    *open = false;
                    let seq = *seq;
                    self.close(seq);
                }
                _ => {}
            }
        }
    }
}
