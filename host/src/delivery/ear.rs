//! What this host listens to, by address: topics, and notices about shards.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Mutex as Gate;

use super::bus::Bus;
use super::topic::Topic;
use super::{Delivery, notices_to};
use crate::channel::StoreError;
use crate::grant::{Key, Scope};

/// Whose messages the bus brings, by address.
#[derive(Default)]
pub(super) struct Ears(RwLock<HashMap<Vec<u8>, Ear>>);

/// Holders of an ear that nobody else needs: all ears, and whoever asks. Who needs it
/// takes it from all ears first, and so is seen before it rests, or finds it at rest.
pub(super) const IDLE: usize = 2;

/// One address that is listened to.
#[derive(Clone)]
pub(super) enum Ear {
    Topic(Arc<Topic>),
    Shard(Arc<Shard>),
}

/// Notices to this host about the channels of one shard.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) scope: Scope,
    address: Vec<u8>,
    /// Whether the bus listens. Held while that changes.
    listens: Gate<bool>,
}

impl Ears {
    pub(super) fn find(&self, address: &[u8]) -> Option<Ear> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(address).cloned()
    }

    fn find_or(&self, address: Vec<u8>, new: impl FnOnce() -> Ear) -> Ear {
        if let Some(ear) = self.find(&address) {
            return ear;
        }
        let mut ears = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ears.entry(address).or_insert_with(new).clone()
    }

    fn all(&self) -> Vec<Ear> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Forgets an ear, unless somebody has found it in the meantime.
    fn remove_idle(&self, ear: &Ear) {
        let mut ears = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let (holders, address) = match ear {
            Ear::Topic(topic) => (Arc::strong_count(topic), topic.address()),
            Ear::Shard(shard) => (Arc::strong_count(shard), &*shard.address),
        };
        if holders <= IDLE {
            ears.remove(address);
        }
    }
}

impl Delivery {
    pub(super) fn topic(&self, key: Key<'_>) -> Arc<Topic> {
        let new = || Ear::Topic(Topic::new(key.scope().clone(), key.id()));
        match self.inner.ears.find_or(key.own().bytes(), new) {
            Ear::Topic(topic) => topic,
            Ear::Shard(_) => unreachable!("a topic's address is not a shard's"),
        }
    }

    pub(super) fn shard(&self, key: Key<'_>) -> Arc<Shard> {
        let address = notices_to(key, self.inner.host.as_str());
        let new = || {
            let (scope, address) = (key.scope().clone(), address.clone());
            Ear::Shard(Arc::new(Shard { scope, address, listens: Gate::new(false) }))
        };
        match self.inner.ears.find_or(address.clone(), new) {
            Ear::Shard(shard) => shard,
            Ear::Topic(_) => unreachable!("a shard's address is not a topic's"),
        }
    }

    /// Stops listening to what nobody here receives.
    pub(super) async fn rest(&self) {
        for ear in self.inner.ears.all() {
            let rests = match &ear {
                Ear::Topic(topic) => topic.rest(&self.inner.bus).await,
                Ear::Shard(shard) => shard.rest(&self.inner.bus).await,
            };
            if rests {
                self.inner.ears.remove_idle(&ear);
            }
        }
    }
}

impl Shard {
    pub(super) async fn listen(&self, bus: &Bus) -> Result<(), StoreError> {
        let mut listens = self.listens.lock().await;
        if !*listens {
            bus.listen(&self.address).await?;
            *listens = true;
        }
        Ok(())
    }

    /// Stops listening if nobody holds it but its ear and the caller: each channel does.
    async fn rest(self: &Arc<Self>, bus: &Bus) -> bool {
        let mut listens = self.listens.lock().await;
        if *listens && Arc::strong_count(self) <= IDLE {
            bus.ignore(&self.address).await;
            *listens = false;
        }
        !*listens
    }
}
