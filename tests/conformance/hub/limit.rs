//! Limits: what is over one is refused before it reaches the store.

use satama::Refused;
use satama::grant::{Grant, Limits, Names};

use super::*;

#[track_caller]
pub(super) fn assert_over<T: Debug>(result: Result<T, Error>, limit: u64) {
    match result {
        Err(Error::Refused(Refused::TooLarge { max, .. })) => assert_eq!(max, limit),
        other => panic!("expected to be over the limit of {limit}, got {other:?}"),
    }
}

pub(crate) async fn topics_and_ids_over_255_bytes_are_refused(h: &Harness) {
    let b = h.bus("c");
    h.channels("c").add("id", "1", None).await.unwrap();
    for over in ["t".repeat(256), "ä".repeat(128)] {
        let m = text("m");
        assert_over(b.subscribe(&over, "id", None).await, 255);
        assert_over(b.subscribe("t", &over, None).await, 255);
        assert_over(b.unsubscribe(&over, "id").await, 255);
        assert_over(b.unsubscribe("t", &over).await, 255);
        assert_over(b.topics(&over).await, 255);
        assert_over(b.members(&over, None, 10).await, 255);
        assert_over(b.publish(&over, &m, None, None).await, 255);
        assert_over(b.publish("t", &m, Some(&over), None).await, 255);
        assert_over(b.history(&over, None, 10).await, 255);
        assert_over(b.listen(&[&over]).await.map(drop), 255);
    }
    let longest = "ä".repeat(127) + "t";
    let mut listener = b.listen(&[&longest]).await.unwrap();
    b.publish(&longest, &text("m"), Some(&longest), KEEP).await.unwrap();
    hears(&mut listener, &["m"]).await;
    assert!(b.subscribe(&longest, "id", None).await.unwrap());
    assert_eq!(b.topics("id").await.unwrap(), [longest]);
}

pub(crate) async fn messages_may_have_64_kib_and_no_more(h: &Harness) {
    let b = h.bus("c");
    for keep in [None, KEEP] {
        let binary = |bytes| Message::Binary(vec![0; bytes].into());
        assert_over(b.publish("t", &text(&"x".repeat(65_537)), None, keep).await, 65_536);
        assert_over(b.publish("t", &binary(65_537), None, keep).await, 65_536);
        b.publish("t", &text(&"x".repeat(65_536)), None, keep).await.unwrap();
        b.publish("t", &binary(65_536), None, keep).await.unwrap();
    }
    assert_eq!(b.history("t", None, 100).await.unwrap().messages.len(), 2);
}

pub(crate) async fn what_is_kept_has_limits(h: &Harness) {
    let b = h.bus("c");
    let week = 7 * 24 * 60 * 60 * 1000;
    let keep = |messages, ms| Some(Keep { messages, ttl: Duration::from_millis(ms) });
    let publish = async |keep| b.publish("t", &text("m"), None, keep).await;
    assert_over(publish(keep(1_001, 1)).await, 1_000);
    assert_over(publish(keep(u32::MAX, 1)).await, 1_000);
    assert_over(publish(keep(1, week + 1)).await, week);
    assert_over(publish(Some(Keep { messages: 1, ttl: Duration::MAX })).await, week);
    assert_eq!(b.history("t", None, 100).await.unwrap().position, None);
    assert!(publish(keep(1_000, week)).await.unwrap().is_some());
    assert_over(b.history("t", None, 101).await, 100);
    assert_over(b.history("t", None, u32::MAX).await, 100);
    assert_eq!(b.history("t", None, 100).await.unwrap().messages.len(), 1);
}

/// Nothing, or the last: no more than that, and no harm.
pub(crate) async fn keeping_nothing_keeps_next_to_nothing(h: &Harness) {
    let b = h.bus("c");
    for n in 0..3 {
        let keep = Some(Keep { messages: 0, ttl: LONG });
        b.publish("t", &text(&n.to_string()), None, keep).await.unwrap();
        assert!(b.history("t", None, 100).await.unwrap().messages.len() <= 1);
    }
    let keep = Some(Keep { messages: 10, ttl: Duration::ZERO });
    b.publish("u", &text("m"), None, keep).await.unwrap();
    h.advance(Duration::from_millis(1)).await;
    assert_eq!(b.history("u", None, 100).await.unwrap().messages, []);
    b.publish("u", &text("m"), None, KEEP).await.unwrap();
    assert_eq!(b.history("u", None, 100).await.unwrap().messages.len(), 1);
}

pub(crate) async fn a_grant_may_lower_the_limits(h: &Harness) {
    let mut limits = Limits::default();
    limits.key_bytes = 4;
    limits.value_bytes = 8;
    let names = || Names::new(["c"]).unwrap();
    let grant =
        Grant::new(grant("t").tenant(), limits).unwrap().with_channel(names()).with_hub(names());
    let (c, b) = (channels(&h.services, &grant, "c", LONG), bus(&h.services, &grant, "c"));
    c.add("4 ok", "1", None).await.unwrap();
    assert_over(b.topics("5 are").await, 4);
    assert!(b.subscribe("a topic is no key", "4 ok", None).await.unwrap());
    assert_over(b.publish("t", &text("9 are too"), None, None).await, 8);
    b.publish("t", &text("8 are ok"), None, None).await.unwrap();
}

pub(crate) async fn what_is_not_granted_does_not_open(_: &Harness) {
    let grant = Grant::new("t", Limits::default()).unwrap().with_hub(Names::new(["c"]).unwrap());
    assert!(grant.hub("c").is_ok());
    for name in ["", "b", "C", "c ", "c\0", "c:"] {
        assert!(matches!(grant.hub(name).map(drop), Err(Refused::Denied { service: "hub", .. })));
    }
    assert!(matches!(grant.channel("c"), Err(Refused::Denied { service: "channel", .. })));
}
