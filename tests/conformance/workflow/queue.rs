//! Queues, and who takes from them.

use std::collections::HashSet;

use super::*;

fn ids(bodies: &[Body]) -> Vec<RunId> {
    bodies.iter().map(|body| body.lease.run.clone()).collect()
}

pub(crate) async fn runs_are_taken_in_their_order(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = Vec::new();
    for _ in 0..5 {
        runs.push(hand.run().await);
        h.advance(LATER).await;
    }
    let taken = hand.bodies_of("w", "1", 3, LONG_MS).await;
    assert_eq!(ids(&taken), runs[..3]);
    let taken = hand.bodies_of("w", "1", 3, LONG_MS).await;
    assert_eq!(ids(&taken), runs[3..]);
}

pub(crate) async fn a_higher_priority_goes_first(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = Vec::new();
    for priority in [4, 0, 9, 5] {
        runs.push(hand.start(NewRun { priority, ..hand.draft() }).await);
        h.advance(LATER).await;
    }
    let expected = [2, 3, 0, 1].map(|n: usize| runs[n].clone());
    assert_eq!(ids(&hand.bodies_of("w", "1", 9, LONG_MS).await), expected);
}

pub(crate) async fn a_function_has_its_runs_priority(h: &Harness) {
    let hand = Hand::new(h).await;
    for priority in [0, 9] {
        hand.start(NewRun { priority, ..hand.draft() }).await;
        let mut body = hand.body().await;
        hand.write(&mut body, &[spawned(0, "f")], PARK).await;
        h.advance(LATER).await;
    }
    let tasks = hand.tasks("f", 9, LONG_MS).await;
    let mut priorities = Vec::new();
    for task in tasks {
        priorities.push(hand.head(&task.lease.run).await.priority);
    }
    assert_eq!(priorities, [9, 0]);
}

pub(crate) async fn a_delayed_run_is_taken_when_its_delay_is_over(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { delay_ms: 1_000, ..hand.draft() }).await;
    assert!(hand.next().await.is_none());
    h.advance(Duration::from_millis(1_000)).await;
    assert_eq!(hand.body().await.lease.run, run);
}

pub(crate) async fn a_delayed_run_that_is_told_something_waits_on(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { delay_ms: 1_000, ..hand.draft() }).await;
    hand.tell(&run, signal("s", "1", None)).await;
    assert!(hand.next().await.is_none());
    h.advance(Duration::from_millis(1_000)).await;
    assert_eq!(hand.body().await.entries.len(), 2);
    assert_eq!(hand.kinds(&run).await, ["started", "signalled"]);
}

pub(crate) async fn only_named_queues_are_taken_from(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.run().await;
    hand.serve("w", "2").await;
    hand.run().await;
    hand.serve("v", "1").await;
    let other = hand.start(NewRun { workflow: "v".to_owned(), ..hand.draft() }).await;
    assert_eq!(ids(&hand.bodies_of("v", "1", 9, LONG_MS).await), [other]);
    assert!(hand.bodies_of("v", "2", 9, LONG_MS).await.is_empty());
    assert!(hand.tasks("w", 9, LONG_MS).await.is_empty());
    assert_eq!(hand.bodies_of("w", "2", 9, LONG_MS).await.len(), 1);
    assert_eq!(hand.bodies_of("w", "1", 9, LONG_MS).await.len(), 1);
}

pub(crate) async fn of_each_queue_at_most_so_many_are_taken(h: &Harness) {
    let hand = Hand::new(h).await;
    for _ in 0..4 {
        hand.waiting(&[spawned(0, "f"), spawned(1, "g")]).await;
    }
    for _ in 0..4 {
        hand.run().await;
    }
    let function = |name: &str| Queue::Function(name.to_owned());
    let queues = [(Hand::bodies("w", "1"), 3), (function("f"), 2), (function("g"), 0)];
    let count = |taken: Taken| {
        let bodies = taken.work.iter().filter(|work| matches!(work, Work::Body { .. })).count();
        (bodies, taken.work.len() - bodies)
    };
    assert_eq!(count(hand.take(&queues).await), (3, 2));
    assert_eq!(count(hand.take(&queues).await), (1, 2));
    assert_eq!(count(hand.take(&queues).await), (0, 0));
}

