//! Who is behind a channel. The first is what the reference asks of a channel
//! store.

use super::*;

pub(crate) async fn reference_a_user_is_set_and_cleared(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    c.set_user("id", Some("ann")).await.unwrap();
    assert_eq!(c.get("id").await.unwrap(), info("1", Some("ann")));
    c.set_user("id", None).await.unwrap();
    assert_eq!(c.get("id").await.unwrap(), info("1", None));
}

pub(crate) async fn a_channel_moves_from_user_to_user(h: &Harness) {
    let c = h.channels("c");
    h.bus("c").subscribe("t", "none", None).await.unwrap_err();
    c.add("id", "1", Some("ann")).await.unwrap();
    c.add("stays", "1", Some("ann")).await.unwrap();
    h.bus("c").subscribe("t", "id", None).await.unwrap();
    for user in [Some("bob"), Some("bob"), Some("ann"), None, None, Some("ann")] {
        c.set_user("id", user).await.unwrap();
        assert_eq!(c.get("id").await.unwrap(), info("1", user));
        let entry = ("id".to_owned(), user.map(ToOwned::to_owned));
        for of in ["ann", "bob"] {
            let expected = list(&c, Some(of), 10).await.contains(&entry);
            assert_eq!(expected, user == Some(of), "{user:?} among those of {of}");
        }
        assert!(list(&c, None, 10).await.contains(&entry));
        let members = h.bus("c").members("t", None, 1_000).await.unwrap().entries;
        assert_eq!(members, [entry]);
    }
    assert_eq!(listed(&c, Some("ann")).await, ["id", "stays"]);
}

pub(crate) async fn an_empty_user_is_a_user(h: &Harness) {
    let c = h.channels("c");
    c.add("of none", "1", None).await.unwrap();
    c.add("of empty", "1", Some("")).await.unwrap();
    assert_eq!(c.get("of empty").await.unwrap(), info("1", Some("")));
    assert_eq!(c.get("of none").await.unwrap(), info("1", None));
    assert_eq!(list(&c, Some(""), 10).await, [("of empty".to_owned(), Some(String::new()))]);
    c.set_user("of none", Some("")).await.unwrap();
    assert_eq!(listed(&c, Some("")).await, ["of empty", "of none"]);
    c.set_user("of empty", None).await.unwrap();
    assert_eq!(c.get("of empty").await.unwrap(), info("1", None));
    assert_eq!(listed(&c, Some("")).await, ["of none"]);
}

pub(crate) async fn an_empty_id_is_an_id(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("", "\"\"", Some("")).await.unwrap();
    c.set_state("", Some("1")).await.unwrap();
    assert!(b.subscribe("", "", None).await.unwrap());
    assert_eq!(b.topics("").await.unwrap(), [""]);
    let entry = [(String::new(), Some(String::new()))];
    assert_eq!(b.members("", None, 10).await.unwrap().entries, entry);
    assert_eq!(list(&c, Some(""), 10).await, entry);
    assert_eq!(c.touch(&ids(&[""])).await.unwrap(), ids(&[]));
    assert_eq!(c.remove(&ids(&[""])).await.unwrap(), 1);
    assert_eq!(listed(&c, None).await, ids(&[]));
    assert_eq!(c.touch(&ids(&[""])).await.unwrap(), [""]);
}

pub(crate) async fn a_user_is_no_part_of_the_state(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let version = c.set_state("id", Some("1")).await.unwrap();
    c.set_user("id", Some("ann")).await.unwrap();
    let state = c.state("id").await.unwrap();
    assert_eq!((state.version, state.value.as_deref()), (version, Some("1")));
    c.set_state("id", None).await.unwrap();
    assert_eq!(c.get("id").await.unwrap(), info("1", Some("ann")));
}

pub(crate) async fn of_many_that_set_the_user_the_last_has_it_alone(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    race(h, |n, c| async move { c.set_user("id", Some(&n.to_string())).await.unwrap() }).await;
    let user = c.get("id").await.unwrap().user.unwrap();
    for n in 0..RACERS {
        let n = n.to_string();
        let expected = if n == user { ids(&["id"]) } else { ids(&[]) };
        assert_eq!(listed(&c, Some(&n)).await, expected, "{n}, while {user} has it");
    }
}
