//! Delivery by a Redis server: shard channels.

use super::Hearer;
use crate::error::Unavailable;
use crate::redis::{Redis, Subscriber};

/// The shard channels that this host hears.
#[derive(Debug)]
pub(crate) struct RedisBus {
    subscriber: Subscriber,
}

impl RedisBus {
    /// Brings what is heard to `hearer`.
    pub(crate) async fn open(redis: &Redis, hearer: Hearer) -> Result<Self, Unavailable> {
        let subscriber = redis.subscriber(move |heard| hearer.hear(heard)).await?;
        Ok(Self { subscriber })
    }

    pub(super) async fn listen(&self, address: &[u8]) -> Result<(), Unavailable> {
        Ok(self.subscriber.subscribe(address).await?)
    }

    pub(super) async fn ignore(&self, address: &[u8]) {
        // It is forgotten here at once; a server that does not hear of it in time does
        // when the connection ends.
        if let Err(err) = self.subscriber.unsubscribe(address).await {
            tracing::debug!("{err}");
        }
    }
}
