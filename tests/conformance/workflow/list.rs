//! Lists of runs.

use std::collections::HashSet;

use super::*;

/// All runs of some workflows.
fn all(workflows: &[String]) -> List<'_> {
    List { workflows, status: None, user: None, since_ms: 0, until_ms: 1 << 50, after: None }
}

fn workflows(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

async fn page(hand: &Hand, list: &List<'_>, limit: u32) -> Page {
    hand.store.list(hand.scope(), list, limit).await.unwrap()
}

/// The runs of a list, read in pages of at most `limit`, newest first.
async fn listed(hand: &Hand, list: List<'_>, limit: u32) -> Vec<RunId> {
    let mut heads: Vec<Head> = Vec::new();
    let mut after: Option<Place> = None;
    loop {
        let found = page(hand, &List { after: after.as_ref(), ..list }, limit).await;
        assert!(found.runs.len() <= limit as usize);
        heads.extend(found.runs);
        after = found.next;
        if after.is_none() {
            break;
        }
    }
    let place = |head: &Head| (head.created_ms, head.id.to_string());
    assert!(heads.windows(2).all(|two| place(&two[0]) > place(&two[1])), "{heads:?}");
    heads.into_iter().map(|head| head.id).collect()
}

fn reversed(runs: &[RunId]) -> Vec<RunId> {
    runs.iter().rev().cloned().collect()
}

pub(crate) async fn runs_are_listed_newest_first(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = Vec::new();
    for _ in 0..7 {
        runs.push(hand.run().await);
        h.advance(LATER).await;
    }
    let w = workflows(&["w"]);
    for limit in [1, 2, 3, 7, 100] {
        assert_eq!(listed(&hand, all(&w), limit).await, reversed(&runs));
    }
    let found = page(&hand, &all(&w), 3).await;
    assert_eq!(found.runs[0], hand.head(&runs[6]).await);
    assert_eq!(found.runs.len(), 3);
}

pub(crate) async fn pages_have_each_run_of_a_moment_once(h: &Harness) {
    let hand = Hand::new(h).await;
    let ids = satama::Ids::system();
    let new = |n: u8| NewRun { id: RunId::new(n, &ids), ..hand.draft() };
    let runs: Vec<_> = (0..60).map(new).collect();
    hand.store.start(hand.scope(), &runs).await.unwrap();
    let w = workflows(&["w"]);
    for limit in [1, 7, 60] {
        let found = listed(&hand, all(&w), limit).await;
        assert_eq!(found.len(), 60);
        assert_eq!(found.iter().collect::<HashSet<_>>().len(), 60);
    }
}

pub(crate) async fn runs_are_listed_by_workflow(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.serve("v", "1").await;
    hand.serve("w v", "1").await;
    let mut runs = Vec::new();
    for workflow in ["w", "v", "w v", "w"] {
        runs.push(hand.start(NewRun { workflow: workflow.to_owned(), ..hand.draft() }).await);
        h.advance(LATER).await;
    }
    let of = async |names: &[&str]| listed(&hand, all(&workflows(names)), 2).await;
    assert_eq!(of(&["w"]).await, [runs[3].clone(), runs[0].clone()]);
    assert_eq!(of(&["w v"]).await, [runs[2].clone()]);
    assert_eq!(of(&["v", "w"]).await, [runs[3].clone(), runs[1].clone(), runs[0].clone()]);
    assert_eq!(of(&["w", "v", "w v"]).await, reversed(&runs));
    assert!(of(&["unknown"]).await.is_empty());
    assert!(of(&[]).await.is_empty());
}

pub(crate) async fn runs_are_listed_by_status(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = vec![
        hand.ended(completed("1")).await,
        hand.ended(failed()).await,
        hand.ended(Event::Cancelled {}).await,
        hand.waiting(&[suspended(0)]).await,
    ];
    let cancelling = hand.run().await;
    hand.tell(&cancelling, CANCEL()).await;
    runs.push(cancelling);
    runs.push(hand.run().await);
    let statuses = [
        Status::Completed,
        Status::Failed,
        Status::Cancelled,
        Status::Suspended,
        Status::Cancelling,
        Status::Running,
    ];
    let w = workflows(&["w"]);
    for (run, status) in runs.iter().zip(statuses) {
        let list = List { status: Some(status), ..all(&w) };
        assert_eq!(listed(&hand, list, 2).await, std::slice::from_ref(run), "{status}");
    }
}

pub(crate) async fn runs_are_listed_by_user(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = Vec::new();
    for user in [Some("ann"), None, Some("bob"), Some("ann"), Some("annb")] {
        let user = user.map(ToOwned::to_owned);
        runs.push(hand.start(NewRun { user, ..hand.draft() }).await);
        h.advance(LATER).await;
    }
    hand.tell(&runs[0], CANCEL()).await;
    let w = workflows(&["w"]);
    let ann = List { user: Some("ann"), ..all(&w) };
    for limit in [1, 2, 10] {
        assert_eq!(listed(&hand, ann, limit).await, [runs[3].clone(), runs[0].clone()]);
    }
    let running = List { status: Some(Status::Running), ..ann };
    assert_eq!(listed(&hand, running, 1).await, [runs[3].clone()]);
    let v = workflows(&["v"]);
    assert!(listed(&hand, List { workflows: &v, ..ann }, 1).await.is_empty());
    let nobody = List { user: Some("carl"), ..all(&w) };
    assert!(listed(&hand, nobody, 1).await.is_empty());
}

pub(crate) async fn runs_are_listed_by_time(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = Vec::new();
    let mut created = Vec::new();
    for _ in 0..5 {
        runs.push(hand.run().await);
        created.push(hand.head(runs.last().unwrap()).await.created_ms);
        h.advance(LATER).await;
    }
    let w = workflows(&["w"]);
    let between = |since_ms, until_ms| List { since_ms, until_ms, ..all(&w) };
    for limit in [1, 10] {
        let found = listed(&hand, between(created[1], created[3]), limit).await;
        assert_eq!(found, [runs[2].clone(), runs[1].clone()]);
        let found = listed(&hand, between(created[3], created[3] + 1), limit).await;
        assert_eq!(found, [runs[3].clone()]);
        assert!(listed(&hand, between(created[3], created[3]), limit).await.is_empty());
        assert!(listed(&hand, between(created[3], created[1]), limit).await.is_empty());
    }
}

pub(crate) async fn deleted_runs_are_not_listed(h: &Harness) {
    let hand = Hand::new(h).await;
    let user = || Some("ann".to_owned());
    let runs = [
        hand.start(NewRun { user: user(), ..hand.draft() }).await,
        hand.start(NewRun { user: user(), ..hand.draft() }).await,
    ];
    hand.tell(&runs[0], FORCE()).await;
    assert!(hand.delete(&runs[0]).await.unwrap());
    let w = workflows(&["w"]);
    let ann = List { user: Some("ann"), ..all(&w) };
    let cancelled = List { status: Some(Status::Cancelled), ..all(&w) };
    assert_eq!(listed(&hand, all(&w), 9).await, runs[1..]);
    assert_eq!(listed(&hand, ann, 9).await, runs[1..]);
    assert!(listed(&hand, cancelled, 9).await.is_empty());
}

pub(crate) async fn a_place_may_be_of_a_run_that_is_gone(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut runs = Vec::new();
    for _ in 0..4 {
        runs.push(hand.run().await);
        h.advance(LATER).await;
    }
    let w = workflows(&["w"]);
    let first = page(&hand, &all(&w), 2).await;
    hand.tell(&runs[2], FORCE()).await;
    assert!(hand.delete(&runs[2]).await.unwrap());
    let rest = List { after: first.next.as_ref(), ..all(&w) };
    assert_eq!(listed(&hand, all(&w), 9).await.len(), 3);
    let found: Vec<_> = page(&hand, &rest, 9).await.runs.into_iter().map(|head| head.id).collect();
    assert_eq!(found, [runs[1].clone(), runs[0].clone()]);
}

pub(crate) async fn tenants_never_see_each_other(h: &Harness) {
    let hand = Hand::new(h).await;
    let other = Hand::of(&h.services, "other");
    let key = || Some("k".to_owned());
    let run = hand.start(NewRun { key: key(), delay_ms: 0, ..hand.draft() }).await;
    let new = NewRun { key: key(), ..other.draft() };
    let none = other.store.start(other.scope(), std::slice::from_ref(&new)).await;
    assert!(matches!(none, Err(StoreError::NoVersion(_))), "{none:?}");
    assert!(other.store.versions(other.scope()).await.unwrap().is_empty());
    assert!(other.snapshot(&run).await.is_none());
    assert!(other.entries(&run).await.is_empty());
    assert!(other.next().await.is_none());
    assert_eq!(other.take(&[]).await.due_ms, None);
    assert_missing(other.send(&run, CANCEL()).await);
    assert!(!other.delete(&run).await.unwrap());
    let w = workflows(&["w"]);
    assert!(listed(&other, all(&w), 9).await.is_empty());
    other.serve("w", "1").await;
    assert_eq!(other.start(new.clone()).await, new.id);
    assert_eq!(listed(&other, all(&w), 9).await, [new.id]);
    let body = hand.body().await;
    assert_fenced(other.try_write(&body, &[step(0, "a")], Then::Keep).await);
    let leases = std::slice::from_ref(&body.lease);
    let renewed = other.store.renew(other.scope(), 0, leases, LONG_MS).await.unwrap();
    assert_eq!(renewed, [false]);
    assert_eq!(hand.kinds(&run).await, ["started"]);
}
