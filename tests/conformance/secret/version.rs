//! Versions: they grow, they are kept for a while, and a handle is of one of them.

use std::time::Duration;

use satama::{Clock, SimClock};

use super::*;

pub(crate) async fn a_secret_is_read_as_it_was_put(h: &Harness) {
    for hand in both(h) {
        let every: Vec<u8> = (0..=255).collect();
        for value in [b"value".as_slice(), b"", b"\0", &every, "ä日本".as_bytes()] {
            let version = hand.put("a", value).await;
            let secret = hand.get("a").await.unwrap();
            assert_eq!(secret.version(), version);
            assert_eq!(hand.reveal(&secret).await, value);
        }
        assert!(matches!(hand.get("b").await, Err(Error::NotFound)));
    }
}

pub(crate) async fn every_put_makes_a_greater_version(h: &Harness) {
    for hand in both(h) {
        let mut last = 0;
        for n in 0..5 {
            let version = hand.put("a", n.to_string()).await;
            assert!(version > last, "{version} after {last}");
            assert!(version < 1 << 53, "{version} is exact as a double");
            let described = hand.describe("a").await.unwrap();
            assert_eq!(described.version, version);
            assert_eq!(hand.get("a").await.unwrap().version(), version);
            last = version;
        }
    }
}

/// Whatever the hosts' clocks say: one is an hour ahead, one stands still, one was
/// never set.
pub(crate) async fn versions_grow_on_hosts_with_other_clocks(h: &Harness) {
    let ahead = SimClock::new();
    ahead.advance(Duration::from_secs(60 * 60));
    let mut clocks = vec![ahead, SimClock::new()];
    // Past what a version may be, so it cannot be the time.
    let wild = SimClock::new();
    wild.advance(Duration::from_micros(1 << 53));
    clocks.push(wild);
    for hand in both(h) {
        let mut hands = vec![hand.clone()];
        for clock in &clocks {
            let host = h.builder().clock(Clock::Sim(clock.clone())).build().await.unwrap();
            hands.push(hand.on(&host));
        }
        let mut last = 0;
        for round in 0..6 {
            for (n, host) in hands.iter().enumerate() {
                let value = format!("{round} {n}");
                let version = host.put("a", &value).await;
                assert!(version > last && version < 1 << 53, "{version} after {last}");
                assert_eq!(hand.value("a").await.unwrap(), value.as_bytes());
                last = version;
                // Each of them puts to what each other has deleted.
                if round % 2 == 1 && n == round / 2 {
                    assert!(hand.delete("a").await);
                }
            }
        }
    }
}

/// A version is what a caller keeps beside what was sealed with it: were it used again,
/// it would name two values.
pub(crate) async fn versions_grow_past_a_delete(h: &Harness) {
    let still = h.builder().clock(Clock::Sim(SimClock::new())).build().await.unwrap();
    for hand in both(h) {
        for hand in [hand.on(&still), hand] {
            let mut all = Vec::new();
            for n in 0..4 {
                all.push(hand.put("a", n.to_string()).await);
                all.push(hand.put("a", n.to_string()).await);
                assert!(hand.delete("a").await);
                // Nor is one brought back by a delete of what has lower ones.
                hand.put("b", "").await;
                assert!(hand.delete("b").await);
                let later = hand.put("a", "later").await;
                assert_eq!(hand.describe("a").await.unwrap().versions, [later]);
                for old in &all {
                    assert_eq!(hand.value_at("a", *old).await, None);
                }
                all.push(later);
            }
            assert!(all.is_sorted_by(|a, b| a < b), "{all:?}");
        }
    }
}

pub(crate) async fn old_versions_are_kept_and_read_by_their_number(h: &Harness) {
    for hand in both(h) {
        let mut all = Vec::new();
        for n in 0..12 {
            all.push(hand.put("a", n.to_string()).await);
        }
        // Ten, unless the manifest says otherwise.
        let described = hand.describe("a").await.unwrap();
        assert_eq!(described.versions, all[2..]);
        for (n, version) in all.iter().enumerate() {
            let found = hand.value_at("a", *version).await;
            assert_eq!(found, (n >= 2).then(|| n.to_string().into_bytes()), "{n}");
            if n >= 2 {
                assert_eq!(hand.at("a", *version).await.unwrap().version(), *version);
            }
        }
    }
}

pub(crate) async fn as_many_versions_are_kept_as_was_said(h: &Harness) {
    for hand in both(h) {
        for keep in [1, 3, 100] {
            let name = keep.to_string();
            let hand = hand.keeping(keep);
            let mut all = Vec::new();
            for n in 0..keep + 2 {
                all.push(hand.put(&name, n.to_string()).await);
                let kept = &all[all.len().saturating_sub(keep as usize)..];
                assert_eq!(hand.describe(&name).await.unwrap().versions, kept);
            }
            let oldest = all[all.len() - keep as usize];
            assert_eq!(hand.value_at(&name, oldest).await.unwrap(), b"2");
            assert_eq!(hand.value_at(&name, all[1]).await, None);
        }
    }
}

