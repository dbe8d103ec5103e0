//! When a channel ends by itself, and what holds that off.

use super::*;

pub(crate) async fn a_channel_expires(h: &Harness) {
    let c = h.channels("c");
    brief(h).add("id", "1", Some("ann")).await.unwrap();
    c.add("stays", "1", Some("ann")).await.unwrap();
    h.advance(BRIEF).await;
    assert_missing(c.get("id").await);
    assert_eq!(listed(&c, None).await, ["stays"]);
    assert_eq!(listed(&c, Some("ann")).await, ["stays"]);
    assert_eq!(c.remove(&ids(&["id"])).await.unwrap(), 0);
}

/// Adds a channel that is brief, and touches it before it ends.
async fn add_and_touch(h: &Harness, c: &Channels, id: &str) {
    while brief(h).add(id, "1", Some("ann")).await.is_err()
        || !c.touch(&ids(&[id])).await.unwrap().is_empty()
    {
        // On a slow machine it has ended.
        h.advance(BRIEF).await;
    }
}

pub(crate) async fn a_touch_lets_a_channel_live_on(h: &Harness) {
    let c = h.channels("c");
    add_and_touch(h, &c, "id").await;
    c.set_state("id", Some("1")).await.unwrap();
    h.bus("c").subscribe("t", "id", None).await.unwrap();
    h.advance(BRIEF).await;
    assert_eq!(c.get("id").await.unwrap(), info("1", Some("ann")));
    assert_eq!(listed(&c, None).await, ["id"]);
    assert_eq!(listed(&c, Some("ann")).await, ["id"]);
    assert_eq!(h.bus("c").topics("id").await.unwrap(), ["t"]);
    assert_eq!(h.bus("c").members("t", None, 1_000).await.unwrap().entries.len(), 1);
    assert_eq!(c.state("id").await.unwrap().value.as_deref(), Some("1"));
}

/// All that a channel has lives on with it, also what it had before the touch.
pub(crate) async fn a_touch_renews_all_that_is_the_channels(h: &Harness) {
    let c = h.channels("c");
    loop {
        let of_brief = brief(h);
        of_brief.add("id", "1", Some("ann")).await.unwrap();
        let state = of_brief.set_state("id", Some("1")).await;
        let subscribed = h.bus("c").subscribe("t", "id", None).await;
        let touched = c.touch(&ids(&["id"])).await.unwrap().is_empty();
        if state.is_ok() && subscribed.is_ok() && touched {
            break;
        }
        h.advance(BRIEF).await;
    }
    h.advance(BRIEF).await;
    assert_eq!(c.state("id").await.unwrap().value.as_deref(), Some("1"));
    assert_eq!(listed(&c, Some("ann")).await, ["id"]);
    assert_eq!(h.bus("c").topics("id").await.unwrap(), ["t"]);
    assert_eq!(h.bus("c").members("t", None, 1_000).await.unwrap().entries.len(), 1);
}

pub(crate) async fn a_touch_never_shortens_a_life(h: &Harness) {
    let c = h.channels("c");
    c.add("added", "1", None).await.unwrap();
    add_and_touch(h, &c, "touched").await;
    for _ in 0..2 {
        let ended = brief(h).touch(&ids(&["added", "touched"])).await.unwrap();
        assert_eq!(ended, ids(&[]));
        h.advance(BRIEF).await;
    }
    assert_eq!(listed(&c, None).await, ["added", "touched"]);
    assert_eq!(c.get("added").await.unwrap(), info("1", None));
}

pub(crate) async fn a_touch_tells_which_have_ended(h: &Harness) {
    let c = h.channels("c");
    for id in ["a", "removed", "b"] {
        c.add(id, "1", None).await.unwrap();
    }
    brief(h).add("expired", "1", None).await.unwrap();
    h.advance(BRIEF).await;
    c.remove(&ids(&["removed"])).await.unwrap();
    let ended = c.touch(&ids(&["removed", "a", "expired", "never", "b"])).await.unwrap();
    assert_eq!(ended, ["removed", "expired", "never"], "in the order of the call");
    assert_eq!(c.touch(&[]).await.unwrap(), ids(&[]));
    assert_eq!(c.touch(&ids(&["a", "a"])).await.unwrap(), ids(&[]));
}

