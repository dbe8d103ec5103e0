//! One channel whose socket this host holds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Delivery;
use super::message::{Close, Notice, Publication};
use super::queue::{Frame, QUEUE_MESSAGES_MAX, Queue, ROOM_WAIT};
use super::topic::{Heir, Receiver, Topic};
use crate::channel::{self, Store as _, StoreError};
use crate::grant::{Key, Scope};

/// What this host knows of a channel that it holds.
#[derive(Debug)]
pub(super) struct Held {
    /// Of this host's receivers.
    pub(super) number: u64,
    pub(super) scope: Scope,
    pub(super) id: Arc<str>,
    pub(super) queue: Arc<Queue>,
    topics: Mutex<Topics>,
}

/// A channel that is to receive a topic since a change, once it has caught up.
pub(super) struct HeldSince<'a> {
    pub(super) held: Arc<Held>,
    pub(super) topic: &'a Arc<Topic>,
    pub(super) order: u64,
}

/// Which topics it has, by the order in which the store changed that: what is heard
/// late, or twice, changes nothing.
#[derive(Debug, Default)]
struct Topics {
    /// When the channel was added: what is older is of another of its id. Zero until
    /// the store has told.
    born: u64,
    /// Notices that came before that was known.
    early: Vec<Notice>,
    /// The last change that was heard.
    order: u64,
    /// By name; none for one that it was unsubscribed from.
    by_name: HashMap<String, (u64, Option<Arc<Topic>>)>,
}

/// The end of a channel at the host that holds its socket.
///
/// Its frames are to be written to the socket, one after the other. Dropping it
/// removes the channel, as [`Attachment::detach`] does with an answer.
#[derive(Debug)]
pub struct Attachment {
    held: Arc<Held>,
    delivery: Delivery,
    /// Whether it is in the store, and so is to be removed from it.
    added: bool,
}

/// Where the frames of a channel go: what a gateway implements for its sockets.
pub trait Socket: Send {
    /// Writes one frame; the close is the last. May wait for the peer: what comes
    /// meanwhile is queued, within bounds. False if the peer is gone.
    fn write(&mut self, frame: Frame) -> impl Future<Output = bool> + Send;
}

impl Held {
    pub(super) fn new(number: u64, scope: Scope, id: &str, queue: Arc<Queue>) -> Arc<Self> {
        Arc::new(Self { number, scope, id: id.into(), queue, topics: Mutex::default() })
    }

