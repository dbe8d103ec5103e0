//! What the tests and the benchmarks share: real stores, started for one test
//! and gone with it.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

pub mod build;
pub mod toolchains;

mod authority;
mod cluster;
mod gate;
mod harness;
mod labor;
mod languages;
mod log;
mod receive;
mod redis;
mod secret;
mod sentinel;
mod stage;

use satama::grant::Scope;
use satama::workflow::control::Control as _;
use satama::workflow::{Backend, RunId};

/// How long a test waits for what has to come, so that it fails rather than hangs.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Waits until `holds` says so.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds().await {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited too long until {what}");
}

pub use self::authority::Authority;
pub use self::cluster::Cluster;
pub use self::gate::Gate;
pub use self::harness::{
    Harness, Span, all_secrets, bucket, bus, channels, grant, keyring, local_key, lone_key,
    sessions,
};
pub use self::labor::{Labor, Laborer, labor_grant};
pub use self::languages::{copy, modules};
pub use self::log::Log;
pub use self::receive::{Receive, closed, frame, heard, hears, text};
pub use self::redis::{Count, RedisServer};
pub use self::secret::{actor, get_secret, put_secret};
pub use self::sentinel::Sentinels;
pub use self::stage::{Stage, call, granted, limits, program, run, some_secrets};

/// When the last of so many events of a run was recorded, as its entry has it; zero of none.
pub async fn seen_ms(store: &Backend, scope: &Scope, run: &RunId, seen: u32) -> u64 {
    let last = store.history(scope, run, seen.saturating_sub(1), 1).await.unwrap().pop();
    last.map_or(0, |entry| entry.split(' ').next().unwrap().parse().unwrap())
}
