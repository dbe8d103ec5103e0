//! What a body writes, and what becomes of it.

use super::super::each::ODD_TEXTS;
use super::*;

pub(crate) async fn what_is_written_is_appended(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let written = hand.write(&mut body, &[step(0, "a"), step(1, "b")], Then::Keep).await;
    assert_eq!((&written.news, written.released), (&Vec::new(), false));
    let written = hand.write(&mut body, &[step(2, "c")], Then::Keep).await;
    assert_eq!((&written.news, written.released), (&Vec::new(), false));
    let entries = hand.entries(&body.lease.run).await;
    assert_eq!(hand::kinds(&entries), ["started", "step-done", "step-done", "step-done"]);
    assert_eq!(entries[3], format!("{} {}", written.at_ms, step(2, "c").encode()));
    assert!(hand.next().await.is_none());
}

pub(crate) async fn d10_a_run_tells_when_it_changed_and_ended(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    h.advance(LATER).await;
    let written = hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    let head = hand.head(&run).await;
    assert!(head.created_ms < head.updated_ms, "{head:?}");
    assert_eq!((head.updated_ms, head.ended_ms), (written.at_ms, None));
    h.advance(LATER).await;
    let written = hand.write(&mut body, &[completed("1")], Then::Keep).await;
    let ended = hand.head(&run).await;
    assert!(head.updated_ms < ended.updated_ms, "{ended:?}");
    assert_eq!((ended.updated_ms, ended.ended_ms), (written.at_ms, Some(written.at_ms)));
    assert_eq!(ended.created_ms, head.created_ms);
}

pub(crate) async fn a_write_is_answered_with_news(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.tell(&run, signal("s", "1", None)).await;
    hand.tell(&run, signal("s", "2", None)).await;
    let written = hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    assert_eq!(written.news, hand.entries(&run).await[1..3]);
    let written = hand.write(&mut body, &[step(1, "b")], Then::Keep).await;
    assert!(written.news.is_empty());
    assert_eq!(
        hand.kinds(&run).await,
        ["started", "signalled", "signalled", "step-done", "step-done"]
    );
}

pub(crate) async fn a_body_that_has_not_seen_all_is_not_parked(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    hand.tell(&body.lease.run, signal("s", "1", None)).await;
    let written = hand.write(&mut body, &[step(0, "a")], PARK).await;
    assert_eq!((written.news.len(), written.released), (1, false));
    assert!(hand.next().await.is_none());
    assert_eq!(hand.head(&body.lease.run).await.waits, None);
    assert!(hand.write(&mut body, &[], PARK).await.released);
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "signalled", "step-done"]);
}

pub(crate) async fn a_parked_run_goes_on_when_it_is_told_something(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[]).await;
    assert!(hand.next().await.is_none());
    hand.tell(&run, signal("s", "1", None)).await;
    hand.tell(&run, signal("s", "2", None)).await;
    let body = hand.body().await;
    assert_eq!((&body.lease.run, body.entries.len()), (&run, 3));
    assert!(hand.next().await.is_none());
}

pub(crate) async fn what_a_body_is_told_queues_it_for_nobody_else(h: &Harness) {
    let hand = Hand::new(h).await;
    let body = hand.running().await;
    hand.tell(&body.lease.run, signal("s", "1", None)).await;
    assert!(hand.next().await.is_none());
}

pub(crate) async fn a_parked_run_goes_on_when_it_is_to_wake(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let park = Then::Park { waits: "time", wake_ms: Some(1_000) };
    assert!(hand.write(&mut body, &[], park).await.released);
    assert!(hand.next().await.is_none());
    h.advance(Duration::from_millis(1_000)).await;
    assert_eq!(hand.body().await.lease.run, body.lease.run);
}

