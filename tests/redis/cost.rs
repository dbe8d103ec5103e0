//! What each call costs the server, to the command. A call is one round trip.

use std::fmt::Debug;

use satama_tests::Count;

use super::*;

/// What `call` costs when it is made again, so that its script is there.
pub(super) async fn cost<T, E: Debug>(h: &Harness, call: impl AsyncFn() -> Result<T, E>) -> Count {
    call().await.unwrap();
    let (done, count) = h.server().count(call()).await;
    done.unwrap();
    count
}

/// One request, and the commands of it and of its script.
#[track_caller]
pub(super) fn assert_cost(count: &Count, commands: &str) {
    assert_eq!((count.text().as_str(), count.reads), (commands, 1));
}

#[tokio::test]
async fn a_read_is_one_mget() {
    let h = Harness::redis().await;
    let b = h.bucket("b");
    b.set(entry("k", b"v", None)).await.unwrap();
    assert_cost(&cost(&h, async || b.get("k").await).await, "mget=1");
    assert_cost(&cost(&h, async || b.get("absent").await).await, "mget=1");
    let keys = texts(&["k", "l", "m"]);
    assert_cost(&cost(&h, async || b.get_many(&keys).await).await, "mget=3");
}

#[tokio::test]
async fn a_read_of_a_bucket_with_groups_is_one_script() {
    let h = Harness::redis().await;
    let b = h.bucket("b");
    b.set_many(&[entry("k", b"v", None), entry("l", b"v", Some("g"))]).await.unwrap();
    assert_cost(&cost(&h, async || b.get("k").await).await, "evalsha=1 get=2");
    assert_cost(&cost(&h, async || b.get("l").await).await, "evalsha=1 get=3");
    let keys = texts(&["k", "l", "absent"]);
    assert_cost(&cost(&h, async || b.get_many(&keys).await).await, "evalsha=3 get=6");
    // Another bucket stays cheap.
    assert_cost(&cost(&h, async || h.bucket("c").get("k").await).await, "mget=1");

    // A host that did not set it learns of the group when it meets it, once.
    let theirs = bucket(&h.other_host().await);
    let (_, first) = h.server().count(theirs.get("l")).await;
    assert_eq!((first.text().as_str(), first.reads), ("evalsha=1 get=3 mget=1", 2));
    assert_cost(&cost(&h, async || theirs.get("l").await).await, "evalsha=1 get=3");
}

#[tokio::test]
async fn a_write_of_the_cache_is_one_script() {
    let h = Harness::redis().await;
    let b = h.bucket("b");
    let plain = entry("k", b"1", None);
    let set = cost(&h, async || b.set(plain).await).await;
    assert_cost(&set, "del=1 evalsha=1 get=1 pexpire=1 set=1");
    let set = cost(&h, async || b.set(entry("g", b"1", Some("g"))).await).await;
    assert_cost(&set, "del=1 evalsha=1 get=2 pexpire=2 set=1");
    let set = cost(&h, async || b.set_many(&[plain, plain]).await).await;
    assert_cost(&set, "del=2 evalsha=2 get=2 pexpire=2 set=2");
    let set = cost(&h, async || b.set_if_absent(plain).await).await;
    assert_cost(&set, "evalsha=1 get=1 getrange=1");
    let add = cost(&h, async || b.add(plain, 1).await).await;
    assert_cost(&add, "del=1 evalsha=1 get=2 set=1");
    let ttl = cost(&h, async || b.ttl("k").await).await;
    assert_cost(&ttl, "evalsha=1 get=1 getrange=1 pttl=1");
    let delete = cost(&h, async || b.delete("k").await).await;
    assert_cost(&delete, "del=1 evalsha=1 getrange=1");
}

