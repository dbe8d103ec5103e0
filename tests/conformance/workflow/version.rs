//! Versions of workflows, and which of them starts runs.

use super::*;

async fn set_version(hand: &Hand, version: &str, status: VersionStatus) -> bool {
    let digest = Digest::of(version.as_bytes());
    hand.store.set_version(hand.scope(), "w", digest, status).await.unwrap()
}

/// The version that a new run is pinned to.
async fn pinned(hand: &Hand) -> Digest {
    let run = hand.run().await;
    hand.head(&run).await.digest
}

pub(crate) async fn a_run_is_pinned_to_the_newest_version(h: &Harness) {
    let hand = Hand::new(h).await;
    let old = hand.run().await;
    h.advance(LATER).await;
    let two = hand.serve("w", "2").await;
    assert_eq!(pinned(&hand).await, two);
    // A worker that serves an old version changes nothing.
    h.advance(LATER).await;
    let one = hand.serve("w", "1").await;
    assert_eq!(pinned(&hand).await, two);
    assert_eq!(hand.head(&old).await.digest, one);
    assert_eq!(hand.bodies_of("w", "1", 9, LONG_MS).await.len(), 1);
    assert_eq!(hand.bodies_of("w", "2", 9, LONG_MS).await.len(), 2);
}

pub(crate) async fn only_active_versions_start_runs(h: &Harness) {
    let hand = Hand::new(h).await;
    h.advance(LATER).await;
    let two = hand.serve("w", "2").await;
    for status in [VersionStatus::Declined, VersionStatus::Draft] {
        assert!(set_version(&hand, "2", status).await);
        assert_eq!(pinned(&hand).await, Digest::of(b"1"));
        // It stays so, whoever serves it.
        hand.serve("w", "2").await;
        assert_eq!(pinned(&hand).await, Digest::of(b"1"));
    }
    assert!(set_version(&hand, "2", VersionStatus::Active).await);
    assert_eq!(pinned(&hand).await, two);
    for version in ["1", "2"] {
        assert!(set_version(&hand, version, VersionStatus::Declined).await);
    }
    let none = hand.store.start(hand.scope(), &[hand.draft()]).await;
    assert!(matches!(none, Err(StoreError::NoVersion(_))), "{none:?}");
}

pub(crate) async fn a_declined_version_keeps_its_runs(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    assert!(set_version(&hand, "1", VersionStatus::Declined).await);
    let mut body = hand.body().await;
    hand.write(&mut body, &[step(0, "a")], PARK).await;
    hand.tell(&run, signal("s", "1", None)).await;
    assert_eq!(hand.body().await.lease.run, run);
    assert_eq!(hand.kinds(&run).await, ["started", "step-done", "signalled"]);
}

pub(crate) async fn a_version_that_is_not_there_is_not_set(h: &Harness) {
    let hand = Hand::new(h).await;
    assert!(!set_version(&hand, "unknown", VersionStatus::Active).await);
    let digest = Digest::of(b"1");
    let status = VersionStatus::Declined;
    assert!(!hand.store.set_version(hand.scope(), "v", digest, status).await.unwrap());
    assert_eq!(hand.store.versions(hand.scope()).await.unwrap().len(), 1);
}

pub(crate) async fn versions_are_listed_newest_first(h: &Harness) {
    let hand = Hand::of(&h.services, "t");
    assert!(hand.store.versions(hand.scope()).await.unwrap().is_empty());
    for (workflow, version) in [("w", "1"), ("v", "9"), ("w", "2"), ("u: v", "3"), ("w", "1")] {
        hand.serve(workflow, version).await;
        h.advance(LATER).await;
    }
    assert!(set_version(&hand, "2", VersionStatus::Draft).await);
    let found = hand.store.versions(hand.scope()).await.unwrap();
    let names: Vec<_> =
        found.iter().map(|found| (found.workflow.as_str(), found.source.as_str())).collect();
    assert_eq!(names, [("u: v", "3"), ("v", "9"), ("w", "2"), ("w", "1")]);
    assert_eq!(found[2].status, VersionStatus::Draft);
    assert_eq!(found[3].status, VersionStatus::Active);
    assert_eq!(found[3].digest, Digest::of(b"1"));
    assert_eq!(found[2].first_ms, found[2].last_ms);
    assert!(found[3].first_ms < found[2].first_ms, "{found:?}");
    assert!(found[3].last_ms > found[2].last_ms, "{found:?}");
}
