//! The stores that answer the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use satama::Services;
use satama::channel::{Channels, Error, Page, Swap};
use satama::delivery::{Message, Position};
use satama::hub::{self, Bus};
use satama_tests::{Harness, bus, channels, grant, text};

use super::{Id, Keep, Since, Step, Topic, Version};
use crate::{BRIEF, LONG, Subject};

/// A store, used by two hosts in turn.
pub(crate) struct Real<'a> {
    h: &'a Harness,
    hosts: [Services; 2],
    turn: usize,
    /// The versions that each id had, in their order.
    versions: BTreeMap<Id, Vec<u64>>,
    /// The positions that each topic had, in their order.
    positions: BTreeMap<Topic, Vec<Position>>,
}

impl<'a> Real<'a> {
    pub(crate) async fn new(h: &'a Harness) -> Self {
        let hosts = [h.services.clone(), h.other_host().await];
        Self { h, hosts, turn: 0, versions: BTreeMap::new(), positions: BTreeMap::new() }
    }

    fn channels(&self, brief: bool) -> Channels {
        channels(&self.hosts[self.turn % 2], &grant("t"), "c", ttl(brief))
    }

    fn bus(&self) -> Bus {
        bus(&self.hosts[self.turn % 2], &grant("t"), "c")
    }

    /// The place of a version among those that the id had.
    fn nth(&self, id: Id, version: u64) -> String {
        let versions = self.versions.get(id).map_or(&[][..], Vec::as_slice);
        match versions.iter().position(|seen| *seen == version) {
            Some(at) => (at + 1).to_string(),
            None if version == 0 => "0".to_owned(),
            None => format!("{version}, which is not one of {versions:?}"),
        }
    }

    /// The place of a new version, which has to be greater than all before.
    fn new_version(&mut self, id: Id, version: u64) -> String {
        let versions = self.versions.entry(id).or_default();
        if versions.last().is_some_and(|last| *last >= version) {
            return format!("{version}, after {versions:?}");
        }
        versions.push(version);
        versions.len().to_string()
    }

    /// The place of a position among those that the topic had.
    fn at(&self, topic: Topic, position: Position) -> usize {
        let positions = self.positions.get(topic).map_or(&[][..], Vec::as_slice);
        positions.iter().position(|seen| *seen == position).map_or(usize::MAX, |at| at + 1)
    }

    async fn swap(&mut self, id: Id, asked: Version, value: &str) -> Result<String, Error> {
        let versions = self.versions.get(id).map_or(&[][..], Vec::as_slice);
        let asked = match asked {
            Version::Zero => 0,
            Version::Back(back) => versions.iter().rev().nth(back).copied().unwrap_or(0),
        };
        Ok(match self.channels(false).compare_and_set_state(id, asked, value).await? {
            Swap::Swapped(version) => self.new_version(id, version),
            Swap::Stale(now) => format!("stale {}", self.nth(id, now)),
        })
    }

    async fn of_channels(&mut self, step: &Step) -> Result<String, Error> {
        let c = self.channels(matches!(step, Step::Touch { brief: true, .. }));
        let done = |()| "done".to_owned();
        Ok(match step {
            Step::Add { id, user, brief } => {
                self.channels(*brief).add(id, "{}", *user).await.map(done)?
            }
            Step::Get(id) => format!("{:?}", c.get(id).await?.user),
            Step::Remove(ids) => c.remove(&owned(ids)).await?.to_string(),
            Step::Close(id) => c.disconnect(id, 1000, "").await.map(done)?,
            Step::SetUser(id, user) => c.set_user(id, *user).await.map(done)?,
            Step::State(id) => {
                let state = c.state(id).await?;
                format!("{} {:?}", self.nth(id, state.version), state.value)
            }
            Step::SetState(id, value) => {
                let version = c.set_state(id, *value).await?;
                self.new_version(id, version)
            }
            Step::Swap(id, asked, value) => self.swap(id, *asked, value).await?,
            Step::Touch { ids, .. } => format!("{:?}", c.touch(&owned(ids)).await?),
            Step::List { user, limit } => {
                pages(async |cursor| c.list(*user, cursor, *limit).await).await?
            }
            Step::Send(id) => c.send(id, &text("m")).await?.to_string(),
            of_hub => unreachable!("{of_hub:?}"),
        })
    }