pub(crate) async fn a_body_is_taken_with_all_that_is_kept_of_it(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[step(0, "a"), timer(1, 0)]).await;
    hand.tick().await;
    let head = hand.head(&run).await;
    let body = hand.body().await;
    assert_eq!(body.entries, hand.entries(&run).await);
    assert_eq!((&head.worker, body.head.worker.as_deref()), (&None, Some("me")));
    let same = |head| Head { waits: None, worker: None, ..head };
    assert_eq!(same(head), same(body.head));
    assert_eq!(hand.kinds(&run).await, ["started", "step-done", "timer-set", "timer-fired"]);
}

pub(crate) async fn what_is_in_its_queue_keeps_its_place(h: &Harness) {
    let hand = Hand::new(h).await;
    let first = hand.run().await;
    h.advance(LATER).await;
    let second = hand.run().await;
    h.advance(LATER).await;
    hand.tell(&first, signal("s", "1", None)).await;
    assert_eq!(ids(&hand.bodies_of("w", "1", 9, LONG_MS).await), [first, second]);
}

/// The reference can run a run on several workers, or lose it, when it is queued more than once.
pub(crate) async fn d1_of_a_hundred_takers_one_has_each_run(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let runs: Vec<_> = (0..50).map(|_| hands[0].draft()).collect();
    hands[0].store.start(hands[0].scope(), &runs).await.unwrap();
    let mut takers = JoinSet::new();
    for n in 0..100 {
        let hand = hands[n % 2].clone();
        let run = runs[n % 50].id.clone();
        takers.spawn(async move {
            hand.tell(&run, signal("s", "1", None)).await;
            ids(&hand.bodies_of("w", "1", 2, LONG_MS).await)
        });
    }
    let mut taken: Vec<_> = takers.join_all().await.into_iter().flatten().collect();
    taken.extend(ids(&hands[0].bodies_of("w", "1", 100, LONG_MS).await));
    assert_eq!(taken.len(), 50);
    assert_eq!(taken.iter().collect::<HashSet<_>>().len(), 50);
}

pub(crate) async fn a_take_tells_when_more_is_due(h: &Harness) {
    let hand = Hand::new(h).await;
    assert_eq!(hand.take(&[]).await.due_ms, None);
    hand.start(NewRun { delay_ms: LONG_MS * 3, ..hand.draft() }).await;
    let between = |due: Option<u64>, from, to| {
        assert!(due.is_some_and(|due| (from..=to).contains(&due)), "{due:?}");
    };
    between(hand.take(&[]).await.due_ms, LONG_MS * 2, LONG_MS * 3);
    hand.waiting(&[timer(0, LONG_MS / 2)]).await;
    between(hand.take(&[]).await.due_ms, LONG_MS / 4, LONG_MS / 2);
    hand.run().await;
    let queue = [(Hand::bodies("w", "1"), 1)];
    between(hand.take_for(LONG_MS / 8, &queue).await.due_ms, LONG_MS / 16, LONG_MS / 8);
}

/// Settled runs once held up all others of the reference (#1387).
pub(crate) async fn a_flood_of_ended_runs_does_no_harm(h: &Harness) {
    let hand = Hand::new(h).await;
    let runs: Vec<_> = (0..300).map(|_| NewRun { retention_ms: Some(0), ..hand.draft() }).collect();
    hand.store.start(hand.scope(), &runs).await.unwrap();
    for run in &runs {
        hand.tell(&run.id, FORCE()).await;
        assert_illegal(hand.send(&run.id, signal("s", "1", None)).await, Status::Cancelled);
    }
    let run = hand.run().await;
    assert_eq!(hand.body().await.lease.run, run);
    for _ in 0..10 {
        assert!(hand.next().await.is_none());
    }
    assert!(hand.snapshot(&runs[0].id).await.is_none());
    assert!(hand.snapshot(&runs[299].id).await.is_none());
}
