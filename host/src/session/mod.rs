//! What is known of a visitor between calls.
//!
//! `wit/session.wit` says what a guest may rely on. A call flows one way:
//! [`host`] (guest types, grant) → [`Sessions`] (limits, JSON) → [`Store`] (one
//! atomic round trip) → back.
//!
//! A version is the store's time in microseconds, or one more than the last if
//! that is greater. So it grows, also past a session's end, with nothing kept.

mod host;
mod redis;
mod sqlite;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub use self::host::{HasSession, View};
pub use self::redis::RedisStore;
pub use self::sqlite::SqliteStore;
pub use self::store::{Backend, Expiry, Snapshot, Store, StoreError, Swap};
use crate::error::{Outcome, Refused, Unavailable};
use crate::grant::{Key, Limits, Scope};
pub use crate::json::{DEPTH_MAX, NotJson};

/// Longest value of one field, in bytes.
pub const FIELD_BYTES_MAX: u64 = 64 << 10;

/// Longest name of a field, in bytes.
pub const NAME_BYTES_MAX: u64 = 255;

/// Most fields of one session.
pub const FIELDS_MAX: u64 = 256;

/// Most bytes of one session: all its names and values.
pub const SESSION_BYTES_MAX: u64 = 1 << 20;

/// Longest time-to-live, in milliseconds: 400 days, which is as long as browsers
/// keep a cookie (RFC 6265bis, section 5.5).
pub const TTL_MS_MAX: u64 = 400 * 24 * 60 * 60 * 1000;

/// Sessions of one host.
#[derive(Debug)]
pub struct Session {
    store: Arc<Backend>,
}

/// An open store of sessions: the resource a guest holds.
#[derive(Debug)]
pub struct Sessions {
    scope: Scope,
    store: Arc<Backend>,
    expiry: Expiry,
    id_bytes_max: u64,
    value_bytes_max: u64,
}

/// Fields by name. Of two with one name the last is kept.
pub type Fields = BTreeMap<String, String>;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not reach the store.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// A field's value is not JSON.
    #[error("the value of field {name:?} is not JSON")]
    InvalidJson {
        /// The field.
        name: String,
        /// Where it stops being JSON.
        #[source]
        why: NotJson,
    },
    /// The session would be too large. Nothing was written.
    #[error("the session would be over its limit of {max}")]
    Full {
        /// The limit, in bytes or fields.
        max: u64,
    },
    /// The store did not answer.
    #[error("the sessions' store failed")]
    Unavailable(#[source] Unavailable),
}

impl Session {
    /// Sessions on `store`.
    pub fn new(store: Backend) -> Self {
        Self { store: Arc::new(store) }
    }

    /// Opens the sessions of `scope`, to be kept for `expiry`, within a tenant's `limits`.
    pub fn sessions(
        &self,
        scope: Scope,
        expiry: Expiry,
        limits: &Limits,
    ) -> Result<Sessions, Error> {
        if expiry.ttl() > Duration::from_millis(TTL_MS_MAX) {
            return Err(Refused::TooLarge { what: "expiry", max: TTL_MS_MAX }.into());
        }
        Ok(Sessions {
            scope,
            store: self.store.clone(),
            expiry,
            id_bytes_max: limits.key_bytes,
            value_bytes_max: limits.value_bytes.min(FIELD_BYTES_MAX),
        })
    }
}

impl Sessions {
    /// The session, renewed if its expiry slides.
    pub async fn get(&self, id: &str) -> Result<Option<Snapshot>, Error> {
        Ok(self.store.get(self.key(id)?, self.expiry).await?)
    }

    /// Replaces all fields and returns the new version.
    pub async fn replace(&self, id: &str, fields: Vec<(String, String)>) -> Result<u64, Error> {
        let fields = self.check(fields)?;
        match self.store.replace(self.key(id)?, &fields, None, self.expiry).await? {
            Swap::Swapped(version) | Swap::Stale(version) => Ok(version),
        }
    }

    /// Replaces all fields if the session still has `version`, or is still
    /// missing where that is zero.
    pub async fn compare_and_set(
        &self,
        id: &str,
        version: u64,
        fields: Vec<(String, String)>,
    ) -> Result<Swap, Error> {
        let fields = self.check(fields)?;
        Ok(self.store.replace(self.key(id)?, &fields, Some(version), self.expiry).await?)
    }

    /// Sets some fields, keeps the others, and returns the new version.
    pub async fn update(&self, id: &str, fields: Vec<(String, String)>) -> Result<u64, Error> {
        let fields = self.check(fields)?;
        Ok(self.store.update(self.key(id)?, &fields, self.expiry).await?)
    }

    /// Removes fields and returns the new version, or zero if there is no session.
    pub async fn remove(&self, id: &str, names: &[String]) -> Result<u64, Error> {
        Refused::over("a session's fields", names.len(), FIELDS_MAX)?;
        for name in names {
            Refused::over("a field's name", name.len(), NAME_BYTES_MAX)?;
        }
        Ok(self.store.remove(self.key(id)?, names, self.expiry).await?)
    }

    /// Ends the session. True if there was one.
    pub async fn clear(&self, id: &str) -> Result<bool, Error> {
        Ok(self.store.clear(self.key(id)?).await?)
    }

    fn key<'a>(&'a self, id: &'a str) -> Result<Key<'a>, Refused> {
        Refused::over("an id", id.len(), self.id_bytes_max)?;
        Ok(self.scope.key(id))
    }

    /// The fields as they will be kept, if each may be kept.
    fn check(&self, fields: Vec<(String, String)>) -> Result<Fields, Error> {
        Refused::over("a session's fields", fields.len(), FIELDS_MAX)?;
        for (name, value) in &fields {
            Refused::over("a field's name", name.len(), NAME_BYTES_MAX)?;
            Refused::over("a field's value", value.len(), self.value_bytes_max)?;
            crate::json::check(value)
                .map_err(|why| Error::InvalidJson { name: name.clone(), why })?;
        }
        let fields = Fields::from_iter(fields);
        let bytes = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        Refused::over("a session", bytes, SESSION_BYTES_MAX)?;
        Ok(fields)
    }
}

impl From<StoreError> for Error {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::Full { max } => Self::Full { max },
            StoreError::Unavailable(err) => Self::Unavailable(err),
        }
    }
}

impl Outcome for Error {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.outcome(),
            Self::InvalidJson { .. } => "invalid-json",
            Self::Full { .. } => "too-large",
            Self::Unavailable(_) => "unavailable",
        }
    }
}
