//! Runs that a run starts, and waits for.

use satama::workflow::log::ChildStarted;

use super::*;

/// A run that waits for a child, which this worker has.
async fn family(hand: &Hand) -> (RunId, Body) {
    let id = hand.id();
    let parent = hand.waiting(&[child(0, "w", &id)]).await;
    let body = hand.body().await;
    assert_eq!(body.lease.run, id);
    (parent, body)
}

/// The reference writes the link between the two, and no read returns it.
pub(crate) async fn d10_a_child_is_read_with_its_parent(h: &Harness) {
    let hand = Hand::new(h).await;
    let digest = hand.serve("v", "2").await;
    let id = hand.id();
    let new = NewRun { user: Some("ann".to_owned()), priority: 7, ..hand.draft() };
    let run = hand.start(NewRun { key: Some("k".to_owned()), ..new }).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &[step(0, "a"), child(1, "v", &id)], PARK).await;
    let head = hand.head(&id).await;
    assert_eq!(head.parent, Some((run.clone(), 1)));
    assert_eq!((head.workflow.as_str(), head.digest), ("v", digest));
    assert_eq!((head.user.as_deref(), head.key), (Some("ann"), None));
    assert_eq!((head.priority, head.status), (7, Status::Running));
    assert_eq!(hand.last(&id).await, started("[2]", 0).encode());
    let entries = hand.entries(&run).await;
    hand::kinds(&entries);
    assert!(entries[2].contains(id.as_str()), "{entries:?}");
    assert_eq!(hand.bodies_of("v", "2", 9, LONG_MS).await.len(), 1);
}

pub(crate) async fn a_child_may_have_its_own_priority_and_time(h: &Harness) {
    let hand = Hand::new(h).await;
    let id = hand.id();
    let Event::ChildStarted(event) = child(0, "w", &id) else { unreachable!() };
    let event = ChildStarted { priority: Some(9), timeout_ms: Some(0), ..event };
    hand.waiting(&[Event::ChildStarted(event)]).await;
    assert_eq!(hand.head(&id).await.priority, 9);
    hand.tick().await;
    let expected = r#"{"cancel-asked":{"reason":"its time is up","timeout":true}}"#;
    assert_eq!(hand.last(&id).await, expected);
}

