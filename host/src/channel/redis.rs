//! Channels in Redis: sixteen shards a name. `lua/shard.lua` has the layout.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::Duration;

use redis::{Cmd, FromRedisValue, Pipeline, RedisError};

use super::{
    Change, Cursor, Info, Life, NewChannel, Page, PageRequest, SHARDS, State, Store, StoreError,
    Swap, TOPICS_MAX,
};
use crate::delivery::{Close, Event, HostId, Message};
use crate::error::Unavailable;
use crate::grant::{Key, RedisKey, Scope};
use crate::redis::{Redis, Script};
use crate::services::OpenError;

/// Version of the layout in `lua/shard.lua` and of [`Key`].
const FORMAT: u32 = 1;

/// Ids that one script touches or removes: some hundred keys at most.
const IDS_PER_SCRIPT: usize = 32;

macro_rules! script {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Script> = LazyLock::new(|| {
            Script::new(concat!(include_str!("lua/shard.lua"), include_str!($file)))
        });
    };
}
script!(ADD, "lua/add.lua");
script!(USER, "lua/user.lua");
script!(STATE, "lua/state.lua");
script!(REMOVE, "lua/remove.lua");
script!(TOUCH, "lua/touch.lua");
script!(LIST, "lua/list.lua");
script!(SEND, "lua/send.lua");

/// Channels in Redis.
#[derive(Debug)]
pub struct RedisStore {
    redis: Redis,
}

/// The shard of a channel, as the scripts know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shard<'a> {
    scope: &'a Scope,
    number: u8,
}

impl RedisStore {
    /// The version of the format that it writes.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// The commands that it and its scripts use, but for those that all services do.
    pub(crate) const COMMANDS: &[&str] = &[
        "time", "get", "set", "del", "exists", "pexpire", "hset", "hdel", "hmget", "sadd", "srem",
        "smembers", "zadd", "zrem", "zrange", "zscore",
    ];

    /// The channels in `redis`, which was connected to at `url`.
    pub(crate) async fn open(redis: Redis, url: &str) -> Result<Self, OpenError> {
        redis.claim_format(url, "channel", FORMAT).await?;
        Ok(Self { redis })
    }

    /// Runs `script` on many keys, some at a time; `each` gets the replies in order,
    /// with the places of their keys.
    async fn run_many<T: FromRedisValue>(
        &self,
        script: &Script,
        keys: &[Key<'_>],
        args: impl Fn(&mut Cmd),
        mut each: impl FnMut(&[usize], T) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let mut shards: BTreeMap<u8, Vec<usize>> = BTreeMap::new();
        for (at, key) in keys.iter().enumerate() {
            shards.entry(key.shard_of(SHARDS)).or_default().push(at);
        }
        let mut calls = Pipeline::new();
        let mut places = Vec::new();
        for some in shards.values().flat_map(|places| places.chunks(IDS_PER_SCRIPT)) {
            let mut call = Shard::of(keys[some[0]]).call(script, 4 + some.len(), 64 * some.len());
            args(&mut call);
            for at in some {
                call.arg(keys[*at].id());
            }
            calls.add_command(call);
            places.push(some);
        }
        let replies = self.redis.run_all(script, &calls).await?;
        places.into_iter().zip(replies).try_for_each(|(places, reply)| each(places, reply))
    }
}

impl<'a> Shard<'a> {
    pub(crate) fn of(key: Key<'a>) -> Self {
        Self { scope: key.scope(), number: key.shard_of(SHARDS) }
    }

    /// One of the shard's keys.
    fn key(self, kind: char, name: &'a str) -> RedisKey<'a> {
        self.scope.in_shard(self.number, kind, name)
    }

    /// A call of a script that has only the shard's first key.
    pub(crate) fn call(self, script: &Script, args: usize, bytes: usize) -> Cmd {
        let mut call = script.call(1, 1 + args, bytes + 64);
        call.arg(self.key('n', ""));
        call
    }
}

impl Store for RedisStore {
    async fn add(&self, key: Key<'_>, channel: &NewChannel<'_>) -> Result<u64, StoreError> {
        let mut add = Shard::of(key).call(&ADD, 5, key.id().len() + channel.opening_data.len());
        add.arg(key.id())
            .arg(channel.opening_data)
            .arg(millis(channel.ttl))
            .arg(optional(channel.user))
            .arg(channel.host.map_or("", HostId::as_str));
        Ok(self.redis.run(&ADD, &add).await?)
    }

    async fn get(&self, key: Key<'_>) -> Result<Info, StoreError> {
        let mut get = redis::cmd("HMGET");
        get.arg(Shard::of(key).key('c', key.id())).arg("o").arg("u");
        let (opening_data, user): (Option<String>, _) = self.redis.query(&get).await?;
        Ok(Info { opening_data: opening_data.ok_or(StoreError::NotFound)?, user })
    }

    async fn state(&self, key: Key<'_>) -> Result<State, StoreError> {
        let mut get = redis::cmd("HMGET");
        get.arg(Shard::of(key).key('c', key.id())).arg("b").arg("v").arg("s");
        let (born, version, value): (Option<u64>, Option<u64>, _) = self.redis.query(&get).await?;
        born.ok_or(StoreError::NotFound)?;
        Ok(State { version: version.unwrap_or(0), value })
    }

