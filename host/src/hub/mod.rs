//! Messages to all that listen to a topic.
//!
//! `wit/hub.wit` says what a guest may rely on. A call flows one way: [`host`]
//! (guest types, grant) → [`Bus`] (limits) → [`Store`] (one atomic round trip) →
//! back. What is published comes in by [`crate::delivery`], which has the sockets.
//!
//! A hub belongs to the channels of its name, and a subscription is a part of its
//! channel: so this service knows `channel`, alone of all.

mod guest;
mod host;
mod redis;
mod sqlite;
mod store;

use std::sync::Arc;
use std::time::Duration;

pub use self::guest::Inbox;
pub use self::host::{HasHub, View};
pub use self::redis::RedisStore;
pub use self::sqlite::SqliteStore;
pub use self::store::{Backend, History, Keep, NewPublication, Store, Subscription, Topics};
pub use crate::channel::TOPICS_MAX;
use crate::channel::{Page, StoreError, page_request};
use crate::delivery::{Delivery, Listener, MESSAGE_BYTES_MAX, Message, Position};
use crate::error::{Outcome, Refused, Unavailable};
use crate::grant::{HubScope, Key, Limits};
use crate::ids::{Id, Ids};

/// Longest topic, in bytes.
pub const TOPIC_BYTES_MAX: u64 = 255;

/// Most messages that a topic's history keeps: 64 MB of the largest.
pub const HISTORY_MESSAGES_MAX: u64 = 1_000;

/// Longest time that a history is kept after its last message, in milliseconds: a week.
pub const HISTORY_TTL_MS_MAX: u64 = 7 * 24 * 60 * 60 * 1000;

/// Most messages of a history that one call reads: 6 MB of the largest.
pub const HISTORY_PAGE_MAX: u64 = 100;

/// How long a topic's epoch and last position are remembered after its last
/// message. A receiver that comes back later starts anew.
pub const POSITION_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// How long a group remembers who took a message: longer than two of its hosts
/// can be apart in hearing of it, unless one was stopped.
pub const CLAIM_TTL: Duration = Duration::from_secs(120);

/// Pause before a claim is tried again, after the store did not answer.
const CLAIM_RETRY: Duration = Duration::from_millis(200);

const _: () = assert!(POSITION_TTL.as_millis() > HISTORY_TTL_MS_MAX as u128);

/// The event hub of one host.
#[derive(Debug)]
pub struct Hub {
    store: Arc<Backend>,
    delivery: Delivery,
    ids: Ids,
}

/// An open hub of one name: the resource a guest holds.
#[derive(Debug)]
pub struct Bus {
    scope: HubScope,
    store: Arc<Backend>,
    delivery: Delivery,
    ids: Ids,
    id_bytes_max: u64,
    message_bytes_max: u64,
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
    /// No page gave this cursor, or no message had this position.
    #[error("the cursor or position is not one that was given")]
    InvalidCursor,
    /// The store did not answer.
    #[error("the hub's store failed")]
    Unavailable(#[source] Unavailable),
}

impl Hub {
    /// A hub on `store`, whose receivers are at `delivery`.
    pub(crate) fn new(store: Arc<Backend>, delivery: Delivery, ids: Ids) -> Self {
        Self { store, delivery, ids }
    }

    /// Opens the hub of `scope`, within a tenant's `limits`.
    pub fn bus(&self, scope: HubScope, limits: &Limits) -> Bus {
        Bus {
            scope,
            store: self.store.clone(),
            delivery: self.delivery.clone(),
            ids: self.ids.clone(),
            id_bytes_max: limits.key_bytes.min(crate::channel::ID_BYTES_MAX),
            message_bytes_max: limits.value_bytes.min(MESSAGE_BYTES_MAX),
        }
    }
}

impl Bus {
    /// Subscribes a channel to a topic. True if it was not.
    ///
    /// If this host holds the channel's socket, all that is published from now on
    /// is delivered; with a position, all that was published since comes first.
    pub async fn subscribe(
        &self,
        topic: &str,
        channel: &str,
        since: Option<&str>,
    ) -> Result<bool, Error> {
        let (key, topic) = (self.channel(channel)?, self.topic(topic)?);
        let since = parse(since)?;
        // The socket listens before the store knows, so that nothing falls between.
        let held = self.delivery.prepare(key, topic).await?;
        let done =
            self.store.subscribe(key, topic.id(), since.as_ref(), self.delivery.host_id()).await?;
        if held {
            self.delivery.subscribed(key, topic, since, done.order).await?;
        }
        Ok(done.changed)
    }

