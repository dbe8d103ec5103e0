//! Versions: they grow, are never used twice, and decide who wins.

use super::*;

/// A moment in which a real clock moves by itself.
const MOMENT: Duration = Duration::from_millis(1);

pub(crate) async fn every_write_gives_a_greater_version(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let mut last = 0;
    for _ in 0..5 {
        let replaced = s.replace("id", fields(&[("a", "1")])).await.unwrap();
        let updated = s.update("id", fields(&[("b", "1")])).await.unwrap();
        let removed = s.remove("id", &names(&["absent"])).await.unwrap();
        let Swap::Swapped(swapped) = s.compare_and_set("id", removed, Vec::new()).await.unwrap()
        else {
            panic!("{removed} is its version");
        };
        let unchanged = s.update("id", Vec::new()).await.unwrap();
        assert_eq!(snapshot(&s, "id").await.version, unchanged);
        for version in [replaced, updated, removed, swapped, unchanged] {
            assert!(version > last, "{version} after {last}");
            assert!(version < 1 << 53, "{version} is exact as a double");
            last = version;
        }
    }
}

pub(crate) async fn versions_grow_past_a_sessions_end(h: &Harness) {
    let brief = h.sessions("s", Expiry::Fixed(BRIEF));
    let s = h.sessions("s", SLIDING);
    let mut last = 0;
    for round in 0..4 {
        let created = s.replace("id", fields(&[("a", "1")])).await.unwrap();
        let updated = s.update("id", fields(&[("a", "2")])).await.unwrap();
        assert!(last < created && created < updated, "{last} {created} {updated}");
        s.clear("id").await.unwrap();
        h.advance(MOMENT).await;
        last = updated;
        if round % 2 == 0 {
            let expiring = brief.update("id", fields(&[("a", "3")])).await.unwrap();
            assert!(last < expiring, "{last} {expiring}");
            h.advance(BRIEF).await;
            last = expiring;
        }
    }
}

pub(crate) async fn compare_and_set_writes_the_version_it_is_given(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let Swap::Swapped(first) = s.compare_and_set("id", 0, fields(&[("a", "1")])).await.unwrap()
    else {
        panic!("there was no session");
    };
    let Swap::Swapped(second) =
        s.compare_and_set("id", first, fields(&[("b", "2")])).await.unwrap()
    else {
        panic!("it had that version");
    };
    let found = snapshot(&s, "id").await;
    assert_eq!(found.version, second);
    assert_has(&found, &[("b", "2")]);
}

pub(crate) async fn a_stale_version_writes_nothing_and_learns_the_present_one(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let old = s.replace("id", fields(&[("a", "1")])).await.unwrap();
    let now = s.update("id", fields(&[("a", "2")])).await.unwrap();
    for stale in [0, 1, old, now - 1, now + 1, 1 << 53, (1 << 53) + 1, u64::MAX] {
        let swap = s.compare_and_set("id", stale, fields(&[("a", "3")])).await.unwrap();
        assert_eq!(swap, Swap::Stale(now), "{stale}");
    }
    let found = snapshot(&s, "id").await;
    assert_eq!(found.version, now);
    assert_has(&found, &[("a", "2")]);
}

pub(crate) async fn a_missing_session_has_version_zero(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let version = s.replace("cleared", fields(&[("a", "1")])).await.unwrap();
    s.clear("cleared").await.unwrap();
    h.sessions("s", Expiry::Fixed(BRIEF)).replace("expired", Vec::new()).await.unwrap();
    h.advance(BRIEF).await;
    for id in ["unknown", "cleared", "expired"] {
        for stale in [version, 1, u64::MAX] {
            let swap = s.compare_and_set(id, stale, fields(&[("a", "2")])).await.unwrap();
            assert_eq!(swap, Swap::Stale(0), "{id}");
        }
        assert_eq!(s.get(id).await.unwrap(), None, "{id}");
        let swap = s.compare_and_set(id, 0, fields(&[("a", "2")])).await.unwrap();
        assert!(matches!(swap, Swap::Swapped(_)), "{id}");
    }
}

