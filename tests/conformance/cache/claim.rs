//! Single flight: of all that miss a key, one computes it.

use super::*;

const NO_WAIT: Duration = Duration::ZERO;

/// Longer than any test takes, and allowed: a waiter sees the event before.
const WAIT: Duration = Duration::from_secs(30);

#[track_caller]
fn assert_busy(found: &Filled) {
    assert!(matches!(found, Filled::Busy), "{found:?}");
}

pub(crate) async fn fill_finds_a_live_value(h: &Harness) {
    let b = h.bucket("b");
    b.set_many(&[entry("k", "v"), in_group("g", "l", "v")]).await.unwrap();
    for key in ["k", "l"] {
        let found = b.fill(key, WAIT, CLAIM, None).await.unwrap();
        assert!(matches!(&found, Filled::Hit(value) if value == b"v"), "{found:?}");
    }
}

pub(crate) async fn a_claim_sets_the_missing_entry(h: &Harness) {
    let b = h.bucket("b");
    let mut claimed = claim(&b, "k", CLAIM, Some("g")).await;
    assert_eq!(read(&b, "k").await, None);
    let (_, set) = h.timed(async { claimed.complete(b"v", LONG).await.unwrap() }).await;
    assert_eq!(read(&b, "k").await.as_deref(), Some("v"));
    let (left, now) = h.timed(b.ttl("k")).await;
    assert!(now.proves(left.unwrap().unwrap(), LONG, set));
    b.invalidate(Some("h")).await.unwrap();
    assert_eq!(read(&b, "k").await.as_deref(), Some("v"));
    b.invalidate(Some("g")).await.unwrap();
    assert_eq!(read(&b, "k").await, None, "it is in the group that the claim was for");
}

pub(crate) async fn a_completed_entry_expires(h: &Harness) {
    let b = h.bucket("b");
    claim(&b, "k", CLAIM, None).await.complete(b"v", BRIEF).await.unwrap();
    h.advance(BRIEF).await;
    assert_eq!(read(&b, "k").await, None);
    claim(&b, "k", CLAIM, None).await;
}

pub(crate) async fn one_holds_the_claim_and_others_are_told(h: &Harness) {
    let b = h.bucket("b");
    let _claim = claim(&b, "k", CLAIM, None).await;
    assert_busy(&b.fill("k", NO_WAIT, CLAIM, None).await.unwrap());
    assert_busy(&b.fill("k", BRIEF, CLAIM, Some("g")).await.unwrap());
    claim(&b, "other", CLAIM, None).await;
}

pub(crate) async fn of_many_that_miss_one_computes_and_all_get_its_value(h: &Harness) {
    let values = race(h, |n, b| async move {
        match b.fill("k", WAIT, CLAIM, Some("g")).await.unwrap() {
            Filled::Hit(value) => (false, value),
            Filled::Claimed(mut claim) => {
                let value = n.to_string().into_bytes();
                claim.complete(&value, LONG).await.unwrap();
                (true, value)
            }
            Filled::Busy => panic!("it was completed, so nobody waited in vain"),
        }
    });
    let values = values.await;
    let winners: Vec<_> = values.iter().filter(|(claimed, _)| *claimed).collect();
    assert_eq!(winners.len(), 1);
    assert!(values.iter().all(|(_, value)| *value == winners[0].1));
}

pub(crate) async fn a_waiter_gets_the_value_when_it_is_there(h: &Harness) {
    let b = h.bucket("b");
    let mut claimed = claim(&b, "k", CLAIM, None).await;
    let (found, completed) =
        tokio::join!(b.fill("k", WAIT, CLAIM, None), claimed.complete(b"v", LONG));
    completed.unwrap();
    let found = found.unwrap();
    assert!(matches!(&found, Filled::Hit(value) if value == b"v"), "{found:?}");
}

