//! Which keys there are, for how long, and where in a cluster.

use redis::cmd;

use super::*;

const BRIEF: Duration = Duration::from_millis(50);

#[tokio::test]
async fn nothing_is_left_behind() {
    let h = Harness::redis().await;
    one_of_each(&h.services, BRIEF).await;
    assert!(!h.server().keys().await.is_empty());
    h.advance(BRIEF).await;
    // KEYS tells of no key that has expired.
    assert_eq!(h.server().keys().await, Vec::<Vec<u8>>::new());
    let mut formats: Vec<String> = h.server().query(cmd("KEYS").arg("*")).await;
    formats.sort_unstable();
    let services = ["cache", "channel", "hub", "secret", "session", "workflow"];
    assert_eq!(formats, services.map(|service| format!("satama:format:{service}")));
}

#[tokio::test]
async fn every_key_expires() {
    let h = Harness::redis().await;
    one_of_each(&h.services, LONG).await;
    let keys = h.server().keys().await;
    assert!(keys.len() >= 10, "{keys:?}");
    for key in keys {
        let left: i64 = h.server().query(cmd("PTTL").arg(&key)).await;
        assert!(left > 0, "{:?} has {left} ms", String::from_utf8_lossy(&key));
    }
}

#[tokio::test]
async fn a_generation_outlives_its_entries() {
    let h = Harness::redis().await;
    let b = h.bucket("b");
    for (n, ttl) in [LONG, BRIEF, 2 * LONG, LONG].into_iter().enumerate() {
        b.set(Entry { ttl, ..entry(&n.to_string(), b"v", Some("g")) }).await.unwrap();
        b.add(Entry { ttl, ..entry("n", b"", Some("g")) }, 1).await.unwrap();
        claim(&b, "k", CLAIM, Some("g")).await.complete(b"v", ttl).await.unwrap();
        b.delete("k").await.unwrap();
    }
    // What is brief is gone, rather than going while it is read.
    h.advance(BRIEF).await;
    let mut by_shard = std::collections::BTreeMap::<Vec<u8>, (i64, i64)>::new();
    for key in h.server().keys().await {
        let left: i64 = h.server().query(cmd("PEXPIRETIME").arg(&key)).await;
        let end = key.iter().position(|byte| *byte == b'}').unwrap();
        let (generation, longest) = by_shard.entry(key[..end].to_vec()).or_insert((i64::MAX, 0));
        match key[end + 1] {
            b'e' => *longest = left.max(*longest),
            b'b' | b'g' => *generation = left.min(*generation),
            kind => panic!("a key of kind {}", char::from(kind)),
        }
    }
    for (shard, (generation, longest)) in by_shard {
        assert!(generation >= longest, "{}", String::from_utf8_lossy(&shard));
    }
}

/// On a cluster, which refuses a script whose keys are in several slots.
#[tokio::test]
async fn d22_all_keys_of_a_script_are_in_one_slot() {
    let cluster = Cluster::masters().await;
    let services = at(cluster.url()).await.unwrap();
    one_of_each(&services, LONG).await;

    // Groups are keys that a script makes itself, so the cluster does not check them.
    for odd in ["k", "}", "{", "{}", "{a}", "a{b}c", ""] {
        cluster.on_masters::<()>(&cmd("FLUSHALL")).await;
        let b = bucket(&services);
        b.set(entry(odd, b"1", Some(odd))).await.unwrap();
        b.delete(odd).await.unwrap();
        claim(&b, odd, CLAIM, Some(odd)).await;
        b.set_if_absent(entry(odd, b"1", Some(odd))).await.unwrap();
        b.add(entry(odd, b"", Some(odd)), 1).await.unwrap();
        b.invalidate(None).await.unwrap();
        let _claim = claim(&b, odd, CLAIM, Some(odd)).await;
        let keys: Vec<Vec<Vec<u8>>> = cluster.on_masters(cmd("KEYS").arg("*")).await;
        let keys = keys.concat();
        assert_eq!(keys.len(), 4, "an entry, its claim, and two generations");
        let mut slots = std::collections::BTreeSet::new();
        for key in keys {
            slots.insert(cluster.slot(key).await);
        }
        assert_eq!(slots.len(), 1, "{odd:?} is in slots {slots:?}");
        // The scripts of channels make all their keys but one.
        channel::one_of_each(&services, odd, LONG).await;
    }
}

/// A large bucket, and many sessions, fill a cluster evenly.
#[tokio::test]
async fn keys_spread_over_slots() {
    let h = Harness::redis().await;
    let b = h.bucket("b");
    let s = h.sessions("s", FIXED);
    for n in 0..640 {
        b.set(entry(&format!("key/{n}"), b"v", None)).await.unwrap();
        s.update(&n.to_string(), Vec::new()).await.unwrap();
    }
    let mut tags = std::collections::BTreeMap::<String, usize>::new();
    for key in h.server().keys().await {
        let key = String::from_utf8(key).unwrap();
        *tags.entry(key[..key.find('}').unwrap()].to_owned()).or_default() += 1;
    }
    let (shards, own): (Vec<_>, Vec<_>) = tags.iter().partition(|(tag, _)| tag.contains(":cache:"));
    assert_eq!(own.len(), 640, "each session has a slot of its own");
    assert_eq!(shards.len(), 64);
    // Ten are expected in each.
    assert!(shards.iter().all(|(_, keys)| (2..=30).contains(*keys)), "{shards:?}");
}
