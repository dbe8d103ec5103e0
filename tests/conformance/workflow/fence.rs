//! Leases: how long they last, and that who has none any more writes nothing.

use super::*;

pub(crate) async fn a_lost_body_is_taken_again(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    for lost in 0..3 {
        let body = hand.brief_body().await;
        assert_eq!((&body.lease.run, body.head.lost), (&run, lost));
        h.advance(BRIEF).await;
    }
    let mut body = hand.body().await;
    assert_eq!(body.head.lost, 3);
    assert!(hand.next().await.is_none());
    assert_eq!(hand.last(&run).await, r#"{"lost":{"worker":"me"}}"#);
    hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    assert_eq!(hand.head(&run).await.lost, 0);
    assert_eq!(hand.kinds(&run).await, ["started", "lost", "lost", "lost", "step-done"]);
}

pub(crate) async fn a_renewed_lease_lasts(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.run().await;
    let mut body = hand.brief_body().await;
    let leases = std::slice::from_ref(&body.lease);
    let renewed = hand.store.renew(hand.scope(), 0, leases, LONG_MS).await.unwrap();
    assert_eq!(renewed, [true]);
    h.advance(BRIEF * 2).await;
    assert!(hand.next().await.is_none());
    hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "step-done"]);
}

pub(crate) async fn a_functions_lease_is_renewed_too(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.waiting(&[spawned(0, "f"), spawned(1, "f")]).await;
    let tasks = hand.tasks("f", 2, BRIEF_MS).await;
    let leases = [tasks[0].lease.clone()];
    let renewed = hand.store.renew(hand.scope(), 0, &leases, LONG_MS).await.unwrap();
    assert_eq!(renewed, [true]);
    h.advance(BRIEF * 2).await;
    let again = hand.task("f").await;
    assert_eq!(again.lease.seq, tasks[1].lease.seq);
    assert!(hand.next_task("f").await.is_none());
}

pub(crate) async fn a_renewal_tells_which_leases_still_last(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.waiting(&[spawned(0, "f")]).await;
    let task = hand.task("f").await;
    let mut kept = hand.running().await;
    let mut parked = hand.running().await;
    let ended = hand.running().await;
    hand.write(&mut parked, &[], PARK).await;
    hand.tell(&ended.lease.run, FORCE()).await;
    let leases = [
        task.lease.clone(),
        parked.lease.clone(),
        kept.lease.clone(),
        ended.lease.clone(),
        Lease { token: "another".to_owned(), ..kept.lease.clone() },
        Lease { token: task.lease.token.clone(), ..kept.lease.clone() },
        Lease { run: hand.id(), ..kept.lease.clone() },
    ];
    let renewed = hand.store.renew(hand.scope(), 0, &leases, LONG_MS).await.unwrap();
    assert_eq!(renewed, [true, false, true, false, false, false, false]);
    hand.write(&mut kept, &[step(0, "a")], Then::Keep).await;
    assert!(hand.store.renew(hand.scope(), 0, &[], LONG_MS).await.unwrap().is_empty());
}

pub(crate) async fn a_lease_that_ran_out_lasts_until_it_is_taken(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.run().await;
    let mut body = hand.brief_body().await;
    h.advance(BRIEF * 2).await;
    hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    let leases = std::slice::from_ref(&body.lease);
    let renewed = hand.store.renew(hand.scope(), 0, leases, LONG_MS).await.unwrap();
    assert_eq!(renewed, [true]);
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "step-done"]);
}

pub(crate) async fn d8_who_lost_a_body_writes_nothing(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.run().await;
    let mut stale = hand.brief_body().await;
    hand.write(&mut stale, &[step(0, "a")], Then::Keep).await;
    h.advance(BRIEF * 2).await;
    let mut body = hand.body().await;
    let events = [step(1, "stale"), completed("1")];
    assert_fenced(hand.try_write(&stale, &events, Then::Keep).await);
    assert_fenced(hand.try_write(&stale, &[], PARK).await);
    hand.write(&mut body, &[step(1, "b")], Then::Keep).await;
    assert_fenced(hand.try_write(&stale, &events, Then::Keep).await);
    let kinds = hand.kinds(&body.lease.run).await;
    assert_eq!(kinds, ["started", "step-done", "lost", "step-done"]);
}

pub(crate) async fn d8_who_lost_a_body_that_nobody_has_writes_nothing(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    let stale = hand.brief_body().await;
    h.advance(BRIEF * 2).await;
    hand.tick().await;
    assert_fenced(hand.try_write(&stale, &[step(0, "stale")], Then::Keep).await);
    assert_eq!(hand.kinds(&run).await, ["started", "lost"]);
    assert_eq!(hand.body().await.lease.run, run);
}

pub(crate) async fn another_token_writes_nothing(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let other = hand.running().await;
    for token in ["", "another", other.lease.token.as_str()] {
        let lease = Lease { token: token.to_owned(), ..body.lease.clone() };
        let odd = Body { lease, ..body.clone() };
        assert_fenced(hand.try_write(&odd, &[step(0, "a")], Then::Keep).await);
    }
    assert_eq!(hand.kinds(&body.lease.run).await, ["started"]);
}

pub(crate) async fn a_write_of_another_number_writes_nothing(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    for number in [0, 2, u64::MAX] {
        let odd = Body { number, ..body.clone() };
        assert_fenced(hand.try_write(&odd, &[step(0, "a")], Then::Keep).await);
    }
    hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    hand.write(&mut body, &[step(1, "b")], Then::Keep).await;
    for number in [0, 1, 4] {
        let odd = Body { number, ..body.clone() };
        assert_fenced(hand.try_write(&odd, &[step(2, "c")], Then::Keep).await);
    }
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "step-done", "step-done"]);
}

