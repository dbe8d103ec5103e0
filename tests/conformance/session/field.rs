//! Fields: set, read, removed. The first five are what the reference asks of a
//! session store.

use std::collections::BTreeMap;

use satama::session::Fields;

use super::*;
use crate::ODD_TEXTS;

pub(crate) async fn reference_an_unknown_session_is_none(h: &Harness) {
    for expiry in [SLIDING, FIXED] {
        let s = h.sessions("s", expiry);
        assert_eq!(s.get("unknown").await.unwrap(), None);
        assert_eq!(s.get("unknown").await.unwrap(), None, "reading it made none");
    }
}

pub(crate) async fn reference_a_session_is_read_as_it_was_set(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.replace("id", fields(&[("user", r#"{"id":"u1","roles":["a","b"]}"#)])).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("user", r#"{"id":"u1","roles":["a","b"]}"#)]);
}

pub(crate) async fn reference_a_session_is_overwritten(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.replace("id", fields(&[("a", "1"), ("b", "2")])).await.unwrap();
    s.replace("id", fields(&[("b", "3"), ("c", "4")])).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("b", "3"), ("c", "4")]);
}

pub(crate) async fn reference_a_session_is_cleared(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.replace("id", fields(&[("a", "1")])).await.unwrap();
    assert!(s.clear("id").await.unwrap());
    assert_eq!(s.get("id").await.unwrap(), None);
    // And nothing of it comes back with the next.
    s.update("id", fields(&[("b", "2")])).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("b", "2")]);
}

pub(crate) async fn reference_clearing_an_unknown_session_does_nothing(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    assert!(!s.clear("unknown").await.unwrap());
    s.replace("id", fields(&[])).await.unwrap();
    assert!(!s.clear("unknown").await.unwrap());
    assert!(s.clear("id").await.unwrap());
    assert!(!s.clear("id").await.unwrap());
}

pub(crate) async fn update_sets_some_fields_and_keeps_the_others(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.update("id", fields(&[("a", "1"), ("b", "2")])).await.unwrap();
    s.update("id", fields(&[("b", "\"longer\""), ("c", "4")])).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("a", "1"), ("b", "\"longer\""), ("c", "4")]);
    s.update("id", fields(&[])).await.unwrap();
    assert_eq!(snapshot(&s, "id").await.fields.len(), 3);
}

pub(crate) async fn remove_removes_the_fields_that_exist(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.replace("id", fields(&[("a", "1"), ("b", "2"), ("c", "3")])).await.unwrap();
    s.remove("id", &names(&["b", "absent", "b"])).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("a", "1"), ("c", "3")]);
    s.remove("id", &names(&["a", "c"])).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[]);
    s.remove("id", &[]).await.unwrap();
    assert!(s.clear("id").await.unwrap(), "a session without fields is one");
}

pub(crate) async fn remove_creates_no_session(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    assert_eq!(s.remove("id", &names(&["a"])).await.unwrap(), 0);
    assert_eq!(s.get("id").await.unwrap(), None);
    assert!(!s.clear("id").await.unwrap());
}

pub(crate) async fn a_session_may_have_no_fields(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    s.update("updated", fields(&[])).await.unwrap();
    s.replace("replaced", fields(&[])).await.unwrap();
    let Swap::Swapped(_) = s.compare_and_set("swapped", 0, fields(&[])).await.unwrap() else {
        panic!("there was none");
    };
    for id in ["updated", "replaced", "swapped"] {
        let found = snapshot(&s, id).await;
        assert_has(&found, &[]);
        assert!(found.version > 0);
    }
}

pub(crate) async fn of_two_fields_with_one_name_the_last_is_kept(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let twice = || fields(&[("a", "1"), ("b", "2"), ("a", "3")]);
    s.replace("id", twice()).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("a", "3"), ("b", "2")]);
    s.clear("id").await.unwrap();
    s.update("id", twice()).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("a", "3"), ("b", "2")]);
    s.clear("id").await.unwrap();
    s.compare_and_set("id", 0, twice()).await.unwrap();
    assert_has(&snapshot(&s, "id").await, &[("a", "3"), ("b", "2")]);
}

pub(crate) async fn values_are_kept_as_they_were_written(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let values = [
        "null",
        "false",
        "[]",
        "{}",
        " { \"b\" : 1 , \"a\" : 2.50 }\r\n",
        "1e400",
        "\"\\u0000\"",
        "\"ä日\"",
        "123456789012345678901234567890",
        "-0",
        "{\"a\":1,\"a\":2}",
        "\"'; DROP TABLE session; --\"",
    ];
    let named: Vec<_> = values.iter().map(|v| (format!("n{v}"), v.to_string())).collect();
    s.update("id", named.clone()).await.unwrap();
    assert_eq!(snapshot(&s, "id").await.fields, named.into_iter().collect());
}

