//! What every Redis store shares: one connection, a deadline, scripts, the
//! format version. Nothing outside this folder and the `redis.rs` files knows the
//! redis crate.

mod address;
mod check;
mod cluster;
mod dial;
mod explain;
mod line;
mod link;
mod slots;
mod subscriber;
mod turn;

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisWrite, ServerErrorKind, ToRedisArgs,
    Value,
};
use tokio::time::{Instant, timeout_at};

use crate::error::Unavailable;
use crate::grant::RedisKey;
use crate::services::OpenError;

use self::address::Address;
use self::cluster::Cluster;
use self::dial::Dial;
use self::explain::explain;
use self::link::Link;
pub use self::subscriber::{Heard, Subscriber};

/// Oldest server that has what the scripts use (`PEXPIRE … GT`, `SET … NX GET`), as major and minor.
const VERSION_MIN: (u32, u32) = (7, 0);

/// Pause before the first new attempt to connect; it doubles up to the maximum.
const RECONNECT_MIN: Duration = Duration::from_millis(50);
const RECONNECT_MAX: Duration = Duration::from_secs(1);

/// The servers of one address, shared by all that use it. Cloning is cheap.
#[derive(Clone)]
pub struct Redis {
    dial: Arc<Dial>,
    servers: Servers,
}

/// What commands are sent to.
#[derive(Clone)]
enum Servers {
    /// The server of the address, or the one that the Sentinels name.
    One(Arc<Link>),
    Cluster(Arc<Cluster>),
}

/// A Lua script, called by its hash.
pub struct Script {
    source: String,
    hash: redis::Script,
}

impl Redis {
    /// Connects to what is at `url`; README.md has what it may be.
    ///
    /// Each command fails after `deadline`, which is also what connecting may take.
    pub async fn connect(url: &str, deadline: Duration) -> Result<Self, OpenError> {
        let address = Address::parse(url).map_err(|why| OpenError::new(url, why.into()))?;
        let dial = Arc::new(Dial::new(address, deadline));
        let servers = if dial.is_cluster() {
            Cluster::connect(dial.clone()).await.map(Servers::Cluster)
        } else {
            let link = Link::connect(dial.clone(), dial.place()).await;
            link.map(|link| Servers::One(Arc::new(link)))
        };
        let fail = |err| OpenError::new(url, explain(err, dial.is_tls()));
        let redis = Self { servers: servers.map_err(fail)?, dial: dial.clone() };
        let info: String = redis.query(redis::cmd("INFO").arg("server")).await.map_err(fail)?;
        redis.check_server(&info).map_err(|why| OpenError::new(url, why.into()))?;
        let masters = match &redis.servers {
            Servers::One(link) => vec![link.clone()],
            Servers::Cluster(cluster) => cluster.masters(),
        };
        // It is not what the caller waits for, and a server that is slow to tell of
        // itself is not to be refused.
        _ = timeout_at(Instant::now() + deadline, check::warn(&masters, url)).await;
        Ok(redis)
    }

