//! Invalidation: of a bucket, and of a group in it.

use satama_tests::bucket;

use super::*;
use crate::ODD_TEXTS;

pub(crate) async fn invalidating_a_bucket_forgets_all_of_it(h: &Harness) {
    let (b, other) = (h.bucket("b"), h.bucket("other"));
    // Enough keys that every shard has one.
    let keys: Vec<String> = (0..300).map(|n| format!("key {n}")).collect();
    for (n, batch) in keys.chunks(50).enumerate() {
        let group = format!("g{n}");
        let group = (n % 2 == 0).then_some(group.as_str());
        let batch: Vec<_> = batch.iter().map(|key| Entry { group, ..entry(key, "v") }).collect();
        b.set_many(&batch).await.unwrap();
    }
    other.set(in_group("g0", "key 1", "v")).await.unwrap();
    b.invalidate(None).await.unwrap();
    for batch in keys.chunks(50) {
        assert!(b.get_many(batch).await.unwrap().iter().all(Option::is_none));
    }
    assert_eq!(read(&other, "key 1").await.as_deref(), Some("v"));
}

pub(crate) async fn invalidating_a_group_forgets_all_of_it(h: &Harness) {
    let b = h.bucket("b");
    let keys: Vec<String> = (0..300).map(|n| format!("key {n}")).collect();
    for batch in keys.chunks(50) {
        let batch: Vec<_> = batch.iter().map(|key| in_group("g", key, "v")).collect();
        b.set_many(&batch).await.unwrap();
    }
    b.invalidate(Some("g")).await.unwrap();
    for batch in keys.chunks(50) {
        assert!(b.get_many(batch).await.unwrap().iter().all(Option::is_none));
    }
}

pub(crate) async fn invalidating_a_group_leaves_the_rest(h: &Harness) {
    let b = h.bucket("b");
    let untouched = [entry("plain", "v"), in_group("h", "other group", "v"), entry("g", "v")];
    b.set_many(&untouched).await.unwrap();
    h.bucket("other").set(in_group("g", "k", "v")).await.unwrap();
    bucket(&h.services, &grant("u"), "b").set(in_group("g", "k", "v")).await.unwrap();
    b.set(in_group("g", "k", "v")).await.unwrap();
    b.invalidate(Some("g")).await.unwrap();
    assert_eq!(read(&b, "k").await, None);
    for entry in untouched {
        assert_eq!(read(&b, entry.key).await.as_deref(), Some("v"), "{}", entry.key);
    }
    assert_eq!(read(&h.bucket("other"), "k").await.as_deref(), Some("v"));
    assert_eq!(read(&bucket(&h.services, &grant("u"), "b"), "k").await.as_deref(), Some("v"));
}

pub(crate) async fn invalidating_nothing_is_no_error(h: &Harness) {
    let b = h.bucket("b");
    b.invalidate(None).await.unwrap();
    b.invalidate(Some("g")).await.unwrap();
    b.set(in_group("g", "k", "v")).await.unwrap();
    assert_eq!(read(&b, "k").await.as_deref(), Some("v"));
}

pub(crate) async fn an_invalidated_entry_never_returns(h: &Harness) {
    let b = h.bucket("b");
    for by in [Some("g"), None] {
        b.set(in_group("g", "old", "v")).await.unwrap();
        b.invalidate(by).await.unwrap();
        // Whatever starts a new generation of the group, the old entry stays gone:
        // all the ways to write, and more keys than there are shards.
        for n in 0..100 {
            b.set(in_group("g", &format!("new {n}"), "w")).await.unwrap();
        }
        b.set_if_absent(in_group("g", "absent", "w")).await.unwrap();
        b.add(in_group("g", "counter", ""), 1).await.unwrap();
        claim(&b, "claimed", CLAIM, Some("g")).await.complete(b"w", LONG).await.unwrap();
        assert_eq!(read(&b, "old").await, None);
        assert_eq!(b.ttl("old").await.unwrap(), None);
        assert_eq!(b.get_many(&["old".into()]).await.unwrap(), [None]);
        assert_eq!(read(&b, "new 7").await.as_deref(), Some("w"));
        assert!(!b.delete("old").await.unwrap());
        b.invalidate(None).await.unwrap();
    }
}

pub(crate) async fn an_entry_without_a_group_never_returns_either(h: &Harness) {
    let b = h.bucket("b");
    b.set(entry("old", "v")).await.unwrap();
    b.invalidate(None).await.unwrap();
    for n in 0..100 {
        b.set(entry(&format!("new {n}"), "w")).await.unwrap();
    }
    assert_eq!(read(&b, "old").await, None);
}

pub(crate) async fn an_invalidated_counter_starts_anew(h: &Harness) {
    let b = h.bucket("b");
    b.add(in_group("g", "n", ""), 41).await.unwrap();
    b.invalidate(Some("g")).await.unwrap();
    assert_eq!(b.add(in_group("g", "n", ""), 1).await.unwrap(), 1);
    b.invalidate(None).await.unwrap();
    assert_eq!(b.add(entry("n", ""), 1).await.unwrap(), 1);
}

