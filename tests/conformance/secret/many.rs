//! Several secrets at once.

use super::*;

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

async fn many(hand: &Hand, names: &[&str]) -> Vec<Option<String>> {
    let got = hand.vault().get_many(hand.shelf(), &list(names), &hand.actor).await.unwrap();
    let mut values = Vec::new();
    for secret in got {
        values.push(match secret {
            None => None,
            Some(secret) => Some(String::from_utf8(hand.reveal(&secret).await).unwrap()),
        });
    }
    values
}

fn some(values: &[&str]) -> Vec<Option<String>> {
    values.iter().map(|value| (*value != "-").then(|| value.to_string())).collect()
}

pub(crate) async fn many_secrets_are_read_in_their_order(h: &Harness) {
    let hand = secrets(h);
    for name in ["a", "b", "c", "d"] {
        hand.put(name, "old").await;
        hand.put(name, name).await;
    }
    hand.delete("d").await;
    let asked = ["c", "missing", "a", "d", "b", "c", "", "a b", "*"];
    let expected = some(&["c", "-", "a", "-", "b", "c", "-", "-", "-"]);
    assert_eq!(many(&hand, &asked).await, expected);
    assert_eq!(many(&hand, &[]).await, []);
    assert_eq!(many(&hand, &["missing"]).await, some(&["-"]));
    let got = hand.vault().get_many(hand.shelf(), &list(&["a"]), &hand.actor).await.unwrap();
    let version = hand.describe("a").await.unwrap().version;
    assert_eq!(got[0].as_ref().unwrap().version(), version);
}

pub(crate) async fn many_secrets_are_64_and_no_more(h: &Harness) {
    let hand = secrets(h);
    let all: Vec<String> = (0..64).map(|n| format!("s/{n}")).collect();
    for name in &all {
        hand.put(name, name).await;
    }
    let asked: Vec<&str> = all.iter().map(String::as_str).rev().collect();
    assert_eq!(many(&hand, &asked).await, some(&asked));
    let over: Vec<String> = all.into_iter().chain(["one more".to_owned()]).collect();
    let before = hand.events().await.len();
    let err = hand.vault().get_many(hand.shelf(), &over, &hand.actor).await.unwrap_err();
    assert!(matches!(err, Error::Refused(satama::Refused::TooLarge { max: 64, .. })), "{err:?}");
    assert_eq!(hand.events().await.len(), before);
}

pub(crate) async fn of_many_secrets_those_that_are_denied_are_none(h: &Harness) {
    let all = secrets(h);
    for name in ["a", "b/1", "b/2", "c"] {
        all.put(name, name).await;
    }
    let some_of = SecretGrant { read: names(&["b/*"]), ..all_secrets() };
    let hand = all.granted("t", some_of);
    let asked = ["a", "b/1", "c", "b/3", "b/2"];
    let expected = some(&["-", "b/1", "-", "-", "b/2"]);
    assert_eq!(many(&hand, &asked).await, expected);
    assert_eq!(many(&hand, &["a", "c"]).await, some(&["-", "-"]));
}

pub(crate) async fn of_many_secrets_one_that_does_not_open_fails_all(h: &Harness) {
    let hand = secrets(h);
    hand.put("a", "1").await;
    let other = hand.on(&host_with(h, satama_tests::lone_key("other", 1)).await);
    other.put("b", "2").await;
    let asked = list(&["a", "b"]);
    let err = hand.vault().get_many(hand.shelf(), &asked, &hand.actor).await.unwrap_err();
    assert!(matches!(&err, Error::Undecryptable { id, .. } if id == "b"), "{err:?}");
    assert_eq!(many(&hand, &["a"]).await, some(&["1"]));
}
