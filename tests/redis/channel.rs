//! What channels and the hub cost the server, and what they leave there.

use std::collections::{BTreeMap, BTreeSet};

use redis::cmd;
use satama::channel::Channels;
use satama::delivery::Frame;
use satama::hub::{Bus, Keep};
use satama_tests::{bus, channels, closed, frame, hears, text};

use super::cost::{assert_cost, cost};
use super::*;

const BRIEF: Duration = Duration::from_millis(50);
pub(super) const KEEP: Option<Keep> = Some(Keep { messages: 10, ttl: LONG });

pub(super) fn open(services: &Services, name: &str, ttl: Duration) -> (Channels, Bus) {
    (channels(services, &grant("t"), name, ttl), bus(services, &grant("t"), name))
}

/// One call of everything there is, each of them once, with `ttl` for all.
pub(super) async fn one_of_each(services: &Services, name: &str, ttl: Duration) {
    let (c, b) = open(services, name, ttl);
    let keep = Some(Keep { messages: 1, ttl });
    c.add("id", "1", Some(name)).await.unwrap();
    let socket = c.attach("attached", "1", Some(name)).await.unwrap();
    for id in ["id", "attached"] {
        b.subscribe(name, id, None).await.ok();
        b.subscribe("t", id, None).await.ok();
        b.unsubscribe("t", id).await.ok();
        b.topics(id).await.ok();
        c.get(id).await.ok();
        c.set_state(id, Some("1")).await.ok();
        c.compare_and_set_state(id, 0, "1").await.ok();
        c.state(id).await.ok();
        c.set_state(id, None).await.ok();
        c.set_user(id, Some("ann")).await.ok();
        c.set_user(id, None).await.ok();
        c.set_user(id, Some(name)).await.ok();
        c.send(id, &text("m")).await.ok();
    }
    c.touch(&texts(&["id", "attached", "missing"])).await.unwrap();
    c.list(None, None, 10).await.unwrap();
    c.list(Some(name), None, 10).await.unwrap();
    b.members(name, None, 10).await.unwrap();
    let position = b.publish(name, &text("m"), None, keep).await.unwrap().unwrap();
    b.publish(name, &text("m"), Some("id"), None).await.unwrap();
    b.publish("plain", &text("m"), None, None).await.unwrap();
    b.history(name, Some(&position.to_string()), 10).await.unwrap();
    b.subscribe(name, "attached", Some(&position.to_string())).await.ok();
    b.listen(&[name]).await.unwrap();
    services.delivery().heartbeat().await;
    socket.detach().await.unwrap();
    c.add("removed", "1", Some(name)).await.unwrap();
    c.remove(&texts(&["removed", "missing"])).await.unwrap();
    c.disconnect("missing", 1000, "").await.unwrap_err();
}

/// The keys there are, by what they hold.
async fn kinds(server: &RedisServer) -> BTreeMap<String, Vec<Vec<u8>>> {
    let mut kinds = BTreeMap::<_, Vec<_>>::new();
    for key in server.keys().await {
        let end = key.iter().position(|byte| *byte == b'}').unwrap();
        let tag = String::from_utf8_lossy(&key[..end]);
        let service = tag.split(':').nth(1).unwrap();
        let kind = format!("{service} {}", char::from(key[end + 1]));
        kinds.entry(kind).or_default().push(key);
    }
    kinds
}

/// The keys there are, and what each holds.
pub(super) async fn contents(server: &RedisServer) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut contents = Vec::new();
    for key in server.keys().await {
        let dump: Vec<u8> = server.query(cmd("DUMP").arg(&key)).await;
        contents.push((key, dump));
    }
    contents.sort();
    contents
}

