//! The seam between the cache and what keeps it.

use std::time::Duration;

use super::{COUNTER_MAX, RedisStore, SqliteStore};
use crate::error::Unavailable;
use crate::grant::{Key, Scope};
use crate::ids::Id;

/// Each method is one round trip, and atomic on each key it names. A crash of
/// the host before the store has it leaves nothing; after, all of it.
///
/// `tests/conformance/cache.rs` is the rest of this contract: an implementation
/// is done when it passes.
pub trait Store: Send + Sync {
    /// The live values under `keys`, in their order.
    fn get(
        &self,
        keys: &[Key<'_>],
    ) -> impl Future<Output = Result<Vec<Option<Vec<u8>>>, StoreError>> + Send;

    /// Replaces each value with its group and ttl, and ends the claim on it; or
    /// only where there is no live value. Returns how many it set.
    ///
    /// `generation` is what a bucket or group that has none begins with.
    fn set(
        &self,
        entries: &[(Key<'_>, Entry<'_>)],
        generation: Id,
        if_absent: bool,
    ) -> impl Future<Output = Result<usize, StoreError>> + Send;

    /// Forgets a value and the claim on it. True if there was a live value.
    fn delete(&self, key: Key<'_>) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// How long a live value has left.
    fn ttl(
        &self,
        key: Key<'_>,
    ) -> impl Future<Output = Result<Option<Duration>, StoreError>> + Send;

    /// Adds to a decimal counter and ends the claim on it. A new one starts at
    /// zero, with the group and ttl of `new`; an old one keeps its own.
    fn add(
        &self,
        key: Key<'_>,
        new: Entry<'_>,
        delta: i64,
        generation: Id,
    ) -> impl Future<Output = Result<i64, StoreError>> + Send;

    /// Forgets every entry of `group`, or of the whole scope.
    fn invalidate(
        &self,
        scope: &Scope,
        group: Option<&str>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// The live value; or the claim on it, if nobody holds one.
    fn claim(
        &self,
        key: Key<'_>,
        ask: Ask<'_>,
    ) -> impl Future<Output = Result<Found, StoreError>> + Send;

    /// Ends the claim that `token` holds, with a value of the claim's group, or
    /// without one. Without one, it is no error that the claim is lost.
    fn settle(
        &self,
        key: Key<'_>,
        token: Id,
        entry: Option<Entry<'_>>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// A value to set.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The guest's key.
    pub key: &'a str,
    /// The value.
    pub value: &'a [u8],
    /// Its time-to-live; at least a millisecond.
    pub ttl: Duration,
    /// The group that it can be invalidated with.
    pub group: Option<&'a str>,
}

/// A wish for a claim.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks.
    pub token: Id,
    /// How long the claim holds.
    pub ttl: Duration,
    /// The group of the entry to come.
    pub group: Option<&'a str>,
    /// What a bucket or group that has no generation begins with.
    pub generation: Id,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// The live value.
    Value(Vec<u8>),
    /// The claim.
    Claimed,
    /// Another holds the claim.
    Busy,
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The value is not a counter, or the sum would not be one. Nothing was written.
    #[error("the value is not a counter")]
    NotACounter,
    /// The claim is not the caller's. Nothing was written.
    #[error("the claim is lost")]
    ClaimLost,
    /// No answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A number that may be a counter's.
pub(super) fn counter(count: Option<i64>) -> Result<i64, StoreError> {
    count.filter(|count| count.unsigned_abs() <= COUNTER_MAX).ok_or(StoreError::NotACounter)
}

/// The stores that a cache can be on. A closed set, so that no call is boxed.
#[derive(Debug)]
pub enum Backend {
    /// Redis.
    Redis(RedisStore),
    /// One embedded file.
    Sqlite(SqliteStore),
}

crate::services::forward_to_backend! {
    Backend: Store {
        get(keys: &[Key<'_>]) -> Result<Vec<Option<Vec<u8>>>, StoreError>;
        set(entries: &[(Key<'_>, Entry<'_>)], generation: Id, if_absent: bool) -> Result<usize, StoreError>;
        delete(key: Key<'_>) -> Result<bool, StoreError>;
        ttl(key: Key<'_>) -> Result<Option<Duration>, StoreError>;
        add(key: Key<'_>, new: Entry<'_>, delta: i64, generation: Id) -> Result<i64, StoreError>;
        invalidate(scope: &Scope, group: Option<&str>) -> Result<(), StoreError>;
        claim(key: Key<'_>, ask: Ask<'_>) -> Result<Found, StoreError>;
        settle(key: Key<'_>, token: Id, entry: Option<Entry<'_>>) -> Result<(), StoreError>;
    }
}
