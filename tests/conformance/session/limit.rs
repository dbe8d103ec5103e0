//! Limits: what is over one is refused, with nothing written.

use satama::Refused;
use satama::grant::{Grant, Limits, Names};
use satama::session::Error;

use super::*;

const FIELDS_MAX: u64 = 256;
const FIELD_BYTES_MAX: u64 = 64 << 10;
const SESSION_BYTES_MAX: u64 = 1 << 20;

#[track_caller]
fn assert_over<T: std::fmt::Debug>(result: Result<T, Error>, limit: u64) {
    match result {
        Err(Error::Refused(Refused::TooLarge { max, .. }) | Error::Full { max }) => {
            assert_eq!(max, limit);
        }
        other => panic!("expected to be over the limit of {limit}, got {other:?}"),
    }
}

/// `count` fields of one byte each, with names of four.
fn many(prefix: &str, count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (format!("{prefix}{n:03}"), "1".to_owned())).collect()
}

/// A JSON string of `bytes`.
fn json(bytes: usize) -> String {
    format!("\"{}\"", "x".repeat(bytes - 2))
}

pub(crate) async fn sizes_over_a_limit_are_refused(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let id = "i".repeat(1025);
    assert_over(s.get(&id).await, 1024);
    assert_over(s.replace(&id, Vec::new()).await, 1024);
    assert_over(s.update(&id, Vec::new()).await, 1024);
    assert_over(s.remove(&id, &[]).await, 1024);
    assert_over(s.clear(&id).await, 1024);
    assert_over(s.compare_and_set(&id, 0, Vec::new()).await, 1024);

    let name = "n".repeat(256);
    let large = json(65_537);
    let cases = [
        (fields(&[("a", "1"), (&name, "1")]), 255),
        (fields(&[("a", "1"), ("b", &large)]), FIELD_BYTES_MAX),
        (many("n", 257), FIELDS_MAX),
    ];
    for (fields, limit) in cases {
        assert_over(s.replace("id", fields.clone()).await, limit);
        assert_over(s.update("id", fields.clone()).await, limit);
        assert_over(s.compare_and_set("id", 0, fields).await, limit);
    }
    assert_over(s.remove("id", &[name]).await, 255);
    assert_over(s.remove("id", &vec!["n".to_owned(); 257]).await, FIELDS_MAX);
    assert_eq!(s.get("id").await.unwrap(), None);
}

pub(crate) async fn a_session_may_have_256_fields_and_no_more(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.replace("replaced", many("n", 256)).await.unwrap();
    s.update("updated", many("n", 255)).await.unwrap();
    s.update("updated", fields(&[("n255", "1")])).await.unwrap();
    for id in ["replaced", "updated"] {
        let before = snapshot(&s, id).await;
        assert_eq!(before.fields.len(), 256);
        // One field too many, with one that would change: neither is written.
        assert_over(s.update(id, fields(&[("n000", "2"), ("new", "1")])).await, FIELDS_MAX);
        let after = snapshot(&s, id).await;
        assert_eq!((after.version, &after.fields), (before.version, &before.fields));
        // What exists may still change, and make room.
        s.update(id, many("n", 256)).await.unwrap();
        s.remove(id, &names(&["n007"])).await.unwrap();
        s.update(id, fields(&[("new", "1")])).await.unwrap();
        assert_over(s.update(id, fields(&[("n007", "1")])).await, FIELDS_MAX);
    }
}

