//! Runs that are started again and again.

use super::*;

async fn now(h: &Harness) -> u64 {
    u64::try_from(h.now().await.as_millis()).unwrap()
}

fn schedule(name: &str, next_ms: u64) -> Schedule {
    Schedule {
        name: name.to_owned(),
        workflow: "w".to_owned(),
        cron: "0 * * * *".to_owned(),
        next_ms,
        input: text(r#"{"a": 1}"#),
        user: Some("ann".to_owned()),
        priority: 7,
        timeout_ms: Some(LONG_MS),
        retention_ms: None,
    }
}

async fn change(hand: &Hand, change: Reschedule<'_>) -> Scheduled {
    hand.store.schedule(hand.scope(), &change).await.unwrap()
}

async fn put(hand: &Hand, schedule: &Schedule) -> bool {
    match change(hand, Reschedule::Put(schedule)).await {
        Scheduled::Was(was) => was,
        other => panic!("{other:?}"),
    }
}

async fn all(hand: &Hand, due: bool) -> Vec<Schedule> {
    match change(hand, Reschedule::List { due }).await {
        Scheduled::All { found, .. } => found,
        other => panic!("{other:?}"),
    }
}

async fn names(hand: &Hand, due: bool) -> Vec<String> {
    all(hand, due).await.into_iter().map(|schedule| schedule.name).collect()
}

/// The run that was started, if one was.
async fn advance(hand: &Hand, schedule: &Schedule, then_ms: u64) -> Option<RunId> {
    let run = &hand.at(schedule.partition()).draft();
    match change(hand, Reschedule::Advance { schedule, then_ms, run }).await {
        Scheduled::Started(started) => {
            let started = started?;
            assert_eq!((&started.id, started.new), (&run.id, true));
            Some(started.id)
        }
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn a_schedule_is_read_as_it_was_put(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await + LONG_MS;
    let plain = Schedule { user: None, timeout_ms: None, ..schedule("b: \"", next_ms) };
    assert!(!put(&hand, &plain).await);
    assert!(!put(&hand, &schedule("a", next_ms)).await);
    let other = Schedule { workflow: "v".to_owned(), ..schedule("z", next_ms) };
    assert!(!put(&hand, &other).await);
    let found = all(&hand, false).await;
    let names: Vec<_> = found.iter().map(|found| found.name.as_str()).collect();
    assert_eq!(names, ["z", "a", "b: \""]);
    let a = &found[1];
    assert_eq!((a.workflow.as_str(), a.cron.as_str(), a.next_ms), ("w", "0 * * * *", next_ms));
    assert_eq!((a.input.get(), a.user.as_deref()), (r#"{"a": 1}"#, Some("ann")));
    assert_eq!((a.priority, a.timeout_ms, a.retention_ms), (7, Some(LONG_MS), None));
    assert_eq!((&found[2].user, found[2].timeout_ms), (&None, None));
}

pub(crate) async fn a_schedule_is_replaced_and_ended(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await + LONG_MS;
    assert!(!put(&hand, &schedule("a", next_ms)).await);
    let later = Schedule { cron: "1 * * * *".to_owned(), ..schedule("a", next_ms + 1) };
    assert!(put(&hand, &later).await);
    let found = all(&hand, false).await;
    assert_eq!((found.len(), found[0].next_ms), (1, next_ms + 1));
    assert_eq!(found[0].cron, "1 * * * *");
    for (workflow, name, was) in
        [("v", "a", false), ("w", "b", false), ("w", "a", true), ("w", "a", false)]
    {
        match change(&hand, Reschedule::End { workflow, name }).await {
            Scheduled::Was(found) => assert_eq!(found, was),
            other => panic!("{other:?}"),
        }
    }
    assert!(all(&hand, false).await.is_empty());
}

pub(crate) async fn a_schedule_is_due_at_its_time(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await + 1_000;
    put(&hand, &schedule("a", next_ms)).await;
    put(&hand, &schedule("b", next_ms + LONG_MS)).await;
    assert!(names(&hand, true).await.is_empty());
    let there = hand.at(schedule("a", 0).partition());
    let due_ms = there.take(&[]).await.due_ms.unwrap();
    assert!(due_ms <= 1_000, "{due_ms}");
    h.advance(Duration::from_millis(1_000)).await;
    assert_eq!(names(&hand, true).await, ["a"]);
    assert_eq!(there.take(&[]).await.due_ms, Some(0));
    assert_eq!(names(&hand, false).await, ["a", "b"]);
}

pub(crate) async fn a_schedule_that_is_due_starts_a_run_and_moves_on(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await;
    let schedule = schedule("a", next_ms);
    put(&hand, &schedule).await;
    let run = advance(&hand, &schedule, next_ms + LONG_MS).await.unwrap();
    assert_eq!(hand.at(schedule.partition()).body().await.lease.run, run);
    assert!(names(&hand, true).await.is_empty());
    assert_eq!(all(&hand, false).await[0].next_ms, next_ms + LONG_MS);
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

pub(crate) async fn of_many_that_advance_a_schedule_one_does(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let next_ms = now(h).await;
    put(&hands[0], &schedule("a", next_ms)).await;
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let hand = hands[n % 2].clone();
        racers.spawn(async move {
            advance(&hand, &schedule("a", next_ms), next_ms + LONG_MS).await.is_some()
        });
    }
    let started = racers.join_all().await;
    assert_eq!(started.iter().filter(|started| **started).count(), 1);
    let there = hands[0].at(schedule("a", 0).partition());
    assert_eq!(there.bodies_of("w", "1", 9, LONG_MS).await.len(), 1);
}

pub(crate) async fn a_schedule_that_moved_on_or_ended_starts_nothing(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await;
    let old = schedule("a", next_ms);
    put(&hand, &old).await;
    put(&hand, &schedule("a", next_ms + 1)).await;
    assert_eq!(advance(&hand, &old, next_ms + LONG_MS).await, None);
    assert_eq!(all(&hand, false).await[0].next_ms, next_ms + 1);
    change(&hand, Reschedule::End { workflow: "w", name: "a" }).await;
    let ended = schedule("a", next_ms + 1);
    assert_eq!(advance(&hand, &ended, next_ms + LONG_MS).await, None);
    assert!(all(&hand, false).await.is_empty());
    assert!(hand.at(old.partition()).next().await.is_none());
}

pub(crate) async fn a_schedule_is_postponed_unless_it_moved_on(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await;
    let old = schedule("a", next_ms);
    put(&hand, &old).await;
    let postpone = async |then_ms| {
        let postpone = Reschedule::Postpone { schedule: &old, then_ms };
        matches!(change(&hand, postpone).await, Scheduled::Was(true))
    };
    assert!(postpone(next_ms + LONG_MS).await);
    assert!(!postpone(next_ms + 1).await);
    assert!(names(&hand, true).await.is_empty());
    assert_eq!(all(&hand, false).await[0].next_ms, next_ms + LONG_MS);
    assert!(hand.at(old.partition()).next().await.is_none());
}

pub(crate) async fn schedules_are_their_tenants(h: &Harness) {
    let hand = Hand::new(h).await;
    let other = Hand::of(&h.services, "other");
    let next_ms = now(h).await;
    put(&hand, &schedule("a", next_ms)).await;
    assert!(all(&other, false).await.is_empty());
    assert!(all(&other, true).await.is_empty());
    assert_eq!(other.take(&[]).await.due_ms, None);
    assert!(!put(&other, &schedule("a", next_ms)).await);
    change(&other, Reschedule::End { workflow: "w", name: "a" }).await;
    assert_eq!(names(&hand, true).await, ["a"]);
}

/// What is started is what the schedule says now.
pub(crate) async fn a_schedule_that_was_changed_starts_nothing_old(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await;
    let old = schedule("a", next_ms);
    put(&hand, &old).await;
    let new = Schedule { input: text(r#"{"a": 2}"#), cron: "5 * * * *".to_owned(), ..old.clone() };
    put(&hand, &new).await;
    assert_eq!(advance(&hand, &old, next_ms + LONG_MS).await, None);
    assert_eq!(all(&hand, false).await[0].next_ms, next_ms);
    assert!(advance(&hand, &new, next_ms + LONG_MS).await.is_some());
}

/// Schedules of a workflow that has no version do not keep others waiting.
pub(crate) async fn schedules_that_can_start_nothing_are_in_nobodys_way(h: &Harness) {
    let hand = Hand::new(h).await;
    let next_ms = now(h).await;
    let wanted = schedule("wanted", next_ms);
    put(&hand, &wanted).await;
    let mut stuck = 0;
    for n in 0.. {
        let name = n.to_string();
        let other = Schedule { workflow: "v".to_owned(), ..schedule(&name, next_ms - 1) };
        if other.partition() == wanted.partition() {
            put(&hand, &other).await;
            stuck += 1;
        }
        if stuck == 64 {
            break;
        }
    }
    // What a worker does with those that it can't start.
    for _ in 0..3 {
        for due in all(&hand, true).await {
            let run = NewRun { workflow: due.workflow.clone(), ..hand.at(due.partition()).draft() };
            let change =
                Reschedule::Advance { schedule: &due, then_ms: next_ms + LONG_MS, run: &run };
            let started = hand.store.schedule(hand.scope(), &change).await;
            if let Err(StoreError::NoVersion(_)) = started {
                let then_ms = next_ms + LONG_MS;
                self::change(&hand, Reschedule::Postpone { schedule: &due, then_ms }).await;
            }
        }
    }
    let started = hand.at(wanted.partition()).next().await;
    assert!(started.is_some(), "{stuck} are due, and the one that can be started never is");
}
