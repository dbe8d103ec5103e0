//! Sessions in Redis: a hash each, in a slot of its own. `lua/write.lua` has the
//! layout.

use std::sync::LazyLock;
use std::time::Duration;

use redis::{Cmd, Pipeline, RedisError, Value};

use super::{Expiry, FIELDS_MAX, Fields, SESSION_BYTES_MAX, Snapshot, Store, StoreError, Swap};
use crate::error::Unavailable;
use crate::grant::Key;
use crate::redis::{Redis, Script};
use crate::services::OpenError;

/// Version of the layout in `lua/write.lua` and of [`Key`].
const FORMAT: u32 = 1;

/// The field that holds version and size.
const HEAD: &[u8] = b"\xff";

macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("lua/write.lua"), include_str!($file)))
        });
    };
}
script!(REPLACE, "lua/replace.lua");
script!(UPDATE, "lua/update.lua");
script!(REMOVE, "lua/remove.lua");

/// Sessions in Redis.
#[derive(Debug)]
pub struct RedisStore {
    redis: Redis,
}

impl RedisStore {
    /// The version of the format that it writes.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// The commands that it and its scripts use, but for those that all services do.
    pub(crate) const COMMANDS: &[&str] = &[
        "del",
        "hget",
        "hset",
        "hdel",
        "hgetall",
        "hstrlen",
        "hexists",
        "hlen",
        "pexpire",
        "pexpireat",
        "pexpiretime",
        "pttl",
        "time",
    ];

    /// The sessions in `redis`, which was connected to at `url`.
    pub async fn open(redis: Redis, url: &str) -> Result<Self, OpenError> {
        redis.claim_format(url, "session", FORMAT).await?;
        Ok(Self { redis })
    }
}

impl Store for RedisStore {
    async fn get(&self, key: Key<'_>, expiry: Expiry) -> Result<Option<Snapshot>, StoreError> {
        // Another host's write may come between these, so the ttl is read last: of a
        // session that was found it may say that it has ended, but read first it
        // would say so of one that begins.
        let mut read = Pipeline::with_capacity(3);
        if expiry.slides() {
            read.cmd("PEXPIRE").arg(key.own()).arg(millis(expiry));
        }
        read.cmd("HGETALL").arg(key.own());
        read.cmd("PTTL").arg(key.own());
        let mut replies: Vec<Value> = self.redis.pipe(&read).await?;
        let (Some(ttl), Some(hash)) = (replies.pop(), replies.pop()) else {
            return Err(malformed("too few replies"));
        };
        snapshot(hash, ttl)
    }

    async fn replace(
        &self,
        key: Key<'_>,
        fields: &Fields,
        expected: Option<u64>,
        expiry: Expiry,
    ) -> Result<Swap, StoreError> {
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let mut replace = call(&REPLACE, key, expiry, 2 * fields.len() + 2, bytes);
        replace.arg(expected.map_or_else(String::new, |version| version.to_string())).arg(bytes);
        push_fields(&mut replace, fields);
        let (swapped, version): (bool, u64) = self.redis.run(&REPLACE, &replace).await?;
        Ok(if swapped { Swap::Swapped(version) } else { Swap::Stale(version) })
    }

    async fn update(
        &self,
        key: Key<'_>,
        fields: &Fields,
        expiry: Expiry,
    ) -> Result<u64, StoreError> {
        let bytes = fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        let mut update = call(&UPDATE, key, expiry, 2 * fields.len() + 2, bytes);
        update.arg(SESSION_BYTES_MAX).arg(FIELDS_MAX);
        push_fields(&mut update, fields);
        Ok(self.redis.run(&UPDATE, &update).await?)
    }

    async fn remove(
        &self,
        key: Key<'_>,
        names: &[String],
        expiry: Expiry,
    ) -> Result<u64, StoreError> {
        let mut remove =
            call(&REMOVE, key, expiry, names.len(), names.iter().map(String::len).sum());
        for name in names {
            remove.arg(name);
        }
        Ok(self.redis.run(&REMOVE, &remove).await?)
    }

    async fn clear(&self, key: Key<'_>) -> Result<bool, StoreError> {
        Ok(self.redis.query(redis::cmd("DEL").arg(key.own())).await?)
    }
}

fn call(script: &Script, key: Key<'_>, expiry: Expiry, args: usize, bytes: usize) -> Cmd {
    let mut call =
        script.call(1, 3 + args, key.scope().path().len() + 3 * key.id().len() + bytes + 32);
    call.arg(key.own()).arg(millis(expiry)).arg(u8::from(expiry.slides()));
    call
}

fn push_fields(call: &mut Cmd, fields: &Fields) {
    for (name, value) in fields {
        call.arg(name).arg(value);
    }
}

/// A session from its hash and its remaining ttl, or none.
fn snapshot(hash: Value, ttl: Value) -> Result<Option<Snapshot>, StoreError> {
    let pairs: Vec<(Vec<u8>, Vec<u8>)> = redis::from_redis_value(hash).map_err(RedisError::from)?;
    let ttl: i64 = redis::from_redis_value(ttl).map_err(RedisError::from)?;
    let text =
        |bytes| String::from_utf8(bytes).map_err(|_| malformed("a session that is not UTF-8"));
    let mut version = None;
    let mut fields = Fields::new();
    for (name, value) in pairs {
        let value = text(value)?;
        if name == HEAD {
            version = value.split(' ').next().and_then(|version| version.parse().ok());
        } else {
            fields.insert(text(name)?, value);
        }
    }
    // It may have ended before its ttl was read.
    let expires_in = Duration::from_millis(u64::try_from(ttl).unwrap_or(0));
    match version {
        Some(version) => Ok(Some(Snapshot { version, fields, expires_in })),
        None if fields.is_empty() => Ok(None),
        None => Err(malformed("a session without a version")),
    }
}

/// Data that this store has not written, so it is of no use to the guest.
fn malformed(what: &'static str) -> StoreError {
    StoreError::Unavailable(Unavailable { store: "redis", source: what.into() })
}

impl From<RedisError> for StoreError {
    fn from(err: RedisError) -> Self {
        match err.code() {
            Some("MANYBYTES") => Self::Full { max: SESSION_BYTES_MAX },
            Some("MANYFIELDS") => Self::Full { max: FIELDS_MAX },
            _ => Self::Unavailable(err.into()),
        }
    }
}

fn millis(expiry: Expiry) -> u64 {
    u64::try_from(expiry.ttl().as_millis()).unwrap_or(u64::MAX)
}
