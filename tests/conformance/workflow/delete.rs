//! Runs that are deleted, or kept for their time.

use satama::StoreUrl;
use satama::workflow::{Backend, RETENTION_MS};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _};

use super::*;

pub(crate) async fn an_ended_run_is_deleted(h: &Harness) {
    let hand = Hand::new(h).await;
    let (run, other) = (hand.ended(completed("1")).await, hand.ended(failed()).await);
    assert!(hand.delete(&run).await.unwrap());
    assert!(!hand.delete(&run).await.unwrap());
    assert!(hand.snapshot(&run).await.is_none());
    assert!(hand.entries(&run).await.is_empty());
    assert_eq!(hand.kinds(&other).await, ["started", "failed"]);
}

pub(crate) async fn a_run_that_goes_on_is_not_deleted(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.run().await;
    assert_illegal(hand.delete(&run).await, Status::Running);
    hand.tell(&run, CANCEL()).await;
    assert_illegal(hand.delete(&run).await, Status::Cancelling);
    assert_eq!(hand.kinds(&run).await, ["started", "cancel-asked"]);
}

pub(crate) async fn a_run_of_another_workflow_is_not_deleted(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.ended(completed("1")).await;
    assert!(!hand.store.delete(hand.scope(), &run, Some("v")).await.unwrap());
    assert!(!hand.delete(&hand.id()).await.unwrap());
    assert_eq!(hand.kinds(&run).await, ["started", "completed"]);
    assert!(hand.store.delete(hand.scope(), &run, None).await.unwrap());
}

/// The keys of a server, or the rows of each table of a file. Nothing is told of a cluster.
pub(super) async fn all_there_is(h: &Harness, hand: &Hand) -> Vec<String> {
    match (&*hand.store, h.store()) {
        (Backend::Sqlite(_), StoreUrl::Sqlite(path)) => {
            let options = SqliteConnectOptions::new().filename(path);
            let mut file = SqliteConnection::connect_with(&options).await.unwrap();
            let tables =
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'workflow%'";
            let tables: Vec<String> =
                sqlx::query_scalar(tables).fetch_all(&mut file).await.unwrap();
            assert!(tables.len() > 5, "{tables:?}");
            let mut found = Vec::new();
            for table in tables {
                let count = AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
                let count: i64 = sqlx::query_scalar(count).fetch_one(&mut file).await.unwrap();
                found.push(format!("{table} {count}"));
            }
            found
        }
        (_, StoreUrl::Redis(url)) if !url.contains("+cluster") => {
            let text = |key: Vec<u8>| String::from_utf8_lossy(&key).into_owned();
            let mut keys: Vec<_> = h.server().keys().await.into_iter().map(text).collect();
            keys.sort();
            keys
        }
        _ => Vec::new(),
    }
}

/// In the reference, a run's state and history stay when it is deleted.
pub(crate) async fn d11_nothing_of_a_deleted_run_stays(h: &Harness) {
    let hand = Hand::new(h).await;
    let before = all_there_is(h, &hand).await;
    let new = NewRun {
        key: Some("k".to_owned()),
        user: Some("ann".to_owned()),
        timeout_ms: Some(LONG_MS),
        ..hand.draft()
    };
    let run = hand.start(new.clone()).await;
    let mut body = hand.body().await;
    let id = hand.id();
    let events = [
        set(0, "a", "1"),
        timer(1, LONG_MS),
        approval(2, "b", Some(LONG_MS)),
        spawned(3, "f"),
        spawned(4, "g"),
        child(5, "w", &id),
    ];
    hand.write(&mut body, &events, PARK).await;
    let task = hand.task("f").await;
    hand.set_state(&task, "c", "1").await.unwrap();
    hand.tell(&run, signal("s", "1", Some("k"))).await;
    hand.tell(&run, FORCE()).await;
    assert!(hand.delete(&run).await.unwrap());
    // Its child is cancelled, and goes with it.
    hand.tick().await;
    hand.tick().await;
    assert!(hand.snapshot(&id).await.is_none());
    assert_eq!(all_there_is(h, &hand).await, before);
    // A run of the same id and key is another.
    assert_eq!(hand.start(new).await, run);
    for name in ["a", "c"] {
        assert_eq!(hand.state(&run, name).await, None);
    }
    hand.tell(&run, signal("s", "1", Some("k"))).await;
    assert_eq!(hand.kinds(&run).await, ["started", "signalled"]);
}

