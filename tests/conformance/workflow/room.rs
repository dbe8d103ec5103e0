//! How much a history, and what belongs to a run, may have.

use satama::workflow::log::Signalled;
use satama::workflow::{
    EVENT_BYTES_SHORT, HISTORY_BYTES_MAX, HISTORY_BYTES_OUTSIDE, HISTORY_EVENTS_MAX,
    PAYLOAD_BYTES_MAX, SCHEDULES_MAX, SIGNAL_KEYS_MAX, SIGNALS_MAX,
};

use super::*;

/// The longest payload.
fn long() -> String {
    format!("\"{}\"", "a".repeat(usize::try_from(PAYLOAD_BYTES_MAX).unwrap() - 2))
}

/// Calls from a number on, which leave no room for a long one.
fn filling(from: u32) -> Vec<Event> {
    let many = u32::try_from(HISTORY_BYTES_MAX / PAYLOAD_BYTES_MAX).unwrap();
    (from..from + many).map(|seq| set(seq, "a", &long())).collect()
}

pub(crate) async fn signals_leave_room_in_a_history(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[approval(0, "a", None)]).await;
    let fits = HISTORY_BYTES_OUTSIDE / PAYLOAD_BYTES_MAX - 1;
    for _ in 0..fits {
        hand.tell(&run, signal("s", &long(), None)).await;
    }
    for _ in 0..2 {
        let refused = hand.send(&run, signal("s", &long(), Some("k"))).await;
        assert_too_large(refused, HISTORY_BYTES_OUTSIDE);
    }
    // What was refused is not remembered. Short ones are taken.
    hand.tell(&run, signal("s", "1", Some("k"))).await;
    let decision = text(&long());
    hand.tell(&run, Input::Decide { name: "a".to_owned(), decision }).await;
    let mut body = hand.body().await;
    assert_eq!(body.entries.len() as u64, fits + 4);
    hand.write(&mut body, &[set(1, "a", &long())], Then::Keep).await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    hand.tell(&run, signal("s", &long(), None)).await;
    assert_eq!(hand.kinds(&run).await, ["started", "signalled"]);
}

pub(crate) async fn signals_that_a_generation_begins_with_count(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let run = body.lease.run.clone();
    let mut events = anew(1).to_vec();
    let signalled = || Signalled { name: "s".to_owned(), payload: text("1") };
    events.extend((1..SIGNALS_MAX).map(|_| Event::Signalled(signalled())));
    hand.write(&mut body, &events, Then::Keep).await;
    hand.tell(&run, signal("s", "1", None)).await;
    assert_too_large(hand.send(&run, signal("s", "1", None)).await, SIGNALS_MAX.into());
}

pub(crate) async fn so_many_keys_of_signals_are_remembered(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    let send = async |n: u32| {
        let sent = hand.send(&run, signal("s", "1", Some(&n.to_string()))).await;
        sent.unwrap().taken
    };
    for n in 0..=SIGNAL_KEYS_MAX {
        if n > 0 && n % SIGNALS_MAX == 0 {
            let mut body = hand.body().await;
            hand.write(&mut body, &anew(n / SIGNALS_MAX), Then::Keep).await;
        }
        assert!(send(n).await);
    }
    assert!(!send(1).await && !send(SIGNAL_KEYS_MAX).await);
    assert!(send(0).await);
}

pub(crate) async fn a_result_without_room_is_refused_and_a_short_one_taken(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[vec![spawned(0, "f"), spawned(1, "f")], filling(2)].concat()).await;
    for result in ["short", "failure"] {
        let task = hand.task("f").await;
        let refused = hand.settle(&task, &done(&task, &long())).await;
        assert_too_large(refused, HISTORY_BYTES_MAX);
        let event = if result == "short" { done(&task, "1") } else { undone(&task, None) };
        assert!(event.encode().len() < EVENT_BYTES_SHORT);
        hand.settle(&task, &event).await.unwrap();
        assert_eq!(hand.last(&run).await, event.encode());
    }
}

pub(crate) async fn a_long_history_has_no_room_for_another_attempt(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let parts: Vec<_> = (1..HISTORY_EVENTS_MAX).map(|seq| step(seq, "a")).collect();
    hand.write(&mut body, &[spawned(0, "f")], Then::Keep).await;
    for some in parts.chunks(1_000) {
        hand.write(&mut body, some, Then::Keep).await;
    }
    let task = hand.task("f").await;
    assert_too_large(hand.settle(&task, &undone(&task, Some(0))).await, HISTORY_BYTES_MAX);
    hand.settle(&task, &undone(&task, None)).await.unwrap();
}

pub(crate) async fn a_parent_without_room_is_told_that_its_child_failed(h: &Harness) {
    let hand = Hand::new(h).await;
    let ids = [hand.id(), hand.id()];
    let [first, second] = [0, 1].map(|seq| child(seq, "w", &ids[seq as usize]));
    let parent = hand.waiting(&[vec![first, second], filling(2)].concat()).await;
    let mut children = hand.bodies_of("w", "1", 2, LONG_MS).await;
    let long = long();
    for (seq, (output, ending)) in
        [("1", r#"{"completed":1}"#), (&*long, r#"{"failed":{"code":"history-full","message":"its parent has no room for how it ended"}}"#)]
            .into_iter()
            .enumerate()
    {
        let body = children.iter_mut().find(|body| body.lease.run == ids[seq]).unwrap();
        hand.write(body, &[completed(output)], Then::Keep).await;
        let told = format!(r#"{{"child-ended":{{"seq":{seq},"ending":{ending}}}}}"#);
        assert_eq!(hand.last(&parent).await, told);
    }
    // Its own output it has.
    assert_eq!(hand.last(&ids[1]).await, completed(&long).encode());
}

pub(crate) async fn a_look_takes_so_many_bytes_of_histories(h: &Harness) {
    let hand = Hand::new(h).await;
    let events = filling(0);
    let runs =
        [hand.waiting(&events).await, hand.waiting(&events).await, hand.waiting(&events).await];
    for run in &runs {
        hand.tell(run, signal("s", "1", None)).await;
    }
    // Two have all the bytes, and the third is taken next.
    for (taken, due_ms) in [(2, Some(0)), (1, Some(LONG_MS))] {
        let look = hand.take(&[(Hand::bodies("w", "1"), 9)]).await;
        assert_eq!(look.work.len(), taken);
        assert!(look.due_ms <= due_ms, "{:?}", look.due_ms);
    }
}

pub(crate) async fn a_partition_has_so_many_schedules(h: &Harness) {
    let hand = Hand::new(h).await;
    let named = |n: u32| Schedule {
        name: n.to_string(),
        workflow: "w".to_owned(),
        cron: "0 * * * *".to_owned(),
        next_ms: u64::from(u32::MAX) * 1_000,
        input: text("null"),
        user: None,
        priority: 4,
        timeout_ms: None,
        retention_ms: None,
    };
    let mut all = (0..).map(named).filter(|schedule| schedule.partition() == 3);
    let put = async |schedule: &Schedule| {
        hand.store.schedule(hand.scope(), &Reschedule::Put(schedule)).await
    };
    let first = all.next().unwrap();
    put(&first).await.unwrap();
    for _ in 1..SCHEDULES_MAX {
        put(&all.next().unwrap()).await.unwrap();
    }
    assert_too_large(put(&all.next().unwrap()).await, SCHEDULES_MAX.into());
    assert!(matches!(put(&first).await, Ok(Scheduled::Was(true))));
}
