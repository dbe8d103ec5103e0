//! Calls of secrets and credentials, and a model that answers them.

use std::collections::BTreeMap;

use rand::RngExt as _;
use rand::rngs::StdRng;
use satama::Services;
use satama::grant::{Grant, Names, SecretGrant, Shelf};
use satama::secret::{Actor, Error, Keys, Secret, Value, Vault};
use satama_tests::{Harness, grant, keyring};

use super::{Subject, one};

/// What a call is about: a tenant's secret, or a credential of a user of that tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    tenant: &'static str,
    user: Option<&'static str>,
    name: &'static str,
}

#[derive(Debug)]
pub(crate) enum Call {
    /// The newest version, or of all that the place ever had this one, counted from the last.
    Get(Option<usize>),
    GetMany(Vec<&'static str>),
    Describe,
    Put(&'static str),
    Delete,
    /// The names after a place, at most so many.
    Names(Option<&'static str>, u32),
    Users(u32),
    Rotate,
}

#[derive(Debug)]
pub(crate) struct Step {
    place: Place,
    /// How many versions are kept, and whether the caller may read little.
    keep: u32,
    few: bool,
    call: Call,
}

const TENANTS: [&str; 2] = ["t", "t2"];
const USERS: [Option<&str>; 4] = [None, None, Some("ann"), Some("a/b")];
const NAMES: [&str; 5] = ["a", "a/b", "b", "c", "no name"];
const VALUES: [&str; 3] = ["", "1", "longer than one"];

pub(crate) fn draw(rng: &mut StdRng) -> Step {
    let place =
        Place { tenant: one(rng, &TENANTS), user: one(rng, &USERS), name: one(rng, &NAMES) };
    let call = match rng.random_range(0..20) {
        0..3 => Call::Get(None),
        3..5 => Call::Get(Some(rng.random_range(0..4))),
        5 => Call::GetMany((0..3).map(|_| one(rng, &NAMES)).collect()),
        6..8 => Call::Describe,
        8..13 => Call::Put(one(rng, &VALUES)),
        13..15 => Call::Delete,
        15..17 => Call::Names(one(rng, &[None, Some("a"), Some("b")]), one(rng, &[1, 2, 100])),
        17 => Call::Users(one(rng, &[1, 100])),
        _ => Call::Rotate,
    };
    Step { place, keep: one(rng, &[1, 3]), few: rng.random_ratio(1, 8), call }
}

/// The contract, as plain as it can be. It counts versions: the first that a place has
/// is 1, and no version comes again.
#[derive(Default)]
pub(crate) struct Model {
    /// Those that are kept, with their values.
    kept: BTreeMap<Place, BTreeMap<usize, &'static str>>,
    first: BTreeMap<Place, usize>,
    last: BTreeMap<Place, usize>,
}

fn may_read(step: &Step, name: &str) -> bool {
    (!step.few || name.starts_with("a/")) && name != "no name"
}

impl Model {
    fn get(&self, step: &Step, place: &Place, version: Option<usize>) -> String {
        if !may_read(step, place.name) {
            return "hidden".to_owned();
        }
        let kept = self.kept.get(place);
        let found = match version {
            None => kept.and_then(BTreeMap::last_key_value),
            Some(back) => {
                let last = self.last.get(place).copied().unwrap_or(0);
                kept.and_then(|kept| kept.get_key_value(&last.saturating_sub(back)))
            }
        };
        found.map_or("none".to_owned(), |(version, value)| format!("{version} {value:?}"))
    }

    fn page(&self, step: &Step, after: Option<&str>, limit: u32) -> Vec<&'static str> {
        let of = |place: &&Place| {
            (place.tenant, place.user) == (step.place.tenant, step.place.user)
                && after.is_none_or(|after| place.name > after)
                && may_read(step, place.name)
        };
        let names = self.kept.keys().filter(of).map(|place| place.name);
        names.take(limit as usize).collect()
    }
}

impl Subject<Step> for Model {
    async fn apply(&mut self, step: &Step) -> String {
        let place = step.place;
        match &step.call {
            Call::Get(version) => self.get(step, &place, *version),
            Call::GetMany(names) => {
                let at = |name: &&'static str| Place { user: None, name, ..place };
                let got = names.iter().map(|name| self.get(step, &at(name), None));
                let got: Vec<_> = got.map(|got| got.replace("hidden", "none")).collect();
                format!("{got:?}")
            }
            Call::Describe if !may_read(step, place.name) => "hidden".to_owned(),
            Call::Describe => match self.kept.get(&place) {
                None => "none".to_owned(),
                Some(kept) => format!("{:?}", kept.keys().collect::<Vec<_>>()),
            },
            Call::Put(_) if place.name == "no name" => "no name".to_owned(),
            Call::Put(value) => {
                let last = self.last.entry(place).or_insert(0);
                *last += 1;
                let kept = self.kept.entry(place).or_default();
                kept.insert(*last, value);
                while kept.len() > step.keep as usize {
                    kept.pop_first();
                }
                self.first.entry(place).or_insert(*last);
                last.to_string()
            }
            Call::Delete if place.name == "no name" => "denied".to_owned(),
            Call::Delete => {
                self.first.remove(&place);
                self.kept.remove(&place).is_some().to_string()
            }
            Call::Names(after, limit) => format!("{:?}", self.page(step, *after, *limit)),
            Call::Users(limit) => {
                let of = |at: &&Place| (at.tenant, at.name) == (place.tenant, place.name);
                let users = self.kept.keys().filter(of).filter_map(|at| at.user);
                let mut users: Vec<_> = users.filter(|_| may_read(step, place.name)).collect();
                users.sort_unstable();
                users.truncate(*limit as usize);
                format!("{users:?}")
            }
            Call::Rotate => "rotated".to_owned(),
        }
    }
}

/// A store, used by hosts in turn: of an old key and a new one, or of the new one first;
/// one of them keeps what it decrypted.
pub(crate) struct Real {
    hosts: Vec<Services>,
    turn: usize,
    /// The versions that each place had, in their order.
    versions: BTreeMap<Place, Vec<u64>>,
}

impl Real {
    pub(crate) async fn new(h: &Harness) -> Self {
        let keys = |ring| h.builder().keys(Keys::fixed(ring));
        // It knows the newer key, and writes with the older one.
        let (name, newer) = satama_tests::local_key("main", 2);
        let older = keys(keyring(1).with_key(name, newer));
        let builders = [older, keys(keyring(2)), keys(keyring(2)).secret_cache(super::LONG)];
        let mut hosts = Vec::new();
        for builder in builders {
            hosts.push(builder.build().await.unwrap());
        }
        Self { hosts, turn: 0, versions: BTreeMap::new() }
    }

    /// The place of a version among those that `at` had.
    fn nth(&self, at: &Place, version: u64) -> String {
        let versions = self.versions.get(at).map_or(&[][..], Vec::as_slice);
        match versions.iter().position(|seen| *seen == version) {
            Some(at) => (at + 1).to_string(),
            None => format!("{version}, which is not one of {versions:?}"),
        }
    }

    async fn shown(
        &self,
        vault: &Vault,
        at: &Place,
        got: Result<Secret, Error>,
    ) -> Result<String, Error> {
        match got {
            Ok(secret) => {
                let value = vault.reveal(&secret, &actor()).await?;
                let value = String::from_utf8(value).unwrap();
                Ok(format!("{} {value:?}", self.nth(at, secret.version())))
            }
            Err(Error::NotFound) => Ok("none".to_owned()),
            Err(Error::Hidden(_)) => Ok("hidden".to_owned()),
            Err(err) => Err(err),
        }
    }

    async fn said(&mut self, step: &Step) -> Result<String, Error> {
        self.turn += 1;
        let services = self.hosts[self.turn % self.hosts.len()].clone();
        let (vault, at, actor) = (services.secret(), step.place, &actor());
        let (grant, name, user) = (granted(step), at.name, at.user);
        let shelf: &Shelf = if user.is_some() { grant.credential() } else { grant.secret() };
        Ok(match &step.call {
            Call::Get(version) => {
                let versions = self.versions.get(&at).map_or(&[][..], Vec::as_slice);
                let nth = |back: usize| versions.iter().rev().nth(back).copied().unwrap_or(7);
                let got = vault.get(shelf, name, user, version.map(nth), actor).await;
                self.shown(vault, &at, got).await?
            }
            Call::GetMany(names) => {
                let asked: Vec<_> = names.iter().map(ToString::to_string).collect();
                let mut all = Vec::new();
                let got = vault.get_many(grant.secret(), &asked, actor).await?;
                for (name, got) in names.iter().zip(got) {
                    let at = Place { user: None, name, ..at };
                    all.push(self.shown(vault, &at, got.ok_or(Error::NotFound)).await?);
                }
                format!("{all:?}")
            }
            Call::Describe => match vault.describe(shelf, name, user).await {
                Ok(known) => {
                    assert_eq!(known.versions.last(), Some(&known.version));
                    let nth = known.versions.iter().map(|version| self.nth(&at, *version));
                    format!("[{}]", nth.collect::<Vec<_>>().join(", "))
                }
                Err(err) => self.shown(vault, &at, Err(err)).await?,
            },
            Call::Put(value) => {
                let value = Value::new(value.as_bytes().to_vec());
                match vault.put(shelf, name, user, &value, actor).await {
                    Err(Error::InvalidName(_)) => "no name".to_owned(),
                    done => self.new_version(at, done?),
                }
            }
            Call::Delete => match vault.delete(shelf, name, user, actor).await {
                Err(Error::Refused(_)) => "denied".to_owned(),
                done => done?.to_string(),
            },
            Call::Names(after, limit) => {
                let page = match user {
                    None => vault.names(shelf, *after, *limit).await?,
                    Some(user) => vault.of_user(shelf, user, *after, *limit).await?,
                };
                format!("{:?}", page.names)
            }
            Call::Users(limit) => {
                let page = vault.users(grant.credential(), name, None, *limit).await?;
                format!("{:?}", page.names)
            }
            Call::Rotate => {
                let mut rotation = vault.rotation(vec![shelf.scope().clone()], actor.clone())?;
                while rotation.step().await? {}
                assert_eq!(rotation.so_far().failed, 0);
                "rotated".to_owned()
            }
        })
    }

    /// The place of a new version, which has to be greater than all before it.
    fn new_version(&mut self, at: Place, version: u64) -> String {
        let versions = self.versions.entry(at).or_default();
        if versions.last().is_some_and(|last| *last >= version) {
            return format!("{version}, after {versions:?}");
        }
        versions.push(version);
        versions.len().to_string()
    }
}

fn actor() -> Actor {
    Actor { component: "history".into(), digest: String::new(), instance: "1".into() }
}

fn granted(step: &Step) -> Grant {
    let every = || Names::new(["*"]).unwrap();
    let read = if step.few { Names::new(["a/*"]).unwrap() } else { every() };
    let granted = SecretGrant { read, reveal: every(), write: every(), keep: Some(step.keep) };
    grant(step.place.tenant).with_secret(granted.clone()).with_credential(granted)
}

impl Subject<Step> for Real {
    async fn apply(&mut self, step: &Step) -> String {
        self.said(step).await.unwrap_or_else(|err| satama::chain(&err))
    }
}
