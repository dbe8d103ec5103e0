//! A user with the rights that `satama redis-acl` prints serves one tenant, and can do
//! nothing to another's data.

use redis::cmd;
use satama::cache::{Entry, Filled};
use satama::grant::Grant;
use satama::hub::Keep;
use satama::redis::Redis;
use satama::secret::{Actor, Keys, Upkeep as _, Value};
use satama::session::Expiry;
use satama::{Services, StoreUrl};
use satama_tests::{
    Cluster, PATIENCE, RedisServer, bucket, bus, channels, closed, grant, hears, keyring, sessions,
    text,
};

use crate::entry;
use crate::subscribe::Ears;

/// Odd enough to need escapes.
const TENANT: &str = "acme/eu";

/// Gives the server the user `u` for [`TENANT`], as an administrator would.
async fn allow(server: &RedisServer) {
    for line in satama::redis_acl(&grant(TENANT), "u") {
        // As redis-cli sends it.
        let words: Vec<&str> = line.split(' ').collect();
        let mut command = cmd(words[0]);
        command.arg(&words[1..]);
        let done: redis::RedisResult<()> = command.exec_async(&mut server.connect().await).await;
        // In a cluster a format is another node's.
        if let Err(err) = done {
            assert!(err.is_cluster_error(), "{line}: {err}");
        }
    }
    server.query::<()>(cmd("ACL").arg(&["SETUSER", "u", ">pw"])).await;
}

async fn open(url: &str) -> Services {
    let store: StoreUrl = url.parse().unwrap();
    let keys = Keys::fixed(keyring(1));
    Services::builder(store).deadline(PATIENCE).keys(keys).build().await.unwrap()
}

/// Everything there is, once.
async fn use_all(services: &Services, tenant: &str) {
    let b = bucket(services, &grant(tenant), "b");
    let grouped = Entry { group: Some("g"), ..entry("g", b"1") };
    b.set(grouped).await.unwrap();
    b.set_many(&[entry("a", b"1"), entry("b", b"2"), grouped]).await.unwrap();
    b.set_if_absent(entry("absent", b"1")).await.unwrap();
    assert_eq!(b.add(entry("n", b""), 2).await.unwrap(), 2);
    assert_eq!(b.add(entry("n", b""), 2).await.unwrap(), 4);
    assert_eq!(b.get("a").await.unwrap().unwrap(), b"1");
    assert_eq!(b.get("g").await.unwrap().unwrap(), b"1");
    assert_eq!(b.get_many(&["a".into(), "b".into()]).await.unwrap().len(), 2);
    b.ttl("a").await.unwrap().unwrap();
    assert!(b.delete("a").await.unwrap());
    for key in ["given up", "completed"] {
        let Filled::Claimed(mut claim) =
            b.fill(key, PATIENCE / 60, PATIENCE, Some("g")).await.unwrap()
        else {
            panic!("nobody has claimed {key}");
        };
        match key {
            "completed" => claim.complete(b"1", PATIENCE).await.unwrap(),
            _ => claim.give_up().await.unwrap(),
        }
    }
    b.invalidate(Some("g")).await.unwrap();
    b.invalidate(None).await.unwrap();
    for expiry in [Expiry::Sliding(PATIENCE), Expiry::Fixed(PATIENCE)] {
        let s = sessions(services, &grant(tenant), "s", expiry);
        let field = |name: &str| vec![(name.to_owned(), "1".to_owned())];
        s.replace("id", field("a")).await.unwrap();
        s.update("id", field("b")).await.unwrap();
        s.remove("id", &["a".to_owned()]).await.unwrap();
        s.compare_and_set("id", 0, field("c")).await.unwrap();
        assert_eq!(s.get("id").await.unwrap().unwrap().fields.len(), 1);
        assert!(s.clear("id").await.unwrap());
    }
    use_channels(services, &grant(tenant)).await;
    use_secrets(services, &grant(tenant)).await;
}

fn actor() -> Actor {
    Actor { component: "c".into(), digest: String::new(), instance: "1".into() }
}

