//! What two things do to each other.

use super::delete::all_there_is;
use super::*;

/// What it did before it begins anew does not hide what it has not seen.
pub(crate) async fn what_is_done_before_a_new_beginning_waits_for_what_is_unseen(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.tell(&run, signal("paid", "1", None)).await;
    let [continued, next] = anew(1);
    let events = [set(0, "a", "[1]"), continued, next];
    let written = hand.try_write(&body, &events, Then::Keep).await.unwrap();
    assert_eq!((written.news.len(), written.released), (1, false));
    assert_eq!(hand.kinds(&run).await, ["started", "signalled"]);
    assert_eq!(hand.state(&run, "a").await, None);
    body.seen += 1;
    body.number += 1;
    assert!(hand.try_write(&body, &events, Then::Keep).await.unwrap().released);
    assert_eq!(hand.kinds(&run).await, ["started"]);
    assert_eq!(hand.state(&run, "a").await.as_deref(), Some("[1]"));
}

pub(crate) async fn a_write_that_did_more_and_began_anew_may_be_repeated(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let [continued, next] = anew(1);
    let events = [set(0, "a", "[1]"), continued, next];
    let first = hand.try_write(&body, &events, Then::Keep).await.unwrap();
    assert_eq!(hand.try_write(&body, &events, Then::Keep).await.unwrap(), first);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started"]);
}

/// Nobody is told what became of a child that could not be started, once its parent has ended.
pub(crate) async fn a_child_without_a_version_does_not_reopen_its_parent(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let run = body.lease.run.clone();
    let events = [child(0, "unknown", &hand.id()), completed("1")];
    hand.try_write(&body, &events, Then::Keep).await.unwrap();
    assert_eq!(hand.status(&run).await, Status::Completed);
    assert!(hand.bodies_of("w", "1", 1, LONG_MS).await.is_empty(), "an ended run is in a queue");
    assert_eq!(hand.kinds(&run).await, ["started", "child-started", "completed"]);
}

pub(crate) async fn a_child_without_a_version_is_not_told_to_the_next_generation(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let [continued, next] = anew(1);
    let events = [child(0, "unknown", &hand.id()), continued, next];
    hand.try_write(&body, &events, Then::Keep).await.unwrap();
    assert_eq!(hand.kinds(&body.lease.run).await, ["started"]);
}

/// What functions have set does not keep the body from its own.
pub(crate) async fn a_body_may_set_its_parts_whatever_functions_have_set(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.write(&mut body, &[spawned(0, "f")], Then::Keep).await;
    let task = hand.task("f").await;
    for part in 0..256 {
        hand.set_state(&task, &format!("f{part}"), "1").await.unwrap();
    }
    hand.write(&mut body, &[set(1, "mine", "1")], Then::Keep).await;
    assert_eq!(hand.state(&run, "mine").await.as_deref(), Some("1"));
}

/// Generations that each set parts of other names do not fill the store.
pub(crate) async fn the_state_of_all_generations_is_bounded(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    let mut kept = 0;
    for generation in 0..6_u32 {
        for part in 0..200 {
            let event = set(part, &format!("{generation}-{part}"), "1");
            if hand.try_write(&body, &[event], Then::Keep).await.is_err() {
                return;
            }
            body.number += 1;
            body.seen += 1;
            kept += 1;
        }
        hand.write(&mut body, &anew(generation + 1), Then::Keep).await;
        body = hand.body().await;
        assert_eq!(body.lease.run, run);
    }
    panic!("{kept} parts are kept");
}

/// A run that has had a child for each of its generations remembers those that are left.
pub(crate) async fn a_deleted_child_is_forgotten_by_its_parent(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let id = hand.id();
    let before = all_there_is(h, &hand).await;
    hand.write(&mut body, &[child(0, "w", &id)], Then::Keep).await;
    hand.tell(&id, FORCE()).await;
    assert!(hand.delete(&id).await.unwrap());
    let mut after = all_there_is(h, &hand).await;
    after.retain(|there| !there.starts_with("workflow_event"));
    let mut before = before;
    before.retain(|there| !there.starts_with("workflow_event"));
    assert_eq!(after, before);
}
