//! Values that may be forgotten: the bindings of `cache.wit`, ways to write
//! their options down, and [`Memo`].

mod exact;
mod key;
mod memo;

use std::time::Duration;

pub use self::memo::{Cached, CachedError, Memo};
pub use crate::bindings::satama::services::cache::*;

impl Options {
    /// An entry that expires `ttl` after it is set, in no group.
    pub fn ttl(ttl: Duration) -> Self {
        Self { ttl_ms: millis(ttl), group: None }
    }

    /// The same, invalidated with `group`.
    pub fn in_group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }
}

impl FillOptions {
    /// Wait at most `wait` for another caller's value, and have others wait at
    /// most `claim` for this one's. In no group.
    pub fn new(wait: Duration, claim: Duration) -> Self {
        Self { wait_ms: millis(wait), claim_ms: millis(claim), group: None }
    }

    /// The same, for an entry that is invalidated with `group`.
    pub fn in_group(self, group: impl Into<String>) -> Self {
        Self { group: Some(group.into()), ..self }
    }
}

/// What is over a `u64` is over every limit, and the host says so.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