async fn use_secrets(services: &Services, grant: &Grant) {
    let (vault, actor) = (services.secret(), &actor());
    for (shelf, user) in [(grant.secret(), None), (grant.credential(), Some("ann"))] {
        for n in 0..12 {
            vault.put(shelf, "a", user, &Value::new(vec![n]), actor).await.unwrap();
        }
        let secret = vault.get(shelf, "a", user, None, actor).await.unwrap();
        assert_eq!(vault.reveal(&secret, actor).await.unwrap(), [11]);
        vault.hmac(&secret, b"", actor).await.unwrap();
        assert_eq!(vault.describe(shelf, "a", user).await.unwrap().versions.len(), 10);
        assert!(vault.get(shelf, "a b", user, None, actor).await.is_err());
        let listed = match user {
            None => vault.names(shelf, None, 9).await,
            Some(user) => vault.of_user(shelf, user, None, 9).await,
        };
        assert_eq!(listed.unwrap().names, ["a"]);
        let asked = ["a", "b"].map(str::to_owned);
        vault.get_many(shelf, &asked, actor).await.unwrap();
        assert!(vault.delete(shelf, "a", user, actor).await.unwrap());
    }
    assert_eq!(vault.users(grant.credential(), "a", None, 9).await.unwrap().names.len(), 0);
}

async fn use_channels(services: &Services, grant: &Grant) {
    let (c, hub) = (channels(services, grant, "c", PATIENCE), bus(services, grant, "c"));
    c.add("a", "1", Some("ann")).await.unwrap();
    c.set_user("a", Some("bob")).await.unwrap();
    c.set_user("a", None).await.unwrap();
    c.set_state("a", Some("1")).await.unwrap();
    c.set_state("a", None).await.unwrap();
    assert!(c.touch(&["a".to_owned()]).await.unwrap().is_empty());
    let mut socket = c.attach("b", "1", Some("ann")).await.unwrap();
    for topic in ["plain", "kept"] {
        assert!(hub.subscribe(topic, "b", None).await.unwrap());
    }
    assert_eq!(hub.topics("b").await.unwrap(), ["kept", "plain"]);
    assert_eq!(hub.members("kept", None, 9).await.unwrap().entries.len(), 1);
    hub.publish("plain", &text("1"), None, None).await.unwrap();
    let keep = Keep { messages: 2, ttl: PATIENCE };
    let first = hub.publish("kept", &text("2"), None, Some(keep)).await.unwrap().unwrap();
    hears(&mut socket, &["1", "2"]).await;
    hub.publish("kept", &text("3"), None, None).await.unwrap();
    let since = hub.history("kept", Some(&first.to_string()), 9).await.unwrap();
    assert!(since.complete && since.messages.len() == 1);
    assert!(c.send("b", &text("4")).await.unwrap());
    hears(&mut socket, &["3", "4"]).await;
    assert!(hub.unsubscribe("kept", "b").await.unwrap());
    assert_eq!(c.list(Some("ann"), None, 99).await.unwrap().entries.len(), 1);
    assert_eq!(c.remove(&["a".to_owned()]).await.unwrap(), 1);
    c.disconnect("b", 4000, "").await.unwrap();
    assert_eq!(closed(&mut socket).await.code, 4000);
}

async fn subscribe(url: &str) {
    let channel = "{acme%2Feu:channel:c}";
    let mut ears = Ears::at(url, PATIENCE).await;
    ears.subscribe(channel).await;
    assert_eq!(ears.publish(channel, "x").await, 1);
    ears.expect(channel, "x").await;
    ears.subscriber.unsubscribe(channel.as_bytes()).await.unwrap();
}

#[tokio::test]
async fn the_user_of_a_tenant_can_do_all_that_it_needs() {
    let server = RedisServer::tcp();
    allow(&server).await;
    let url = server.url().replace("redis://", "redis://u:pw@");
    for database in ["", "/1"] {
        if database == "/1" {
            // All lines but the user's are of one database.
            let mut redis = server.connect().await;
            cmd("SELECT").arg(1).exec_async(&mut redis).await.unwrap();
            let lines = satama::redis_acl(&grant(TENANT), "u");
            for line in lines.iter().filter(|line| !line.starts_with("ACL")) {
                let mut words = line.split(' ');
                let mut command = cmd(words.next().unwrap());
                command.arg(words.collect::<Vec<_>>()).exec_async(&mut redis).await.unwrap();
            }
        }
        use_all(&open(&format!("{url}{database}")).await, TENANT).await;
    }
    subscribe(&url).await;
}

#[tokio::test]
async fn it_can_do_so_on_a_cluster() {
    let cluster = Cluster::masters().await;
    for node in &cluster.nodes {
        allow(node).await;
    }
    let url = cluster.url().replace("redis+cluster://", "redis+cluster://u:pw@");
    use_all(&open(&url).await, TENANT).await;
    subscribe(&url).await;
}

