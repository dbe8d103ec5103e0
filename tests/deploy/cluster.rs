//! A cluster: calls go to where their keys are, also while that changes.

use std::time::Instant;

use redis::cmd;
use satama::Services;
use satama::cache::{Bucket, Error};
use satama::redis::Heard;
use satama::session::Expiry;
use satama_tests::{Cluster, PATIENCE, bucket, grant, sessions, until};

use crate::callers::Callers;
use crate::subscribe::Ears;
use crate::{BOUND, DEADLINE, entry, impatient};

async fn on(cluster: &Cluster) -> Services {
    let store = cluster.url().parse().unwrap();
    Services::builder(store).deadline(PATIENCE).build().await.unwrap()
}

/// Keys of a bucket, in number enough for every server to have some.
fn keys() -> Vec<String> {
    (0..64).map(|n| n.to_string()).collect()
}

async fn set(b: &Bucket, key: &str, value: &[u8]) -> Result<(), Error> {
    b.set(entry(key, value)).await
}

#[tokio::test]
async fn channels_are_heard_wherever_they_are() {
    let cluster = Cluster::masters().await;
    let mut ears = Ears::at(&cluster.url(), PATIENCE).await;
    for name in keys() {
        ears.subscribe(&name).await;
        assert_eq!(ears.publish(&name, "x").await, 1);
        ears.expect(&name, "x").await;
    }
    let mut list = cmd("CLIENT");
    list.arg(&["LIST", "TYPE", "pubsub"]);
    for clients in cluster.on_masters::<String>(&list).await {
        assert_eq!(clients.lines().count(), 1, "{clients}");
    }
}

/// What is documented: one connection to each master for commands, and one to each
/// for subscriptions, however many calls there are.
#[tokio::test]
async fn connections_are_few() {
    let cluster = Cluster::masters().await;
    let services = on(&cluster).await;
    let mut calls = tokio::task::JoinSet::new();
    for n in 0..500 {
        let b = bucket(&services, &grant("t"), "b");
        calls.spawn(async move { set(&b, &n.to_string(), b"1").await });
    }
    for done in calls.join_all().await {
        done.unwrap();
    }
    let mut list = cmd("CLIENT");
    list.arg(&["LIST", "TYPE", "normal"]);
    for clients in cluster.on_masters::<String>(&list).await {
        // One of them is the test's own, which asks.
        assert!(clients.lines().count() <= 2, "{clients}");
    }
}

#[tokio::test]
async fn scripts_are_loaded_where_they_are_missing() {
    let cluster = Cluster::masters().await;
    let services = on(&cluster).await;
    let b = bucket(&services, &grant("t"), "b");
    for round in 1..4 {
        let keys = keys();
        let batch: Vec<_> = keys.iter().map(|key| entry(key, b"1")).collect();
        b.set_many(&batch).await.unwrap();
        for key in &keys {
            assert_eq!(b.add(entry(&format!("n{key}"), b""), 1).await.unwrap(), round);
        }
        let found = b.get_many(&keys).await.unwrap();
        assert!(found.iter().all(|value| value.as_deref() == Some(b"1")), "{found:?}");
        cluster.on_masters::<()>(cmd("SCRIPT").arg("FLUSH")).await;
    }
}

