//! Runs that are cancelled, or whose time is up.

use super::*;

const WAIT_MS: u64 = 1_000;
const WAIT: Duration = Duration::from_millis(WAIT_MS);

pub(crate) async fn a_cancelled_run_is_told(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[timer(0, LONG_MS)]).await;
    hand.tell(&run, CANCEL()).await;
    assert_eq!(hand.status(&run).await, Status::Cancelling);
    assert_eq!(hand.last(&run).await, r#"{"cancel-asked":{"reason":"no more"}}"#);
    let mut body = hand.body().await;
    assert_eq!(body.head.status, Status::Cancelling);
    hand.write(&mut body, &[Event::Cancelled {}], Then::Keep).await;
    assert_eq!(hand.status(&run).await, Status::Cancelled);
    assert_eq!(hand.kinds(&run).await, ["started", "timer-set", "cancel-asked", "cancelled"]);
}

pub(crate) async fn a_run_is_cancelled_once(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let run = hands[0].waiting(&[]).await;
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (hand, run) = (hands[n % 2].clone(), run.clone());
        racers.spawn(async move { hand.send(&run, CANCEL()).await.unwrap().taken });
    }
    let taken = racers.join_all().await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    assert_eq!(hands[0].kinds(&run).await, ["started", "cancel-asked"]);
}

pub(crate) async fn a_run_is_cancelled_by_force_at_once(h: &Harness) {
    let hand = Hand::new(h).await;
    for events in [vec![], vec![step(0, "a"), timer(1, 0)], vec![suspended(0)]] {
        let run = hand.waiting(&events).await;
        hand.tell(&run, FORCE()).await;
        assert_eq!(hand.status(&run).await, Status::Cancelled);
        let head = hand.head(&run).await;
        assert!(head.ended_ms.is_some() && head.waits.is_none(), "{head:?}");
        assert!(hand.next().await.is_none());
        assert_eq!(hand.kinds(&run).await.last(), Some(&"cancelled"));
        assert_eq!(hand.kinds(&run).await.len(), 2 + events.len());
    }
}

pub(crate) async fn a_run_that_is_cancelled_may_be_forced(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    hand.tell(&run, CANCEL()).await;
    hand.tell(&run, FORCE()).await;
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "cancel-asked", "cancelled"]);
}

pub(crate) async fn an_ended_run_is_not_cancelled(h: &Harness) {
    let hand = Hand::new(h).await;
    let ends = [
        (completed("1"), Status::Completed),
        (failed(), Status::Failed),
        (Event::Cancelled {}, Status::Cancelled),
    ];
    for (event, status) in ends {
        let run = hand.ended(event).await;
        assert_illegal(hand.send(&run, CANCEL()).await, status);
        assert_illegal(hand.send(&run, FORCE()).await, status);
        assert_illegal(hand.send(&run, decide("a")).await, status);
        assert_illegal(hand.send(&run, Input::Resume).await, status);
        assert_eq!(hand.kinds(&run).await.len(), 2);
    }
}

pub(crate) async fn a_delayed_run_that_is_cancelled_begins(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { delay_ms: WAIT_MS, ..hand.draft() }).await;
    hand.tell(&run, CANCEL()).await;
    assert_eq!(hand.body().await.entries.len(), 2);
    h.advance(WAIT).await;
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "cancel-asked"]);
}

pub(crate) async fn a_delayed_run_that_is_forced_never_begins(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { delay_ms: WAIT_MS, ..hand.draft() }).await;
    hand.tell(&run, FORCE()).await;
    h.advance(WAIT).await;
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "cancelled"]);
}

pub(crate) async fn children_are_cancelled_with_their_parent(h: &Harness) {
    let hand = Hand::new(h).await;
    let (first, second) = (hand.id(), hand.id());
    let run = hand.waiting(&[child(0, "w", &first), child(1, "w", &second)]).await;
    hand.tell(&second, FORCE()).await;
    let bodies = hand.bodies_of("w", "1", 9, LONG_MS).await;
    let mut body = bodies.into_iter().find(|body| body.lease.run == first).unwrap();
    let grandchild = hand.id();
    hand.write(&mut body, &[child(0, "w", &grandchild)], PARK).await;
    hand.tell(&run, CANCEL()).await;
    hand.tick().await;
    hand.tick().await;
    assert_eq!(hand.status(&first).await, Status::Cancelling);
    assert_eq!(hand.status(&second).await, Status::Cancelled);
    assert_eq!(hand.status(&grandchild).await, Status::Cancelling);
    assert_eq!(hand.kinds(&first).await, ["started", "child-started", "cancel-asked"]);
    assert_eq!(hand.kinds(&second).await, ["started", "cancelled"]);
    assert_eq!(hand.kinds(&grandchild).await, ["started", "cancel-asked"]);
}

pub(crate) async fn a_run_whose_time_is_up_is_cancelled(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { timeout_ms: Some(WAIT_MS), ..hand.draft() }).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &[step(0, "a")], PARK).await;
    assert!(hand.next().await.is_none());
    h.advance(WAIT).await;
    hand.body().await;
    let expected = r#"{"cancel-asked":{"reason":"its time is up","timeout":true}}"#;
    assert_eq!(hand.last(&run).await, expected);
    assert_eq!(hand.status(&run).await, Status::Cancelling);
    assert_eq!(hand.kinds(&run).await, ["started", "step-done", "cancel-asked"]);
}

pub(crate) async fn a_runs_time_goes_on_when_it_begins_anew(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { timeout_ms: Some(WAIT_MS), ..hand.draft() }).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    h.advance(WAIT).await;
    hand.tick().await;
    assert_eq!(hand.kinds(&run).await, ["started", "cancel-asked"]);
}

pub(crate) async fn a_cancelled_runs_time_is_not_told(h: &Harness) {
    let hand = Hand::new(h).await;
    let new = || NewRun { timeout_ms: Some(WAIT_MS), ..hand.draft() };
    let (cancelled, ended) = (hand.start(new()).await, hand.start(new()).await);
    hand.tell(&cancelled, CANCEL()).await;
    hand.tell(&ended, FORCE()).await;
    h.advance(WAIT).await;
    hand.tick().await;
    assert_eq!(hand.kinds(&cancelled).await, ["started", "cancel-asked"]);
    assert_eq!(hand.kinds(&ended).await, ["started", "cancelled"]);
}
