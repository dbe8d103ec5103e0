//! Runs that are started.

use super::super::each::ODD_TEXTS;
use super::*;

pub(crate) async fn d10_a_run_is_read_as_it_was_started(h: &Harness) {
    let hand = Hand::new(h).await;
    let before = h.now().await.as_millis();
    let new = NewRun {
        input: text(r#"{"a": 1}"#),
        key: Some("k".to_owned()),
        user: Some("ann".to_owned()),
        priority: 7,
        ..hand.draft()
    };
    let run = hand.start(new).await;
    let after = h.now().await.as_millis();
    let found = hand.snapshot(&run).await.unwrap();
    let head = &found.head;
    assert_eq!((&head.id, head.workflow.as_str()), (&run, "w"));
    assert_eq!((head.digest, head.status), (Digest::of(b"1"), Status::Running));
    assert_eq!((head.generation, head.priority), (0, 7));
    assert_eq!((head.user.as_deref(), head.key.as_deref()), (Some("ann"), Some("k")));
    assert_eq!((&head.parent, head.ended_ms, &head.waits), (&None, None, &None));
    assert_eq!((head.lost, head.failures), (0, 0));
    assert!((before..=after).contains(&u128::from(head.created_ms)), "{head:?}");
    assert_eq!(head.updated_ms, head.created_ms);
    assert_eq!(found.events, 1);
    assert_eq!(found.first, found.last);
    let expected = format!(r#"{} {{"started":{{"input":{{"a": 1}}}}}}"#, head.created_ms);
    assert_eq!(found.first, expected);
    assert_eq!(hand.kinds(&run).await, ["started"]);
}

pub(crate) async fn an_unknown_run_is_none(h: &Harness) {
    let hand = Hand::new(h).await;
    let (unknown, run) = (hand.id(), hand.run().await);
    let found = hand.store.get(hand.scope(), &[unknown.clone(), run.clone()]).await.unwrap();
    assert!(found[0].is_none());
    assert_eq!(found[1].as_ref().unwrap().head.id, run);
    assert!(hand.entries(&unknown).await.is_empty());
    assert_eq!(hand.state(&unknown, "a").await, None);
}

pub(crate) async fn a_start_that_is_repeated_starts_one_run(h: &Harness) {
    let hand = Hand::new(h).await;
    let new = hand.draft();
    for _ in 0..2 {
        assert_eq!(hand.start(new.clone()).await, new.id);
    }
    assert_eq!(hand.body().await.entries.len(), 1);
    assert!(hand.next().await.is_none());
    assert_eq!(hand.kinds(&new.id).await, ["started"]);
}

pub(crate) async fn starts_with_one_key_are_one(h: &Harness) {
    let hand = Hand::new(h).await;
    let new = || NewRun { key: Some("k".to_owned()), ..hand.draft() };
    let runs = [new(), new()];
    let started = hand.store.start(hand.scope(), &runs).await.unwrap();
    assert_eq!(started[0].id, runs[0].id);
    assert!(started[0].new);
    assert_eq!(started[1].id, runs[0].id);
    assert!(!started[1].new);
    assert!(hand.snapshot(&runs[1].id).await.is_none());
    hand.body().await;
    assert!(hand.next().await.is_none());
}

pub(crate) async fn a_start_key_is_kept_until_the_run_is_deleted(h: &Harness) {
    let hand = Hand::new(h).await;
    let new = || NewRun { key: Some("k".to_owned()), ..hand.draft() };
    let run = hand.start(new()).await;
    hand.tell(&run, FORCE()).await;
    assert_eq!(hand.start(new()).await, run);
    assert!(hand.delete(&run).await.unwrap());
    assert_ne!(hand.start(new()).await, run);
}

pub(crate) async fn a_start_key_is_its_workflows(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.serve("v", "1").await;
    let new = |workflow: &str| NewRun {
        key: Some("k".to_owned()),
        workflow: workflow.to_owned(),
        ..hand.draft()
    };
    assert_ne!(hand.start(new("v")).await, hand.start(new("w")).await);
}

pub(crate) async fn of_many_starts_with_one_key_one_starts(h: &Harness) {
    let hands = [Hand::new(h).await, Hand::of(&h.other_host().await, "t")];
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        let hand = hands[n % 2].clone();
        racers.spawn(async move {
            let new = NewRun { key: Some("k".to_owned()), ..hand.draft() };
            let mut started = hand.store.start(hand.scope(), &[new]).await.unwrap();
            started.pop().unwrap()
        });
    }
    let started = racers.join_all().await;
    assert_eq!(started.iter().filter(|started| started.new).count(), 1);
    assert!(started.iter().all(|other| other.id == started[0].id));
}

pub(crate) async fn start_keys_and_users_may_be_any_text(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = Vec::new();
    for odd in ODD_TEXTS.iter().filter(|odd| !odd.is_empty()) {
        let new =
            || NewRun { key: Some(odd.to_string()), user: Some(odd.to_string()), ..hand.draft() };
        let run = hand.start(new()).await;
        assert!(!runs.contains(&run), "{odd:?}");
        assert_eq!(hand.start(new()).await, run, "{odd:?}");
        let head = hand.head(&run).await;
        assert_eq!((head.key.as_deref(), head.user.as_deref()), (Some(*odd), Some(*odd)));
        runs.push(run);
    }
}

pub(crate) async fn a_batch_is_answered_in_its_order(h: &Harness) {
    let hand = Hand::new(h).await;
    let runs: Vec<_> = (0..20).map(|_| hand.draft()).collect();
    let started = hand.store.start(hand.scope(), &runs).await.unwrap();
    for (run, started) in runs.iter().zip(&started) {
        assert_eq!((&started.id, started.new), (&run.id, true));
    }
    assert_eq!(started.len(), 20);
    assert_eq!(hand.bodies_of("w", "1", 100, LONG_MS).await.len(), 20);
    assert!(hand.store.start(hand.scope(), &[]).await.unwrap().is_empty());
}

pub(crate) async fn runs_of_all_partitions_are_started(h: &Harness) {
    let hand = Hand::new(h).await;
    let ids = satama::Ids::system();
    let new = |partition| NewRun { id: RunId::new(partition, &ids), ..hand.draft() };
    let runs: Vec<_> = (0..16).map(new).collect();
    hand.store.start(hand.scope(), &runs).await.unwrap();
    let ids: Vec<_> = runs.iter().map(|run| run.id.clone()).collect();
    let found = hand.store.get(hand.scope(), &ids).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|found| found.unwrap().head.id).collect();
    assert_eq!(found, ids);
}

