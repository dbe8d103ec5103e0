//! Many hosts at once.

use super::*;

/// How often each of them does it.
const TIMES: usize = 4;

pub(crate) async fn concurrent_puts_have_different_versions(h: &Harness) {
    for hand in both(h) {
        let hand = hand.keeping(100);
        let done = race(h, &hand, |n, hand| async move {
            let mut done = Vec::new();
            for time in 0..TIMES {
                let value = format!("{n} {time}");
                done.push((hand.put("a", &value).await, value));
            }
            assert!(done.is_sorted(), "{done:?}");
            done
        });
        let mut done = done.await.concat();
        done.sort();
        let versions: Vec<u64> = done.iter().map(|(version, _)| *version).collect();
        assert!(versions.is_sorted_by(|a, b| a < b), "each is another: {versions:?}");
        let (last, value) = done.last().unwrap();
        assert_eq!(hand.get("a").await.unwrap().version(), *last);
        assert_eq!(hand.value("a").await.unwrap(), value.as_bytes());
        // Those that are kept are the newest, each with its own value.
        let kept = hand.describe("a").await.unwrap().versions;
        assert_eq!(kept, versions[versions.len() - 100..]);
        for (version, value) in &done[done.len() - 100..] {
            assert_eq!(hand.value_at("a", *version).await.unwrap(), value.as_bytes());
        }
    }
}

/// What was read is some put's, whole, and never older than what was read before.
pub(crate) async fn readers_see_whole_versions_in_their_order(h: &Harness) {
    let hand = secrets(h).keeping(2);
    hand.put("a", "0".repeat(3_000)).await;
    let seen = race(h, &hand, |n, hand| async move {
        let mut seen = Vec::new();
        for time in 0..TIMES {
            if n % 4 == 0 {
                seen.push(hand.put("a", format!("{}", (n + time) % 10).repeat(3_000)).await);
                continue;
            }
            let secret = hand.get("a").await.unwrap();
            let value = hand.reveal(&secret).await;
            assert!(value.len() == 3_000 && value.iter().all(|byte| *byte == value[0]));
            let known = hand.describe("a").await.unwrap();
            assert!(known.version >= secret.version(), "{known:?}");
            assert!(known.versions.is_sorted() && known.versions.len() <= 2, "{known:?}");
            seen.push(secret.version());
        }
        seen
    });
    for seen in seen.await {
        assert!(seen.is_sorted(), "{seen:?}");
    }
}

/// Each put made one secret anew or added to it, each delete took away what there was.
pub(crate) async fn puts_and_deletes_that_race_leave_no_half(h: &Harness) {
    for hand in both(h) {
        let done = race(h, &hand, |n, hand| async move {
            let mut done = Vec::new();
            for time in 0..TIMES {
                done.push(match n % 2 {
                    0 => (hand.put("a", format!("{n} {time}")).await, format!("{n} {time}")),
                    _ => (u64::from(hand.delete("a").await), String::new()),
                });
            }
            done
        });
        let done = done.await.concat();
        let puts: Vec<_> = done.iter().filter(|(_, value)| !value.is_empty()).collect();
        let found = hand.describe("a").await;
        assert_eq!(hand.exists("a").await, found.is_ok());
        assert_eq!(hand.names(10).await.len(), usize::from(found.is_ok()));
        if let Ok(known) = found {
            for version in known.versions {
                let value = hand.value_at("a", version).await.unwrap();
                let put = puts.iter().find(|(put, _)| *put == version);
                assert_eq!(put.expect("it was put").1.as_bytes(), value);
            }
        }
        let mut versions: Vec<_> = puts.iter().map(|(version, _)| version).collect();
        versions.sort();
        let all = versions.len();
        versions.dedup();
        assert_eq!(versions.len(), all, "no version was used twice");
        hand.delete("a").await;
        assert!(!hand.exists("a").await && hand.value("a").await.is_none());
    }
}

pub(crate) async fn of_many_that_delete_one_did(h: &Harness) {
    for hand in both(h) {
        hand.put("a", "1").await;
        hand.put("a", "2").await;
        let done = race(h, &hand, |_, hand| async move { hand.delete("a").await }).await;
        assert_eq!(done.iter().filter(|done| **done).count(), 1);
    }
}
