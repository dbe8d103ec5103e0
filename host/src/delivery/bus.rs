//! How hosts hear of each other: by the store that they share.

use super::Hearer;
use super::redis::RedisBus;
use super::sqlite::SqliteBus;
use crate::error::Unavailable;
pub(crate) use crate::redis::Heard;
use crate::redis::Redis;
use crate::services::OpenError;
use crate::sqlite::Sqlite;

/// A way to hear what is published to an address.
#[derive(Debug)]
pub(crate) enum Bus {
    /// Shard channels of a server.
    Redis(RedisBus),
    /// A table of a file.
    Sqlite(SqliteBus),
}

impl Bus {
    /// Brings what is published on a server to `hearer`.
    pub(crate) async fn redis(redis: &Redis, hearer: Hearer, url: &str) -> Result<Self, OpenError> {
        let bus = RedisBus::open(redis, hearer).await;
        bus.map(Self::Redis).map_err(|err| OpenError::new(url, err.into()))
    }

    /// Brings what is posted in a file to `hearer`.
    pub(crate) async fn sqlite(file: Sqlite, hearer: Hearer, url: &str) -> Result<Self, OpenError> {
        Ok(Self::Sqlite(SqliteBus::open(file, url, hearer).await?))
    }

    /// Hears what is published to `address` from now on.
    pub(crate) async fn listen(&self, address: &[u8]) -> Result<(), Unavailable> {
        match self {
            Self::Redis(bus) => bus.listen(address).await,
            Self::Sqlite(bus) => {
                bus.listen(address);
                Ok(())
            }
        }
    }

    /// Hears it no more.
    pub(crate) async fn ignore(&self, address: &[u8]) {
        match self {
            Self::Redis(bus) => bus.ignore(address).await,
            Self::Sqlite(bus) => bus.ignore(address),
        }
    }
}