/// A claim that is lost to a write is refused, and what was written stays.
pub(crate) async fn a_claim_is_lost_when_its_key_is_written(h: &Harness) {
    let b = h.bucket("b");
    let mut lost = claim(&b, "k", CLAIM, None).await;
    b.set(entry("k", "set")).await.unwrap();
    assert_lost(&lost.complete(b"late", LONG).await);
    assert_eq!(read(&b, "k").await.as_deref(), Some("set"));

    let mut lost = claim(&b, "absent", CLAIM, None).await;
    assert!(b.set_if_absent(entry("absent", "set")).await.unwrap());
    assert_lost(&lost.complete(b"late", LONG).await);
    assert_eq!(read(&b, "absent").await.as_deref(), Some("set"));

    let mut lost = claim(&b, "n", CLAIM, None).await;
    b.add(entry("n", ""), 1).await.unwrap();
    assert_lost(&lost.complete(b"late", LONG).await);
    assert_eq!(read(&b, "n").await.as_deref(), Some("1"));

    let mut lost = claim(&b, "many", CLAIM, None).await;
    b.set_many(&[entry("x", "v"), entry("many", "set")]).await.unwrap();
    assert_lost(&lost.complete(b"late", LONG).await);
    assert_eq!(read(&b, "many").await.as_deref(), Some("set"));
}

pub(crate) async fn a_claim_is_lost_when_its_key_is_deleted(h: &Harness) {
    let b = h.bucket("b");
    let mut lost = claim(&b, "k", CLAIM, None).await;
    assert!(!b.delete("k").await.unwrap(), "a claim is no value");
    assert_lost(&lost.complete(b"late", LONG).await);
    assert_eq!(read(&b, "k").await, None);
}

/// Also when the write is gone by the time the claim is completed.
pub(crate) async fn a_claim_stays_lost_when_the_write_is_gone(h: &Harness) {
    let b = h.bucket("b");
    let mut lost = claim(&b, "k", CLAIM, None).await;
    b.set(brief(entry("k", "v"))).await.unwrap();
    h.advance(BRIEF).await;
    assert_lost(&lost.complete(b"late", LONG).await);
    assert_eq!(read(&b, "k").await, None);
}

pub(crate) async fn a_claim_is_lost_when_its_bucket_or_group_is_invalidated(h: &Harness) {
    let b = h.bucket("b");
    for (group, by) in [(None, None), (Some("g"), None), (Some("g"), Some("g"))] {
        let mut lost = claim(&b, "k", CLAIM, group).await;
        b.invalidate(by).await.unwrap();
        // Also when there is a generation again, which is another.
        b.set(in_group("g", "other", "v")).await.unwrap();
        assert_lost(&lost.complete(b"stale", LONG).await);
        assert_eq!(read(&b, "k").await, None, "{group:?} by {by:?}");
        lost.give_up().await.unwrap();
    }
}

pub(crate) async fn a_claim_survives_what_does_not_touch_it(h: &Harness) {
    let b = h.bucket("b");
    b.set(entry("other", "v")).await.unwrap();
    for group in [None, Some("g")] {
        let mut claimed = claim(&b, "k", CLAIM, group).await;
        b.invalidate(Some("h")).await.unwrap();
        h.bucket("other").invalidate(None).await.unwrap();
        b.set(in_group("g", "k2", "v")).await.unwrap();
        b.delete("other").await.unwrap();
        b.get("k").await.unwrap();
        claimed.complete(b"v", LONG).await.unwrap();
        assert_eq!(read(&b, "k").await.as_deref(), Some("v"));
        b.delete("k").await.unwrap();
    }
    let mut ungrouped = claim(&b, "k", CLAIM, None).await;
    b.invalidate(Some("g")).await.unwrap();
    ungrouped.complete(b"v", LONG).await.unwrap();
}

pub(crate) async fn a_claim_from_before_an_invalidation_holds_nobody_up(h: &Harness) {
    let b = h.bucket("b");
    for by in [None, Some("g")] {
        let mut lost = claim(&b, "k", CLAIM, Some("g")).await;
        b.invalidate(by).await.unwrap();
        let mut next = claim(&b, "k", CLAIM, Some("g")).await;
        assert_lost(&lost.complete(b"stale", LONG).await);
        next.complete(b"fresh", LONG).await.unwrap();
        assert_eq!(read(&b, "k").await.as_deref(), Some("fresh"));
        b.delete("k").await.unwrap();
    }
}

pub(crate) async fn an_expired_claim_is_handed_over(h: &Harness) {
    let b = h.bucket("b");
    let mut late = claim(&b, "k", BRIEF, None).await;
    h.advance(BRIEF).await;
    let mut next = claim(&b, "k", CLAIM, None).await;
    assert_lost(&late.complete(b"late", LONG).await);
    assert_busy(&b.fill("k", NO_WAIT, CLAIM, None).await.unwrap());
    next.complete(b"v", LONG).await.unwrap();
    assert_lost(&late.complete(b"late", LONG).await);
    assert_eq!(read(&b, "k").await.as_deref(), Some("v"));
}

