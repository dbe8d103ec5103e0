//! Who starts runs and sends signals is killed too, at each of its points, and asks again with the
//! same key: there is one run, and one signal.

use std::pin::pin;
use std::task::Poll;

use satama::run::{Error, Filter, Options, Runs};

use super::ground::Ground;

const TENANT: &str = "t";

/// How often it asks at least: an answer that is there at once leaves little to cut.
const TURNS: usize = 4;

/// Polls a future at most so often, and then drops it where it is.
async fn cut_short<F: Future>(future: F, polls: usize) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut left = polls;
    std::future::poll_fn(|context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        let polled = future.as_mut().poll(context).map(Some);
        // Dropped as soon as it waits for the last time: what it has sent is on its way.
        if polled.is_pending() && left == 0 { Poll::Ready(None) } else { polled }
    })
    .await
}

/// Three runs, each with a key.
async fn start(runs: &Runs, turn: usize) -> Result<Vec<satama::workflow::Started>, Error> {
    let request = |n| {
        let (key, user) = (Some(format!("{turn}-{n}")), Some(format!("u{turn}")));
        ("null".to_owned(), Options { key, user, ..Options::default() })
    };
    runs.start("echo", (0..3).map(request).collect()).await
}

async fn asks_again(ground: Ground) {
    let worker = ground.worker(TENANT).await;
    let runs = ground.runs(TENANT);
    for turn in 0.. {
        let whole = cut_short(start(&runs, turn), turn).await;
        let started = start(&runs, turn).await.unwrap();
        let user = Some(format!("u{turn}"));
        let page =
            runs.find_of(Some("echo"), &Filter { user, ..Filter::default() }, None, 100).await;
        let mut found: Vec<_> = page.unwrap().runs.iter().map(|run| run.id.to_string()).collect();
        let mut ids: Vec<_> = started.iter().map(|started| started.id.to_string()).collect();
        found.sort();
        ids.sort();
        assert_eq!(found, ids, "cut short after {turn} polls");
        if whole.is_some() && turn >= TURNS {
            break;
        }
    }
    let request = vec![(r#"{"n":1000}"#.to_owned(), Options::default())];
    let run = runs.start("signals", request).await.unwrap()[0].id.to_string();
    for turn in 0.. {
        let send = || runs.signal(&run, "go", turn.to_string(), Some(turn.to_string()));
        let whole = cut_short(send(), turn).await;
        send().await.unwrap();
        assert!(!send().await.unwrap(), "cut short after {turn} polls");
        let history = runs.whole_history(&run).await.unwrap();
        let signals = history.iter().filter(|recorded| recorded.event.kind() == "signalled");
        assert_eq!(signals.count(), turn + 1, "cut short after {turn} polls");
        if whole.is_some() && turn >= TURNS {
            break;
        }
    }
    runs.cancel(&run, "it is over", true).await.unwrap();
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_again_with_a_key_is_one_on_redis() {
    asks_again(Ground::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_again_with_a_key_is_one_on_sqlite() {
    asks_again(Ground::sqlite().await).await;
}
