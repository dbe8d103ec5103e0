//! The seam between sessions and what keeps them.

use std::time::Duration;

use super::{Fields, RedisStore, SqliteStore};
use crate::error::Unavailable;
use crate::grant::Key;

/// Each method is one round trip and one atomic change. A crash of the host
/// before the store has it leaves nothing; after, all of it.
///
/// Every write of an existing session gives it a greater version; one that
/// creates a session gives it a version greater than any it had before.
///
/// `tests/conformance/session.rs` is the rest of this contract: an
/// implementation is done when it passes.
pub trait Store: Send + Sync {
    /// The session, and renews it if `expiry` slides.
    fn get(
        &self,
        key: Key<'_>,
        expiry: Expiry,
    ) -> impl Future<Output = Result<Option<Snapshot>, StoreError>> + Send;

    /// Replaces all fields; if `expected` is given, only of that version, where
    /// zero stands for no session.
    fn replace(
        &self,
        key: Key<'_>,
        fields: &Fields,
        expected: Option<u64>,
        expiry: Expiry,
    ) -> impl Future<Output = Result<Swap, StoreError>> + Send;

    /// Sets some fields, if the session stays within its limits. Creates a
    /// missing session.
    fn update(
        &self,
        key: Key<'_>,
        fields: &Fields,
        expiry: Expiry,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Removes fields. Zero, and nothing is created, if there is no session.
    fn remove(
        &self,
        key: Key<'_>,
        names: &[String],
        expiry: Expiry,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Ends the session. True if there was one.
    fn clear(&self, key: Key<'_>) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// When a session expires; at least a millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// This long after it was last read or written.
    Sliding(Duration),
    /// This long after it was created.
    Fixed(Duration),
}

/// A session at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Grows with every write.
    pub version: u64,
    /// In the order of their names' bytes.
    pub fields: Fields,
    /// How long until it expires.
    pub expires_in: Duration,
}

/// What became of a replacement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// Written, with this version.
    Swapped(u64),
    /// Not written: this is the version, or zero for no session.
    Stale(u64),
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The session would be over a limit, in bytes or fields. Nothing was written.
    #[error("the session would be over its limit of {max}")]
    Full {
        /// The limit.
        max: u64,
    },
    /// No answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The stores that sessions can be on. A closed set, so that no call is boxed.
#[derive(Debug)]
pub enum Backend {
    /// Redis.
    Redis(RedisStore),
    /// One embedded file.
    Sqlite(SqliteStore),
}

impl Expiry {
    /// How long, from whenever it counts.
    pub fn ttl(self) -> Duration {
        match self {
            Self::Sliding(ttl) | Self::Fixed(ttl) => ttl,
        }
    }

    /// Whether reads and writes renew it.
    pub fn slides(self) -> bool {
        matches!(self, Self::Sliding(_))
    }
}

crate::services::forward_to_backend! {
    Backend: Store {
        get(key: Key<'_>, expiry: Expiry) -> Result<Option<Snapshot>, StoreError>;
        replace(key: Key<'_>, fields: &Fields, expected: Option<u64>, expiry: Expiry) -> Result<Swap, StoreError>;
        update(key: Key<'_>, fields: &Fields, expiry: Expiry) -> Result<u64, StoreError>;
        remove(key: Key<'_>, names: &[String], expiry: Expiry) -> Result<u64, StoreError>;
        clear(key: Key<'_>) -> Result<bool, StoreError>;
    }
}
