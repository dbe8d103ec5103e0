//! What is the users' own.

use super::*;
use crate::ODD_TEXTS;

async fn users(hand: &Hand, name: &str, limit: u32) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), None::<String>);
    loop {
        let shelf = hand.grant.credential();
        let page = hand.vault().users(shelf, name, after.as_deref(), limit).await.unwrap();
        assert!(page.names.len() <= limit as usize);
        all.extend(page.names);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

pub(crate) async fn users_may_be_any_text(h: &Harness) {
    let hand = secrets(h);
    let long = "\u{10ffff}".repeat(63) + "~~~";
    assert_eq!(long.len(), 255);
    let mut all: Vec<&str> = ODD_TEXTS.iter().copied().chain([long.as_str(), "a/b", "/"]).collect();
    for (n, user) in all.iter().enumerate() {
        hand.clone().of(user).put("name", n.to_string()).await;
        hand.clone().of(user).put("name/more", user).await;
    }
    for (n, user) in all.iter().enumerate() {
        let of_user = hand.clone().of(user);
        assert_eq!(of_user.value("name").await.unwrap(), n.to_string().as_bytes(), "{user:?}");
        assert_eq!(of_user.value("name/more").await.unwrap(), user.as_bytes(), "{user:?}");
        for limit in [1, 2, 10] {
            assert_eq!(of_user.names(limit).await, ["name", "name/more"], "{user:?}");
        }
    }
    all.sort_unstable();
    for limit in [1, 7, 1_000] {
        assert_eq!(users(&hand, "name", limit).await, all, "{limit}");
    }
    for user in &all {
        assert!(hand.clone().of(user).delete("name").await);
        assert!(!hand.clone().of(user).exists("name").await);
    }
    assert_eq!(users(&hand, "name", 10).await, Vec::<String>::new());
    assert_eq!(users(&hand, "name/more", 1_000).await, all);
}

/// A user ends where its name begins, whatever either of them has in it.
pub(crate) async fn users_and_names_are_told_apart(h: &Harness) {
    let hand = secrets(h);
    let pairs =
        [("a", "b/c"), ("a/b", "c"), ("a%2Fb", "c"), ("", "a/b/c"), ("a", "b"), ("a/", "b")];
    for (n, (user, name)) in pairs.iter().enumerate() {
        hand.clone().of(user).put(name, n.to_string()).await;
    }
    for (n, (user, name)) in pairs.iter().enumerate() {
        let found = hand.clone().of(user).value(name).await.unwrap();
        assert_eq!(found, n.to_string().as_bytes(), "{user:?} {name:?}");
    }
    assert_eq!(hand.clone().of("a").names(10).await, ["b", "b/c"]);
    assert_eq!(hand.clone().of("a/").names(10).await, ["b"]);
    assert_eq!(hand.of("").names(10).await, ["a/b/c"]);
}

pub(crate) async fn a_page_of_users_begins_after_its_place(h: &Harness) {
    let hand = secrets(h);
    let all = ["", "a", "a\0", "ann", "bob", "\u{10ffff}"];
    for user in all {
        hand.clone().of(user).put("name", "").await;
    }
    let end = "\u{10ffff}".repeat(64);
    for after in ODD_TEXTS.iter().copied().chain(["ann", "ann\0", &end]) {
        let expected: Vec<_> = all.iter().filter(|user| **user > after).collect();
        let shelf = hand.grant.credential();
        let page = hand.vault().users(shelf, "name", Some(after), 1_000).await.unwrap();
        assert_eq!(page.names.iter().collect::<Vec<_>>(), expected, "{after:?}");
    }
    let over = "a".repeat(257);
    let page = hand.vault().users(hand.grant.credential(), "name", Some(&over), 10).await;
    assert!(matches!(page, Err(Error::Refused(_))), "{page:?}");
}

pub(crate) async fn a_user_may_have_255_bytes_and_no_more(h: &Harness) {
    let hand = secrets(h);
    let longest = hand.clone().of(&"é".repeat(127));
    longest.put("a", "1").await;
    assert_eq!(longest.value("a").await.unwrap(), b"1");
    assert_eq!(longest.names(10).await, ["a"]);
    assert_eq!(users(&hand, "a", 1).await, [longest.user().unwrap()]);
    let over = hand.of(&"é".repeat(128));
    let too_large = |err: Error| {
        let is = matches!(err, Error::Refused(satama::Refused::TooLarge { max: 255, .. }));
        assert!(is, "{err:?}");
    };
    too_large(over.try_put("a", "1").await.unwrap_err());
    too_large(over.get("a").await.unwrap_err());
    too_large(over.describe("a").await.unwrap_err());
    too_large(over.try_delete("a").await.unwrap_err());
    too_large(over.try_page(None, 10).await.unwrap_err());
    too_large(over.vault().exists(over.shelf(), "a", over.user()).await.unwrap_err());
}

/// Users are listed to who may read the credential, and to nobody else.
pub(crate) async fn users_are_told_of_what_may_be_read_alone(h: &Harness) {
    let hand = secrets(h);
    for name in ["mail", "bank"] {
        hand.clone().of("ann").put(name, "").await;
    }
    let some = hand.granted("t", SecretGrant { read: names(&["mail"]), ..all_secrets() });
    assert_eq!(users(&some, "mail", 10).await, ["ann"]);
    for name in ["bank", "none", "", "a b"] {
        assert_eq!(users(&some, name, 10).await, Vec::<String>::new(), "{name:?}");
    }
    // A tenant secret is no credential, whatever its name is.
    hand.put("mail", "").await;
    assert_eq!(users(&hand, "mail", 10).await, ["ann"]);
}

/// A credential is not granted with secrets, nor they with it.
pub(crate) async fn secrets_and_credentials_are_granted_apart(h: &Harness) {
    let hand = secrets(h);
    hand.put("a", "tenant").await;
    hand.clone().of("ann").put("a", "ann").await;
    let secret = grant("t").with_credential(SecretGrant::default());
    let credential = grant("t").with_secret(SecretGrant::default());
    for (grant, of_tenant, of_ann) in [(secret, true, false), (credential, false, true)] {
        let hand = Hand { grant: Arc::new(grant), ..hand.clone() };
        let ann = hand.clone().of("ann");
        assert_eq!(hand.exists("a").await, of_tenant);
        assert_eq!(ann.exists("a").await, of_ann);
        assert_eq!(hand.get("a").await.is_ok(), of_tenant);
        assert_eq!(ann.get("a").await.is_ok(), of_ann);
        assert_eq!(hand.try_put("a", "").await.is_ok(), of_tenant);
        assert_eq!(ann.try_put("a", "").await.is_ok(), of_ann);
        assert_eq!(hand.names(10).await.len(), usize::from(of_tenant));
        assert_eq!(ann.names(10).await.len(), usize::from(of_ann));
        assert_eq!(users(&hand, "a", 10).await.len(), usize::from(of_ann));
    }
}