pub(crate) async fn an_entry_is_in_the_group_it_was_last_set_in(h: &Harness) {
    let b = h.bucket("b");
    b.set_many(&[in_group("g", "moved", "v"), in_group("g", "left", "v")]).await.unwrap();
    b.set_many(&[in_group("h", "moved", "w"), entry("left", "w")]).await.unwrap();
    b.invalidate(Some("g")).await.unwrap();
    assert_eq!(read(&b, "moved").await.as_deref(), Some("w"));
    assert_eq!(read(&b, "left").await.as_deref(), Some("w"));
    b.invalidate(Some("h")).await.unwrap();
    assert_eq!(read(&b, "moved").await, None);
    assert_eq!(read(&b, "left").await.as_deref(), Some("w"));
}

/// Two keys of one shard: of others, the generations would be others.
fn one_shard() -> [String; 2] {
    let scope = grant("t").cache("b").unwrap();
    let shard = scope.key("key").shard();
    let other = (0..).map(|n| n.to_string()).find(|key| scope.key(key).shard() == shard);
    ["key".to_owned(), other.unwrap()]
}

pub(crate) async fn a_generation_lives_as_long_as_its_longest_entry(h: &Harness) {
    let [one, two] = &one_shard();
    for group in [Some("g"), None] {
        let (first, second) =
            (Entry { group, ..entry(one, "v") }, Entry { group, ..entry(two, "v") });
        let b =
            h.bucket(if group.is_some() { "long then short" } else { "long then short, no group" });
        b.set(first).await.unwrap();
        b.set(brief(second)).await.unwrap();
        h.advance(BRIEF).await;
        assert_eq!(read(&b, one).await.as_deref(), Some("v"));
        assert_eq!(read(&b, two).await, None);

        let b =
            h.bucket(if group.is_some() { "short then long" } else { "short then long, no group" });
        b.set(brief(first)).await.unwrap();
        b.set(second).await.unwrap();
        h.advance(BRIEF).await;
        assert_eq!(read(&b, one).await, None);
        assert_eq!(read(&b, two).await.as_deref(), Some("v"));
    }
}

pub(crate) async fn a_completed_claim_outlives_the_generation_it_began_with(h: &Harness) {
    for group in [None, Some("g")] {
        let b = h.bucket(group.unwrap_or("b"));
        // On a slow machine the claim may have expired before it is completed.
        while let Err(lost) = claim(&b, "k", BRIEF, group).await.complete(b"v", LONG).await {
            assert_lost(&Err(lost));
        }
        h.advance(BRIEF).await;
        assert_eq!(read(&b, "k").await.as_deref(), Some("v"));
    }
}

pub(crate) async fn a_counter_keeps_its_generation_alive(h: &Harness) {
    let b = h.bucket("b");
    let [one, two] = &one_shard();
    b.set(brief(in_group("g", one, "v"))).await.unwrap();
    b.add(in_group("g", two, ""), 7).await.unwrap();
    h.advance(BRIEF).await;
    assert_eq!(b.add(in_group("g", two, ""), 1).await.unwrap(), 8);
}

pub(crate) async fn group_names_may_be_any_text(h: &Harness) {
    let b = h.bucket("b");
    let mut groups: Vec<_> = ODD_TEXTS.iter().map(ToString::to_string).collect();
    groups.push("g".repeat(255));
    groups.push("g".repeat(254));
    for (n, group) in groups.iter().enumerate() {
        b.set(in_group(group, &n.to_string(), "v")).await.unwrap();
    }
    b.set(entry("none", "v")).await.unwrap();
    for (n, group) in groups.iter().enumerate() {
        assert_eq!(read(&b, &n.to_string()).await.as_deref(), Some("v"), "{group:?}");
        b.invalidate(Some(group)).await.unwrap();
        assert_eq!(read(&b, &n.to_string()).await, None, "{group:?}");
    }
    assert_eq!(read(&b, "none").await.as_deref(), Some("v"));
}

pub(crate) async fn what_one_host_invalidates_no_host_returns(h: &Harness) {
    let ours = h.bucket("b");
    let theirs = bucket(&h.other_host().await, &grant("t"), "b");
    for by in [Some("g"), None] {
        theirs.set_many(&[in_group("g", "k", "v"), entry("l", "v")]).await.unwrap();
        assert_eq!(read(&theirs, "k").await.as_deref(), Some("v"));
        ours.invalidate(by).await.unwrap();
        assert_eq!(read(&theirs, "k").await, None);
        assert_eq!(read(&theirs, "l").await.is_some(), by.is_some());
    }
}

/// Writers and an invalidator at once: once it returned, nothing older is read.
pub(crate) async fn nothing_set_before_an_invalidation_is_read_after_it(h: &Harness) {
    let seen = race(h, |n, b| async move {
        let key = format!("key {n}");
        let mut seen = Vec::new();
        for round in 0..10 {
            b.set(in_group("g", &key, &round.to_string())).await.unwrap();
            b.invalidate(Some("g")).await.unwrap();
            seen.push(read(&b, &key).await);
        }
        seen
    });
    assert!(seen.await.iter().flatten().all(Option::is_none));
}