pub(crate) async fn a_childs_end_is_told_once(h: &Harness) {
    let hand = Hand::new(h).await;
    let ends = [
        (completed("[7]"), r#"{"completed":[7]}"#),
        (failed(), r#"{"failed":{"code":"odd","message":"it failed"}}"#),
        (Event::Cancelled {}, r#"{"cancelled":{}}"#),
    ];
    for (event, ending) in ends {
        let (parent, mut body) = family(&hand).await;
        assert!(hand.next().await.is_none());
        hand.write(&mut body, &[event], Then::Keep).await;
        assert_eq!(hand.body().await.lease.run, parent);
        let expected = format!(r#"{{"child-ended":{{"seq":0,"ending":{ending}}}}}"#);
        assert_eq!(hand.last(&parent).await, expected);
        assert_eq!(hand.kinds(&parent).await, ["started", "child-started", "child-ended"]);
        hand.tell(&parent, FORCE()).await;
    }
}

pub(crate) async fn a_child_that_is_forced_is_told_of(h: &Harness) {
    let hand = Hand::new(h).await;
    let (parent, body) = family(&hand).await;
    hand.tell(&body.lease.run, FORCE()).await;
    assert_eq!(hand.body().await.entries.len(), 3);
    assert_eq!(hand.kinds(&parent).await, ["started", "child-started", "child-ended"]);
}

pub(crate) async fn a_child_that_is_retried_is_told_of_once(h: &Harness) {
    let hand = Hand::new(h).await;
    let (parent, mut body) = family(&hand).await;
    hand.write(&mut body, &[failed()], Then::Keep).await;
    hand.tell(&body.lease.run, Input::Retry { seq: 0, events: 2, cancelling: false }).await;
    hand.tell(&body.lease.run, FORCE()).await;
    assert_eq!(hand.kinds(&parent).await, ["started", "child-started", "child-ended"]);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started", "failed", "retried", "cancelled"]);
}

/// The body has not heard of it, so it is not left to wait.
pub(crate) async fn a_child_without_a_version_has_failed_at_once(h: &Harness) {
    let hand = Hand::new(h).await;
    let id = hand.id();
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    let events = [child(0, "unknown", &id), step(1, "a")];
    let written = hand.write(&mut body, &events, PARK).await;
    assert!(hand.snapshot(&id).await.is_none());
    let last = hand.last(&run).await;
    assert!(last.contains(r#"{"failed":{"code":"no-version","#), "{last}");
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds, ["started", "child-started", "step-done", "child-ended"]);
    assert!(written.news.is_empty());
    // It hears by its next write, or is in its queue.
    if written.released {
        assert_eq!(hand.body().await.entries.len(), 4);
    } else {
        let written = hand.write(&mut body, &[], PARK).await;
        assert_eq!(written.news.len(), 1);
        assert!(hand.next().await.is_none());
    }
}

pub(crate) async fn the_seventeenth_generation_has_failed_at_once(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    for _ in 0..16 {
        let id = hand.id();
        hand.write(&mut body, &[child(0, "w", &id)], PARK).await;
        body = hand.body().await;
        assert_eq!(body.lease.run, id);
    }
    let id = hand.id();
    hand.write(&mut body, &[child(0, "w", &id)], Then::Keep).await;
    assert!(hand.snapshot(&id).await.is_none());
    let last = hand.last(&body.lease.run).await;
    assert!(last.contains(r#"{"failed":{"code":"too-deep","#), "{last}");
    let kinds = hand.kinds(&body.lease.run).await;
    assert_eq!(kinds, ["started", "child-started", "child-ended"]);
}

pub(crate) async fn children_of_an_ended_run_are_cancelled(h: &Harness) {
    let hand = Hand::new(h).await;
    for event in [completed("1"), failed(), Event::Cancelled {}] {
        let id = hand.id();
        let mut body = hand.running().await;
        hand.write(&mut body, &[child(0, "w", &id)], Then::Keep).await;
        hand.write(&mut body, &[event], Then::Keep).await;
        assert_eq!(hand.body().await.lease.run, id);
        let expected = r#"{"cancel-asked":{"reason":"its parent has ended"}}"#;
        assert_eq!(hand.last(&id).await, expected);
        assert_eq!(hand.status(&id).await, Status::Cancelling);
        hand.tell(&id, FORCE()).await;
        assert_eq!(hand.kinds(&body.lease.run).await.len(), 3);
        assert_eq!(hand.kinds(&id).await, ["started", "cancel-asked", "cancelled"]);
    }
}

pub(crate) async fn children_are_cancelled_when_their_parent_begins_anew(h: &Harness) {
    let hand = Hand::new(h).await;
    let id = hand.id();
    let mut body = hand.running().await;
    hand.write(&mut body, &[child(0, "w", &id)], Then::Keep).await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    hand.tick().await;
    assert_eq!(hand.status(&id).await, Status::Cancelling);
    assert_eq!(hand.kinds(&id).await, ["started", "cancel-asked"]);
}

pub(crate) async fn a_child_of_an_earlier_generation_is_not_taken_for_another(h: &Harness) {
    let hand = Hand::new(h).await;
    let (old, new) = (hand.id(), hand.id());
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.write(&mut body, &[child(0, "w", &old)], Then::Keep).await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    let bodies = hand.bodies_of("w", "1", 9, LONG_MS).await;
    let mut body = bodies.into_iter().find(|body| body.lease.run == run).unwrap();
    hand.write(&mut body, &[child(0, "w", &new)], PARK).await;
    hand.tell(&old, FORCE()).await;
    assert_eq!(hand.kinds(&run).await, ["started", "child-started"]);
    hand.tell(&new, FORCE()).await;
    assert_eq!(hand.kinds(&run).await, ["started", "child-started", "child-ended"]);
}

pub(crate) async fn a_child_is_kept_as_long_as_its_parent(h: &Harness) {
    let hand = Hand::new(h).await;
    let id = hand.id();
    hand.start(NewRun { retention_ms: Some(1_000), ..hand.draft() }).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &[child(0, "w", &id)], PARK).await;
    hand.tell(&id, FORCE()).await;
    hand.tick().await;
    assert!(hand.snapshot(&id).await.is_some());
    h.advance(Duration::from_millis(1_000)).await;
    hand.tick().await;
    assert!(hand.snapshot(&id).await.is_none());
    assert_eq!(hand.status(&body.lease.run).await, Status::Running);
}

pub(crate) async fn a_run_that_has_ended_is_told_of_no_child_that_could_not_begin(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    hand.write(&mut body, &[child(0, "nobody's", &hand.id()), completed("1")], Then::Keep).await;
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "child-started", "completed"]);
}

pub(crate) async fn a_body_that_was_woken_before_its_time_is_not_woken_then(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    let park = Then::Park { waits: "time", wake_ms: Some(BRIEF_MS) };
    hand.write(&mut body, &[], park).await;
    hand.tell(&run, signal("s", "1", None)).await;
    let mut body = hand.body().await;
    assert!(hand.write(&mut body, &[], PARK).await.released);
    h.advance(BRIEF * 2).await;
    assert!(hand.next().await.is_none());
}

pub(crate) async fn a_child_that_ended_by_itself_is_not_cancelled_when_it_is_retried(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut parent = hand.running().await;
    let id = hand.id();
    hand.write(&mut parent, &[child(0, "w", &id)], Then::Keep).await;
    let mut kid = hand.body().await;
    hand.write(&mut parent, &[completed("1")], Then::Keep).await;
    hand.write(&mut kid, &[failed()], Then::Keep).await;
    hand.tell(&id, Input::Retry { seq: 0, events: 2, cancelling: false }).await;
    hand.tick().await;
    assert_eq!(hand.status(&id).await, Status::Running);
}

pub(crate) async fn who_has_seen_what_the_store_forgot_is_fenced(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    body.seen += 1;
    assert_fenced(hand.try_write(&body, &[step(0, "a")], Then::Keep).await);
    assert_eq!(hand.kinds(&body.lease.run).await, ["started"]);
}
