//! When a session ends: fixed, sliding, and neither too early nor too late.

use satama_tests::Span;

use super::*;

/// What writes a session in one of the ways there are.
const WRITES: [&str; 4] = ["replace", "update", "remove", "compare-and-set"];

async fn write(s: &Sessions, id: &str, how: &str) {
    match how {
        "replace" => s.replace(id, fields(&[("a", "2")])).await.map(drop).unwrap(),
        "update" => s.update(id, fields(&[("b", "2")])).await.map(drop).unwrap(),
        "remove" => s.remove(id, &names(&["absent"])).await.map(drop).unwrap(),
        "compare-and-set" => {
            // The version, read without renewing the session.
            let Swap::Stale(version) = s.compare_and_set(id, 1, Vec::new()).await.unwrap() else {
                panic!("no session has version 1");
            };
            let swap = s.compare_and_set(id, version, fields(&[("a", "2")])).await.unwrap();
            assert!(matches!(swap, Swap::Swapped(_)), "{swap:?}");
        }
        how => panic!("no way to write: {how}"),
    }
}

/// Asserts that the session `id` is found to expire `ttl` after `start`. Reads it
/// with a fixed expiry, which renews nothing.
async fn assert_expires(h: &Harness, id: &str, ttl: Duration, start: Span) {
    let s = h.sessions("s", FIXED);
    let (found, now) = h.timed(snapshot(&s, id)).await;
    let left = found.expires_in;
    assert!(now.proves(left, ttl, start), "{id}: {left:?} left at {now:?}, from {start:?}");
}

pub(crate) async fn a_session_expires(h: &Harness) {
    for expiry in [Expiry::Fixed(BRIEF), Expiry::Sliding(BRIEF)] {
        let s = h.sessions("s", expiry);
        for id in ["replace", "update"] {
            write(&s, id, id).await;
        }
        s.compare_and_set("compare-and-set", 0, Vec::new()).await.unwrap();
        h.advance(BRIEF).await;
        for id in ["replace", "update", "compare-and-set"] {
            assert_eq!(s.get(id).await.unwrap(), None, "{id}");
            assert!(!s.clear(id).await.unwrap(), "{id}");
            assert_eq!(s.remove(id, &names(&["a"])).await.unwrap(), 0, "{id}");
        }
    }
}

pub(crate) async fn what_expired_leaves_no_fields(h: &Harness) {
    let brief = h.sessions("s", Expiry::Fixed(BRIEF));
    brief.replace("id", fields(&[("old", "1")])).await.unwrap();
    h.advance(BRIEF).await;
    h.sessions("s", FIXED).update("id", fields(&[("new", "2")])).await.unwrap();
    assert_has(&snapshot(&h.sessions("s", FIXED), "id").await, &[("new", "2")]);
}

pub(crate) async fn a_fixed_expiry_counts_from_creation_whatever_happens(h: &Harness) {
    let s = h.sessions("s", FIXED);
    for how in WRITES {
        let (_, created) = h.timed(s.replace(how, fields(&[("a", "1")]))).await;
        h.advance(BRIEF).await;
        write(&s, how, how).await;
        s.get(how).await.unwrap();
        assert_expires(h, how, LONG, created).await;
    }
}

pub(crate) async fn a_fixed_expiry_ends_a_session_in_use(h: &Harness) {
    let s = h.sessions("s", Expiry::Fixed(BRIEF * 2));
    let id = |how| format!("{how} in use");
    for how in WRITES {
        s.replace(&id(how), fields(&[("a", "1")])).await.unwrap();
    }
    // Read to the end: it may have ended before, on a slow machine.
    for _ in 0..4 {
        for how in WRITES {
            s.get(&id(how)).await.unwrap();
        }
        h.advance(BRIEF / 2).await;
    }
    for how in WRITES {
        assert_eq!(s.get(&id(how)).await.unwrap(), None);
    }
}

pub(crate) async fn a_sliding_expiry_is_renewed_by_writes(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    for how in WRITES {
        s.replace(how, fields(&[("a", "1")])).await.unwrap();
        h.advance(BRIEF).await;
        let (_, renewed) = h.timed(write(&s, how, how)).await;
        h.advance(BRIEF).await;
        assert_expires(h, how, LONG, renewed).await;
    }
}

pub(crate) async fn a_sliding_expiry_is_renewed_by_reads(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.replace("id", fields(&[("a", "1")])).await.unwrap();
    h.advance(BRIEF).await;
    let (found, renewed) = h.timed(snapshot(&s, "id")).await;
    assert!(renewed.proves(found.expires_in, LONG, renewed), "{found:?}");
    h.advance(BRIEF).await;
    assert_expires(h, "id", LONG, renewed).await;
}

pub(crate) async fn a_read_does_not_create_or_change_a_session(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    assert_eq!(s.get("id").await.unwrap(), None);
    let version = s.replace("id", fields(&[("a", "1")])).await.unwrap();
    for _ in 0..3 {
        let found = snapshot(&s, "id").await;
        assert_eq!(found.version, version);
        assert_has(&found, &[("a", "1")]);
    }
}

pub(crate) async fn a_write_that_was_refused_renews_nothing(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let (_, created) = h.timed(s.replace("id", fields(&[("a", "1")]))).await;
    h.advance(BRIEF).await;
    let swap = s.compare_and_set("id", 1, fields(&[("a", "2")])).await.unwrap();
    assert!(matches!(swap, Swap::Stale(_)));
    let many = (0..256).map(|n| (format!("n{n}"), "1".to_owned())).collect();
    s.update("id", many).await.unwrap_err();
    assert_expires(h, "id", LONG, created).await;
}

pub(crate) async fn a_session_that_ended_begins_its_time_anew(h: &Harness) {
    let s = h.sessions("s", FIXED);
    s.replace("id", fields(&[("a", "1")])).await.unwrap();
    h.advance(BRIEF).await;
    s.clear("id").await.unwrap();
    let (_, created) = h.timed(s.update("id", fields(&[("a", "1")]))).await;
    assert_expires(h, "id", LONG, created).await;
}

pub(crate) async fn a_session_may_last_400_days(h: &Harness) {
    let year = Duration::from_secs(400 * 24 * 60 * 60);
    let s = h.sessions("s", Expiry::Fixed(year));
    let (_, created) = h.timed(s.replace("id", fields(&[("a", "1")]))).await;
    assert_expires(h, "id", year, created).await;
}