    /// Ends a subscription. True if there was one.
    pub async fn unsubscribe(&self, topic: &str, channel: &str) -> Result<bool, Error> {
        let (key, topic) = (self.channel(channel)?, self.topic(topic)?);
        let done = self.store.unsubscribe(key, topic.id(), self.delivery.host_id()).await?;
        self.delivery.unsubscribed(key, topic.id(), done.order);
        Ok(done.changed)
    }

    /// The topics of a channel.
    pub async fn topics(&self, channel: &str) -> Result<Vec<String>, Error> {
        Ok(self.store.topics(self.channel(channel)?).await?.names)
    }

    /// Some of the channels that listen to a topic.
    pub async fn members(
        &self,
        topic: &str,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page, Error> {
        self.topic(topic)?;
        let page = page_request(cursor, limit)?;
        Ok(self.store.members(self.scope.channels(), topic, page).await?)
    }

    /// Publishes to a topic. Where it is, if it is kept.
    pub async fn publish(
        &self,
        topic: &str,
        message: &Message,
        except: Option<&str>,
        keep: Option<Keep>,
    ) -> Result<Option<Position>, Error> {
        let topic = self.topic(topic)?;
        except.map_or(Ok(()), |except| self.channel(except).map(drop))?;
        Refused::over("a message", message.len(), self.message_bytes_max)?;
        if let Some(keep) = keep {
            let ttl_ms = usize::try_from(keep.ttl.as_millis()).unwrap_or(usize::MAX);
            Refused::over("messages to keep", keep.messages as usize, HISTORY_MESSAGES_MAX)?;
            Refused::over("a time to keep", ttl_ms, HISTORY_TTL_MS_MAX)?;
        }
        let (id, epoch) = (self.ids.next(), self.ids.next());
        let new = NewPublication { id, message, except, keep, epoch };
        Ok(self.store.publish(topic, &new).await?)
    }

    /// What was kept of a topic since a position.
    pub async fn history(
        &self,
        topic: &str,
        since: Option<&str>,
        limit: u32,
    ) -> Result<History, Error> {
        let topic = self.topic(topic)?;
        Refused::over("a history", limit as usize, HISTORY_PAGE_MAX)?;
        Ok(self.store.history(topic, parse(since)?.as_ref(), limit).await?)
    }

    /// Listens to topics on behalf of the host: no channel, and no subscription
    /// that others could see. Ends when it is dropped.
    pub async fn listen(&self, topics: &[impl AsRef<str>]) -> Result<Listener, Error> {
        let keys = topics.iter().map(|topic| self.topic(topic.as_ref()));
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        Ok(self.delivery.listen(&keys).await?)
    }

    /// Whether this caller is the first of `group` to take a message. Asks until the
    /// store answers, for nobody else may take it before; an answer that is lost may
    /// lose the message to the group.
    async fn claim_until_told(&self, topic: &str, group: &str, id: Id) -> bool {
        loop {
            match self.store.claim(self.scope.topics().key(topic), group, id).await {
                Ok(first) => return first,
                Err(err) => {
                    tracing::warn!(topic, group, "{}", crate::error::chain(&err));
                    tokio::time::sleep(CLAIM_RETRY).await;
                }
            }
        }
    }

    fn channel<'a>(&'a self, id: &'a str) -> Result<Key<'a>, Refused> {
        Refused::over("an id", id.len(), self.id_bytes_max)?;
        Ok(self.scope.channels().key(id))
    }

    fn topic<'a>(&'a self, topic: &'a str) -> Result<Key<'a>, Refused> {
        Refused::over("a topic", topic.len(), TOPIC_BYTES_MAX)?;
        Ok(self.scope.topics().key(topic))
    }
}

fn parse(position: Option<&str>) -> Result<Option<Position>, Error> {
    position.map(str::parse).transpose().map_err(|_| Error::InvalidCursor)
}

impl From<StoreError> for Error {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::NotFound => Self::NotFound,
            StoreError::Full { max } => {
                Refused::TooLarge { what: "a channel's topics", max }.into()
            }
            StoreError::Exists | StoreError::Cursor => Self::InvalidCursor,
            StoreError::Unavailable(err) => Self::Unavailable(err),
        }
    }
}

impl Outcome for Error {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(refused) => refused.outcome(),
            Self::NotFound => "not-found",
            Self::InvalidCursor => "invalid-cursor",
            Self::Unavailable(_) => "unavailable",
        }
    }
}
