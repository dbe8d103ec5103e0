//! What every `cache::Store` must do, as a bucket's holder sees it.

mod claim;
mod counter;
mod entry;
mod group;
mod limit;

use std::time::Duration;

use satama::Services;
use satama::cache::{Bucket, Claim, Entry, Error, Filled};
use satama_tests::{Harness, grant};
use tokio::task::JoinSet;

pub(crate) use self::claim::*;
pub(crate) use self::counter::*;
pub(crate) use self::entry::*;
pub(crate) use self::group::*;
pub(crate) use self::limit::*;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60 * 60);

/// What a case waits out. No case counts on anything being done before it ends.
const BRIEF: Duration = Duration::from_millis(20);

/// As long as a claim may be.
const CLAIM: Duration = Duration::from_secs(5 * 60);

const RACERS: usize = 32;

/// An entry in no group, for long.
fn entry<'a>(key: &'a str, value: &'a str) -> Entry<'a> {
    Entry { key, value: value.as_bytes(), ttl: LONG, group: None }
}

fn in_group<'a>(group: &'a str, key: &'a str, value: &'a str) -> Entry<'a> {
    Entry { group: Some(group), ..entry(key, value) }
}

fn brief(entry: Entry<'_>) -> Entry<'_> {
    Entry { ttl: BRIEF, ..entry }
}

/// The value under `key`, which is text.
async fn read(bucket: &Bucket, key: &str) -> Option<String> {
    bucket.get(key).await.unwrap().map(|value| String::from_utf8(value).unwrap())
}

/// The claim on `key`, which nobody holds.
async fn claim(bucket: &Bucket, key: &str, ttl: Duration, group: Option<&str>) -> Claim {
    match bucket.fill(key, Duration::ZERO, ttl, group).await.unwrap() {
        Filled::Claimed(claim) => claim,
        other => panic!("expected the claim on {key:?}, got {other:?}"),
    }
}

#[track_caller]
fn assert_lost(completed: &Result<(), Error>) {
    assert!(matches!(completed, Err(Error::ClaimLost)), "{completed:?}");
}

/// Runs `racer` many times at once, on two hosts of the same store.
async fn race<T, R>(h: &Harness, racer: impl Fn(usize, Bucket) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let hosts: [Services; 2] = [h.services.clone(), h.other_host().await];
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        racers.spawn(racer(n, satama_tests::bucket(&hosts[n % 2], &grant("t"), "b")));
    }
    racers.join_all().await
}
