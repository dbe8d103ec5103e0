//! What every `session::Store` must do, as its holder sees it.

mod expiry;
mod field;
mod limit;
mod version;

use std::time::Duration;

use satama::Services;
use satama::session::{Expiry, Sessions, Snapshot, Swap};
use satama_tests::{Harness, grant, sessions};
use tokio::task::JoinSet;

pub(crate) use self::expiry::*;
pub(crate) use self::field::*;
pub(crate) use self::limit::*;
pub(crate) use self::version::*;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60 * 60);

/// What a case waits out. No case counts on anything being done before it ends.
const BRIEF: Duration = Duration::from_millis(20);

const FIXED: Expiry = Expiry::Fixed(LONG);
const SLIDING: Expiry = Expiry::Sliding(LONG);

const RACERS: usize = 32;

/// Fields as a guest hands them over.
fn fields(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

async fn snapshot(s: &Sessions, id: &str) -> Snapshot {
    s.get(id).await.unwrap().expect("the session is there")
}

/// Asserts that the session has `expected`, no less and no more, in their order.
#[track_caller]
fn assert_has(found: &Snapshot, expected: &[(&str, &str)]) {
    let found: Vec<_> =
        found.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(found, expected);
}

/// Runs `racer` many times at once, on two hosts of the same store.
async fn race<T, R>(h: &Harness, expiry: Expiry, racer: impl Fn(usize, Sessions) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let hosts: [Services; 2] = [h.services.clone(), h.other_host().await];
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        racers.spawn(racer(n, sessions(&hosts[n % 2], &grant("t"), "s", expiry)));
    }
    racers.join_all().await
}
