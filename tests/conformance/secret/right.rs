//! Who may do what: read, reveal and write are granted apart.

use super::*;

fn rights(read: &[&str], reveal: &[&str], write: &[&str]) -> SecretGrant {
    SecretGrant { read: names(read), reveal: names(reveal), write: names(write), keep: None }
}

fn hidden(got: &Result<Secret, Error>) -> bool {
    matches!(got, Err(Error::Hidden(satama::Refused::Denied { .. })))
}

fn denied<T>(done: &Result<T, Error>) -> bool {
    matches!(done, Err(Error::Refused(satama::Refused::Denied { .. })))
}

pub(crate) async fn what_may_not_be_read_is_as_if_it_were_not_there(h: &Harness) {
    for hand in both(h) {
        let version = hand.put("other", "1").await;
        let some = hand.granted("t", rights(&["mine/*"], &["*"], &["*"]));
        for name in ["other", "absent", "", "a b", "mine", &"mine/".repeat(26)] {
            assert!(hidden(&some.get(name).await), "{name:?}");
            assert!(hidden(&some.at(name, version).await), "{name:?}");
            assert!(matches!(some.describe(name).await, Err(Error::Hidden(_))), "{name:?}");
            assert!(!some.exists(name).await, "{name:?}");
        }
        assert_eq!(some.names(10).await, Vec::<String>::new());
        assert!(matches!(some.get("mine/none").await, Err(Error::NotFound)));
    }
}

pub(crate) async fn what_may_be_read_may_not_be_revealed_for_that(h: &Harness) {
    for hand in both(h) {
        hand.put("a", "1").await;
        hand.put("b", "2").await;
        let some = hand.granted("t", rights(&["*"], &["b"], &[]));
        let (a, b) = (some.get("a").await.unwrap(), some.get("b").await.unwrap());
        assert!(denied(&some.vault().reveal(&a, &some.actor).await));
        assert_eq!(some.reveal(&b).await, b"2");
        // It may be used, and no error tells what it is.
        some.vault().hmac(&a, b"data", &some.actor).await.unwrap();
        let err = some.vault().reveal(&a, &some.actor).await.unwrap_err();
        assert!(!format!("{err:?} {a:?}").contains("\"1\""));
        // To reveal alone is nothing.
        let none = hand.granted("t", rights(&[], &["*"], &[]));
        assert!(hidden(&none.get("a").await));
    }
}

pub(crate) async fn what_may_be_read_may_not_be_written_for_that(h: &Harness) {
    for hand in both(h) {
        let version = hand.put("a", "1").await;
        let reader = hand.granted("t", rights(&["*"], &["*"], &["w/*"]));
        for name in ["a", "new", "w"] {
            assert!(denied(&reader.try_put(name, "2").await), "{name}");
            assert!(denied(&reader.try_delete(name).await), "{name}");
        }
        assert_eq!(hand.describe("a").await.unwrap().versions, [version]);
        assert!(!hand.exists("new").await);
        reader.put("w/a", "2").await;
        assert!(reader.delete("w/a").await);
    }
}

pub(crate) async fn what_may_be_written_may_not_be_read_for_that(h: &Harness) {
    for hand in both(h) {
        let writer = hand.granted("t", rights(&[], &["*"], &["*"]));
        let version = writer.put("a", "1").await;
        assert!(hidden(&writer.get("a").await) && !writer.exists("a").await);
        assert!(hidden(&writer.at("a", version).await));
        assert_eq!(writer.names(10).await, Vec::<String>::new());
        assert_eq!(hand.value("a").await.unwrap(), b"1");
        assert!(writer.delete("a").await);
        assert!(!hand.exists("a").await);
    }
}

pub(crate) async fn what_is_not_granted_does_nothing(h: &Harness) {
    for hand in both(h) {
        hand.put("a", "1").await;
        let none = hand.granted("t", SecretGrant::default());
        assert!(hidden(&none.get("a").await) && !none.exists("a").await);
        assert!(denied(&none.try_put("a", "2").await) && denied(&none.try_delete("a").await));
        assert_eq!(none.names(10).await, Vec::<String>::new());
        assert_eq!(hand.value("a").await.unwrap(), b"1");
    }
}

pub(crate) async fn tenants_never_see_each_other(h: &Harness) {
    let close = ["t", "t2", "T", "t/2", "t-2", "secret", "t/secret"];
    let mut hands = Vec::new();
    for tenant in close {
        let hand = Hand::new(&h.services, tenant);
        hands.extend([(tenant, hand.clone()), (tenant, hand.clone().of("ann"))]);
        hands.push((tenant, hand.of("")));
    }
    let mut versions = Vec::new();
    for (tenant, hand) in &hands {
        versions.push(hand.put("a", format!("{tenant} {:?}", hand.user)).await);
    }
    for (n, (tenant, hand)) in hands.iter().enumerate() {
        let expected = format!("{tenant} {:?}", hand.user);
        assert_eq!(hand.value("a").await.unwrap(), expected.as_bytes());
        assert_eq!(hand.describe("a").await.unwrap().versions, [versions[n]]);
        assert_eq!(hand.names(10).await, ["a"]);
        let users = hand.vault().users(hand.grant.credential(), "a", None, 10).await.unwrap();
        assert_eq!(users.names, ["", "ann"]);
    }
    // Nor does a delete reach another.
    for n in 0..hands.len() {
        assert!(hands[n].1.delete("a").await);
        for (m, (_, hand)) in hands.iter().enumerate() {
            assert_eq!(hand.exists("a").await, m > n, "{m} after {n}");
        }
    }
}
