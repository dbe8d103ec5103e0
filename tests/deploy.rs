//! Redis as users run it: every kind of address, and what goes on behind it.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

#[path = "deploy/acl.rs"]
mod acl;
#[path = "deploy/address.rs"]
mod address;
#[path = "deploy/callers.rs"]
mod callers;
#[path = "deploy/check.rs"]
mod check;
#[path = "deploy/cluster.rs"]
mod cluster;
#[path = "deploy/outage.rs"]
mod outage;
#[path = "deploy/sentinel.rs"]
mod sentinel;
#[path = "deploy/subscribe.rs"]
mod subscribe;

use std::time::Duration;

use satama::cache::Entry;
use satama::{Services, StoreUrl};
use satama_tests::PATIENCE;

/// For what must fail in time: short, and long enough for a busy machine to connect.
const DEADLINE: Duration = Duration::from_millis(500);

/// No call may take longer: far more than the deadline, for a machine that is busy,
/// and far less than for ever.
const BOUND: Duration = Duration::from_secs(10);

/// Services whose calls fail soon. Connecting has the same deadline, so it is tried
/// again on a machine that is busy.
async fn impatient(url: &str) -> Services {
    let open = async {
        loop {
            let store: StoreUrl = url.parse().unwrap();
            if let Ok(services) = Services::builder(store).deadline(DEADLINE).build().await {
                return services;
            }
        }
    };
    tokio::time::timeout(PATIENCE, open).await.unwrap()
}

fn entry<'a>(key: &'a str, value: &'a [u8]) -> Entry<'a> {
    Entry { key, value, ttl: PATIENCE * 60, group: None }
}