/// Names may be any text, and are told apart and ordered by their bytes.
pub(crate) async fn field_names_may_be_any_text(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let mut texts: Vec<_> = ODD_TEXTS.iter().map(ToString::to_string).collect();
    texts.push("n".repeat(255));
    let named: Vec<_> = texts.iter().enumerate().map(|(n, t)| (t.clone(), n.to_string())).collect();
    s.replace("replaced", named.clone()).await.unwrap();
    for field in named.clone() {
        s.update("updated", vec![field]).await.unwrap();
    }
    for id in ["replaced", "updated"] {
        let found = snapshot(&s, id).await;
        assert_eq!(found.fields, named.iter().cloned().collect());
    }
    for name in &texts {
        s.remove("updated", std::slice::from_ref(name)).await.unwrap();
        let left = snapshot(&s, "updated").await.fields;
        assert!(!left.contains_key(name), "{name:?}");
    }
    assert_has(&snapshot(&s, "updated").await, &[]);
}

pub(crate) async fn ids_may_be_any_text(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let mut ids: Vec<_> = ODD_TEXTS.iter().map(ToString::to_string).collect();
    ids.push("i".repeat(1024));
    ids.push("\u{10ffff}".repeat(256));
    for (n, id) in ids.iter().enumerate() {
        s.replace(id, fields(&[("n", &n.to_string())])).await.unwrap();
    }
    for (n, id) in ids.iter().enumerate() {
        assert_has(&snapshot(&s, id).await, &[("n", &n.to_string())]);
        assert!(s.clear(id).await.unwrap());
        assert_eq!(s.get(id).await.unwrap(), None, "{id:?}");
    }
}

/// What the reference got wrong as D23: a prefix that reaches into another's keys.
pub(crate) async fn tenants_and_stores_never_see_each_other(h: &Harness) {
    let spaces = [
        ("t", "s"),
        ("t", "s2"),
        ("t", "S"),
        ("t2", "s"),
        ("s", "t"),
        ("t.s", "s"),
        ("t", "s:id"),
        ("t", "*"),
        ("t", "s*"),
        ("t", "s}"),
        ("t", "{s"),
        ("t", "s\0"),
        ("t", ""),
        ("t/s", "s"),
        ("t", "/s"),
    ];
    let stores: Vec<_> = spaces
        .iter()
        .map(|(tenant, name)| sessions(&h.services, &grant(tenant), name, SLIDING))
        .collect();
    for (n, s) in stores.iter().enumerate() {
        s.update("id", fields(&[("n", &n.to_string())])).await.unwrap();
        s.update("s:id", fields(&[("m", "1")])).await.unwrap();
    }
    for (n, s) in stores.iter().enumerate() {
        assert_has(&snapshot(s, "id").await, &[("n", &n.to_string())]);
        assert!(s.clear("id").await.unwrap(), "{:?}", spaces[n]);
        assert_eq!(s.get("id").await.unwrap(), None);
    }
}

pub(crate) async fn what_one_host_writes_another_reads_at_once(h: &Harness) {
    let ours = h.sessions("s", FIXED);
    let theirs = sessions(&h.other_host().await, &grant("t"), "s", FIXED);
    for n in 0..20 {
        let n = n.to_string();
        let version = ours.update("id", fields(&[("n", &n)])).await.unwrap();
        let found = snapshot(&theirs, "id").await;
        assert_eq!(found.version, version);
        assert_has(&found, &[("n", &n)]);
    }
    theirs.clear("id").await.unwrap();
    assert_eq!(ours.get("id").await.unwrap(), None);
}

pub(crate) async fn writers_to_different_fields_all_survive(h: &Harness) {
    let written = race(h, SLIDING, |n, s| async move {
        for value in 0..4 {
            let field = (format!("writer {n:02}"), value.to_string());
            s.update("id", vec![field]).await.unwrap();
            s.update("id", fields(&[("last", &n.to_string())])).await.unwrap();
        }
        let gone = format!("gone {n}");
        s.update("id", fields(&[(&gone, "0")])).await.unwrap();
        s.remove("id", &[gone]).await.unwrap();
    });
    written.await;
    let found = snapshot(&h.sessions("s", SLIDING), "id").await.fields;
    assert_eq!(found.len(), RACERS + 1);
    for n in 0..RACERS {
        assert_eq!(found[&format!("writer {n:02}")], "3");
    }
}

/// Readers among writers see what one write made of the session, with its version.
/// A read with a fixed expiry writes nothing, and one with a sliding expiry does.
pub(crate) async fn a_session_is_never_seen_half_written(h: &Harness) {
    for expiry in [FIXED, SLIDING] {
        h.sessions("s", FIXED).replace("id", fields(&[("a", "0"), ("b", "0")])).await.unwrap();
        let seen = race(h, expiry, |n, s| async move {
            let mut seen = Vec::new();
            for round in 0..16 {
                let value = (n * 100 + round).to_string();
                if n % 2 == 0 {
                    let both = fields(&[("a", &value), ("b", &value)]);
                    let version = s.replace("id", both.clone()).await.unwrap();
                    seen.push((version, both.into_iter().collect()));
                } else {
                    let found = snapshot(&s, "id").await;
                    seen.push((found.version, found.fields));
                }
            }
            seen
        });
        let mut versions = BTreeMap::<u64, Fields>::new();
        for (version, fields) in seen.await.concat() {
            assert_eq!(fields["a"], fields["b"]);
            let known = versions.entry(version).or_insert_with(|| fields.clone());
            assert_eq!(*known, fields, "version {version}");
        }
    }
}
