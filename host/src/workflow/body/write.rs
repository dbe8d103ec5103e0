//! Writing what a body asked for, and waiting for what comes of it.

use std::time::Duration;

use tokio::time::Instant;

use super::{Body, Exit, News, Patience, STAMP_BYTES, read};
use crate::workflow::control::Control as _;
use crate::workflow::log::{Event, Failure, Recorded};
use crate::workflow::state::IllegalEvent;
use crate::workflow::store::{CHANGES, Store as _, StoreError};
use crate::workflow::{Error, HISTORY_BYTES_MAX, HISTORY_EVENTS_MAX};
use crate::workflow::{Then, Write};

/// When a body that waits looks for what it was told before it could hear.
const CATCH_UP: Duration = Duration::from_secs(1);

impl Body {
    /// Writes what is unwritten. True if the lease was given up.
    pub(super) async fn write(&mut self, then: Then<'_>) -> Result<bool, Error> {
        if self.offline {
            return Err(self.would_go_on());
        }
        let events = self.replay.take_unwritten();
        self.written += 1;
        let seen = self.replay.state().last().events;
        let write =
            Write { number: self.written, seen, seen_ms: self.last_ms, events: &events, then };
        tracing::trace!(target: CHANGES, "before a write");
        let mut patience = Patience::new();
        let written = loop {
            match self.store.write(&self.scope, &self.lease, &write).await {
                Ok(written) => break written,
                Err(err @ StoreError::TooLarge { .. }) => {
                    self.written -= 1;
                    return Err(self.break_off(Failure::ours("state-full", err.to_string())));
                }
                Err(err) => patience.after(err).await.map_err(|err| self.lose(err))?,
            }
        };
        tracing::trace!(target: CHANGES, "after a write");
        self.clock = (written.at_ms.max(self.now_ms()), Instant::now());
        self.hear(&written.news, seen)?;
        if events.iter().any(|event| matches!(event, Event::Continued(_))) {
            // It was not done if there were news; and if it was, this history is no more.
            return Ok(written.released);
        }
        for event in events {
            let bytes = event.encode().len() + STAMP_BYTES;
            self.record(&Recorded { at_ms: written.at_ms, event, bytes })?;
        }
        let last = self.replay.state().last();
        let full = last.events > HISTORY_EVENTS_MAX || last.bytes > HISTORY_BYTES_MAX;
        if full && !written.released {
            return Err(self.full());
        }
        Ok(written.released)
    }

    /// Waits for one of these, or until the run is told something. Ends the body if that takes
    /// longer than it is kept for.
    pub(super) async fn pause_for(&mut self, tickets: &[u32]) -> Result<(), Error> {
        let waits = self.replay.waits(tickets);
        let soonest = self.replay.soonest(tickets, self.now_ms());
        self.enter();
        let warm = u64::try_from(self.warm.as_millis()).unwrap_or(u64::MAX);
        if self.replay.has_unwritten() && soonest.is_none_or(|ms| ms <= warm) {
            self.write(Then::Keep).await?;
        } else if soonest.is_none_or(|ms| ms <= warm) {
            self.pause(None, &waits).await?;
        } else {
            self.park(&waits, None).await?;
        }
        self.leave();
        Ok(())
    }

    /// Waits until `due`, or until the run is told something, or until it is let go.
    pub(super) async fn pause(&mut self, due: Option<u64>, waits: &str) -> Result<(), Error> {
        self.enter();
        let left = due.map(|due| Duration::from_millis(due.saturating_sub(self.now_ms())));
        if left.is_none_or(|left| left <= self.warm) {
            let until = Instant::now() + left.unwrap_or(self.warm);
            let has = self.replay.state().last().events;
            // What brings nothing new does not keep it in memory for longer.
            while self.replay.state().last().events == has {
                let first =
                    if self.caught_up { until } else { until.min(Instant::now() + CATCH_UP) };
                match tokio::time::timeout_at(first, self.inbox.recv()).await {
                    Ok(Some(News::Entry(length, entry))) => self.hear_one(length, &entry).await?,
                    Ok(Some(News::Look)) => self.read_on().await?,
                    // There is no room for it, or its worker has ended.
                    Ok(Some(News::Hurry) | None) => {
                        self.warm = Duration::ZERO;
                        break;
                    }
                    Err(_) if first < until => {
                        self.caught_up = true;
                        self.read_on().await?;
                    }
                    Err(_) if left.is_some() => return Ok(()),
                    Err(_) => break,
                }
            }
            if self.replay.state().last().events > has {
                return Ok(());
            }
        }
        self.park(waits, left).await
    }

    /// Lets the body go, to be called again after a while, whatever there is for it.
    pub async fn let_go(&mut self, after: Duration) -> Error {
        // With news the lease is kept, and the next try gives it up.
        loop {
            if let Err(ended) = self.park("a worker", Some(after)).await {
                return ended;
            }
        }
    }

    /// Lets the body go, unless there is something for it.
    pub(super) async fn park(&mut self, waits: &str, wake: Option<Duration>) -> Result<(), Error> {
        let wake_ms = wake.map(|wake| u64::try_from(wake.as_millis()).unwrap_or(u64::MAX));
        if self.write(Then::Park { waits, wake_ms }).await? {
            self.exit = Some(Exit::Parked);
            return Err(Error::Ended);
        }
        Ok(())
    }

    /// The run was told something.
    async fn hear_one(&mut self, length: u32, entry: &str) -> Result<(), Error> {
        let has = self.replay.state().last().events;
        if length == has + 1 {
            self.hear(&[entry.to_owned()], has)
        } else if length > has {
            self.read_on().await
        } else {
            Ok(())
        }
    }

    /// Reads what the history has more.
    async fn read_on(&mut self) -> Result<(), Error> {
        let has = self.replay.state().last().events;
        let mut patience = Patience::new();
        let more = loop {
            let run = &self.head.id;
            match self.store.history(&self.scope, run, has, HISTORY_EVENTS_MAX).await {
                Ok(more) => break more,
                Err(err) => patience.after(err).await.map_err(|err| self.lose(err))?,
            }
        };
        self.hear(&more, has)
    }

    fn hear(&mut self, entries: &[String], from: u32) -> Result<(), Error> {
        match read(entries, from) {
            Ok(news) => news.iter().try_for_each(|recorded| self.record(recorded)),
            Err(err) => Err(self.malformed(&err)),
        }
    }

    fn record(&mut self, recorded: &Recorded) -> Result<(), Error> {
        self.last_ms = recorded.at_ms;
        let done = self.replay.record(recorded);
        done.map_err(|err: IllegalEvent| self.malformed(&err))
    }
}
