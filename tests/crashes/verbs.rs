//! The reply to each verb is cut off at each of its bytes, and lost as a whole, after the server
//! has done what was asked. Who asks again is answered as one who asks first, or so that it can
//! know; and the history has it once.

use std::sync::Arc;

use satama::Services;
use satama::workflow::{Backend, StoreError};
use satama_tests::{PATIENCE, RedisServer};
use tokio::task::JoinSet;

use super::ground::services_at;
use super::subject::Subject;
use super::verb::{VERBS, Verb};
use super::wire::Wire;

/// Of a long reply so many bytes are tried.
const OFFSETS: usize = 64;

/// What who asks again is told, if it is not what it was told first.
///
/// A worker repeats writes; and a function's end, which is fenced then, as the worker knows that it
/// may be by itself. The others are repeated by whoever called.
fn again(verb: Verb) -> Option<&'static str> {
    Some(match verb {
        Verb::Settle(_) => "Fenced",
        Verb::SignalKeyed | Verb::Cancel => "Sent { taken: false }",
        Verb::Decide | Verb::Resume | Verb::Retry => "Illegal(Running)",
        Verb::Force => "Illegal(Cancelled)",
        Verb::Delete => "false",
        Verb::Schedule => "Was(true)",
        Verb::Unschedule => "Was(false)",
        Verb::Advance => "Started(None)",
        _ => return None,
    })
}

fn text(subject: &Subject, answer: Result<String, StoreError>) -> String {
    match answer {
        Ok(answer) => subject.plain(&answer),
        Err(err) => format!("{err:?}"),
    }
}

/// A wire to a store, and a way to it that is not cut.
struct Reached {
    wire: Wire,
    direct: Arc<Backend>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_again_does_nothing_twice() {
    let server = RedisServer::start();
    let services = services_at(&server.url()).await;
    let mut verbs = JoinSet::new();
    for verb in VERBS {
        let (wire, direct) = (Wire::before(&server), services.workflow().store().clone());
        verbs.spawn(async move { Reached { wire, direct }.cut(verb).await });
    }
    let cuts: usize = verbs.join_all().await.into_iter().sum();
    eprintln!("{cuts} replies were cut");
}

impl Reached {
    /// Cuts a verb's reply everywhere. How often.
    async fn cut(&self, verb: Verb) -> usize {
        // Once to have its script there, and once to measure.
        let subject = self.subject(verb, "script").await;
        subject.call(&self.direct, verb).await.unwrap();
        let (subject, services) = (self.subject(verb, "whole").await, self.services().await);
        let before = self.wire.bytes();
        let answer = text(&subject, subject.call(services.workflow().store(), verb).await);
        let length = self.wire.bytes() - before;
        let whole = (answer, subject.histories().await);
        let offsets: Vec<usize> = match length {
            ..=OFFSETS => (0..length).collect(),
            _ => (0..OFFSETS).map(|at| at * (length - 1) / (OFFSETS - 1)).collect(),
        };
        for &bytes in &offsets {
            let subject = self.subject(verb, &bytes.to_string()).await;
            // Who was cut off before waits before it connects again: not here.
            let services = self.services().await;
            let store = services.workflow().store();
            self.wire.cut(0, bytes);
            let lost = subject.call(store, verb).await;
            assert!(self.wire.is_cut(), "{verb:?} has no {bytes} bytes of {length}");
            assert!(matches!(lost, Err(StoreError::Unavailable(_))), "{verb:?}: {lost:?}");
            let found = ask_again(store, &subject, verb).await;
            let found = (found, subject.histories().await);
            let expected = expected(verb, &whole);
            assert_eq!(found, expected, "{verb:?} is cut after {bytes} bytes of {length}");
        }
        offsets.len()
    }

    async fn subject(&self, verb: Verb, name: &str) -> Subject {
        let words = format!("{verb:?}-{name}").replace(['(', ')'], "-");
        Subject::new(&self.direct, &words, verb).await
    }

    async fn services(&self) -> Services {
        services_at(&self.wire.url()).await
    }
}

/// What is found after a call that was repeated: the answer, and histories.
fn expected(verb: Verb, (answer, histories): &(String, Vec<String>)) -> (String, Vec<String>) {
    let mut histories = histories.clone();
    match verb {
        // Whoever sends a signal without a key may send it twice.
        Verb::Signal => histories.extend(histories.last().cloned()),
        // Nobody knows of what was taken, until its lease is over.
        Verb::TakeBody => histories.push(r#"{"lost":{"worker":"me"}}"#.to_owned()),
        Verb::TakeFunction => histories.push(r#"{"lost":{"seq":0,"worker":"me"}}"#.to_owned()),
        _ => {}
    }
    (again(verb).unwrap_or(answer).to_owned(), histories)
}

async fn ask_again(store: &Backend, subject: &Subject, verb: Verb) -> String {
    if !matches!(verb, Verb::TakeBody | Verb::TakeFunction) {
        return text(subject, subject.call(store, verb).await);
    }
    let taken = async {
        loop {
            let found = text(subject, subject.call(store, verb).await);
            if found != "0 taken" {
                return found;
            }
        }
    };
    tokio::time::timeout(PATIENCE, taken).await.expect("its lease is over at some time")
}
