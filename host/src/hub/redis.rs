//! The hub in Redis: subscriptions in their channel's shard, which
//! `channel/lua/shard.lua` lays out; a topic that is kept in a slot of its own.

use std::sync::LazyLock;

use redis::Value;

use super::{
    CLAIM_TTL, History, NewPublication, POSITION_TTL, Store, Subscription, TOPICS_MAX, Topics,
};
use crate::channel::{
    Life, Page, PageRequest, Shard, StoreError, millis, page_of, redis_malformed as malformed,
};
use crate::delivery::{Event, HostId, Position, Publication};
use crate::grant::{Key, Scope};
use crate::ids::Id;
use crate::redis::{Redis, Script};
use crate::services::OpenError;

/// Version of the layouts in `lua/publish.lua` and `channel/lua/shard.lua`.
const FORMAT: u32 = 1;

macro_rules! script {
    ($name:ident, $($file:literal)*) => {
        static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(concat!($(include_str!($file)),*)));
    };
}
script!(SUBSCRIBE, "../channel/lua/shard.lua" "lua/subscribe.lua");
script!(UNSUBSCRIBE, "../channel/lua/shard.lua" "lua/unsubscribe.lua");
script!(TOPICS, "../channel/lua/shard.lua" "lua/topics.lua");
script!(PUBLISH, "lua/publish.lua");
script!(HISTORY, "lua/history.lua");

/// The hub in Redis.
#[derive(Debug)]
pub struct RedisStore {
    redis: Redis,
}

impl RedisStore {
    /// The version of the format that it writes.
    pub(crate) const FORMAT: u32 = FORMAT;

    /// The commands that it and its scripts use, but for those that all services do.
    pub(crate) const COMMANDS: &[&str] = &[
        "time",
        "get",
        "set",
        "del",
        "pexpire",
        "hset",
        "hmget",
        "hincrby",
        "sadd",
        "srem",
        "scard",
        "sismember",
        "smembers",
        "zadd",
        "zrem",
        "zrange",
        "xadd",
        "xrange",
    ];

    /// The hub in `redis`, which was connected to at `url`.
    pub(crate) async fn open(redis: Redis, url: &str) -> Result<Self, OpenError> {
        redis.claim_format(url, "hub", FORMAT).await?;
        Ok(Self { redis })
    }
}

impl Store for RedisStore {
    async fn subscribe(
        &self,
        channel: Key<'_>,
        topic: &str,
        since: Option<&Position>,
        caller: &HostId,
    ) -> Result<Subscription, StoreError> {
        let event = Event::Subscribed { topic: topic.to_owned(), since: since.copied() };
        let bytes = channel.id().len() + 2 * topic.len() + 64;
        let mut call = Shard::of(channel).call(&SUBSCRIBE, 5, bytes);
        call.arg(channel.id()).arg(topic).arg(TOPICS_MAX).arg(caller.as_str()).arg(event.rest());
        let (changed, order) = self.redis.run(&SUBSCRIBE, &call).await?;
        Ok(Subscription { changed, order })
    }

    async fn unsubscribe(
        &self,
        channel: Key<'_>,
        topic: &str,
        caller: &HostId,
    ) -> Result<Subscription, StoreError> {
        let event = Event::Unsubscribed { topic: topic.to_owned() };
        let bytes = channel.id().len() + 2 * topic.len() + 32;
        let mut call = Shard::of(channel).call(&UNSUBSCRIBE, 4, bytes);
        call.arg(channel.id()).arg(topic).arg(caller.as_str()).arg(event.rest());
        let (changed, order) = self.redis.run(&UNSUBSCRIBE, &call).await?;
        Ok(Subscription { changed, order })
    }

    async fn topics(&self, channel: Key<'_>) -> Result<Topics, StoreError> {
        let mut call = Shard::of(channel).call(&TOPICS, 1, channel.id().len());
        call.arg(channel.id());
        let mut found: Vec<String> = self.redis.run(&TOPICS, &call).await?;
        if found.len() < 2 {
            return Err(malformed("a channel without an order"));
        }
        let mut names = found.split_off(2);
        names.sort_unstable();
        let number = |text: &String| text.parse().map_err(|_| malformed("an order"));
        Ok(Topics { life: Life { born: number(&found[0])?, order: number(&found[1])? }, names })
    }

