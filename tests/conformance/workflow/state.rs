//! A run's state.

use satama::workflow::{STATE_BYTES_MAX, STATE_PARTS_MAX};

use super::super::each::ODD_TEXTS;
use super::*;

/// A function of a run that waits for it.
async fn task(hand: &Hand) -> Task {
    hand.waiting(&[spawned(0, "f")]).await;
    hand.task("f").await
}

pub(crate) async fn a_part_is_none_until_it_is_set(h: &Harness) {
    let hand = Hand::new(h).await;
    let task = task(&hand).await;
    let run = &task.lease.run;
    assert_eq!(hand.state(run, "a").await, None);
    hand.set_state(&task, "a", "1").await.unwrap();
    assert_eq!(hand.state(run, "a").await.as_deref(), Some("1"));
    assert_eq!(hand.state(run, "b").await, None);
    hand.set_state(&task, "a", "2").await.unwrap();
    assert_eq!(hand.state(run, "a").await.as_deref(), Some("2"));
    assert_eq!(hand.kinds(run).await, ["started", "spawned"]);
}

pub(crate) async fn values_are_kept_as_they_were_written(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    hand.write(&mut body, &[spawned(0, "f")], Then::Keep).await;
    let task = hand.task("f").await;
    let values = ["null", "false", "[]", "{}", r#""""#, "0", "1.0", r#"{"a":[{"b":null}]}"#];
    for (value, seq) in values.iter().zip(1..) {
        hand.set_state(&task, "function", value).await.unwrap();
        hand.write(&mut body, &[set(seq, "body", value)], Then::Keep).await;
        for name in ["function", "body"] {
            assert_eq!(hand.state(&body.lease.run, name).await.as_deref(), Some(*value));
        }
    }
    assert_eq!(hand.kinds(&body.lease.run).await.len(), 2 + values.len());
}

pub(crate) async fn writers_to_different_parts_all_survive(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let events: Vec<_> = (0..8).map(|seq| spawned(seq, "f")).collect();
    let run = hands[0].waiting(&events).await;
    let tasks = hands[0].tasks("f", 8, LONG_MS).await;
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (hand, task) = (hands[n % 2].clone(), tasks[n % 8].clone());
        racers.spawn(async move {
            hand.set_state(&task, &format!("p{n}"), &n.to_string()).await.unwrap();
        });
    }
    racers.join_all().await;
    for n in 0..RACERS {
        let found = hands[0].state(&run, &format!("p{n}")).await;
        assert_eq!(found, Some(n.to_string()));
    }
}

pub(crate) async fn parts_may_have_any_name(h: &Harness) {
    let hand = Hand::new(h).await;
    let task = task(&hand).await;
    for (n, odd) in ODD_TEXTS.iter().enumerate() {
        hand.set_state(&task, odd, &n.to_string()).await.unwrap();
    }
    for (n, odd) in ODD_TEXTS.iter().enumerate() {
        assert_eq!(hand.state(&task.lease.run, odd).await, Some(n.to_string()), "{odd:?}");
    }
}

pub(crate) async fn runs_have_their_own_state(h: &Harness) {
    let hand = Hand::new(h).await;
    let (one, other) = (task(&hand).await, task(&hand).await);
    hand.set_state(&one, "a", "1").await.unwrap();
    assert_eq!(hand.state(&other.lease.run, "a").await, None);
}

pub(crate) async fn a_state_has_so_many_parts_and_no_more(h: &Harness) {
    let hand = Hand::new(h).await;
    let task = task(&hand).await;
    for n in 0..STATE_PARTS_MAX {
        hand.set_state(&task, &n.to_string(), "1").await.unwrap();
    }
    let over = hand.set_state(&task, "one more", "1").await;
    assert_too_large(over, STATE_PARTS_MAX.into());
    assert_eq!(hand.state(&task.lease.run, "one more").await, None);
    hand.set_state(&task, "0", "2").await.unwrap();
    assert_eq!(hand.state(&task.lease.run, "0").await.as_deref(), Some("2"));
}

pub(crate) async fn a_state_has_so_many_bytes_and_no_more(h: &Harness) {
    let hand = Hand::new(h).await;
    let task = task(&hand).await;
    let bytes = usize::try_from(STATE_BYTES_MAX).unwrap() / 4;
    // Names count, and each is one byte.
    let value = |bytes: usize| format!("\"{}\"", "a".repeat(bytes - 3));
    for name in ["a", "b", "c", "d"] {
        hand.set_state(&task, name, &value(bytes)).await.unwrap();
    }
    assert_too_large(hand.set_state(&task, "a", &value(bytes + 1)).await, STATE_BYTES_MAX);
    assert_too_large(hand.set_state(&task, "e", "1").await, STATE_BYTES_MAX);
    assert_eq!(hand.state(&task.lease.run, "a").await, Some(value(bytes)));
    assert_eq!(hand.state(&task.lease.run, "e").await, None);
    hand.set_state(&task, "a", "1").await.unwrap();
    hand.set_state(&task, "e", "1").await.unwrap();
}
