//! The cache in Redis. `lua/live.lua` has the layout.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError, Value};

use super::{Ask, Entry, Found, Store, StoreError};
use crate::grant::{Key, RedisKey, SHARDS, Scope};
use crate::ids::Id;
use crate::redis::{Redis, Script};
use crate::services::OpenError;

/// Version of the layout in `lua/live.lua`, of [`Key`] and of [`SHARDS`].
const FORMAT: u32 = 1;

/// The kinds of key in a shard.
const ENTRY: char = 'e';
const BUCKET: char = 'b';
const GROUP: char = 'g';
const CLAIM: char = 'c';

/// Length of an entry's head if it is in no group.
const HEAD_BYTES: usize = 9;

/// Buckets are told apart by this many hints. Two that share one only cost each
/// other the cheaper way to read.
const HINTS: usize = 1024;

macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("lua/live.lua"), include_str!($file)))
        });
    };
}
script!(GET, "lua/get.lua");
script!(SET, "lua/set.lua");
script!(DELETE, "lua/delete.lua");
script!(TTL, "lua/ttl.lua");
script!(ADD, "lua/add.lua");
script!(CLAIM_OR_GET, "lua/claim.lua");
script!(SETTLE, "lua/settle.lua");

/// A cache in Redis.
#[derive(Debug)]
pub struct RedisStore {
    redis: Redis,
    /// Whether entries in a group were met in a bucket. A plain `MGET` reads an
    /// entry and its bucket's generation at a third of a script's cost to the
    /// server, but cannot know which group's generation to read; a script can.
    /// So a bucket is read by `MGET` until this says that it has groups.
    grouped: Box<[AtomicBool; HINTS]>,
}

impl RedisStore {
    /// The version of the format that it writes.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// The commands that it and its scripts use, but for those that all services do.
    pub(crate) const COMMANDS: &[&str] =
        &["get", "mget", "set", "del", "getrange", "pexpire", "pttl"];

    /// The cache in `redis`, which was connected to at `url`.
    pub async fn open(redis: Redis, url: &str) -> Result<Self, OpenError> {
        redis.claim_format(url, "cache", FORMAT).await?;
        Ok(Self { redis, grouped: Box::new([const { AtomicBool::new(false) }; HINTS]) })
    }

    fn grouped(&self, scope: &Scope) -> &AtomicBool {
        let mut hasher = DefaultHasher::new();
        scope.hash(&mut hasher);
        let slot = hasher.finish() % HINTS as u64;
        &self.grouped[usize::try_from(slot).expect("it is below HINTS")]
    }

