//! What the reference's own tests say of its secret and credential services
//! (`packages/core/src/testing/service-tests` of pikkujs/pikku).

use satama_tests::{keyring, lone_key};

use super::*;

/// Its values are JSON; ours are bytes, so an object is the text of one.
pub(crate) async fn reference_an_object_and_a_string_are_read_as_they_were_set(h: &Harness) {
    for hand in both(h) {
        for value in [r#"{"token":"sk-123","n":1,"u":"é🎉"}"#, "plain-value"] {
            hand.put("KEY", value).await;
            assert_eq!(hand.value("KEY").await.unwrap(), value.as_bytes());
        }
    }
}

pub(crate) async fn reference_has_tells(h: &Harness) {
    for hand in both(h) {
        assert!(!hand.exists("KEY").await);
        hand.put("KEY", "1").await;
        assert!(hand.exists("KEY").await);
        assert!(!hand.exists("OTHER").await);
    }
}

pub(crate) async fn reference_a_missing_one_is_not_found(h: &Harness) {
    for hand in both(h) {
        assert!(matches!(hand.get("MISSING").await, Err(Error::NotFound)));
    }
}

pub(crate) async fn reference_a_second_set_replaces_the_first(h: &Harness) {
    for hand in both(h) {
        hand.put("KEY", "1").await;
        hand.put("KEY", "2").await;
        assert_eq!(hand.value("KEY").await.unwrap(), b"2");
        assert_eq!(hand.names(10).await, ["KEY"]);
    }
}

pub(crate) async fn reference_a_deleted_one_is_gone(h: &Harness) {
    for hand in both(h) {
        hand.put("KEY", "1").await;
        hand.delete("KEY").await;
        assert!(!hand.exists("KEY").await);
        assert!(matches!(hand.get("KEY").await, Err(Error::NotFound)));
        assert!(!hand.delete("KEY").await, "a second time is no error");
    }
}

pub(crate) async fn reference_users_and_the_tenant_are_apart(h: &Harness) {
    let tenant = secrets(h);
    let (ann, bob) = (tenant.clone().of("ann"), tenant.clone().of("bob"));
    for (hand, value) in [(&tenant, "tenant"), (&ann, "ann"), (&bob, "bob")] {
        hand.put("KEY", value).await;
    }
    for (hand, value) in [(&tenant, "tenant"), (&ann, "ann"), (&bob, "bob")] {
        assert_eq!(hand.value("KEY").await.unwrap(), value.as_bytes());
    }
    ann.delete("KEY").await;
    assert_eq!(ann.value("KEY").await, None);
    assert_eq!(bob.value("KEY").await.unwrap(), b"bob");
    tenant.delete("KEY").await;
    assert_eq!(bob.value("KEY").await.unwrap(), b"bob");
}

pub(crate) async fn reference_all_of_a_user_are_listed(h: &Harness) {
    let (ann, bob) = (secrets(h).of("ann"), secrets(h).of("bob"));
    ann.put("mail", "1").await;
    ann.put("bank", "2").await;
    bob.put("mail", "3").await;
    assert_eq!(ann.names(10).await, ["bank", "mail"]);
    assert_eq!(bob.names(10).await, ["mail"]);
    assert_eq!(secrets(h).of("nobody").names(10).await, Vec::<String>::new());
}

pub(crate) async fn reference_rotation_lets_the_new_key_alone_read(h: &Harness) {
    for hand in both(h) {
        hand.put("KEY", "1").await;
        let with_both = hand.on(&host_with(h, keyring(2)).await);
        let with_new = hand.on(&host_with(h, lone_key("main", 2)).await);
        assert_eq!(with_both.value("KEY").await.unwrap(), b"1", "before it is rotated");
        assert!(with_new.get("KEY").await.is_err());
        assert!(rotated(&with_both).await.rewrapped > 0);
        assert_eq!(with_new.value("KEY").await.unwrap(), b"1");
    }
}

/// There it throws; here it tells what it could not do, and why.
pub(crate) async fn reference_rotation_without_the_old_key_tells(h: &Harness) {
    for hand in both(h) {
        hand.put("KEY", "1").await;
        let done = rotated(&hand.on(&host_with(h, lone_key("main", 2)).await)).await;
        assert_eq!((done.rewrapped, done.failed), (0, 1));
        assert!(done.failures[0].why.contains("main/1, which is not in the keyring"), "{done:?}");
        assert_eq!(hand.value("KEY").await.unwrap(), b"1");
    }
}

/// Under another key of that name, and under a name that is not in the keyring.
pub(crate) async fn reference_a_wrong_key_is_told_with_its_cause(h: &Harness) {
    for hand in both(h) {
        hand.put("KEY", "1").await;
        let (name, _) = satama_tests::local_key("main", 1);
        let (_, other) = satama_tests::local_key("main", 9);
        for (ring, why) in [
            (Keyring::new(name, other), "it was not wrapped by this key"),
            (lone_key("main", 7), "wrapped by key main/1, which is not in the keyring"),
        ] {
            let hand = hand.on(&host_with(h, ring).await);
            let said = satama::chain(&hand.get("KEY").await.unwrap_err());
            assert!(said.contains("KEY` does not open") && said.contains(why), "{said}");
        }
    }
}

pub(crate) async fn reference_of_many_the_missing_are_left_out(h: &Harness) {
    let hand = secrets(h);
    hand.put("A", "1").await;
    hand.put("C", "3").await;
    let asked = ["A", "B", "C"].map(str::to_owned);
    let got = hand.vault().get_many(hand.shelf(), &asked, &hand.actor).await.unwrap();
    assert_eq!(got.iter().map(Option::is_some).collect::<Vec<_>>(), [true, false, true]);
}