pub(crate) async fn any_write_makes_a_version_stale(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    for how in ["replace", "update", "remove", "clear"] {
        let version = s.replace("id", fields(&[("a", "1")])).await.unwrap();
        let now = match how {
            "replace" => s.replace("id", fields(&[("a", "1")])).await.unwrap(),
            "update" => s.update("id", fields(&[("a", "1")])).await.unwrap(),
            "remove" => s.remove("id", &names(&["absent"])).await.unwrap(),
            _ => {
                s.clear("id").await.unwrap();
                0
            }
        };
        let swap = s.compare_and_set("id", version, fields(&[("a", "2")])).await.unwrap();
        assert_eq!(swap, Swap::Stale(now), "after {how}");
    }
}

pub(crate) async fn a_read_makes_no_version_stale(h: &Harness) {
    let s = h.sessions("s", SLIDING);
    let version = s.replace("id", fields(&[("a", "1")])).await.unwrap();
    h.advance(BRIEF).await;
    s.get("id").await.unwrap();
    let swap = s.compare_and_set("id", version, fields(&[("a", "2")])).await.unwrap();
    assert!(matches!(swap, Swap::Swapped(_)), "{swap:?}");
}

pub(crate) async fn of_many_with_one_version_one_swaps(h: &Harness) {
    for missing in [true, false] {
        let s = h.sessions("s", SLIDING);
        let version = match missing {
            true => 0,
            false => s.replace("id", fields(&[("a", "1")])).await.unwrap(),
        };
        let swaps = race(h, SLIDING, move |n, s| async move {
            let n = n.to_string();
            (s.compare_and_set("id", version, fields(&[("n", &n)])).await.unwrap(), n)
        });
        let swaps = swaps.await;
        let won: Vec<_> = swaps
            .iter()
            .filter_map(|(swap, n)| match swap {
                Swap::Swapped(version) => Some((*version, n)),
                Swap::Stale(_) => None,
            })
            .collect();
        assert_eq!(won.len(), 1, "{swaps:?}");
        let found = snapshot(&s, "id").await;
        assert_eq!(found.version, won[0].0);
        assert_has(&found, &[("n", won[0].1)]);
        // The others learned the version that won.
        let stale = Swap::Stale(found.version);
        assert_eq!(swaps.iter().filter(|(swap, _)| *swap == stale).count(), RACERS - 1);
    }
}

pub(crate) async fn what_is_counted_by_swapping_is_exact(h: &Harness) {
    let counted = race(h, SLIDING, |_, s| async move {
        loop {
            let (version, n) = match s.get("id").await.unwrap() {
                Some(found) => (found.version, found.fields["n"].parse().unwrap()),
                None => (0, 0),
            };
            let next = (n + 1_u32).to_string();
            let swap = s.compare_and_set("id", version, fields(&[("n", &next)])).await.unwrap();
            if let Swap::Swapped(_) = swap {
                return;
            }
        }
    });
    counted.await;
    assert_has(&snapshot(&h.sessions("s", SLIDING), "id").await, &[("n", &RACERS.to_string())]);
}

pub(crate) async fn concurrent_writes_have_different_versions(h: &Harness) {
    let versions = race(h, SLIDING, |n, s| async move {
        let mut versions = Vec::new();
        for _ in 0..4 {
            versions.push(s.update("id", vec![(n.to_string(), "1".into())]).await.unwrap());
        }
        assert!(versions.is_sorted(), "{versions:?}");
        versions
    });
    let mut versions = versions.await.concat();
    versions.sort_unstable();
    let last = versions.last().copied();
    versions.dedup();
    assert_eq!(versions.len(), RACERS * 4);
    assert_eq!(Some(snapshot(&h.sessions("s", SLIDING), "id").await.version), last);
}
