//! Calls of a bucket, and a model that answers them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use satama::cache::{Bucket, Claim, Entry, Error, Filled};
use satama_tests::{Harness, bucket, grant};

use super::{BRIEF, LONG, Subject, one};

type Group = Option<&'static str>;

/// A value to set. What is brief has expired by the next step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Value {
    key: &'static str,
    value: &'static str,
    group: Group,
    brief: bool,
}

#[derive(Debug)]
pub(crate) enum Step {
    Get(&'static str),
    GetMany(Vec<&'static str>),
    IsLive(&'static str),
    Set(Value),
    SetMany(Vec<Value>),
    SetIfAbsent(Value),
    Delete(&'static str),
    Add(Value, i64),
    Invalidate(Group),
    Claim {
        key: &'static str,
        group: Group,
        brief: bool,
    },
    /// One of the claims that were given, counted from the last.
    Complete {
        back: usize,
        value: &'static str,
        brief: bool,
    },
    /// The last claim that was given.
    GiveUp,
}

/// Few, so that calls meet. The first four are of one shard, so that they share
/// their generations.
const KEYS: [&str; 6] = ["a", "gb", "{y}", "{9}", "", "\0"];
const GROUPS: [Group; 5] = [None, None, Some("g"), Some("h"), Some("")];
const VALUES: [&str; 7] = ["1", "-7", "007", "text", "", "9007199254740991", "+5"];
const DELTAS: [i64; 6] = [1, 1, -1, (1 << 53) - 1, 1 - (1 << 53), i64::MIN];

/// One call; in a history without groups, a store may read in a cheaper way.
pub(crate) fn draw(rng: &mut StdRng, grouped: bool) -> Step {
    let key = one(rng, &KEYS);
    let any_group = |rng: &mut StdRng| if grouped { one(rng, &GROUPS) } else { None };
    let group = any_group(rng);
    let brief = rng.random_ratio(1, 6);
    let value = one(rng, &VALUES);
    let set = Value { key, value, group, brief };
    let back = rng.random_range(0..4);
    match rng.random_range(0..21) {
        0..4 => Step::Get(key),
        4 => Step::GetMany((0..5).map(|_| one(rng, &KEYS)).collect()),
        5 => Step::IsLive(key),
        6..9 => Step::Set(set),
        9 => {
            let more = (0..3).map(|_| Value { key: one(rng, &KEYS), group: any_group(rng), ..set });
            let mut batch: Vec<_> = more.collect();
            batch.push(Value { brief: !brief, ..set });
            Step::SetMany(batch)
        }
        10 => Step::SetIfAbsent(set),
        11 | 20 => Step::Delete(key),
        12..14 => Step::Add(set, one(rng, &DELTAS)),
        14 => Step::Invalidate(group),
        15..18 => Step::Claim { key, group, brief },
        18 => Step::Complete { back, value, brief },
        _ if back == 0 => Step::GiveUp,
        _ => Step::Complete { back, value, brief },
    }
}

impl Step {
    /// Whether something is set briefly, so that time has to pass.
    fn is_brief(&self) -> bool {
        match self {
            Self::Set(value) | Self::SetIfAbsent(value) | Self::Add(value, _) => value.brief,
            Self::SetMany(values) => values.iter().any(|value| value.brief),
            Self::Claim { brief, .. } | Self::Complete { brief, .. } => *brief,
            _ => false,
        }
    }
}

/// The contract, as plain as it can be.
#[derive(Default)]
pub(crate) struct Model {
    entries: BTreeMap<&'static str, Live>,
    /// By key, the number of the claim that holds.
    claims: BTreeMap<&'static str, (usize, Live)>,
    /// The keys of all claims that were given.
    given: Vec<&'static str>,
}

#[derive(Clone)]
struct Live {
    value: String,
    group: Group,
    brief: bool,
}

impl Model {
    fn set(&mut self, value: Value) {
        let Value { key, value, group, brief } = value;
        self.entries.insert(key, Live { value: value.to_owned(), group, brief });
        self.claims.remove(key);
    }

    fn value(&self, key: &str) -> Option<String> {
        self.entries.get(key).map(|live| live.value.clone())
    }

    fn add(&mut self, new: Value, delta: i64) -> Option<i64> {
        let counts = |n: &i64| n.unsigned_abs() < 1 << 53;
        Some(delta).filter(counts)?;
        let Some(live) = self.entries.get_mut(new.key) else {
            self.set(new);
            self.entries.get_mut(new.key).unwrap().value = delta.to_string();
            return Some(delta);
        };
        let count: i64 = live.value.parse().ok().filter(|n: &i64| n.to_string() == live.value)?;
        let sum = count.checked_add(delta).filter(counts)?;
        live.value = sum.to_string();
        Some(sum)
    }

    fn invalidate(&mut self, group: Group) {
        let stays = |live: &Live| group.is_some() && live.group != group;
        self.entries.retain(|_, live| stays(live));
        self.claims.retain(|_, (_, live)| stays(live));
    }

    fn claim(&mut self, key: &'static str, group: Group, brief: bool) -> String {
        if let Some(value) = self.value(key) {
            return format!("hit {value:?}");
        }
        if self.claims.contains_key(key) {
            return "busy".to_owned();
        }
        let claim = Live { value: String::new(), group, brief };
        self.claims.insert(key, (self.given.len(), claim));
        self.given.push(key);
        "claimed".to_owned()
    }

    /// The key of a claim, and its group if it still holds.
    fn held(&self, back: usize) -> Option<(&'static str, Option<Group>)> {
        let number = self.given.len().checked_sub(back + 1)?;
        let key = self.given[number];
        let holds = self.claims.get(key).filter(|(holder, _)| *holder == number);
        Some((key, holds.map(|(_, live)| live.group)))
    }
}

impl Subject<Step> for Model {
    async fn apply(&mut self, step: &Step) -> String {
        let said = match step {
            Step::Get(key) => format!("{:?}", self.value(key)),
            Step::GetMany(keys) => {
                format!("{:?}", keys.iter().map(|key| self.value(key)).collect::<Vec<_>>())
            }
            Step::IsLive(key) => self.entries.contains_key(key).to_string(),
            Step::Set(value) => {
                self.set(*value);
                "set".to_owned()
            }
            Step::SetMany(values) => {
                values.iter().for_each(|value| self.set(*value));
                "set".to_owned()
            }
            Step::SetIfAbsent(value) => {
                let absent = !self.entries.contains_key(value.key);
                if absent {
                    self.set(*value);
                }
                absent.to_string()
            }
            Step::Delete(key) => {
                self.claims.remove(key);
                self.entries.remove(key).is_some().to_string()
            }
            Step::Add(new, delta) => {
                self.add(*new, *delta).map_or("not a counter".to_owned(), |sum| sum.to_string())
            }
            Step::Invalidate(group) => {
                self.invalidate(*group);
                "done".to_owned()
            }
            Step::Claim { key, group, brief } => self.claim(key, *group, *brief),
            Step::Complete { back, value, brief } => match self.held(*back) {
                None => "no claim".to_owned(),
                Some((_, None)) => "lost".to_owned(),
                Some((key, Some(group))) => {
                    self.set(Value { key, value, group, brief: *brief });
                    "set".to_owned()
                }
            },
            Step::GiveUp => match self.held(0) {
                None => "no claim".to_owned(),
                Some((key, held)) => {
                    if held.is_some() {
                        self.claims.remove(key);
                    }
                    self.given.pop();
                    "done".to_owned()
                }
            },
        };
        if step.is_brief() {
            self.entries.retain(|_, live| !live.brief);
            self.claims.retain(|_, (_, live)| !live.brief);
        }
        said
    }
}

/// A store, used by two hosts in turn.
pub(crate) struct Real<'a> {
    h: &'a Harness,
    hosts: [Bucket; 2],
    turn: usize,
    given: Vec<Claim>,
}

impl<'a> Real<'a> {
    pub(crate) async fn new(h: &'a Harness) -> Self {
        let other = bucket(&h.other_host().await, &grant("t"), "b");
        let scope = grant("t").cache("b").unwrap();
        let shards: BTreeSet<u8> = KEYS[..4].iter().map(|key| scope.key(key).shard()).collect();
        assert_eq!(shards.len(), 1);
        Self { h, hosts: [h.bucket("b"), other], turn: 0, given: Vec::new() }
    }
}

fn ttl(brief: bool) -> Duration {
    if brief { BRIEF } else { LONG }
}

fn entry(value: &Value) -> Entry<'static> {
    let Value { key, value, group, brief } = *value;
    Entry { key, value: value.as_bytes(), ttl: ttl(brief), group }
}

fn text(value: Option<Vec<u8>>) -> Option<String> {
    value.map(|value| String::from_utf8(value).unwrap())
}

/// What was answered, or the name of the error.
fn say<T>(result: Result<T, Error>, said: impl Fn(T) -> String) -> String {
    match result {
        Ok(done) => said(done),
        Err(Error::NotACounter) => "not a counter".to_owned(),
        Err(Error::ClaimLost) => "lost".to_owned(),
        Err(err) => format!("{err:?}"),
    }
}

impl Subject<Step> for Real<'_> {
    async fn apply(&mut self, step: &Step) -> String {
        self.turn += 1;
        let b = &self.hosts[self.turn % 2];
        let last = self.given.len().wrapping_sub(1);
        let said = match step {
            Step::Get(key) => say(b.get(key).await, |value| format!("{:?}", text(value))),
            Step::GetMany(keys) => {
                let keys: Vec<_> = keys.iter().map(ToString::to_string).collect();
                say(b.get_many(&keys).await, |values| {
                    format!("{:?}", values.into_iter().map(text).collect::<Vec<_>>())
                })
            }
            Step::IsLive(key) => say(b.ttl(key).await, |ttl| ttl.is_some().to_string()),
            Step::Set(value) => say(b.set(entry(value)).await, |()| "set".to_owned()),
            Step::SetMany(values) => {
                let entries: Vec<_> = values.iter().map(entry).collect();
                say(b.set_many(&entries).await, |()| "set".to_owned())
            }
            Step::SetIfAbsent(value) => {
                say(b.set_if_absent(entry(value)).await, |set| set.to_string())
            }
            Step::Delete(key) => say(b.delete(key).await, |found| found.to_string()),
            Step::Add(new, delta) => say(b.add(entry(new), *delta).await, |sum| sum.to_string()),
            Step::Invalidate(group) => say(b.invalidate(*group).await, |()| "done".to_owned()),
            Step::Claim { key, group, brief } => {
                // Half the longest life of a claim: LONG is more than it may have.
                let ttl = if *brief { BRIEF } else { Duration::from_secs(150) };
                match b.fill(key, Duration::ZERO, ttl, *group).await {
                    Ok(Filled::Hit(value)) => format!("hit {:?}", text(Some(value)).unwrap()),
                    Ok(Filled::Busy) => "busy".to_owned(),
                    Ok(Filled::Claimed(claim)) => {
                        self.given.push(claim);
                        "claimed".to_owned()
                    }
                    Err(err) => format!("{err:?}"),
                }
            }
            Step::Complete { back, value, brief } => {
                match self.given.get_mut(last.wrapping_sub(*back)) {
                    None => "no claim".to_owned(),
                    Some(claim) => {
                        let done = claim.complete(value.as_bytes(), ttl(*brief)).await;
                        say(done, |()| "set".to_owned())
                    }
                }
            }
            Step::GiveUp => match self.given.pop() {
                None => "no claim".to_owned(),
                Some(claim) => say(claim.give_up().await, |()| "done".to_owned()),
            },
        };
        if step.is_brief() {
            self.h.advance(BRIEF).await;
        }
        said
    }
}
