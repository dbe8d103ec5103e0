//! Lists and their pages.

use std::collections::BTreeSet;

use super::*;

/// Adds `count` channels, of ann and of nobody in turn. Returns all of them.
async fn add_many(c: &Channels, count: usize) -> Vec<(String, Option<String>)> {
    let mut entries = Vec::new();
    for n in 0..count {
        let (id, user) = (format!("id {n}"), (n % 2 == 0).then_some("ann"));
        c.add(&id, "1", user).await.unwrap();
        entries.push((id, user.map(ToOwned::to_owned)));
    }
    entries.sort();
    entries
}

fn of_ann(entries: &[(String, Option<String>)]) -> Vec<(String, Option<String>)> {
    entries.iter().filter(|(_, user)| user.is_some()).cloned().collect()
}

pub(crate) async fn a_list_of_nothing_is_empty(h: &Harness) {
    let c = h.channels("c");
    for user in [None, Some("nobody"), Some("")] {
        assert_eq!(list(&c, user, 10).await, []);
    }
    c.add("id", "1", Some("ann")).await.unwrap();
    assert_eq!(list(&c, Some("nobody"), 10).await, []);
    assert_eq!(list(&c, Some("an"), 10).await, []);
}

pub(crate) async fn pages_have_each_channel_once(h: &Harness) {
    let c = h.channels("c");
    let entries = add_many(&c, 150).await;
    let theirs = channels(&h.other_host().await, &grant("t"), "c", LONG);
    for limit in [1, 7, 149, 150, 1_000] {
        assert_eq!(list(&c, None, limit).await, entries, "in pages of {limit}");
        assert_eq!(list(&theirs, Some("ann"), limit).await, of_ann(&entries), "{limit}");
    }
}

/// A limit of nothing still leads through the list.
pub(crate) async fn pages_of_nothing_come_to_an_end(h: &Harness) {
    let c = h.channels("c");
    add_many(&c, 20).await;
    let mut cursor = None;
    for _ in 0..1_000 {
        let page = c.list(None, cursor.as_deref(), 0).await.unwrap();
        cursor = page.next;
        if cursor.is_none() {
            return;
        }
    }
    panic!("1,000 pages, and a next one");
}

/// Many in one page of a shard: all of one user, with ids that sort apart.
pub(crate) async fn a_cursor_may_be_used_twice_and_on_another_host(h: &Harness) {
    let c = h.channels("c");
    let entries = add_many(&c, 60).await;
    let theirs = channels(&h.other_host().await, &grant("t"), "c", LONG);
    for user in [None, Some("ann")] {
        let first = c.list(user, None, 7).await.unwrap();
        let cursor = first.next.as_deref();
        assert!(cursor.is_some_and(|cursor| !cursor.is_empty()));
        let page = c.list(user, cursor, 7).await.unwrap();
        assert_eq!(c.list(user, cursor, 7).await.unwrap(), page);
        assert_eq!(theirs.list(user, cursor, 7).await.unwrap(), page);
        for entry in &page.entries {
            assert!(entries.contains(entry) && !first.entries.contains(entry), "{entry:?}");
        }
    }
}

/// Whatever ends or begins meanwhile: what stays is there once, and what had ended
/// before a page was read is not in it.
pub(crate) async fn pages_have_what_stays_while_others_come_and_go(h: &Harness) {
    for limit in [1, 7] {
        let c = h.channels("c");
        let mut stays: BTreeSet<String> =
            add_many(&c, 60).await.into_iter().map(|(id, _)| id).collect();
        for n in 0..20 {
            brief(h).add(&format!("brief {n}"), "1", Some("ann")).await.unwrap();
        }
        let (mut seen, mut ended) = (BTreeSet::new(), BTreeSet::new());
        let (mut cursor, mut turn) = (None, 0);
        loop {
            let page = c.list(None, cursor.as_deref(), limit).await.unwrap();
            for (id, _) in page.entries {
                assert!(!ended.contains(&id), "{id} had ended");
                assert!(seen.insert(id.clone()), "{id} came twice");
            }
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
            turn += 1;
            if turn == 2 {
                h.advance(BRIEF).await;
                ended.extend((0..20).map(|n| format!("brief {n}")));
            }
            // Of those that were seen, and of those that were not.
            let id = if turn % 2 == 0 { stays.first() } else { stays.last() };
            if let Some(id) = id.cloned().filter(|_| turn <= 20) {
                c.remove(std::slice::from_ref(&id)).await.unwrap();
                stays.remove(&id);
                ended.insert(id);
                c.add(&format!("new {limit} {turn}"), "1", None).await.unwrap();
            }
        }
        assert!(stays.is_subset(&seen), "{:?}", stays.difference(&seen).collect::<Vec<_>>());
        c.remove(&stays.into_iter().collect::<Vec<_>>()).await.unwrap();
        let new = listed(&c, None).await;
        c.remove(&new).await.unwrap();
    }
}

