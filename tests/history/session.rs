//! Calls of a session store, and a model that answers them.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use satama::session::{Error, Expiry, Sessions, Swap};
use satama_tests::{Harness, grant, sessions};

use super::{BRIEF, LONG, Subject, one};

type Fields = Vec<(&'static str, &'static str)>;

/// With which expiry the store was opened. What is brief has expired by the next
/// step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Handle {
    slides: bool,
    brief: bool,
}

#[derive(Debug)]
pub(crate) enum Call {
    Get,
    Replace(Fields),
    Update(Fields),
    Remove(Vec<&'static str>),
    Clear,
    Swap(Version, Fields),
}

/// Which version a swap asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    Zero,
    /// Of all that the id ever had, this one, counted from the last.
    Back(usize),
}

#[derive(Debug)]
pub(crate) struct Step {
    id: &'static str,
    handle: Handle,
    call: Call,
}

const IDS: [&str; 3] = ["a", "", "a:b"];
const NAMES: [&str; 4] = ["x", "y", "", "\0"];
const VALUES: [&str; 4] = ["1", "\"longer than one\"", "null", "[]"];

pub(crate) fn draw(rng: &mut StdRng) -> Step {
    let handle = Handle { slides: rng.random(), brief: rng.random_ratio(1, 8) };
    let fields = |rng: &mut StdRng| {
        (0..rng.random_range(0..4)).map(|_| (one(rng, &NAMES), one(rng, &VALUES))).collect()
    };
    let call = match rng.random_range(0..12) {
        0..3 => Call::Get,
        3 => Call::Replace(fields(rng)),
        4..7 => Call::Update(fields(rng)),
        7 => Call::Remove((0..2).map(|_| one(rng, &NAMES)).collect()),
        8 => Call::Clear,
        9 => Call::Swap(Version::Zero, fields(rng)),
        _ => Call::Swap(Version::Back(rng.random_range(0..2)), fields(rng)),
    };
    Step { id: one(rng, &IDS), handle, call }
}

/// The contract, as plain as it can be. It counts versions: the first that an id has
/// is 1, and no session has 0.
#[derive(Default)]
pub(crate) struct Model {
    sessions: BTreeMap<&'static str, Live>,
    versions: BTreeMap<&'static str, usize>,
}

struct Live {
    fields: BTreeMap<&'static str, &'static str>,
    version: usize,
    brief: bool,
}

impl Model {
    /// The session after a write, with a new version.
    fn written(&mut self, step: &Step) -> (&mut Live, usize) {
        let version = self.versions.entry(step.id).or_insert(0);
        *version += 1;
        let brief = step.handle.brief;
        let live = self.sessions.entry(step.id).or_insert_with(|| Live {
            fields: BTreeMap::new(),
            version: 0,
            brief,
        });
        live.version = *version;
        if step.handle.slides {
            live.brief = brief;
        }
        (live, *version)
    }

    fn version(&self, id: &str) -> usize {
        self.sessions.get(id).map_or(0, |live| live.version)
    }
}

impl Subject<Step> for Model {
    async fn apply(&mut self, step: &Step) -> String {
        let said = match &step.call {
            Call::Get => match self.sessions.get_mut(step.id) {
                None => "none".to_owned(),
                Some(live) => {
                    if step.handle.slides {
                        live.brief = step.handle.brief;
                    }
                    format!("{} {:?}", live.version, live.fields)
                }
            },
            Call::Replace(fields) => {
                let (live, version) = self.written(step);
                live.fields = fields.iter().copied().collect();
                version.to_string()
            }
            Call::Update(fields) => {
                let (live, version) = self.written(step);
                live.fields.extend(fields.iter().copied());
                version.to_string()
            }
            Call::Remove(names) if self.sessions.contains_key(step.id) => {
                let (live, version) = self.written(step);
                live.fields.retain(|name, _| !names.contains(name));
                version.to_string()
            }
            Call::Remove(_) => "0".to_owned(),
            Call::Clear => self.sessions.remove(step.id).is_some().to_string(),
            Call::Swap(asked, fields) => {
                let last = self.versions.get(step.id).copied().unwrap_or(0);
                let asked = match asked {
                    Version::Zero => 0,
                    Version::Back(back) => last.saturating_sub(*back),
                };
                let now = self.version(step.id);
                if asked == now {
                    let (live, version) = self.written(step);
                    live.fields = fields.iter().copied().collect();
                    version.to_string()
                } else {
                    format!("stale {now}")
                }
            }
        };
        if step.handle.brief {
            self.sessions.retain(|_, live| !live.brief);
        }
        said
    }
}

