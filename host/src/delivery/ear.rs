//! What this host listens to, by address: topics, and notices about shards.

use std::collections::{HashMap, HashSet};
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

/// One address that is listened to.
#[derive(Clone)]
pub(super) enum Ear {
    Topic(Arc<Topic>),
    Shard(Arc<Shard>),
}

/// Notices to this host about the channels of one shard.
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
        // One count is the map's, one is the caller's.
        let (idle, address) = match ear {
            Ear::Topic(topic) => (Arc::strong_count(topic) == 2, topic.address()),
            Ear::Shard(shard) => (Arc::strong_count(shard) == 2, &*shard.address),
        };
        if idle {
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
        let address = self.shard_address(key);
        let new = || {
            let (scope, address) = (key.scope().clone(), address.clone());
            Ear::Shard(Arc::new(Shard { scope, address, listens: Gate::new(false) }))
        };
        match self.inner.ears.find_or(address.clone(), new) {
            Ear::Shard(shard) => shard,
            Ear::Topic(_) => unreachable!("a shard's address is not a topic's"),
        }
    }

    fn shard_address(&self, key: Key<'_>) -> Vec<u8> {
        notices_to(key, self.inner.host.as_str())
    }

    /// Whether a channel of this key is told of by this shard's notices.
    pub(super) fn is_told_by(&self, key: Key<'_>, shard: &Shard) -> bool {
        self.shard_address(key) == shard.address
    }

    /// Stops listening to what nobody here receives.
    pub(super) async fn rest(&self) {
        let used: HashSet<_> =
            self.all_held().values().map(|held| self.shard_address(held.key())).collect();
        for ear in self.inner.ears.all() {
            let rests = match &ear {
                Ear::Topic(topic) => topic.rest(&self.inner.bus).await,
                Ear::Shard(shard) if used.contains(&shard.address) => false,
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

    async fn rest(&self, bus: &Bus) -> bool {
        let mut listens = self.listens.lock().await;
        if *listens {
            bus.ignore(&self.address).await;
            *listens = false;
        }
        true
    }
}
