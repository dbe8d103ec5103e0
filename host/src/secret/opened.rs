//! Values that were decrypted a moment ago, so that a key in a distant store is not asked
//! again for each read. Off unless the operator turns it on.
//!
//! A read goes to the store all the same: it is recorded there, and answers whether the
//! version that is kept here is the one to give. So nothing is given that was replaced or
//! deleted, by whichever host.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Value;
use crate::clock::Clock;
use crate::grant::Item;

/// Most bytes of values that are kept, with their places.
const BYTES_MAX: usize = 8 << 20;

/// What one takes beside its value and its place, about.
const ENTRY_BYTES: usize = 256;

/// Values in this process's memory, for a time.
pub(super) struct Opened {
    ttl: Duration,
    clock: Clock,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    values: HashMap<Place, Entry>,
    /// In the order in which they were put, which is the order in which they end.
    ends: VecDeque<(u64, Place)>,
    bytes: usize,
}

/// A secret: its scope and its id in it.
type Place = (Box<str>, Box<str>);

struct Entry {
    version: u64,
    value: Arc<Value>,
    /// When it ends, which tells it from an earlier one of its place.
    ends: u64,
    bytes: usize,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

impl Opened {
    /// Keeps values for `ttl`.
    pub(super) fn new(ttl: Duration, clock: Clock) -> Self {
        Self { ttl, clock, kept: Mutex::default() }
    }

    /// The version that is kept, and its value.
    pub(super) fn find(&self, item: &Item<'_>) -> Option<(u64, Arc<Value>)> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.end(self.clock.micros());
        let entry = kept.values.get(&place(item))?;
        Some((entry.version, entry.value.clone()))
    }

    /// Keeps the newest version of a secret.
    pub(super) fn keep(&self, item: &Item<'_>, version: u64, value: &Arc<Value>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.micros();
        kept.end(now);
        let ends = now + u64::try_from(self.ttl.as_micros()).unwrap_or(u64::MAX / 2);
        let place = place(item);
        kept.forget(&place);
        let bytes = value.reveal().len() + 2 * (place.0.len() + place.1.len()) + ENTRY_BYTES;
        kept.bytes += bytes;
        kept.ends.push_back((ends, place.clone()));
        kept.values.insert(place, Entry { version, value: value.clone(), ends, bytes });
        // Also what was forgotten takes a place in the queue until its end.
        while kept.bytes > BYTES_MAX || kept.ends.len() > BYTES_MAX / ENTRY_BYTES {
            kept.end_first();
        }
    }

    /// Forgets what is kept of a secret.
    pub(super) fn forget(&self, item: &Item<'_>) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).forget(&place(item));
    }
}

impl Kept {
    /// Forgets what has ended.
    fn end(&mut self, now: u64) {
        while self.ends.front().is_some_and(|(ends, _)| *ends <= now) {
            self.end_first();
        }
    }

    fn end_first(&mut self) {
        let Some((ends, place)) = self.ends.pop_front() else { return };
        // Another may have taken its place, with an end of its own.
        if self.values.get(&place).is_some_and(|entry| entry.ends == ends) {
            self.forget(&place);
        }
    }

    fn forget(&mut self, place: &Place) {
        if let Some(entry) = self.values.remove(place) {
            self.bytes -= entry.bytes;
        }
    }
}

fn place(item: &Item<'_>) -> Place {
    (item.scope().path().into(), item.id().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SimClock;
    use crate::grant::{Grant, Limits, Names, Right, SecretGrant};

    #[test]
    fn what_is_kept_is_bounded_however_small_it_is() {
        let read = Names::new(["*"]).unwrap();
        let granted = SecretGrant { read, ..SecretGrant::default() };
        let grant = Grant::new("t", Limits::default()).unwrap().with_secret(granted);
        let clock = SimClock::new();
        let opened = Opened::new(Duration::from_secs(1), Clock::Sim(clock.clone()));
        let empty = Arc::new(Value::new(Vec::new()));
        let find = |name: &str| {
            opened.find(&grant.secret().item(name, None, Right::Read).unwrap()).is_some()
        };
        for n in 0..100_000 {
            let name = format!("n{n}");
            let item = grant.secret().item(&name, None, Right::Read).unwrap();
            opened.keep(&item, 1, &empty);
            // Over and over, as one that is put each time.
            opened.keep(&item, 2, &empty);
        }
        let kept = opened.kept.lock().unwrap();
        assert!(kept.bytes <= BYTES_MAX && kept.ends.len() <= BYTES_MAX / ENTRY_BYTES);
        assert!(kept.values.len() > 1_000);
        drop(kept);
        assert!(find("n99999") && !find("n0"));
        clock.advance(Duration::from_secs(1));
        assert!(!find("n99999"));
        assert_eq!(opened.kept.lock().unwrap().bytes, 0);
    }
}
