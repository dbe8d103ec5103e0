//! How this host follows what it hears, and heals what it missed.

use std::collections::HashMap;
use std::sync::Arc;

use super::bus::Heard;
use super::ear::{Ear, Shard};
use super::held::{Held, Level};
use super::message::{Close, Event, Notice, Publication};
use super::position::Position;
use super::queue::Frame;
use super::topic::RETRY;
use super::{Delivery, HEARTBEATS_TO_LIVE};
use crate::channel::{Store as _, StoreError};
use crate::error::chain;
use crate::grant::Scope;
use crate::hub::{Store as _, Topics};
use crate::ids::Id;

/// Channels that are touched by one call.
const TOUCHED: usize = 512;

/// The code of a socket whose channel has ended without it (RFC 6455, 7.4.1).
const GOING_AWAY: u16 = 1001;

impl Delivery {
    /// What the bus brings. Never waits.
    pub(super) fn hear(&self, heard: Heard) {
        match heard {
            Heard::Message { channel, payload } => match self.inner.ears.find(&channel) {
                Some(Ear::Topic(topic)) => match Publication::read(&payload) {
                    Ok(publication) => topic.hear(&publication, &self.inner.hub),
                    Err(err) => tracing::warn!("{err}"),
                },
                Some(Ear::Shard(shard)) => match Notice::read(&payload) {
                    Ok(notice) => self.notice(&shard.scope, &notice),
                    Err(err) => tracing::warn!("{err}"),
                },
                None => {}
            },
            Heard::Resumed { channel } => match self.inner.ears.find(&channel) {
                Some(Ear::Topic(topic)) => topic.resume(&self.inner.hub),
                Some(Ear::Shard(shard)) => self.resume(&shard),
                None => {}
            },
        }
    }

    fn notice(&self, scope: &Scope, notice: &Notice) {
        for held in self.find_all(scope.key(&notice.channel)) {
            if held.concerns(notice) {
                self.happened(&held, notice.clone());
            }
        }
    }

    pub(super) fn happened(&self, held: &Arc<Held>, notice: Notice) {
        match notice.event {
            Event::Sent(message) => {
                let id = Id([0; 8]);
                held.queue.push(Frame::Message { topic: None, message, position: None, id });
            }
            Event::Removed(close) => held.end(close),
            Event::Unsubscribed { topic } => held.unsubscribed(&topic, notice.order),
            Event::Subscribed { topic, since } => {
                let (delivery, held, order) = (self.clone(), held.clone(), notice.order);
                tokio::spawn(async move {
                    delivery.follow_unasked(&held, &topic, since, order).await;
                });
            }
        }
    }

    /// Subscribes a channel of which nobody here waits to hear.
    async fn follow_unasked(
        &self,
        held: &Arc<Held>,
        topic: &str,
        since: Option<Position>,
        order: u64,
    ) {
        let topics = held.scope.hub();
        let done = self.follow(held.clone(), topics.key(topic), since, order).await;
        if let Err(err) = done {
            tracing::warn!(topic, "{}", chain(&err));
        }
    }

    /// Notices about a shard were lost: the channels are told, and looked after.
    fn resume(&self, shard: &Arc<Shard>) {
        let told = |held: &Arc<Held>| Arc::ptr_eq(&held.shard, shard);
        let here: Vec<_> = self.all_held().into_iter().filter(told).collect();
        let delivery = self.clone();
        tokio::spawn(async move {
            for held in here {
                held.queue.push(Frame::Missed { topic: None });
                // The store may not answer yet, though its notices come again.
                while !held.queue.has_ended() && !delivery.reconcile(&held).await {
                    tokio::time::sleep(RETRY).await;
                }
            }
        });
    }

    /// Makes what this host knows of a channel what the store knows, if that answers.
    async fn reconcile(&self, held: &Arc<Held>) -> bool {
        match self.inner.hub.topics(held.key()).await {
            Ok(Topics { life, names }) if life.born == held.born() => {
                for name in held.compare(names, life.order) {
                    // What came since it was subscribed, or since it asked for, is not here.
                    held.queue.push(Frame::Missed { topic: Some(name.as_str().into()) });
                    self.follow_unasked(held, &name, None, life.order).await;
                }
                held.settled(life.order);
            }
            Ok(_) | Err(StoreError::NotFound) => ended(held),
            Err(err) => {
                tracing::warn!("{}", chain(&err));
                return false;
            }
        }
        true
    }

    /// Keeps the channels of this host alive, and finds those that the store knows
    /// otherwise. Runs by itself; calling it does it now.
    pub async fn heartbeat(&self) {
        let mut by_scope: HashMap<String, Vec<Arc<Held>>> = HashMap::new();
        let lives = |held: &Arc<Held>| held.born() > 0 && !held.queue.has_ended();
        for held in self.all_held().into_iter().filter(lives) {
            by_scope.entry(held.scope.path().to_owned()).or_default().push(held);
        }
        for some in by_scope.values().flat_map(|all| all.chunks(TOUCHED)) {
            self.touch(some).await;
        }
        self.rest().await;
    }

    async fn touch(&self, some: &[Arc<Held>]) {
        let ttl = self.inner.heartbeat * HEARTBEATS_TO_LIVE;
        let keys: Vec<_> = some.iter().map(|held| held.key()).collect();
        let touched = match self.channels().touch(&keys, ttl).await {
            Ok(touched) => touched,
            Err(err) => return tracing::warn!("heartbeat: {}", chain(&err)),
        };
        // A notice that has not come by the next heartbeat will not.
        let patience = self.inner.heartbeat / 2;
        for (held, life) in some.iter().zip(touched) {
            match life {
                Some(life) if life.born != held.born() => ended(held),
                Some(life) if held.level(life.order, patience) == Level::Lost => {
                    self.reconcile(held).await;
                }
                Some(_) => {}
                None => ended(held),
            }
        }
    }
}

/// The store does not have it any more, and the close was lost.
fn ended(held: &Held) {
    held.end(Close { code: GOING_AWAY, reason: "the channel has ended".into() });
}