#[tokio::test]
async fn a_master_that_is_killed_is_replaced() {
    let mut cluster = Cluster::with_replicas().await;
    let services = impatient(&cluster.url()).await;
    let patient = on(&cluster).await;
    let mut ears = Ears::at(&cluster.url(), DEADLINE).await;
    let b = bucket(&patient, &grant("t"), "acknowledged");
    let names = keys();
    for name in &names {
        ears.subscribe(name).await;
        set(&b, name, name.as_bytes()).await.unwrap();
    }
    // From here on they are with the replica too.
    let mut here = None;
    for name in &names {
        if cluster.owner(name).await == 0 {
            here = Some(format!("{{{name}}}test"));
        }
    }
    cluster.nodes[0].replicated(&here.expect("each master has some of them")).await;
    let mut callers = Callers::start(&services);
    callers.until(true).await;
    cluster.nodes[0].kill();
    callers.until_one_fails().await;
    cluster.taken_over(0).await;
    callers.until(true).await;
    callers.stop().await;

    for name in &names {
        // The first call after a connection was lost is the one to learn of it.
        let get = async {
            loop {
                match b.get(name).await {
                    Ok(value) => break value,
                    Err(err) => assert!(matches!(err, Error::Unavailable(_)), "{err:?}"),
                }
            }
        };
        let value = tokio::time::timeout(PATIENCE, get).await.unwrap();
        assert_eq!(value.as_deref(), Some(name.as_bytes()));
    }
    let mut lost = Vec::new();
    for name in &names {
        if cluster.owner(name).await == 0 {
            lost.push(name.as_str());
        }
    }
    lost.sort_unstable();
    assert!(!lost.is_empty());
    ears.resumed(&lost).await;
    for name in &names {
        assert_eq!(ears.publish(name, "x").await, 1);
        ears.expect(name, "x").await;
    }
}

#[tokio::test]
async fn a_master_that_stands_still_is_replaced() {
    let cluster = Cluster::with_replicas().await;
    let services = impatient(&cluster.url()).await;
    let mut ears = Ears::at(&cluster.url(), DEADLINE).await;
    let names = keys();
    let mut lost = Vec::new();
    for name in &names {
        ears.subscribe(name).await;
        if cluster.owner(name).await == 0 {
            lost.push(name.as_str());
        }
    }
    lost.sort_unstable();
    let mut callers = Callers::start(&services);
    callers.until(true).await;
    cluster.nodes[0].pause();
    callers.until_one_fails().await;
    cluster.taken_over(0).await;
    callers.until(true).await;
    ears.resumed(&lost).await;
    // It comes back, and learns that it is a master no more.
    cluster.nodes[0].resume();
    until("it follows", async || cluster.nodes[0].info("role").await == "slave").await;
    callers.until(true).await;
    callers.stop().await;
    for name in &lost {
        ears.redis.query::<u64>(cmd("SPUBLISH").arg(*name).arg("x")).await.unwrap();
        ears.expect(name, "x").await;
    }
}

/// Some of the nodes that an address names may be out.
#[tokio::test]
async fn one_node_that_answers_is_enough() {
    let mut cluster = Cluster::with_replicas().await;
    cluster.nodes[0].kill();
    cluster.taken_over(0).await;
    cluster.nodes[1].pause();
    cluster.taken_over(1).await;
    let services = impatient(&cluster.url()).await;
    let b = bucket(&services, &grant("t"), "b");
    for key in keys() {
        let set = async { while set(&b, &key, b"1").await.is_err() {} };
        tokio::time::timeout(PATIENCE, set).await.unwrap();
    }
}

