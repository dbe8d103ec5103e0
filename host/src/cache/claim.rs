//! Single flight: of all that miss a key, one computes it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::{
    Ask, Backend, Bucket, Entry, Error, Found, GROUP_BYTES_MAX, Store as _, StoreError, TTL_MS_MAX,
    at_most,
};
use crate::error::Refused;
use crate::grant::Scope;
use crate::ids::Id;

/// Longest that one `fill` may wait for another caller, in milliseconds.
pub const WAIT_MS_MAX: u64 = 30_000;

/// Longest life of a claim, in milliseconds: what a caller that died can delay others.
pub const CLAIM_MS_MAX: u64 = 5 * 60 * 1000;

/// Pauses between a waiter's looks: each doubles the last, so a short wait ends
/// soon and a long one costs ten round trips a second.
const PAUSE_MIN: Duration = Duration::from_millis(5);
const PAUSE_MAX: Duration = Duration::from_millis(100);

const _: () = assert!(CLAIM_MS_MAX <= TTL_MS_MAX);

/// What `fill` found.
#[derive(Debug)]
pub enum Filled {
    /// The live value.
    Hit(Vec<u8>),
    /// There is none, and the caller has the right to set it.
    Claimed(Claim),
    /// Another caller still computes it.
    Busy,
}

/// The right to set one missing entry: the resource a guest holds.
#[derive(Debug)]
pub struct Claim {
    scope: Arc<Scope>,
    store: Arc<Backend>,
    key: String,
    token: Id,
    value_bytes_max: u64,
    /// Whether the entry was set, so that there is nothing to give up.
    done: bool,
}

impl Bucket {
    /// The live value under `key`, or the claim to set it, or neither when
    /// another caller holds the claim for longer than `wait`.
    ///
    /// The claim expires after `claim_ttl`, and its entry will be in `group`.
    pub async fn fill(
        &self,
        key: &str,
        wait: Duration,
        claim_ttl: Duration,
        group: Option<&str>,
    ) -> Result<Filled, Error> {
        at_most("wait-ms", wait, WAIT_MS_MAX)?;
        at_most("claim-ms", claim_ttl, CLAIM_MS_MAX)?;
        Refused::over("a group", group.map_or(0, str::len), GROUP_BYTES_MAX)?;
        let token = self.ids.next();
        let ask = Ask { token, ttl: claim_ttl, group, generation: self.ids.next() };
        let end = Instant::now() + wait;
        let mut pause = PAUSE_MIN;
        loop {
            match self.store.claim(self.key(key)?, ask).await? {
                Found::Value(value) => {
                    self.counts.count(true);
                    return Ok(Filled::Hit(value));
                }
                Found::Claimed => {
                    self.counts.count(false);
                    return Ok(Filled::Claimed(self.claimed(key, token)));
                }
                Found::Busy if Instant::now() >= end => {
                    self.counts.count(false);
                    return Ok(Filled::Busy);
                }
                Found::Busy => sleep_until((Instant::now() + pause).min(end)).await,
            }
            pause = (pause * 2).min(PAUSE_MAX);
        }
    }

    fn claimed(&self, key: &str, token: Id) -> Claim {
        Claim {
            scope: self.scope.clone(),
            store: self.store.clone(),
            key: key.to_owned(),
            token,
            value_bytes_max: self.value_bytes_max,
            done: false,
        }
    }
}

impl Claim {
    /// Sets the value and ends the claim.
    pub async fn complete(&mut self, value: &[u8], ttl: Duration) -> Result<(), Error> {
        Refused::over("a value", value.len(), self.value_bytes_max)?;
        at_most("ttl-ms", ttl, TTL_MS_MAX)?;
        let entry = Entry { key: &self.key, value, ttl, group: None };
        self.store.settle(self.scope.key(&self.key), self.token, Some(entry)).await?;
        self.done = true;
        Ok(())
    }

    /// Lets the next caller have it, unless the entry was set.
    pub async fn give_up(mut self) -> Result<(), Error> {
        let Some(settle) = self.settle() else { return Ok(()) };
        Ok(settle.await?)
    }

    /// What gives the claim up, if it still holds.
    fn settle(&mut self) -> Option<impl Future<Output = Result<(), StoreError>> + Send + use<>> {
        if std::mem::replace(&mut self.done, true) {
            return None;
        }
        let (store, scope, token) = (self.store.clone(), self.scope.clone(), self.token);
        let key = std::mem::take(&mut self.key);
        Some(async move { store.settle(scope.key(&key), token, None).await })
    }
}

impl Drop for Claim {
    /// An instance that was stopped, or trapped, drops its claims with its table.
    /// Nobody waits for this; where it fails, the claim expires by itself.
    fn drop(&mut self) {
        if let Ok(runtime) = tokio::runtime::Handle::try_current()
            && let Some(settle) = self.settle()
        {
            runtime.spawn(settle);
        }
    }
}
