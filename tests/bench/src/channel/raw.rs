//! The same with redis-rs alone, as one would write it by hand.

use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;
use redis::{Pipeline, Script, Value, cmd, pipe};
use satama_tests::RedisServer;

use super::prepare::{MESSAGE, data};
use super::{ALL, HISTORY_PAGE, KEPT, MEMBERS, OF_USER, Operation, PAGE, TOPICS, TOPICS_READ};
use crate::guests::each;
use crate::redis::listen;
use crate::rounds::time;
use crate::services::TTL;

/// Commands that are sent at a time to prepare.
const BATCH: usize = 1_000;

static COMPARE_AND_SET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if (redis.call('HGET', KEYS[1], 'version') or '0') ~= ARGV[1] then return 0 end \
         redis.call('HSET', KEYS[1], 'state', ARGV[2]) \
         return redis.call('HINCRBY', KEYS[1], 'version', 1)",
    )
});

pub(super) struct Raw<'a> {
    redis: MultiplexedConnection,
    server: &'a RedisServer,
}

impl<'a> Raw<'a> {
    pub(super) fn new(redis: MultiplexedConnection, server: &'a RedisServer) -> Self {
        Self { redis, server }
    }

    /// How long `n` operations take.
    pub(super) async fn run(&self, operation: Operation, callers: u32, n: u32) -> Result<Duration> {
        let (ids, share) = (operation.ids("raw", callers), n / callers);
        cmd("FLUSHDB").exec_async(&mut self.redis.clone()).await?;
        for id in &ids {
            prepare(&mut self.redis.clone(), operation, id, share).await?;
        }
        let _listener = if operation == Operation::Send {
            Some(listen(self.server, &ids, |_| Ok::<_, ()>(())).await?)
        } else {
            None
        };
        time(each(callers, |caller| {
            let id = operation.id(&ids, caller).to_owned();
            let work = Work { redis: self.redis.clone(), operation, id, data: data() };
            work.repeat(share)
        }))
        .await
    }
}

/// Lays out what one caller finds.
async fn prepare(
    redis: &mut MultiplexedConnection,
    operation: Operation,
    id: &str,
    share: u32,
) -> Result<()> {
    let mut all = pipe();
    match operation {
        Operation::Get | Operation::GetState | Operation::Touch => add(&mut all, &channel(id)),
        Operation::Remove => (0..share).for_each(|i| add(&mut all, &channel(&nth(id, i)))),
        Operation::OfUser => (0..OF_USER).for_each(|i| put(&mut all, id, &nth(id, i))),
        Operation::All => (0..ALL).for_each(|i| {
            all.cmd("ZADD").arg(id).arg(i).arg(nth(id, i));
        }),
        Operation::Unsubscribe => (0..share).for_each(|i| {
            let (topic, channel) = subscription(id, i);
            put(&mut all, &topic, &channel);
            put(&mut all, &channel, &topic);
        }),
        Operation::Topics => (0..TOPICS_READ).for_each(|i| put(&mut all, id, &topic(i))),
        Operation::Members => (0..MEMBERS).for_each(|i| put(&mut all, id, &nth(id, i))),
        Operation::History => (0..KEPT).for_each(|_| {
            all.cmd("XADD").arg(id).arg("*").arg("d").arg(&MESSAGE);
        }),
        _ => {}
    }
    let commands: Vec<_> = all.cmd_iter().cloned().collect();
    for some in commands.chunks(BATCH) {
        let mut batch = pipe();
        some.iter().for_each(|cmd| {
            batch.add_command(cmd.clone()).ignore();
        });
        batch.exec_async(redis).await?;
    }
    Ok(())
}

fn add(to: &mut Pipeline, key: &str) {
    let data = data();
    to.cmd("HSET").arg(key).arg("opening").arg(&data).arg("state").arg(&data).ignore();
    to.cmd("PEXPIRE").arg(key).arg(ttl_ms()).ignore();
}

fn put(to: &mut Pipeline, set: &str, member: &str) {
    to.cmd("SADD").arg(set).arg(member).ignore();
}

fn ttl_ms() -> u64 {
    TTL.as_secs() * 1000
}

fn channel(id: &str) -> String {
    format!("channel:{id}")
}

fn nth(id: &str, i: u32) -> String {
    format!("{id}/{i}")
}

fn topic(i: u32) -> String {
    format!("topic-{}", i % TOPICS)
}

