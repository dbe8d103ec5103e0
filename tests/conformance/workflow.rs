//! What every `workflow::Store` and `workflow::control::Control` must do, as workers and those
//! who control runs see it.

mod anew;
mod approval;
mod cancel;
mod cases;
mod child;
mod delete;
mod edges;
mod event;
mod fence;
mod function;
mod hand;
mod list;
mod queue;
mod retry;
mod room;
mod schedule;
mod signal;
mod start;
mod state;
mod suspend;
mod timer;
mod version;
mod write;

use std::fmt::Debug;
use std::time::Duration;

use satama::workflow::control::{Control as _, List, Page, Place, Reschedule, Schedule, Scheduled};
use satama::workflow::control::{Snapshot, VersionStatus};
use satama::workflow::log::{Event, Failure, When};
use satama::workflow::{
    Head, Input, Lease, NewRun, Queue, RunId, Sent, Served, Status, Store as _, StoreError, Take,
    Taken, Task, Then, Work, Write, Written,
};
use satama::{Digest, Services};
use satama_tests::Harness;
use tokio::task::JoinSet;

pub(crate) use self::anew::*;
pub(crate) use self::approval::*;
pub(crate) use self::cancel::*;
pub(crate) use self::child::*;
pub(crate) use self::delete::*;
pub(crate) use self::edges::*;
use self::event::*;
pub(crate) use self::fence::*;
pub(crate) use self::function::*;
use self::hand::{Body, Hand};
pub(crate) use self::list::*;
pub(crate) use self::queue::*;
pub(crate) use self::retry::*;
pub(crate) use self::room::*;
pub(crate) use self::schedule::*;
pub(crate) use self::signal::*;
pub(crate) use self::start::*;
pub(crate) use self::state::*;
pub(crate) use self::suspend::*;
pub(crate) use self::timer::*;
pub(crate) use self::version::*;
pub(crate) use self::write::*;

/// Longer than any test takes, in milliseconds.
const LONG_MS: u64 = 60 * 60 * 1000;

/// What a case waits out. No case counts on anything being done before it ends.
const BRIEF_MS: u64 = 20;
const BRIEF: Duration = Duration::from_millis(BRIEF_MS);

/// Later than what was before, by any store's clock.
const LATER: Duration = Duration::from_millis(3);

const RACERS: usize = 32;

/// The body waits, for as long as it takes.
const PARK: Then<'static> = Then::Park { waits: "something", wake_ms: None };

#[track_caller]
fn assert_fenced<T: Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::Fenced) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_missing<T: Debug>(result: Result<T, StoreError>) {
    match result {
        Err(StoreError::NotFound) => {}
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_illegal<T: Debug>(result: Result<T, StoreError>, status: Status) {
    match result {
        Err(StoreError::Illegal(found)) => assert_eq!(found, status),
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn assert_too_large<T: Debug>(result: Result<T, StoreError>, expected: u64) {
    match result {
        Err(StoreError::TooLarge { max, .. }) => assert_eq!(max, expected),
        other => panic!("{other:?}"),
    }
}
