//! Secrets in Redis: sixteen shards a tenant. `lua/shard.lua` has the layout.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError, Value};
use tokio::time::Instant;

use super::audit::{AUDIT_ENTRIES_MAX, Actor, Entry};
use super::provider::KeyRef;
use super::store::{Description, List, Put, Read, Sealed, Store, StoreError, Stored, Wrap};
use crate::error::Unavailable;
use crate::grant::{Item, RedisKey, SECRET_SHARDS, Scope, Span};
use crate::redis::{Redis, Script};
use crate::services::OpenError;

/// Version of the layout in `lua/shard.lua` and of [`Item`].
const FORMAT: u32 = 1;

/// Set of the scopes that have secrets, or had: what an operator has to look at.
pub(super) const SCOPES: &str = "{satama:secret}scopes";

/// How long a scope is taken to be in [`SCOPES`]: a failover may lose what was added.
const REGISTERED: Duration = Duration::from_secs(30);

/// Set of the keys that are barred in every scope. In the slot of the scopes: a scope is
/// added before these are read, a key is barred before those are.
pub(super) const BARRED: &str = "{satama:secret}barred";

macro_rules! script {
    ($name:ident, $file:literal) => {
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("lua/shard.lua"), include_str!($file)))
        });
    };
}
script!(READ, "lua/read.lua");
script!(PUT, "lua/put.lua");
script!(DELETE, "lua/delete.lua");
script!(LIST, "lua/list.lua");
script!(WRAPS, "lua/wraps.lua");
script!(REWRAP, "lua/rewrap.lua");

/// Secrets in Redis.
#[derive(Debug)]
pub struct RedisStore {
    pub(super) redis: Redis,
    /// The scopes that were in [`SCOPES`], and when that was seen.
    registered: Mutex<HashMap<String, Instant>>,
}

impl RedisStore {
    /// The version of the format that it writes.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// The commands that it and its scripts use, but for those that all services do.
    pub(crate) const COMMANDS: &[&str] = &[
        "del",
        "get",
        "hget",
        "hset",
        "hdel",
        "sadd",
        "set",
        "sismember",
        "smembers",
        "srem",
        "xadd",
        "zadd",
        "zrange",
        "zrem",
    ];

    /// The secrets in `redis`, which was connected to at `url`.
    pub(crate) async fn open(redis: Redis, url: &str) -> Result<Self, OpenError> {
        redis.claim_format(url, "secret", FORMAT).await?;
        Ok(Self { redis, registered: Mutex::default() })
    }

    /// What an operator runs so that a user of one tenant, who may not write what is
    /// everybody's, can put secrets.
    pub(crate) fn registration(scope: &Scope) -> String {
        format!("SADD {SCOPES} {}", scope.path())
    }

    /// Makes sure that an operator will find the scope: three round trips more for a
    /// process's first put in it, and two for one in each half minute.
    async fn register(&self, scope: &Scope) -> Result<(), StoreError> {
        let known = || self.registered.lock().unwrap_or_else(PoisonError::into_inner);
        if known().get(scope.path()).is_some_and(|at| at.elapsed() < REGISTERED) {
            return Ok(());
        }
        // Read first, because a user of one tenant may not write what is everybody's.
        let there = redis::cmd("SISMEMBER").arg(SCOPES).arg(scope.path()).clone();
        if !self.redis.query::<bool>(&there).await? {
            let add = redis::cmd("SADD").arg(SCOPES).arg(scope.path()).clone();
            self.redis.query::<Value>(&add).await?;
        }
        let seen = Instant::now();
        let barred = self.barred().await?;
        if !barred.is_empty() {
            self.redis.pipe::<Value>(&in_each_shard("SADD", scope, &barred)).await?;
            // A bar that was lifted meanwhile would stay here for ever.
            let still = self.barred().await?;
            let lifted: Vec<_> = barred.into_iter().filter(|key| !still.contains(key)).collect();
            if !lifted.is_empty() {
                self.redis.pipe::<Value>(&in_each_shard("SREM", scope, &lifted)).await?;
            }
        }
        known().insert(scope.path().to_owned(), seen);
        Ok(())
    }