    async fn update(&self, key: Key<'_>, change: Change<'_>) -> Result<Swap, StoreError> {
        match change {
            Change::User(user) => {
                let mut set = Shard::of(key).call(&USER, 2, key.id().len() + 255);
                set.arg(key.id()).arg(optional(user));
                Ok(Swap::Swapped(self.redis.run(&USER, &set).await?))
            }
            Change::State { value, expected } => {
                let bytes = key.id().len() + value.map_or(0, str::len);
                let mut set = Shard::of(key).call(&STATE, 3, bytes);
                set.arg(key.id())
                    .arg(expected.map_or_else(String::new, |version| version.to_string()))
                    .arg(optional(value));
                let (swapped, version): (bool, u64) = self.redis.run(&STATE, &set).await?;
                Ok(if swapped { Swap::Swapped(version) } else { Swap::Stale(version) })
            }
        }
    }

    async fn remove(
        &self,
        keys: &[Key<'_>],
        close: &Close,
        born: Option<u64>,
    ) -> Result<u32, StoreError> {
        let born = born.map_or_else(String::new, |born| born.to_string());
        let rest = Event::Removed(close.clone()).rest();
        let mut removed = 0;
        let args = |call: &mut Cmd| {
            call.arg(&born).arg(&rest);
        };
        self.run_many(&REMOVE, keys, args, |_, count: u32| {
            removed += count;
            Ok(())
        })
        .await?;
        Ok(removed)
    }

    async fn touch(
        &self,
        keys: &[Key<'_>],
        ttl: Duration,
    ) -> Result<Vec<Option<Life>>, StoreError> {
        let mut lives = vec![None; keys.len()];
        let args = |call: &mut Cmd| {
            call.arg(millis(ttl));
        };
        self.run_many(&TOUCH, keys, args, |places, found: Vec<String>| {
            for (place, life) in places.iter().zip(found.chunks(2)) {
                if let [born, order] = life
                    && !born.is_empty()
                {
                    lives[*place] = Some(Life { born: number(born)?, order: number(order)? });
                }
            }
            Ok(())
        })
        .await?;
        Ok(lives)
    }

    async fn list(
        &self,
        scope: &Scope,
        user: Option<&str>,
        page: PageRequest<'_>,
    ) -> Result<Page, StoreError> {
        let (kind, name) = user.map_or(('a', ""), |user| ('u', user));
        page_of(&self.redis, scope, kind, name, page).await
    }

    async fn send(&self, key: Key<'_>, message: &Message) -> Result<bool, StoreError> {
        let rest = Event::Sent(message.clone()).rest();
        let mut send = Shard::of(key).call(&SEND, 2, key.id().len() + rest.len());
        send.arg(key.id()).arg(rest);
        let heard: u32 = self.redis.run(&SEND, &send).await?;
        Ok(heard > 0)
    }
}

/// A page of the lists called `kind` and `name` of all shards: one round trip.
pub(crate) async fn page_of(
    redis: &Redis,
    scope: &Scope,
    kind: char,
    name: &str,
    request: PageRequest<'_>,
) -> Result<Page, StoreError> {
    let cursor = request.cursor.map_or_else(|| Ok(Cursor::start()), Cursor::parse)?;
    let share = cursor.share(request.limit);
    let mut calls = Pipeline::with_capacity(cursor.0.len());
    for (number, after) in &cursor.0 {
        let shard = Shard { scope, number: *number };
        let mut call = LIST.call(2, 4, name.len() + 128);
        call.arg(shard.key('n', "")).arg(shard.key(kind, name)).arg(*after).arg(share);
        calls.add_command(call);
    }
    let replies: Vec<Vec<String>> = redis.run_all(&LIST, &calls).await?;
    let (mut entries, mut left) = (Vec::new(), Vec::new());
    for ((number, after), mut reply) in cursor.0.into_iter().zip(replies) {
        // Of a page smaller than the number of shards, some wait for the next.
        if entries.len() + reply.len() / 2 > request.limit as usize {
            left.push((number, after));
            continue;
        }
        if reply.is_empty() {
            return Err(malformed("a page without its end"));
        }
        let mut found = reply.split_off(1).into_iter();
        if !reply[0].is_empty() {
            left.push((number, self::number(&reply[0])?));
        }
        while let (Some(id), Some(user)) = (found.next(), found.next()) {
            entries.push((id, user.strip_prefix('=').map(str::to_owned)));
        }
    }
    Ok(Page { entries, next: Cursor(left).text() })
}

/// What is there, behind a mark, or nothing: so that scripts tell none from empty.
fn optional(value: Option<&str>) -> String {
    value.map_or_else(String::new, |value| format!("={value}"))
}

fn number(text: &str) -> Result<u64, StoreError> {
    text.parse().map_err(|_| malformed("an order that is no number"))
}

/// Data that this store has not written, so it is of no use to the guest.
pub(crate) fn malformed(what: &'static str) -> StoreError {
    StoreError::Unavailable(Unavailable { store: "redis", source: what.into() })
}

impl From<RedisError> for StoreError {
    fn from(err: RedisError) -> Self {
        match err.code() {
            Some("NOCHANNEL") => Self::NotFound,
            Some("CHANNELEXISTS") => Self::Exists,
            Some("MANYTOPICS") => Self::Full { max: TOPICS_MAX },
            _ => Self::Unavailable(err.into()),
        }
    }
}

pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