/// Only adding and touching count: a channel in use without a socket still ends.
pub(crate) async fn no_other_call_lets_a_channel_live_on(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    channels(&h.services, &grant("t"), "c", BRIEF * 2).add("id", "1", None).await.unwrap();
    for n in 0..4_u32 {
        c.get("id").await.ok();
        c.set_state("id", Some("1")).await.ok();
        c.compare_and_set_state("id", 0, "2").await.ok();
        c.set_user("id", (n % 2 == 0).then_some("ann")).await.ok();
        b.subscribe("t", "id", None).await.ok();
        b.topics("id").await.ok();
        b.unsubscribe("t", "id").await.ok();
        c.send("id", &text("m")).await.ok();
        listed(&c, None).await;
        h.advance(BRIEF / 2).await;
    }
    assert_missing(c.get("id").await);
    assert_eq!(listed(&c, None).await, ids(&[]));
    assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
    assert_eq!(b.members("t", None, 1_000).await.unwrap().entries, []);
}

pub(crate) async fn an_expired_channel_may_be_added_again(h: &Harness) {
    let c = h.channels("c");
    for round in 0..3 {
        let data = round.to_string();
        brief(h).add("id", &data, Some("ann")).await.unwrap();
        h.advance(BRIEF).await;
        c.add("id", &data, None).await.unwrap();
        h.advance(BRIEF).await;
        assert_eq!(c.get("id").await.unwrap(), info(&data, None));
        assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
        c.remove(&ids(&["id"])).await.unwrap();
    }
}

pub(crate) async fn a_life_may_be_a_day_or_nothing(h: &Harness) {
    let living = |ms| channels(&h.services, &grant("t"), "c", Duration::from_millis(ms));
    living(24 * 60 * 60 * 1000).add("day", "1", None).await.unwrap();
    living(0).add("nothing", "1", None).await.unwrap();
    living(0).add("nothing, of ann", "1", Some("ann")).await.unwrap();
    living(0).touch(&ids(&["day"])).await.unwrap();
    h.advance(Duration::from_millis(1)).await;
    let c = h.channels("c");
    assert_eq!(listed(&c, None).await, ["day"]);
    assert_eq!(listed(&c, Some("ann")).await, ids(&[]));
    for id in ["nothing", "nothing, of ann"] {
        assert_missing(c.get(id).await);
        c.add(id, "2", None).await.unwrap();
        assert_eq!(c.get(id).await.unwrap(), info("2", None));
    }
}

/// Many that end at different times, so that what tidies them up meets both, and
/// not all at once: the last to end is the first to be added again.
pub(crate) async fn of_many_channels_each_has_its_own_end(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    for n in 0..200 {
        let of = if n % 4 == 0 { h.channels("c") } else { brief(h) };
        of.add(&n.to_string(), "1", Some("ann")).await.unwrap();
        b.subscribe("t", &n.to_string(), None).await.ok();
    }
    h.advance(BRIEF).await;
    for n in 0..200 {
        let there = c.get(&n.to_string()).await.is_ok();
        assert_eq!(there, n % 4 == 0, "{n}");
    }
    for n in (0..200).rev().filter(|n| n % 4 != 0).map(|n| n.to_string()) {
        c.add(&n, "2", None).await.unwrap();
        assert_eq!(b.topics(&n).await.unwrap(), ids(&[]), "{n}");
    }
    assert_eq!(listed(&c, None).await.len(), 200);
    assert_eq!(listed(&c, Some("ann")).await.len(), 50);
    assert_eq!(b.members("t", None, 1_000).await.unwrap().entries.len(), 50);
}
