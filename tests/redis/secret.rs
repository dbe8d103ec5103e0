//! Secrets on a Redis server: what they cost it, what is left there, and what it may do.

use std::collections::BTreeSet;

use redis::cmd;
use satama::grant::{Grant, Shelf};
use satama::secret::{Actor, Error, Keys, Secret, Upkeep as _, Value, Vault};
use satama::{chain, secret};
use satama_tests::{keyring, lone_key};

use super::cost::{assert_cost, cost};
use super::*;

fn actor() -> Actor {
    Actor { component: "c".into(), digest: String::new(), instance: "1".into() }
}

/// A vault, and the shelf that a call is about: what most calls here are made of.
struct At<'a> {
    vault: &'a Vault,
    shelf: &'a Shelf,
    user: Option<&'a str>,
}

impl<'a> At<'a> {
    fn secrets(services: &'a Services, grant: &'a Grant) -> Self {
        Self { vault: services.secret(), shelf: grant.secret(), user: None }
    }

    fn of(services: &'a Services, grant: &'a Grant, user: &'a str) -> Self {
        Self { vault: services.secret(), shelf: grant.credential(), user: Some(user) }
    }

    async fn put(&self, name: &str, value: &str) -> Result<u64, Error> {
        let value = Value::new(value.into());
        self.vault.put(self.shelf, name, self.user, &value, &actor()).await
    }

    async fn get(&self, name: &str) -> Result<Secret, Error> {
        self.vault.get(self.shelf, name, self.user, None, &actor()).await
    }

    async fn at(&self, name: &str, version: u64) -> Result<Secret, Error> {
        self.vault.get(self.shelf, name, self.user, Some(version), &actor()).await
    }

    async fn value(&self, name: &str) -> String {
        let secret = self.get(name).await.unwrap();
        String::from_utf8(self.vault.reveal(&secret, &actor()).await.unwrap()).unwrap()
    }

    async fn delete(&self, name: &str) -> Result<bool, Error> {
        self.vault.delete(self.shelf, name, self.user, &actor()).await
    }

    async fn rotate(&self) -> secret::Rotated {
        let scopes = vec![self.shelf.scope().clone()];
        let mut rotation = self.vault.rotation(scopes, actor()).unwrap();
        while rotation.step().await.unwrap() {}
        rotation.so_far().clone()
    }
}

/// Another host on `server`, with these keys.
async fn host_with(server: &RedisServer, ring: secret::Keyring) -> Services {
    let builder = Services::builder(server.store()).deadline(Duration::from_secs(60));
    builder.keys(Keys::fixed(ring)).build().await.unwrap()
}

