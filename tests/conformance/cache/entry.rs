//! Values: set, read, forgotten, expired.

use satama::cache::Counts;
use satama_tests::bucket;

use super::*;
use crate::ODD_TEXTS;

pub(crate) async fn nothing_is_under_a_key_at_first(h: &Harness) {
    let b = h.bucket("b");
    assert_eq!(b.get("k").await.unwrap(), None);
    assert_eq!(b.ttl("k").await.unwrap(), None);
    assert!(!b.delete("k").await.unwrap());
}

pub(crate) async fn a_value_is_read_as_it_was_set(h: &Harness) {
    let b = h.bucket("b");
    let every_byte: Vec<u8> = (0..=255).collect();
    for value in [&b""[..], b"\0", b"v", &every_byte] {
        b.set(Entry { value, ..entry("k", "") }).await.unwrap();
        assert_eq!(b.get("k").await.unwrap().as_deref(), Some(value));
        b.set(Entry { value, ..in_group("g", "k", "") }).await.unwrap();
        assert_eq!(b.get("k").await.unwrap().as_deref(), Some(value));
    }
}

pub(crate) async fn a_value_may_have_1_mib(h: &Harness) {
    let b = h.bucket("b");
    let value: Vec<u8> = (0..1 << 20).map(|n: u32| n.to_le_bytes()[n as usize % 4]).collect();
    b.set(Entry { value: &value, ..entry("plain", "") }).await.unwrap();
    b.set(Entry { value: &value, ..in_group("g", "grouped", "") }).await.unwrap();
    assert_eq!(b.get("plain").await.unwrap().unwrap(), value);
    assert_eq!(b.get("grouped").await.unwrap().unwrap(), value);
    claim(&b, "filled", CLAIM, None).await.complete(&value, LONG).await.unwrap();
    assert_eq!(b.get("filled").await.unwrap().unwrap(), value);
}

pub(crate) async fn set_replaces_the_value(h: &Harness) {
    let b = h.bucket("b");
    b.set(entry("k", "first")).await.unwrap();
    b.set(entry("k", "second")).await.unwrap();
    assert_eq!(read(&b, "k").await.as_deref(), Some("second"));
}

pub(crate) async fn a_value_expires(h: &Harness) {
    let b = h.bucket("b");
    b.set(brief(entry("k", "v"))).await.unwrap();
    h.advance(BRIEF).await;
    assert_eq!(read(&b, "k").await, None);
    assert_eq!(b.ttl("k").await.unwrap(), None);
    assert!(!b.delete("k").await.unwrap());
}

pub(crate) async fn ttl_tells_how_long_is_left(h: &Harness) {
    let b = h.bucket("b");
    let (_, set) = h.timed(b.set(entry("k", "v"))).await;
    h.advance(BRIEF).await;
    let (left, now) = h.timed(b.ttl("k")).await;
    let left = left.unwrap().unwrap();
    assert!(left <= LONG - BRIEF, "{left:?} left, {BRIEF:?} after it was set for {LONG:?}");
    assert!(now.proves(left, LONG, set), "{left:?} left at {now:?}, set at {set:?}");
}

pub(crate) async fn set_restarts_the_ttl(h: &Harness) {
    let b = h.bucket("b");
    b.set(brief(entry("longer", "v"))).await.unwrap();
    b.set(entry("longer", "w")).await.unwrap();
    b.set(entry("shorter", "v")).await.unwrap();
    b.set(brief(entry("shorter", "w"))).await.unwrap();
    h.advance(BRIEF).await;
    assert_eq!(read(&b, "longer").await.as_deref(), Some("w"));
    assert_eq!(read(&b, "shorter").await, None);
}

pub(crate) async fn a_read_does_not_renew_the_ttl(h: &Harness) {
    let b = h.bucket("b");
    let (_, set) = h.timed(b.set(entry("k", "v"))).await;
    h.advance(BRIEF).await;
    b.get("k").await.unwrap();
    let (left, now) = h.timed(b.ttl("k")).await;
    assert!(now.proves(left.unwrap().unwrap(), LONG, set));
}

pub(crate) async fn a_ttl_may_be_30_days(h: &Harness) {
    let b = h.bucket("b");
    let month = Duration::from_secs(30 * 24 * 60 * 60);
    let (_, set) = h
        .timed(async { b.set(Entry { ttl: month, ..in_group("g", "k", "v") }).await.unwrap() })
        .await;
    let (left, now) = h.timed(b.ttl("k")).await;
    assert!(now.proves(left.unwrap().unwrap(), month, set));
}

