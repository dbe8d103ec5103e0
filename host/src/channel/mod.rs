//! Connected clients, and what is known of each.
//!
//! `wit/channel.wit` says what a guest may rely on. A call flows one way:
//! [`host`] (guest types, grant) → [`Channels`] (limits, JSON) → [`Store`] (one
//! atomic round trip) → back.
//!
//! In Redis, channels are spread over [`SHARDS`] shards by id; a channel, what
//! points at it, and its subscriptions are in one, so that they begin and end
//! together. `lua/shard.lua` has the layout.

mod cursor;
mod host;
mod redis;
mod sqlite;
mod store;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::cursor::Cursor;
pub use self::host::{HasChannel, View};
pub use self::redis::RedisStore;
pub(crate) use self::redis::{Shard, malformed as redis_malformed, millis, page_of};
pub use self::sqlite::SqliteStore;
pub(crate) use self::sqlite::{
    Change as SqliteChange, after as sqlite_after, find as find_in_sqlite, page as sqlite_page,
};
pub use self::store::{
    Backend, Change, Info, Life, NewChannel, Page, PageRequest, State, Store, StoreError, Swap,
};
use crate::delivery::{Attachment, Close, Delivery, MESSAGE_BYTES_MAX, Message};
use crate::error::{Outcome, Refused, Unavailable};
use crate::grant::{Key, Limits, Scope};
use crate::json::{self, NotJson};

/// How many shards the channels of a name are spread over. Fewer than a cache's,
/// because a list asks all of them; part of the format.
pub const SHARDS: u8 = 16;

/// Longest id of a channel, in bytes.
pub const ID_BYTES_MAX: u64 = 255;

/// Longest user, in bytes.
pub const USER_BYTES_MAX: u64 = 255;

/// Longest opening data, and longest state, in bytes.
pub const DATA_BYTES_MAX: u64 = 64 << 10;

/// Most ids of one call, and most entries of a page.
pub const ITEMS_MAX: u64 = 1_000;

/// Most topics of one channel: what its removal, which is one script, has to undo.
pub const TOPICS_MAX: u64 = 128;

/// Longest time-to-live, in milliseconds: a day. Whoever holds a channel for
/// longer is alive to touch it.
pub const TTL_MS_MAX: u64 = 24 * 60 * 60 * 1000;

/// Longest reason for a close, in bytes: a control frame has room for 125, the
/// code takes two (RFC 6455, section 5.5).
pub const REASON_BYTES_MAX: usize = 123;

/// Channels of one host.
#[derive(Debug)]
pub struct Channel {
    store: Arc<Backend>,
    delivery: Delivery,
}

