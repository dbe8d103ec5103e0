//! A Redis server that is killed, stands still or drops its connections: calls
//! fail in time, and work again by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use redis::cmd;
use satama::cache::{Bucket, Entry, Error, Filled};
use satama::session::{self, Expiry, Sessions};
use satama::{Services, StoreUrl};
use satama_tests::{Gate, RedisServer, bucket, grant, sessions};
use tokio::sync::watch;
use tokio::task::JoinSet;

const DEADLINE: Duration = Duration::from_millis(200);

/// No call may take longer: far more than the deadline, for a machine that is busy,
/// and far less than for ever.
const BOUND: Duration = Duration::from_secs(10);

const LONG: Duration = Duration::from_secs(60 * 60);

const CALLERS: usize = 12;

fn entry<'a>(key: &'a str, value: &'a [u8]) -> Entry<'a> {
    Entry { key, value, ttl: LONG, group: None }
}

/// Services whose calls fail soon. Connecting has the same deadline, so it is tried
/// again on a machine that is busy.
async fn impatient(url: &str) -> Services {
    loop {
        let store: StoreUrl = url.parse().unwrap();
        if let Ok(services) = Services::builder(store).deadline(DEADLINE).build().await {
            return services;
        }
    }
}

/// One call of many, in turn; whether it was answered.
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
    let fields = || vec![("a".to_owned(), n.to_string())];
    match n % 6 {
        0 => cache(b.set(entry(key, b"1")).await),
        1 => cache(b.get(key).await.map(drop)),
        2 => cache(b.set_many(&[entry(key, b"1"), entry("k", b"1")]).await),
        3 => session(s.update(key, fields()).await.map(drop)),
        4 => session(s.get(key).await.map(drop)),
        _ => cache(b.invalidate(None).await),
    }
}

/// Callers that call without pause, and how they fare.
struct Callers {
    tasks: JoinSet<Duration>,
    stop: Arc<AtomicBool>,
    /// By caller, whether its last call was answered, and how many were made.
    state: watch::Receiver<Vec<(bool, usize)>>,
}