    pub(super) fn key(&self) -> Key<'_> {
        self.scope.key(&self.id)
    }

    /// The store has added it. Returns what happened to it already, and is to be called
    /// again when that is done; none once there is nothing left.
    pub(super) fn added(&self, born: u64) -> Option<Vec<Notice>> {
        let mut topics = self.lock();
        topics.order = topics.order.max(born);
        let early: Vec<_> = topics.early.drain(..).filter(|early| early.order >= born).collect();
        if early.is_empty() {
            topics.born = born;
            return None;
        }
        Some(early)
    }

    /// The order of its beginning; zero before the store has it.
    pub(super) fn born(&self) -> u64 {
        self.lock().born
    }

    /// A notice, if it is of this channel rather than an earlier one of its id, and not
    /// too early to tell.
    pub(super) fn concerns(&self, notice: Notice) -> Option<Notice> {
        let mut topics = self.lock();
        if topics.born > 0 {
            return (notice.order >= topics.born).then_some(notice);
        }
        if topics.early.len() < QUEUE_MESSAGES_MAX {
            topics.early.push(notice);
        }
        None
    }

    /// The last change of its topics that was heard.
    pub(super) fn order(&self) -> u64 {
        self.lock().order
    }

    /// It is subscribed since the change `order`, unless a later one was heard: then
    /// `join` makes it a receiver, and tells whether it did.
    pub(super) fn subscribed(
        &self,
        topic: &Arc<Topic>,
        order: u64,
        join: impl FnOnce(u64, Receiver) -> bool,
    ) -> bool {
        let mut topics = self.lock();
        if self.queue.has_ended() || !topics.is_news(&topic.name, order) {
            // Nothing is left to do.
            return true;
        }
        let receiver =
            Receiver { queue: self.queue.clone(), channel: Some(self.id.clone()), has: None };
        let joined = join(self.number, receiver);
        if joined {
            topics.set(&topic.name, order, Some(topic.clone()));
        }
        joined
    }

    /// It is not subscribed since the change `order`, unless a later one was heard.
    pub(super) fn unsubscribed(&self, topic: &str, order: u64) {
        let mut topics = self.lock();
        if topics.is_news(topic, order)
            && let Some(topic) = topics.set(topic, order, None)
        {
            topic.remove(self.number);
        }
    }

    /// Those that it has, and had not yet in the change `order`.
    pub(super) fn topics_before(&self, order: u64) -> Vec<String> {
        let topics = self.lock();
        let before =
            topics.by_name.iter().filter(|(_, (at, topic))| *at < order && topic.is_some());
        before.map(|(name, _)| name.clone()).collect()
    }

    /// Those of `names` that it does not have.
    pub(super) fn lacks(&self, mut names: Vec<String>) -> Vec<String> {
        let topics = self.lock();
        names.retain(|name| !matches!(topics.by_name.get(name), Some((_, Some(_)))));
        names
    }

    /// All changes up to `order` were heard.
    pub(super) fn settled(&self, order: u64) {
        let mut topics = self.lock();
        topics.order = topics.order.max(order);
        topics.by_name.retain(|_, (at, topic)| *at > order || topic.is_some());
    }

    /// It receives nothing more.
    pub(super) fn leave(&self) {
        let mut topics = self.lock();
        for (_, (_, topic)) in topics.by_name.drain() {
            topic.into_iter().for_each(|topic| topic.remove(self.number));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Topics> {
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Heir for HeldSince<'_> {
    fn is_excepted(&self, publication: &Publication) -> bool {
        publication.except.as_ref() == Some(&self.held.id)
    }

    async fn push(&self, frame: Frame) -> bool {
        self.held.queue.room(&frame, ROOM_WAIT).await;
        // Within the lock, so that nothing comes after it was unsubscribed.
        let topics = self.held.lock();
        let wanted = !self.held.queue.has_ended() && topics.is_news(&self.topic.name, self.order);
        if wanted {
            self.held.queue.push(frame);
        }
        wanted
    }

    fn join(&self, add: impl FnOnce(u64, Receiver) -> bool) -> bool {
        self.held.subscribed(self.topic, self.order, add)
    }
}

impl Topics {
    fn is_news(&self, topic: &str, order: u64) -> bool {
        order >= self.born && self.by_name.get(topic).is_none_or(|(at, _)| *at < order)
    }

    fn set(&mut self, name: &str, order: u64, topic: Option<Arc<Topic>>) -> Option<Arc<Topic>> {
        self.order = self.order.max(order);
        self.by_name.insert(name.to_owned(), (order, topic)).and_then(|(_, before)| before)
    }
}

impl Attachment {
    pub(super) fn new(held: Arc<Held>, delivery: Delivery) -> Self {
        Self { held, delivery, added: false }
    }

    /// The store has it.
    pub(super) fn added(&mut self) {
        self.added = true;
    }

    /// The channel's id.
    pub fn id(&self) -> &str {
        &self.held.id
    }

    /// The next frame, as soon as there is one; none after [`Frame::Closed`].
    /// Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Frame> {
        self.held.queue.next().await
    }

    /// Writes all frames to `socket` until either ends, and removes the channel.
    pub async fn serve(mut self, mut socket: impl Socket) -> Result<(), channel::Error> {
        while let Some(frame) = self.next().await {
            if !socket.write(frame).await {
                break;
            }
        }
        self.detach().await
    }

    /// Removes the channel: its socket is closed, or is to be.
    pub async fn detach(mut self) -> Result<(), channel::Error> {
        self.added = false;
        self.delivery.release(&self.held);
        Ok(remove(&self.delivery, &self.held).await?)
    }
}

/// Removes this channel, and not a later one of its id.
async fn remove(delivery: &Delivery, held: &Held) -> Result<(), StoreError> {
    let close = Close::normal();
    delivery.channels().remove(&[held.key()], &close, Some(held.born())).await.map(drop)
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.delivery.release(&self.held);
        if !self.added {
            return;
        }
        // Without a runtime, or if this fails, the channel ends by its time-to-live.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (held, delivery) = (self.held.clone(), self.delivery.clone());
            runtime.spawn(async move {
                if let Err(err) = remove(&delivery, &held).await {
                    tracing::info!("a channel was not removed: {}", crate::error::chain(&err));
                }
            });
        }
    }
}
