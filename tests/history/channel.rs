//! Calls of channels and of their hub, and what is drawn of them.

#[path = "channel/real.rs"]
mod real;

use std::collections::{BTreeMap, BTreeSet};

use rand::RngExt as _;
use rand::rngs::StdRng;

pub(crate) use self::real::Real;
use super::{Subject, one};

type User = Option<&'static str>;
type Id = &'static str;
type Topic = &'static str;

#[derive(Debug)]
pub(crate) enum Step {
    Add {
        id: Id,
        user: User,
        /// It has ended by the next step.
        brief: bool,
    },
    Get(Id),
    Remove(Vec<Id>),
    Close(Id),
    SetUser(Id, User),
    State(Id),
    SetState(Id, Option<&'static str>),
    Swap(Id, Version, &'static str),
    Touch {
        ids: Vec<Id>,
        brief: bool,
    },
    List {
        user: User,
        limit: u32,
    },
    Send(Id),
    Subscribe(Topic, Id),
    Unsubscribe(Topic, Id),
    Topics(Id),
    Members {
        topic: Topic,
        limit: u32,
    },
    Publish {
        topic: Topic,
        said: &'static str,
        keep: Option<Keep>,
    },
    History {
        topic: Topic,
        since: Since,
        limit: u32,
    },
}

/// Which version a swap asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    Zero,
    /// Of all that the id ever had, this one, counted from the last.
    Back(usize),
}

/// How many messages are kept; what is brief is forgotten by the next step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keep {
    pub(crate) messages: u32,
    pub(crate) brief: bool,
}

/// From where history is read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Since {
    Start,
    /// A position of the topic, counted from the last; or the start.
    Back(usize),
    /// The first position of another topic; or the start.
    Other(Topic),
}

/// Few, so that calls meet.
const IDS: [Id; 5] = ["a", "b", "", "a:b", "\0"];
const USERS: [User; 4] = [None, Some("ann"), Some("bob"), Some("")];
const TOPICS: [Topic; 3] = ["t", "", "t:u"];
const VALUES: [&str; 3] = ["1", "null", "\"longer than one\""];
const LIMITS: [u32; 3] = [1, 2, 1_000];

pub(crate) fn draw(rng: &mut StdRng) -> Step {
    let (id, topic, user) = (one(rng, &IDS), one(rng, &TOPICS), one(rng, &USERS));
    let (value, limit) = (one(rng, &VALUES), one(rng, &LIMITS));
    let brief = rng.random_ratio(1, 8);
    let some = |rng: &mut StdRng| (0..rng.random_range(0..4)).map(|_| one(rng, &IDS)).collect();
    let keep = Keep { messages: rng.random_range(1..5), brief };
    let back = rng.random_range(0..5);
    match rng.random_range(0..32) {
        0..5 => Step::Add { id, user, brief },
        5 => Step::Get(id),
        6 => Step::Remove(some(rng)),
        7 => Step::Close(id),
        8..10 => Step::SetUser(id, user),
        10 => Step::State(id),
        11..13 => Step::SetState(id, rng.random_ratio(2, 3).then_some(value)),
        13 => Step::Swap(id, Version::Zero, value),
        14 => Step::Swap(id, Version::Back(back % 2), value),
        15 => Step::Touch { ids: some(rng), brief },
        16..18 => Step::List { user, limit },
        18 => Step::Send(id),
        19..23 => Step::Subscribe(topic, id),
        23 => Step::Unsubscribe(topic, id),
        24 => Step::Topics(id),
        25..27 => Step::Members { topic, limit },
        27..30 => {
            Step::Publish { topic, said: value, keep: rng.random_ratio(1, 3).then_some(keep) }
        }
        30 => Step::History { topic, since: Since::Back(back), limit: limit.min(100) },
        _ if back == 0 => {
            Step::History { topic, since: Since::Other(one(rng, &TOPICS)), limit: 100 }
        }
        _ => Step::History { topic, since: Since::Start, limit: limit.min(3) - 1 },
    }
}

impl Step {
    /// Whether something may be brief, so that time has to pass. A topic goes on with
    /// the time that was said last.
    pub(crate) fn is_brief(&self) -> bool {
        match self {
            Self::Add { brief, .. } | Self::Touch { brief, .. } => *brief,
            Self::Publish { .. } => true,
            _ => false,
        }
    }
}

/// The contract, as plain as it can be. It counts versions: the first that an id has
/// is 1; and so it does positions.
#[derive(Default)]
pub(crate) struct Model {
    channels: BTreeMap<Id, Live>,
    versions: BTreeMap<Id, usize>,
    kept: BTreeMap<Topic, Kept>,
}

struct Live {
    user: User,
    version: usize,
    state: Option<&'static str>,
    topics: BTreeSet<Topic>,
    brief: bool,
}

struct Kept {
    last: usize,
    keep: Keep,
    messages: Vec<(usize, &'static str)>,
}

impl Model {
    fn change<T: ToString>(&mut self, id: Id, change: impl FnOnce(&mut Live) -> T) -> String {
        self.channels.get_mut(id).map_or("not found".to_owned(), |live| change(live).to_string())
    }

