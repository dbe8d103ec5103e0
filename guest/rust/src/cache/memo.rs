//! Results that are computed once and then served from the cache.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Bucket, Error, FillOptions, Filled, key, millis};

/// How long a caller waits for another's result before it computes its own.
const WAIT: Duration = Duration::from_secs(10);

/// How long others wait for a caller whose host died. One that fails or traps
/// gives up its claim at once.
const CLAIM: Duration = Duration::from_secs(60);

/// The limit in `cache.wit`. A longer one is taken as this: a cached value may
/// vanish early.
const TTL_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;

/// Longest value that any manifest allows, in bytes: the limit in `cache.wit`. A
/// host may end a guest that hands it far more than that.
const VALUE_BYTES_MAX: usize = 1 << 20;

/// Memoizes one function in a bucket: its results by its inputs.
///
/// Of all the callers that miss at once, on any host, one computes and the
/// others wait for its result. A cache holds copies: while it is unavailable,
/// over quota or too small for a result, the result is computed and returned,
/// and not kept.
///
/// Functions that share a bucket need different versions, such as `outline-2`.
pub struct Memo {
    bucket: Bucket,
    team: Option<String>,
    version: Option<String>,
    fill: FillOptions,
}

/// A result, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cached<T> {
    /// The result.
    pub value: T,
    /// Whether it was served from the cache. If not, it was computed now.
    pub hit: bool,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum CachedError<E> {
    /// The computation failed, with this. Nothing was kept.
    #[error("{0}")]
    Compute(E),
    /// The inputs have no canonical JSON, so there is no key for them.
    #[error("the inputs have no canonical JSON")]
    Inputs(#[source] serde_json::Error),
    /// The cache refused the call itself, such as a group with too long a name.
    #[error("the cache refused the call")]
    Cache(#[source] Error),
}

impl Memo {
    /// Memoize in the bucket called `bucket` in the calling tenant's grant.
    pub fn open(bucket: &str) -> Result<Self, Error> {
        let fill = FillOptions::new(WAIT, CLAIM);
        Ok(Self { bucket: Bucket::open(bucket)?, team: None, version: None, fill })
    }

    /// Keep the results apart from those of other teams.
    pub fn team(self, team: impl Into<String>) -> Self {
        Self { team: Some(team.into()), ..self }
    }

    /// Keep the results apart from those of other versions of the function.
    pub fn version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// Have the results invalidated with `group`.
    pub fn group(self, group: impl Into<String>) -> Self {
        Self { fill: self.fill.in_group(group), ..self }
    }

    /// Wait at most this long for another caller's result, and compute it
    /// after that. 10 seconds, unless told; at most 30.
    pub fn wait(mut self, wait: Duration) -> Self {
        self.fill.wait_ms = millis(wait);
        self
    }

    /// Have others wait at most this long for a caller whose host died. 60
    /// seconds, unless told; at most 5 minutes. A result that took longer is
    /// returned, and not kept.
    pub fn claim(mut self, claim: Duration) -> Self {
        self.fill.claim_ms = millis(claim);
        self
    }

    /// The result of `compute` for `inputs`, at most `ttl` old.
    ///
    /// Results are kept as JSON. One that does not decode as `T`, as it was
    /// kept by a program with an older type, is computed anew.
    pub fn cached<I, T, E>(
        &self,
        inputs: &I,
        ttl: Duration,
        compute: impl FnOnce() -> Result<T, E>,
    ) -> Result<Cached<T>, CachedError<E>>
    where
        I: Serialize + ?Sized,
        T: Serialize + DeserializeOwned,
    {
        let key = key::key(self.team.as_deref(), self.version.as_deref(), inputs)
            .map_err(CachedError::Inputs)?;
        let claim = match self.find(&key).map_err(CachedError::Cache)? {
            Found::Hit(value) => return Ok(Cached { value, hit: true }),
            Found::Claimed(claim) => Some(claim),
            Found::Nothing => None,
        };
        let value = compute().map_err(CachedError::Compute)?;
        if let Some(claim) = claim
            && let Ok(json) = serde_json::to_vec(&value)
            && json.len() <= VALUE_BYTES_MAX
        {
            // Whatever became of the copy, the caller has the value.
            let _ = claim.complete(&json, millis(ttl).min(TTL_MS_MAX));
        }
        Ok(Cached { value, hit: false })
    }

    /// A value that does not decode is deleted, and not just overwritten: then
    /// one caller computes the new one, and not one that was invalidated.
    fn find<T: DeserializeOwned>(&self, key: &str) -> Result<Found<T>, Error> {
        for _ in 0..2 {
            match self.bucket.fill(key, &self.fill) {
                Ok(Filled::Hit(json)) => match serde_json::from_slice(&json) {
                    Ok(value) => return Ok(Found::Hit(value)),
                    Err(_) => drop(self.bucket.delete(key)),
                },
                Ok(Filled::Claimed(claim)) => return Ok(Found::Claimed(claim)),
                Ok(Filled::Busy) | Err(Error::Unavailable | Error::QuotaExceeded) => break,
                Err(err) => return Err(err),
            }
        }
        Ok(Found::Nothing)
    }
}

enum Found<T> {
    Hit(T),
    Claimed(super::Claim),
    Nothing,
}