    /// Whether the server is one that this address is for, and new enough.
    fn check_server(&self, info: &str) -> Result<(), String> {
        let value = |name| {
            let mut lines = info.lines();
            lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap_or("0")
        };
        match value("redis_mode") {
            "cluster" if !self.dial.is_cluster() => {
                return Err("it is a node of a cluster; write redis+cluster:// for redis://".into());
            }
            "sentinel" => {
                let address = "redis+sentinel://HOST:PORT/MASTER";
                return Err(format!("it is a Sentinel; write {address}"));
            }
            _ => {}
        }
        let version = value("redis_version");
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        if (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < VERSION_MIN {
            let (major, minor) = VERSION_MIN;
            return Err(format!("Redis {version} is too old; {major}.{minor} or newer is needed"));
        }
        Ok(())
    }

    /// Claims the server for `version` of a service's format, or refuses one that
    /// holds another.
    pub async fn claim_format(
        &self,
        url: &str,
        service: &'static str,
        version: u32,
    ) -> Result<(), OpenError> {
        let key = format!("satama:format:{service}");
        let fail = |err: RedisError| OpenError::new(url, explain(err, self.dial.is_tls()));
        // Read first, because a user of one tenant may not write what is everybody's.
        let mut found: Option<String> =
            self.query(redis::cmd("GET").arg(&key)).await.map_err(fail)?;
        if found.is_none() {
            let mut cmd = redis::cmd("SET");
            cmd.arg(key).arg(version).arg("NX").arg("GET");
            found = self.query(&cmd).await.map_err(fail)?;
        }
        match found {
            Some(found) if found != version.to_string() => {
                Err(OpenError::format(url, service, &found, version))
            }
            _ => Ok(()),
        }
    }

    /// Runs one command: one round trip.
    pub async fn query<T: FromRedisValue>(&self, cmd: &Cmd) -> Result<T, RedisError> {
        let value = match &self.servers {
            Servers::One(link) => self.within(link, pin!(link.send(cmd))).await?,
            Servers::Cluster(cluster) => Box::pin(self.on_cluster(cluster, cmd, None)).await?,
        };
        Ok(redis::from_redis_value(value.extract_error()?)?)
    }

    /// Runs commands that need no order among them, unless they are of one slot: one
    /// round trip to each server.
    pub async fn pipe<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<Vec<T>, RedisError> {
        let values = match &self.servers {
            Servers::One(link) => self.within(link, pin!(link.send_all(commands))).await?,
            Servers::Cluster(cluster) => {
                Box::pin(self.all_on_cluster(cluster, commands, None)).await?
            }
        };
        values
            .into_iter()
            .map(|value| Ok(redis::from_redis_value(value.extract_error()?)?))
            .collect()
    }

    /// Runs a script that `cmd` calls: one round trip, two the first time after
    /// the server started.
    pub async fn run<T: FromRedisValue>(
        &self,
        script: &Script,
        cmd: &Cmd,
    ) -> Result<T, RedisError> {
        if let Servers::Cluster(cluster) = &self.servers {
            let value = Box::pin(self.on_cluster(cluster, cmd, Some(script))).await?;
            return Ok(redis::from_redis_value(value.extract_error()?)?);
        }
        match self.query(cmd).await {
            Err(err) if is_no_script(&err) => {
                Box::pin(async {
                    self.query::<Value>(&script.load()).await?;
                    self.query(cmd).await
                })
                .await
            }
            done => done,
        }
    }

    /// Runs calls of one script. They are all run again if the server has lost
    /// it, so each must be safe to repeat.
    pub async fn run_all<T: FromRedisValue>(
        &self,
        script: &Script,
        calls: &Pipeline,
    ) -> Result<Vec<T>, RedisError> {
        if let Servers::Cluster(cluster) = &self.servers {
            let values = Box::pin(self.all_on_cluster(cluster, calls, Some(script))).await?;
            let values = values.into_iter();
            return values
                .map(|value| Ok(redis::from_redis_value(value.extract_error()?)?))
                .collect();
        }
        match self.pipe(calls).await {
            Err(err) if is_no_script(&err) => {
                Box::pin(async {
                    self.query::<Value>(&script.load()).await?;
                    self.pipe(calls).await
                })
                .await
            }
            done => done,
        }
    }

    async fn on_cluster(
        &self,
        cluster: &Cluster,
        cmd: &Cmd,
        script: Option<&Script>,
    ) -> Result<Value, RedisError> {
        let why = Mutex::new(None);
        let sent = cluster.send(cmd, script, &why);
        match timeout_at(Instant::now() + self.dial.deadline(), sent).await {
            Ok(done) => done,
            Err(_) => Err(self.overdue(why)),
        }
    }

    async fn all_on_cluster(
        &self,
        cluster: &Cluster,
        commands: &Pipeline,
        script: Option<&Script>,
    ) -> Result<Vec<Value>, RedisError> {
        let why = Mutex::new(None);
        let sent = cluster.send_all(commands, script, &why);
        match timeout_at(Instant::now() + self.dial.deadline(), sent).await {
            Ok(done) => done,
            Err(_) => Err(self.overdue(why)),
        }
    }

    /// A cluster did not answer in time.
    fn overdue(&self, why: Mutex<Option<RedisError>>) -> RedisError {
        self.servers.look_again();
        why.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or_else(no_answer)
    }

    /// Subscriptions to shard channels, on connections of their own. The connection's
    /// reader calls `hear` with what they bring, in order of arrival, so it must not
    /// block.
    ///
    /// A server that stands still is noticed within two seconds and the deadline.
    pub async fn subscriber(
        &self,
        hear: impl Fn(Heard) + Send + Sync + 'static,
    ) -> Result<Subscriber, RedisError> {
        Ok(Subscriber::new(self.dial.clone(), self.servers.clone(), Arc::new(hear)))
    }

    /// Gives `work` until the deadline. A reconnection goes on in the background
    /// meanwhile, so a short outage is bridged and a long one fails in time.
    async fn within<T>(
        &self,
        link: &Link,
        work: Pin<&mut impl Future<Output = Result<T, RedisError>>>,
    ) -> Result<T, RedisError> {
        match timeout_at(Instant::now() + self.dial.deadline(), work).await {
            Ok(done) => done,
            Err(_) => {
                link.doubt();
                Err(link.why_down().unwrap_or_else(no_answer))
            }
        }
    }
}

impl Servers {
    /// Something was not where it should be.
    fn look_again(&self) {
        if let Self::Cluster(cluster) = self {
            cluster.look_again();
        }
    }
}

impl fmt::Debug for Redis {
    /// The address may carry a password, so it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("deadline", &self.dial.deadline()).finish_non_exhaustive()
    }
}

impl Script {
    /// The script with this source.
    pub fn new(source: impl Into<String>) -> Self {
        let source = source.into();
        Self { hash: redis::Script::new(&source), source }
    }

    /// A call with room for `args` keys and arguments of `bytes` in all. Keys
    /// come next, `keys` of them.
    pub fn call(&self, keys: usize, args: usize, bytes: usize) -> Cmd {
        let mut cmd = Cmd::with_capacity(3 + args, 64 + bytes);
        cmd.arg("EVALSHA").arg(self.hash.get_hash()).arg(keys);
        cmd
    }

    fn load(&self) -> Cmd {
        let mut cmd = redis::cmd("SCRIPT");
        cmd.arg("LOAD").arg(&self.source);
        cmd
    }
}

fn no_answer() -> RedisError {
    RedisError::from((ErrorKind::Io, "no answer within the deadline"))
}

fn is_no_script(err: &RedisError) -> bool {
    err.kind() == ErrorKind::Server(ServerErrorKind::NoScript)
}

impl ToRedisArgs for RedisKey<'_> {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        self.write(&mut out.writer_for_next_arg()).expect("a command's buffer takes any write");
    }
}

impl redis::ToSingleRedisArg for RedisKey<'_> {}

impl From<RedisError> for Unavailable {
    fn from(err: RedisError) -> Self {
        Self { store: "redis", source: err.into() }
    }
}