    /// What happens to a state that is written; none expected is any version.
    fn write(&mut self, id: Id, expected: Option<usize>, value: Option<&'static str>) -> String {
        let version = self.versions.entry(id).or_insert(0);
        let Some(live) = self.channels.get_mut(id) else { return "not found".to_owned() };
        if expected.is_some_and(|expected| expected != live.version) {
            return format!("stale {}", live.version);
        }
        *version += 1;
        (live.version, live.state) = (*version, value);
        version.to_string()
    }

    fn list(&self, listed: impl Fn(&Live) -> bool) -> String {
        let entries = self.channels.iter().filter(|(_, live)| listed(live));
        format!("{:?}", entries.map(|(id, live)| (*id, live.user)).collect::<Vec<_>>())
    }

    fn publish(&mut self, topic: Topic, said: &'static str, keep: Option<Keep>) -> String {
        let kept = match (self.kept.get_mut(topic), keep) {
            (None, None) => return "not kept".to_owned(),
            (None, Some(keep)) => {
                let new = Kept { last: 0, keep, messages: Vec::new() };
                self.kept.entry(topic).or_insert(new)
            }
            (Some(kept), keep) => {
                kept.keep = keep.unwrap_or(kept.keep);
                kept
            }
        };
        kept.last += 1;
        kept.messages.push((kept.last, said));
        let over = kept.messages.len().saturating_sub(kept.keep.messages as usize);
        kept.messages.drain(..over);
        if kept.keep.brief {
            kept.messages.clear();
        }
        kept.last.to_string()
    }

    fn history(&self, topic: Topic, since: Since, limit: u32) -> String {
        // None is a position that the topic does not have; zero is the start.
        let since = match since {
            Since::Start => Some(0),
            Since::Back(back) => {
                let last = self.kept.get(topic).map_or(0, |kept| kept.last);
                Some(last.saturating_sub(back))
            }
            Since::Other(other) if other == topic => Some(0),
            Since::Other(other) => self.kept.get(other).map_or(Some(0), |_| None),
        };
        let Some(kept) = self.kept.get(topic) else {
            return format!("complete {}, more false, at None: []", since == Some(0));
        };
        let complete = match since {
            None => false,
            Some(0) => kept.messages.first().is_some_and(|(at, _)| *at == 1),
            Some(since) => since == kept.last || kept.messages.iter().any(|(at, _)| *at == since),
        };
        let after = if complete { since.unwrap_or(0) } else { 0 };
        let left: Vec<_> = kept.messages.iter().filter(|(at, _)| *at > after).collect();
        let page: Vec<_> =
            left.iter().take(limit as usize).map(|(at, said)| (*at, *said)).collect();
        let at = page.last().map_or(kept.last, |(at, _)| *at);
        let more = page.len() < left.len();
        format!("complete {complete}, more {more}, at {:?}: {page:?}", Some(at))
    }

    fn remove(&mut self, ids: &[Id]) -> usize {
        ids.iter().filter(|id| self.channels.remove(*id).is_some()).count()
    }
}

impl Subject<Step> for Model {
    async fn apply(&mut self, step: &Step) -> String {
        let said = match step {
            Step::Add { id, .. } if self.channels.contains_key(id) => "exists".to_owned(),
            Step::Add { id, user, brief } => {
                let (user, brief, topics) = (*user, *brief, BTreeSet::new());
                let live = Live { user, version: 0, state: None, topics, brief };
                self.channels.insert(id, live);
                "done".to_owned()
            }
            Step::Get(id) => self.change(id, |live| format!("{:?}", live.user)),
            Step::Remove(ids) => self.remove(ids).to_string(),
            Step::Close(id) if self.remove(&[id]) == 1 => "done".to_owned(),
            Step::Close(_) => "not found".to_owned(),
            Step::SetUser(id, user) => self.change(id, |live| {
                live.user = *user;
                "done"
            }),
            Step::State(id) => self.change(id, |live| format!("{} {:?}", live.version, live.state)),
            Step::SetState(id, value) => self.write(id, None, *value),
            Step::Swap(id, asked, value) => {
                let last = self.versions.get(id).copied().unwrap_or(0);
                let asked = match asked {
                    Version::Zero => 0,
                    Version::Back(back) => last.saturating_sub(*back),
                };
                self.write(id, Some(asked), Some(value))
            }
            Step::Touch { ids, .. } => {
                let ended = ids.iter().filter(|id| !self.channels.contains_key(*id));
                format!("{:?}", ended.collect::<Vec<_>>())
            }
            Step::List { user, .. } => self.list(|live| user.is_none() || live.user == *user),
            Step::Send(id) => self.change(id, |_| false),
            Step::Subscribe(topic, id) => self.change(id, |live| live.topics.insert(topic)),
            Step::Unsubscribe(topic, id) => self.change(id, |live| live.topics.remove(topic)),
            Step::Topics(id) => self.change(id, |live| format!("{:?}", live.topics)),
            Step::Members { topic, .. } => self.list(|live| live.topics.contains(topic)),
            Step::Publish { topic, said, keep } => self.publish(topic, said, *keep),
            Step::History { topic, since, limit } => self.history(topic, *since, *limit),
        };
        if step.is_brief() {
            self.channels.retain(|_, live| !live.brief);
        }
        said
    }
}
