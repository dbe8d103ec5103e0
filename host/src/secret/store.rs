//! The seam between secrets and what keeps them, which sees no value and no key.

use super::audit::{Actor, Entry};
use super::provider::KeyRef;
use super::{RedisStore, SqliteStore};
use crate::error::Unavailable;
use crate::grant::{Item, Scope, Span};

/// What guests' calls need. Each method is one round trip; what it does to one secret is
/// one atomic change, with its entry in the audit. A crash of the host before the store
/// has it leaves nothing; after, all of it.
///
/// `tests/conformance/secret.rs` is the rest of this contract: an implementation is done
/// when it passes.
pub trait Store: Send + Sync {
    /// The versions that are asked for, in that order; none of what is not there.
    /// Recorded.
    fn read(
        &self,
        reads: &[Read<'_>],
        actor: &Actor,
    ) -> impl Future<Output = Result<Vec<Option<Stored>>, StoreError>> + Send;

    /// Makes `sealed` the newest version if all that are there are older, and forgets
    /// the oldest beyond what is kept. Recorded if it was done.
    fn put(
        &self,
        item: &Item<'_>,
        version: u64,
        sealed: &Sealed,
        actor: &Actor,
    ) -> impl Future<Output = Result<Put, StoreError>> + Send;

    /// Forgets a secret with all its versions. True if there was one. Recorded.
    fn delete(
        &self,
        item: &Item<'_>,
        actor: &Actor,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// What is known of a secret but for its value.
    fn describe(
        &self,
        item: &Item<'_>,
    ) -> impl Future<Output = Result<Option<Description>, StoreError>> + Send;

    /// At most `limit` members of a list, within `spans` of it, in the order of their
    /// bytes. Spans are in order and do not overlap.
    fn list(
        &self,
        list: List<'_>,
        spans: &[Span],
        limit: u32,
    ) -> impl Future<Output = Result<Vec<String>, StoreError>> + Send;

    /// Records what was done to secrets of `scope`, each in a shard of it.
    fn record(
        &self,
        scope: &Scope,
        entries: &[(u8, Entry<'_>)],
        actor: &Actor,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// One version to read.
#[derive(Debug, Clone)]
pub struct Read<'a> {
    /// The secret.
    pub item: Item<'a>,
    /// Which version; none for the newest.
    pub version: Option<u64>,
    /// A version that the reader has: its body need not be sent.
    pub known: Option<u64>,
}

/// A version as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its key, wrapped.
    pub wrap: Wrap,
    /// Its value, encrypted with that key.
    pub body: Vec<u8>,
}

/// A wrapped key, and what wraps it. A store keeps them as one: `id/version`, a space,
/// the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrap {
    /// The key that wraps it.
    pub key: KeyRef,
    /// The wrapped key.
    pub wrapped: Vec<u8>,
}

/// A version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Which.
    pub version: u64,
    /// What it is sealed as; none if the reader has that version.
    pub sealed: Option<Sealed>,
}

/// What became of a put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is the newest version.
    Done,
    /// Nothing was written: this version is there, and not older.
    Stale(u64),
}

/// What is known of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Its first version, which may be forgotten.
    pub first: u64,
    /// Those that are kept, the oldest first. Never empty.
    pub versions: Vec<u64>,
}

/// What can be listed.
#[derive(Debug, Clone, Copy)]
pub enum List<'a> {
    /// The ids in a scope.
    Ids(&'a Scope),
    /// The ids in one shard of a scope.
    IdsOfShard(&'a Scope, u8),
    /// The users who have the credential of a name.
    Users(&'a Scope, &'a str),
}

/// Why a store failed. Nothing was written, unless it is unavailable.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The key is barred: what it wraps could not be opened for long.
    #[error(
        "key {0} was dropped, and this host's keyring has it as its primary key; make another \
         with `satama secret keys add`, or a new keyring with `satama secret keys init --id NAME`"
    )]
    Barred(KeyRef),
    /// What is there was not written by this service.
    #[error("a malformed record of `{id}`: {what}")]
    Malformed {
        /// The secret.
        id: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// No answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The stores that secrets can be on. A closed set, so that no call is boxed.
#[derive(Debug)]
pub enum Backend {
    /// Redis.
    Redis(RedisStore),
    /// One embedded file.
    Sqlite(SqliteStore),
}

impl Wrap {
    /// As a store keeps it.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = self.key.to_string().into_bytes();
        bytes.push(b' ');
        bytes.extend(&self.wrapped);
        bytes
    }

    /// What a store has of secret `id`.
    pub(super) fn read(bytes: &[u8], id: &str) -> Result<Self, StoreError> {
        let malformed = || StoreError::Malformed { id: id.to_owned(), what: "its wrap" };
        Self::parse(bytes).ok_or_else(malformed)
    }

    /// What [`Wrap::bytes`] wrote.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let at = bytes.iter().position(|byte| *byte == b' ')?;
        let key = std::str::from_utf8(&bytes[..at]).ok()?.parse().ok()?;
        Some(Self { key, wrapped: bytes[at + 1..].to_vec() })
    }
}

crate::services::forward_to_backend! {
    Backend: Store {
        read(reads: &[Read<'_>], actor: &Actor) -> Result<Vec<Option<Stored>>, StoreError>;
        put(item: &Item<'_>, version: u64, sealed: &Sealed, actor: &Actor) -> Result<Put, StoreError>;
        delete(item: &Item<'_>, actor: &Actor) -> Result<bool, StoreError>;
        describe(item: &Item<'_>) -> Result<Option<Description>, StoreError>;
        list(list: List<'_>, spans: &[Span], limit: u32) -> Result<Vec<String>, StoreError>;
        record(scope: &Scope, entries: &[(u8, Entry<'_>)], actor: &Actor) -> Result<(), StoreError>;
    }
}
