//! The seam between the hub and what keeps subscriptions and history.

use std::time::Duration;

use super::{RedisStore, SqliteStore};
use crate::channel::{Life, Page, PageRequest, StoreError};
use crate::delivery::{HostId, Message, Position, Publication};
use crate::grant::{Key, Scope};
use crate::ids::Id;

/// Each method is one round trip and one atomic change. A crash of the host before
/// the store has it leaves nothing; after, all of it.
///
/// A subscription is a part of its channel (`channel`, of the channels' scope), so
/// that it ends with it; what is published is kept by topic (`topic`, of the hub's
/// scope). An ended channel fails as [`StoreError::NotFound`].
///
/// `tests/conformance/hub.rs` is the rest of this contract: an implementation is
/// done when it passes.
pub trait Store: Send + Sync {
    /// Subscribes a channel, and tells the host of its socket unless that is
    /// `caller`.
    fn subscribe(
        &self,
        channel: Key<'_>,
        topic: &str,
        since: Option<&Position>,
        caller: &HostId,
    ) -> impl Future<Output = Result<Subscription, StoreError>> + Send;

    /// Ends a subscription, and tells the host of the socket unless that is
    /// `caller`.
    fn unsubscribe(
        &self,
        channel: Key<'_>,
        topic: &str,
        caller: &HostId,
    ) -> impl Future<Output = Result<Subscription, StoreError>> + Send;

    /// The topics of a channel, in the order of their bytes.
    fn topics(&self, channel: Key<'_>) -> impl Future<Output = Result<Topics, StoreError>> + Send;

    /// Some of those of `channels` that listen to `topic`.
    fn members(
        &self,
        channels: &Scope,
        topic: &str,
        page: PageRequest<'_>,
    ) -> impl Future<Output = Result<Page, StoreError>> + Send;

    /// Publishes to a topic, and keeps it if `keep` says so or the topic is kept.
    fn publish(
        &self,
        topic: Key<'_>,
        message: &NewPublication<'_>,
    ) -> impl Future<Output = Result<Option<Position>, StoreError>> + Send;

    /// What was kept since a position, at most `limit` messages.
    fn history(
        &self,
        topic: Key<'_>,
        since: Option<&Position>,
        limit: u32,
    ) -> impl Future<Output = Result<History, StoreError>> + Send;

    /// Whether this caller is the first of `group` to claim publication `id`. A
    /// claim is forgotten after [`super::CLAIM_TTL`].
    fn claim(
        &self,
        topic: Key<'_>,
        group: &str,
        id: Id,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;
}

/// What became of a change of a channel's topics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subscription {
    /// Whether it changed anything.
    pub changed: bool,
    /// Grows with each change of the channel: of two, the greater came later.
    pub order: u64,
}

/// The topics of a channel at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics {
    /// Which channel it is, and its last change.
    pub life: Life,
    /// In the order of their bytes.
    pub names: Vec<String>,
}

/// A message to publish.
#[derive(Debug, Clone, Copy)]
pub struct NewPublication<'a> {
    /// Never the same for two.
    pub id: Id,
    /// What is published.
    pub message: &'a Message,
    /// The channel that does not get it.
    pub except: Option<&'a str>,
    /// What the topic's history is to keep from now on.
    pub keep: Option<Keep>,
    /// The epoch of the history, if this begins one.
    pub epoch: Id,
}

/// How long a topic's messages are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// So many of them; at least one.
    pub messages: u32,
    /// So long after the last; at least a millisecond.
    pub ttl: Duration,
}

/// What was kept of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Whether this is all that was published since the position asked for.
    pub complete: bool,
    /// In the order in which they were published, each with its position.
    pub messages: Vec<Publication>,
    /// Of the last of `messages`; if there are none, of the topic's last. None if
    /// the topic is not kept.
    pub position: Option<Position>,
    /// Whether there are more after these.
    pub more: bool,
}

/// The stores that the hub can be on. A closed set, so that no call is boxed.
#[derive(Debug)]
pub enum Backend {
    /// Redis.
    Redis(RedisStore),
    /// One embedded file.
    Sqlite(SqliteStore),
}

crate::services::forward_to_backend! {
    Backend: Store {
        subscribe(channel: Key<'_>, topic: &str, since: Option<&Position>, caller: &HostId) -> Result<Subscription, StoreError>;
        unsubscribe(channel: Key<'_>, topic: &str, caller: &HostId) -> Result<Subscription, StoreError>;
        topics(channel: Key<'_>) -> Result<Topics, StoreError>;
        members(channels: &Scope, topic: &str, page: PageRequest<'_>) -> Result<Page, StoreError>;
        publish(topic: Key<'_>, message: &NewPublication<'_>) -> Result<Option<Position>, StoreError>;
        history(topic: Key<'_>, since: Option<&Position>, limit: u32) -> Result<History, StoreError>;
        claim(topic: Key<'_>, group: &str, id: Id) -> Result<bool, StoreError>;
    }
}
