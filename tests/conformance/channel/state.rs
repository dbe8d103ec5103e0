//! State and its versions. The first is what the reference asks of a channel store.

use super::*;

pub(crate) async fn reference_state_is_set_overwritten_and_cleared(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    assert_eq!(c.state("id").await.unwrap().value, None);
    for value in [r#"{"a":[1,2]}"#, "2"] {
        c.set_state("id", Some(value)).await.unwrap();
        assert_eq!(c.state("id").await.unwrap().value.as_deref(), Some(value));
    }
    c.set_state("id", None).await.unwrap();
    assert_eq!(c.state("id").await.unwrap().value, None);
}

pub(crate) async fn a_state_that_was_never_set_has_version_zero(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", Some("ann")).await.unwrap();
    c.set_user("id", None).await.unwrap();
    h.bus("c").subscribe("t", "id", None).await.unwrap();
    c.touch(&ids(&["id"])).await.unwrap();
    assert_eq!(c.state("id").await.unwrap().version, 0);
    assert_eq!(c.compare_and_set_state("id", 1, "1").await.unwrap(), Swap::Stale(0));
    let swap = c.compare_and_set_state("id", 0, "1").await.unwrap();
    assert!(matches!(swap, Swap::Swapped(1..)), "{swap:?}");
}

pub(crate) async fn a_null_is_a_value(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    c.set_state("id", Some("null")).await.unwrap();
    assert_eq!(c.state("id").await.unwrap().value.as_deref(), Some("null"));
}

pub(crate) async fn every_write_of_a_state_gives_a_greater_version(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let mut last = 0;
    for _ in 0..5 {
        let set = c.set_state("id", Some("1")).await.unwrap();
        let again = c.set_state("id", Some("1")).await.unwrap();
        let cleared = c.set_state("id", None).await.unwrap();
        let nothing = c.set_state("id", None).await.unwrap();
        let Swap::Swapped(swapped) = c.compare_and_set_state("id", nothing, "2").await.unwrap()
        else {
            panic!("{nothing} is its version");
        };
        assert_eq!(c.state("id").await.unwrap().version, swapped);
        for version in [set, again, cleared, nothing, swapped] {
            assert!(version > last, "{version} after {last}");
            assert!(version < 1 << 53, "{version} is exact as a double");
            last = version;
        }
    }
}

/// So that a swap from a channel's earlier life never passes.
pub(crate) async fn versions_are_not_used_again_by_a_later_channel(h: &Harness) {
    let c = h.channels("c");
    let mut last = 0_u64;
    for round in 0..4 {
        c.add("id", "1", None).await.unwrap();
        for stale in [last, last.saturating_sub(1)].into_iter().filter(|stale| *stale > 0) {
            let swap = c.compare_and_set_state("id", stale, "2").await.unwrap();
            assert_eq!(swap, Swap::Stale(0), "{stale}");
        }
        let version = c.set_state("id", Some("1")).await.unwrap();
        assert!(version > last, "{version} after {last}");
        last = c.set_state("id", None).await.unwrap();
        assert!(last > version, "{last} after {version}");
        match round % 2 {
            0 => c.disconnect("id", 1000, "").await.unwrap(),
            _ => assert_eq!(c.remove(&ids(&["id"])).await.unwrap(), 1),
        }
        brief(h).add("id", "1", None).await.unwrap();
        if let Ok(version) = c.set_state("id", Some("1")).await {
            assert!(version > last, "{version} after {last}");
            last = version;
        }
        h.advance(BRIEF).await;
    }
}

pub(crate) async fn a_stale_version_writes_nothing_and_learns_the_present_one(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let old = c.set_state("id", Some("1")).await.unwrap();
    let now = c.set_state("id", Some("2")).await.unwrap();
    for stale in [0, old, now - 1, now + 1, (1 << 53) - 1, 1 << 53, (1 << 53) + 1, u64::MAX] {
        if stale != now {
            let swap = c.compare_and_set_state("id", stale, "3").await.unwrap();
            assert_eq!(swap, Swap::Stale(now), "{stale}");
        }
    }
    let state = c.state("id").await.unwrap();
    assert_eq!((state.version, state.value.as_deref()), (now, Some("2")));
}

pub(crate) async fn any_write_makes_a_version_stale(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    for how in ["set", "clear", "swap"] {
        let version = c.set_state("id", Some("1")).await.unwrap();
        match how {
            "set" => c.set_state("id", Some("1")).await.map(drop),
            "clear" => c.set_state("id", None).await.map(drop),
            _ => c.compare_and_set_state("id", version, "1").await.map(drop),
        }
        .unwrap();
        let now = c.state("id").await.unwrap().version;
        let swap = c.compare_and_set_state("id", version, "2").await.unwrap();
        assert_eq!(swap, Swap::Stale(now), "after {how}");
    }
}

pub(crate) async fn only_writes_of_the_state_make_a_version_stale(h: &Harness) {
    let (c, b) = (h.channels("c"), h.bus("c"));
    c.add("id", "1", None).await.unwrap();
    let version = c.set_state("id", Some("1")).await.unwrap();
    c.set_user("id", Some("ann")).await.unwrap();
    b.subscribe("t", "id", None).await.unwrap();
    b.unsubscribe("t", "id").await.unwrap();
    c.touch(&ids(&["id"])).await.unwrap();
    c.state("id").await.unwrap();
    c.send("id", &text("m")).await.unwrap();
    assert_exists(c.add("id", "2", None).await);
    let swap = c.compare_and_set_state("id", version, "2").await.unwrap();
    assert!(matches!(swap, Swap::Swapped(new) if new > version), "{swap:?}");
}

pub(crate) async fn of_many_with_one_version_one_swaps(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    for round in 0..3 {
        let version = c.state("id").await.unwrap().version;
        assert_eq!(version == 0, round == 0);
        let swaps = race(h, move |n, c| async move {
            let n = n.to_string();
            (c.compare_and_set_state("id", version, &n).await.unwrap(), n)
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
        let state = c.state("id").await.unwrap();
        assert_eq!((state.version, state.value.as_ref()), (won[0].0, Some(won[0].1)));
        // The others learned the version that won.
        let stale = Swap::Stale(state.version);
        assert_eq!(swaps.iter().filter(|(swap, _)| *swap == stale).count(), RACERS - 1);
    }
}

pub(crate) async fn what_is_counted_by_swapping_is_exact(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let counted = race(h, |_, c| async move {
        loop {
            let state = c.state("id").await.unwrap();
            let n: u32 = state.value.map_or(0, |value| value.parse().unwrap());
            let next = (n + 1).to_string();
            let swap = c.compare_and_set_state("id", state.version, &next).await.unwrap();
            if let Swap::Swapped(_) = swap {
                return;
            }
        }
    });
    counted.await;
    assert_eq!(c.state("id").await.unwrap().value, Some(RACERS.to_string()));
}

pub(crate) async fn concurrent_writes_have_different_versions(h: &Harness) {
    let c = h.channels("c");
    c.add("id", "1", None).await.unwrap();
    let versions = race(h, |n, c| async move {
        let mut versions = Vec::new();
        for round in 0..4_usize {
            let value = (round != n % 4).then_some("1");
            versions.push(c.set_state("id", value).await.unwrap());
        }
        assert!(versions.is_sorted(), "{versions:?}");
        versions
    });
    let mut versions = versions.await.concat();
    versions.sort_unstable();
    let last = versions.last().copied();
    versions.dedup();
    assert_eq!(versions.len(), RACERS * 4);
    assert_eq!(Some(c.state("id").await.unwrap().version), last);
}
