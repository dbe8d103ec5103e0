//! The end of a channel: nothing of it stays, and nothing brings it back. These
//! are the reference's defects D13 and D14.

use super::life::assert_new;
use super::*;

/// Makes every call that needs a channel, on `host`, for one that has ended or
/// never was; asserts that each says so.
async fn assert_no_call_finds(host: &Services, id: &str) {
    let c = channels(host, &grant("t"), "c", LONG);
    let b = bus(host, &grant("t"), "c");
    assert_eq!(c.touch(&ids(&[id])).await.unwrap(), [id]);
    assert_missing(c.set_user(id, Some("ann")).await);
    assert_missing(c.set_user(id, None).await);
    assert_missing(c.set_state(id, Some("1")).await);
    assert_missing(c.set_state(id, None).await);
    for version in [0, 1, u64::MAX] {
        assert_missing(c.compare_and_set_state(id, version, "1").await);
    }
    assert_missing_to_hub(b.subscribe("t", id, None).await);
    assert_missing_to_hub(b.unsubscribe("t", id).await);
    assert_missing_to_hub(b.topics(id).await);
    assert_missing(c.send(id, &text("m")).await);
    b.publish("t", &text("m"), Some(id), None).await.unwrap();
    assert_missing(c.disconnect(id, 1000, "").await);
    assert_eq!(c.remove(&ids(&[id])).await.unwrap(), 0);
}

/// Asserts that no call finds the channel, nor brings it back, on either host.
async fn assert_ended(h: &Harness, id: &str) {
    for host in [&h.services, &h.other_host().await] {
        assert_no_call_finds(host, id).await;
        let c = channels(host, &grant("t"), "c", LONG);
        assert_missing(c.get(id).await);
        assert_missing(c.state(id).await);
        assert_eq!(listed(&c, None).await, ids(&[]));
        assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
        assert_eq!(members(&bus(host, &grant("t"), "c")).await, []);
    }
    h.channels("c").add(id, "2", None).await.unwrap();
    assert_new(h, id, "2").await;
}

/// Who listens to the topic `t`, in one page: as many as there may be.
async fn members(b: &Bus) -> Vec<(String, Option<String>)> {
    let page = b.members("t", None, 1_000).await.unwrap();
    assert_eq!(page.next, None);
    page.entries
}

/// A channel with all that one can have. If it is brief, some of it may fail.
async fn add_with_everything(h: &Harness, c: &Channels, id: &str) {
    c.add(id, "1", Some("ann")).await.unwrap();
    c.set_state(id, Some("1")).await.ok();
    for topic in ["t", "u"] {
        h.bus("c").subscribe(topic, id, None).await.ok();
    }
}

pub(crate) async fn d13_nothing_of_a_removed_channel_stays(h: &Harness) {
    let c = h.channels("c");
    add_with_everything(h, &c, "id").await;
    c.remove(&ids(&["id"])).await.unwrap();
    assert_eq!(members(&h.bus("c")).await, []);
    assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
    c.add("id", "2", None).await.unwrap();
    assert_new(h, "id", "2").await;
}

pub(crate) async fn d13_nothing_of_an_expired_channel_stays(h: &Harness) {
    add_with_everything(h, &brief(h), "id").await;
    h.advance(BRIEF).await;
    let c = h.channels("c");
    assert_eq!(members(&h.bus("c")).await, []);
    assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
    c.add("id", "2", None).await.unwrap();
    assert_new(h, "id", "2").await;
}

/// Only one of them ends, and nobody reads a list in between.
pub(crate) async fn d13_an_end_leaves_the_others_alone(h: &Harness) {
    let c = h.channels("c");
    add_with_everything(h, &brief(h), "expires").await;
    for id in ["removed", "stays"] {
        add_with_everything(h, &c, id).await;
    }
    c.remove(&ids(&["removed"])).await.unwrap();
    h.advance(BRIEF).await;
    let stays = [("stays".to_owned(), Some("ann".to_owned()))];
    assert_eq!(members(&h.bus("c")).await, stays);
    assert_eq!(list(&c, Some("ann"), 10).await, stays);
    assert_eq!(list(&c, None, 10).await, stays);
    assert_eq!(h.bus("c").topics("stays").await.unwrap(), ["t", "u"]);
    assert_eq!(c.state("stays").await.unwrap().value.as_deref(), Some("1"));
}

pub(crate) async fn d14_nothing_makes_a_channel_but_add(h: &Harness) {
    assert_ended(h, "never").await;
}

pub(crate) async fn d14_nothing_brings_back_a_removed_channel(h: &Harness) {
    let c = h.channels("c");
    add_with_everything(h, &c, "id").await;
    c.remove(&ids(&["id"])).await.unwrap();
    assert_ended(h, "id").await;
}

pub(crate) async fn d14_nothing_brings_back_a_closed_channel(h: &Harness) {
    let c = h.channels("c");
    add_with_everything(h, &c, "id").await;
    c.disconnect("id", 4000, "over").await.unwrap();
    assert_ended(h, "id").await;
}

pub(crate) async fn d14_nothing_brings_back_an_expired_channel(h: &Harness) {
    add_with_everything(h, &brief(h), "id").await;
    h.advance(BRIEF).await;
    assert_ended(h, "id").await;
}

pub(crate) async fn d14_a_write_that_races_a_removal_brings_nothing_back(h: &Harness) {
    let c = h.channels("c");
    for round in 0..4 {
        add_with_everything(h, &c, "id").await;
        let bus = [h.bus("c"), bus(&h.other_host().await, &grant("t"), "c")];
        let bus = std::sync::Arc::new(bus);
        let removed = race(h, move |n, c| {
            let bus = bus.clone();
            async move {
                let b = &bus[n % 2];
                let n = n + round;
                let done = match n % 8 {
                    0 => return c.remove(&ids(&["id"])).await.unwrap(),
                    1 => c.set_state("id", Some("2")).await.map(drop),
                    2 => c.set_state("id", None).await.map(drop),
                    3 => c.compare_and_set_state("id", 0, "2").await.map(drop),
                    4 => c.set_user("id", Some("bob")).await,
                    5 => c.touch(&ids(&["id"])).await.map(drop),
                    6 => return drop_missing(b.subscribe("t", "id", None).await),
                    _ => return drop_missing(b.unsubscribe("t", "id").await),
                };
                assert!(matches!(done, Ok(()) | Err(Error::NotFound)), "{done:?}");
                0
            }
        });
        assert_eq!(removed.await.into_iter().sum::<u32>(), 1);
        assert_missing(c.get("id").await);
        assert_eq!(listed(&c, Some("bob")).await, ids(&[]));
        assert_ended(h, "id").await;
        c.remove(&ids(&["id"])).await.unwrap();
    }
}

fn drop_missing(result: Result<bool, hub::Error>) -> u32 {
    match result {
        Ok(_) | Err(hub::Error::NotFound) => 0,
        Err(err) => panic!("{err:?}"),
    }
}