pub(crate) async fn an_expired_claim_is_lost_even_if_nobody_took_it(h: &Harness) {
    let b = h.bucket("b");
    let mut late = claim(&b, "k", BRIEF, None).await;
    h.advance(BRIEF).await;
    assert_lost(&late.complete(b"late", LONG).await);
    assert_eq!(read(&b, "k").await, None);
}

pub(crate) async fn a_waiter_gets_the_claim_when_it_expires(h: &Harness) {
    let b = h.bucket("b");
    let _dead = claim(&b, "k", BRIEF, None).await;
    let (found, ()) = tokio::join!(b.fill("k", WAIT, CLAIM, None), h.advance(BRIEF));
    assert!(matches!(found.unwrap(), Filled::Claimed(_)));
}

pub(crate) async fn a_claim_that_is_given_up_is_handed_over_at_once(h: &Harness) {
    let b = h.bucket("b");
    claim(&b, "k", CLAIM, Some("g")).await.give_up().await.unwrap();
    let held = claim(&b, "k", CLAIM, None).await;
    let (found, given_up) = tokio::join!(b.fill("k", WAIT, CLAIM, None), held.give_up());
    given_up.unwrap();
    assert!(matches!(found.unwrap(), Filled::Claimed(_)));
}

/// As the table of an instance that was stopped drops them.
pub(crate) async fn a_claim_that_is_dropped_is_handed_over(h: &Harness) {
    let b = h.bucket("b");
    drop(claim(&b, "k", CLAIM, Some("g")).await);
    let found = b.fill("k", WAIT, CLAIM, None).await.unwrap();
    assert!(matches!(found, Filled::Claimed(_)));
}

pub(crate) async fn giving_up_a_lost_claim_harms_nobody(h: &Harness) {
    let b = h.bucket("b");
    let lost = claim(&b, "k", BRIEF, None).await;
    h.advance(BRIEF).await;
    let mut next = claim(&b, "k", CLAIM, None).await;
    lost.give_up().await.unwrap();
    assert_busy(&b.fill("k", NO_WAIT, CLAIM, None).await.unwrap());
    next.complete(b"v", LONG).await.unwrap();

    let lost = claim(&b, "l", CLAIM, None).await;
    b.set(entry("l", "v")).await.unwrap();
    lost.give_up().await.unwrap();
    assert_eq!(read(&b, "l").await.as_deref(), Some("v"));
}

pub(crate) async fn a_claim_is_completed_once(h: &Harness) {
    let b = h.bucket("b");
    let mut claimed = claim(&b, "k", CLAIM, None).await;
    claimed.complete(b"first", LONG).await.unwrap();
    assert_lost(&claimed.complete(b"second", LONG).await);
    claimed.give_up().await.unwrap();
    assert_eq!(read(&b, "k").await.as_deref(), Some("first"));
}

pub(crate) async fn claims_of_other_keys_and_buckets_are_others(h: &Harness) {
    let spaces =
        [h.bucket("b"), h.bucket("c"), satama_tests::bucket(&h.services, &grant("u"), "b")];
    let mut claims = Vec::new();
    for b in &spaces {
        for key in ["k", "l", "", "c:k", "\0"] {
            claims.push(claim(b, key, CLAIM, Some("g")).await);
        }
    }
    for (n, claim) in claims.iter_mut().enumerate() {
        claim.complete(n.to_string().as_bytes(), LONG).await.unwrap();
    }
    assert_eq!(read(&spaces[2], "\0").await.as_deref(), Some("14"));
    assert_eq!(read(&spaces[0], "k").await.as_deref(), Some("0"));
}

pub(crate) async fn a_refused_value_leaves_the_claim(h: &Harness) {
    let b = h.bucket("b");
    let mut claimed = claim(&b, "k", CLAIM, None).await;
    let large = vec![0; (1 << 20) + 1];
    let refused = claimed.complete(&large, LONG).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    let refused = claimed.complete(b"v", Duration::from_secs(31 * 24 * 60 * 60)).await;
    assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    assert_busy(&b.fill("k", NO_WAIT, CLAIM, None).await.unwrap());
    claimed.complete(b"v", LONG).await.unwrap();
}