/// Texts that no page gave as a cursor; some are close to one.
fn hostile_cursors(real: &str) -> Vec<String> {
    let mut cursors: Vec<String> = [
        "",
        " ",
        "0",
        "1",
        "-1",
        "00",
        "0x0",
        "+1",
        "1e3",
        "15",
        "16",
        "17",
        "255",
        "256",
        "65536",
        "4294967296",
        "9007199254740993",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999999999999999",
        "0:0",
        "0-0",
        "0.0",
        ":",
        "-",
        "0:",
        ":0",
        "0:-1",
        "15:18446744073709551615",
        "16:0",
        "ff",
        "ff:ff",
        "\0",
        "0\0",
        "NaN",
        "inf",
        "ä",
        "💥",
        "%00",
        "' OR 1=1 --",
        "*",
        "[",
        "(",
        "+",
        "(\u{10ffff}",
        "nil",
        "null",
    ]
    .map(str::to_owned)
    .into();
    cursors.extend([
        "9".repeat(5_000),
        "x".repeat(300),
        format!("{real}0"),
        format!("{real}\0"),
        format!("0{real}"),
        format!(" {real}"),
        real.to_uppercase(),
        real.chars().rev().collect(),
        real.chars().skip(1).collect(),
        format!("{real}{real}"),
    ]);
    cursors.extend((0..real.len()).filter_map(|end| real.get(..end)).map(ToOwned::to_owned));
    cursors
}

/// They are refused, or lead to a page of what is there.
pub(crate) async fn hostile_cursors_do_no_harm(h: &Harness) {
    let c = h.channels("c");
    let entries = add_many(&c, 60).await;
    for user in [None, Some("ann")] {
        let of_user = if user.is_some() { of_ann(&entries) } else { entries.clone() };
        let real = c.list(user, None, 7).await.unwrap().next.unwrap();
        for cursor in hostile_cursors(&real) {
            match c.list(user, Some(&cursor), 7).await {
                Ok(page) => {
                    assert!(page.entries.len() <= 7, "{cursor:?}");
                    assert!(page.entries.iter().all(|e| of_user.contains(e)), "{cursor:?}");
                }
                Err(Error::InvalidCursor | Error::Refused(_)) => {}
                Err(err) => panic!("{cursor:?}: {err:?}"),
            }
        }
    }
    for cursor in ["", "not a cursor", "\0", "-1", "99999999999999999999999999999999"] {
        let page = c.list(None, Some(cursor), 7).await;
        assert!(matches!(page, Err(Error::InvalidCursor)), "{cursor:?}: {page:?}");
    }
}

/// A cursor leads through one list; in another it is refused, or shows that one.
pub(crate) async fn the_cursor_of_another_list_does_no_harm(h: &Harness) {
    let c = h.channels("c");
    let entries = add_many(&c, 60).await;
    let other = h.channels("other");
    let stranger = channels(&h.services, &grant("stranger"), "c", LONG);
    for (n, of) in [&other, &stranger].into_iter().enumerate() {
        for m in 0..40 {
            of.add(&format!("{n} {m}"), "1", Some("bob")).await.unwrap();
            h.bus("other").subscribe("t", &format!("0 {m}"), None).await.unwrap();
        }
    }
    let cursors = [
        c.list(None, None, 7).await.unwrap().next,
        c.list(Some("ann"), None, 7).await.unwrap().next,
        other.list(Some("bob"), None, 7).await.unwrap().next,
        stranger.list(None, None, 7).await.unwrap().next,
        h.bus("other").members("t", None, 7).await.unwrap().next,
    ];
    for cursor in cursors.into_iter().flatten() {
        for (user, expected) in [(None, entries.clone()), (Some("ann"), of_ann(&entries))] {
            match c.list(user, Some(&cursor), 1_000).await {
                Ok(page) => assert!(page.entries.iter().all(|e| expected.contains(e))),
                Err(err) => assert!(matches!(err, Error::InvalidCursor), "{err:?}"),
            }
        }
        match h.bus("other").members("t", Some(&cursor), 1_000).await {
            Ok(page) => assert!(page.entries.iter().all(|(id, _)| id.starts_with("0 "))),
            Err(err) => assert!(matches!(err, hub::Error::InvalidCursor), "{err:?}"),
        }
    }
}
