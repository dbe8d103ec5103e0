//! One run in the store, and what each script does to it. Time is left out: what is due may
//! happen at any time, and what is not may not be relied on.

use super::Flaw;
use super::body::Answer;
use super::entry::Entry;
use crate::workflow::Status;

/// A run, as the keys of `lua/part.lua` have it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Store {
    /// `h:RUN`.
    pub(super) history: Vec<Entry>,
    /// `status` of `r:RUN`.
    pub(super) status: Status,
    /// `token` of `r:RUN`, zero for none. That of a function is in `functions`.
    pub(super) token: u8,
    /// `wrote` of `r:RUN`.
    wrote: Option<Wrote>,
    /// Whether it is in `l:`.
    pub(super) leased: bool,
    /// Whether it is in `q:`.
    pub(super) queued: bool,
    /// The timers in `t:`.
    pub(super) timers: Vec<u32>,
    /// `fN` of `o:RUN`.
    pub(super) functions: Vec<Function>,
    /// `g:RUN`.
    keys: Vec<u8>,
    /// Leases that it remembers to have given. The store does not count them, see DESIGN.md.
    pub(super) given: u8,
    /// No part of the store: what it has said to others, so that it can be held to it. A store
    /// that forgets its last change forgets that too.
    pub(super) said: Said,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Wrote {
    token: u8,
    number: u8,
    base: usize,
    released: bool,
}

/// A function that has not come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Function {
    pub(super) seq: u32,
    pub(super) attempt: u32,
    /// Zero for none.
    pub(super) token: u8,
    pub(super) queued: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(super) struct Said {
    /// The keys of signals that were taken.
    pub(super) signals: Vec<u8>,
    /// How much of the history there was when the run ended.
    pub(super) ended: Option<usize>,
    /// Writes that were done: the lease's number, and which under it.
    done: Vec<(u8, u8)>,
    /// What the last body that wrote had been answered by then.
    pub(super) answers: Vec<Answer>,
    /// Something that must not happen has.
    pub(super) wrong: Option<&'static str>,
}

/// What a body writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Write {
    pub(super) token: u8,
    pub(super) number: u8,
    /// What its worker has of the history.
    pub(super) seen: Vec<Entry>,
    pub(super) events: Vec<Entry>,
    pub(super) park: bool,
    /// No part of it: what the body was answered.
    pub(super) answers: Vec<Answer>,
}

/// What it is answered.
pub(super) struct Written {
    pub(super) news: Vec<Entry>,
    pub(super) released: bool,
}

/// `FENCED`.
#[derive(Debug)]
pub(super) struct Fenced;