    /// The keys that are barred in every scope.
    pub(super) async fn barred(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.redis.query(redis::cmd("SMEMBERS").arg(BARRED)).await?)
    }
}

/// `command`, with `keys`, on the barred keys of each shard of `scope`.
pub(super) fn in_each_shard(command: &str, scope: &Scope, keys: &[String]) -> Pipeline {
    let mut all = Pipeline::new();
    for shard in 0..SECRET_SHARDS {
        let mut cmd = redis::cmd(command);
        cmd.arg(scope.in_shard(shard, 'b', "")).arg(keys);
        all.add_command(cmd);
    }
    all
}

/// The keys of an item's shard.
struct Keys<'a> {
    item: &'a Item<'a>,
    shard: u8,
}

impl<'a> Keys<'a> {
    fn of(item: &'a Item<'a>) -> Self {
        Self { item, shard: item.shard() }
    }

    fn key(&self, kind: char) -> RedisKey<'_> {
        let name = match kind {
            'r' => self.item.id(),
            'u' => self.item.name(),
            _ => "",
        };
        self.item.scope().in_shard(self.shard, kind, name)
    }

    /// A call with these keys, and the key of the item's users if it has one; then who
    /// calls, and the item's id.
    fn call(&self, script: &Script, kinds: &str, bytes: usize, actor: &Actor) -> Cmd {
        let users = if kinds.contains('w') && self.item.user().is_some() { "u" } else { "" };
        let keys = kinds.len() + users.len();
        let mut call = script.call(keys, keys + 11, 64 * keys + 256 + bytes);
        for kind in kinds.chars().chain(users.chars()) {
            call.arg(self.key(kind));
        }
        push_who(&mut call, actor);
        call.arg(self.item.id());
        call
    }
}

/// Who acts, as the scripts' `record` takes it.
pub(super) fn push_who(call: &mut Cmd, actor: &Actor) {
    call.arg(AUDIT_ENTRIES_MAX).arg(&actor.component).arg(&actor.digest).arg(&actor.instance);
}

impl Store for RedisStore {
    async fn read(
        &self,
        reads: &[Read<'_>],
        actor: &Actor,
    ) -> Result<Vec<Option<Stored>>, StoreError> {
        let call = |read: &Read<'_>| {
            let mut call = Keys::of(&read.item).call(&READ, "ra", 0, actor);
            call.arg(read.version.map_or_else(String::new, |version| version.to_string()))
                .arg(read.known.map_or_else(String::new, |version| version.to_string()));
            call
        };
        if let [read] = reads {
            let reply = self.redis.run(&READ, &call(read)).await?;
            return Ok(vec![stored(read, reply)?]);
        }
        let mut calls = Pipeline::with_capacity(reads.len());
        for read in reads {
            calls.add_command(call(read));
        }
        let replies: Vec<Value> = self.redis.run_all(&READ, &calls).await?;
        reads.iter().zip(replies).map(|(read, reply)| stored(read, reply)).collect()
    }

    async fn put(
        &self,
        item: &Item<'_>,
        version: u64,
        sealed: &Sealed,
        actor: &Actor,
    ) -> Result<Put, StoreError> {
        self.register(item.scope()).await?;
        let bytes = sealed.body.len() + sealed.wrap.wrapped.len();
        let mut put = Keys::of(item).call(&PUT, "ribdw", bytes, actor);
        put.arg(version).arg(item.keep()).arg(sealed.wrap.bytes()).arg(&sealed.body);
        put.arg(item.user());
        let done = self.redis.run(&PUT, &put).await;
        match done.map_err(|err| barred(err, &sealed.wrap.key))? {
            0 => Ok(Put::Done),
            newest => Ok(Put::Stale(newest)),
        }
    }

    async fn delete(&self, item: &Item<'_>, actor: &Actor) -> Result<bool, StoreError> {
        let mut delete = Keys::of(item).call(&DELETE, "ridw", 0, actor);
        delete.arg(item.user());
        Ok(self.redis.run(&DELETE, &delete).await?)
    }