    /// Reads by `MGET`, unless there are entries in groups.
    async fn get_ungrouped(
        &self,
        keys: &[Key<'_>],
    ) -> Result<Result<Vec<Option<Vec<u8>>>, HasGroup>, StoreError> {
        let mut reads = Pipeline::with_capacity(keys.len());
        for key in keys {
            reads.add_command(mget(*key));
        }
        let pairs = self.redis.pipe(&reads).await?;
        Ok(pairs.into_iter().map(|(entry, bucket)| ungrouped(entry, bucket)).collect())
    }

    /// Reads by script: entries in groups too.
    async fn get_grouped(&self, keys: &[Key<'_>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        if let [key] = keys {
            return Ok(vec![self.redis.run(&GET, &call(&GET, *key, 0, 0)).await?]);
        }
        let mut calls = Pipeline::with_capacity(keys.len());
        for key in keys {
            calls.add_command(call(&GET, *key, 0, 0));
        }
        Ok(self.redis.run_all(&GET, &calls).await?)
    }
}

impl Store for RedisStore {
    async fn get(&self, keys: &[Key<'_>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        // What is not the usual case is boxed: a call's future is as large as its
        // largest branch, and is moved several times before it runs.
        let grouped = match keys {
            [] => return Ok(Vec::new()),
            [first, ..] => self.grouped(first.scope()),
        };
        if grouped.load(Ordering::Relaxed) {
            return Box::pin(self.get_grouped(keys)).await;
        }
        let values = match keys {
            [key] => {
                let (entry, bucket) = self.redis.query(&mget(*key)).await?;
                ungrouped(entry, bucket).map(|value| vec![value])
            }
            _ => Box::pin(self.get_ungrouped(keys)).await?,
        };
        match values {
            Ok(values) => Ok(values),
            Err(HasGroup) => {
                grouped.store(true, Ordering::Relaxed);
                Box::pin(self.get_grouped(keys)).await
            }
        }
    }

    async fn set(
        &self,
        entries: &[(Key<'_>, Entry<'_>)],
        generation: Id,
        if_absent: bool,
    ) -> Result<usize, StoreError> {
        let set = |n: usize, key: Key<'_>, entry: &Entry<'_>| {
            let mut set = call(&SET, key, 5, entry.value.len());
            set.arg(entry.value).arg(millis(entry.ttl)).arg(&nth(generation, n));
            set.arg(group_arg(entry.group)).arg(u8::from(if_absent));
            set
        };
        if let Some((key, _)) = entries.iter().find(|(_, entry)| entry.group.is_some()) {
            self.grouped(key.scope()).store(true, Ordering::Relaxed);
        }
        if let [(key, entry)] = entries {
            return Ok(self.redis.run(&SET, &set(0, *key, entry)).await?);
        }
        let mut calls = Pipeline::with_capacity(entries.len());
        for (n, (key, entry)) in entries.iter().enumerate() {
            calls.add_command(set(n, *key, entry));
        }
        let done: Vec<usize> = Box::pin(self.redis.run_all(&SET, &calls)).await?;
        Ok(done.into_iter().sum())
    }

    async fn delete(&self, key: Key<'_>) -> Result<bool, StoreError> {
        Ok(self.redis.run(&DELETE, &call(&DELETE, key, 0, 0)).await?)
    }

    async fn ttl(&self, key: Key<'_>) -> Result<Option<Duration>, StoreError> {
        let millis: Option<u64> = self.redis.run(&TTL, &call(&TTL, key, 0, 0)).await?;
        Ok(millis.map(Duration::from_millis))
    }

    async fn add(
        &self,
        key: Key<'_>,
        new: Entry<'_>,
        delta: i64,
        generation: Id,
    ) -> Result<i64, StoreError> {
        let mut add = call(&ADD, key, 4, 0);
        add.arg(delta).arg(millis(new.ttl)).arg(&generation.0).arg(group_arg(new.group));
        Ok(self.redis.run(&ADD, &add).await?)
    }

    async fn invalidate(&self, scope: &Scope, group: Option<&str>) -> Result<(), StoreError> {
        let mut deletes = Pipeline::with_capacity(SHARDS.into());
        for shard in 0..SHARDS {
            let mut key = Vec::new();
            let kind = if group.is_some() { GROUP } else { BUCKET };
            scope.in_shard(shard, kind, "").write(&mut key).expect("a Vec takes any write");
            key.extend_from_slice(group_arg(group));
            deletes.cmd("DEL").arg(key);
        }
        self.redis.pipe::<()>(&deletes).await?;
        Ok(())
    }

    async fn claim(&self, key: Key<'_>, ask: Ask<'_>) -> Result<Found, StoreError> {
        let mut claim = call(&CLAIM_OR_GET, key, 4, 0);
        claim.arg(&ask.token.0).arg(millis(ask.ttl)).arg(&ask.generation.0);
        claim.arg(group_arg(ask.group));
        match self.redis.run(&CLAIM_OR_GET, &claim).await? {
            Value::BulkString(value) => Ok(Found::Value(value)),
            Value::Int(1) => Ok(Found::Claimed),
            _ => Ok(Found::Busy),
        }
    }

    async fn settle(
        &self,
        key: Key<'_>,
        token: Id,
        entry: Option<Entry<'_>>,
    ) -> Result<(), StoreError> {
        let value = entry.map_or(&b""[..], |entry| entry.value);
        let ttl = entry.map_or_else(String::new, |entry| millis(entry.ttl).to_string());
        let mut settle = call(&SETTLE, key, 3, value.len());
        settle.arg(&token.0).arg(ttl).arg(value);
        Ok(self.redis.run(&SETTLE, &settle).await?)
    }
}

/// The entry is in a group, so `MGET` did not read all that decides its life.
struct HasGroup;

/// The value of an entry, if it is live.
fn ungrouped(entry: Option<Vec<u8>>, bucket: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, HasGroup> {
    let (Some(mut entry), Some(bucket)) = (entry, bucket) else { return Ok(None) };
    if entry.first().is_some_and(|length| *length > 0) {
        return Err(HasGroup);
    }
    if entry.get(1..HEAD_BYTES) != Some(&bucket[..]) {
        return Ok(None);
    }
    entry.drain(..HEAD_BYTES);
    Ok(Some(entry))
}

/// Reads an entry and its bucket's generation.
fn mget(key: Key<'_>) -> Cmd {
    let mut mget = Cmd::with_capacity(3, 2 * (key.scope().path().len() + 8) + key.id().len() + 4);
    mget.arg("MGET").arg(key.sharded(ENTRY)).arg(bucket(key));
    mget
}

/// A call of a script on the keys that `lua/live.lua` names, of `key`, with `args` arguments of `bytes` to come.
fn call(script: &Script, key: Key<'_>, args: usize, bytes: usize) -> Cmd {
    let mut call = script.call(
        4,
        4 + args,
        4 * (key.scope().path().len() + 8) + 3 * key.id().len() + 64 + bytes,
    );
    call.arg(key.sharded(ENTRY)).arg(bucket(key));
    call.arg(key.scope().in_shard(key.shard(), GROUP, "")).arg(key.sharded(CLAIM));
    call
}

/// The generation that the `n`th of a batch may begin. Were they all the same, an
/// invalidation between two of them would be undone by the second.
fn nth(generation: Id, n: usize) -> [u8; 8] {
    u64::from_ne_bytes(generation.0).wrapping_add(n as u64).to_ne_bytes()
}

/// A group as the scripts know it. Empty stands for none there, so the group with
/// an empty name has one that is no UTF-8, and so is no other's.
fn group_arg(group: Option<&str>) -> &[u8] {
    match group {
        None => b"",
        Some("") => b"\xff",
        Some(name) => name.as_bytes(),
    }
}

fn bucket(key: Key<'_>) -> RedisKey<'_> {
    key.scope().in_shard(key.shard(), BUCKET, "")
}

impl From<RedisError> for StoreError {
    fn from(err: RedisError) -> Self {
        match err.code() {
            Some("NOTACOUNTER") => Self::NotACounter,
            Some("CLAIMLOST") => Self::ClaimLost,
            _ => Self::Unavailable(err.into()),
        }
    }
}

fn millis(ttl: Duration) -> u64 {
    u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)
}
