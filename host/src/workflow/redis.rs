//! Workflows in Redis: `lua/part.lua` has the layout. A partition is a slot.

use std::sync::LazyLock;

use redis::{Cmd, Pipeline, RedisError, Value};

use super::log::Event;
use super::store::{Store, StoreError};
use super::wire::redis::{malformed, no_version, push_effects, read, read_head, run_id};
use super::{
    DEPTH_MAX, EVENT_BYTES_SHORT, HISTORY_BYTES_MAX, HISTORY_BYTES_OUTSIDE, HISTORY_EVENTS_MAX,
    LOOK_BYTES_MAX, PARTITIONS, RETENTION_MS, RunId, SCHEDULES_MAX, SIGNAL_KEYS_MAX, SIGNALS_MAX,
    STATE_BYTES_FULL, STATE_BYTES_MAX, STATE_PARTS_FULL, STATE_PARTS_MAX,
};
use super::{
    Effect, Lease, NewRun, Served, Started, Take, Taken, Task, Then, Work, Write, Written,
};
use crate::grant::{RedisKey, Scope};
use crate::redis::{Redis, Script};
use crate::services::OpenError;

/// Version of the layout in `lua/part.lua`.
const FORMAT: u32 = 1;

/// Most leases that one look ends, and most that is due that it does.
const DUE_MAX: u32 = 64;

macro_rules! script {
    ($name:ident, $($file:literal)*) => {
        pub(super) static $name: LazyLock<Script> =
            LazyLock::new(|| $crate::workflow::redis::with_limits(concat!($(include_str!($file)),*)));
    };
}
pub(super) use script;

script!(START, "lua/part.lua" "lua/birth.lua" "lua/start.lua");
script!(TAKE, "lua/part.lua" "lua/end.lua" "lua/delete.lua" "lua/due.lua" "lua/lease.lua" "lua/take.lua");
script!(WRITE, "lua/part.lua" "lua/birth.lua" "lua/end.lua" "lua/effect.lua" "lua/size.lua" "lua/lease.lua" "lua/write.lua");
script!(SETTLE, "lua/part.lua" "lua/settle.lua");
script!(RENEW, "lua/part.lua" "lua/renew.lua");
script!(STATE, "lua/part.lua" "lua/size.lua" "lua/state.lua");
script!(REGISTER, "lua/part.lua" "lua/register.lua");
script!(POINT, "lua/part.lua" "lua/point.lua");

/// Workflows in Redis.
#[derive(Debug)]
pub struct RedisStore {
    pub(super) redis: Redis,
}

impl RedisStore {
    /// The version of the format that it writes.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// The commands that it and its scripts use, but for those that all services do.
    pub(crate) const COMMANDS: &[&str] = &[
        "time",
        "del",
        "exists",
        "get",
        "set",
        "hget",
        "hmget",
        "hgetall",
        "hset",
        "hdel",
        "hincrby",
        "hkeys",
        "hstrlen",
        "hvals",
        "sadd",
        "smembers",
        "spop",
        "srem",
        "rpush",
        "llen",
        "lindex",
        "lrange",
        "hlen",
        "zadd",
        "zrem",
        "zremrangebyrank",
        "zrange",
        "zrank",
        "zscore",
        "zpopmin",
    ];

    /// Workflows in `redis`, which was connected to at `url`.
    pub(crate) async fn open(redis: Redis, url: &str) -> Result<Self, OpenError> {
        redis.claim_format(url, "workflow", FORMAT).await?;
        Ok(Self { redis })
    }

    /// The connection.
    pub(super) fn connection(&self) -> &Redis {
        &self.redis
    }

    /// Tells all partitions which version of a workflow new runs are pinned to.
    pub(super) async fn point(
        &self,
        scope: &Scope,
        newest: &[(&str, String, u64)],
    ) -> Result<(), StoreError> {
        let mut all = Pipeline::new();
        for partition in 0..PARTITIONS {
            for (workflow, digest, count) in newest {
                let mut point = call(&POINT, scope, partition, 3, 256);
                point.arg(workflow).arg(digest).arg(count);
                all.add_command(point);
            }
        }
        self.redis.run_all::<Value>(&POINT, &all).await?;
        Ok(())
    }
}