    async fn publish(
        &mut self,
        topic: Topic,
        said: &str,
        keep: Option<Keep>,
    ) -> Result<String, hub::Error> {
        let keep = keep.map(|keep| hub::Keep { messages: keep.messages, ttl: ttl(keep.brief) });
        let Some(position) = self.bus().publish(topic, &text(said), None, keep).await? else {
            return Ok("not kept".to_owned());
        };
        let positions = self.positions.entry(topic).or_default();
        if positions.contains(&position) {
            return Ok(format!("{position}, again"));
        }
        positions.push(position);
        Ok(positions.len().to_string())
    }

    async fn history(&self, topic: Topic, since: Since, limit: u32) -> Result<String, hub::Error> {
        let of = |topic| self.positions.get(topic).map_or(&[][..], Vec::as_slice);
        let since = match since {
            Since::Start => None,
            Since::Back(back) => of(topic).iter().rev().nth(back),
            Since::Other(other) if other == topic => None,
            Since::Other(other) => of(other).first(),
        };
        let since = since.map(ToString::to_string);
        let found = self.bus().history(topic, since.as_deref(), limit).await?;
        let page = found.messages.into_iter().map(|kept| match kept.message {
            Message::Text(text) => (self.at(topic, kept.position.unwrap()), text),
            Message::Binary(bytes) => panic!("{bytes:?}"),
        });
        let page: Vec<_> = page.collect();
        let at = found.position.map(|position| self.at(topic, position));
        Ok(format!("complete {}, more {}, at {at:?}: {page:?}", found.complete, found.more))
    }

    async fn of_hub(&mut self, step: &Step) -> Result<String, hub::Error> {
        let b = self.bus();
        Ok(match step {
            Step::Subscribe(topic, id) => b.subscribe(topic, id, None).await?.to_string(),
            Step::Unsubscribe(topic, id) => b.unsubscribe(topic, id).await?.to_string(),
            Step::Topics(id) => {
                let topics = b.topics(id).await?;
                if topics.is_sorted() {
                    format!("{:?}", topics.into_iter().collect::<BTreeSet<_>>())
                } else {
                    format!("not in order: {topics:?}")
                }
            }
            Step::Members { topic, limit } => {
                pages(async |cursor| b.members(topic, cursor, *limit).await).await?
            }
            Step::Publish { topic, said, keep } => self.publish(topic, said, *keep).await?,
            Step::History { topic, since, limit } => self.history(topic, *since, *limit).await?,
            of_channels => unreachable!("{of_channels:?}"),
        })
    }
}

fn ttl(brief: bool) -> Duration {
    if brief { BRIEF } else { LONG }
}

fn owned(ids: &[Id]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// All entries of a list, in the order of their ids; one that is there twice is so
/// here too.
async fn pages<E>(page: impl AsyncFn(Option<&str>) -> Result<Page, E>) -> Result<String, E> {
    let (mut entries, mut cursor) = (Vec::new(), None);
    loop {
        let next = page(cursor.as_deref()).await?;
        entries.extend(next.entries);
        cursor = next.next;
        if cursor.is_none() {
            entries.sort();
            return Ok(format!("{entries:?}"));
        }
    }
}

impl Subject<Step> for Real<'_> {
    async fn apply(&mut self, step: &Step) -> String {
        self.turn += 1;
        let said = match step {
            Step::Subscribe(..)
            | Step::Unsubscribe(..)
            | Step::Topics(_)
            | Step::Members { .. }
            | Step::Publish { .. }
            | Step::History { .. } => self.of_hub(step).await.map_err(|err| match err {
                hub::Error::NotFound => "not found".to_owned(),
                err => format!("{err:?}"),
            }),
            _ => self.of_channels(step).await.map_err(|err| match err {
                Error::NotFound => "not found".to_owned(),
                Error::Exists => "exists".to_owned(),
                err => format!("{err:?}"),
            }),
        };
        if step.is_brief() {
            self.h.advance(BRIEF).await;
        }
        said.unwrap_or_else(|err| err)
    }
}
