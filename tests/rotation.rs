//! Rotation among hosts that go on, and in a process that is killed: whatever was
//! acknowledged opens.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader};
use std::pin::pin;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use satama::grant::{Grant, Shelf};
use satama::secret::{Actor, Error, Keyring, Keys, Secret, Value, Vault};
use satama::{Services, StoreUrl};
use satama_tests::{Gate, RedisServer, grant, keyring, local_key, lone_key};
use tempfile::TempDir;
use tokio::task::JoinSet;

/// A store that processes share.
enum Store {
    Redis(RedisServer),
    Sqlite(TempDir),
}

impl Store {
    fn address(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Sqlite(folder) => folder.path().join("satama.db").to_str().unwrap().to_owned(),
        }
    }

    async fn host(&self, ring: Keyring) -> Services {
        host_at(&self.address(), ring).await
    }
}

async fn host_at(address: &str, ring: Keyring) -> Services {
    let store: StoreUrl = address.parse().unwrap();
    let builder = Services::builder(store).deadline(Duration::from_secs(60));
    builder.keys(Keys::fixed(ring)).build().await.unwrap()
}

/// Keys 1 and 2, of which it writes with the first.
fn older() -> Keyring {
    let (name, key) = local_key("main", 2);
    keyring(1).with_key(name, key)
}

/// Runs each case on both stores, by name.
macro_rules! on_both_stores {
    ($($case:ident)*) => {
        mod redis {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(super::Store::Redis(super::RedisServer::start())).await;
                }
            )*
        }
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    super::$case(super::Store::Sqlite(tempfile::tempdir().unwrap())).await;
                }
            )*
        }
    };
}

on_both_stores! {
    a_rotation_that_is_killed_at_any_step_loses_nothing
    what_was_acknowledged_opens_whatever_went_on
}

fn actor() -> Actor {
    Actor { component: "stress".into(), digest: String::new(), instance: "1".into() }
}

/// One secret or credential of tenant `t`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    name: String,
    user: Option<&'static str>,
}

impl Place {
    fn shelf<'a>(&self, grant: &'a Grant) -> &'a Shelf {
        if self.user.is_some() { grant.credential() } else { grant.secret() }
    }

    async fn put(&self, vault: &Vault, value: &str) -> Result<u64, Error> {
        let value = Value::new(value.into());
        vault.put(self.shelf(&grant("t")), &self.name, self.user, &value, &actor()).await
    }

    async fn delete(&self, vault: &Vault) -> Result<bool, Error> {
        vault.delete(self.shelf(&grant("t")), &self.name, self.user, &actor()).await
    }

    async fn get(&self, vault: &Vault, version: Option<u64>) -> Result<Secret, Error> {
        vault.get(self.shelf(&grant("t")), &self.name, self.user, version, &actor()).await
    }

    /// The newest version and its value, if it is there.
    async fn value(&self, vault: &Vault) -> Option<(u64, String)> {
        self.value_at(vault, None).await
    }

    async fn value_at(&self, vault: &Vault, version: Option<u64>) -> Option<(u64, String)> {
        match self.get(vault, version).await {
            Ok(secret) => {
                let value = vault.reveal(&secret, &actor()).await.unwrap();
                Some((secret.version(), String::from_utf8(value).unwrap()))
            }
            Err(Error::NotFound) => None,
            Err(err) => panic!("{self:?}: {}", satama::chain(&err)),
        }
    }
}

/// Rotates all of tenant `t` with the keys of `vault`.
async fn rotate(vault: &Vault) -> u64 {
    let grant = grant("t");
    let scopes = [grant.secret(), grant.credential()].map(|shelf| shelf.scope().clone());
    let mut rotation = vault.rotation(scopes.to_vec(), actor()).unwrap();
    while rotation.step().await.unwrap() {}
    assert_eq!(rotation.so_far().failed, 0, "{:?}", rotation.so_far().failures);
    rotation.so_far().rewrapped
}

/// After each number of steps that it told of, wherever it is then in the next.
async fn a_rotation_that_is_killed_at_any_step_loses_nothing(store: Store) {
    let (old, both) = (store.host(keyring(1)).await, store.host(keyring(2)).await);
    let new = store.host(lone_key("main", 2)).await;
    let places: Vec<Place> = (0..40)
        .map(|n| Place { name: format!("s/{n}"), user: (n % 2 == 0).then_some("ann") })
        .collect();
    for told in 0.. {
        let mut all = BTreeMap::new();
        for place in &places {
            let value = format!("{told} {}", place.name);
            let version = place.put(old.secret(), &value).await.unwrap();
            all.insert(place, (version, value));
        }
        let mut process = Command::new(env!("CARGO_BIN_EXE_rotator"))
            .arg(store.address())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        assert_eq!(said.next().unwrap(), "ready");
        let steps: Vec<String> = said.by_ref().take(told).collect();
        process.kill().unwrap();
        process.wait().unwrap();
        for (place, expected) in &all {
            assert_eq!(place.value(both.secret()).await.as_ref(), Some(expected), "{place:?}");
        }
        rotate(both.secret()).await;
        for (place, expected) in &all {
            assert_eq!(place.value(new.secret()).await.as_ref(), Some(expected), "{place:?}");
        }
        if steps.iter().any(|said| said == "done") {
            assert!(told > 32, "each shard of both kinds is a step: {told}");
            break;
        }
    }
}

/// What a place may hold, as its only writer knows: of a call that was not answered, both.
#[derive(Debug, Clone)]
struct Known(BTreeSet<Option<String>>);

