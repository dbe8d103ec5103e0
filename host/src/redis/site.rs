//! Where the servers are, and how a connection to one is made.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, IntoConnectionInfo as _, ProtocolVersion,
    RedisError,
};
use tokio::time::timeout;

use super::no_answer;

/// What one address leads to.
pub(super) struct Site {
    info: ConnectionInfo,
    deadline: Duration,
}

/// A server of a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The only one.
    Server,
    /// The one that others named.
    Node(Arc<str>, u16),
}

impl Site {
    pub(super) fn new(url: &str, deadline: Duration) -> Result<Self, RedisError> {
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            // A peer that is gone without a word is noticed after two deadlines,
            // rather than after TCP's quarter of an hour.
            .set_user_timeout(deadline * 2);
        let info = url.into_connection_info()?.set_tcp_settings(tcp);
        Ok(Self { info, deadline })
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(super) fn client(&self) -> Result<Client, RedisError> {
        Client::open(self.info.clone())
    }

    /// A connection for subscriptions, made within the deadline.
    pub(super) async fn connect_to_hear(
        &self,
        _place: &Place,
        push: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, RedisError> {
        let settings = self.info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(self.info.clone().set_redis_settings(settings))?;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.deadline))
            .set_response_timeout(None)
            .set_push_sender(push);
        let connect = client.get_multiplexed_async_connection_with_config(&config);
        timeout(self.deadline, connect).await.unwrap_or_else(|_| Err(no_answer()))
    }

    /// Where a channel or a key is, as far as is known.
    pub(super) fn place_of(&self, _key: &[u8]) -> Option<Place> {
        Some(Place::Server)
    }

    /// Something was not where it should be.
    pub(super) fn look_again(&self) {}
}

impl Place {
    /// Where a server says that a slot is.
    pub(super) fn moved_to(err: &RedisError) -> Option<Self> {
        let (host, port) = err.redirect_node()?.0.rsplit_once(':')?;
        Some(Self::Node(host.into(), port.parse().ok()?))
    }
}