/// A script that knows the limits.
pub(super) fn with_limits(source: &str) -> Script {
    let limits = [
        ("parts", STATE_PARTS_MAX.into()),
        ("state", STATE_BYTES_MAX),
        ("parts_full", STATE_PARTS_FULL.into()),
        ("state_full", STATE_BYTES_FULL),
        ("events", HISTORY_EVENTS_MAX.into()),
        ("bytes", HISTORY_BYTES_MAX),
        ("look", LOOK_BYTES_MAX),
        ("outside", HISTORY_BYTES_OUTSIDE),
        ("short", EVENT_BYTES_SHORT as u64),
        ("signals", SIGNALS_MAX.into()),
        ("keys", SIGNAL_KEYS_MAX.into()),
        ("schedules", SCHEDULES_MAX.into()),
        ("depth", DEPTH_MAX.into()),
    ];
    let limits = limits.map(|(name, max): (&str, u64)| format!("{name} = {max}"));
    Script::new(format!("local MOST = {{ {} }}\n{source}", limits.join(", ")))
}

/// A call of `script` in a partition, with room for arguments of so many bytes.
pub(super) fn call(
    script: &Script,
    scope: &Scope,
    partition: u8,
    args: usize,
    bytes: usize,
) -> Cmd {
    let mut call = script.call(1, args + 1, bytes + 32 * args + scope.path().len() + 16);
    call.arg(RedisKey::Tag { scope, shard: partition });
    call
}

/// The fields of a new run's head that may be missing, name by name.
pub(super) fn push_run(call: &mut Cmd, run: &NewRun) {
    let started = super::log::Started { input: run.input.clone(), generation: 0 };
    call.arg(run.id.as_str()).arg(&run.workflow).arg(Event::Started(started).encode());
}

/// See [`push_run`].
pub(super) fn push_fields(call: &mut Cmd, run: &NewRun) {
    call.arg("priority").arg(run.priority);
    call.arg("retention").arg(run.retention_ms.unwrap_or(RETENTION_MS));
    if let Some(key) = &run.key {
        call.arg("key").arg(key);
    }
    if let Some(user) = &run.user {
        call.arg("user").arg(user);
    }
    if let Some(timeout) = run.timeout_ms {
        call.arg("timeout").arg(timeout);
    }
}

impl Store for RedisStore {
    async fn start(&self, scope: &Scope, runs: &[NewRun]) -> Result<Vec<Started>, StoreError> {
        if runs.is_empty() {
            return Ok(Vec::new());
        }
        let start = |run: &NewRun| {
            let bytes = run.input.get().len() + 512;
            let mut start = call(&START, scope, run.id.partition(), 14, bytes);
            push_run(&mut start, run);
            start.arg(run.delay_ms);
            push_fields(&mut start, run);
            start
        };
        let fail = |err: RedisError| no_version(err, runs);
        let done: Vec<(String, bool)> = if let [run] = runs {
            vec![self.redis.run(&START, &start(run)).await.map_err(fail)?]
        } else {
            let mut all = Pipeline::with_capacity(runs.len());
            runs.iter().for_each(|run| {
                all.add_command(start(run));
            });
            self.redis.run_all(&START, &all).await.map_err(fail)?
        };
        done.into_iter()
            .map(|(id, new)| {
                let id = id.parse().map_err(|_| malformed(&id, "its id"))?;
                Ok(Started { id, new })
            })
            .collect()
    }

    async fn take(
        &self,
        scope: &Scope,
        partition: u8,
        take: &Take<'_>,
    ) -> Result<Taken, StoreError> {
        let mut look = call(&TAKE, scope, partition, 4 + 2 * take.queues.len(), 256);
        look.arg(take.worker).arg(take.nonce).arg(take.lease_ms).arg(DUE_MAX);
        for (queue, max) in take.queues {
            look.arg(queue.name()).arg(max);
        }
        let reply: Vec<Value> = self.redis.run(&TAKE, &look).await?;
        let [due, now, work @ ..] = &reply[..] else {
            return Err(malformed("", "a look"));
        };
        let due: i64 = read(due)?;
        let now_ms: u64 = read(now)?;
        let work = work.iter().map(|work| self.work(work, now_ms));
        Ok(Taken { work: work.collect::<Result<_, _>>()?, due_ms: u64::try_from(due).ok() })
    }

    async fn write(
        &self,
        scope: &Scope,
        lease: &Lease,
        write: &Write<'_>,
    ) -> Result<Written, StoreError> {
        if lease.seq.is_some() {
            return Err(StoreError::Fenced);
        }
        let bytes = write.events.iter().map(|_| 512).sum();
        let mut append =
            call(&WRITE, scope, lease.run.partition(), 7 + 8 * write.events.len(), bytes);
        append.arg(lease.run.as_str()).arg(&lease.token).arg(write.number);
        append.arg(format!("{} {}", write.seen, write.seen_ms));
        let effects = write.events.iter().filter_map(Effect::of);
        let over = effects.into_iter().find_map(|effect| match effect {
            Effect::End(_) => Some("end"),
            Effect::Continue => Some("anew"),
            _ => None,
        });
        match write.then {
            _ if let Some(over) = over => append.arg(over).arg("").arg(""),
            Then::Keep => append.arg("keep").arg("").arg(""),
            Then::Park { waits, wake_ms: None } => append.arg("park").arg("").arg(waits),
            Then::Park { waits, wake_ms: Some(ms) } => append.arg("park").arg(ms).arg(waits),
            Then::Again { after_ms } => append.arg("again").arg(after_ms).arg(""),
        };
        push_effects(&mut append, write.events);
        let (at_ms, released, news) = self.redis.run(&WRITE, &append).await?;
        Ok(Written { news, at_ms, released })
    }