    async fn describe(&self, item: &Item<'_>) -> Result<Option<Description>, StoreError> {
        let mut head = redis::cmd("HGET");
        head.arg(Keys::of(item).key('r')).arg("head");
        let Some(head) = self.redis.query::<Option<String>>(&head).await? else {
            return Ok(None);
        };
        let versions: Option<Vec<u64>> = head.split(' ').map(|part| part.parse().ok()).collect();
        let malformed = || StoreError::Malformed { id: item.id().to_owned(), what: "its head" };
        let mut versions = versions.filter(|all| all.len() > 1).ok_or_else(malformed)?;
        let first = versions.remove(0);
        Ok(Some(Description { first, versions }))
    }

    async fn list(
        &self,
        list: List<'_>,
        spans: &[Span],
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let (scope, shards, kind, name) = match list {
            List::Ids(scope) => (scope, 0..SECRET_SHARDS, 'i', ""),
            List::IdsOfShard(scope, shard) => (scope, shard..shard + 1, 'i', ""),
            List::Users(scope, name) => (scope, 0..SECRET_SHARDS, 'u', name),
        };
        let mut calls = Pipeline::new();
        for shard in shards {
            let mut call = LIST.call(1, 2 + 2 * spans.len(), 64 + 64 * spans.len());
            call.arg(scope.in_shard(shard, kind, name)).arg(limit);
            for span in spans {
                call.arg(&span.start).arg(&span.end);
            }
            calls.add_command(call);
        }
        let parts: Vec<Vec<String>> = self.redis.run_all(&LIST, &calls).await?;
        let mut all = parts.concat();
        all.sort_unstable();
        all.truncate(limit as usize);
        Ok(all)
    }

    async fn record(
        &self,
        scope: &Scope,
        entries: &[(u8, Entry<'_>)],
        actor: &Actor,
    ) -> Result<(), StoreError> {
        if let [(shard, entry)] = entries {
            self.redis.query::<Value>(&record(scope, *shard, *entry, actor)).await?;
            return Ok(());
        }
        let mut all = Pipeline::with_capacity(entries.len());
        for (shard, entry) in entries {
            all.add_command(record(scope, *shard, *entry, actor));
        }
        self.redis.pipe::<Value>(&all).await?;
        Ok(())
    }
}

/// What the scripts' `record` does.
fn record(scope: &Scope, shard: u8, entry: Entry<'_>, actor: &Actor) -> Cmd {
    let kind = if entry.is_change() { 'w' } else { 'a' };
    let mut add = redis::cmd("XADD");
    add.arg(scope.in_shard(shard, kind, "")).arg("MAXLEN").arg("~").arg(AUDIT_ENTRIES_MAX);
    add.arg("*").arg("action").arg(entry.action.name()).arg("id").arg(entry.id);
    add.arg("version").arg(entry.version).arg("outcome").arg(entry.outcome);
    add.arg("component").arg(&actor.component).arg("digest").arg(&actor.digest);
    add.arg("instance").arg(&actor.instance);
    add
}

/// A version from the reply of `read.lua`.
fn stored(read: &Read<'_>, reply: Value) -> Result<Option<Stored>, StoreError> {
    type Reply = Option<(u64, Vec<u8>, Option<Vec<u8>>)>;
    if matches!(reply, Value::Nil | Value::Boolean(false)) {
        return Ok(None);
    }
    let reply: Reply = redis::from_redis_value(reply).map_err(RedisError::from)?;
    let Some((version, wrap, body)) = reply else { return Ok(None) };
    let sealed = match body {
        Some(body) => Some(Sealed { wrap: Wrap::read(&wrap, read.item.id())?, body }),
        None if read.known == Some(version) => None,
        None => {
            let id = read.item.id().to_owned();
            return Err(StoreError::Malformed { id, what: "it has no value" });
        }
    };
    Ok(Some(Stored { version, sealed }))
}

/// An error of a script that wraps with `key`.
pub(super) fn barred(err: RedisError, key: &KeyRef) -> StoreError {
    if err.code() == Some("BARRED") { StoreError::Barred(key.clone()) } else { err.into() }
}

impl From<RedisError> for StoreError {
    fn from(err: RedisError) -> Self {
        Self::Unavailable(Unavailable::from(err))
    }
}
