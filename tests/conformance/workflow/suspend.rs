//! Runs that wait until they are resumed.

use super::*;

pub(crate) async fn a_suspended_run_goes_on_when_it_is_resumed(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[step(0, "a"), suspended(1)]).await;
    assert_eq!(hand.status(&run).await, Status::Suspended);
    assert!(hand.next().await.is_none());
    hand.tell(&run, Input::Resume).await;
    assert_eq!(hand.status(&run).await, Status::Running);
    let mut body = hand.body().await;
    hand.write(&mut body, &[completed("1")], Then::Keep).await;
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds, ["started", "step-done", "suspended", "resumed", "completed"]);
}

pub(crate) async fn only_a_suspended_run_is_resumed(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    assert_illegal(hand.send(&run, Input::Resume).await, Status::Running);
    let mut body = hand.body().await;
    hand.write(&mut body, &[suspended(0)], PARK).await;
    hand.tell(&run, Input::Resume).await;
    assert_illegal(hand.send(&run, Input::Resume).await, Status::Running);
    hand.tell(&run, CANCEL()).await;
    assert_illegal(hand.send(&run, Input::Resume).await, Status::Cancelling);
    hand.tell(&run, FORCE()).await;
    assert_illegal(hand.send(&run, Input::Resume).await, Status::Cancelled);
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds, ["started", "suspended", "resumed", "cancel-asked", "cancelled"]);
}

pub(crate) async fn of_many_that_resume_one_does(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let run = hands[0].waiting(&[suspended(0)]).await;
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (hand, run) = (hands[n % 2].clone(), run.clone());
        racers.spawn(async move { hand.send(&run, Input::Resume).await.is_ok() });
    }
    let resumed = racers.join_all().await;
    assert_eq!(resumed.iter().filter(|resumed| **resumed).count(), 1);
    assert_eq!(hands[0].kinds(&run).await, ["started", "suspended", "resumed"]);
}

pub(crate) async fn a_suspended_run_hears_what_comes(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[timer(0, 0), suspended(1)]).await;
    hand.tell(&run, signal("s", "1", None)).await;
    hand.tick().await;
    assert_eq!(hand.status(&run).await, Status::Suspended);
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds, ["started", "timer-set", "suspended", "signalled", "timer-fired"]);
}

pub(crate) async fn a_suspended_run_may_be_cancelled(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[suspended(0)]).await;
    hand.tell(&run, CANCEL()).await;
    assert_eq!(hand.status(&run).await, Status::Cancelling);
    let mut body = hand.body().await;
    hand.write(&mut body, &[Event::Cancelled {}], Then::Keep).await;
    let other = hand.waiting(&[suspended(0)]).await;
    hand.tell(&other, FORCE()).await;
    assert_eq!(hand.kinds(&run).await, ["started", "suspended", "cancel-asked", "cancelled"]);
    assert_eq!(hand.kinds(&other).await, ["started", "suspended", "cancelled"]);
}
