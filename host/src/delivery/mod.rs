//! The receivers of this host, and what comes to them.
//!
//! A gateway attaches a socket as a channel ([`crate::channel::Channels::attach`])
//! and writes the frames of its [`Attachment`] to it. This module hears what hosts
//! tell each other by a [`bus`]: one message for each host that has a receiver of a
//! topic, one for the host that holds a channel. It fans out to bounded queues, and
//! never waits for a receiver.
//!
//! The store is the truth of who is subscribed. What a host knows of its own
//! channels follows it by the order of changes, and is compared with it at every
//! heartbeat, so that a lost notice heals.

mod attachment;
mod bus;
mod ear;
mod held;
mod message;
mod position;
mod queue;
mod redis;
mod sqlite;
mod stand;
mod topic;
mod upkeep;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

pub use self::attachment::{Attachment, Socket};
pub(crate) use self::bus::{Bus, Heard};
use self::ear::Ears;
use self::held::{Held, HeldSince};
pub use self::message::{Close, MESSAGE_BYTES_MAX, Malformed, Message, Publication};
pub(crate) use self::message::{Event, Notice};
pub use self::position::{NotPosition, Position};
pub use self::queue::{Frame, QUEUE_BYTES_MAX, QUEUE_MESSAGES_MAX, SLOW};
use self::queue::{Queue, WhenFull};
pub(crate) use self::sqlite::Posts;
use self::topic::{Receiver, Topic};
use crate::channel::{self, NewChannel, SHARDS, Store as _, StoreError};
use crate::grant::{Key, Scope};
use crate::hub;
use crate::ids::Id;

/// How often a host touches the channels that it holds, unless the embedder says
/// otherwise.
pub const HEARTBEAT: Duration = Duration::from_secs(20);

/// A held channel lives for this many heartbeats, so that two may be lost.
const HEARTBEATS_TO_LIVE: u32 = 3;

/// One host, to the others. Random, so that a host that starts again is another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HostId(Arc<str>);

/// The receivers of one host. Cloning is cheap.
#[derive(Clone)]
pub struct Delivery {
    inner: Arc<Inner>,
}

struct Inner {
    host: HostId,
    heartbeat: Duration,
    channels: Arc<channel::Backend>,
    hub: Arc<hub::Backend>,
    bus: Bus,
    next_number: AtomicU64,
    /// By [`address`], the newest last: an id may come back before its last socket is
    /// gone.
    held: Mutex<HashMap<String, Vec<Arc<Held>>>>,
    ears: Ears,
}

/// A receiver of topics that is no channel: the host's own.
///
/// When it is too slow, messages are dropped, and it is told so.
pub struct Listener {
    number: u64,
    topics: Vec<Arc<Topic>>,
    queue: Arc<Queue>,
}

/// How the bus finds what it hears for, which is made after it.
#[derive(Clone, Default)]
pub(crate) struct Hearer(Arc<OnceLock<Weak<Inner>>>);

impl HostId {
    pub(crate) fn new(id: Id) -> Self {
        Self(format!("{:016x}", u64::from_be_bytes(id.0)).into())
    }

    /// The id, 16 hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Hearer {
    pub(crate) fn hear(&self, heard: Heard) {
        if let Some(inner) = self.0.get().and_then(Weak::upgrade) {
            Delivery { inner }.hear(heard);
        }
    }
}