pub(crate) async fn a_parked_run_says_what_it_waits_for(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    let waits = "the signal `ä: \"`";
    hand.write(&mut body, &[], Then::Park { waits, wake_ms: None }).await;
    assert_eq!(hand.head(&run).await.waits.as_deref(), Some(waits));
    hand.tell(&run, signal("s", "1", None)).await;
    hand.body().await;
    assert_eq!(hand.head(&run).await.waits, None);
}

pub(crate) async fn a_body_that_failed_goes_on_later(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    for failures in 1..3 {
        let event = Event::BodyFailed(Failure::ours("trapped", "it trapped"));
        let again = Then::Again { after_ms: 1_000 };
        assert!(hand.write(&mut body, &[event], again).await.released);
        assert!(hand.next().await.is_none());
        h.advance(Duration::from_millis(1_000)).await;
        body = hand.body().await;
        assert_eq!(body.head.failures, failures);
    }
    hand.write(&mut body, &[step(0, "a")], Then::Keep).await;
    assert_eq!(hand.head(&run).await.failures, 0);
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds, ["started", "body-failed", "body-failed", "step-done"]);
}

pub(crate) async fn a_write_without_events_forgets_no_failure(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    hand.write(&mut body, &[], Then::Again { after_ms: 0 }).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &[], Then::Keep).await;
    assert_eq!(hand.head(&body.lease.run).await.failures, 1);
}

pub(crate) async fn a_run_ends_with_its_last_event(h: &Harness) {
    let hand = Hand::new(h).await;
    let ends = [
        (completed(r#"{"a":1}"#), Status::Completed),
        (failed(), Status::Failed),
        (Event::Cancelled {}, Status::Cancelled),
    ];
    for (event, status) in ends {
        let mut body = hand.running().await;
        let written = hand.write(&mut body, &[step(0, "a"), event.clone()], Then::Keep).await;
        assert!(written.released);
        assert_eq!(hand.status(&body.lease.run).await, status);
        assert_eq!(hand.last(&body.lease.run).await, event.encode());
        assert!(hand.next().await.is_none());
        assert_eq!(hand.kinds(&body.lease.run).await, ["started", "step-done", event.kind()]);
    }
}

pub(crate) async fn a_run_may_end_without_having_seen_all(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    hand.tell(&body.lease.run, signal("s", "1", None)).await;
    let written = hand.write(&mut body, &[completed("1")], Then::Keep).await;
    assert_eq!((written.news.len(), written.released), (1, true));
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "signalled", "completed"]);
}

/// The reference does not see steps of some names.
pub(crate) async fn d6_steps_may_have_any_name(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let names = || ODD_TEXTS.iter().copied().chain(["step", "a:step:b", ":step:", "n a"]);
    let step = |(seq, name): (usize, &str)| step(u32::try_from(seq).unwrap(), name);
    let events: Vec<_> = names().enumerate().map(step).collect();
    hand.write(&mut body, &events, Then::Keep).await;
    let entries = hand.entries(&body.lease.run).await;
    hand::kinds(&entries);
    for (event, entry) in events.iter().zip(&entries[1..]) {
        assert_eq!(entry.split_once(' ').unwrap().1, event.encode());
    }
}

pub(crate) async fn a_history_is_read_in_pages(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let events: Vec<_> = (0..25).map(|seq| step(seq, "a")).collect();
    hand.write(&mut body, &events, Then::Keep).await;
    let (run, all) = (&body.lease.run, hand.entries(&body.lease.run).await);
    assert_eq!(all.len(), 26);
    let page = async |since, limit| hand.store.history(hand.scope(), run, since, limit).await;
    assert_eq!(page(0, 10).await.unwrap(), all[..10]);
    assert_eq!(page(10, 10).await.unwrap(), all[10..20]);
    assert_eq!(page(20, 10).await.unwrap(), all[20..]);
    assert!(page(26, 10).await.unwrap().is_empty());
    assert!(page(u32::MAX, 10).await.unwrap().is_empty());
    assert!(page(0, 0).await.unwrap().is_empty());
}
