//! Approvals.

use super::*;

const WAIT_MS: u64 = 1_000;
const WAIT: Duration = Duration::from_millis(WAIT_MS);

pub(crate) async fn an_approval_is_decided_once(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[approval(0, "a: \"b", Some(LONG_MS))]).await;
    assert_illegal(hand.send(&run, decide("another")).await, Status::Running);
    assert!(hand.next().await.is_none());
    hand.tell(&run, decide("a: \"b")).await;
    assert_illegal(hand.send(&run, decide("a: \"b")).await, Status::Running);
    assert_eq!(hand.body().await.entries.len(), 3);
    let expected =
        r#"{"approval-decided":{"seq":0,"decision":{"approved":true,"by":null,"data":null}}}"#;
    assert_eq!(hand.last(&run).await, expected);
    assert_eq!(hand.kinds(&run).await, ["started", "approval-asked", "approval-decided"]);
}

pub(crate) async fn of_many_decisions_one_is_taken(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let run = hands[0].waiting(&[approval(0, "a", None)]).await;
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (hand, run) = (hands[n % 2].clone(), run.clone());
        racers.spawn(async move { hand.send(&run, decide("a")).await.is_ok() });
    }
    let taken = racers.join_all().await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    let kinds = hands[0].kinds(&run).await;
    assert_eq!(kinds, ["started", "approval-asked", "approval-decided"]);
}

pub(crate) async fn an_approval_expires(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[approval(0, "a", Some(WAIT_MS)), approval(1, "b", None)]).await;
    assert!(hand.next().await.is_none());
    h.advance(WAIT).await;
    assert_eq!(hand.body().await.entries.len(), 4);
    assert_eq!(hand.last(&run).await, r#"{"approval-expired":{"seq":0}}"#);
    assert_illegal(hand.send(&run, decide("a")).await, Status::Running);
    hand.tell(&run, decide("b")).await;
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds[3..], ["approval-expired", "approval-decided"]);
}

pub(crate) async fn an_approval_whose_time_is_over_is_not_decided(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[approval(0, "a", Some(WAIT_MS))]).await;
    h.advance(WAIT).await;
    assert_illegal(hand.send(&run, decide("a")).await, Status::Running);
    hand.tick().await;
    assert_eq!(hand.kinds(&run).await, ["started", "approval-asked", "approval-expired"]);
}

pub(crate) async fn a_decision_before_its_time_is_over_holds(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[approval(0, "a", Some(WAIT_MS))]).await;
    hand.tell(&run, decide("a")).await;
    h.advance(WAIT).await;
    hand.tick().await;
    assert_eq!(hand.kinds(&run).await, ["started", "approval-asked", "approval-decided"]);
}

pub(crate) async fn a_name_may_be_asked_for_again(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[approval(0, "a", Some(WAIT_MS))]).await;
    hand.tell(&run, decide("a")).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &[approval(1, "a", Some(LONG_MS))], PARK).await;
    h.advance(WAIT).await;
    assert!(hand.next().await.is_none());
    hand.tell(&run, decide("a")).await;
    assert!(hand.last(&run).await.starts_with(r#"{"approval-decided":{"seq":1,"#));
    assert_eq!(hand.kinds(&run).await.len(), 5);
}

pub(crate) async fn approvals_of_an_ended_run_are_gone(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[approval(0, "a", Some(WAIT_MS))]).await;
    hand.tell(&run, FORCE()).await;
    assert_illegal(hand.send(&run, decide("a")).await, Status::Cancelled);
    h.advance(WAIT).await;
    hand.tick().await;
    assert_eq!(hand.kinds(&run).await, ["started", "approval-asked", "cancelled"]);
}
