//! Whose channels are whose.

use super::*;
use crate::ODD_TEXTS;

/// As texts of every kind.
fn odd_texts() -> Vec<String> {
    let mut texts: Vec<_> = ODD_TEXTS.iter().map(ToString::to_string).collect();
    texts.push("i".repeat(255));
    texts.push("\u{10ffff}".repeat(63));
    texts
}

pub(crate) async fn ids_and_users_may_be_any_text(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    let texts = odd_texts();
    for (n, text) in texts.iter().enumerate() {
        c.add(text, &n.to_string(), Some(text)).await.unwrap();
        c.set_state(text, Some(&format!("\"{n}\""))).await.unwrap();
        b.subscribe("t", text, None).await.unwrap();
    }
    let mut sorted = texts.clone();
    sorted.sort();
    assert_eq!(listed(&c, None).await, sorted);
    let members = b.members("t", None, 1_000).await.unwrap().entries;
    let mut members: Vec<_> = members.into_iter().map(|(id, _)| id).collect();
    members.sort();
    assert_eq!(members, sorted);
    for (n, text) in texts.iter().enumerate() {
        assert_eq!(c.get(text).await.unwrap(), info(&n.to_string(), Some(text)));
        assert_eq!(c.state(text).await.unwrap().value, Some(format!("\"{n}\"")));
        assert_eq!(listed(&c, Some(text)).await, std::slice::from_ref(text), "{text:?}");
        assert!(!c.send(text, &satama_tests::text("m")).await.unwrap(), "it has no socket");
    }
    assert_eq!(c.touch(&texts).await.unwrap(), ids(&[]));
    for text in &texts {
        assert_eq!(c.remove(std::slice::from_ref(text)).await.unwrap(), 1, "{text:?}");
        assert_missing(c.get(text).await);
        assert_eq!(listed(&c, Some(text)).await, ids(&[]));
    }
    assert_eq!(listed(&c, None).await, ids(&[]));
}

/// What the reference got wrong as D23: a prefix that reaches into another's keys.
pub(crate) async fn tenants_and_names_never_see_each_other(h: &Harness) {
    let spaces = [
        ("t", "c"),
        ("t", "c2"),
        ("t", "C"),
        ("t2", "c"),
        ("c", "t"),
        ("t.c", "c"),
        ("t", "c:id"),
        ("t", "*"),
        ("t", "c*"),
        ("t", "c}"),
        ("t", "{c"),
        ("t", "c\0"),
        ("t", ""),
        ("t/c", "c"),
        ("t", "/c"),
    ];
    let open = |(tenant, name)| {
        let grant = grant(tenant);
        (channels(&h.services, &grant, name, LONG), bus(&h.services, &grant, name))
    };
    let spaces_open: Vec<_> = spaces.into_iter().map(open).collect();
    for (n, (c, b)) in spaces_open.iter().enumerate() {
        c.add("id", &n.to_string(), Some("ann")).await.unwrap();
        c.add("c:id", "0", None).await.unwrap();
        c.set_state("id", Some(&n.to_string())).await.unwrap();
        b.subscribe("t", "id", None).await.unwrap();
    }
    for (n, (c, b)) in spaces_open.iter().enumerate() {
        assert_eq!(c.get("id").await.unwrap(), info(&n.to_string(), Some("ann")));
        assert_eq!(c.state("id").await.unwrap().value, Some(n.to_string()));
        assert_eq!(listed(c, None).await, ["c:id", "id"]);
        assert_eq!(listed(c, Some("ann")).await, ["id"]);
        let members = b.members("t", None, 1_000).await.unwrap().entries;
        assert_eq!(members, [("id".to_owned(), Some("ann".to_owned()))]);
        assert_eq!(c.remove(&ids(&["id"])).await.unwrap(), 1, "{:?}", spaces[n]);
        assert_missing(c.get("id").await);
        assert_eq!(b.members("t", None, 1_000).await.unwrap().entries, []);
    }
}

pub(crate) async fn what_one_host_writes_another_reads_at_once(h: &Harness) {
    let host = h.other_host().await;
    let ours = h.channels("c");
    let theirs = channels(&host, &grant("t"), "c", LONG);
    let (our_bus, their_bus) = (h.bus("c"), bus(&host, &grant("t"), "c"));
    for n in 0..20 {
        let n = n.to_string();
        ours.add("id", &n, None).await.unwrap();
        assert_eq!(theirs.get("id").await.unwrap(), info(&n, None));
        theirs.set_user("id", Some(&n)).await.unwrap();
        assert_eq!(listed(&ours, Some(&n)).await, ["id"]);
        let version = ours.set_state("id", Some(&n)).await.unwrap();
        let state = theirs.state("id").await.unwrap();
        assert_eq!((state.version, state.value), (version, Some(n.clone())));
        assert!(their_bus.subscribe(&n, "id", None).await.unwrap());
        assert!(!our_bus.subscribe(&n, "id", None).await.unwrap());
        assert_eq!(our_bus.members(&n, None, 1_000).await.unwrap().entries.len(), 1);
        theirs.remove(&ids(&["id"])).await.unwrap();
        assert_missing(ours.get("id").await);
        assert_eq!(our_bus.members(&n, None, 1_000).await.unwrap().entries, []);
    }
}