pub(crate) async fn delete_forgets_and_tells_whether_there_was_one(h: &Harness) {
    let b = h.bucket("b");
    b.set(entry("k", "v")).await.unwrap();
    b.set(in_group("g", "grouped", "v")).await.unwrap();
    b.set(entry("other", "v")).await.unwrap();
    for key in ["k", "grouped"] {
        assert!(b.delete(key).await.unwrap());
        assert_eq!(read(&b, key).await, None);
        assert!(!b.delete(key).await.unwrap());
    }
    assert_eq!(read(&b, "other").await.as_deref(), Some("v"));
}

pub(crate) async fn set_if_absent_sets_where_there_is_no_live_value(h: &Harness) {
    let b = h.bucket("b");
    assert!(b.set_if_absent(entry("k", "first")).await.unwrap());
    assert!(!b.set_if_absent(entry("k", "second")).await.unwrap());
    assert_eq!(read(&b, "k").await.as_deref(), Some("first"));
    b.delete("k").await.unwrap();
    assert!(b.set_if_absent(brief(entry("k", "third"))).await.unwrap());
    h.advance(BRIEF).await;
    assert!(b.set_if_absent(in_group("g", "k", "fourth")).await.unwrap());
    b.invalidate(Some("g")).await.unwrap();
    assert!(b.set_if_absent(entry("k", "fifth")).await.unwrap());
    assert_eq!(read(&b, "k").await.as_deref(), Some("fifth"));
}

pub(crate) async fn set_if_absent_leaves_a_live_value_alone(h: &Harness) {
    let b = h.bucket("b");
    let (_, set) = h.timed(b.set(in_group("g", "k", "v"))).await;
    h.advance(BRIEF).await;
    assert!(!b.set_if_absent(brief(in_group("h", "k", "w"))).await.unwrap());
    let (left, now) = h.timed(b.ttl("k")).await;
    assert!(now.proves(left.unwrap().unwrap(), LONG, set));
    b.invalidate(Some("h")).await.unwrap();
    assert_eq!(read(&b, "k").await.as_deref(), Some("v"));
    b.invalidate(Some("g")).await.unwrap();
    assert_eq!(read(&b, "k").await, None);
}

pub(crate) async fn of_many_that_set_if_absent_one_does(h: &Harness) {
    let won = race(h, |n, b| async move {
        let value = n.to_string();
        b.set_if_absent(entry("k", &value)).await.unwrap().then_some(value)
    });
    let winners: Vec<String> = won.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1, "{winners:?}");
    assert_eq!(read(&h.bucket("b"), "k").await.as_ref(), winners.first());
}

pub(crate) async fn a_batch_is_read_in_its_order(h: &Harness) {
    let b = h.bucket("b");
    b.set_many(&[entry("a", "1"), entry("b", "2")]).await.unwrap();
    let keys = ["b", "absent", "a", "b"].map(str::to_owned);
    let found = b.get_many(&keys).await.unwrap();
    assert_eq!(found, [Some(b"2".to_vec()), None, Some(b"1".to_vec()), Some(b"2".to_vec())]);
    assert!(b.get_many(&[]).await.unwrap().is_empty());
}

pub(crate) async fn a_batch_may_mix_groups_and_none(h: &Harness) {
    let b = h.bucket("b");
    b.set(entry("plain", "1")).await.unwrap();
    let keys = ["plain", "g", "h", "absent"].map(str::to_owned);
    // Twice, because a store may read a bucket in another way once it knows of groups.
    for _ in 0..2 {
        b.set_many(&[in_group("g", "g", "2"), in_group("h", "h", "3")]).await.unwrap();
        let found = b.get_many(&keys).await.unwrap();
        assert_eq!(found, [Some(b"1".to_vec()), Some(b"2".to_vec()), Some(b"3".to_vec()), None]);
        b.invalidate(Some("g")).await.unwrap();
        let found = b.get_many(&keys).await.unwrap();
        assert_eq!(found, [Some(b"1".to_vec()), None, Some(b"3".to_vec()), None]);
    }
}

pub(crate) async fn a_batch_is_set_in_its_order(h: &Harness) {
    let b = h.bucket("b");
    let batch = [entry("k", "1"), entry("l", "2"), in_group("g", "k", "3"), brief(entry("m", "4"))];
    b.set_many(&batch).await.unwrap();
    assert_eq!(read(&b, "k").await.as_deref(), Some("3"));
    assert_eq!(read(&b, "l").await.as_deref(), Some("2"));
    b.invalidate(Some("g")).await.unwrap();
    h.advance(BRIEF).await;
    assert_eq!(read(&b, "k").await, None);
    assert_eq!(read(&b, "l").await.as_deref(), Some("2"));
    assert_eq!(read(&b, "m").await, None);
    b.set_many(&[]).await.unwrap();
}