/// Asserts that each key of a channel that lives for `ttl` expires in time: what
/// lists channels, and a shard's order, in 25 hours.
pub(super) async fn assert_expire(server: &RedisServer, ttl: Duration) {
    let hour = 60 * 60 * 1000;
    let ttl = i64::try_from(ttl.as_millis()).unwrap();
    for (kind, keys) in kinds(server).await {
        let most = match kind.as_str() {
            "channel c" => ttl,
            "channel a" | "channel m" | "channel n" | "channel p" | "channel u" | "channel x" => {
                25 * hour
            }
            "hub s" => hour,
            "hub t" => 30 * 24 * hour,
            kind => panic!("a key of kind {kind}"),
        };
        for key in keys {
            let left: i64 = server.query(cmd("PTTL").arg(key)).await;
            assert!((1..=most).contains(&left), "{kind} has {left} ms");
        }
    }
}

/// What lists channels outlives them, so that it can be swept; a topic's position
/// outlives its messages. All of it ends.
#[tokio::test]
async fn every_key_of_a_channel_expires() {
    let h = Harness::redis().await;
    one_of_each(&h.services, "c", LONG).await;
    let kinds = kinds(h.server()).await;
    assert_eq!(kinds.len(), 9, "one of each kind: {:?}", kinds.keys());
    assert_expire(h.server(), LONG).await;
}

#[tokio::test]
async fn a_removed_channel_leaves_its_shards_order_alone() {
    let h = Harness::redis().await;
    let (c, b) = open(&h.services, "c", LONG);
    c.add("id", "1", Some("ann")).await.unwrap();
    c.set_state("id", Some("1")).await.unwrap();
    c.set_user("id", Some("bob")).await.unwrap();
    for topic in ["t", "u"] {
        b.subscribe(topic, "id", None).await.unwrap();
    }
    c.remove(&texts(&["id"])).await.unwrap();
    assert_eq!(kinds(h.server()).await.keys().collect::<Vec<_>>(), ["channel n"]);
}

/// Channels that expire do not pile up: those that are added later sweep them.
#[tokio::test]
async fn what_has_expired_is_swept() {
    let h = Harness::redis().await;
    let (brief, b) = open(&h.services, "c", BRIEF);
    for n in 0..100 {
        brief.add(&format!("brief {n}"), "1", Some("ann")).await.unwrap();
        b.subscribe("t", &format!("brief {n}"), None).await.ok();
    }
    h.advance(BRIEF).await;
    let (c, _) = open(&h.services, "c", LONG);
    for n in 0..200 {
        c.add(&n.to_string(), "1", None).await.unwrap();
    }
    let kinds = kinds(h.server()).await;
    let kinds: Vec<_> = kinds.iter().map(|(kind, keys)| (kind.as_str(), keys.len())).collect();
    let expected = [("channel a", 16), ("channel c", 200), ("channel n", 16), ("channel x", 16)];
    assert_eq!(kinds, expected);
}

/// Many channels of a name fill a cluster evenly, and so do topics that are kept.
#[tokio::test]
async fn channels_and_topics_spread_over_slots() {
    let h = Harness::redis().await;
    let (c, b) = open(&h.services, "c", LONG);
    for n in 0..640 {
        c.add(&n.to_string(), "1", None).await.unwrap();
        b.publish(&n.to_string(), &text("m"), None, KEEP).await.unwrap();
    }
    let kinds = kinds(h.server()).await;
    let tag = |key: &Vec<u8>| key.split(|byte| *byte == b'}').next().unwrap().to_vec();
    assert_eq!(kinds["hub t"].iter().map(tag).collect::<BTreeSet<_>>().len(), 640);
    let mut shards = BTreeMap::<_, usize>::new();
    for key in &kinds["channel c"] {
        *shards.entry(tag(key)).or_default() += 1;
    }
    assert_eq!(shards.len(), 16);
    // Forty are expected in each.
    assert!(shards.values().all(|count| (15..=80).contains(count)), "{shards:?}");
}