pub(crate) async fn a_session_may_have_1_mib_and_no_more(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    // Sixteen fields that fill it to the byte: names of four, the last shorter by them.
    let value = json(65_536 - 4);
    let full: Vec<_> = (0..16).map(|n| (format!("n{n:03}"), value.clone())).collect();
    let over = || {
        let mut over = full.clone();
        over[15].1 = json(65_536 - 3);
        over
    };
    assert_over(s.replace("id", over()).await, SESSION_BYTES_MAX);
    assert_over(s.update("id", over()).await, SESSION_BYTES_MAX);
    assert_over(s.compare_and_set("id", 0, over()).await, SESSION_BYTES_MAX);
    assert_eq!(s.get("id").await.unwrap(), None);

    s.replace("replaced", full.clone()).await.unwrap();
    for field in &full {
        s.update("updated", vec![field.clone()]).await.unwrap();
    }
    for id in ["replaced", "updated"] {
        let before = snapshot(&s, id).await;
        assert_eq!(before.fields, full.iter().cloned().collect());
        assert_over(
            s.update(id, fields(&[("n000", "1"), ("new", &value)])).await,
            SESSION_BYTES_MAX,
        );
        assert_over(
            s.update(id, vec![full[3].clone(), ("".into(), "1".into())]).await,
            SESSION_BYTES_MAX,
        );
        let after = snapshot(&s, id).await;
        assert_eq!((after.version, &after.fields), (before.version, &before.fields));
        // The size is exact after each kind of write, so that room is neither lost nor won.
        s.update(id, fields(&[("n000", "1"), ("n001", "22")])).await.unwrap();
        s.remove(id, &names(&["n001", "absent"])).await.unwrap();
        s.update(id, vec![full[0].clone(), full[1].clone()]).await.unwrap();
        assert_over(s.update(id, fields(&[("", "1")])).await, SESSION_BYTES_MAX);
    }
}

/// Text is measured in bytes, also with characters that end a C string.
pub(crate) async fn sizes_are_in_bytes(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let value = json(65_536);
    let named = |n: usize| format!("\0ä{n:012}");
    let fields: Vec<_> = (0..15).map(|n| (named(n), value.clone())).collect();
    s.replace("id", fields).await.unwrap();
    let left = (1 << 20) - 15 * (65_536 + named(0).len());
    let last = |bytes| vec![(named(15), json(bytes - named(15).len()))];
    assert_over(s.update("id", last(left + 1)).await, SESSION_BYTES_MAX);
    s.update("id", last(left)).await.unwrap();
    assert_over(s.update("id", vec![(String::new(), "1".into())]).await, SESSION_BYTES_MAX);
}

pub(crate) async fn what_is_not_json_is_refused(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let deep = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let texts = [
        "",
        " ",
        "nul",
        "tru",
        "text",
        "{",
        "[1,]",
        "{a:1}",
        "'a'",
        "1 2",
        "NaN",
        "01",
        "+1",
        ".5",
        "\"",
        "\"\n\"",
        "\"\\x\"",
        "\u{feff}1",
        "1\0",
        &deep(128),
    ];
    for text in texts {
        for result in [
            s.replace("id", fields(&[("a", "1"), ("b", text)])).await,
            s.update("id", fields(&[("a", "1"), ("b", text)])).await,
            s.compare_and_set("id", 0, fields(&[("a", "1"), ("b", text)])).await.map(|_| 0),
        ] {
            assert!(
                matches!(&result, Err(Error::InvalidJson { name, .. }) if name == "b"),
                "{text:?}: {result:?}"
            );
        }
    }
    assert_eq!(s.get("id").await.unwrap(), None);
    s.replace("id", fields(&[("deep", &deep(127))])).await.unwrap();
}

pub(crate) async fn a_grant_may_lower_the_limits(h: &Harness) {
    let mut limits = Limits::default();
    limits.key_bytes = 4;
    limits.value_bytes = 8;
    let names = Names::new(["s"]).unwrap();
    let grant = Grant::new("t", limits).unwrap().with_session(names);
    let s = sessions(&h.services, &grant, "s", SLIDING);
    assert_over(s.get("5 are").await, 4);
    assert_over(s.update("id", vec![("a".into(), json(9))]).await, 8);
    s.update("4 ok", vec![("names are not values".into(), json(8))]).await.unwrap();
}

pub(crate) async fn an_expiry_over_400_days_does_not_open(h: &Harness) {
    let grant = grant("t");
    let open =
        |expiry| h.services.session().sessions(grant.session("s").unwrap(), expiry, grant.limits());
    let ms_max = 400 * 24 * 60 * 60 * 1000;
    for expiry in [Expiry::Fixed, Expiry::Sliding] {
        assert!(open(expiry(Duration::from_millis(ms_max))).is_ok());
        assert_over(open(expiry(Duration::from_millis(ms_max + 1))).map(drop), ms_max);
    }
}
