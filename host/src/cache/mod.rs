//! Values that may be forgotten.
//!
//! `wit/cache.wit` says what a guest may rely on. A call flows one way:
//! [`host`] (guest types, grant) → [`Bucket`] (limits, waiting) → [`Store`] (one
//! atomic round trip) → back.
//!
//! Invalidation costs the same for one entry and for a million: an entry carries
//! the *generation* that its bucket and its group had when it was set, and is
//! live while those are still current. To invalidate is to delete the current
//! generation; the next write starts a new one. A generation lives as long as
//! its longest entry, so nothing outlives what it describes, and a generation
//! that the store evicts makes entries vanish, never return.

mod claim;
mod counts;
mod host;
mod redis;
mod sqlite;
mod store;

use std::sync::Arc;
use std::time::Duration;

pub use self::claim::{CLAIM_MS_MAX, Claim, Filled, WAIT_MS_MAX};
pub use self::counts::{BUCKETS_COUNTED_MAX, Counts};
pub use self::host::{HasCache, View};
pub use self::redis::RedisStore;
pub use self::sqlite::SqliteStore;
pub use self::store::{Ask, Backend, Entry, Found, Store, StoreError};
use crate::error::{Outcome, Refused, Unavailable};
use crate::grant::{Key, Limits, Scope};
use crate::ids::Ids;

/// Longest value, in bytes. Bounds what one guest call makes the host buffer.
pub const VALUE_BYTES_MAX: u64 = 1 << 20;

/// Largest counter, and as a negative number the smallest: what a double has exactly, as
/// numbers are in some guests' languages (RFC 7493, 2.2).
pub const COUNTER_MAX: u64 = (1 << 53) - 1;

/// Longest name of a group, in bytes. An entry carries its length in one byte.
pub const GROUP_BYTES_MAX: u64 = 255;

/// Longest time-to-live, in milliseconds: 30 days. A copy older than that is not one.
pub const TTL_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// Most items of a batch. With [`VALUE_BYTES_MAX`] it bounds a reply to 64 MiB.
pub const BATCH_MAX: u64 = 64;

/// The cache of one host.
#[derive(Debug)]
pub struct Cache {
    store: Arc<Backend>,
    ids: Ids,
    counts: counts::Table,
}

/// An open bucket: the resource a guest holds.
#[derive(Debug)]
pub struct Bucket {
    scope: Arc<Scope>,
    store: Arc<Backend>,
    ids: Ids,
    counts: Arc<counts::Counters>,
    key_bytes_max: u64,
    value_bytes_max: u64,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not reach the store.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The value is not a counter, or the sum would not be one.
    #[error("the value is not a counter")]
    NotACounter,
    /// The claim is no longer the caller's.
    #[error("the claim is lost")]
    ClaimLost,
    /// The store did not answer.
    #[error("the cache's store failed")]
    Unavailable(#[source] Unavailable),
}

impl Cache {
    /// A cache on `store`.
    pub fn new(store: Backend, ids: Ids) -> Self {
        Self { store: Arc::new(store), ids, counts: counts::Table::default() }
    }

    /// Opens the bucket of `scope`, within a tenant's `limits`.
    pub fn bucket(&self, scope: Scope, limits: &Limits) -> Bucket {
        Bucket {
            counts: self.counts.of(&scope),
            scope: Arc::new(scope),
            store: self.store.clone(),
            ids: self.ids.clone(),
            key_bytes_max: limits.key_bytes,
            value_bytes_max: limits.value_bytes,
        }
    }
}

impl Bucket {
    /// The live value under `key`.
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Error> {
        let mut found = self.store.get(&[self.key(key)?]).await?;
        let value = found.pop().flatten();
        self.counts.count(value.is_some());
        Ok(value)
    }