/// A store, used by two hosts in turn.
pub(crate) struct Real<'a> {
    h: &'a Harness,
    hosts: [satama::Services; 2],
    turn: usize,
    /// The versions that each id had, in their order.
    versions: BTreeMap<&'static str, Vec<u64>>,
}

impl<'a> Real<'a> {
    pub(crate) async fn new(h: &'a Harness) -> Self {
        let hosts = [h.services.clone(), h.other_host().await];
        Self { h, hosts, turn: 0, versions: BTreeMap::new() }
    }

    fn open(&self, handle: Handle) -> Sessions {
        let ttl = if handle.brief { BRIEF } else { LONG };
        let expiry = if handle.slides { Expiry::Sliding(ttl) } else { Expiry::Fixed(ttl) };
        sessions(&self.hosts[self.turn % 2], &grant("t"), "s", expiry)
    }

    /// The place of a version among those that the id had.
    fn nth(&self, id: &str, version: u64) -> String {
        let versions = self.versions.get(id).map_or(&[][..], Vec::as_slice);
        match versions.iter().position(|seen| *seen == version) {
            Some(at) => (at + 1).to_string(),
            None if version == 0 => "0".to_owned(),
            None => format!("{version}, which is not one of {versions:?}"),
        }
    }

    /// The place of a new version, which has to be greater than all before.
    fn new_version(&mut self, id: &'static str, version: u64) -> String {
        let versions = self.versions.entry(id).or_default();
        if versions.last().is_some_and(|last| *last >= version) {
            return format!("{version}, after {versions:?}");
        }
        versions.push(version);
        versions.len().to_string()
    }
}

fn owned(fields: &Fields) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

impl Subject<Step> for Real<'_> {
    async fn apply(&mut self, step: &Step) -> String {
        self.turn += 1;
        let id = step.id;
        let s = self.open(step.handle);
        let said = async {
            Ok::<_, Error>(match &step.call {
                Call::Get => match s.get(id).await? {
                    None => "none".to_owned(),
                    Some(found) => format!("{} {:?}", self.nth(id, found.version), found.fields),
                },
                Call::Replace(fields) => {
                    let version = s.replace(id, owned(fields)).await?;
                    self.new_version(id, version)
                }
                Call::Update(fields) => {
                    let version = s.update(id, owned(fields)).await?;
                    self.new_version(id, version)
                }
                Call::Remove(names) => {
                    let names: Vec<_> = names.iter().map(ToString::to_string).collect();
                    match s.remove(id, &names).await? {
                        0 => "0".to_owned(),
                        version => self.new_version(id, version),
                    }
                }
                Call::Clear => s.clear(id).await?.to_string(),
                Call::Swap(asked, fields) => {
                    let versions = self.versions.get(id).map_or(&[][..], Vec::as_slice);
                    let asked = match asked {
                        Version::Zero => 0,
                        Version::Back(back) => {
                            versions.iter().rev().nth(*back).copied().unwrap_or(0)
                        }
                    };
                    match s.compare_and_set(id, asked, owned(fields)).await? {
                        Swap::Swapped(version) => self.new_version(id, version),
                        Swap::Stale(now) => format!("stale {}", self.nth(id, now)),
                    }
                }
            })
        };
        let said = said.await.unwrap_or_else(|err| format!("{err:?}"));
        // A real clock moves by itself between two calls.
        let passed = if step.handle.brief { BRIEF } else { Duration::ZERO };
        self.h.advance(passed.max(self.h.moment())).await;
        said
    }
}
