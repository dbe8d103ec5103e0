//! How a connection to a server is made.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo as _, ProtocolVersion, RedisConnectionInfo, RedisError, TlsCertificates,
    Value,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::address::{Address, Kind, Login};
use super::no_answer;

/// Commands that may wait for the socket at a time before callers queue. The
/// crate's default of 50 would make 64 callers wait for each other.
const PIPELINE_COMMANDS: usize = 1024;

/// What an address says of how to connect.
pub(super) struct Dial {
    kind: Kind,
    nodes: Vec<(String, u16)>,
    login: RedisConnectionInfo,
    sentinel: RedisConnectionInfo,
    tls: Option<TlsCertificates>,
    deadline: Duration,
}

/// A server of a site.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// The only one.
    Server,
    /// The one that the Sentinels name.
    Master,
    /// The one at this host and port.
    Node(Arc<str>, u16),
}

impl Dial {
    pub(super) fn new(address: Address, deadline: Duration) -> Self {
        // What the library says of itself is left out: it would take a right more.
        let login = |login: Login| {
            let mut info = RedisConnectionInfo::default().set_skip_set_lib_name();
            if let Some(user) = login.user {
                info = info.set_username(user);
            }
            match login.password {
                Some(password) => info.set_password(password),
                None => info,
            }
        };
        Self {
            kind: address.kind,
            nodes: address.nodes,
            login: login(address.login).set_db(address.database),
            sentinel: login(address.sentinel),
            tls: address.tls,
            deadline,
        }
    }

    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster)
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Where the one server is that all but clusters have.
    pub(super) fn place(&self) -> Place {
        match self.kind {
            Kind::Sentinel(_) => Place::Master,
            _ => Place::Server,
        }
    }

    /// The servers that the address names.
    pub(super) fn nodes(&self) -> impl Iterator<Item = Place> {
        self.nodes.iter().map(|(host, port)| Place::Node(host.as_str().into(), *port))
    }

    /// A connection for commands, and where it leads.
    pub(super) async fn connect(
        &self,
        place: &Place,
    ) -> Result<(MultiplexedConnection, Place), RedisError> {
        let config = || self.config().set_pipeline_buffer_size(PIPELINE_COMMANDS);
        self.within(async {
            let place = self.resolve(place).await?;
            let login = &self.login;
            let opened = match self.open(&place, login.clone(), &config()).await {
                // A server that refuses everybody says why to the first command, and
                // RESP3 begins with one.
                Err(err) if is_vague(&err) => {
                    let login = login.clone().set_protocol(ProtocolVersion::RESP3);
                    let why = self.open(&place, login, &config()).await.err();
                    Err(why.unwrap_or(err))
                }
                opened => opened,
            };
            Ok((opened?, place))
        })
        .await
    }

    /// A connection for subscriptions. `push` is called with all that it brings.
    pub(super) async fn connect_to_hear(
        &self,
        place: &Place,
        push: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, RedisError> {
        self.within(async {
            let place = self.resolve(place).await?;
            let login = self.login.clone().set_protocol(ProtocolVersion::RESP3);
            self.open(&place, login, &self.config().set_push_sender(push)).await
        })
        .await
    }

    /// Where the server is now: asks the Sentinels, if there are any.
    pub(super) async fn resolve(&self, place: &Place) -> Result<Place, RedisError> {
        match (place, &self.kind) {
            (Place::Master, Kind::Sentinel(master)) => self.ask_sentinels(master).await,
            _ => Ok(place.clone()),
        }
    }

    fn config(&self) -> AsyncConnectionConfig {
        // All waiting is ours to limit.
        AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None)
    }

    async fn within<T>(
        &self,
        work: impl Future<Output = Result<T, RedisError>>,
    ) -> Result<T, RedisError> {
        timeout(self.deadline, work).await.unwrap_or_else(|_| Err(no_answer()))
    }

    async fn open(
        &self,
        place: &Place,
        login: RedisConnectionInfo,
        config: &AsyncConnectionConfig,
    ) -> Result<MultiplexedConnection, RedisError> {
        let client = self.client(place, login)?;
        let mut connection = client.get_multiplexed_async_connection_with_config(config).await?;
        // Where there is neither a login nor a database, nothing was sent yet.
        let check = match place {
            Place::Node(..) if matches!(self.kind, Kind::Sentinel(_)) => redis::cmd("ROLE"),
            _ => redis::cmd("PING"),
        };
        let reply = connection.send_packed_command(&check).await?.extract_error()?;
        match reply {
            // The Sentinels may know less than the server, for a moment
            // (<https://redis.io/docs/latest/develop/reference/sentinel-clients/>).
            Value::Array(role) if role.first() != Some(&Value::BulkString(b"master".into())) => {
                let why = "the Sentinels name a server that is not a master";
                Err(RedisError::from((ErrorKind::Io, why)))
            }
            _ => Ok(connection),
        }
    }

    fn client(&self, place: &Place, login: RedisConnectionInfo) -> Result<Client, RedisError> {
        let tcp = |host: &str, port: u16| match self.tls {
            Some(_) => ConnectionAddr::TcpTls {
                host: host.to_owned(),
                port,
                insecure: false,
                tls_params: None,
            },
            None => ConnectionAddr::Tcp(host.to_owned(), port),
        };
        let addr = match (place, &self.kind, self.nodes.first()) {
            (Place::Node(host, port), ..) => tcp(host, *port),
            (_, Kind::Socket(path), _) => ConnectionAddr::Unix(path.clone()),
            (_, _, Some((host, port))) => tcp(host, *port),
            (_, _, None) => {
                return Err(RedisError::from((ErrorKind::Client, "no server is named")));
            }
        };
        let settings = TcpSettings::default()
            .set_nodelay(true)
            // A peer that is gone without a word is noticed after two deadlines,
            // rather than after TCP's quarter of an hour.
            .set_user_timeout(self.deadline * 2);
        let info: ConnectionInfo = addr.into_connection_info()?;
        let info = info.set_redis_settings(login).set_tcp_settings(settings);
        match &self.tls {
            Some(certificates) => {
                // The embedder may have chosen another; then that is used.
                _ = rustls::crypto::ring::default_provider().install_default();
                Client::build_with_tls(info, certificates.clone())
            }
            None => Client::open(info),
        }
    }

    /// Asks all Sentinels at once; the first that knows the master is believed.
    async fn ask_sentinels(&self, master: &str) -> Result<Place, RedisError> {
        let mut asked = JoinSet::new();
        let mut cmd = redis::cmd("SENTINEL");
        cmd.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
        let config = self.config();
        for node in self.nodes() {
            let client = self.client(&node, self.sentinel.clone())?;
            let (cmd, config) = (cmd.clone(), config.clone());
            asked.spawn(async move {
                let mut connection =
                    client.get_multiplexed_async_connection_with_config(&config).await?;
                let reply = connection.send_packed_command(&cmd).await?.extract_error()?;
                Ok::<Option<(String, u16)>, RedisError>(redis::from_redis_value(reply)?)
            });
        }
        let mut why = RedisError::from((ErrorKind::Client, "no Sentinel is named"));
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(Some((host, port)))) => return Ok(Place::Node(host.into(), port)),
                Ok(Ok(None)) => {
                    why = RedisError::from((
                        ErrorKind::MasterNameNotFoundBySentinel,
                        "the Sentinels know no master of this name",
                        format!("`{master}`; `SENTINEL MASTERS` lists those they know"),
                    ));
                }
                Ok(Err(err)) if why.kind() != ErrorKind::MasterNameNotFoundBySentinel => why = err,
                _ => {}
            }
        }
        Err(why)
    }
}

/// Whether a server may have said more than the library tells.
fn is_vague(err: &RedisError) -> bool {
    err.kind() == ErrorKind::AuthenticationFailed
        || err.is_connection_dropped() && !err.is_connection_refusal()
}

impl Place {
    /// Where a server says that a slot is. One that does not know its own host says
    /// the port alone.
    pub(super) fn redirect(err: &RedisError, asked: &Place) -> Option<Self> {
        let (host, port) = err.redirect_node()?.0.rsplit_once(':')?;
        Self::named(host, port.parse().ok()?, asked)
    }

    /// The node that `asked` named.
    pub(super) fn named(host: &str, port: u16, asked: &Place) -> Option<Self> {
        match (host, asked) {
            ("" | "?", Self::Node(host, _)) => Some(Self::Node(host.clone(), port)),
            ("" | "?", _) => None,
            _ => Some(Self::Node(host.into(), port)),
        }
    }
}