impl Callers {
    fn start(services: &Services) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (told, state) = watch::channel(vec![(true, 0); CALLERS]);
        let told = Arc::new(told);
        let mut tasks = JoinSet::new();
        for caller in 0..CALLERS {
            let b = bucket(services, &grant("t"), "b");
            let s = sessions(services, &grant("t"), "s", Expiry::Sliding(LONG));
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
                    told.send_modify(|state| state[caller] = (answered, state[caller].1 + 1));
                    tokio::task::yield_now().await;
                }
                longest
            });
        }
        Self { tasks, stop, state }
    }

    /// Waits until a call that each caller starts from now on was `answered`.
    async fn until(&mut self, answered: bool) {
        let start = self.state.borrow().clone();
        for caller in 0..CALLERS {
            // One that runs now may have begun before.
            let first = start[caller].1 + 2;
            let due = |state: &Vec<(bool, usize)>| {
                state[caller].0 == answered && state[caller].1 >= first
            };
            tokio::time::timeout(BOUND * 6, self.state.wait_for(due)).await.unwrap().unwrap();
        }
    }

    /// Ends them. None was left without an answer for longer than it may be.
    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for longest in self.tasks.join_all().await {
            assert!(longest < BOUND, "a call took {longest:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_is_killed_is_used_again_when_it_is_back() {
    for mut server in [RedisServer::start(), RedisServer::tcp()] {
        let services = impatient(&server.url()).await;
        let mut callers = Callers::start(&services);
        for _ in 0..2 {
            callers.until(true).await;
            server.kill();
            callers.until(false).await;
            server.restart();
            callers.until(true).await;
        }
        callers.stop().await;
    }
}

#[tokio::test]
async fn a_server_that_stands_still_is_used_again_when_it_goes_on() {
    for server in [RedisServer::start(), RedisServer::tcp()] {
        let services = impatient(&server.url()).await;
        let mut callers = Callers::start(&services);
        for _ in 0..2 {
            callers.until(true).await;
            server.pause();
            callers.until(false).await;
            server.resume();
            callers.until(true).await;
        }
        callers.stop().await;
    }
}

/// What was not answered in time may have happened: once, if it did.
#[tokio::test]
async fn a_call_that_was_not_answered_happens_once_or_not_at_all() {
    let server = RedisServer::start();
    let services = impatient(&server.url()).await;
    let b = bucket(&services, &grant("t"), "b");
    let (mut answered, mut unanswered) = (0, 0);
    for round in 0..3 {
        if round > 0 {
            server.pause();
        }
        for _ in 0..3 {
            match b.add(entry("n", b""), 1).await {
                Ok(_) => answered += 1,
                Err(Error::Unavailable(_)) => unanswered += 1,
                Err(err) => panic!("{err:?}"),
            }
        }
        server.resume();
    }
    assert!(unanswered >= 6);
    // A reading that is answered comes after all that was sent before it.
    let count = loop {
        if let Ok(Some(count)) = b.get("n").await {
            break String::from_utf8(count).unwrap().parse::<i32>().unwrap();
        }
    };
    assert!((answered..=answered + unanswered).contains(&count), "{answered} {count} {unanswered}");
}

#[tokio::test]
async fn a_connection_that_is_dropped_is_made_again() {
    for server in [RedisServer::start(), RedisServer::tcp()] {
        let services = impatient(&server.url()).await;
        let mut callers = Callers::start(&services);
        for _ in 0..20 {
            callers.until(true).await;
            server
                .query::<()>(cmd("CLIENT").arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"]))
                .await;
        }
        callers.until(true).await;
        callers.stop().await;
    }
}

/// The reference's D25: a write whose answer was lost, and which is sent again by a
/// client that means well.
#[tokio::test]
async fn a_write_whose_answer_is_lost_is_not_sent_again() {
    let server = RedisServer::start();
    let gate = Gate::new(&server);
    let services =
        Services::builder(gate.url().parse().unwrap()).deadline(BOUND).build().await.unwrap();
    let b = bucket(&services, &grant("t"), "b");
    let s = sessions(&services, &grant("t"), "s", Expiry::Sliding(LONG));
    // The scripts are there from now on.
    b.add(entry("n", b""), 1).await.unwrap();
    b.set_if_absent(entry("warm", b"1")).await.unwrap();
    s.compare_and_set("warm", 0, Vec::new()).await.unwrap();
    b.fill("warm", Duration::ZERO, DEADLINE, None).await.unwrap();

    let unavailable = |err: Error| assert!(matches!(err, Error::Unavailable(_)), "{err:?}");
    gate.lose_reply();
    unavailable(b.add(entry("n", b""), 1).await.unwrap_err());
    assert_eq!(b.add(entry("n", b""), 1).await.unwrap(), 3);
    gate.lose_reply();
    unavailable(b.set_if_absent(entry("lock", b"1")).await.unwrap_err());
    assert!(!b.set_if_absent(entry("lock", b"2")).await.unwrap(), "the first try was applied");
    gate.lose_reply();
    let swap = s.compare_and_set("id", 0, Vec::new()).await;
    assert!(matches!(swap, Err(session::Error::Unavailable(_))), "{swap:?}");
    let found = s.get("id").await.unwrap().unwrap();
    let swap = s.compare_and_set("id", 0, Vec::new()).await.unwrap();
    assert_eq!(swap, session::Swap::Stale(found.version));
    gate.lose_reply();
    let claim = Duration::from_secs(60);
    unavailable(b.fill("claimed", Duration::ZERO, claim, None).await.unwrap_err());
    let found = b.fill("claimed", Duration::ZERO, claim, None).await.unwrap();
    assert!(matches!(found, Filled::Busy), "{found:?}");
}