#[tokio::test]
async fn a_claim_is_two_scripts() {
    let h = Harness::redis().await;
    let b = h.bucket("b");
    let fill = async |key| b.fill(key, Duration::ZERO, CLAIM, None).await;
    let _held = claim(&b, "busy", CLAIM, None).await;
    let busy = cost(&h, async || fill("busy").await).await;
    assert_cost(&busy, "evalsha=1 get=3");
    claim(&b, "k", CLAIM, None).await.complete(b"v", LONG).await.unwrap();
    let hit = cost(&h, async || fill("k").await).await;
    assert_cost(&hit, "evalsha=1 get=2");
    b.delete("k").await.unwrap();
    let (mut claimed, fill) = h.server().count(claim(&b, "k", CLAIM, None)).await;
    assert_cost(&fill, "evalsha=1 get=3 pexpire=1 set=1");
    let (done, complete) = h.server().count(claimed.complete(b"v", LONG)).await;
    done.unwrap();
    assert_cost(&complete, "del=1 evalsha=1 get=3 pexpire=1 set=1");
    claimed.give_up().await.unwrap();
}

#[tokio::test]
async fn an_invalidation_costs_the_same_for_any_number_of_entries() {
    let h = Harness::redis().await;
    let b = h.bucket("b");
    for entries in [0, 1, 1000] {
        let keys: Vec<_> = (0..entries).map(|n| n.to_string()).collect();
        let set: Vec<_> = keys.iter().map(|key| entry(key, b"v", Some("g"))).collect();
        for batch in set.chunks(50) {
            b.set_many(batch).await.unwrap();
        }
        for group in [Some("g"), None] {
            assert_cost(&cost(&h, async || b.invalidate(group).await).await, "del=64");
        }
    }
}

#[tokio::test]
async fn a_read_of_a_session_is_one_pipeline() {
    let h = Harness::redis().await;
    let (fixed, sliding) = (h.sessions("s", FIXED), h.sessions("s", SLIDING));
    sliding.replace("id", fields(&["a", "b"])).await.unwrap();
    for id in ["id", "absent"] {
        let get = cost(&h, async || sliding.get(id).await).await;
        assert_cost(&get, "hgetall=1 pexpire=1 pttl=1");
        assert_cost(&cost(&h, async || fixed.get(id).await).await, "hgetall=1 pttl=1");
    }
}

#[tokio::test]
async fn a_write_of_a_session_is_one_script() {
    let h = Harness::redis().await;
    let s = h.sessions("s", SLIDING);
    let replace = cost(&h, async || s.replace("id", fields(&["a", "b"])).await).await;
    assert_cost(&replace, "del=1 evalsha=1 hget=1 hset=4 pexpire=1 pexpiretime=1 time=1");
    let update = cost(&h, async || s.update("id", fields(&["a"])).await).await;
    assert_cost(&update, "evalsha=1 hexists=1 hget=1 hlen=1 hset=2 hstrlen=1 pexpire=1 time=1");
    let remove = cost(&h, async || s.remove("id", &texts(&["absent"])).await).await;
    assert_cost(&remove, "evalsha=1 hdel=1 hget=1 hset=1 hstrlen=1 pexpire=1 time=1");
    let stale = cost(&h, async || s.compare_and_set("id", 1, fields(&["a"])).await).await;
    assert_cost(&stale, "evalsha=1 hget=1");
    assert_cost(&cost(&h, async || s.clear("id").await).await, "del=1");
}

/// What would block a large server, or a cluster, is never used.
#[tokio::test]
async fn nothing_scans() {
    let h = Harness::redis().await;
    let (_, count) = h.server().count(one_of_each(&h.services, LONG)).await;
    let allowed = "del evalsha get getrange hdel hexists hget hgetall hlen hset hstrlen mget \
        pexpire pexpireat pexpiretime pttl script|load set time";
    for name in count.commands.keys() {
        assert!(allowed.split(' ').any(|allowed| allowed == name), "{name}: {}", count.text());
    }
    assert_eq!(count.of("script|load"), 10, "each script is loaded once");
}