/// Everything there is, once.
async fn one_of_each(services: &Services, grant: &Grant, name: &str) {
    for at in [At::secrets(services, grant), At::of(services, grant, name)] {
        let first = at.put(name, "1").await.unwrap();
        at.put(name, "2").await.unwrap();
        at.put("gone", "1").await.unwrap();
        let secret = at.get(name).await.unwrap();
        at.at(name, first).await.unwrap();
        at.get("absent").await.unwrap_err();
        at.get("a b").await.unwrap_err();
        at.vault.reveal(&secret, &actor()).await.unwrap();
        at.vault.hmac(&secret, b"", &actor()).await.unwrap();
        at.vault.describe(at.shelf, name, at.user).await.unwrap();
        at.vault.names(at.shelf, None, 10).await.unwrap();
        let asked = ["gone", "absent", "a b"].map(str::to_owned);
        at.vault.get_many(at.shelf, &asked, &actor()).await.unwrap();
        assert!(at.delete("gone").await.unwrap());
        assert!(!at.delete("gone").await.unwrap());
        at.rotate().await;
        at.vault.store().events(at.shelf.scope(), 10).await.unwrap();
    }
    let (vault, shelf) = (services.secret(), grant.credential());
    vault.of_user(shelf, name, None, 10).await.unwrap();
    vault.users(shelf, name, None, 10).await.unwrap();
    vault.scopes().await.unwrap();
    let key = "other/1".parse().unwrap();
    vault.retire(&key).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_read_is_one_script() {
    let h = Harness::redis().await;
    let grant = grant("t");
    let at = At::secrets(&h.services, &grant);
    let version = at.put("a", "1").await.unwrap();
    assert_cost(&cost(&h, async || at.get("a").await).await, "evalsha=1 hget=3 xadd=1");
    assert_cost(&cost(&h, async || at.at("a", version).await).await, "evalsha=1 hget=2 xadd=1");
    let absent = async || match at.get("b").await {
        Err(Error::NotFound) => Ok::<_, Error>(()),
        other => panic!("{other:?}"),
    };
    assert_cost(&cost(&h, absent).await, "evalsha=1 hget=1 xadd=1");
    let asked = ["a", "b", "a"].map(str::to_owned);
    let many = async || at.vault.get_many(at.shelf, &asked, &actor()).await;
    assert_cost(&cost(&h, many).await, "evalsha=3 hget=7 xadd=3");
    let secret = at.get("a").await.unwrap();
    let reveal = async || at.vault.reveal(&secret, &actor()).await;
    assert_cost(&cost(&h, reveal).await, "xadd=1");
    let used = async || at.vault.hmac(&secret, b"", &actor()).await;
    assert_cost(&cost(&h, used).await, "xadd=1");
    let exists = async || at.vault.exists(at.shelf, "a", None).await;
    assert_cost(&cost(&h, exists).await, "hget=1");
    let denied = async || match at.get("a b").await {
        Err(Error::Hidden(_)) => Ok::<_, Error>(()),
        other => panic!("{other:?}"),
    };
    assert_cost(&cost(&h, denied).await, "xadd=1");
}

/// The value is not sent to a host that has it.
#[tokio::test]
async fn a_read_of_what_is_kept_leaves_the_value_there() {
    let h = Harness::redis().await;
    let services = h.builder().secret_cache(LONG).build().await.unwrap();
    let grant = grant("t");
    let at = At::secrets(&services, &grant);
    at.put("a", "1").await.unwrap();
    assert_cost(&cost(&h, async || at.get("a").await).await, "evalsha=1 hget=2 xadd=1");
}

#[tokio::test]
async fn a_write_is_one_script() {
    let h = Harness::redis().await;
    let grant = grant("t");
    let at = At::secrets(&h.services, &grant);
    // A process asks once whether an operator will find the tenant, and what is barred.
    let (put, first) = h.server().count(at.put("a", "1")).await;
    put.unwrap();
    let asked = "evalsha=1 get=1 hget=1 hset=1 sadd=1 script|load=1 sismember=2 smembers=1 \
        xadd=1 zadd=1";
    assert_eq!((first.of("evalsha"), first.of("sismember")), (2, 2), "{}", first.text());
    assert_eq!(first.text().replace("evalsha=2", "evalsha=1"), asked);
    let put = cost(&h, async || at.put("a", "2").await).await;
    assert_cost(&put, "evalsha=1 hget=1 hset=1 sismember=1 xadd=1 zadd=1");
    let ann = At::of(&h.services, &grant, "ann");
    ann.put("a", "1").await.unwrap();
    let put = cost(&h, async || ann.put("a", "2").await).await;
    assert_cost(&put, "evalsha=1 hget=1 hset=1 sismember=1 xadd=1 zadd=2");
    let absent = cost(&h, async || at.delete("b").await).await;
    assert_cost(&absent, "evalsha=1 hget=1 xadd=1");
    let (done, delete) = h.server().count(at.delete("a")).await;
    assert!(done.unwrap());
    assert_cost(&delete, "del=1 evalsha=1 get=1 hget=1 set=1 xadd=1 zrem=1");
}

#[tokio::test]
async fn a_list_is_one_request_of_each_shard() {
    let h = Harness::redis().await;
    let grant = grant("t");
    for user in ["ann", "bob", "cy"] {
        At::of(&h.services, &grant, user).put("a", "").await.unwrap();
        At::secrets(&h.services, &grant).put(user, "").await.unwrap();
    }
    let vault = h.services.secret();
    let names = cost(&h, async || vault.names(grant.secret(), None, 10).await).await;
    assert_cost(&names, "evalsha=16 zrange=16");
    let users = cost(&h, async || vault.users(grant.credential(), "a", None, 10).await).await;
    assert_cost(&users, "evalsha=16 zrange=16");
    // A user's credentials are all in one.
    let own = cost(&h, async || vault.of_user(grant.credential(), "ann", None, 10).await).await;
    assert_cost(&own, "evalsha=1 zrange=1");
}

/// A rotation's step is a request that reads and one that writes, whatever is there.
#[tokio::test]
async fn a_step_of_a_rotation_is_two_requests() {
    let h = Harness::redis().await;
    let grant = grant("t");
    let ann = At::of(&h.services, &grant, "ann");
    for n in 0..40 {
        ann.put(&format!("n{n:02}"), "1").await.unwrap();
    }
    let operator = host_with(h.server(), keyring(2)).await;
    let at = At::of(&operator, &grant, "ann");
    let scopes = vec![at.shelf.scope().clone()];
    let mut rotation = at.vault.rotation(scopes, actor()).unwrap();
    let mut full = 0;
    loop {
        let before = rotation.so_far().rewrapped;
        let (more, count) = h.server().count(rotation.step()).await;
        if !more.unwrap() {
            break;
        }
        let done = rotation.so_far().rewrapped - before;
        assert!(done <= 16, "a page is sixteen secrets: {done}");
        full += u32::from(done == 16);
        if count.of("script|load") == 0 {
            let requests = if done > 0 { 2 } else { 1 };
            assert_eq!(count.reads, requests, "{}", count.text());
        }
    }
    assert_eq!((full, rotation.so_far().rewrapped), (2, 40));
}

#[tokio::test]
async fn nothing_scans_and_each_script_is_loaded_once() {
    let h = Harness::redis().await;
    let grant = grant("t");
    let (_, first) = h.server().count(one_of_each(&h.services, &grant, "a")).await;
    assert_eq!(first.of("script|load"), 5, "all but the one that wraps anew");
    let operator = host_with(h.server(), keyring(2)).await;
    let (_, second) = h.server().count(one_of_each(&operator, &grant, "a")).await;
    assert_eq!(second.of("script|load"), 1);
    let allowed = "del evalsha get hget hset sadd script|load set sismember smembers srem xadd \
        xrevrange zadd zrange zrem";
    for count in [first, second] {
        for name in count.commands.keys() {
            assert!(allowed.split(' ').any(|allowed| allowed == name), "{name}: {}", count.text());
        }
    }
}

/// On a cluster, which refuses a script whose keys are in several slots; those that it
/// makes itself are looked at here.
#[tokio::test]
async fn d22_all_keys_of_a_shard_are_in_one_slot() {
    let cluster = Cluster::masters().await;
    let services = Services::builder(cluster.url().parse().unwrap())
        .deadline(Duration::from_secs(60))
        .keys(Keys::fixed(keyring(1)))
        .build()
        .await
        .unwrap();
    let grant = grant("t");
    for name in ["a", "a/b", "..", "z-"] {
        one_of_each(&services, &grant, name).await;
    }
    for user in ["", "}", "{}", "{a}", "a{b}c", "\0", "%7D"] {
        let at = At::of(&services, &grant, user);
        at.put("a", "1").await.unwrap();
        assert_eq!(at.value("a").await, "1");
        assert!(at.delete("a").await.unwrap());
        at.put("a", "1").await.unwrap();
    }
    let keys: Vec<Vec<Vec<u8>>> = cluster.on_masters(cmd("KEYS").arg("*")).await;
    let mut slots = std::collections::BTreeMap::<Vec<u8>, BTreeSet<_>>::new();
    for key in keys.concat().into_iter().filter(|key| key.starts_with(b"{t:")) {
        let end = key.iter().position(|byte| *byte == b'}').unwrap();
        let slot = cluster.slot(key.clone()).await;
        slots.entry(key[..end].to_vec()).or_default().insert(slot);
    }
    assert!(slots.len() > 8, "{slots:?}");
    assert!(slots.values().all(|slots| slots.len() == 1), "{slots:?}");
}

/// Secrets stay until they are deleted; then nothing of them does.
#[tokio::test]
async fn no_key_expires_and_none_is_left_of_what_was_deleted() {
    let h = Harness::redis().await;
    let grant = grant("t");
    one_of_each(&h.services, &grant, "a").await;
    for key in h.server().keys().await {
        let left: i64 = h.server().query(cmd("PTTL").arg(&key)).await;
        assert_eq!(left, -1, "{}", String::from_utf8_lossy(&key));
    }
    for at in [At::secrets(&h.services, &grant), At::of(&h.services, &grant, "a")] {
        assert!(at.delete("a").await.unwrap());
    }
    let kinds: BTreeSet<u8> = h.server().keys().await.iter().filter_map(|key| kind(key)).collect();
    assert_eq!(kinds, BTreeSet::from(*b"abdw"), "what was recorded, barred, and deleted last");
}

/// What a key of a shard holds.
fn kind(key: &[u8]) -> Option<u8> {
    let end = key.iter().position(|byte| *byte == b'}').filter(|_| key.starts_with(b"{t:"))?;
    key.get(end + 1).copied()
}

#[tokio::test]
async fn every_call_survives_the_loss_of_its_script() {
    let h = Harness::redis().await;
    let flush = async || h.server().query::<()>(cmd("SCRIPT").arg("FLUSH")).await;
    let grant = grant("t");
    let operator = host_with(h.server(), keyring(2)).await;
    for at in [At::secrets(&h.services, &grant), At::of(&h.services, &grant, "ann")] {
        for _ in 0..2 {
            flush().await;
            at.put("a", "1").await.unwrap();
            flush().await;
            assert_eq!(at.value("a").await, "1");
            flush().await;
            let names = match at.user {
                None => at.vault.names(at.shelf, None, 10).await,
                Some(user) => at.vault.of_user(at.shelf, user, None, 10).await,
            };
            assert_eq!(names.unwrap().names, ["a"]);
            flush().await;
            let asked = ["a", "b", "a"].map(str::to_owned);
            at.vault.get_many(at.shelf, &asked, &actor()).await.unwrap();
            let by = At { vault: operator.secret(), ..at };
            let mut rotation = by.vault.rotation(vec![by.shelf.scope().clone()], actor()).unwrap();
            while rotation.step().await.unwrap() {
                flush().await;
            }
            assert_eq!(by.value("a").await, "1");
            flush().await;
            assert!(at.delete("a").await.unwrap());
        }
    }
}

/// A server that is full refuses what it cannot record, and keeps what it has.
#[tokio::test]
async fn a_full_server_leaves_nothing_half_written() {
    let h = Harness::redis().await;
    let server = h.server();
    let mut limits = grant("t").secret().granted().clone();
    limits.keep = Some(2);
    let grant = grant("t").with_secret(limits.clone()).with_credential(limits);
    let operator = host_with(server, keyring(2)).await;
    for at in [At::secrets(&h.services, &grant), At::of(&h.services, &grant, "ann")] {
        at.put("a", "1").await.unwrap();
        at.put("a", "2").await.unwrap();
        at.put("doomed", "1").await.unwrap();
        let known = at.vault.describe(at.shelf, "a", at.user).await.unwrap();
        let secret = at.get("a").await.unwrap();
        let set = async |max: &str| {
            server.query::<()>(cmd("CONFIG").arg(&["SET", "maxmemory", max])).await;
        };
        set("1").await;
        let full = |done: Result<(), Error>| {
            let said = chain(&done.unwrap_err());
            assert!(said.contains("redis is unavailable") && said.contains("OOM"), "{said}");
        };
        full(at.put("new", "1").await.map(drop));
        full(at.get("a").await.map(drop));
        full(at.get("absent").await.map(drop));
        full(at.vault.reveal(&secret, &actor()).await.map(drop));
        full(at.vault.hmac(&secret, b"", &actor()).await.map(drop));
        full(at.get("a b").await.map(drop));
        let by = operator.secret();
        let mut rotation = by.rotation(vec![at.shelf.scope().clone()], actor()).unwrap();
        full(loop {
            match rotation.step().await {
                Ok(more) => assert!(more, "it has something to write"),
                Err(err) => break Err(err),
            }
        });
        // To put a version more is to forget one, which makes room: all of it is done, or
        // nothing.
        let put = at.put("a", "3").await;
        assert!(at.vault.exists(at.shelf, "a", at.user).await.unwrap());
        // So is what deletes.
        assert!(at.delete("doomed").await.unwrap());
        set("0").await;
        let now = at.vault.describe(at.shelf, "a", at.user).await.unwrap();
        match put {
            Ok(version) => assert_eq!(now.versions, [known.version, version]),
            Err(_) => assert_eq!(now, known),
        }
        for version in &now.versions {
            at.at("a", *version).await.unwrap();
        }
        assert!(!at.vault.exists(at.shelf, "new", at.user).await.unwrap());
        // The step that failed is done again, and loses nothing.
        while rotation.step().await.unwrap() {}
        assert_eq!(rotation.so_far().rewrapped, 2);
        at.put("new", "1").await.unwrap();
    }
}

/// What was acknowledged is there after the server has ended and begun again.
#[tokio::test]
async fn secrets_are_as_durable_as_the_server() {
    let mut server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let grant = grant("t");
    let services = host_with(&server, keyring(1)).await;
    let at = At::secrets(&services, &grant);
    let version = at.put("a", "1").await.unwrap();
    at.put("gone", "1").await.unwrap();
    at.delete("gone").await.unwrap();
    server.restart();
    let services = host_with(&server, lone_key("main", 1)).await;
    let at = At::secrets(&services, &grant);
    assert_eq!(at.get("a").await.unwrap().version(), version);
    assert_eq!(at.value("a").await, "1");
    assert!(matches!(at.get("gone").await, Err(Error::NotFound)));
}
