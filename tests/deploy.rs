//! Redis as users run it: every kind of address, and what goes on behind it.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

#[path = "deploy/address.rs"]
mod address;
#[path = "deploy/cluster.rs"]
mod cluster;
#[path = "deploy/subscribe.rs"]
mod subscribe;

use std::time::Duration;

use satama::cache::Entry;
use satama_tests::PATIENCE;

/// For what must fail in time: short, and long enough for a busy machine to connect.
const DEADLINE: Duration = Duration::from_millis(500);

fn entry<'a>(key: &'a str, value: &'a [u8]) -> Entry<'a> {
    Entry { key, value, ttl: PATIENCE * 60, group: None }
}
