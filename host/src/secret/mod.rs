//! Values that a tenant keeps secret.
//!
//! `wit/secret.wit` and `wit/credential.wit` say what a guest may rely on. A call flows
//! one way: [`host`] (guest types, grant) → [`Vault`] (limits, encryption) → [`Store`]
//! (one atomic round trip, with its audit) → back. What a store is given is encrypted:
//! the value with a key of its own, that key with one of the [`keyring`]'s.
//!
//! A version is the host's time in microseconds, or one more than the newest there is if
//! that is greater. So it is known before it is written, and can be bound to what is
//! encrypted, in one round trip; two hosts that choose the same one are told apart by the
//! store, and the later tries again.

mod audit;
mod host;
mod keyring;
mod keys;
mod lists;
mod opened;
pub mod pikku;
pub mod pkcs11;
mod provider;
/// What a record is; public for the fuzzer.
#[doc(hidden)]
pub mod record;
mod redis;
mod seal;
mod sqlite;
mod store;
mod upkeep;
mod uses;
mod vault;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use zeroize::Zeroizing;

pub use self::audit::{AUDIT_ENTRIES_MAX, Action, Actor, Entry, Event};
pub use self::host::{HasSecret, View};
pub use self::keyring::{Cost, Editor, Input, Keyring, KeyringError, LocalKey, NewKey};
pub use self::keys::{Keys, UnwrapError};
use self::opened::Opened;
pub use self::provider::{
    DataKey, KEY_BYTES, KeyError, KeyProvider, KeyRef, NotAKey, Pending, WRAPPED_BYTES_MAX,
};
pub use self::redis::RedisStore;
pub use self::sqlite::SqliteStore;
pub use self::store::{
    Backend, Description, List, Put, Read, Sealed, Store, StoreError, Stored, Wrap,
};
pub use self::upkeep::{Failure, InUse, Rewrap, Rotated, Rotation, Upkeep, WrapOf, WrapPage};
use crate::clock::Clock;
use crate::error::{Outcome, Refused, Unavailable};
use crate::grant::{Item, Right, Shelf, Span};

/// Longest value, in bytes.
pub const VALUE_BYTES_MAX: u64 = 64 << 10;

/// Longest data that is sealed, signed or associated, in bytes.
pub const DATA_BYTES_MAX: u64 = 1 << 20;

/// Most bytes of values that the handles of one instance may hold: they are in the
/// host's memory, which the instance's own limit does not count.
pub const HELD_BYTES_MAX: u64 = 8 << 20;

/// Longest name of a user, in bytes.
pub const USER_BYTES_MAX: u64 = 255;

/// Most secrets that one call reads.
pub const MANY_MAX: u64 = 64;

/// Most names of one page.
pub const PAGE_MAX: u32 = 1_000;

/// Most parts of the list of names that one call looks at: a grant may name more.
const SPANS_MAX: usize = 64;

/// How often a put chooses another version because hosts write the same secret at the
/// same time. Each time at least one of them succeeds.
const PUT_TRIES: usize = 64;

/// Secrets and credentials of one host.
#[derive(Debug)]
pub struct Vault {
    store: Arc<Backend>,
    keys: Option<Keys>,
    opened: Option<Opened>,
    clock: Clock,
}

/// A value in the open. Zeroized when dropped, and never shown.
pub struct Value(Zeroizing<Vec<u8>>);

/// One version of a secret: the resource a guest holds.
pub struct Secret {
    scope: crate::grant::Scope,
    shard: u8,
    id: Box<str>,
    version: u64,
    value: Arc<Value>,
    may_be_revealed: bool,
    /// What an instance's handles hold together, this one's part included.
    held: Option<Held>,
}

/// A part of the bytes of values that an instance holds, until it is dropped.
struct Held {
    all: Arc<AtomicU64>,
    bytes: u64,
}

/// What is known of a secret but for its value. Times are in milliseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The newest version.
    pub version: u64,
    /// When the first was put.
    pub created_ms: u64,
    /// When the newest was put.
    pub updated_ms: u64,
    /// Those that are kept, the oldest first.
    pub versions: Vec<u64>,
}

/// A page of names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// In the order of their bytes.
    pub names: Vec<String>,
    /// Where the next page begins, if there may be one.
    pub next: Option<String>,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not reach the store, but to be recorded.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It may not be read, which the guest is not told.
    #[error(transparent)]
    Hidden(Refused),
    /// There is none, or no such version.
    #[error("there is no such secret")]
    NotFound,
    /// No secret can have the name.
    #[error(transparent)]
    InvalidName(#[from] crate::grant::BadName),
    /// It does not open.
    #[error("`{id}` does not open")]
    Undecryptable {
        /// Which.
        id: String,
        /// Why.
        #[source]
        source: Unopened,
    },
    /// What was sealed does not open.
    #[error("what is to be unsealed is not authentic")]
    NotAuthentic,
    /// A key could not be asked.
    #[error("a key cannot be used")]
    Keys(#[source] UnwrapError),
    /// This host has no keys.
    #[error("this host has no keyring; make one with `satama secret keys init`")]
    NoKeyring,
    /// The primary key is barred.
    #[error("nothing can be written: {0}")]
    Barred(String),
    /// The store did not answer.
    #[error("the secrets' store failed")]
    Unavailable(#[source] Unavailable),
}

/// Why a record does not open.
#[derive(Debug, thiserror::Error)]
pub enum Unopened {
    /// Its key was not unwrapped.
    #[error(transparent)]
    Unwrap(UnwrapError),
    /// Its key does not open it: it was changed, or written as another one.
    #[error("it was tampered with, or belongs elsewhere")]
    Body,
    /// It was written by a newer version.
    #[error("it has format {0}, which this host does not know; use a newer satama")]
    Format(u8),
    /// It was not written by this service.
    #[error("{0}")]
    Malformed(&'static str),
}

const _: () = assert!(MANY_MAX * VALUE_BYTES_MAX <= HELD_BYTES_MAX);

impl From<StoreError> for Error {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Barred(_) => Self::Barred(err.to_string()),
            StoreError::Malformed { id, what } => {
                Self::Undecryptable { id, source: Unopened::Malformed(what) }
            }
            StoreError::Unavailable(err) => Self::Unavailable(err),
        }
    }
}

impl Outcome for Error {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(refused) | Self::Hidden(refused) => refused.outcome(),
            Self::NotFound => "not-found",
            Self::InvalidName(_) => "invalid-name",
            Self::Undecryptable { .. } => "undecryptable",
            Self::NotAuthentic => "not-authentic",
            Self::Keys(_) | Self::NoKeyring | Self::Barred(_) | Self::Unavailable(_) => {
                "unavailable"
            }
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.all.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
