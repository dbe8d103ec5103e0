//! Where guest calls arrive: decode, check the grant, call, encode. No rules live here.

use std::time::Duration;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::{Bucket, Cache, Claim, Entry, Error, Filled};
use crate::bindings::satama::services::cache as wit;
use crate::error::{Outcome as _, Refused};
use crate::guest::Caller;

/// What the cache may see of the calling guest.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) cache: &'a Cache,
    pub(crate) table: &'a mut ResourceTable,
}

/// Marks store data that has a [`View`].
#[derive(Debug)]
pub struct HasCache;

impl HasData for HasCache {
    type Data<'a> = View<'a>;
}

type Key = String;
type Value = Vec<u8>;

impl View<'_> {
    /// An open bucket, and a call on it that will be counted and traced.
    fn bucket(&self, this: &Resource<Bucket>) -> Result<&Bucket, Error> {
        Ok(self.table.get(this).map_err(Refused::from)?)
    }
}

impl wit::HostBucket for View<'_> {
    fn open(&mut self, name: String) -> Result<Resource<Bucket>, Error> {
        self.caller.call_now("cache", "bucket.open", || {
            let grant = self.caller.grant();
            let bucket = self.cache.bucket(grant.cache(&name)?, grant.limits());
            Ok(self.table.push(bucket).map_err(Refused::from)?)
        })
    }

    async fn get(&mut self, this: Resource<Bucket>, key: Key) -> Result<Option<Value>, Error> {
        let bucket = self.bucket(&this)?;
        self.caller.call("cache", "bucket.get", bucket.get(&key)).await
    }

    async fn get_many(
        &mut self,
        this: Resource<Bucket>,
        keys: Vec<Key>,
    ) -> Result<Vec<Option<Value>>, Error> {
        let bucket = self.bucket(&this)?;
        self.caller.call("cache", "bucket.get-many", bucket.get_many(&keys)).await
    }

    async fn set(
        &mut self,
        this: Resource<Bucket>,
        key: Key,
        value: Value,
        options: wit::Options,
    ) -> Result<(), Error> {
        let bucket = self.bucket(&this)?;
        self.caller.call("cache", "bucket.set", bucket.set(entry(&key, &value, &options))).await
    }

    async fn set_many(
        &mut self,
        this: Resource<Bucket>,
        entries: Vec<wit::Entry>,
    ) -> Result<(), Error> {
        let bucket = self.bucket(&this)?;
        let entries: Vec<_> = entries.iter().map(|e| entry(&e.key, &e.value, &e.options)).collect();
        self.caller.call("cache", "bucket.set-many", bucket.set_many(&entries)).await
    }

    async fn set_if_absent(
        &mut self,
        this: Resource<Bucket>,
        key: Key,
        value: Value,
        options: wit::Options,
    ) -> Result<bool, Error> {
        let set = self.bucket(&this)?.set_if_absent(entry(&key, &value, &options));
        self.caller.call("cache", "bucket.set-if-absent", set).await
    }

    async fn delete(&mut self, this: Resource<Bucket>, key: Key) -> Result<bool, Error> {
        let bucket = self.bucket(&this)?;
        self.caller.call("cache", "bucket.delete", bucket.delete(&key)).await
    }

    async fn exists(&mut self, this: Resource<Bucket>, key: Key) -> Result<bool, Error> {
        let bucket = self.bucket(&this)?;
        let ttl = self.caller.call("cache", "bucket.exists", bucket.ttl(&key)).await?;
        Ok(ttl.is_some())
    }

    async fn ttl(&mut self, this: Resource<Bucket>, key: Key) -> Result<Option<u64>, Error> {
        let bucket = self.bucket(&this)?;
        let ttl = self.caller.call("cache", "bucket.ttl", bucket.ttl(&key)).await?;
        Ok(ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX)))
    }

    async fn add(
        &mut self,
        this: Resource<Bucket>,
        key: Key,
        delta: i64,
        options: wit::Options,
    ) -> Result<i64, Error> {
        let add = self.bucket(&this)?.add(entry(&key, &[], &options), delta);
        self.caller.call("cache", "bucket.add", add).await
    }

    async fn invalidate_group(
        &mut self,
        this: Resource<Bucket>,
        group: String,
    ) -> Result<(), Error> {
        let bucket = self.bucket(&this)?;
        self.caller.call("cache", "bucket.invalidate-group", bucket.invalidate(Some(&group))).await
    }

    async fn invalidate_all(&mut self, this: Resource<Bucket>) -> Result<(), Error> {
        let bucket = self.bucket(&this)?;
        self.caller.call("cache", "bucket.invalidate-all", bucket.invalidate(None)).await
    }

    async fn fill(
        &mut self,
        this: Resource<Bucket>,
        key: Key,
        options: wit::FillOptions,
    ) -> Result<wit::Filled, Error> {
        let (wait, claim) = (Duration::from_millis(options.wait_ms), millis(options.claim_ms));
        let fill = self.bucket(&this)?.fill(&key, wait, claim, options.group.as_deref());
        Ok(match self.caller.call("cache", "bucket.fill", fill).await? {
            Filled::Hit(value) => wit::Filled::Hit(value),
            Filled::Claimed(claim) => {
                wit::Filled::Claimed(self.table.push(claim).map_err(Refused::from)?)
            }
            Filled::Busy => wit::Filled::Busy,
        })
    }

    fn counts(&mut self, this: Resource<Bucket>) -> Result<wit::Counts, Error> {
        let bucket = self.bucket(&this)?;
        let counts =
            self.caller.call_now("cache", "bucket.counts", || Ok::<_, Error>(bucket.counts()))?;
        Ok(wit::Counts { hits: counts.hits, misses: counts.misses })
    }

    fn drop(&mut self, this: Resource<Bucket>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::HostClaim for View<'_> {
    async fn complete(
        &mut self,
        this: Resource<Claim>,
        value: Value,
        ttl_ms: u64,
    ) -> Result<(), Error> {
        let claim = self.table.get_mut(&this).map_err(Refused::from)?;
        self.caller.call("cache", "claim.complete", claim.complete(&value, millis(ttl_ms))).await
    }

    async fn drop(&mut self, this: Resource<Claim>) -> wasmtime::Result<()> {
        let claim = self.table.delete(this)?;
        // Nobody hears of a failure here; the claim then expires by itself.
        if let Err(err) = claim.give_up().await {
            self.caller.complain("cache", err.outcome(), &err);
        }
        Ok(())
    }
}

impl wit::Host for View<'_> {
    /// All that a guest may learn of a failure. Its cause goes to the log.
    fn convert_error(&mut self, err: Error) -> wasmtime::Result<wit::Error> {
        self.caller.complain("cache", err.outcome(), &err);
        Ok(match err {
            Error::Refused(Refused::Denied { .. }) => wit::Error::AccessDenied,
            Error::Refused(Refused::TooLarge { max, .. }) => wit::Error::TooLarge(max),
            Error::Refused(Refused::Quota(_)) => wit::Error::QuotaExceeded,
            Error::Refused(Refused::Fault(err)) => return Err(err.into()),
            Error::NotACounter => wit::Error::NotACounter,
            Error::ClaimLost => wit::Error::ClaimLost,
            Error::Unavailable(_) => wit::Error::Unavailable,
        })
    }
}

fn entry<'a>(key: &'a str, value: &'a [u8], options: &'a wit::Options) -> Entry<'a> {
    Entry { key, value, ttl: millis(options.ttl_ms), group: options.group.as_deref() }
}

/// At least one millisecond: no store takes a time-to-live of none.
fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms.max(1))
}