/// Open channels of one name: the resource a guest holds.
#[derive(Debug)]
pub struct Channels {
    scope: Scope,
    store: Arc<Backend>,
    delivery: Delivery,
    ttl: Duration,
    id_bytes_max: u64,
    value_bytes_max: u64,
}

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It did not reach the store.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// There is no such channel, or no longer.
    #[error("there is no such channel")]
    NotFound,
    /// There is one of this id already.
    #[error("there is a channel of this id")]
    Exists,
    /// The data is not JSON.
    #[error("the data is not JSON")]
    InvalidJson(#[source] NotJson),
    /// No page gave this cursor.
    #[error("the cursor is not one that a page gave")]
    InvalidCursor,
    /// Nobody may send this code, or the reason is too long.
    #[error("a close with code {0} and this reason may not be sent")]
    InvalidClose(u16),
    /// The store did not answer.
    #[error("the channels' store failed")]
    Unavailable(#[source] Unavailable),
}

impl Channel {
    /// Channels on `store`, whose sockets are at `delivery`.
    pub(crate) fn new(store: Arc<Backend>, delivery: Delivery) -> Self {
        Self { store, delivery }
    }

    /// Opens the channels of `scope`, within a tenant's `limits`. Those that are
    /// added or touched live for `ttl` more.
    pub fn channels(
        &self,
        scope: Scope,
        ttl: Duration,
        limits: &Limits,
    ) -> Result<Channels, Error> {
        if ttl > Duration::from_millis(TTL_MS_MAX) {
            return Err(Refused::TooLarge { what: "ttl", max: TTL_MS_MAX }.into());
        }
        Ok(Channels {
            scope,
            store: self.store.clone(),
            delivery: self.delivery.clone(),
            // No store takes a time-to-live of none.
            ttl: ttl.max(Duration::from_millis(1)),
            id_bytes_max: limits.key_bytes.min(ID_BYTES_MAX),
            value_bytes_max: limits.value_bytes,
        })
    }
}

impl Channels {
    /// Adds a channel that has no socket here.
    pub async fn add(&self, id: &str, opening_data: &str, user: Option<&str>) -> Result<(), Error> {
        let channel = self.new_channel(opening_data, user)?;
        Ok(self.store.add(self.key(id)?, &channel).await.map(drop)?)
    }

    /// Adds a channel whose socket this host holds, and keeps it alive for as long
    /// as the attachment lives: the time-to-live is the host's, not the handle's.
    pub async fn attach(
        &self,
        id: &str,
        opening_data: &str,
        user: Option<&str>,
    ) -> Result<Attachment, Error> {
        let channel = self.new_channel(opening_data, user)?;
        self.key(id)?;
        Ok(self.delivery.attach(&self.scope, id, channel).await?)
    }

    /// What is known of a channel.
    pub async fn get(&self, id: &str) -> Result<Info, Error> {
        Ok(self.store.get(self.key(id)?).await?)
    }

    /// Removes channels. Returns how many there were.
    pub async fn remove(&self, ids: &[String]) -> Result<u32, Error> {
        let keys = self.keys(ids)?;
        if keys.is_empty() {
            return Ok(0);
        }
        Ok(self.store.remove(&keys, &Close::normal(), None).await?)
    }

    /// Removes a channel, and closes its socket with `code` and `reason`.
    pub async fn disconnect(&self, id: &str, code: u16, reason: &str) -> Result<(), Error> {
        let key = self.key(id)?;
        // What an endpoint may send (RFC 6455, section 7.4).
        if !(matches!(code, 1000 | 3000..=4999) && reason.len() <= REASON_BYTES_MAX) {
            return Err(Error::InvalidClose(code));
        }
        let close = Close { code, reason: reason.to_owned() };
        match self.store.remove(&[key], &close, None).await? {
            0 => Err(Error::NotFound),
            _ => Ok(()),
        }
    }

    /// Says who is behind a channel.
    pub async fn set_user(&self, id: &str, user: Option<&str>) -> Result<(), Error> {
        check_user(user)?;
        Ok(self.store.update(self.key(id)?, Change::User(user)).await.map(drop)?)
    }

    /// The state of a channel.
    pub async fn state(&self, id: &str) -> Result<State, Error> {
        Ok(self.store.state(self.key(id)?).await?)
    }

    /// Sets the state, or clears it. Returns its version.
    pub async fn set_state(&self, id: &str, value: Option<&str>) -> Result<u64, Error> {
        match self.change_state(id, value, None).await? {
            Swap::Swapped(version) | Swap::Stale(version) => Ok(version),
        }
    }

    /// Sets the state if it still has `version`.
    pub async fn compare_and_set_state(
        &self,
        id: &str,
        version: u64,
        value: &str,
    ) -> Result<Swap, Error> {
        self.change_state(id, Some(value), Some(version)).await
    }

    async fn change_state(
        &self,
        id: &str,
        value: Option<&str>,
        expected: Option<u64>,
    ) -> Result<Swap, Error> {
        let key = self.key(id)?;
        value.map_or(Ok(()), |value| self.check_data("a state", value))?;
        Ok(self.store.update(key, Change::State { value, expected }).await?)
    }

    /// Lets channels live on. Returns those that have ended.
    pub async fn touch(&self, ids: &[String]) -> Result<Vec<String>, Error> {
        let keys = self.keys(ids)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let touched = self.store.touch(&keys, self.ttl).await?;
        let ended = ids.iter().zip(touched).filter(|(_, life)| life.is_none());
        Ok(ended.map(|(id, _)| id.clone()).collect())
    }

    /// Some channels: those of a user, or all.
    pub async fn list(
        &self,
        user: Option<&str>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        check_user(user)?;
        Ok(self.store.list(&self.scope, user, page_request(cursor, limit)?).await?)
    }

    /// Sends to one channel. Whether a host that holds its socket was told.
    pub async fn send(&self, id: &str, message: &Message) -> Result<bool, Error> {
        let key = self.key(id)?;
        Refused::over("a message", message.len(), self.value_bytes_max.min(MESSAGE_BYTES_MAX))?;
        Ok(self.store.send(key, message).await?)
    }

    fn new_channel<'a>(
        &self,
        opening_data: &'a str,
        user: Option<&'a str>,
    ) -> Result<NewChannel<'a>, Error> {
        check_user(user)?;
        self.check_data("opening data", opening_data)?;
        Ok(NewChannel { opening_data, user, host: None, ttl: self.ttl })
    }

    fn check_data(&self, what: &'static str, data: &str) -> Result<(), Error> {
        Refused::over(what, data.len(), self.value_bytes_max.min(DATA_BYTES_MAX))?;
        json::check(data).map_err(Error::InvalidJson)
    }

    fn key<'a>(&'a self, id: &'a str) -> Result<Key<'a>, Refused> {
        Refused::over("an id", id.len(), self.id_bytes_max)?;
        Ok(self.scope.key(id))
    }

    fn keys<'a>(&'a self, ids: &'a [String]) -> Result<Vec<Key<'a>>, Refused> {
        Refused::over("ids", ids.len(), ITEMS_MAX)?;
        ids.iter().map(|id| self.key(id)).collect()
    }
}

fn check_user(user: Option<&str>) -> Result<(), Refused> {
    Refused::over("a user", user.map_or(0, str::len), USER_BYTES_MAX)
}

/// A page of at most `limit`, where zero is taken as one.
pub(crate) fn page_request(cursor: Option<&str>, limit: u32) -> Result<PageRequest<'_>, Refused> {
    Refused::over("a page", limit as usize, ITEMS_MAX)?;
    Ok(PageRequest { cursor, limit: limit.max(1) })
}

impl From<StoreError> for Error {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::NotFound => Self::NotFound,
            StoreError::Exists => Self::Exists,
            StoreError::Full { max } => Refused::TooLarge { what: "a channel", max }.into(),
            StoreError::Cursor => Self::InvalidCursor,
            StoreError::Unavailable(err) => Self::Unavailable(err),
        }
    }
}

impl Outcome for Error {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.outcome(),
            Self::NotFound => "not-found",
            Self::Exists => "already-exists",
            Self::InvalidJson(_) => "invalid-json",
            Self::InvalidCursor => "invalid-cursor",
            Self::InvalidClose(_) => "invalid-close",
            Self::Unavailable(_) => "unavailable",
        }
    }
}