pub(crate) async fn keeping_fewer_forgets_at_the_next_put(h: &Harness) {
    for hand in both(h) {
        let mut all = Vec::new();
        for n in 0..5 {
            all.push(hand.put("a", n.to_string()).await);
        }
        let few = hand.keeping(2);
        assert_eq!(few.describe("a").await.unwrap().versions, all, "a read forgets nothing");
        all.push(few.put("a", "5").await);
        assert_eq!(few.describe("a").await.unwrap().versions, all[4..]);
        assert_eq!(few.value_at("a", all[3]).await, None);
        // Keeping more again brings nothing back.
        all.push(hand.put("a", "6").await);
        assert_eq!(hand.describe("a").await.unwrap().versions, all[4..]);
        assert_eq!(hand.value_at("a", all[4]).await.unwrap(), b"4");
    }
}

/// An embedder's code may ask for what no manifest can.
pub(crate) async fn the_newest_version_is_kept_whatever_was_said(h: &Harness) {
    for hand in both(h) {
        for keep in [0, 1, 101, u32::MAX] {
            let (hand, name) = (hand.keeping(keep), keep.to_string());
            for n in 0..102 {
                hand.put(&name, n.to_string()).await;
            }
            assert_eq!(hand.value(&name).await.unwrap(), b"101", "{keep}");
            let kept = hand.describe(&name).await.unwrap().versions.len();
            assert_eq!(kept, keep.clamp(1, 100) as usize, "{keep}");
        }
    }
}

pub(crate) async fn a_version_that_is_not_there_is_not_found(h: &Harness) {
    for hand in both(h) {
        let (first, last) = (hand.put("a", "1").await, hand.put("a", "2").await);
        let odd = [0, 1, first - 1, last + 1, 1 << 53, (1 << 53) + 1, i64::MAX as u64];
        for version in odd.into_iter().chain([1 << 63, u64::MAX]) {
            let found = hand.at("a", version).await;
            assert!(matches!(found, Err(Error::NotFound)), "{version}: {found:?}");
            assert_eq!(hand.value_at("b", version).await, None);
        }
        assert_eq!(hand.value_at("a", first).await.unwrap(), b"1");
    }
}

pub(crate) async fn a_handle_stays_at_its_version(h: &Harness) {
    for hand in both(h) {
        let version = hand.put("a", "old").await;
        let handle = hand.get("a").await.unwrap();
        let mac = hand.vault().hmac(&handle, b"data", &hand.actor).await.unwrap();
        for deleted in [false, true] {
            if deleted {
                hand.delete("a").await;
            } else {
                hand.put("a", "new").await;
            }
            assert_eq!(handle.version(), version);
            assert_eq!(hand.reveal(&handle).await, b"old");
            let again = hand.vault().hmac(&handle, b"data", &hand.actor).await.unwrap();
            assert_eq!(again, mac);
        }
    }
}

pub(crate) async fn deleting_forgets_all_versions_and_tells(h: &Harness) {
    for hand in both(h) {
        assert!(!hand.delete("a").await);
        let versions = [hand.put("a", "1").await, hand.put("a", "2").await];
        hand.put("b", "stays").await;
        assert!(hand.delete("a").await);
        assert!(!hand.delete("a").await);
        for version in versions {
            assert_eq!(hand.value_at("a", version).await, None);
        }
        assert!(!hand.exists("a").await);
        assert!(matches!(hand.describe("a").await, Err(Error::NotFound)));
        assert_eq!(hand.names(10).await, ["b"]);
        assert_eq!(hand.value("b").await.unwrap(), b"stays");
        let third = hand.put("a", "3").await;
        assert_eq!(hand.describe("a").await.unwrap().versions, [third]);
    }
}

pub(crate) async fn metadata_tells_the_times(h: &Harness) {
    for hand in both(h) {
        let hand = hand.keeping(2);
        let within = |ms: u64, (from, to): (Duration, Duration)| {
            // Two hosts' clocks may be a moment apart, and so may two kinds of clock.
            let slack = Duration::from_millis(5);
            Duration::from_millis(ms) + slack >= from && Duration::from_millis(ms) <= to + slack
        };
        let mut spans = Vec::new();
        for n in 0..4 {
            let from = h.now().await;
            hand.put("a", n.to_string()).await;
            spans.push((from, h.now().await));
            let known = hand.describe("a").await.unwrap();
            // The first is forgotten meanwhile, and is when it was created all the same.
            assert!(within(known.created_ms, spans[0]), "{known:?} {spans:?}");
            assert!(within(known.updated_ms, spans[n]), "{known:?} {spans:?}");
            h.advance(Duration::from_millis(30)).await;
        }
        hand.delete("a").await;
        let from = h.now().await;
        hand.put("a", "new").await;
        let known = hand.describe("a").await.unwrap();
        assert!(within(known.created_ms, (from, h.now().await)), "{known:?}");
    }
}
