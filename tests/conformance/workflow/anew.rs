//! Runs that begin anew.

use satama::workflow::log::Signalled;

use super::*;

pub(crate) async fn a_run_that_begins_anew_has_a_new_history(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    let created = hand.head(&run).await.created_ms;
    hand.write(&mut body, &[step(0, "a"), step(1, "b")], Then::Keep).await;
    h.advance(LATER).await;
    let written = hand.write(&mut body, &anew(1), Then::Keep).await;
    assert_eq!((&written.news, written.released), (&Vec::new(), true));
    let next = hand.body().await;
    assert_eq!((&next.lease.run, next.head.generation), (&run, 1));
    assert_eq!(next.entries, [format!("{} {}", written.at_ms, started("[3]", 1).encode())]);
    assert_eq!((next.head.created_ms, next.head.status), (created, Status::Running));
    assert_eq!(hand.snapshot(&run).await.unwrap().events, 1);
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

pub(crate) async fn a_run_that_has_not_seen_all_does_not_begin_anew(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.tell(&run, signal("s", "1", None)).await;
    let written = hand.try_write(&body, &anew(1), Then::Keep).await.unwrap();
    assert_eq!((written.news.len(), written.released), (1, false));
    assert_eq!(hand.try_write(&body, &anew(1), Then::Keep).await.unwrap(), written);
    assert_eq!(hand.kinds(&run).await, ["started", "signalled"]);
    assert_eq!(hand.head(&run).await.generation, 0);
    assert!(hand.next().await.is_none());
    // Nothing was done, but it was a write.
    body.seen += 1;
    body.number += 1;
    assert!(hand.write(&mut body, &anew(1), Then::Keep).await.released);
    assert_eq!(hand.head(&run).await.generation, 1);
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

pub(crate) async fn a_write_that_began_anew_may_be_repeated(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    let first = hand.try_write(&body, &anew(1), Then::Keep).await.unwrap();
    assert_eq!(hand.try_write(&body, &anew(1), Then::Keep).await.unwrap(), first);
    let next = Body { number: 2, ..body.clone() };
    assert_fenced(hand.try_write(&next, &[step(0, "a")], Then::Keep).await);
    assert_eq!(hand.head(&body.lease.run).await.generation, 1);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started"]);
}

pub(crate) async fn a_runs_state_stays_when_it_begins_anew(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    hand.write(&mut body, &[set(0, "a", "[1]")], Then::Keep).await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    assert_eq!(hand.state(&body.lease.run, "a").await.as_deref(), Some("[1]"));
}

pub(crate) async fn what_a_run_waited_for_is_gone_when_it_begins_anew(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    let events = [
        timer(0, 0),
        approval(1, "a", Some(0)),
        approval(2, "b", None),
        spawned(3, "f"),
        spawned(4, "g"),
    ];
    hand.write(&mut body, &events, Then::Keep).await;
    let task = hand.task("g").await;
    // What was due by then is news.
    let written = hand.write(&mut body, &[timer(5, 0)], Then::Keep).await;
    assert_eq!(written.news.len(), 2);
    hand.write(&mut body, &anew(1), Then::Keep).await;
    assert_fenced(hand.settle(&task, &done(&task, "1")).await);
    assert!(hand.next_task("f").await.is_none());
    assert_illegal(hand.send(&run, decide("b")).await, Status::Running);
    assert_eq!(hand.body().await.head.generation, 1);
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

pub(crate) async fn a_cancelled_run_that_begins_anew_is_still_cancelled(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.tell(&run, CANCEL()).await;
    hand.write(&mut body, &[], Then::Keep).await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    assert_eq!(hand.status(&run).await, Status::Cancelling);
    assert_eq!(hand.send(&run, CANCEL()).await.unwrap(), Sent { taken: false });
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

/// What the body did not take is carried over.
pub(crate) async fn a_new_history_may_begin_with_more(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.tell(&run, signal("s", "1", None)).await;
    hand.write(&mut body, &[], Then::Keep).await;
    let signalled = Signalled { name: "s".to_owned(), payload: text("1") };
    let [continued, started] = anew(1);
    let events = [continued, started, Event::Signalled(signalled)];
    hand.write(&mut body, &events, Then::Keep).await;
    assert_eq!(hand.body().await.entries.len(), 2);
    assert_eq!(hand.snapshot(&run).await.unwrap().events, 2);
    assert_eq!(hand.kinds(&run).await, ["started", "signalled"]);
}

pub(crate) async fn generations_are_counted(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    for generation in 1..5 {
        hand.write(&mut body, &anew(generation), Then::Keep).await;
        body = hand.body().await;
        assert_eq!(body.head.generation, generation);
    }
    hand.write(&mut body, &[spawned(0, "f")], PARK).await;
    assert_eq!(hand.task("f").await.generation, 4);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "spawned"]);
}