#[tokio::test]
async fn a_call_of_a_channel_is_one_round_trip() {
    let h = Harness::redis().await;
    let (c, b) = open(&h.services, "c", LONG);
    c.add("id", "1", Some("ann")).await.unwrap();
    assert_cost(&cost(&h, async || c.get("id").await).await, "hmget=1");
    assert_cost(&cost(&h, async || c.state("id").await).await, "hmget=1");
    let set = cost(&h, async || c.set_state("id", Some("1")).await).await;
    assert_cost(&set, "evalsha=1 get=1 hmget=1 hset=2 set=1 time=1");
    let send = cost(&h, async || c.send("id", &text("m")).await).await;
    assert_cost(&send, "evalsha=1 get=1 hmget=1");
    let user = cost(&h, async || c.set_user("id", Some("ann")).await).await;
    assert_cost(&user, "evalsha=1 hmget=1 hset=1 pexpire=2 sadd=1 zadd=1");
    let topics = cost(&h, async || b.topics("id").await).await;
    assert_cost(&topics, "evalsha=1 hmget=1 smembers=1");
    let subscribe = cost(&h, async || b.subscribe("t", "id", None).await).await;
    assert_cost(&subscribe, "evalsha=1 get=1 hmget=1 hset=1 scard=1 set=1 sismember=1 time=1");
    let unsubscribe = cost(&h, async || b.unsubscribe("t", "id").await).await;
    assert_cost(&unsubscribe, "evalsha=1 get=1 hmget=1 hset=1 set=1 srem=1 time=1 zrem=1");
    let (_, add) = h.server().count(c.add("new", "1", None)).await;
    assert_cost(
        &add,
        "evalsha=1 exists=1 get=1 hset=1 pexpire=3 set=1 time=1 zadd=2 zrange=1 zscore=1",
    );
    c.remove(&texts(&["missing"])).await.unwrap();
    let (_, remove) = h.server().count(c.remove(&texts(&["new"]))).await;
    assert_cost(&remove, "del=1 evalsha=1 get=1 hmget=1 set=1 smembers=1 time=1 zrem=2");
}

/// However many there are: a script for each of sixteen shards, or a few more, in
/// one packet.
#[tokio::test]
async fn a_call_of_many_channels_is_one_round_trip() {
    let h = Harness::redis().await;
    let (c, b) = open(&h.services, "c", LONG);
    let ids: Vec<_> = (0..100).map(|n| n.to_string()).collect();
    for id in &ids {
        c.add(id, "1", Some("ann")).await.unwrap();
        b.subscribe("t", id, None).await.unwrap();
    }
    let touch = cost(&h, async || c.touch(&ids).await).await;
    assert_eq!((touch.of("evalsha"), touch.reads), (16, 1), "{}", touch.text());
    let list = cost(&h, async || c.list(Some("ann"), None, 1_000).await).await;
    assert_cost(&list, "evalsha=16 hmget=100 zrange=16");
    let members = cost(&h, async || b.members("t", None, 1_000).await).await;
    assert_cost(&members, "evalsha=16 hmget=100 zrange=16");
    let list = cost(&h, async || c.list(None, None, 1).await).await;
    assert_eq!((list.of("evalsha"), list.reads), (16, 1), "{}", list.text());
    c.remove(&texts(&["missing"])).await.unwrap();
    let (removed, remove) = h.server().count(c.remove(&ids)).await;
    assert_eq!(removed.unwrap(), 100);
    assert_eq!((remove.of("evalsha"), remove.reads), (16, 1), "{}", remove.text());
}

/// Whoever listens, and however many: one message for each host.
#[tokio::test]
async fn a_publication_is_one_round_trip() {
    let h = Harness::redis().await;
    let (c, b) = open(&h.services, "c", LONG);
    let mut sockets = Vec::new();
    for n in 0..50 {
        sockets.push(c.attach(&n.to_string(), "1", None).await.unwrap());
        b.subscribe("t", &n.to_string(), None).await.unwrap();
        b.subscribe("kept", &n.to_string(), None).await.unwrap();
    }
    let publish = cost(&h, async || b.publish("t", &text("m"), None, None).await).await;
    assert_cost(&publish, "evalsha=1 hmget=1 spublish=1");
    let keep = cost(&h, async || b.publish("kept", &text("m"), None, KEEP).await).await;
    assert_cost(&keep, "evalsha=1 hincrby=1 hmget=1 hset=1 pexpire=2 spublish=1 xadd=1");
    let history = cost(&h, async || b.history("kept", None, 10).await).await;
    assert_cost(&history, "evalsha=1 hmget=1 xrange=2");
    for socket in &mut sockets {
        hears(socket, &["m"; 4]).await;
    }
}