impl Store {
    /// `start.lua`.
    pub(super) fn start() -> Self {
        Self {
            history: vec![Entry::Started],
            status: Status::Running,
            token: 0,
            wrote: None,
            leased: false,
            queued: true,
            timers: Vec::new(),
            functions: Vec::new(),
            keys: Vec::new(),
            given: 0,
            said: Said::default(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.status.is_end()
    }

    /// `tell` of `part.lua`. Who has the body hears of it or does not: it may look at any time.
    fn tell(&mut self, entry: Entry) {
        self.history.push(entry);
        self.queued |= self.token == 0;
    }

    /// `take.lua`, of a body.
    pub(super) fn take(&mut self, token: u8) -> Vec<Entry> {
        self.queued = false;
        self.token = token;
        self.leased = true;
        self.given += 1;
        self.history.clone()
    }

    /// `take.lua`, of a function.
    pub(super) fn take_function(&mut self, seq: u32, token: u8) {
        self.given += 1;
        if let Some(function) = self.function(seq) {
            function.queued = false;
            function.attempt += 1;
            function.token = token;
        }
    }

    fn function(&mut self, seq: u32) -> Option<&mut Function> {
        self.functions.iter_mut().find(|function| function.seq == seq)
    }

    /// `write.lua`.
    pub(super) fn write(&mut self, write: &Write, flaw: Flaw) -> Result<Written, Fenced> {
        let wrote = self.wrote.filter(|wrote| wrote.token == write.token);
        let news =
            |upto: usize| self.history.get(write.seen.len()..upto).unwrap_or_default().to_vec();
        if flaw != Flaw::NoNumberCheck {
            if let Some(wrote) = wrote.filter(|wrote| wrote.number == write.number) {
                return Ok(Written { news: news(wrote.base), released: wrote.released });
            }
            if write.number != wrote.map_or(0, |wrote| wrote.number) + 1 {
                return Err(Fenced);
            }
        }
        if self.token != write.token && flaw != Flaw::NoTokenCheck {
            return Err(Fenced);
        }
        let base = self.history.len();
        if !self.history.starts_with(&write.seen) && flaw != Flaw::NoSeenCheck {
            return Err(Fenced);
        }
        let news = news(base);
        self.watch(write);
        for entry in &write.events {
            self.effect(*entry);
        }
        let ended = self.is_over();
        let released = ended || write.park && (news.is_empty() || flaw == Flaw::NoNewsCheck);
        if released && !ended {
            self.token = 0;
            self.leased = false;
        }
        let (token, number) = (write.token, write.number);
        self.wrote = Some(Wrote { token, number, base, released });
        Ok(Written { news, released })
    }

    /// A write is about to be done.
    fn watch(&mut self, write: &Write) {
        if self.token != write.token {
            self.said.wrong = Some("a worker writes that has lost its lease");
        }
        let done = (write.token, write.number);
        if self.said.done.contains(&done) {
            self.said.wrong = Some("a write is done twice");
        }
        // Of earlier leases nothing comes that is not seen by the first of these.
        self.said.done.retain(|(token, _)| *token == write.token);
        self.said.done.push(done);
        self.said.answers.clone_from(&write.answers);
    }

    /// `effect.lua`.
    fn effect(&mut self, entry: Entry) {
        self.history.push(entry);
        match entry {
            Entry::TimerSet(seq) => self.timers.push(seq),
            Entry::Spawned(seq) => {
                self.functions.push(Function { seq, attempt: 0, token: 0, queued: true });
            }
            Entry::Completed => self.finish(Status::Completed),
            Entry::Cancelled => self.finish(Status::Cancelled),
            Entry::Failed => self.finish(Status::Failed),
            _ => {}
        }
    }

    /// `finish` of `end.lua`.
    fn finish(&mut self, status: Status) {
        self.timers.clear();
        self.functions.clear();
        self.token = 0;
        self.leased = false;
        self.queued = false;
        self.status = status;
        self.said.ended = Some(self.history.len());
    }

    /// `settle.lua`.
    pub(super) fn settle(&mut self, seq: u32, token: u8, flaw: Flaw) -> Result<(), Fenced> {
        let found = self.functions.iter().position(|function| function.seq == seq);
        let at = found.ok_or(Fenced)?;
        if self.functions[at].token != token && flaw != Flaw::NoTokenCheck {
            return Err(Fenced);
        }
        if self.functions[at].token != token {
            self.said.wrong = Some("a worker ends a function that it has lost");
        }
        let attempt = self.functions.remove(at).attempt;
        self.tell(Entry::FunctionDone { seq, attempt, by: token });
        Ok(())
    }

    /// `lost` of `due.lua`, of a body.
    pub(super) fn end_lease(&mut self, flaw: Flaw) {
        self.leased = false;
        if self.token != 0 {
            self.token = 0;
            if flaw == Flaw::LostUntold {
                self.history.push(Entry::Lost(None));
            } else {
                self.tell(Entry::Lost(None));
            }
        }
    }

    /// `lost` of `due.lua`, of a function.
    pub(super) fn end_function_lease(&mut self, seq: u32) {
        if let Some(function) = self.function(seq) {
            function.token = 0;
            function.queued = true;
            self.history.push(Entry::Lost(Some(seq)));
        }
    }

    /// `DUE.t` of `due.lua`.
    pub(super) fn fire(&mut self, seq: u32, flaw: Flaw) {
        if flaw != Flaw::TimerStays {
            self.timers.retain(|timer| *timer != seq);
        }
        self.tell(Entry::TimerFired(seq));
    }

    /// `signal.lua`.
    pub(super) fn signal(&mut self, key: u8, flaw: Flaw) {
        if self.is_over() {
            return;
        }
        if !self.said.signals.contains(&key) {
            self.said.signals.push(key);
        }
        if self.keys.contains(&key) && flaw != Flaw::NoSignalKeys {
            return;
        }
        self.keys.push(key);
        self.tell(Entry::Signalled(key));
    }

    /// `cancel.lua`, and `cancel` of `end.lua`.
    pub(super) fn cancel(&mut self, force: bool) {
        if self.is_over() {
            return;
        }
        if force {
            self.history.push(Entry::Cancelled);
            self.finish(Status::Cancelled);
        } else if self.status != Status::Cancelling {
            self.status = Status::Cancelling;
            self.tell(Entry::CancelAsked);
        }
    }
}
