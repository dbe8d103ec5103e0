//! Names, page by page.

use std::collections::BTreeSet;

use super::*;
use crate::ODD_TEXTS;

/// Names that are close to each other in the order of bytes.
const CLOSE: &[&str] = &[
    "-", "--", ".", "/", "0", "A", "Z", "_", "a", "a-", "a.", "a/", "a/1", "a/10", "a/2", "a0",
    "aa", "ab", "b", "z", "zz",
];

pub(crate) async fn names_are_in_the_order_of_their_bytes(h: &Harness) {
    for hand in both(h) {
        assert_eq!(hand.names(10).await, Vec::<String>::new());
        for name in CLOSE.iter().rev() {
            hand.put(name, "").await;
            hand.put(name, "twice").await;
        }
        for limit in [1, 2, 3, 7, 20, 21, 22, 1_000] {
            assert_eq!(hand.names(limit).await, CLOSE, "{limit}");
        }
    }
}

/// Each page begins where it says, wherever that is.
pub(crate) async fn a_page_begins_after_its_place(h: &Harness) {
    for hand in both(h) {
        for name in CLOSE {
            hand.put(name, "").await;
        }
        let long = "~".repeat(256);
        let places = CLOSE.iter().chain(ODD_TEXTS).copied().chain(["a/1\0", "aaa", "a\x7f", &long]);
        for after in places {
            let expected: Vec<_> = CLOSE.iter().filter(|name| **name > after).collect();
            let page = hand.try_page(Some(after), 1_000).await.unwrap();
            assert_eq!(page.names.iter().collect::<Vec<_>>(), expected, "after {after:?}");
            assert_eq!(page.next, None);
        }
        let err = hand.try_page(Some(&"~".repeat(257)), 10).await.unwrap_err();
        assert!(matches!(err, Error::Refused(_)), "{err:?}");
    }
}

pub(crate) async fn names_tell_what_may_be_read_alone(h: &Harness) {
    for hand in both(h) {
        for name in CLOSE {
            hand.put(name, "").await;
        }
        for patterns in [&["a/*", "z"][..], &["a*", "a/1", "a/*"], &["0", "zz", "none"], &["x*"]] {
            let read = names(patterns);
            let expected: Vec<_> = CLOSE.iter().filter(|name| read.grant(name)).collect();
            let some = hand.granted("t", SecretGrant { read, ..SecretGrant::default() });
            for limit in [1, 2, 1_000] {
                let found = some.names(limit).await;
                assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{patterns:?} {limit}");
            }
        }
    }
}

/// More patterns than one call looks at.
pub(crate) async fn names_of_any_number_of_patterns_are_listed(h: &Harness) {
    for hand in both(h) {
        let every: Vec<String> = (0..150).map(|n| format!("n{n:03}")).collect();
        // Every other one, and at last one of many that has some.
        let mut patterns: Vec<String> =
            every.iter().step_by(2).map(|name| format!("{name}*")).collect();
        patterns.extend((0..200).map(|n| format!("none/{n}")));
        patterns.push("z/*".to_owned());
        for name in ["n000", "n001", "n002", "n063", "n064", "n127", "n128", "n148", "z/1", "z/2"] {
            hand.put(name, "").await;
        }
        let read = names(&patterns.iter().map(String::as_str).collect::<Vec<_>>());
        let some = hand.granted("t", SecretGrant { read, ..SecretGrant::default() });
        let expected = ["n000", "n002", "n064", "n128", "n148", "z/1", "z/2"];
        for limit in [1, 2, 3, 7, 8, 1_000] {
            assert_eq!(some.names(limit).await, expected, "{limit}");
        }
    }
}

pub(crate) async fn pages_have_what_stays_while_others_come_and_go(h: &Harness) {
    for hand in both(h) {
        let stays: BTreeSet<String> = (0..20).map(|n| format!("{:02}-stays", n * 3)).collect();
        for name in &stays {
            hand.put(name, "").await;
            hand.put(&name.replace("stays", "goes"), "").await;
        }
        let mut seen = Vec::new();
        let mut after: Option<String> = None;
        for round in 0.. {
            let page = hand.try_page(after.as_deref(), 3).await.unwrap();
            seen.extend(page.names);
            let Some(next) = page.next else { break };
            // Also the one that the page ended with.
            hand.delete(&next).await;
            if stays.contains(&next) {
                hand.put(&next, "again").await;
            }
            hand.delete(&format!("{:02}-goes", round * 3)).await;
            hand.put(&format!("{:02}-new", 59 - round), "").await;
            after = Some(next);
        }
        let found: BTreeSet<String> = seen.iter().cloned().collect();
        assert_eq!(found.len(), seen.len(), "each once: {seen:?}");
        assert!(found.is_superset(&stays), "{seen:?}");
        assert!(seen.is_sorted());
    }
}

pub(crate) async fn a_page_has_1000_names_and_no_more(h: &Harness) {
    let hand = secrets(h);
    let ann = hand.clone().of("ann");
    ann.put("a", "").await;
    hand.put("a", "").await;
    for hand in [&hand, &ann] {
        assert_eq!(hand.try_page(None, 1_000).await.unwrap().names, ["a"]);
        let none = hand.try_page(None, 0).await.unwrap();
        assert_eq!(none.names, Vec::<String>::new());
        for limit in [1_001, u32::MAX] {
            let err = hand.try_page(None, limit).await.unwrap_err();
            let too_large = matches!(err, Error::Refused(satama::Refused::TooLarge { .. }));
            assert!(too_large, "{limit}: {err:?}");
            let (vault, shelf) = (hand.vault(), hand.grant.credential());
            assert!(vault.users(shelf, "a", None, limit).await.is_err());
        }
        assert_eq!(vault_users(hand, 0).await, Vec::<String>::new());
    }
    // Over all shards together, not in each.
    let all: Vec<String> = (0..40).map(|n| format!("n{n:02}")).collect();
    for name in &all {
        hand.put(name, "").await;
    }
    hand.delete("a").await;
    let page = hand.try_page(None, 39).await.unwrap();
    assert_eq!(page.names, all[..39]);
    assert_eq!(hand.try_page(page.next.as_deref(), 39).await.unwrap().names, all[39..]);
}

async fn vault_users(hand: &Hand, limit: u32) -> Vec<String> {
    hand.vault().users(hand.grant.credential(), "a", None, limit).await.unwrap().names
}
