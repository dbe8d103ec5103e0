//! Who listens to a topic.

use std::collections::BTreeSet;

use super::*;

pub(crate) async fn members_are_listed_with_their_users(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    for (id, user) in [("a", Some("ann")), ("b", None), ("c", Some(""))] {
        c.add(id, "1", user).await.unwrap();
        b.subscribe("t", id, None).await.unwrap();
    }
    let entry = |id: &str, user: Option<&str>| (id.to_owned(), user.map(ToOwned::to_owned));
    let expected = [entry("a", Some("ann")), entry("b", None), entry("c", Some(""))];
    assert_eq!(members(&b, "t", 10).await, expected);
    c.set_user("a", None).await.unwrap();
    c.set_user("b", Some("bob")).await.unwrap();
    let expected = [entry("a", None), entry("b", Some("bob")), entry("c", Some(""))];
    assert_eq!(members(&b, "t", 10).await, expected);
}

pub(crate) async fn member_pages_have_each_member_once(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    let mut expected = Vec::new();
    for n in 0..150 {
        let (id, user) = (format!("id {n}"), (n % 3 == 0).then_some("ann"));
        c.add(&id, "1", user).await.unwrap();
        b.subscribe(if n % 5 == 0 { "other" } else { "t" }, &id, None).await.unwrap();
        if n % 5 != 0 {
            expected.push((id, user.map(ToOwned::to_owned)));
        }
    }
    expected.sort();
    let theirs = Host::other(h).await;
    for limit in [1, 7, 119, 120, 1_000] {
        assert_eq!(members(&b, "t", limit).await, expected, "in pages of {limit}");
        assert_eq!(members(&theirs.bus, "t", limit).await, expected, "in pages of {limit}");
    }
    assert_eq!(members(&b, "other", 7).await.len(), 30);
    assert_over(b.members("t", None, 1_001).await, 1_000);
}

pub(crate) async fn member_pages_have_who_stays_while_others_come_and_go(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    let brief = channels(&h.services, &grant("t"), "c", BRIEF);
    let mut stays = BTreeSet::new();
    for n in 0..60 {
        stays.insert(format!("id {n}"));
        c.add(&format!("id {n}"), "1", None).await.unwrap();
        b.subscribe("t", &format!("id {n}"), None).await.unwrap();
        if n % 3 == 0 {
            brief.add(&format!("brief {n}"), "1", None).await.unwrap();
            b.subscribe("t", &format!("brief {n}"), None).await.ok();
        }
    }
    let (mut seen, mut gone) = (BTreeSet::new(), BTreeSet::new());
    let (mut cursor, mut turn) = (None, 0);
    loop {
        let page = b.members("t", cursor.as_deref(), 3).await.unwrap();
        for (id, _) in page.entries {
            assert!(!gone.contains(&id), "{id} was gone");
            assert!(seen.insert(id.clone()), "{id} came twice");
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
        turn += 1;
        if turn == 2 {
            h.advance(BRIEF).await;
            gone.extend((0..60).map(|n| format!("brief {n}")));
        }
        if turn <= 10
            && let Some(id) = stays.pop_last()
        {
            match turn % 2 {
                0 => drop(c.remove(std::slice::from_ref(&id)).await.unwrap()),
                _ => drop(b.unsubscribe("t", &id).await.unwrap()),
            }
            gone.insert(id);
        }
    }
    assert!(stays.is_subset(&seen), "{:?}", stays.difference(&seen).collect::<Vec<_>>());
}

pub(crate) async fn hostile_member_cursors_do_no_harm(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    for n in 0..60 {
        c.add(&format!("id {n}"), "1", None).await.unwrap();
        b.subscribe(if n % 2 == 0 { "t" } else { "u" }, &format!("id {n}"), None).await.unwrap();
    }
    let all = member_ids(&b, "t").await;
    let real = b.members("t", None, 7).await.unwrap().next.unwrap();
    let another = b.members("u", None, 7).await.unwrap().next.unwrap();
    let list = c.list(None, None, 7).await.unwrap().next.unwrap();
    let mut cursors = vec![another, list, "9".repeat(5_000), format!("{real}\0"), "x".repeat(300)];
    cursors.extend((0..real.len()).filter_map(|end| real.get(..end)).map(ToOwned::to_owned));
    cursors.extend(["-1", "0:-1", "ff", "💥", "(", "[", "*", "\0", "0\0"].map(str::to_owned));
    for cursor in cursors {
        match b.members("t", Some(&cursor), 7).await {
            Ok(page) => {
                assert!(page.entries.len() <= 7, "{cursor:?}");
                assert!(page.entries.iter().all(|(id, _)| all.contains(id)), "{cursor:?}");
            }
            Err(Error::InvalidCursor | Error::Refused(_)) => {}
            Err(err) => panic!("{cursor:?}: {err:?}"),
        }
    }
    for cursor in ["", "not a cursor", "\0", "-1", "99999999999999999999999999999999"] {
        let page = b.members("t", Some(cursor), 7).await;
        assert!(matches!(page, Err(Error::InvalidCursor)), "{cursor:?}: {page:?}");
    }
}

pub(crate) async fn a_listener_of_the_host_is_no_member(h: &Harness) {
    let b = h.bus("c");
    let _listener = b.listen(&["t"]).await.unwrap();
    assert_eq!(member_ids(&b, "t").await, ids(&[]));
}