impl Delivery {
    /// Starts delivery of what `bus` brings to `hearer`.
    pub(crate) fn start(
        host: HostId,
        heartbeat: Duration,
        stores: (Arc<channel::Backend>, Arc<hub::Backend>),
        bus: Bus,
        hearer: &Hearer,
    ) -> Self {
        let inner = Arc::new(Inner {
            host,
            heartbeat,
            channels: stores.0,
            hub: stores.1,
            bus,
            next_number: AtomicU64::new(0),
            held: Mutex::default(),
            ears: Ears::default(),
        });
        _ = hearer.0.set(Arc::downgrade(&inner));
        let weak = Arc::downgrade(&inner);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(heartbeat).await;
                let Some(inner) = weak.upgrade() else { return };
                Self { inner }.heartbeat().await;
            }
        });
        Self { inner }
    }

    /// This host, to the others.
    pub fn host_id(&self) -> &HostId {
        &self.inner.host
    }

    /// What keeps the channels, and the hub.
    pub(crate) fn stores(&self) -> (Arc<channel::Backend>, Arc<hub::Backend>) {
        (self.inner.channels.clone(), self.inner.hub.clone())
    }

    fn channels(&self) -> &channel::Backend {
        &self.inner.channels
    }

    /// Adds a channel that this host holds.
    pub(crate) async fn attach(
        &self,
        scope: &Scope,
        id: &str,
        channel: NewChannel<'_>,
    ) -> Result<Attachment, StoreError> {
        let (key, queue) = (scope.key(id), Queue::new(WhenFull::Close));
        let held = Held::new(self.number(), key, queue, self.shard(key));
        self.lock().entry(address(held.key())).or_default().push(held.clone());
        let mut attachment = Attachment::new(held.clone(), self.clone());
        // Notices are heard before anybody can send one.
        held.shard.listen(&self.inner.bus).await?;
        let ttl = self.inner.heartbeat * HEARTBEATS_TO_LIVE;
        let channel = NewChannel { host: Some(&self.inner.host), ttl, ..channel };
        let born = self.channels().add(held.key(), &channel).await?;
        attachment.added();
        for other in self.find_all(held.key()).iter().filter(|other| other.number != held.number) {
            other.succeeded(born);
        }
        while let Some(early) = held.added(born) {
            early.into_iter().for_each(|notice| self.happened(&held, notice));
        }
        Ok(attachment)
    }

    /// This host holds the channel no more.
    fn release(&self, held: &Held) {
        if let Entry::Occupied(mut of_id) = self.lock().entry(address(held.key())) {
            of_id.get_mut().retain(|other| other.number != held.number);
            if of_id.get().is_empty() {
                of_id.remove();
            }
        }
        held.abandon();
    }

    /// Listens to topics, for the host itself.
    pub(crate) async fn listen(&self, topics: &[Key<'_>]) -> Result<Listener, StoreError> {
        let (number, queue) = (self.number(), Queue::new(WhenFull::Drop));
        let mut listener = Listener { number, topics: Vec::new(), queue };
        for topic in topics {
            let topic = self.topic(*topic);
            topic.listen(&self.inner.bus, &self.inner.hub).await?;
            let queue = listener.queue.clone();
            topic.add(number, Receiver { queue, channel: None, has: None });
            listener.topics.push(topic);
        }
        Ok(listener)
    }

    /// Gets ready to receive a topic, if this host holds the channel. Whether it does.
    pub(crate) async fn prepare(
        &self,
        channel: Key<'_>,
        topic: Key<'_>,
    ) -> Result<bool, StoreError> {
        if self.find(channel).is_none() {
            return Ok(false);
        }
        self.topic(topic).listen(&self.inner.bus, &self.inner.hub).await?;
        Ok(true)
    }

    /// The store has subscribed a channel of this host.
    pub(crate) async fn subscribed(
        &self,
        channel: Key<'_>,
        topic: Key<'_>,
        since: Option<Position>,
        order: u64,
    ) -> Result<(), StoreError> {
        let Some(held) = self.find(channel) else { return Ok(()) };
        self.follow(held, topic, since, order).await
    }

    /// Makes a channel a receiver of a topic, as the store says that it is.
    async fn follow(
        &self,
        held: Arc<Held>,
        topic: Key<'_>,
        since: Option<Position>,
        order: u64,
    ) -> Result<(), StoreError> {
        let topic = self.topic(topic);
        if let Err(err) = topic.listen(&self.inner.bus, &self.inner.hub).await {
            // The next heartbeat finds the difference, also if later changes are heard.
            held.doubt();
            return Err(err);
        }
        let Some(since) = since else {
            held.subscribed(&topic, order);
            return Ok(());
        };
        if held.catches_up(&topic, order) {
            let store = self.inner.hub.clone();
            tokio::spawn(async move {
                topic.catch_up_one(&store, &HeldSince { held, topic: &topic, order }, since).await;
            });
        }
        Ok(())
    }

    /// The store has unsubscribed a channel, perhaps one of this host.
    pub(crate) fn unsubscribed(&self, channel: Key<'_>, topic: &str, order: u64) {
        if let Some(held) = self.find(channel) {
            held.unsubscribed(topic, order);
        }
    }

    /// The channel of this key that is in the store, as far as is known.
    fn find(&self, key: Key<'_>) -> Option<Arc<Held>> {
        self.find_all(key).into_iter().rfind(|held| held.born() > 0)
    }

    /// All of this key, the newest last.
    fn find_all(&self, key: Key<'_>) -> Vec<Arc<Held>> {
        self.lock().get(&address(key)).cloned().unwrap_or_default()
    }

    fn all_held(&self) -> Vec<Arc<Held>> {
        self.lock().values().flatten().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Arc<Held>>>> {
        self.inner.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn number(&self) -> u64 {
        self.inner.next_number.fetch_add(1, Ordering::Relaxed)
    }
}

/// Where `host` hears of the channels in a key's shard.
pub(crate) fn notices_to(key: Key<'_>, host: &str) -> Vec<u8> {
    key.scope().in_shard(key.shard_of(SHARDS), '>', host).bytes()
}

/// A channel among those of all scopes. A scope's path has three parts, so no two
/// are alike.
fn address(key: Key<'_>) -> String {
    format!("{}:{}", key.scope().path(), key.id())
}

impl Listener {
    /// The next message, or that some were missed, as soon as there is one.
    /// Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Frame> {
        self.queue.next().await
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.topics.iter().for_each(|topic| topic.remove(self.number));
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("host", &self.inner.host).finish_non_exhaustive()
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.topics.iter().map(|topic| &topic.name)).finish()
    }
}
