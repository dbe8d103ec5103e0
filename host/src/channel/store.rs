//! The seam between channels and what keeps them.

use std::time::Duration;

use super::{RedisStore, SqliteStore};
use crate::delivery::{Close, HostId, Message};
use crate::error::Unavailable;
use crate::grant::{Key, Scope};

/// Each method is one round trip and, for each channel, one atomic change. A crash
/// of the host before the store has it leaves nothing; after, all of it.
///
/// Every write that a channel must exist for fails as [`StoreError::NotFound`],
/// and creates nothing, if it has ended (the reference's D14).
///
/// `tests/conformance/channel.rs` is the rest of this contract: an
/// implementation is done when it passes.
pub trait Store: Send + Sync {
    /// Adds a channel, unless there is one of this id. Returns when it was born, in
    /// the order of changes of its shard.
    fn add(
        &self,
        key: Key<'_>,
        channel: &NewChannel<'_>,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// What is known of a channel.
    fn get(&self, key: Key<'_>) -> impl Future<Output = Result<Info, StoreError>> + Send;

    /// The state of a channel.
    fn state(&self, key: Key<'_>) -> impl Future<Output = Result<State, StoreError>> + Send;

    /// Changes the user or the state. Returns the version of the state.
    fn update(
        &self,
        key: Key<'_>,
        change: Change<'_>,
    ) -> impl Future<Output = Result<Swap, StoreError>> + Send;

    /// Removes channels with all that is theirs, and tells the hosts of their
    /// sockets. If `born` is given, only one that was added then. Returns how many
    /// there were.
    fn remove(
        &self,
        keys: &[Key<'_>],
        close: &Close,
        born: Option<u64>,
    ) -> impl Future<Output = Result<u32, StoreError>> + Send;

    /// Lets channels live for `ttl` from now, or longer if they do already. For
    /// each, which one it is, or none if it has ended.
    fn touch(
        &self,
        keys: &[Key<'_>],
        ttl: Duration,
    ) -> impl Future<Output = Result<Vec<Option<Life>>, StoreError>> + Send;

    /// Some channels of a scope: those of a user, or all.
    fn list(
        &self,
        scope: &Scope,
        user: Option<&str>,
        page: PageRequest<'_>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Sends to one channel. Whether a host that holds its socket listens.
    fn send(
        &self,
        key: Key<'_>,
        message: &Message,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// A channel to add.
#[derive(Debug, Clone, Copy)]
pub struct NewChannel<'a> {
    /// JSON that its handlers see.
    pub opening_data: &'a str,
    /// Who is behind it.
    pub user: Option<&'a str>,
    /// The host that holds its socket, if one does.
    pub host: Option<&'a HostId>,
    /// How long it lives without a touch; at least a millisecond.
    pub ttl: Duration,
}

/// What was said when a channel was opened, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// JSON.
    pub opening_data: String,
    /// Who is behind it.
    pub user: Option<String>,
}

/// Which channel of its id this is, and which changes it has seen.
///
/// Orders grow with every change of a channel or its topics, also past its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    /// The order of its beginning.
    pub born: u64,
    /// The order of the last change of its topics.
    pub order: u64,
}

/// The state of a channel at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Zero before the first write.
    pub version: u64,
    /// JSON.
    pub value: Option<String>,
}

/// A change of one channel.
#[derive(Debug, Clone, Copy)]
pub enum Change<'a> {
    /// Who is behind it.
    User(Option<&'a str>),
    /// Its state.
    State {
        /// The new value, or none to clear it.
        value: Option<&'a str>,
        /// The version that it must have.
        expected: Option<u64>,
    },
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swap {
    /// Made; the state has this version now.
    Swapped(u64),
    /// Not made: the state has this version.
    Stale(u64),
}

/// What is asked for of a list.
#[derive(Debug, Clone, Copy)]
pub struct PageRequest<'a> {
    /// Where the last page ended; none for the first.
    pub cursor: Option<&'a str>,
    /// Most entries; at least one.
    pub limit: u32,
}

/// Part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Ids, and who is behind them. Perhaps none, while there is a next page.
    pub entries: Vec<(String, Option<String>)>,
    /// Where to go on.
    pub next: Option<String>,
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such channel, or no longer.
    #[error("there is no such channel")]
    NotFound,
    /// There is one already.
    #[error("there is a channel of this id")]
    Exists,
    /// Over a limit of the channel's own. Nothing was written.
    #[error("the channel would be over its limit of {max}")]
    Full {
        /// The limit.
        max: u64,
    },
    /// A cursor that no page gave.
    #[error("the cursor is not one that a page gave")]
    Cursor,
    /// No answer.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// The stores that channels can be on. A closed set, so that no call is boxed.
#[derive(Debug)]
pub enum Backend {
    /// Redis.
    Redis(RedisStore),
    /// One embedded file.
    Sqlite(SqliteStore),
}

crate::services::forward_to_backend! {
    Backend: Store {
        add(key: Key<'_>, channel: &NewChannel<'_>) -> Result<u64, StoreError>;
        get(key: Key<'_>) -> Result<Info, StoreError>;
        state(key: Key<'_>) -> Result<State, StoreError>;
        update(key: Key<'_>, change: Change<'_>) -> Result<Swap, StoreError>;
        remove(keys: &[Key<'_>], close: &Close, born: Option<u64>) -> Result<u32, StoreError>;
        touch(keys: &[Key<'_>], ttl: Duration) -> Result<Vec<Option<Life>>, StoreError>;
        list(scope: &Scope, user: Option<&str>, page: PageRequest<'_>) -> Result<Page, StoreError>;
        send(key: Key<'_>, message: &Message) -> Result<bool, StoreError>;
    }
}
