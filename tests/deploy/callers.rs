//! Callers that call without pause, and how they fare.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use satama::Services;
use satama::cache::{Bucket, Error};
use satama::session::{self, Expiry, Sessions};
use satama_tests::{PATIENCE, bucket, grant, sessions};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::{BOUND, entry};

const CALLERS: usize = 12;

/// One call of many, in turn; whether it was answered. No other error is one that
/// deployment may cause.
async fn call(b: &Bucket, s: &Sessions, key: &str, n: usize) -> bool {
    let cache = |done: Result<(), Error>| match done {
        Ok(()) => true,
        Err(Error::Unavailable(_)) => false,
        Err(err) => panic!("{err:?}"),
    };
    let session = |done: Result<(), session::Error>| match done {
        Ok(()) => true,
        Err(session::Error::Unavailable(_)) => false,
        Err(err) => panic!("{err:?}"),
    };
    let many = || vec![key.to_owned(), format!("{key}a"), format!("{key}b")];
    match n % 7 {
        0 => cache(b.set(entry(key, b"1")).await),
        1 => cache(b.get(key).await.map(drop)),
        2 => cache(b.set_many(&[entry(key, b"1"), entry("k", b"1")]).await),
        3 => session(s.update(key, vec![("a".to_owned(), n.to_string())]).await.map(drop)),
        4 => session(s.get(key).await.map(drop)),
        5 => cache(b.get_many(&many()).await.map(drop)),
        _ => cache(b.invalidate(None).await),
    }
}

/// Callers of tenants whose keys are everywhere.
pub(crate) struct Callers {
    tasks: JoinSet<Duration>,
    stop: Arc<AtomicBool>,
    /// By caller, how many of its calls in a row were answered, if the last one was; and
    /// how many were made, and how many failed.
    state: watch::Receiver<Vec<State>>,
}

#[derive(Clone, Copy, Default)]
struct State {
    in_a_row: usize,
    failed: usize,
}

impl Callers {
    pub(crate) fn start(services: &Services) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, state) = watch::channel(vec![State::default(); CALLERS]);
        let told = Arc::new(told);
        let mut tasks = JoinSet::new();
        for caller in 0..CALLERS {
            let b = bucket(services, &grant("t"), "b");
            let s = sessions(services, &grant("t"), "s", Expiry::Sliding(PATIENCE));
            let (stop, told) = (stop.clone(), told.clone());
            tasks.spawn(async move {
                let mut longest = Duration::ZERO;
                let key = caller.to_string();
                for n in caller.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let start = Instant::now();
                    let answered = call(&b, &s, &key, n).await;
                    longest = longest.max(start.elapsed());
                    told.send_modify(|state| {
                        let state = &mut state[caller];
                        state.in_a_row = if answered { state.in_a_row + 1 } else { 0 };
                        state.failed += usize::from(!answered);
                    });
                    tokio::task::yield_now().await;
                }
                longest
            });
        }
        Self { tasks, stop, state }
    }

    /// Waits until each caller was answered, or was not, for one call of each kind from
    /// now on.
    pub(crate) async fn until(&mut self, answered: bool) {
        let start = self.state.borrow().clone();
        for caller in 0..CALLERS {
            let due = |state: &Vec<State>| match answered {
                // The first of them may have begun before.
                true => {
                    let before = if state[caller].failed > start[caller].failed {
                        0
                    } else {
                        start[caller].in_a_row
                    };
                    state[caller].in_a_row >= before + 8
                }
                false => state[caller].failed > start[caller].failed + 1,
            };
            tokio::time::timeout(PATIENCE, self.state.wait_for(due)).await.unwrap().unwrap();
        }
    }

    /// How many calls failed.
    pub(crate) fn failed(&self) -> usize {
        self.state.borrow().iter().map(|state| state.failed).sum()
    }

    /// Waits until a call fails from now on.
    pub(crate) async fn until_one_fails(&mut self) {
        let start = self.failed();
        let due =
            |state: &Vec<State>| state.iter().map(|state| state.failed).sum::<usize>() > start;
        tokio::time::timeout(PATIENCE, self.state.wait_for(due)).await.unwrap().unwrap();
    }

    /// Ends them. None was left without an answer for longer than it may be.
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for longest in self.tasks.join_all().await {
            assert!(longest < BOUND, "a call took {longest:?}");
        }
    }
}