pub(crate) async fn a_batch_may_have_64_items(h: &Harness) {
    let b = h.bucket("b");
    let keys: Vec<String> = (0..64).map(|n| n.to_string()).collect();
    let entries: Vec<_> = keys.iter().map(|key| in_group("g", key, key)).collect();
    b.set_many(&entries).await.unwrap();
    let found = b.get_many(&keys).await.unwrap();
    assert!(found.iter().zip(&keys).all(|(found, key)| found.as_deref() == Some(key.as_bytes())));
}

pub(crate) async fn keys_may_be_any_text(h: &Harness) {
    let b = h.bucket("b");
    let mut keys: Vec<_> = ODD_TEXTS.iter().map(ToString::to_string).collect();
    keys.push("k".repeat(1024));
    keys.push("\u{10ffff}".repeat(256));
    for (n, key) in keys.iter().enumerate() {
        b.set(entry(key, &n.to_string())).await.unwrap();
    }
    for (n, key) in keys.iter().enumerate() {
        assert_eq!(read(&b, key).await, Some(n.to_string()), "{key:?}");
    }
    for key in &keys {
        assert!(b.delete(key).await.unwrap(), "{key:?}");
        assert_eq!(read(&b, key).await, None, "{key:?}");
    }
}

/// What the reference got wrong as D23: a prefix that reaches into another's keys.
pub(crate) async fn tenants_and_buckets_never_see_each_other(h: &Harness) {
    let spaces = [
        ("t", "b"),
        ("t", "b2"),
        ("t", "B"),
        ("t2", "b"),
        ("b", "t"),
        ("t.b", "b"),
        ("t", "b:b"),
        ("t", "*"),
        ("t", "b*"),
        ("t", "b}"),
        ("t", "{b"),
        ("t", "b:05}e:k"),
        ("t", "b\0"),
        ("t", ""),
        ("t/b", "b"),
        ("t", "/b"),
    ];
    let buckets: Vec<_> =
        spaces.iter().map(|(tenant, name)| bucket(&h.services, &grant(tenant), name)).collect();
    for (n, b) in buckets.iter().enumerate() {
        b.set_many(&[in_group("g", "k", &n.to_string()), entry("b:k", "v")]).await.unwrap();
    }
    for (n, b) in buckets.iter().enumerate() {
        assert_eq!(read(b, "k").await, Some(n.to_string()), "{:?}", spaces[n]);
        b.invalidate((n % 2 == 0).then_some("g")).await.unwrap();
        assert_eq!(read(b, "k").await, None, "{:?}", spaces[n]);
    }
}

pub(crate) async fn what_one_host_writes_another_reads_at_once(h: &Harness) {
    let ours = h.bucket("b");
    let theirs = bucket(&h.other_host().await, &grant("t"), "b");
    for n in 0..20 {
        ours.set(entry("k", &n.to_string())).await.unwrap();
        assert_eq!(read(&theirs, "k").await, Some(n.to_string()));
    }
    // Theirs has met no group so far, and must know one when it meets it.
    ours.set(in_group("g", "k", "grouped")).await.unwrap();
    assert_eq!(read(&theirs, "k").await.as_deref(), Some("grouped"));
    theirs.delete("k").await.unwrap();
    assert_eq!(read(&ours, "k").await, None);
}

pub(crate) async fn reads_are_counted_by_bucket(h: &Harness) {
    let b = h.bucket("b");
    assert_eq!(b.counts(), Counts::default());
    b.get("k").await.unwrap();
    b.set(entry("k", "v")).await.unwrap();
    b.get("k").await.unwrap();
    b.get_many(&["k", "k", "absent"].map(str::to_owned)).await.unwrap();
    assert_eq!(h.bucket("b").counts(), Counts { hits: 3, misses: 2 });
    b.fill("k", Duration::ZERO, CLAIM, None).await.unwrap();
    let _claim = claim(&b, "absent", CLAIM, None).await;
    b.fill("absent", Duration::ZERO, CLAIM, None).await.unwrap();
    assert_eq!(b.counts(), Counts { hits: 4, misses: 4 });
    b.ttl("k").await.unwrap();
    b.add(entry("n", ""), 1).await.unwrap();
    assert_eq!(b.counts(), Counts { hits: 4, misses: 4 });
    assert_eq!(h.bucket("other").counts(), Counts::default());
}
