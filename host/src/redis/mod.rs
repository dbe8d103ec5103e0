//! What every Redis store shares: one connection, a deadline, scripts, the
//! format version. Nothing outside this folder and the `redis.rs` files knows the
//! redis crate.

mod line;
mod site;
mod subscriber;

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisWrite, ServerErrorKind, ToRedisArgs,
    Value,
};
use tokio::time::{Instant, timeout_at};

use crate::error::Unavailable;
use crate::grant::RedisKey;
use crate::services::OpenError;

use self::site::Site;
pub use self::subscriber::{Heard, Subscriber};

/// Oldest server that has what the scripts use (`PEXPIRE … GT`, `SET … NX GET`), as major and minor.
const VERSION_MIN: (u32, u32) = (7, 0);

/// Pause before the first new attempt to connect; it doubles up to the maximum.
const RECONNECT_MIN: Duration = Duration::from_millis(50);
const RECONNECT_MAX: Duration = Duration::from_secs(1);

/// Commands that may wait for the socket at a time before callers queue. The
/// crate's default of 50 would make 64 callers wait for each other.
const PIPELINE_COMMANDS: usize = 1024;

/// A connection to one Redis, shared by all that use it. Cloning is cheap.
#[derive(Clone)]
pub struct Redis {
    manager: ConnectionManager,
    site: Arc<Site>,
    deadline: Duration,
}

/// A Lua script, called by its hash.
pub struct Script {
    source: String,
    hash: redis::Script,
}

impl Redis {
    /// Connects to the server at `url`: `redis://host:port`, or `redis+unix:///path`.
    ///
    /// Each command fails after `deadline`, which is also what connecting may take.
    pub async fn connect(url: &str, deadline: Duration) -> Result<Self, OpenError> {
        let fail = |err: RedisError| OpenError::new(url, err.into());
        let site = Arc::new(Site::new(url, deadline).map_err(fail)?);
        let client = site.client().map_err(fail)?;
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(deadline))
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE_COMMANDS)
            .set_min_delay(RECONNECT_MIN)
            .set_max_delay(RECONNECT_MAX)
            .set_number_of_retries(usize::MAX);
        // The manager would retry for ever; a wrong address should fail at once.
        let probe = client.get_multiplexed_async_connection();
        tokio::time::timeout(deadline, probe)
            .await
            .map_err(|err| OpenError::new(url, err.into()))?
            .map_err(fail)?;
        let manager = ConnectionManager::new_with_config(client, config).await.map_err(fail)?;
        let redis = Self { manager, site, deadline };
        redis.check_version(url).await?;
        Ok(redis)
    }

    async fn check_version(&self, url: &str) -> Result<(), OpenError> {
        let info: String = self
            .query(redis::cmd("INFO").arg("server"))
            .await
            .map_err(|err| OpenError::new(url, err.into()))?;
        let version =
            info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("0");
        let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
        if (parts.next().unwrap_or(0), parts.next().unwrap_or(0)) < VERSION_MIN {
            let (major, minor) = VERSION_MIN;
            let why = format!("Redis {version} is too old; {major}.{minor} or newer is needed");
            return Err(OpenError::new(url, why.into()));
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
        let mut cmd = redis::cmd("SET");
        cmd.arg(format!("satama:format:{service}")).arg(version).arg("NX").arg("GET");
        let found: Option<String> =
            self.query(&cmd).await.map_err(|err| OpenError::new(url, err.into()))?;
        match found {
            Some(found) if found != version.to_string() => {
                Err(OpenError::format(url, service, &found, version))
            }
            _ => Ok(()),
        }
    }

    /// Runs one command: one round trip.
    pub async fn query<T: FromRedisValue>(&self, cmd: &Cmd) -> Result<T, RedisError> {
        let mut manager = self.manager.clone();
        let value = self.within(pin!(manager.send_packed_command(cmd))).await?;
        Ok(redis::from_redis_value(value.extract_error()?)?)
    }

    /// Runs commands that need no order among them: one round trip.
    pub async fn pipe<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<Vec<T>, RedisError> {
        let mut manager = self.manager.clone();
        let sent = manager.send_packed_commands(commands, 0, commands.len());
        let values = self.within(pin!(sent)).await?;
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

    /// Subscriptions to shard channels, on connections of their own. The connection's
    /// reader calls `hear` with what they bring, in order of arrival, so it must not
    /// block.
    ///
    /// A server that stands still is noticed within two seconds and the deadline.
    pub async fn subscriber(
        &self,
        hear: impl Fn(Heard) + Send + Sync + 'static,
    ) -> Result<Subscriber, RedisError> {
        Ok(Subscriber::new(self.site.clone(), Arc::new(hear)))
    }

    /// Gives `work` until the deadline. A reconnection goes on in the background
    /// meanwhile, so a short outage is bridged and a long one fails in time.
    async fn within<T>(
        &self,
        work: Pin<&mut impl Future<Output = Result<T, RedisError>>>,
    ) -> Result<T, RedisError> {
        match timeout_at(Instant::now() + self.deadline, work).await {
            Ok(done) => done,
            Err(_) => Err(no_answer()),
        }
    }
}

impl fmt::Debug for Redis {
    /// The address may carry a password, so it is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redis").field("deadline", &self.deadline).finish_non_exhaustive()
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
