//! Limits: what is over one is refused before it reaches the store.

use satama::Refused;
use satama::grant::{Grant, Limits, Names};

use super::*;

#[track_caller]
fn assert_over<T: std::fmt::Debug>(result: Result<T, Error>, limit: u64) {
    match result {
        Err(Error::Refused(Refused::TooLarge { max, .. })) => assert_eq!(max, limit),
        other => panic!("expected to be over the limit of {limit}, got {other:?}"),
    }
}

pub(crate) async fn sizes_over_a_limit_are_refused(h: &Harness) {
    let b = h.bucket("b");
    let key = "k".repeat(1025);
    assert_over(b.get(&key).await, 1024);
    assert_over(b.get_many(&["k".into(), key.clone()]).await, 1024);
    assert_over(b.set(entry(&key, "v")).await, 1024);
    assert_over(b.set_if_absent(entry(&key, "v")).await, 1024);
    assert_over(b.add(entry(&key, ""), 1).await, 1024);
    assert_over(b.delete(&key).await, 1024);
    assert_over(b.ttl(&key).await, 1024);
    assert_over(b.fill(&key, BRIEF, BRIEF, None).await, 1024);

    let value = "v".repeat((1 << 20) + 1);
    assert_over(b.set(entry("k", &value)).await, 1 << 20);
    assert_over(b.set_if_absent(entry("k", &value)).await, 1 << 20);
    assert_over(b.set_many(&[entry("l", "v"), entry("k", &value)]).await, 1 << 20);

    let group = "g".repeat(256);
    assert_over(b.set(in_group(&group, "k", "v")).await, 255);
    assert_over(b.add(in_group(&group, "k", ""), 1).await, 255);
    assert_over(b.fill("k", BRIEF, BRIEF, Some(&group)).await, 255);
    assert_over(b.invalidate(Some(&group)).await, 255);

    assert_eq!(b.get_many(&["k".into(), "l".into()]).await.unwrap(), [None, None]);
}

pub(crate) async fn batches_over_64_items_are_refused(h: &Harness) {
    let b = h.bucket("b");
    assert_over(b.get_many(&vec!["k".into(); 65]).await, 64);
    assert_over(b.set_many(&[entry("k", "v"); 65]).await, 64);
    assert_eq!(read(&b, "k").await, None);
}

pub(crate) async fn durations_over_a_limit_are_refused(h: &Harness) {
    let b = h.bucket("b");
    let over = |ms| Duration::from_millis(ms + 1);
    let month = 30 * 24 * 60 * 60 * 1000;
    let long = Entry { ttl: over(month), ..entry("k", "v") };
    assert_over(b.set(long).await, month);
    assert_over(b.set_many(&[long]).await, month);
    assert_over(b.set_if_absent(long).await, month);
    assert_over(b.add(long, 1).await, month);
    assert_over(b.fill("k", over(30_000), BRIEF, None).await, 30_000);
    assert_over(b.fill("k", BRIEF, over(300_000), None).await, 300_000);
    assert_eq!(read(&b, "k").await, None);
    let mut claimed = claim(&b, "k", CLAIM, None).await;
    assert_over(claimed.complete(b"v", over(month)).await, month);
    claimed.complete(b"v", Duration::from_millis(month)).await.unwrap();
}

pub(crate) async fn a_grant_may_lower_the_limits(h: &Harness) {
    let mut limits = Limits::default();
    limits.key_bytes = 4;
    limits.value_bytes = 8;
    let names = Names::new(["b"]).unwrap();
    let grant = Grant::new("t", limits).unwrap().with_cache(names);
    let b = satama_tests::bucket(&h.services, &grant, "b");
    assert_over(b.get("5 are").await, 4);
    assert_over(b.set(entry("k", "9 are too")).await, 8);
    b.set(entry("4 ok", "8 are ok")).await.unwrap();
    let mut claimed = claim(&b, "k", BRIEF, None).await;
    assert_over(claimed.complete(b"9 are too", LONG).await, 8);
}

pub(crate) async fn what_is_not_granted_does_not_open(_: &Harness) {
    let grant = Grant::new("t", Limits::default()).unwrap().with_cache(Names::new(["b"]).unwrap());
    assert!(grant.cache("b").is_ok());
    for name in ["", "c", "B", "b ", "b\0", "b:"] {
        assert!(matches!(grant.cache(name), Err(Refused::Denied { service: "cache", .. })));
    }
    assert!(matches!(grant.session("b"), Err(Refused::Denied { service: "session", .. })));
}
