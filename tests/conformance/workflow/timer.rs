//! Timers.

use super::*;

const WAIT_MS: u64 = 1_000;
const WAIT: Duration = Duration::from_millis(WAIT_MS);

pub(crate) async fn a_timer_fires_when_it_is_due(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[timer(0, WAIT_MS)]).await;
    assert!(hand.next().await.is_none());
    h.advance(WAIT).await;
    assert_eq!(hand.body().await.entries.len(), 3);
    assert_eq!(hand.last(&run).await, r#"{"timer-fired":{"seq":0}}"#);
    hand.tick().await;
    assert_eq!(hand.kinds(&run).await, ["started", "timer-set", "timer-fired"]);
}

/// In the reference, of sleeps that begin in the same millisecond some never end.
pub(crate) async fn d27_timers_of_one_millisecond_all_fire(h: &Harness) {
    let hand = Hand::new(h).await;
    let timers: Vec<_> = (0..5).map(|seq| timer(seq, WAIT_MS)).collect();
    let runs = [hand.waiting(&timers).await, hand.waiting(&timers).await];
    h.advance(WAIT).await;
    hand.tick().await;
    for run in &runs {
        let kinds = hand.kinds(run).await;
        assert_eq!(kinds.iter().filter(|kind| **kind == "timer-fired").count(), 5);
    }
    assert_eq!(hand.bodies_of("w", "1", 9, LONG_MS).await.len(), 2);
}

pub(crate) async fn timers_fire_in_the_order_in_which_they_are_due(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[timer(0, 30), timer(1, 10), timer(2, 20)]).await;
    h.advance(WAIT).await;
    hand.tick().await;
    let fired: Vec<_> = hand.entries(&run).await[4..]
        .iter()
        .map(|entry| entry.split_once(' ').unwrap().1.to_owned())
        .collect();
    let of = |seq| format!(r#"{{"timer-fired":{{"seq":{seq}}}}}"#);
    assert_eq!(fired, [of(1), of(2), of(0)]);
}

pub(crate) async fn a_timer_may_be_set_for_a_time(h: &Harness) {
    let hand = Hand::new(h).await;
    let now = u64::try_from(h.now().await.as_millis()).unwrap();
    let run = hand.waiting(&[timer_at(0, now + WAIT_MS), timer_at(1, now + LONG_MS)]).await;
    assert!(hand.next().await.is_none());
    h.advance(WAIT).await;
    hand.body().await;
    assert_eq!(hand.last(&run).await, r#"{"timer-fired":{"seq":0}}"#);
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds, ["started", "timer-set", "timer-set", "timer-fired"]);
}

pub(crate) async fn a_timer_of_the_past_fires_at_once(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.waiting(&[timer_at(0, 1), timer(1, 0)]).await;
    assert_eq!(hand.body().await.entries.len(), 5);
}

pub(crate) async fn a_timer_that_fires_while_the_body_runs_is_news(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    hand.write(&mut body, &[timer(0, 0)], Then::Keep).await;
    hand.tick().await;
    assert!(hand.next().await.is_none());
    let written = hand.write(&mut body, &[], PARK).await;
    assert_eq!((written.news.len(), written.released), (1, false));
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "timer-set", "timer-fired"]);
}

pub(crate) async fn timers_of_an_ended_run_are_gone(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[timer(0, WAIT_MS)]).await;
    hand.tell(&run, FORCE()).await;
    h.advance(WAIT).await;
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "timer-set", "cancelled"]);
}
