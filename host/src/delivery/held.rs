//! One channel whose socket this host holds.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ear::Shard;
use super::message::{Close, Notice, Publication};
use super::queue::{Frame, QUEUE_MESSAGES_MAX, Queue, ROOM_WAIT};
use super::stand::Stands;
use super::topic::{Heir, Receiver, Topic};
use crate::grant::{Key, Scope};

/// What this host knows of a channel that it holds.
#[derive(Debug)]
pub(super) struct Held {
    /// Of this host's receivers.
    pub(super) number: u64,
    pub(super) scope: Scope,
    pub(super) id: Arc<str>,
    pub(super) queue: Arc<Queue>,
    /// How it is told what happens to it.
    pub(super) shard: Arc<Shard>,
    life: Mutex<Life>,
}

/// A channel that is to receive a topic since a change, once it has caught up.
pub(super) struct HeldSince<'a> {
    pub(super) held: Arc<Held>,
    pub(super) topic: &'a Arc<Topic>,
    pub(super) order: u64,
}

#[derive(Debug)]
struct Life {
    /// When the channel was added: what is older is of another of its id. Zero until
    /// the store has told.
    born: u64,
    /// When the next of its id was added: what is newer is that one's.
    ended: u64,
    /// Notices that came before the birth was known.
    early: Vec<Notice>,
    stands: Stands,
    /// A change was heard and could not be followed.
    doubt: bool,
    /// A change that had not been heard at an earlier heartbeat, and when that was.
    awaited: Option<(u64, Instant)>,
}

/// How what is known of a channel's topics stands to what the store knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// All was heard.
    Even,
    /// Something was not heard yet: its notice may be on its way.
    Behind,
    /// Something was not heard for too long, or could not be followed.
    Lost,
}

impl Held {
    pub(super) fn new(
        number: u64,
        key: Key<'_>,
        queue: Arc<Queue>,
        shard: Arc<Shard>,
    ) -> Arc<Self> {
        let (scope, id) = (key.scope().clone(), key.id().into());
        let (early, stands) = (Vec::new(), Stands::default());
        let life = Mutex::new(Life {
            born: 0,
            ended: u64::MAX,
            early,
            stands,
            doubt: false,
            awaited: None,
        });
        Arc::new(Self { number, scope, id, queue, shard, life })
    }

    pub(super) fn key(&self) -> Key<'_> {
        self.scope.key(&self.id)
    }

    /// The store has added it. Returns what happened to it already, and is to be called
    /// again when that is done; none once there is nothing left.
    pub(super) fn added(&self, born: u64) -> Option<Vec<Notice>> {
        let mut life = self.lock();
        life.stands.settled(born);
        let early: Vec<_> = life.early.drain(..).filter(|early| early.order >= born).collect();
        if early.is_empty() {
            life.born = born;
            return None;
        }
        Some(early)
    }

    /// The order of its beginning; zero before the store has it.
    pub(super) fn born(&self) -> u64 {
        self.lock().born
    }

    /// Another of its id has been added.
    pub(super) fn succeeded(&self, born: u64) {
        self.lock().ended = born;
    }

    /// Whether a notice is of this channel, rather than another of its id. One that
    /// comes too early to tell is put by.
    pub(super) fn concerns(&self, notice: &Notice) -> bool {
        let mut life = self.lock();
        if life.born > 0 {
            return (life.born..life.ended).contains(&notice.order);
        }
        if life.early.len() < QUEUE_MESSAGES_MAX {
            life.early.push(notice.clone());
        }
        false
    }

    /// How it stands to the store, whose last change of its topics is `order`. A notice
    /// may take as long as `patience`.
    pub(super) fn level(&self, order: u64, patience: Duration) -> Level {
        let mut life = self.lock();
        let known = life.stands.order();
        if life.doubt {
            return Level::Lost;
        }
        if known >= order {
            life.awaited = None;
            life.stands.settled(order);
            return Level::Even;
        }
        match life.awaited {
            Some((awaited, since)) if known < awaited => {
                if since.elapsed() < patience {
                    Level::Behind
                } else {
                    Level::Lost
                }
            }
            _ => {
                life.awaited = Some((order, Instant::now()));
                Level::Behind
            }
        }
    }

    /// A change of its topics could not be followed.
    pub(super) fn doubt(&self) {
        self.lock().doubt = true;
    }

    /// It is subscribed since the change `order`.
    pub(super) fn subscribed(&self, topic: &Arc<Topic>, order: u64) {
        let mut life = self.lock();
        if life.concerns(order) && !self.queue.has_ended() && life.stands.subscribe(topic, order) {
            topic.add(self.number, self.receiver());
        }
    }

    /// It is subscribed since the change `order`, and is to catch up, unless a later
    /// change was heard.
    pub(super) fn catches_up(&self, topic: &Arc<Topic>, order: u64) -> bool {
        let mut life = self.lock();
        life.concerns(order)
            && !self.queue.has_ended()
            && life.stands.catch_up(self.number, topic, order)
    }

    /// It is not subscribed since the change `order`.
    pub(super) fn unsubscribed(&self, topic: &str, order: u64) {
        let mut life = self.lock();
        if life.concerns(order) {
            life.stands.unsubscribe(self.number, topic, order);
        }
    }

    /// In the change `order` it had the topics `names`: ends the others, and returns
    /// those that it does not have yet.
    pub(super) fn compare(&self, names: Vec<String>, order: u64) -> Vec<String> {
        let mut life = self.lock();
        (life.doubt, life.awaited) = (false, None);
        for name in life.stands.before(order) {
            if !names.contains(&name) {
                life.stands.unsubscribe(self.number, &name, order);
            }
        }
        life.stands.lacks(names)
    }

    /// All changes up to `order` were heard.
    pub(super) fn settled(&self, order: u64) {
        self.lock().stands.settled(order);
    }

    /// It is no more: what waits is still read, and then `close`.
    pub(super) fn end(&self, close: Close) {
        self.lock().stands.leave(self.number);
        self.queue.end(close);
    }

    /// Nobody reads any more.
    pub(super) fn abandon(&self) {
        self.queue.abandon();
        self.lock().stands.leave(self.number);
    }

    fn receiver(&self) -> Receiver {
        Receiver { queue: self.queue.clone(), channel: Some(self.id.clone()), has: None }
    }

    fn lock(&self) -> MutexGuard<'_, Life> {
        self.life.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Life {
    fn concerns(&self, order: u64) -> bool {
        (self.born..self.ended).contains(&order)
    }
}

impl Heir for HeldSince<'_> {
    fn is_excepted(&self, publication: &Publication) -> bool {
        publication.except.as_ref() == Some(&self.held.id)
    }

    async fn push(&self, frame: Frame) -> bool {
        self.held.queue.room(&frame, ROOM_WAIT).await;
        // Within the lock, so that nothing comes after it was unsubscribed.
        let life = self.held.lock();
        let wanted = life.stands.catches_up(&self.topic.name, self.order);
        if wanted {
            self.held.queue.push(frame);
        }
        wanted && !self.held.queue.has_ended()
    }

    fn join(&self, add: impl FnOnce(u64, Receiver) -> bool) -> bool {
        let mut life = self.held.lock();
        if !life.stands.catches_up(&self.topic.name, self.order) {
            return true;
        }
        let joined = add(self.held.number, self.held.receiver());
        if joined {
            life.stands.joined(self.topic);
        }
        joined
    }
}
