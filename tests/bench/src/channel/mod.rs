//! Channels and the hub, called by a guest, against redis-rs without one.

mod prepare;
mod raw;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use satama::{Services, StoreUrl};
use wasmtime::component::Val;

use self::prepare::Chat;
use crate::guests::{Call, each, program};
use crate::redis::{connect, server};
use crate::rounds::time;
use crate::services::DEADLINE;
use crate::table::{Table, Unit};

/// What the channels and the hub are called.
pub(crate) const NAME: &str = "bench";

/// Topics that a channel is subscribed to, as `tests/guests/bench_hub` has it.
const TOPICS: u32 = 64;

/// What is read: the channels of a user, all of them, the topics of a channel, the
/// members of a topic, its history.
const OF_USER: u32 = 10;
const ALL: u32 = 200;
const TOPICS_READ: u32 = 8;
const MEMBERS: u32 = 100;
const KEPT: u32 = 100;

/// Most items of a page, and of one of history, as that guest asks for them.
const PAGE: u32 = 100;
const HISTORY_PAGE: u32 = 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Get,
    Remove,
    SetUser,
    SetState,
    GetState,
    CompareAndSetState,
    Touch,
    OfUser,
    All,
    Send,
    Subscribe,
    Unsubscribe,
    Topics,
    Members,
    Publish,
    PublishKept,
    History,
}

/// What is timed, its name in the guest's WIT, and what its row is called.
const ROWS: [(Operation, &str, &str); 18] = [
    (Operation::Add, "add", "channel add; HSET+PEXPIRE"),
    (Operation::Get, "get", "channel get; HGETALL"),
    (Operation::Remove, "remove", "channel remove; DEL"),
    (Operation::SetUser, "set-user", "channel set-user; HSET+SADD+SREM"),
    (Operation::SetState, "set-state", "channel set-state; HSET"),
    (Operation::GetState, "get-state", "channel get-state; HGET"),
    (Operation::CompareAndSetState, "compare-and-set-state", "channel compare-and-set; EVALSHA"),
    (Operation::Touch, "touch", "channel touch; PEXPIRE"),
    (Operation::OfUser, "of-user", "channel of-user, 10; SMEMBERS"),
    (Operation::All, "all", "channel all, 100 of 200; ZRANGE"),
    (Operation::Send, "send", "channel send, to this host; SPUBLISH"),
    (Operation::Subscribe, "subscribe", "hub subscribe; SADD+SADD"),
    (Operation::Unsubscribe, "unsubscribe", "hub unsubscribe; SREM+SREM"),
    (Operation::Topics, "topics", "hub topics, 8; SMEMBERS"),
    (Operation::Members, "members", "hub members, 100; SMEMBERS"),
    (Operation::Publish, "publish", "hub publish, nobody listens; SPUBLISH"),
    (Operation::PublishKept, "publish-kept", "hub publish, kept; XADD+PEXPIRE+SPUBLISH"),
    (Operation::History, "history", "hub history, 10 of 100; XRANGE"),
];

/// Those that are measured for one caller on SQLite, too.
const MAIN: [Operation; 5] = [
    Operation::Add,
    Operation::Get,
    Operation::SetState,
    Operation::Subscribe,
    Operation::PublishKept,
];

/// The services' side.
pub(crate) struct Ours {
    repeat: Call,
    chat: Arc<Chat>,
    runs: AtomicU32,
    /// Cleared before each run; a file is not.
    redis: Option<MultiplexedConnection>,
}

pub(crate) async fn on_redis(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Channels and the hub on Redis, over a Unix socket, operations per second. Satama: called\n\
         in a loop by guests, one instance a caller. Reference: redis-rs, one task a caller, with\n\
         the commands that come to mind, which keep no order, no list that forgets what has\n\
         expired, no count of subscriptions and no check that there is a channel. A ratio above\n\
         1 is better.",
    );
    let server = server()?;
    let redis = connect(&server, None).await?;
    let services = Services::builder(server.store()).deadline(DEADLINE).build().await?;
    let ours = Ours::new(&services, Some(redis.clone())).await?;
    let raw = raw::Raw::new(redis, &server);
    for callers in [1, 64] {
        for (operation, wit, name) in ROWS {
            let name = format!("{callers:>2} callers: {name}");
            let ours = async |n| ours.run((operation, wit), callers, n).await;
            let raw = async |n| raw.run(operation, callers, n).await;
            table.compare_timed(&name, Unit::PerSecond, ours, raw).await?;
        }
    }
    Ok(())
}

pub(crate) async fn on_sqlite(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Channels and the hub on SQLite, in a temporary folder, operations per second, called in a\n\
         loop by guests, one instance a caller.",
    );
    let folder = tempfile::tempdir()?;
    let store = StoreUrl::file(folder.path().join("satama.db"));
    let services = Services::builder(store).deadline(DEADLINE).build().await?;
    let ours = Ours::new(&services, None).await?;
    for callers in [1, 64] {
        for (operation, wit, name) in ROWS {
            if callers == 64 || MAIN.contains(&operation) {
                let name = name.split(';').next().unwrap_or(name);
                let name = format!("{callers:>2} callers: {name}");
                let work = async |n| ours.run((operation, wit), callers, n).await;
                table.alone_timed(&name, Unit::PerSecond, work).await?;
            }
        }
    }
    Ok(())
}

impl Ours {
    pub(crate) async fn new(
        services: &Services,
        redis: Option<MultiplexedConnection>,
    ) -> Result<Self> {
        let program = program(services, "bench_hub").await?;
        let chat = Arc::new(Chat::open(services)?);
        Ok(Self { repeat: Call::new(&program, "repeat")?, chat, runs: AtomicU32::new(0), redis })
    }

    /// How long `n` operations take, on what is there for them alone.
    pub(crate) async fn run(
        &self,
        what: (Operation, &str),
        callers: u32,
        n: u32,
    ) -> Result<Duration> {
        let (operation, wit) = what;
        if let Some(redis) = &self.redis {
            cmd("FLUSHDB").exec_async(&mut redis.clone()).await?;
        }
        let run = self.runs.fetch_add(1, Ordering::Relaxed);
        let ids = operation.ids(&run.to_string(), callers);
        let share = n / callers;
        // Holds the sockets, if the operation is about them.
        let _ready = prepare::ready(&self.chat, operation, &ids, share).await?;
        time(each(callers, |caller| {
            let repeat = self.repeat.clone();
            let id = operation.id(&ids, caller).to_owned();
            let strings = [NAME.to_owned(), id].map(Val::String);
            let args = [&[Val::Enum(wit.to_owned())], &strings[..], &[Val::U32(share)]].concat();
            async move {
                let done = repeat.run(&args).await?;
                ensure!(done == [Val::U32(share)], "{args:?} found {done:?}");
                Ok(())
            }
        }))
        .await
    }
}

impl Operation {
    /// Whether all callers read the same.
    fn is_shared(self) -> bool {
        matches!(self, Self::OfUser | Self::All | Self::Members | Self::History)
    }

    /// What is to be prepared: one for each caller, or one for all.
    fn ids(self, run: &str, callers: u32) -> Vec<String> {
        let count = if self.is_shared() { 1 } else { callers };
        (0..count).map(|caller| format!("{run}-{caller}")).collect()
    }

    /// Which of them is a caller's.
    fn id(self, ids: &[String], caller: u32) -> &str {
        &ids[caller as usize % ids.len()]
    }
}