#[tokio::test]
async fn a_socket_costs_its_host_one_script_and_its_shards_address() {
    let h = Harness::redis().await;
    let (c, b) = open(&h.services, "c", LONG);
    let mut sockets = vec![c.attach("first", "1", None).await.unwrap()];
    for n in 0..50 {
        sockets.push(c.attach(&n.to_string(), "1", None).await.unwrap());
    }
    // All its shards are heard, and so is the topic.
    b.subscribe("t", "first", None).await.unwrap();
    let (_, attach) = h
        .server()
        .count(async {
            sockets.push(c.attach("last", "1", None).await.unwrap());
        })
        .await;
    assert_cost(
        &attach,
        "evalsha=1 exists=1 get=1 hset=1 pexpire=3 set=1 time=1 zadd=2 zrange=1 zscore=1",
    );
    let (_, subscribe) = h.server().count(b.subscribe("t", "last", None)).await;
    assert_cost(
        &subscribe,
        "evalsha=1 get=1 hmget=1 hset=1 pexpire=2 sadd=1 scard=1 set=1 sismember=1 time=1 zadd=1",
    );
    h.services.delivery().heartbeat().await;
    let (_, heartbeat) = h.server().count(h.services.delivery().heartbeat()).await;
    assert_eq!((heartbeat.of("evalsha"), heartbeat.reads), (16, 1), "{}", heartbeat.text());
    drop(sockets);
}

#[tokio::test]
async fn a_host_without_sockets_costs_nothing() {
    let h = Harness::redis().await;
    one_of_each(&h.services, "c", LONG).await;
    h.services.delivery().heartbeat().await;
    let (_, heartbeat) = h.server().count(h.services.delivery().heartbeat()).await;
    assert_eq!((heartbeat.text().as_str(), heartbeat.reads), ("", 0));
}

/// What would block a large server, or a cluster, is never used.
#[tokio::test]
async fn channels_never_scan() {
    let h = Harness::redis().await;
    let (_, count) = h.server().count(one_of_each(&h.services, "c", LONG)).await;
    let allowed = "del evalsha exists get hdel hincrby hmget hset pexpire sadd scard set \
        sismember smembers spublish srem time xadd xrange zadd zrange zrem zscore \
        hello ping script|load ssubscribe sunsubscribe";
    for name in count.commands.keys() {
        assert!(allowed.split(' ').any(|allowed| allowed == name), "{name}: {}", count.text());
    }
}

/// A server that has lost all it had, as one does that keeps nothing on disk.
#[tokio::test]
async fn who_had_a_channel_or_a_position_on_a_lost_server_is_told() {
    let h = Harness::redis().await;
    let (c, b) = open(&h.services, "c", LONG);
    let mut socket = c.attach("id", "1", None).await.unwrap();
    let mut listener = b.listen(&["t"]).await.unwrap();
    b.subscribe("t", "id", None).await.unwrap();
    let before = b.publish("t", &text("before"), None, KEEP).await.unwrap().unwrap().to_string();
    h.server().query::<()>(&cmd("FLUSHALL")).await;
    h.services.delivery().heartbeat().await;
    b.publish("t", &text("after"), None, KEEP).await.unwrap().unwrap();
    hears(&mut socket, &["before"]).await;
    assert_eq!(closed(&mut socket).await.code, 1001);
    hears(&mut listener, &["before"]).await;
    assert!(matches!(frame(&mut listener).await, Frame::Missed { topic: Some(_) }));
    hears(&mut listener, &["after"]).await;
    let history = b.history("t", Some(&before), 10).await.unwrap();
    assert_eq!((history.complete, history.messages.len()), (false, 1));
    drop(socket);
    let mut back = c.attach("back", "1", None).await.unwrap();
    b.subscribe("t", "back", Some(&before)).await.unwrap();
    assert!(matches!(frame(&mut back).await, Frame::Missed { topic: Some(_) }));
    hears(&mut back, &["after"]).await;
}