/// Moves slots to and fro while calls go on, as `redis-cli --cluster reshard` does.
#[tokio::test]
async fn slots_move_while_calls_go_on() {
    let cluster = Cluster::masters().await;
    let services = on(&cluster).await;
    let t = grant("t");
    let (b, s) =
        (bucket(&services, &t, "b"), sessions(&services, &t, "s", Expiry::Fixed(PATIENCE)));
    // A session has a slot of its own, and an entry is with its bucket's generation.
    let slot = cluster.slot("{t:session:s:id}").await;
    let from = cluster.owner("{t:session:s:id}").await;
    let to = (from + 1) % 3;
    s.update("id", vec![("n".to_owned(), "0".to_owned())]).await.unwrap();

    // The key is at the old end, then at neither, then at the new end.
    cluster.begin_move(slot, from, to).await;
    assert_eq!(s.get("id").await.unwrap().unwrap().fields["n"], "0");
    s.update("id", vec![("n".to_owned(), "1".to_owned())]).await.unwrap();
    assert_eq!(cluster.move_keys(slot, from, to).await, 1);
    s.update("id", vec![("n".to_owned(), "2".to_owned())]).await.unwrap();
    assert_eq!(s.get("id").await.unwrap().unwrap().fields["n"], "2");
    s.clear("id").await.unwrap();
    assert!(s.get("id").await.unwrap().is_none());
    s.update("id", vec![("n".to_owned(), "3".to_owned())]).await.unwrap();
    cluster.end_move(slot, from, to).await;
    for _ in 0..5 {
        assert_eq!(s.get("id").await.unwrap().unwrap().fields["n"], "3");
    }

    // Scripts of many keys wait until all of them are at one end.

    set(&b, "k", b"1").await.unwrap();
    let at = cluster.slots_with_keys("{t:cache:b:").await;
    let [(slot, from)] = at[..] else { panic!("{at:?}") };
    let to = (from + 1) % 3;
    cluster.begin_move(slot, from, to).await;
    cluster.move_keys(slot, from, to).await;
    let waiting = {
        let b = bucket(&services, &t, "b");
        tokio::spawn(async move { b.add(entry("k", b""), 1).await })
    };
    cluster.end_move(slot, from, to).await;
    assert_eq!(waiting.await.unwrap().unwrap(), 2);
}

/// Nobody notices, if the deadline is long enough for a slot to be moved.
#[tokio::test]
async fn callers_do_not_notice_that_slots_move() {
    let cluster = Cluster::masters().await;
    let services = on(&cluster).await;
    let mut callers = Callers::start(&services);
    callers.until(true).await;
    for _ in 0..2 {
        let slots = cluster.slots_with_keys("{t:").await;
        assert!(slots.len() > 8, "{slots:?}");
        for (slot, from) in slots.into_iter().take(8) {
            let to = (from + 1) % 3;
            cluster.begin_move(slot, from, to).await;
            while cluster.move_keys(slot, from, to).await > 0 {}
            cluster.end_move(slot, from, to).await;
        }
        callers.until(true).await;
    }
    assert_eq!(callers.failed(), 0);
    callers.stop().await;
}

/// What is said of a move that takes longer than the deadline.
#[tokio::test]
async fn a_move_that_takes_too_long_is_told() {
    let cluster = Cluster::masters().await;
    let services = impatient(&cluster.url()).await;
    let b = bucket(&services, &grant("t"), "b");
    while set(&b, "k", b"1").await.is_err() {}
    let at = cluster.slots_with_keys("{t:cache:b:").await;
    let [(slot, from)] = at[..] else { panic!("{at:?}") };
    let to = (from + 1) % 3;
    cluster.begin_move(slot, from, to).await;
    cluster.move_keys(slot, from, to).await;
    let start = Instant::now();
    let err = b.add(entry("k", b""), 1).await.unwrap_err();
    assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
    assert!(matches!(err, Error::Unavailable(_)), "{err:?}");
    assert!(satama::chain(&err).contains("TryAgain"), "{}", satama::chain(&err));
    cluster.end_move(slot, from, to).await;
    until("it works again", async || b.add(entry("k", b""), 1).await.is_ok()).await;
}

#[tokio::test]
async fn a_channel_follows_its_slot() {
    let cluster = Cluster::masters().await;
    let mut ears = Ears::at(&cluster.url(), PATIENCE).await;
    ears.subscribe("moves").await;
    ears.subscribe("{moves}too").await;
    ears.subscribe("stays").await;
    let slot = cluster.slot("moves").await;
    let mut from = cluster.owner("moves").await;
    for _ in 0..4 {
        let to = (from + 1) % 3;
        cluster.begin_move(slot, from, to).await;
        cluster.end_move(slot, from, to).await;
        ears.resumed(&["moves", "{moves}too"]).await;
        for name in ["moves", "{moves}too", "stays"] {
            assert_eq!(ears.publish(name, "x").await, 1);
            assert_eq!(
                ears.next().await,
                Heard::Message { channel: name.into(), payload: b"x".to_vec() }
            );
        }
        from = to;
    }
}
