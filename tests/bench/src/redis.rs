//! The services on Redis, called by a guest, against redis-rs without one.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use redis::aio::{AsyncPushSender, MultiplexedConnection};
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, ProtocolVersion, cmd, pipe};
use satama::cache::Bucket;
use satama::runtime::Program;
use satama_tests::RedisServer;

use crate::guests::{Loop, at_once, grant, program};
use crate::services::{DEADLINE, FIELDS, TTL, VALUE, open};
use crate::table::{Table, Unit};

/// As many as the services' own connection lets wait for the socket.
const PIPELINE_COMMANDS: usize = 1024;

/// Both sides of the rows.
struct Sides {
    program: Program,
    raw: MultiplexedConnection,
}

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "On Redis, over a Unix socket, operations per second. Satama: called in a loop by guests,\n\
         one instance a caller. Reference: redis-rs, one task a caller, on the same server, kind\n\
         of connection and runtime, without a deadline. A ratio above 1 is better. Goal for\n\
         cache get at 64: at least 0.9.",
    );
    let server = server()?;
    let services = open(server.store()).await?;
    let raw = connect(&server, None).await?;
    cmd("SET").arg("key").arg(&VALUE).exec_async(&mut raw.clone()).await?;
    cmd("HSET").arg("visitor").arg(&FIELDS).exec_async(&mut raw.clone()).await?;
    let sides = Sides { program: program(&services, "bench").await?, raw };
    for callers in [1, 64] {
        sides.cache(table, callers).await?;
        sides.session(table, callers).await?;
    }
    let grant = grant()?;
    let bucket = services.cache().bucket(grant.cache("plain")?, grant.limits());
    let bucket = Arc::new(bucket);
    let name = "64 callers: cache get, called by the host; GET";
    let ours = async |n| at_once(64, || cached(bucket.clone(), n / 64)).await;
    let raw = async |n| at_once(64, || get(sides.raw.clone(), n / 64)).await;
    table.compare(name, Unit::PerSecond, ours, raw).await?;
    let with = connect(&server, Some(DEADLINE)).await?;
    let name = "64 callers: GET with redis-rs's own deadline; without";
    let ours = async |n| at_once(64, || get(with.clone(), n / 64)).await;
    table.compare(name, Unit::PerSecond, ours, raw).await
}

/// A server for this run.
pub(crate) fn server() -> Result<RedisServer> {
    std::process::Command::new("redis-server")
        .arg("--version")
        .output()
        .context("no redis-server; install it with `apt-get install redis-server`")?;
    Ok(RedisServer::start())
}

impl Sides {
    async fn cache(&self, table: &mut Table<'_>, callers: u32) -> Result<()> {
        let plain = Loop::new(&self.program, "get-loop", ["plain", "key"])?;
        self.row(table, "cache get; GET", callers, &plain, get).await?;
        let grouped = Loop::new(&self.program, "get-loop", ["grouped", "key"])?;
        self.row(table, "cache get, in a group; GET", callers, &grouped, get).await?;
        let set = Loop::new(&self.program, "set-loop", ["plain", "written"])?.writing(100);
        self.row(table, "cache set; SET PX", callers, &set, put).await
    }

    async fn session(&self, table: &mut Table<'_>, callers: u32) -> Result<()> {
        let read = Loop::new(&self.program, "session-get-loop", ["web", "visitor"])?;
        self.row(table, "session get, sliding; HGETALL", callers, &read, hash).await?;
        let update = Loop::new(&self.program, "session-update-loop", ["web", "written"])?;
        self.row(table, "session update; HSET+PEXPIRE", callers, &update, put_field).await
    }

    async fn row<F>(
        &self,
        table: &mut Table<'_>,
        name: &str,
        callers: u32,
        ours: &Loop,
        raw: impl Fn(MultiplexedConnection, u32) -> F,
    ) -> Result<()>
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let name = format!("{callers:>2} callers: {name}");
        let ours = async |n| ours.run(callers, n).await;
        let raw = async |n| at_once(callers, || raw(self.raw.clone(), n / callers)).await;
        table.compare(&name, Unit::PerSecond, ours, raw).await
    }
}

/// A connection as the services make it, but for the deadline.
pub(crate) async fn connect(
    server: &RedisServer,
    deadline: Option<Duration>,
) -> Result<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_response_timeout(deadline)
        .set_pipeline_buffer_size(PIPELINE_COMMANDS);
    let client = Client::open(format!("unix://{}", server.socket().display()))?;
    Ok(client.get_multiplexed_async_connection_with_config(&config).await?)
}

/// A connection that hears shard channels, and hands all to `hear`.
pub(crate) async fn listen(
    server: &RedisServer,
    channels: &[String],
    hear: impl AsyncPushSender,
) -> Result<MultiplexedConnection> {
    let info = format!("unix://{}", server.socket().display()).into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    let client = Client::open(info.set_redis_settings(settings))?;
    let config = AsyncConnectionConfig::new().set_push_sender(hear);
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await?;
    for channel in channels {
        cmd("SSUBSCRIBE").arg(channel).exec_async(&mut connection).await?;
    }
    Ok(connection)
}

async fn cached(bucket: Arc<Bucket>, n: u32) -> Result<()> {
    for _ in 0..n {
        ensure!(bucket.get("key").await?.is_some(), "the value is gone");
    }
    Ok(())
}

async fn get(mut redis: MultiplexedConnection, n: u32) -> Result<()> {
    for _ in 0..n {
        let value: Option<Vec<u8>> = cmd("GET").arg("key").query_async(&mut redis).await?;
        ensure!(value.is_some(), "the value is gone");
    }
    Ok(())
}

async fn put(mut redis: MultiplexedConnection, n: u32) -> Result<()> {
    for _ in 0..n {
        let mut set = cmd("SET");
        set.arg("written").arg(&VALUE).arg("PX").arg(TTL.as_secs() * 1000);
        set.exec_async(&mut redis).await?;
    }
    Ok(())
}

async fn hash(mut redis: MultiplexedConnection, n: u32) -> Result<()> {
    for _ in 0..n {
        let fields: Vec<(String, String)> =
            cmd("HGETALL").arg("visitor").query_async(&mut redis).await?;
        ensure!(fields.len() == FIELDS.len(), "the fields are gone");
    }
    Ok(())
}

async fn put_field(mut redis: MultiplexedConnection, n: u32) -> Result<()> {
    for i in 0..n {
        let mut update = pipe();
        update.cmd("HSET").arg("updated").arg("count").arg(i).ignore();
        update.cmd("PEXPIRE").arg("updated").arg(TTL.as_secs() * 1000).ignore();
        update.exec_async(&mut redis).await?;
    }
    Ok(())
}
