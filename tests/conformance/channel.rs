//! What every `channel::Store` must do, as the holder of its channels sees it.

mod end;
mod expiry;
mod life;
mod limit;
mod list;
mod space;
mod state;
mod user;

use std::fmt::Debug;
use std::time::Duration;

use satama::Services;
use satama::channel::{Channels, Error, Info, Swap};
use satama::hub::{self, Bus};
use satama_tests::{Harness, bus, channels, grant, text};
use tokio::task::JoinSet;

pub(crate) use self::end::*;
pub(crate) use self::expiry::*;
pub(crate) use self::life::*;
pub(crate) use self::limit::*;
pub(crate) use self::list::*;
pub(crate) use self::space::*;
pub(crate) use self::state::*;
pub(crate) use self::user::*;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60 * 60);

/// What a case waits out. No case counts on anything being done before it ends.
const BRIEF: Duration = Duration::from_millis(20);

const RACERS: usize = 32;

/// Channels that end when [`BRIEF`] has passed.
fn brief(h: &Harness) -> Channels {
    channels(&h.services, &grant("t"), "c", BRIEF)
}

fn info(opening_data: &str, user: Option<&str>) -> Info {
    Info { opening_data: opening_data.to_owned(), user: user.map(ToOwned::to_owned) }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn assert_missing<T: Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::NotFound) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_missing_to_hub<T: Debug>(result: Result<T, hub::Error>) {
    match result {
        Err(hub::Error::NotFound) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_exists<T: Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::Exists) => {}
        other => panic!("{other:?}"),
    }
}

/// Every entry of a list, read in pages of at most `limit`, in the order of ids.
async fn list(c: &Channels, user: Option<&str>, limit: u32) -> Vec<(String, Option<String>)> {
    let mut entries = Vec::new();
    let mut cursor = None;
    loop {
        let page = c.list(user, cursor.as_deref(), limit).await.unwrap();
        assert!(page.entries.len() <= limit as usize, "{} of {limit}", page.entries.len());
        entries.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            entries.sort();
            return entries;
        }
    }
}

/// The ids of a list.
async fn listed(c: &Channels, user: Option<&str>) -> Vec<String> {
    list(c, user, 1_000).await.into_iter().map(|(id, _)| id).collect()
}

/// Runs `racer` many times at once, on two hosts of the same store.
async fn race<T, R>(h: &Harness, racer: impl Fn(usize, Channels) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let hosts: [Services; 2] = [h.services.clone(), h.other_host().await];
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        racers.spawn(racer(n, channels(&hosts[n % 2], &grant("t"), "c", LONG)));
    }
    racers.join_all().await
}