    async fn settle(&self, scope: &Scope, lease: &Lease, event: &Event) -> Result<(), StoreError> {
        let Some(seq) = lease.seq else { return Err(StoreError::Fenced) };
        let json = event.encode();
        let mut settle = call(&SETTLE, scope, lease.run.partition(), 5, json.len() + 128);
        settle.arg(lease.run.as_str()).arg(seq).arg(&lease.token).arg(json);
        match event {
            Event::FunctionFailed(failed) if failed.again_ms.is_some() => {
                settle.arg(failed.again_ms)
            }
            _ => settle.arg(""),
        };
        self.redis.run::<Value>(&SETTLE, &settle).await?;
        Ok(())
    }

    async fn renew(
        &self,
        scope: &Scope,
        partition: u8,
        leases: &[Lease],
        lease_ms: u64,
    ) -> Result<Vec<bool>, StoreError> {
        if leases.is_empty() {
            return Ok(Vec::new());
        }
        let mut renew = call(&RENEW, scope, partition, 1 + 3 * leases.len(), 64 * leases.len());
        renew.arg(lease_ms);
        for lease in leases {
            let seq = lease.seq.map_or_else(String::new, |seq| seq.to_string());
            renew.arg(lease.run.as_str()).arg(seq).arg(&lease.token);
        }
        Ok(self.redis.run(&RENEW, &renew).await?)
    }

    async fn set_state(
        &self,
        scope: &Scope,
        lease: &Lease,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let mut set = call(&STATE, scope, lease.run.partition(), 5, name.len() + value.len());
        set.arg(lease.run.as_str()).arg(lease.seq.unwrap_or(u32::MAX)).arg(&lease.token);
        set.arg(name).arg(value);
        self.redis.run::<Value>(&STATE, &set).await?;
        Ok(())
    }

    async fn state(
        &self,
        scope: &Scope,
        run: &RunId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let mut get = redis::cmd("HGET");
        get.arg(scope.in_shard(run.partition(), 's', run.as_str())).arg(name);
        Ok(self.redis.query(&get).await?)
    }

    async fn register(&self, scope: &Scope, versions: &[Served]) -> Result<(), StoreError> {
        if versions.is_empty() {
            return Ok(());
        }
        let mut all = Pipeline::with_capacity(versions.len());
        for served in versions {
            let mut register = call(&REGISTER, scope, 0, 4, 256);
            register.arg(&served.workflow).arg(served.digest.hex()).arg(&served.source).arg("");
            all.add_command(register);
        }
        let newest: Vec<(String, bool, u64)> = self.redis.run_all(&REGISTER, &all).await?;
        let newest = versions.iter().zip(newest);
        let newest: Vec<_> = newest
            .map(|(served, (digest, _, count))| (served.workflow.as_str(), digest, count))
            .collect();
        self.point(scope, &newest).await
    }
}

impl RedisStore {
    /// Something to do, from the reply of `take.lua`.
    fn work(&self, work: &Value, now_ms: u64) -> Result<Work, StoreError> {
        let parts: Vec<Value> = read(work)?;
        let [run, token, rest @ ..] = &parts[..] else { return Err(malformed("", "its work")) };
        let (run, token): (RunId, String) = (run_id(run)?, read(token)?);
        if let [fields, entries] = rest {
            let lease = Lease { run: run.clone(), seq: None, token };
            let head = read_head(run, read(fields)?)?;
            return Ok(Work::Body { lease, head, entries: read(entries)?, now_ms });
        }
        let [entry, seq, attempt, lost, workflow, generation, user] = rest else {
            return Err(malformed(run.as_str(), "its work"));
        };
        Ok(Work::Function(Task {
            lease: Lease { run, seq: Some(read(seq)?), token },
            workflow: read(workflow)?,
            generation: read::<Option<u32>>(generation)?.unwrap_or(0),
            user: read(user)?,
            attempt: read(attempt)?,
            lost: read(lost)?,
            entry: read(entry)?,
        }))
    }
}
