//! Signals.

use satama::workflow::SIGNALS_MAX;

use super::super::each::ODD_TEXTS;
use super::*;

pub(crate) async fn signals_come_in_their_order(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.waiting(&[]).await;
    for n in 0..5 {
        hand.tell(&run, signal("s", &n.to_string(), None)).await;
    }
    let entries = hand.entries(&run).await;
    hand::kinds(&entries);
    for (n, entry) in entries[1..].iter().enumerate() {
        let expected = format!(r#" {{"signalled":{{"name":"s","payload":{n}}}}}"#);
        assert!(entry.ends_with(&expected), "{entry}");
    }
}

pub(crate) async fn of_signals_with_one_key_the_first_is_taken(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    hand.tell(&run, signal("s", "1", Some("k"))).await;
    for name in ["s", "another"] {
        let again = hand.send(&run, signal(name, "2", Some("k"))).await.unwrap();
        assert_eq!(again, Sent { taken: false });
    }
    hand.tell(&run, signal("s", "3", Some("K"))).await;
    hand.tell(&run, signal("s", "3", None)).await;
    let other = hand.run().await;
    hand.tell(&other, signal("s", "1", Some("k"))).await;
    assert_eq!(hand.kinds(&run).await, ["started", "signalled", "signalled", "signalled"]);
}

pub(crate) async fn of_many_signals_with_one_key_one_is_taken(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let run = hands[0].run().await;
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let (hand, run) = (hands[n % 2].clone(), run.clone());
        racers.spawn(
            async move { hand.send(&run, signal("s", "1", Some("k"))).await.unwrap().taken },
        );
    }
    let taken = racers.join_all().await;
    assert_eq!(taken.iter().filter(|taken| **taken).count(), 1);
    assert_eq!(hands[0].kinds(&run).await, ["started", "signalled"]);
}

pub(crate) async fn a_signals_key_is_remembered_in_all_generations(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    hand.tell(&run, signal("s", "1", Some("k"))).await;
    let mut body = hand.body().await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    let again = hand.send(&run, signal("s", "2", Some("k"))).await.unwrap();
    assert_eq!(again, Sent { taken: false });
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

pub(crate) async fn signals_names_and_keys_may_be_any_text(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    for odd in ODD_TEXTS.iter().filter(|odd| !odd.is_empty()) {
        hand.tell(&run, signal(odd, "1", Some(odd))).await;
        let again = hand.send(&run, signal(odd, "1", Some(odd))).await.unwrap();
        assert_eq!(again, Sent { taken: false }, "{odd:?}");
    }
    assert_eq!(hand.kinds(&run).await.len(), ODD_TEXTS.len());
}

pub(crate) async fn a_generation_takes_so_many_signals_and_no_more(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    for n in 0..SIGNALS_MAX {
        hand.tell(&run, signal("s", "1", Some(&n.to_string()))).await;
    }
    assert_too_large(hand.send(&run, signal("s", "1", Some("k"))).await, SIGNALS_MAX.into());
    assert_too_large(hand.send(&run, signal("s", "1", None)).await, SIGNALS_MAX.into());
    let again = hand.send(&run, signal("s", "1", Some("0"))).await.unwrap();
    assert_eq!(again, Sent { taken: false });
    let mut body = hand.body().await;
    hand.write(&mut body, &anew(1), Then::Keep).await;
    // What was refused is not remembered.
    hand.tell(&run, signal("s", "1", Some("k"))).await;
    assert_eq!(hand.kinds(&run).await, ["started", "signalled"]);
}

pub(crate) async fn an_ended_run_takes_no_signal(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.ended(completed("1")).await;
    assert_illegal(hand.send(&run, signal("s", "1", Some("k"))).await, Status::Completed);
    assert_eq!(hand.kinds(&run).await, ["started", "completed"]);
}

pub(crate) async fn a_run_is_found_by_its_own_workflow(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    let send = async |run: &RunId, workflow| {
        hand.store.send(hand.scope(), run, workflow, &signal("s", "1", None)).await
    };
    assert_missing(send(&run, Some("v")).await);
    assert_missing(send(&run, Some("")).await);
    assert_missing(send(&hand.id(), Some("w")).await);
    assert_missing(send(&hand.id(), None).await);
    assert!(send(&run, Some("w")).await.unwrap().taken);
    assert!(send(&run, None).await.unwrap().taken);
    assert_eq!(hand.kinds(&run).await, ["started", "signalled", "signalled"]);
}