/// The topic and the channel of a caller's subscription.
fn subscription(id: &str, i: u32) -> (String, String) {
    (topic(i), nth(id, i / TOPICS))
}

/// One caller's.
struct Work {
    redis: MultiplexedConnection,
    operation: Operation,
    id: String,
    data: String,
}

impl Work {
    async fn repeat(mut self, share: u32) -> Result<()> {
        for i in 0..share {
            match self.operation {
                Operation::Get
                | Operation::GetState
                | Operation::OfUser
                | Operation::All
                | Operation::Topics
                | Operation::Members
                | Operation::History => self.read().await?,
                Operation::Add
                | Operation::Remove
                | Operation::SetUser
                | Operation::SetState
                | Operation::CompareAndSetState
                | Operation::Touch => self.write(i).await?,
                _ => self.tell(i).await?,
            }
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<()> {
        let (id, page) = (&self.id, PAGE);
        let command = match self.operation {
            Operation::Get => cmd("HGETALL").arg(channel(id)).take(),
            Operation::GetState => cmd("HGET").arg(channel(id)).arg("state").take(),
            Operation::All => cmd("ZRANGE").arg(id).arg(0).arg(page - 1).take(),
            Operation::History => {
                cmd("XRANGE").arg(id).arg("-").arg("+").arg("COUNT").arg(HISTORY_PAGE).take()
            }
            _ => cmd("SMEMBERS").arg(id).take(),
        };
        match command.query_async(&mut self.redis).await? {
            Value::Nil => {}
            Value::Array(found) if found.is_empty() => {}
            _ => return Ok(()),
        }
        anyhow::bail!("{:?} found nothing", self.operation)
    }

    async fn write(&mut self, i: u32) -> Result<()> {
        let mut commands = pipe();
        let key = channel(&self.id);
        match self.operation {
            Operation::Add => {
                let key = channel(&nth(&self.id, i));
                commands.cmd("HSET").arg(&key).arg("opening").arg(&self.data).ignore();
                commands.cmd("PEXPIRE").arg(&key).arg(ttl_ms()).ignore();
            }
            Operation::SetUser => {
                let (new, old) = [("ann", "ben"), ("ben", "ann")][i as usize % 2];
                commands.cmd("HSET").arg(key).arg("user").arg(new).ignore();
                commands.cmd("SREM").arg(old).arg(&self.id).ignore();
                commands.cmd("SADD").arg(new).arg(&self.id).ignore();
            }
            Operation::CompareAndSetState => {
                let mut call = COMPARE_AND_SET.key(key);
                let done: u32 = call.arg(i).arg(&self.data).invoke_async(&mut self.redis).await?;
                ensure!(done == i + 1, "another version");
                return Ok(());
            }
            _ => {
                let command = match self.operation {
                    Operation::Remove => cmd("DEL").arg(channel(&nth(&self.id, i))).take(),
                    Operation::SetState => cmd("HSET").arg(key).arg("state").arg(&self.data).take(),
                    _ => cmd("PEXPIRE").arg(key).arg(ttl_ms()).take(),
                };
                return Ok(command.exec_async(&mut self.redis).await?);
            }
        }
        Ok(commands.exec_async(&mut self.redis).await?)
    }

    async fn tell(&mut self, i: u32) -> Result<()> {
        let (topic, channel) = subscription(&self.id, i);
        let mut commands = pipe();
        match self.operation {
            Operation::Subscribe | Operation::Unsubscribe => {
                let verb = if self.operation == Operation::Subscribe { "SADD" } else { "SREM" };
                commands.cmd(verb).arg(&topic).arg(&channel).ignore();
                commands.cmd(verb).arg(&channel).arg(&topic).ignore();
            }
            Operation::PublishKept => {
                let stream = format!("stream:{}", self.id);
                let mut add = cmd("XADD");
                add.arg(&stream).arg("MAXLEN").arg("=").arg(KEPT).arg("*").arg("d").arg(&MESSAGE);
                commands.add_command(add).ignore();
                commands.cmd("PEXPIRE").arg(&stream).arg(ttl_ms()).ignore();
                commands.cmd("SPUBLISH").arg(&self.id).arg(&MESSAGE).ignore();
            }
            _ => {
                let mut publish = cmd("SPUBLISH");
                publish.arg(&self.id).arg(&MESSAGE);
                return Ok(publish.exec_async(&mut self.redis).await?);
            }
        }
        Ok(commands.exec_async(&mut self.redis).await?)
    }
}
