//! Random histories: the same calls, drawn from a seed, on a model in memory and
//! on every backend, and each call has the same outcome everywhere.
//!
//! A failure names its seed; `SATAMA_SEED=… cargo test -p satama-tests --test
//! history` draws that history again.

#![expect(clippy::unwrap_used, reason = "what fails should end the test where it fails")]

#[path = "history/cache.rs"]
mod cache;
#[path = "history/channel.rs"]
mod channel;
#[path = "history/secret.rs"]
mod secret;
#[path = "history/session.rs"]
mod session;
#[path = "history/workflow.rs"]
mod workflow;

use std::fmt::Debug;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use satama_tests::Harness;

/// Longer than a history takes.
const LONG: Duration = Duration::from_secs(60 * 60);

/// What is kept so briefly is waited out at once: by the next call it is gone,
/// whatever the machine is like, and until then nobody looks.
const BRIEF: Duration = Duration::from_millis(1);

const STEPS: usize = 300;

/// Histories that are drawn each time, beside one that never was before.
const SEEDS: std::ops::Range<u64> = 0..8;

/// One way to answer the calls of a service.
trait Subject<Step> {
    /// The outcome of a call, as text that is the same for all who are right.
    fn apply(&mut self, step: &Step) -> impl Future<Output = String>;
}

fn seeds() -> Vec<u64> {
    match std::env::var("SATAMA_SEED") {
        Ok(seed) => vec![seed.parse().expect("SATAMA_SEED is a number")],
        Err(_) => SEEDS.chain([rand::random()]).collect(),
    }
}

/// One of `choices`.
fn one<T: Copy>(rng: &mut StdRng, choices: &[T]) -> T {
    choices[rng.random_range(0..choices.len())]
}

/// Draws a history from `seed` and applies it to the model and to both backends.
async fn agree<Step: Debug, Real: Subject<Step>>(
    seed: u64,
    draw: impl Fn(&mut StdRng) -> Step,
    model: impl Subject<Step>,
    redis: Real,
    sqlite: Real,
) {
    agree_with(seed, draw, model, [("redis", redis), ("sqlite", sqlite)]).await;
}

/// Draws a history from `seed` and applies it to who is believed and to others.
async fn agree_with<Step: Debug, const N: usize>(
    seed: u64,
    draw: impl Fn(&mut StdRng) -> Step,
    mut model: impl Subject<Step>,
    mut others: [(&str, impl Subject<Step>); N],
) {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut history = Vec::new();
    for n in 0..STEPS {
        let step = draw(&mut rng);
        let expected = model.apply(&step).await;
        history.push(format!("{n:4} {step:?} -> {expected}"));
        for (backend, other) in &mut others {
            let found = other.apply(&step).await;
            assert!(
                found == expected,
                "{}\nseed {seed}: {backend} says {found}",
                history[history.len().saturating_sub(30)..].join("\n")
            );
        }
    }
}

#[tokio::test]
async fn a_cache_agrees_with_its_model() {
    for seed in seeds() {
        let (redis, sqlite) = (Harness::redis().await, Harness::sqlite().await);
        let (redis, sqlite) = (cache::Real::new(&redis).await, cache::Real::new(&sqlite).await);
        let grouped = seed % 3 != 0;
        agree(seed, |rng| cache::draw(rng, grouped), cache::Model::default(), redis, sqlite).await;
    }
}

#[tokio::test]
async fn sessions_agree_with_their_model() {
    for seed in seeds() {
        let (redis, sqlite) = (Harness::redis().await, Harness::sqlite().await);
        let (redis, sqlite) = (session::Real::new(&redis).await, session::Real::new(&sqlite).await);
        agree(seed, session::draw, session::Model::default(), redis, sqlite).await;
    }
}

#[tokio::test]
async fn channels_agree_with_their_model() {
    for seed in seeds() {
        let (redis, sqlite) = (Harness::redis().await, Harness::sqlite().await);
        let (redis, sqlite) = (channel::Real::new(&redis).await, channel::Real::new(&sqlite).await);
        agree(seed, channel::draw, channel::Model::default(), redis, sqlite).await;
    }
}

#[tokio::test]
async fn secrets_agree_with_their_model() {
    for seed in seeds() {
        let (redis, sqlite) = (Harness::redis().await, Harness::sqlite().await);
        let (redis, sqlite) = (secret::Real::new(&redis).await, secret::Real::new(&sqlite).await);
        agree(seed, secret::draw, secret::Model::default(), redis, sqlite).await;
    }
}

#[tokio::test]
async fn stores_of_workflows_agree() {
    for seed in seeds() {
        let (redis, sqlite) = (Harness::redis().await, Harness::sqlite().await);
        let plainest = workflow::Real::new(&sqlite, seed).await;
        let redis = workflow::Real::new(&redis, seed).await;
        agree_with(seed, workflow::draw, plainest, [("redis", redis)]).await;
    }
}