    /// The live values under `keys`, in their order.
    pub async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        Refused::over("a batch", keys.len(), BATCH_MAX)?;
        let keys: Vec<_> = keys.iter().map(|key| self.key(key)).collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let values = self.store.get(&keys).await?;
        values.iter().for_each(|value| self.counts.count(value.is_some()));
        Ok(values)
    }

    /// Replaces a value.
    pub async fn set(&self, entry: Entry<'_>) -> Result<(), Error> {
        self.check(&entry)?;
        self.store.set(&[(self.key(entry.key)?, entry)], self.ids.next(), false).await?;
        Ok(())
    }

    /// Replaces each value, in their order.
    pub async fn set_many(&self, entries: &[Entry<'_>]) -> Result<(), Error> {
        Refused::over("a batch", entries.len(), BATCH_MAX)?;
        let mut keyed = Vec::with_capacity(entries.len());
        for entry in entries {
            self.check(entry)?;
            keyed.push((self.key(entry.key)?, *entry));
        }
        if !keyed.is_empty() {
            self.store.set(&keyed, self.ids.next(), false).await?;
        }
        Ok(())
    }

    /// Sets a value where there is none. True if it was set.
    pub async fn set_if_absent(&self, entry: Entry<'_>) -> Result<bool, Error> {
        self.check(&entry)?;
        Ok(self.store.set(&[(self.key(entry.key)?, entry)], self.ids.next(), true).await? == 1)
    }

    /// Forgets a value. True if there was one.
    pub async fn delete(&self, key: &str) -> Result<bool, Error> {
        Ok(self.store.delete(self.key(key)?).await?)
    }

    /// How long the value under `key` has to live.
    pub async fn ttl(&self, key: &str) -> Result<Option<Duration>, Error> {
        Ok(self.store.ttl(self.key(key)?).await?)
    }

    /// Adds to a counter; a new one is kept as `entry` says, its value ignored.
    pub async fn add(&self, entry: Entry<'_>, delta: i64) -> Result<i64, Error> {
        self.check(&entry)?;
        if delta.unsigned_abs() > COUNTER_MAX {
            return Err(Error::NotACounter);
        }
        Ok(self.store.add(self.key(entry.key)?, entry, delta, self.ids.next()).await?)
    }

    /// Forgets every entry of `group`, or of the bucket.
    pub async fn invalidate(&self, group: Option<&str>) -> Result<(), Error> {
        self.check_group(group)?;
        Ok(self.store.invalidate(&self.scope, group).await?)
    }

    /// Hits and misses of this bucket on this host.
    pub fn counts(&self) -> Counts {
        self.counts.read()
    }

    fn key<'a>(&'a self, key: &'a str) -> Result<Key<'a>, Refused> {
        Refused::over("a key", key.len(), self.key_bytes_max)?;
        Ok(self.scope.key(key))
    }

    fn check(&self, entry: &Entry<'_>) -> Result<(), Refused> {
        Refused::over("a value", entry.value.len(), self.value_bytes_max)?;
        at_most("ttl-ms", entry.ttl, TTL_MS_MAX)?;
        self.check_group(entry.group)
    }

    fn check_group(&self, group: Option<&str>) -> Result<(), Refused> {
        Refused::over("a group", group.map_or(0, str::len), GROUP_BYTES_MAX)
    }
}

/// `Ok` if `duration` is within `max` milliseconds.
fn at_most(what: &'static str, duration: Duration, max: u64) -> Result<(), Refused> {
    let within = duration <= Duration::from_millis(max);
    if within { Ok(()) } else { Err(Refused::TooLarge { what, max }) }
}

impl From<StoreError> for Error {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::NotACounter => Self::NotACounter,
            StoreError::ClaimLost => Self::ClaimLost,
            StoreError::Unavailable(err) => Self::Unavailable(err),
        }
    }
}

impl Outcome for Error {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.outcome(),
            Self::NotACounter => "not-a-counter",
            Self::ClaimLost => "claim-lost",
            Self::Unavailable(_) => "unavailable",
        }
    }
}
