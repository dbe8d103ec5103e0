//! Hits and misses, by bucket.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::grant::Scope;

/// Buckets whose counts are kept while nobody has them open. A pattern lets a
/// guest open any number of names, which must not grow the host.
pub const BUCKETS_COUNTED_MAX: usize = 10_000;

/// Reads of one bucket on this host since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Reads that found a live value.
    pub hits: u64,
    /// Reads that found none.
    pub misses: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug, Default)]
pub(super) struct Table(Mutex<HashMap<Box<str>, Arc<Counters>>>);

impl Table {
    /// The counters that all open handles of a bucket share.
    pub(super) fn of(&self, scope: &Scope) -> Arc<Counters> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(counters) = buckets.get(scope.path()) {
            return counters.clone();
        }
        if buckets.len() >= BUCKETS_COUNTED_MAX {
            buckets.retain(|_, counters| Arc::strong_count(counters) > 1);
        }
        let counters = Arc::<Counters>::default();
        buckets.insert(scope.path().into(), counters.clone());
        counters
    }
}

impl Counters {
    pub(super) fn count(&self, hit: bool) {
        let counter = if hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Counts {
        Counts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grant::{Grant, Limits, Names};

    #[test]
    fn the_table_is_bounded_and_keeps_what_is_open() {
        let grant =
            Grant::new("t", Limits::default()).unwrap().with_cache(Names::new(["*"]).unwrap());
        let table = Table::default();
        let open = table.of(&grant.cache("open").unwrap());
        open.count(true);
        for n in 0..=BUCKETS_COUNTED_MAX {
            table.of(&grant.cache(&n.to_string()).unwrap());
        }
        assert!(table.0.lock().unwrap().len() <= BUCKETS_COUNTED_MAX);
        assert_eq!(table.of(&grant.cache("open").unwrap()).read(), Counts { hits: 1, misses: 0 });
    }
}
