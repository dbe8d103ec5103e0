//! Limits: what is over one is refused before it reaches the store.

use satama::Refused;
use satama::grant::{Grant, Limits, Names};

use super::*;

#[track_caller]
fn assert_over<T: Debug>(result: Result<T, Error>, limit: u64) {
    match result {
        Err(Error::Refused(Refused::TooLarge { max, .. })) => assert_eq!(max, limit),
        other => panic!("expected to be over the limit of {limit}, got {other:?}"),
    }
}

/// JSON of so many bytes.
fn json(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

pub(crate) async fn ids_and_users_over_255_bytes_are_refused(h: &Harness) {
    let c = h.channels("c");
    for over in ["i".repeat(256), "ä".repeat(128)] {
        let (id, user) = (over.as_str(), Some(over.as_str()));
        assert_over(c.add(id, "1", None).await, 255);
        assert_over(c.attach(id, "1", None).await.map(drop), 255);
        assert_over(c.get(id).await, 255);
        assert_over(c.remove(&ids(&["id", id])).await, 255);
        assert_over(c.disconnect(id, 1000, "").await, 255);
        assert_over(c.set_user(id, None).await, 255);
        assert_over(c.state(id).await, 255);
        assert_over(c.set_state(id, Some("1")).await, 255);
        assert_over(c.set_state(id, None).await, 255);
        assert_over(c.compare_and_set_state(id, 0, "1").await, 255);
        assert_over(c.touch(&ids(&["id", id])).await, 255);
        assert_over(c.send(id, &text("m")).await, 255);
        assert_over(c.add("id", "1", user).await, 255);
        assert_over(c.attach("id", "1", user).await.map(drop), 255);
        assert_over(c.set_user("id", user).await, 255);
        assert_over(c.list(user, None, 10).await, 255);
    }
    assert_eq!(listed(&c, None).await, ids(&[]));
}

/// Also of two bytes each, which end in the middle of a limit's last.
pub(crate) async fn ids_and_users_of_255_bytes_are_not(h: &Harness) {
    let c = h.channels("c");
    for longest in ["i".repeat(255), format!("{}i", "ä".repeat(127))] {
        c.add(&longest, "1", Some(&longest)).await.unwrap();
        c.set_user(&longest, Some(&longest)).await.unwrap();
        assert_eq!(listed(&c, Some(&longest)).await, [longest]);
    }
}

pub(crate) async fn data_and_messages_may_have_64_kib_and_no_more(h: &Harness) {
    let c = h.channels("c");
    let (most, over) = (json(65_536), json(65_537));
    assert_over(c.add("id", &over, None).await, 65_536);
    assert_over(c.attach("id", &over, None).await.map(drop), 65_536);
    assert_missing(c.get("id").await);
    c.add("id", &most, None).await.unwrap();
    assert_over(c.set_state("id", Some(&over)).await, 65_536);
    assert_over(c.compare_and_set_state("id", 0, &over).await, 65_536);
    assert_eq!(c.state("id").await.unwrap().version, 0);
    c.set_state("id", Some(&most)).await.unwrap();
    assert_eq!(c.get("id").await.unwrap(), info(&most, None));
    assert_eq!(c.state("id").await.unwrap().value, Some(most.clone()));
    assert_over(c.send("id", &text(&over)).await, 65_536);
    c.send("id", &text(&most)).await.unwrap();
    let binary = |bytes| satama::delivery::Message::Binary(vec![0; bytes].into());
    assert_over(c.send("id", &binary(65_537)).await, 65_536);
    c.send("id", &binary(65_536)).await.unwrap();
}

pub(crate) async fn lists_and_pages_of_over_1000_are_refused(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let mut many = vec!["id".to_owned(); 1_001];
    assert_over(c.remove(&many).await, 1_000);
    assert_over(c.touch(&many).await, 1_000);
    assert_over(c.list(None, None, 1_001).await, 1_000);
    assert_over(c.list(Some("ann"), None, u32::MAX).await, 1_000);
    many.pop();
    assert_eq!(c.touch(&many).await.unwrap(), ids(&[]));
    assert_eq!(c.list(None, None, 1_000).await.unwrap().entries.len(), 1);
    assert_eq!(c.remove(&many).await.unwrap(), 1);
}

pub(crate) async fn a_life_over_a_day_does_not_open(h: &Harness) {
    let grant = grant("t");
    let open =
        |ttl| h.services.channel().channels(grant.channel("c").unwrap(), ttl, grant.limits());
    let day = 24 * 60 * 60 * 1000;
    assert!(open(Duration::from_millis(day)).is_ok());
    assert_over(open(Duration::from_millis(day + 1)).map(drop), day);
    assert_over(open(Duration::MAX).map(drop), day);
}

pub(crate) async fn only_what_an_application_may_send_closes(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let long = "r".repeat(124);
    let codes = [0, 1, 999, 1001, 1005, 1006, 1011, 1013, 1015, 2999, 5000, u16::MAX];
    let refused = codes.map(|code| (code, "")).into_iter();
    for (code, reason) in refused.chain([(1000, long.as_str()), (4000, &"ä".repeat(62))]) {
        let closed = c.disconnect("id", code, reason).await;
        assert!(matches!(closed, Err(Error::InvalidClose(said)) if said == code), "{closed:?}");
    }
    assert_eq!(c.get("id").await.unwrap(), info("1", None));
    for (code, reason) in [(1000, &long[1..]), (3000, ""), (4999, &"ä".repeat(61))] {
        c.disconnect("id", code, reason).await.unwrap();
        c.add("id", "1", None).await.unwrap();
    }
}

pub(crate) async fn what_is_not_json_is_refused(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let texts = ["", " ", "nul", "text", "{", "[1,]", "{a:1}", "'a'", "1 2", "NaN", "01", "1\0"];
    for text in texts.into_iter().chain([deep(128).as_str()]) {
        for result in [
            c.add("new", text, None).await,
            c.attach("new", text, None).await.map(drop),
            c.set_state("id", Some(text)).await.map(drop),
            c.compare_and_set_state("id", 0, text).await.map(drop),
        ] {
            assert!(matches!(result, Err(Error::InvalidJson(_))), "{text:?}: {result:?}");
        }
    }
    assert_missing(c.get("new").await);
    assert_eq!(c.state("id").await.unwrap().version, 0);
    c.set_state("id", Some(&deep(127))).await.unwrap();
}

pub(crate) async fn a_grant_may_lower_the_limits(h: &Harness) {
    let mut limits = Limits::default();
    limits.key_bytes = 4;
    limits.value_bytes = 8;
    let grant =
        Grant::new(grant("t").tenant(), limits).unwrap().with_channel(Names::new(["c"]).unwrap());
    let c = channels(&h.services, &grant, "c", LONG);
    assert_over(c.get("5 are").await, 4);
    assert_over(c.add("id", &json(9), None).await, 8);
    c.add("4 ok", &json(8), Some("a user is no key")).await.unwrap();
    assert_over(c.set_state("4 ok", Some(&json(9))).await, 8);
    c.set_state("4 ok", Some(&json(8))).await.unwrap();
    assert_over(c.send("4 ok", &text("9 are too")).await, 8);
    c.send("4 ok", &text("8 are ok")).await.unwrap();
}

pub(crate) async fn what_is_not_granted_does_not_open(_: &Harness) {
    let grant =
        Grant::new("t", Limits::default()).unwrap().with_channel(Names::new(["c"]).unwrap());
    assert!(grant.channel("c").is_ok());
    for name in ["", "b", "C", "c ", "c\0", "c:"] {
        assert!(matches!(grant.channel(name), Err(Refused::Denied { service: "channel", .. })));
    }
    assert!(matches!(grant.hub("c").map(drop), Err(Refused::Denied { service: "hub", .. })));
    assert!(matches!(grant.session("c"), Err(Refused::Denied { service: "session", .. })));
}
