//! Runs that go on after their end.

use super::*;

pub(crate) async fn a_failed_run_goes_on(h: &Harness) {
    let hand = Hand::new(h).await;
    for end in [failed(), Event::Cancelled {}] {
        let mut body = hand.running().await;
        let run = body.lease.run.clone();
        hand.write(&mut body, &[step(0, "a"), step(1, "b"), end.clone()], Then::Keep).await;
        hand.tell(&run, Input::Retry { seq: 1, events: 4, cancelling: false }).await;
        let head = hand.head(&run).await;
        assert_eq!((head.status, head.ended_ms), (Status::Running, None));
        let mut body = hand.body().await;
        assert_eq!((&body.lease.run, body.entries.len()), (&run, 5));
        assert_eq!(hand.last(&run).await, r#"{"retried":{"seq":1}}"#);
        hand.write(&mut body, &[step(1, "b"), completed("1")], Then::Keep).await;
        assert_eq!(hand.status(&run).await, Status::Completed);
        let kinds = hand.kinds(&run).await;
        assert_eq!(kinds[3..], [end.kind(), "retried", "step-done", "completed"]);
    }
}

pub(crate) async fn only_a_run_that_failed_or_was_cancelled_is_retried(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.ended(completed("1")).await;
    let retry = Input::Retry { seq: 0, events: 2, cancelling: false };
    assert_illegal(hand.send(&run, retry).await, Status::Completed);
    assert_eq!(hand.kinds(&run).await, ["started", "completed"]);
    let run = hand.run().await;
    let retry = Input::Retry { seq: 0, events: 1, cancelling: false };
    assert_illegal(hand.send(&run, retry).await, Status::Running);
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

pub(crate) async fn a_run_that_changed_is_not_retried(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.ended(failed()).await;
    for events in [0, 1, 3] {
        let retry = Input::Retry { seq: 0, events, cancelling: false };
        assert_illegal(hand.send(&run, retry).await, Status::Failed);
    }
    assert_eq!(hand.kinds(&run).await, ["started", "failed"]);
}

pub(crate) async fn of_many_that_retry_one_does(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let run = hands[0].ended(failed()).await;
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (hand, run) = (hands[n % 2].clone(), run.clone());
        racers.spawn(async move {
            hand.send(&run, Input::Retry { seq: 0, events: 2, cancelling: false }).await.is_ok()
        });
    }
    let retried = racers.join_all().await;
    assert_eq!(retried.iter().filter(|retried| **retried).count(), 1);
    assert_eq!(hands[0].bodies_of("w", "1", 9, LONG_MS).await.len(), 1);
    assert_eq!(hands[0].kinds(&run).await, ["started", "failed", "retried"]);
}

pub(crate) async fn a_retried_run_is_kept(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { retention_ms: Some(1_000), ..hand.draft() }).await;
    hand.tell(&run, FORCE()).await;
    hand.tell(&run, Input::Retry { seq: 0, events: 2, cancelling: false }).await;
    h.advance(Duration::from_millis(1_000)).await;
    hand.tick().await;
    assert_eq!(hand.kinds(&run).await, ["started", "cancelled", "retried"]);
}