pub(crate) async fn a_functions_lease_is_no_bodys(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    hand.write(&mut body, &[spawned(0, "f")], Then::Keep).await;
    let task = hand.task("f").await;
    let mixed = [
        task.lease.clone(),
        Lease { seq: None, ..task.lease.clone() },
        Lease { seq: Some(0), ..body.lease.clone() },
    ];
    for lease in mixed {
        let odd = Body { lease: lease.clone(), ..body.clone() };
        assert_fenced(hand.try_write(&odd, &[step(1, "a")], Then::Keep).await);
        if lease != task.lease {
            let odd = Task { lease, ..task.clone() };
            assert_fenced(hand.store.settle(hand.scope(), &odd.lease, &done(&task, "1")).await);
            assert_fenced(hand.set_state(&odd, "a", "1").await);
        }
    }
    assert_fenced(hand.store.set_state(hand.scope(), &body.lease, "a", "1").await);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "spawned"]);
}

pub(crate) async fn a_repeated_write_changes_nothing(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    hand.tell(&run, signal("s", "1", None)).await;
    let events = [step(1, "b"), spawned(2, "f"), timer(3, LONG_MS)];
    let first = hand.try_write(&body, &events, Then::Keep).await.unwrap();
    assert_eq!(first.news.len(), 1);
    h.advance(LATER).await;
    // What came since is no part of the answer.
    hand.tell(&run, signal("s", "2", None)).await;
    assert_eq!(hand.try_write(&body, &events, Then::Keep).await.unwrap(), first);
    hand.task("f").await;
    assert!(hand.next_task("f").await.is_none());
    let kinds = ["signalled", "step-done", "spawned", "timer-set", "signalled"];
    assert_eq!(hand.kinds(&run).await[2..], kinds);
}

pub(crate) async fn a_write_that_parked_may_be_repeated(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let events = [step(0, "a")];
    let first = hand.try_write(&body, &events, PARK).await.unwrap();
    assert!(first.released);
    assert_eq!(hand.try_write(&body, &events, PARK).await.unwrap(), first);
    hand.tell(&body.lease.run, signal("s", "1", None)).await;
    assert_eq!(hand.try_write(&body, &events, PARK).await.unwrap(), first);
    let next = Body { number: 2, ..body.clone() };
    assert_fenced(hand.try_write(&next, &events, PARK).await);
    assert_eq!(hand.body().await.entries.len(), 3);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "step-done", "signalled"]);
}

pub(crate) async fn a_write_that_failed_may_be_repeated(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let again = Then::Again { after_ms: 0 };
    let events = [Event::BodyFailed(Failure::ours("trapped", "it trapped"))];
    let first = hand.try_write(&body, &events, again).await.unwrap();
    assert_eq!(hand.try_write(&body, &events, again).await.unwrap(), first);
    assert_eq!(hand.body().await.head.failures, 1);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "body-failed"]);
}

pub(crate) async fn a_last_write_may_be_repeated(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let events = [step(0, "a"), completed("1")];
    let first = hand.try_write(&body, &events, Then::Keep).await.unwrap();
    assert!(first.released);
    assert_eq!(hand.try_write(&body, &events, Then::Keep).await.unwrap(), first);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "step-done", "completed"]);
}

pub(crate) async fn d8_a_run_that_has_ended_is_not_written_to(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.write(&mut body, &[step(0, "a"), spawned(1, "f")], Then::Keep).await;
    let task = hand.task("f").await;
    hand.write(&mut body, &[failed()], Then::Keep).await;
    assert_fenced(hand.try_write(&body, &[completed("1")], Then::Keep).await);
    assert_fenced(hand.settle(&task, &done(&task, "1")).await);
    assert_fenced(hand.set_state(&task, "a", "1").await);
    assert_eq!(hand.status(&run).await, Status::Failed);
    assert_eq!(hand.state(&run, "a").await, None);
    assert_eq!(hand.kinds(&run).await, ["started", "step-done", "spawned", "failed"]);
}

pub(crate) async fn d8_a_run_that_was_cancelled_by_force_is_not_written_to(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    hand.tell(&body.lease.run, FORCE()).await;
    assert_fenced(hand.try_write(&body, &[completed("1")], Then::Keep).await);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "cancelled"]);
}

/// In the reference, a write brings parts of a deleted run back.
pub(crate) async fn d8_nothing_brings_back_a_deleted_run(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.write(&mut body, &[spawned(0, "f")], Then::Keep).await;
    let task = hand.task("f").await;
    hand.tell(&run, FORCE()).await;
    assert!(hand.delete(&run).await.unwrap());
    assert_fenced(hand.try_write(&body, &[step(1, "a")], Then::Keep).await);
    assert_fenced(hand.settle(&task, &done(&task, "1")).await);
    assert_fenced(hand.set_state(&task, "a", "1").await);
    let leases = [body.lease.clone(), task.lease.clone()];
    let renewed = hand.store.renew(hand.scope(), 0, &leases, LONG_MS).await.unwrap();
    assert_eq!(renewed, [false, false]);
    for input in [signal("s", "1", Some("k")), Input::Resume, CANCEL(), FORCE(), decide("a")] {
        assert_missing(hand.send(&run, input).await);
    }
    assert_missing(hand.send(&run, Input::Retry { seq: 0, events: 3, cancelling: false }).await);
    hand.tick().await;
    assert!(hand.snapshot(&run).await.is_none());
    assert!(hand.entries(&run).await.is_empty());
    assert_eq!(hand.state(&run, "a").await, None);
    assert!(hand.next().await.is_none());
}