pub(crate) async fn a_workflow_without_a_version_does_not_start(h: &Harness) {
    let hand = Hand::new(h).await;
    let new = NewRun { workflow: "unknown".to_owned(), ..hand.draft() };
    match hand.store.start(hand.scope(), std::slice::from_ref(&new)).await {
        Err(StoreError::NoVersion(workflow)) => assert_eq!(workflow, "unknown"),
        other => panic!("{other:?}"),
    }
    assert!(hand.snapshot(&new.id).await.is_none());
}

/// The reference keeps nothing for a workflow without an input, and can't read it again.
pub(crate) async fn d5_a_run_without_an_input_is_read(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.ended(completed("null")).await;
    assert_eq!(hand.kinds(&run).await, ["started", "completed"]);
    assert!(hand.entries(&run).await[0].ends_with(r#" {"started":{"input":null}}"#));
    assert_eq!(hand.last(&run).await, r#"{"completed":{"output":null}}"#);
}

pub(crate) async fn what_is_given_is_kept_as_it_was_written(h: &Harness) {
    let hand = Hand::new(h).await;
    for input in [r#"{ "b":1,"a" : 1.0 }"#, r#""ä\u00e4\u0000""#, "1e400", "[[],{}]"] {
        let run = hand.start(NewRun { input: text(input), ..hand.draft() }).await;
        let entry = format!(r#"{{"started":{{"input":{input}}}}}"#);
        assert_eq!(hand.last(&run).await, entry);
    }
}
