//! An operator's side of secrets in Redis.

use redis::{Pipeline, Value};

use super::{Rewrap, Upkeep, WrapPage};
use crate::grant::{SECRET_SHARDS, Scope};
use crate::secret::audit::{Actor, Event};
use crate::secret::provider::KeyRef;
use crate::secret::redis::{
    BARRED, REWRAP, RedisStore, SCOPES, WRAPS, barred, in_each_shard, push_who,
};
use crate::secret::store::StoreError;

/// Secrets whose wraps are one page: a script reads at most a hundred versions of each.
const PAGE_SECRETS: u32 = 16;

/// What an entry of a stream is: its id, and its fields.
type StreamEntry = (String, Vec<String>);

impl Upkeep for RedisStore {
    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let mut paths: Vec<String> = self.redis.query(redis::cmd("SMEMBERS").arg(SCOPES)).await?;
        paths.sort_unstable();
        Ok(paths.iter().map(|path| Scope::from_path(path)).collect())
    }

    async fn wraps(
        &self,
        scope: &Scope,
        shard: u8,
        after: &str,
        except: Option<&KeyRef>,
    ) -> Result<WrapPage, StoreError> {
        let mut call = WRAPS.call(1, 4, 256);
        call.arg(scope.in_shard(shard, 'i', "")).arg(after).arg(PAGE_SECRETS);
        call.arg(except.map_or_else(String::new, KeyRef::to_string));
        // At the end of a shard nothing was looked at.
        let (flat, seen, last): (Vec<Vec<u8>>, u64, String) = self.redis.run(&WRAPS, &call).await?;
        let next = (!last.is_empty()).then_some(last);
        let mut page = WrapPage { wraps: Vec::new(), malformed: Vec::new(), seen, next };
        for part in flat.chunks_exact(3) {
            let id = String::from_utf8_lossy(&part[0]).into_owned();
            let version = std::str::from_utf8(&part[1]).ok().and_then(|text| text.parse().ok());
            let Some(version) = version else {
                page.malformed.push((id, 0));
                continue;
            };
            page.add(id, version, &part[2]);
        }
        Ok(page)
    }

    async fn rewrap(
        &self,
        scope: &Scope,
        shard: u8,
        rewraps: &[Rewrap],
        actor: &Actor,
    ) -> Result<u64, StoreError> {
        let Some(first) = rewraps.first() else { return Ok(0) };
        let mut calls = Pipeline::with_capacity(rewraps.len());
        for Rewrap { of, wrap } in rewraps {
            let mut call = REWRAP.call(3, 11, 1024);
            call.arg(scope.in_shard(shard, 'r', &of.id));
            call.arg(scope.in_shard(shard, 'b', "")).arg(scope.in_shard(shard, 'w', ""));
            push_who(&mut call, actor);
            call.arg(&of.id).arg(of.version).arg(of.wrap.bytes()).arg(wrap.bytes());
            calls.add_command(call);
        }
        let done = self.redis.run_all::<u64>(&REWRAP, &calls).await;
        Ok(done.map_err(|err| barred(err, &first.wrap.key))?.iter().sum())
    }

    async fn bar(&self, key: &KeyRef, bar: bool) -> Result<(), StoreError> {
        let command = if bar { "SADD" } else { "SREM" };
        let keys = [key.to_string()];
        self.redis.query::<Value>(redis::cmd(command).arg(BARRED).arg(&keys)).await?;
        for scope in self.scopes().await? {
            let all = in_each_shard(command, &scope, &keys);
            self.redis.pipe::<Value>(&all).await?;
        }
        Ok(())
    }

    async fn settle(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn is_barred(&self, key: &KeyRef) -> Result<bool, StoreError> {
        Ok(self.barred().await?.contains(&key.to_string()))
    }

    async fn events(&self, scope: &Scope, limit: u32) -> Result<Vec<Event>, StoreError> {
        let mut reads = Pipeline::new();
        for shard in 0..SECRET_SHARDS {
            for kind in ['a', 'w'] {
                let mut read = redis::cmd("XREVRANGE");
                read.arg(scope.in_shard(shard, kind, "")).arg("+").arg("-");
                read.arg("COUNT").arg(limit);
                reads.add_command(read);
            }
        }
        let parts: Vec<Vec<StreamEntry>> = self.redis.pipe(&reads).await?;
        let mut events: Vec<Event> = parts.into_iter().flatten().map(event).collect();
        events.sort_by_key(|event| std::cmp::Reverse((event.at_ms, event.sequence)));
        events.truncate(limit as usize);
        Ok(events)
    }
}

/// An event from an entry of a stream, whose id is `milliseconds-sequence`.
fn event((id, fields): StreamEntry) -> Event {
    let (at_ms, sequence) = id.split_once('-').unwrap_or((&id, "0"));
    let field = |name: &str| {
        let pair = fields.chunks_exact(2).find(|pair| pair[0] == name);
        pair.map(|pair| pair[1].clone()).unwrap_or_default()
    };
    Event {
        at_ms: at_ms.parse().unwrap_or(0),
        sequence: sequence.parse().unwrap_or(0),
        action: field("action").parse().ok(),
        id: field("id"),
        version: field("version").parse().unwrap_or(0),
        outcome: field("outcome"),
        actor: Actor {
            component: field("component"),
            digest: field("digest"),
            instance: field("instance"),
        },
    }
}
