//! How a body comes to an end, or is called again.

use std::time::Duration;

use super::{Body, Exit};
use crate::workflow::Then;
use crate::workflow::log::{Event, Failure, Json, Signalled, Started};
use crate::workflow::replay::Ending;

impl Body {
    /// The body has returned. True if that is recorded.
    pub async fn end(&mut self, ending: Ending) -> bool {
        if self.replay.step().is_some() {
            // It would do so again each time that it is called.
            return self.fail(Failure::ours("misplaced", "it returned within a step")).await;
        }
        // What is not done at once, as something came, is asked for again: only this is.
        if matches!(ending, Ending::Continued(_))
            && self.replay.has_unwritten()
            && self.write(Then::Keep).await.is_err()
        {
            return false;
        }
        let done = loop {
            let ended = self.replay.end(ending.clone());
            let ended = self.answered(ended);
            if ended.is_err() {
                break ended;
            }
            if let Ending::Continued(input) = &ending {
                let next = self.next_generation(input);
                self.replay.push(next);
            }
            match self.write(Then::Keep).await {
                // Something came that is to be carried over.
                Ok(false) if matches!(ending, Ending::Continued(_)) => {}
                done => break done.map(drop),
            }
        };
        if done.is_ok() {
            self.exit = Some(Exit::Ended);
        }
        done.is_ok()
    }

    /// Whether the body may return so, as far as it is recorded; it is recorded nowhere.
    pub fn may_end(&mut self, ending: &Ending) -> bool {
        let ended = self.replay.end(ending.clone());
        self.answered(ended).is_ok()
    }

    /// What a new history begins with: the signals that were not taken, and a cancel, go with it.
    fn next_generation(&self, input: &Json) -> Vec<Event> {
        let state = self.replay.state();
        let generation = state.started().map_or(0, |(started, _)| started.generation) + 1;
        let mut next = vec![Event::Started(Started { input: input.clone(), generation })];
        let mut signals: Vec<_> = state
            .all_signals()
            .flat_map(|(name, came)| {
                let left = came.iter().enumerate();
                let left = left.filter(move |(nth, _)| !self.replay.has_claimed(name, *nth));
                left.map(move |(_, (payload, mark))| (mark.events, name, payload))
            })
            .collect();
        signals.sort_by_key(|(at, _, _)| *at);
        next.extend(signals.into_iter().map(|(_, name, payload)| {
            Event::Signalled(Signalled { name: name.to_owned(), payload: payload.clone() })
        }));
        // Also one that the body was told of: whoever continues is told again.
        next.extend(state.cancel().map(|cancel| Event::CancelAsked(cancel.asked.clone())));
        next
    }

    /// The body has failed, and is to be called again after a while.
    pub async fn again(&mut self, failure: Failure, after: Duration) {
        self.replay.take_unwritten();
        self.replay.push(vec![Event::BodyFailed(failure)]);
        let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
        if self.write(Then::Again { after_ms }).await.is_ok() {
            self.exit = Some(Exit::Again);
        }
    }

    /// The open step has taken too long, and was ended.
    pub async fn time_out_step(&mut self) {
        let failure = Failure {
            retry: true,
            ..Failure::ours("timeout", "the attempt took longer than it may")
        };
        let jitter = u64::from_ne_bytes(self.ids.next().0);
        self.world.set_in_step(false);
        if self.replay.finish(Err(failure), jitter).is_err() {
            return;
        }
        // With news the lease is kept, and the next try gives it up.
        let wake_ms = Some(self.replay.unwritten_again_ms().unwrap_or(0));
        let then = Then::Park { waits: "the next attempt of a step", wake_ms };
        let released = loop {
            match self.write(then).await {
                Ok(false) => {}
                done => break done,
            }
        };
        if released.is_ok() {
            self.exit = Some(Exit::Parked);
        }
    }

    /// Its run fails, for a reason that is the host's to say.
    pub async fn fail(&mut self, failure: Failure) -> bool {
        self.replay.take_unwritten();
        self.replay.push(vec![Event::Failed(failure)]);
        let done = self.write(Then::Keep).await;
        if done.is_ok() {
            self.exit = Some(Exit::Ended);
        }
        done.is_ok()
    }
}