#[tokio::test]
async fn it_can_do_nothing_to_another() {
    let server = RedisServer::tcp();
    allow(&server).await;
    let admin = open(&server.url()).await;
    // Tenants whose names are close.
    let others = ["acme", "acme/eu2", "acme/e", "ACME/EU", "acme-eu", "acme/eu/x"];
    for other in others {
        let b = bucket(&admin, &grant(other), "b");
        b.set(entry("k", b"theirs")).await.unwrap();
    }
    let url = server.url().replace("redis://", "redis://u:pw@");
    let services = open(&url).await;
    for other in others {
        let b = bucket(&services, &grant(other), "b");
        let s = sessions(&services, &grant(other), "s", Expiry::Fixed(PATIENCE));
        let denied = |err: &dyn std::error::Error| {
            let said = satama::chain(err);
            assert!(said.contains("NOPERM") || said.contains("ermission"), "{said}");
        };
        denied(&b.get("k").await.unwrap_err());
        denied(&b.set(entry("k", b"ours")).await.unwrap_err());
        denied(&b.add(entry("n", b""), 1).await.unwrap_err());
        denied(&b.delete("k").await.unwrap_err());
        denied(&b.invalidate(None).await.unwrap_err());
        denied(&s.get("id").await.unwrap_err());
        denied(&s.update("id", Vec::new()).await.unwrap_err());
        denied(&s.clear("id").await.unwrap_err());
        let (vault, shelf) = (services.secret(), grant(other));
        let value = Value::new(b"ours".to_vec());
        denied(&vault.get(shelf.secret(), "k", None, None, &actor()).await.unwrap_err());
        denied(&vault.put(shelf.secret(), "k", None, &value, &actor()).await.unwrap_err());
        denied(&vault.delete(shelf.secret(), "k", None, &actor()).await.unwrap_err());
        denied(&vault.names(shelf.secret(), None, 9).await.unwrap_err());
        denied(&vault.exists(shelf.secret(), "k", None).await.unwrap_err());
        denied(&vault.store().events(shelf.secret().scope(), 9).await.unwrap_err());
        let theirs = bucket(&admin, &grant(other), "b").get("k").await.unwrap();
        assert_eq!(theirs.unwrap(), b"theirs");
    }
    let redis = Redis::connect(&url, PATIENCE).await.unwrap();
    let ears = redis.subscriber(|_| {}).await.unwrap();
    assert!(ears.subscribe(b"{acme:channel:c}").await.is_err());
    assert!(ears.subscribe(b"any").await.is_err());
    // Neither what is everybody's, nor what only an administrator may do; nor a script
    // that names no key.
    let script = "return redis.call('GET', '{acme:cache:b:00}e:k')";
    let mut load = cmd("SCRIPT");
    let hash: String = redis.query(load.arg("LOAD").arg(script)).await.unwrap();
    for command in [
        cmd("SPUBLISH").arg("{acme:channel:c}").arg("x"),
        cmd("SET").arg("satama:format:cache").arg(2),
        cmd("DEL").arg("satama:format:cache"),
        cmd("GET").arg("other"),
        cmd("KEYS").arg("*"),
        cmd("SCAN").arg(0),
        cmd("FLUSHALL").arg("ASYNC"),
        cmd("CONFIG").arg("GET").arg("requirepass"),
        cmd("ACL").arg("LIST"),
        cmd("SCRIPT").arg("FLUSH"),
        cmd("EVALSHA").arg(&hash).arg(0),
        cmd("EVAL").arg(script).arg(0),
    ] {
        let done: redis::RedisResult<redis::Value> = redis.query(command).await;
        let err = done.unwrap_err().to_string();
        assert!(err.contains("NoPerm") || err.contains("can't access"), "{err}");
    }
}

/// A service that the tenant is not granted is not the user's either.
#[tokio::test]
async fn only_what_is_granted_is_allowed() {
    use satama::grant::{Grant, Limits, Names};
    let names = Names::new(["*"]).unwrap();
    let grant = Grant::new("t", Limits::default()).unwrap().with_cache(names);
    let lines = satama::redis_acl(&grant, "t");
    let line = lines.last().unwrap();
    assert!(line.contains("+mget ") && !line.contains("hgetall"), "{line}");
}
