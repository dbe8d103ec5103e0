//! Channels added, read and removed. The first four are what the reference asks of
//! a channel store.

use super::*;

pub(crate) async fn reference_a_channel_is_known_as_it_was_added(h: &Harness) {
    let c = h.channels("c");
    c.add("id", r#"{"room":1}"#, None).await.unwrap();
    assert_eq!(c.get("id").await.unwrap(), info(r#"{"room":1}"#, None));
}

pub(crate) async fn reference_a_missing_channel_is_not_found(h: &Harness) {
    let c = h.channels("c");
    c.add("another", "1", None).await.unwrap();
    assert_missing(c.get("missing").await);
    assert_missing(c.state("missing").await);
}

pub(crate) async fn reference_a_removed_channel_is_not_found(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    c.add("stays", "2", None).await.unwrap();
    assert_eq!(c.remove(&ids(&["id"])).await.unwrap(), 1);
    assert_missing(c.get("id").await);
    assert_eq!(c.get("stays").await.unwrap(), info("2", None));
}

pub(crate) async fn reference_removing_nothing_does_nothing(h: &Harness) {
    let c = h.channels("c");
    assert_eq!(c.remove(&[]).await.unwrap(), 0);
    c.add("id", "1", None).await.unwrap();
    assert_eq!(c.remove(&[]).await.unwrap(), 0);
    assert_eq!(c.remove(&ids(&["unknown"])).await.unwrap(), 0);
    assert_eq!(c.get("id").await.unwrap(), info("1", None));
}

pub(crate) async fn a_channel_may_be_added_with_a_user(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", Some("ann")).await.unwrap();
    let _socket = c.attach("attached", "2", Some("ann")).await.unwrap();
    assert_eq!(c.get("id").await.unwrap(), info("1", Some("ann")));
    assert_eq!(c.get("attached").await.unwrap(), info("2", Some("ann")));
    assert_eq!(listed(&c, Some("ann")).await, ["attached", "id"]);
}

/// The reference's store on Redis overwrites, on SQL it fails.
pub(crate) async fn a_channel_is_not_overwritten(h: &Harness) {
    let c = h.channels("c");
    let _socket = c.attach("attached", "1", Some("ann")).await.unwrap();
    c.add("added", "1", Some("ann")).await.unwrap();
    for id in ["added", "attached"] {
        let version = c.set_state(id, Some("1")).await.unwrap();
        h.bus("c").subscribe("t", id, None).await.unwrap();
        assert_exists(c.add(id, "2", Some("bob")).await);
        assert_exists(c.attach(id, "2", Some("bob")).await.map(drop));
        assert_eq!(c.get(id).await.unwrap(), info("1", Some("ann")));
        assert_eq!(c.state(id).await.unwrap().version, version);
        assert_eq!(h.bus("c").topics(id).await.unwrap(), ["t"]);
    }
    assert_eq!(listed(&c, Some("bob")).await, ids(&[]));
}

pub(crate) async fn of_many_that_add_one_does(h: &Harness) {
    let added = race(h, |n, c| async move {
        match c.add("id", &n.to_string(), Some(&n.to_string())).await {
            Ok(()) => Some(n),
            Err(Error::Exists) => None,
            Err(err) => panic!("{err:?}"),
        }
    });
    let won: Vec<_> = added.await.into_iter().flatten().map(|n| n.to_string()).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    let c = h.channels("c");
    assert_eq!(c.get("id").await.unwrap(), info(&won[0], Some(&won[0])));
    assert_eq!(list(&c, None, 10).await, [("id".to_owned(), Some(won[0].clone()))]);
}

pub(crate) async fn removing_tells_how_many_there_were(h: &Harness) {
    let c = h.channels("c");
    for id in ["a", "b", "c", "d"] {
        c.add(id, "1", None).await.unwrap();
    }
    assert_eq!(c.remove(&ids(&["a", "unknown", "b"])).await.unwrap(), 2);
    assert_eq!(c.remove(&ids(&["a", "b"])).await.unwrap(), 0);
    assert_eq!(c.remove(&ids(&["c", "c", "a", "c"])).await.unwrap(), 1, "named three times");
    assert_eq!(listed(&c, None).await, ["d"]);
}

pub(crate) async fn a_thousand_channels_are_removed_at_once(h: &Harness) {
    let c = h.channels("c");
    let many: Vec<_> = (0..1_000).map(|n| n.to_string()).collect();
    for id in &many {
        c.add(id, "1", Some("ann")).await.unwrap();
    }
    c.add("stays", "1", Some("ann")).await.unwrap();
    assert_eq!(c.touch(&many).await.unwrap(), ids(&[]));
    assert_eq!(c.remove(&many).await.unwrap(), 1_000);
    assert_eq!(listed(&c, None).await, ["stays"]);
    assert_eq!(listed(&c, Some("ann")).await, ["stays"]);
    assert_eq!(c.touch(&many).await.unwrap(), many);
}

pub(crate) async fn of_many_that_remove_one_counts(h: &Harness) {
    h.channels("c").add("id", "1", None).await.unwrap();
    let removed = race(h, |n, c| async move {
        match n % 4 {
            0 => u32::from(c.disconnect("id", 1000, "").await.is_ok()),
            _ => c.remove(&ids(&["id", "id"])).await.unwrap(),
        }
    });
    assert_eq!(removed.await.into_iter().sum::<u32>(), 1);
}

pub(crate) async fn a_channel_that_is_added_again_is_new(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", Some("ann")).await.unwrap();
    c.set_state("id", Some("1")).await.unwrap();
    b.subscribe("t", "id", None).await.unwrap();
    c.remove(&ids(&["id"])).await.unwrap();
    c.add("id", "2", None).await.unwrap();
    assert_new(h, "id", "2").await;
}

/// Asserts that nothing but its opening data is known of a channel.
pub(super) async fn assert_new(h: &Harness, id: &str, opening_data: &str) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    assert_eq!(c.get(id).await.unwrap(), info(opening_data, None));
    let state = c.state(id).await.unwrap();
    assert_eq!((state.version, state.value), (0, None));
    assert_eq!(b.topics(id).await.unwrap(), ids(&[]));
    assert_eq!(b.members("t", None, 1_000).await.unwrap().entries, []);
    assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
    assert!(listed(&c, None).await.contains(&id.to_owned()));
}

pub(crate) async fn opening_data_and_state_are_kept_as_they_were_written(h: &Harness) {
    let c = h.channels("c");
    let values = [
        "null",
        "false",
        "\"\"",
        "[]",
        "{}",
        " { \"b\" : 1 , \"a\" : 2.50 }\r\n",
        "1e400",
        "\"\\u0000\"",
        "\"ä日\"",
        "123456789012345678901234567890",
        "-0",
        "{\"a\":1,\"a\":2}",
        "\"'; DROP TABLE channel; --\"",
    ];
    for value in values {
        c.add(value, value, None).await.unwrap();
        c.set_state(value, Some(value)).await.unwrap();
        assert_eq!(c.get(value).await.unwrap(), info(value, None));
        assert_eq!(c.state(value).await.unwrap().value.as_deref(), Some(value));
    }
}

pub(crate) async fn closing_removes_a_channel_that_is_there(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    for (code, reason) in [(1000, ""), (3000, "moved"), (4999, "ä\0")] {
        c.add("id", "1", Some("ann")).await.unwrap();
        b.subscribe("t", "id", None).await.unwrap();
        c.disconnect("id", code, reason).await.unwrap();
        assert_missing(c.get("id").await);
        assert_missing(c.disconnect("id", code, reason).await);
        assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
    }
    c.add("id", "1", None).await.unwrap();
    assert_new(h, "id", "1").await;
}
