//! Functions that run as steps.

use super::super::each::ODD_TEXTS;
use super::*;

pub(crate) async fn a_function_is_taken_with_what_it_is_given(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.start(NewRun { user: Some("ann".to_owned()), ..hand.draft() }).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &[step(0, "a"), spawned(1, "f")], Then::Keep).await;
    let task = hand.task("f").await;
    assert_eq!((&task.lease.run, task.lease.seq), (&body.lease.run, Some(1)));
    assert_eq!((task.workflow.as_str(), task.generation), ("w", 0));
    assert_eq!((task.user.as_deref(), task.attempt, task.lost), (Some("ann"), 1, 0));
    assert_eq!(task.entry, hand.entries(&body.lease.run).await[2]);
    assert!(hand.next_task("f").await.is_none());
}

pub(crate) async fn a_functions_result_is_told(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[spawned(0, "f")]).await;
    assert!(hand.next().await.is_none());
    let task = hand.task("f").await;
    hand.settle(&task, &done(&task, "[4]")).await.unwrap();
    assert_eq!(hand.body().await.entries.len(), 3);
    assert_eq!(hand.last(&run).await, done(&task, "[4]").encode());
    assert_fenced(hand.settle(&task, &done(&task, "[5]")).await);
    assert!(hand.next_task("f").await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "spawned", "function-done"]);
}

pub(crate) async fn a_functions_last_failure_is_told(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[spawned(0, "f")]).await;
    let task = hand.task("f").await;
    hand.settle(&task, &undone(&task, None)).await.unwrap();
    assert_eq!(hand.body().await.entries.len(), 3);
    assert!(hand.next_task("f").await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "spawned", "function-failed"]);
}

pub(crate) async fn a_failed_function_is_tried_again_later(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[spawned(0, "f")]).await;
    let mut task = hand.task("f").await;
    for attempt in 2..4 {
        hand.settle(&task, &undone(&task, Some(1_000))).await.unwrap();
        assert_fenced(hand.settle(&task, &undone(&task, Some(1_000))).await);
        assert!(hand.next_task("f").await.is_none());
        h.advance(Duration::from_millis(1_000)).await;
        task = hand.task("f").await;
        assert_eq!((task.attempt, task.lost), (attempt, 0));
    }
    // Nobody is told of an attempt that is not the last.
    assert!(hand.next().await.is_none());
    hand.settle(&task, &done(&task, "1")).await.unwrap();
    hand.body().await;
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds[2..], ["function-failed", "function-failed", "function-done"]);
}

/// In the reference, a step whose worker died is never run again (#1544).
pub(crate) async fn d12_a_lost_hosts_function_is_taken_over(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[spawned(0, "f")]).await;
    for lost in 0..3 {
        let task = hand.tasks("f", 1, BRIEF_MS).await.pop().unwrap();
        assert_eq!((task.attempt, task.lost), (lost + 1, lost));
        h.advance(BRIEF * 2).await;
    }
    let task = hand.task("f").await;
    assert_eq!((task.attempt, task.lost), (4, 3));
    assert_eq!(hand.last(&run).await, r#"{"lost":{"seq":0,"worker":"me"}}"#);
    assert!(hand.next().await.is_none());
    hand.settle(&task, &done(&task, "1")).await.unwrap();
    let body = hand.body().await;
    assert_eq!(body.head.lost, 0);
    let kinds = hand.kinds(&run).await;
    assert_eq!(kinds, ["started", "spawned", "lost", "lost", "lost", "function-done"]);
}

pub(crate) async fn d8_who_lost_a_function_settles_nothing(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[spawned(0, "f")]).await;
    let stale = hand.tasks("f", 1, BRIEF_MS).await.pop().unwrap();
    h.advance(BRIEF * 2).await;
    hand.tick().await;
    assert_fenced(hand.settle(&stale, &done(&stale, "1")).await);
    let task = hand.task("f").await;
    assert_fenced(hand.settle(&stale, &undone(&stale, None)).await);
    assert_fenced(hand.set_state(&stale, "a", "1").await);
    hand.settle(&task, &done(&task, "2")).await.unwrap();
    assert_fenced(hand.settle(&stale, &done(&stale, "1")).await);
    assert_eq!(hand.last(&run).await, done(&task, "2").encode());
    assert_eq!(hand.kinds(&run).await, ["started", "spawned", "lost", "function-done"]);
}

pub(crate) async fn a_function_that_ran_out_may_settle_until_it_is_taken(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[spawned(0, "f")]).await;
    let task = hand.tasks("f", 1, BRIEF_MS).await.pop().unwrap();
    h.advance(BRIEF * 2).await;
    hand.settle(&task, &done(&task, "1")).await.unwrap();
    assert!(hand.next_task("f").await.is_none());
    assert_eq!(hand.kinds(&run).await, ["started", "spawned", "function-done"]);
}

pub(crate) async fn functions_of_an_ended_run_are_gone(h: &Harness) {
    let hand = Hand::new(h).await;
    let events = [spawned(0, "f"), spawned(1, "g"), spawned(2, "k")];
    let run = hand.waiting(&events).await;
    let queued = hand.task("g").await;
    hand.settle(&queued, &undone(&queued, Some(0))).await.unwrap();
    hand.tasks("k", 1, BRIEF_MS).await.pop().unwrap();
    hand.tell(&run, FORCE()).await;
    h.advance(BRIEF * 2).await;
    for name in ["f", "g", "k"] {
        assert!(hand.next_task(name).await.is_none());
    }
    assert_eq!(hand.kinds(&run).await.last(), Some(&"cancelled"));
}

/// The reference can lose results that come at once, or count them twice.
pub(crate) async fn d1_what_settles_at_once_is_told_once(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let events: Vec<_> = (0..8).map(|seq| spawned(seq, "f")).collect();
    let run = hands[0].waiting(&events).await;
    let tasks = hands[0].tasks("f", 8, LONG_MS).await;
    assert_eq!(tasks.len(), 8);
    let mut racers = JoinSet::new();
    for n in 0..32 {
        let (hand, task) = (hands[n % 2].clone(), tasks[n / 4].clone());
        racers.spawn(async move { hand.settle(&task, &done(&task, "1")).await.is_ok() });
    }
    let settled = racers.join_all().await;
    assert_eq!(settled.iter().filter(|settled| **settled).count(), 8);
    let kinds = hands[0].kinds(&run).await;
    assert_eq!(kinds[9..], ["function-done"; 8]);
    assert_eq!(hands[1].body().await.entries.len(), 17);
    assert!(hands[0].next().await.is_none());
}

pub(crate) async fn functions_may_have_any_name(h: &Harness) {
    let hand = Hand::new(h).await;
    let names: Vec<_> = ODD_TEXTS.iter().copied().chain(["step", "a:step:b", "f g"]).collect();
    let spawn = |(seq, name): (usize, &&str)| spawned(u32::try_from(seq).unwrap(), name);
    let events: Vec<_> = names.iter().enumerate().map(spawn).collect();
    let run = hand.waiting(&events).await;
    for (seq, name) in names.iter().enumerate() {
        let task = hand.task(name).await;
        assert_eq!(task.lease.seq, u32::try_from(seq).ok(), "{name:?}");
        assert!(hand.next_task(name).await.is_none(), "{name:?}");
        hand.settle(&task, &done(&task, "1")).await.unwrap();
    }
    assert_eq!(hand.kinds(&run).await.len(), 1 + 2 * names.len());
}
