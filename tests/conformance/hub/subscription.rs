//! Subscriptions made and ended. The first five are what the reference asks of an
//! event hub's store.

use super::*;

pub(crate) async fn reference_a_subscribed_channel_is_listed(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", None).await.unwrap();
    assert!(b.subscribe("t", "id", None).await.unwrap());
    assert_eq!(member_ids(&b, "t").await, ["id"]);
    assert_eq!(b.topics("id").await.unwrap(), ["t"]);
}

pub(crate) async fn reference_subscribing_twice_is_no_error(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", None).await.unwrap();
    assert!(b.subscribe("t", "id", None).await.unwrap());
    assert!(!b.subscribe("t", "id", None).await.unwrap());
    assert_eq!(member_ids(&b, "t").await, ["id"]);
    assert_eq!(b.topics("id").await.unwrap(), ["t"]);
}

pub(crate) async fn reference_unsubscribing_ends_a_subscription(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", None).await.unwrap();
    b.subscribe("t", "id", None).await.unwrap();
    b.subscribe("u", "id", None).await.unwrap();
    assert!(b.unsubscribe("t", "id").await.unwrap());
    assert_eq!(member_ids(&b, "t").await, ids(&[]));
    assert_eq!(b.topics("id").await.unwrap(), ["u"]);
}

pub(crate) async fn reference_unsubscribing_twice_tells(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", None).await.unwrap();
    assert!(!b.unsubscribe("t", "id").await.unwrap());
    b.subscribe("t", "id", None).await.unwrap();
    assert!(b.unsubscribe("t", "id").await.unwrap());
    assert!(!b.unsubscribe("t", "id").await.unwrap());
    assert!(b.subscribe("t", "id", None).await.unwrap());
}

pub(crate) async fn reference_an_unknown_topic_has_no_members(h: &Harness) {
    let page = h.bus("c").members("unknown", None, 10).await.unwrap();
    assert_eq!((page.entries, page.next), (vec![], None));
}

pub(crate) async fn a_channel_that_is_not_there_has_no_topics(h: &Harness) {
    let b = h.bus("c");
    assert_missing(b.subscribe("t", "missing", None).await);
    assert_missing(b.unsubscribe("t", "missing").await);
    assert_missing(b.topics("missing").await);
    assert_eq!(member_ids(&b, "t").await, ids(&[]));
    h.channels("c").add("id", "1", None).await.unwrap();
    assert_eq!(b.topics("id").await.unwrap(), ids(&[]));
}

pub(crate) async fn topics_are_in_the_order_of_their_bytes(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", None).await.unwrap();
    let mut topics: Vec<_> = crate::ODD_TEXTS.iter().map(ToString::to_string).collect();
    topics.push("t".repeat(255));
    for topic in &topics {
        assert!(b.subscribe(topic, "id", None).await.unwrap(), "{topic:?}");
        assert_eq!(member_ids(&b, topic).await, ["id"], "{topic:?}");
    }
    topics.sort();
    assert_eq!(b.topics("id").await.unwrap(), topics);
    while let Some(topic) = topics.pop() {
        assert!(b.unsubscribe(&topic, "id").await.unwrap(), "{topic:?}");
        assert_eq!(member_ids(&b, &topic).await, ids(&[]), "{topic:?}");
        assert_eq!(b.topics("id").await.unwrap(), topics);
    }
}

pub(crate) async fn a_channel_may_have_128_topics_and_no_more(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", Some("ann")).await.unwrap();
    let over = async |topic: &str| {
        let over = b.subscribe(topic, "id", None).await;
        assert_over(over, 128);
        assert_eq!(b.topics("id").await.unwrap().len(), 128);
        assert_eq!(member_ids(&b, topic).await, ids(&[]));
    };
    for topic in numbered(128) {
        assert!(b.subscribe(&topic, "id", None).await.unwrap());
    }
    over("one more").await;
    assert!(!b.subscribe("127", "id", None).await.unwrap(), "it is one of them");
    assert!(b.unsubscribe("0", "id").await.unwrap());
    assert!(b.subscribe("one more", "id", None).await.unwrap());
    over("0").await;
    c.remove(&ids(&["id"])).await.unwrap();
    for topic in numbered(128) {
        assert_eq!(member_ids(&b, &topic).await, ids(&[]), "{topic}");
    }
    c.add("id", "1", None).await.unwrap();
    assert_eq!(b.topics("id").await.unwrap(), ids(&[]));
}

/// They never pass the limit together.
pub(crate) async fn of_many_that_subscribe_at_once_128_do(h: &Harness) {
    h.channels("c").add("id", "1", None).await.unwrap();
    let done = race(h, |n, b| async move {
        let mut done = 0;
        for m in 0..5 {
            match b.subscribe(&format!("{n} {m}"), "id", None).await {
                Ok(changed) => done += usize::from(changed),
                Err(err) => assert_over(Err::<(), _>(err), 128),
            }
        }
        done
    });
    assert_eq!(done.await.into_iter().sum::<usize>(), 128);
    assert_eq!(h.bus("c").topics("id").await.unwrap().len(), 128);
}

pub(crate) async fn of_many_that_subscribe_one_changes(h: &Harness) {
    h.channels("c").add("id", "1", None).await.unwrap();
    for _ in 0..3 {
        let done = race(h, |_, b| async move { b.subscribe("t", "id", None).await.unwrap() });
        assert_eq!(done.await.into_iter().filter(|changed| *changed).count(), 1);
        assert_eq!(member_ids(&h.bus("c"), "t").await, ["id"]);
        let done = race(h, |_, b| async move { b.unsubscribe("t", "id").await.unwrap() });
        assert_eq!(done.await.into_iter().filter(|changed| *changed).count(), 1);
        assert_eq!(member_ids(&h.bus("c"), "t").await, ids(&[]));
    }
}

pub(crate) async fn d13_subscriptions_end_with_their_channel(h: &Harness) {
    let ours = Host::ours(h);
    let brief = channels(&h.services, &grant("t"), "c", BRIEF);
    brief.add("expired", "1", None).await.unwrap();
    ours.bus.subscribe("t", "expired", None).await.ok();
    for id in ["removed", "closed", "stays"] {
        ours.channels.add(id, "1", None).await.unwrap();
        ours.bus.subscribe("t", id, None).await.unwrap();
    }
    ours.listen("detached", "t").await.detach().await.unwrap();
    drop(ours.listen("dropped", "t").await);
    ours.channels.remove(&ids(&["removed"])).await.unwrap();
    ours.channels.disconnect("closed", 4000, "").await.unwrap();
    h.advance(BRIEF).await;
    until("the dropped one ends", async || {
        !member_ids(&ours.bus, "t").await.contains(&"dropped".to_owned())
    })
    .await;
    assert_eq!(member_ids(&ours.bus, "t").await, ["stays"]);
    for id in ["expired", "removed", "closed", "detached", "dropped"] {
        assert_missing(ours.bus.topics(id).await);
        ours.channels.add(id, "1", None).await.unwrap();
        assert_eq!(ours.bus.topics(id).await.unwrap(), ids(&[]), "{id}");
    }
    assert_eq!(member_ids(&ours.bus, "t").await, ["stays"]);
}
