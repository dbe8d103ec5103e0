//! What a body calls: see `wit/workflow.wit`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Body, Patience};
use crate::workflow::Then;
use crate::workflow::log::{ApprovalAsked, ChildStarted, Failure, Json, Spawned, When, json};
use crate::workflow::replay::Begun;
use crate::workflow::state::Settled;
use crate::workflow::store::Store as _;
use crate::workflow::{Attempt, Error, RunId, StepOptions};

impl Body {
    /// See `random` and `uuid` in the WIT.
    pub fn random(&mut self) -> [u8; 16] {
        self.replay.random()
    }

    /// See `begin` in the WIT.
    pub async fn begin(&mut self, name: &str, options: &StepOptions) -> Result<Begun, Error> {
        self.enter();
        let begun = self.replay.begin(name, options);
        let begun = match self.answered(begun)? {
            Begun::NotBefore(due) => Begun::Execute(self.next_attempt(due).await?),
            begun => begun,
        };
        if matches!(begun, Begun::Execute(_)) {
            if self.offline {
                return Err(self.would_go_on());
            }
            if self.draining.load(Ordering::Relaxed) {
                return Err(self.let_go(Duration::ZERO).await);
            }
            // Whoever runs it again is told of the cancel at the same place.
            if self.replay.has_unwritten_cancel() {
                self.write(Then::Keep).await?;
            }
            self.enter_step(options);
        } else {
            self.leave();
        }
        Ok(begun)
    }

    /// See `finish` in the WIT. The next attempt, if there is one.
    pub async fn finish(&mut self, end: Result<Json, Failure>) -> Result<Option<Attempt>, Error> {
        self.enter();
        let jitter = u64::from_ne_bytes(self.ids.next().0);
        let options = self.replay.step().map(|step| step.options().clone());
        let again = self.replay.finish(end, jitter);
        let again = self.answered(again)?;
        self.world.set_in_step(false);
        self.write(Then::Keep).await?;
        self.replay.finished();
        self.look();
        if !again {
            self.leave();
            return Ok(None);
        }
        let due = self.replay.again_at().unwrap_or(0);
        let attempt = self.next_attempt(due).await?;
        self.enter_step(&options.unwrap_or_default());
        Ok(Some(attempt))
    }

    /// Waits for the time of the open step's next attempt.
    async fn next_attempt(&mut self, due: u64) -> Result<Attempt, Error> {
        loop {
            if self.replay.abandon() {
                self.look();
                self.leave();
                return Err(Error::Cancelled);
            }
            if self.now_ms() >= due {
                break;
            }
            self.pause(Some(due), "the next attempt of a step").await?;
        }
        self.replay.open_attempt().ok_or(Error::Misplaced("no step is open"))
    }

    /// See `spawn` in the WIT.
    pub fn spawn(&mut self, new: Spawned) -> Result<u32, Error> {
        let ticket = self.replay.spawn(new);
        self.answered(ticket)
    }

    /// See `child` in the WIT. The child is in its parent's partition.
    pub fn child(&mut self, mut new: ChildStarted) -> Result<u32, Error> {
        new.run = RunId::new(self.head.id.partition(), &self.ids).to_string();
        let ticket = self.replay.child(new);
        self.answered(ticket)
    }

    /// See `timer` and `timer-at` in the WIT.
    pub fn timer(&mut self, name: &str, when: When) -> Result<u32, Error> {
        let ticket = self.replay.timer(name, when);
        self.answered(ticket)
    }

    /// See `signal` in the WIT.
    pub fn signal(&mut self, name: &str) -> Result<u32, Error> {
        let ticket = self.replay.signal(name);
        self.answered(ticket)
    }

    /// See `approval` in the WIT.
    pub fn approval(&mut self, new: ApprovalAsked) -> Result<u32, Error> {
        let ticket = self.replay.approval(new);
        self.answered(ticket)
    }

    /// See `forget` in the WIT.
    pub fn forget(&mut self, tickets: &[u32]) -> Result<(), Error> {
        let forgotten = self.replay.forget(tickets);
        self.answered(forgotten)
    }

    /// See `suspend` in the WIT.
    pub async fn suspend(&mut self, reason: &str) -> Result<(), Error> {
        let ticket = self.replay.suspend(reason);
        let ticket = self.answered(ticket)?;
        self.wait(ticket).await.map(drop)
    }

    /// See `wait` in the WIT.
    pub async fn wait(&mut self, ticket: u32) -> Result<Settled, Error> {
        loop {
            let settled = self.replay.wait(ticket);
            if let Some(settled) = self.answered(settled)? {
                return Ok(settled);
            }
            self.pause_for(&[ticket]).await?;
        }
    }

    /// See `wait-any` in the WIT.
    pub async fn wait_any(&mut self, tickets: &[u32]) -> Result<u32, Error> {
        if tickets.is_empty() {
            return Err(Error::Misplaced("there is nothing to wait for"));
        }
        loop {
            let first = self.replay.wait_any(tickets);
            if let Some(first) = self.answered(first)? {
                return Ok(first);
            }
            self.pause_for(tickets).await?;
        }
    }

    /// See `wait-all` in the WIT.
    pub async fn wait_all(&mut self, tickets: &[u32]) -> Result<(), Error> {
        loop {
            let all = self.replay.wait_all(tickets);
            if self.answered(all)? {
                return Ok(());
            }
            self.pause_for(tickets).await?;
        }
    }

    /// See `set-state` in the WIT.
    pub fn set_state(&mut self, name: &str, value: Json) -> Result<(), Error> {
        let set = self.replay.set_state(name, value);
        self.answered(set)
    }

    /// See `get-state` in the WIT. What was set before is written first, and what was read after.
    pub async fn get_state(&mut self, name: &str) -> Result<Option<String>, Error> {
        let read = self.replay.get_state(name);
        if let Some(read) = self.answered(read)? {
            return Ok(read.map(|value| value.get().to_owned()));
        }
        if self.offline {
            return Err(self.would_go_on());
        }
        self.enter();
        if self.replay.has_unwritten() {
            self.write(Then::Keep).await?;
        }
        let mut patience = Patience::new();
        let value = loop {
            match self.store.state(&self.scope, &self.head.id, name).await {
                Ok(value) => break value,
                Err(err) => patience.after(err).await.map_err(|err| self.lose(err))?,
            }
        };
        self.replay.read_state(name, value.clone().and_then(json));
        self.write(Then::Keep).await?;
        self.replay.finished();
        self.look();
        self.leave();
        Ok(value)
    }
}