pub(crate) async fn children_are_deleted_with_their_parent(h: &Harness) {
    let hand = Hand::new(h).await;
    let (goes_on, ended, grandchild) = (hand.id(), hand.id(), hand.id());
    let run = hand.waiting(&[child(0, "w", &goes_on), child(1, "w", &ended)]).await;
    hand.tell(&ended, FORCE()).await;
    let mut bodies = hand.bodies_of("w", "1", 9, LONG_MS).await;
    let body = bodies.iter_mut().find(|body| body.lease.run == goes_on).unwrap();
    hand.write(body, &[child(0, "w", &grandchild)], PARK).await;
    hand.tell(&run, FORCE()).await;
    assert!(hand.delete(&run).await.unwrap());
    for _ in 0..3 {
        hand.tick().await;
    }
    for id in [goes_on, ended, grandchild] {
        assert!(hand.snapshot(&id).await.is_none());
        assert!(hand.entries(&id).await.is_empty());
    }
    assert!(hand.next().await.is_none());
}

pub(crate) async fn an_ended_run_is_kept_for_its_time(h: &Harness) {
    let hand = Hand::new(h).await;
    let new = |retention_ms| NewRun { retention_ms, ..hand.draft() };
    let brief = hand.start(new(Some(1_000))).await;
    let long = hand.start(new(Some(LONG_MS))).await;
    let default = hand.start(new(None)).await;
    h.advance(Duration::from_millis(1_000)).await;
    hand.tick().await;
    for run in [&brief, &long, &default] {
        assert_eq!(hand.kinds(run).await, ["started"]);
        hand.tell(run, FORCE()).await;
    }
    hand.tick().await;
    assert!(hand.snapshot(&brief).await.is_some());
    h.advance(Duration::from_millis(1_000)).await;
    hand.tick().await;
    assert!(hand.snapshot(&brief).await.is_none());
    for run in [&long, &default] {
        assert_eq!(hand.kinds(run).await, ["started", "cancelled"]);
    }
}

pub(crate) async fn an_ended_run_is_kept_for_a_week_if_nobody_says(h: &Harness) {
    let hand = Hand::new(h).await;
    hand.ended(completed("1")).await;
    let due_ms = hand.take(&[]).await.due_ms.unwrap();
    assert!((RETENTION_MS - LONG_MS..=RETENTION_MS).contains(&due_ms), "{due_ms}");
}

pub(crate) async fn a_run_may_be_kept_for_no_time(h: &Harness) {
    let hand = Hand::new(h).await;
    let run = hand.start(NewRun { retention_ms: Some(0), ..hand.draft() }).await;
    hand.tell(&run, FORCE()).await;
    hand.tick().await;
    assert!(hand.snapshot(&run).await.is_none());
}

/// So many that one look does not come to all.
pub(crate) async fn a_run_of_many_children_is_deleted_with_all_of_them(h: &Harness) {
    let hand = Hand::new(h).await;
    let mut body = hand.running().await;
    let before = all_there_is(h, &hand).await;
    let ids: Vec<_> = (0..200).map(|_| hand.id()).collect();
    let children: Vec<_> = (0..).zip(&ids).map(|(seq, id)| child(seq, "w", id)).collect();
    let run = body.lease.run.clone();
    hand.write(&mut body, &[children, vec![completed("1")]].concat(), Then::Keep).await;
    assert!(hand.delete(&run).await.unwrap());
    while hand.take(&[]).await.due_ms == Some(0) {}
    for id in &ids {
        assert!(hand.snapshot(id).await.is_none());
    }
    let after = all_there_is(h, &hand).await;
    assert!(after.len() <= before.len(), "{after:?}");
}