    async fn members(
        &self,
        channels: &Scope,
        topic: &str,
        page: PageRequest<'_>,
    ) -> Result<Page, StoreError> {
        page_of(&self.redis, channels, 'm', topic, page).await
    }

    async fn publish(
        &self,
        topic: Key<'_>,
        new: &NewPublication<'_>,
    ) -> Result<Option<Position>, StoreError> {
        let envelope = Publication::envelope(new.id, new.except, new.message);
        let mut call = PUBLISH.call(3, 8, envelope.len() + 256);
        call.arg(topic.beside('t', "")).arg(topic.beside('s', "")).arg(topic.own());
        call.arg(envelope).arg(&new.epoch.0[..]);
        call.arg(new.keep.map_or(0, |keep| keep.messages.max(1)));
        call.arg(new.keep.map_or(0, |keep| millis(keep.ttl))).arg(millis(POSITION_TTL));
        let kept: Vec<Value> = self.redis.run(&PUBLISH, &call).await?;
        let [epoch, offset] = &kept[..] else { return Ok(None) };
        let offset = number(offset)?;
        Ok(Some(Position { epoch: eight(bytes(epoch)?)?, offset, id: new.id }))
    }

    async fn history(
        &self,
        topic: Key<'_>,
        since: Option<&Position>,
        limit: u32,
    ) -> Result<History, StoreError> {
        let mut call = HISTORY.call(2, 6, 256);
        call.arg(topic.beside('t', "")).arg(topic.beside('s', ""));
        match since {
            None => call.arg("").arg(0).arg(""),
            Some(since) => call.arg(&since.epoch[..]).arg(since.offset).arg(&since.id.0[..]),
        };
        call.arg(limit);
        let found: Vec<Value> = self.redis.run(&HISTORY, &call).await?;
        let [epoch, last, last_id, complete, more, messages @ ..] = &found[..] else {
            // Not kept: nothing is missing for whoever had nothing.
            let complete = since.is_none();
            return Ok(History { complete, messages: Vec::new(), position: None, more: false });
        };
        let epoch = eight(bytes(epoch)?)?;
        let last = Position { epoch, offset: number(last)?, id: Id(eight(bytes(last_id)?)?) };
        let read = |message: &[Value]| {
            let at = Some((epoch, number(&message[0])?));
            Publication::read_envelope(bytes(&message[1])?, at).map_err(|_| malformed("a message"))
        };
        let messages = messages.chunks_exact(2).map(read).collect::<Result<Vec<_>, _>>()?;
        let position = messages.last().and_then(|message| message.position);
        let yes = |value: &Value| *value == Value::Int(1);
        let (complete, more) = (yes(complete), yes(more));
        Ok(History { complete, messages, position: Some(position.unwrap_or(last)), more })
    }

    async fn claim(&self, topic: Key<'_>, group: &str, id: Id) -> Result<bool, StoreError> {
        let name = format!("{:016x}:{group}", u64::from_be_bytes(id.0));
        let mut claim = redis::cmd("SET");
        claim.arg(topic.beside('g', &name)).arg("").arg("NX").arg("PX").arg(millis(CLAIM_TTL));
        let claimed: Option<String> = self.redis.query(&claim).await?;
        Ok(claimed.is_some())
    }
}

fn bytes(value: &Value) -> Result<&[u8], StoreError> {
    match value {
        Value::BulkString(bytes) => Ok(bytes),
        _ => Err(malformed("something that is not text")),
    }
}

fn number(value: &Value) -> Result<u64, StoreError> {
    redis::from_redis_value_ref(value).map_err(|_| malformed("an offset that is no number"))
}

fn eight(bytes: &[u8]) -> Result<[u8; 8], StoreError> {
    bytes.try_into().map_err(|_| malformed("an id that is not eight bytes"))
}