/// Calls of one writer. Each is asked of one host, so that what is not answered is done
/// before what is asked next, or never.
async fn write(hosts: Vec<Services>, place: Place, seed: u64) -> (Place, Known) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut known = Known(BTreeSet::from([None]));
    let vault = hosts[usize::try_from(seed).unwrap() % hosts.len()].secret();
    for n in 0..80 {
        let polls = if rng.random_ratio(1, 3) { rng.random_range(1..8) } else { usize::MAX };
        if rng.random_ratio(1, 4) {
            match within(polls, place.delete(vault)).await {
                Some(Ok(_)) => known.0 = BTreeSet::from([None]),
                None | Some(Err(Error::Unavailable(_))) => _ = known.0.insert(None),
                Some(Err(err)) => panic!("{err:?}"),
            }
            continue;
        }
        let value = format!("{} {n}", place.name);
        match within(polls, place.put(vault, &value)).await {
            Some(Ok(_)) => known.0 = BTreeSet::from([Some(value)]),
            None | Some(Err(Error::Unavailable(_))) => _ = known.0.insert(Some(value)),
            Some(Err(err)) => panic!("{err:?}"),
        }
    }
    (place, known)
}

/// What it gives if it is polled so often; else it is dropped in the middle.
async fn within<T>(polls: usize, call: impl Future<Output = T>) -> Option<T> {
    let (mut call, mut left) = (pin!(call), polls);
    let done = std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        call.as_mut().poll(cx).map(Some)
    });
    done.await
}

/// Reads until it is told to stop: versions only grow, and each is one value.
/// Meanwhile it makes the gate lose answers, if there is one.
async fn read(
    host: Services,
    places: Vec<Place>,
    stop: Arc<AtomicBool>,
    gate: Option<Arc<Gate>>,
) -> usize {
    let mut seen: BTreeMap<Place, (u64, String)> = BTreeMap::new();
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        for place in &places {
            let Some((version, value)) = place.value(host.secret()).await else { continue };
            assert!(value.starts_with(&place.name), "{place:?}: {value}");
            if let Some((last, same)) = seen.get(place) {
                assert!(version >= *last, "{place:?}: {version} after {last}");
                assert!(version > *last || value == *same, "{place:?}: {value}, was {same}");
            }
            seen.insert(place.clone(), (version, value));
            reads += 1;
            if let Some(gate) = gate.as_ref().filter(|_| reads % 50 == 0) {
                gate.lose_reply();
            }
        }
    }
    reads
}

async fn what_was_acknowledged_opens_whatever_went_on(store: Store) {
    let mut hosts = Vec::new();
    for ring in [older(), keyring(2), older()] {
        hosts.push(store.host(ring).await);
    }
    // On Redis one host loses answers with its connection, too.
    let gate = match &store {
        Store::Redis(server) => Some(Arc::new(Gate::new(server))),
        Store::Sqlite(_) => None,
    };
    if let Some(gate) = &gate {
        hosts.push(host_at(&gate.url(), keyring(2)).await);
    }
    let places: Vec<Place> = (0..8)
        .map(|n| Place { name: format!("s/{n}/"), user: [None, Some("ann"), Some("bob")][n % 3] })
        .collect();
    let stop = Arc::new(AtomicBool::new(false));
    let mut readers = JoinSet::new();
    let caching = Services::builder(store.address().parse().unwrap())
        .deadline(Duration::from_secs(60))
        .keys(Keys::fixed(keyring(2)))
        .secret_cache(Duration::from_secs(60));
    for host in [store.host(keyring(2)).await, caching.build().await.unwrap()] {
        readers.spawn(read(host, places.clone(), stop.clone(), gate.clone()));
    }
    // One that wraps anew, and one that wraps back.
    let mut rotations = JoinSet::new();
    for ring in [keyring(2), older()] {
        let (host, stop) = (store.host(ring).await, stop.clone());
        rotations.spawn(async move {
            let mut rewrapped = 0;
            while !stop.load(Ordering::Relaxed) {
                rewrapped += rotate(host.secret()).await;
            }
            rewrapped
        });
    }
    let mut writers = JoinSet::new();
    for (place, seed) in places.iter().zip(0..) {
        writers.spawn(write(hosts.clone(), place.clone(), seed));
    }
    let mut all = Vec::new();
    while let Some(done) = writers.join_next().await {
        all.push(done.unwrap());
    }
    stop.store(true, Ordering::Relaxed);
    assert!(readers.join_all().await.iter().all(|reads| *reads > 0));
    assert!(rotations.join_all().await.iter().sum::<u64>() > 0);

    let both = store.host(keyring(2)).await;
    rotate(both.secret()).await;
    let new = store.host(lone_key("main", 2)).await;
    for (place, known) in &all {
        check(new.secret(), place, known).await;
    }
    let retired = both.secret().retire(&"main/1".parse().unwrap()).await.unwrap();
    retired.unwrap();
}

/// That a place has what it may, all of it opens, and it is listed if it is there.
async fn check(vault: &Vault, place: &Place, Known(may_be): &Known) {
    let found = place.value(vault).await.map(|(_, value)| value);
    assert!(may_be.contains(&found), "{place:?} is {found:?}, not of {may_be:?}");
    let grant = grant("t");
    let shelf = place.shelf(&grant);
    if found.is_some() {
        let kept = vault.describe(shelf, &place.name, place.user).await.unwrap().versions;
        for version in kept {
            let value = place.value_at(vault, Some(version)).await.unwrap().1;
            assert!(value.starts_with(&place.name), "{place:?}: {value}");
        }
    }
    let listed = match place.user {
        None => vault.names(shelf, None, 100).await.unwrap(),
        Some(user) => vault.of_user(shelf, user, None, 100).await.unwrap(),
    };
    assert_eq!(listed.names.contains(&place.name), found.is_some(), "{place:?}");
}
