//! Going through all secrets: to wrap their keys anew, or to see what wraps them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Rewrap, Upkeep, WrapOf, WrapPage};
use crate::chain;
use crate::error::Unavailable;
use crate::grant::{SECRET_SHARDS, Scope};
use crate::secret::audit::{Actor, Event};
use crate::secret::keyring::Keyring;
use crate::secret::provider::{KeyError, KeyRef};
use crate::secret::record::Identity;
use crate::secret::store::{Backend, StoreError, Wrap};
use crate::secret::{Error, UnwrapError, Vault};

/// Wraps the keys of all versions with the primary key, while hosts go on to read and
/// write. Each wrap is replaced only if it is still the one that was read, so a version
/// that is put or deleted meanwhile is left alone.
///
/// To stop it at any point loses nothing: what was not reached still opens with its old
/// key, and another rotation finds it.
#[derive(Debug)]
pub struct Rotation<'a> {
    vault: &'a Vault,
    actor: Actor,
    ring: Arc<Keyring>,
    walk: Walk<'a>,
    rotated: Rotated,
}

/// What a rotation has done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// Shards of tenants that were gone through, and how many there are.
    pub shards: (u64, u64),
    /// Secrets that were looked at.
    pub seen: u64,
    /// Versions that are wrapped by the primary key now and were not before.
    pub rewrapped: u64,
    /// Versions that were deleted, or wrapped by another rotation, in between.
    pub overtaken: u64,
    /// Versions that are still wrapped by another key, and why; the first thousand.
    pub failures: Vec<Failure>,
    /// How many failed.
    pub failed: u64,
}

/// A version whose key could not be wrapped anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its tenant and kind.
    pub scope: Scope,
    /// Which secret.
    pub id: String,
    /// Which version.
    pub version: u64,
    /// Why.
    pub why: String,
}

/// Most failures that are told one by one.
const FAILURES_MAX: usize = 1_000;

/// A key that still wraps something.
#[derive(Debug, thiserror::Error)]
#[error(
    "key {key} still wraps {versions} versions of secrets; rotate them first, with `satama secret rotate`"
)]
pub struct InUse {
    /// Which key.
    pub key: KeyRef,
    /// How much it wraps.
    pub versions: u64,
}

/// A way through all pages of some scopes, from wherever it is.
#[derive(Debug)]
struct Walk<'a> {
    store: &'a Backend,
    scopes: Vec<Scope>,
    scope: usize,
    shard: u8,
    after: String,
}

impl Vault {
    /// A rotation of all secrets of `scopes`.
    pub fn rotation(&self, scopes: Vec<Scope>, actor: Actor) -> Result<Rotation<'_>, Error> {
        let ring = self.keys()?.ring();
        let walk = Walk::new(self.store(), scopes);
        Ok(Rotation { vault: self, actor, ring, walk, rotated: Rotated::default() })
    }

    /// How many versions of `scopes` each key wraps: one round trip for sixteen secrets.
    pub async fn census(&self, scopes: Vec<Scope>) -> Result<BTreeMap<KeyRef, u64>, Error> {
        let mut walk = Walk::new(self.store(), scopes);
        let mut wrapped: BTreeMap<KeyRef, u64> = BTreeMap::new();
        while let Some((_, _, page)) = walk.page(None).await? {
            for of in page.wraps {
                *wrapped.entry(of.wrap.key).or_default() += 1;
            }
            walk.go_on(page.next);
        }
        Ok(wrapped)
    }

    /// Where there are secrets, or were: what there is of all tenants.
    pub async fn scopes(&self) -> Result<Vec<Scope>, Error> {
        Ok(self.store().scopes().await?)
    }

    /// The newest events of a scope, at most `limit`, the newest first.
    pub async fn events(&self, scope: &Scope, limit: u32) -> Result<Vec<Event>, Error> {
        Ok(self.store().events(scope, limit).await?)
    }

    /// Makes sure that nothing is wrapped by `key`, now and from now on, so that it can
    /// be dropped; or refuses, and changes nothing. Ended in between, by a crash or with the
    /// store, it may leave the key barred, which another call sets right.
    ///
    /// Hosts whose keyring still has it as the primary key cannot write until theirs is
    /// another.
    pub async fn retire(&self, key: &KeyRef) -> Result<Result<(), InUse>, Error> {
        // Barred first: what is put after the census has passed would be missed.
        self.store().bar(key, true).await?;
        let counted = self.versions_of(key).await;
        match counted {
            Ok(0) if self.store().is_barred(key).await? => {
                // What wraps it anew must not be lost after the key is.
                self.store().settle().await?;
                Ok(Ok(()))
            }
            Ok(0) => {
                let source = "somebody else let the key be used again meanwhile".into();
                Err(Error::Unavailable(Unavailable { store: "secret", source }))
            }
            Ok(versions) => {
                self.store().bar(key, false).await?;
                Ok(Err(InUse { key: key.clone(), versions }))
            }
            Err(err) => {
                // If this fails too, to retire it again sets it right.
                self.store().bar(key, false).await?;
                Err(err)
            }
        }
    }

    async fn versions_of(&self, key: &KeyRef) -> Result<u64, Error> {
        let wrapped = self.census(self.scopes().await?).await?;
        Ok(wrapped.get(key).copied().unwrap_or(0))
    }
}

impl Rotation<'_> {
    /// Goes one page on: one reading and one writing round trip. False at the end.
    ///
    /// After an error it may be called again, and tries the same page.
    pub async fn step(&mut self) -> Result<bool, Error> {
        let primary = self.ring.primary().0.clone();
        let Some((scope, shard, page)) = self.walk.page(Some(&primary)).await? else {
            self.rotated.shards = self.walk.shards();
            return Ok(false);
        };
        let mut rewraps = Vec::with_capacity(page.wraps.len());
        let malformed = page.malformed.into_iter();
        let mut failures: Vec<_> =
            malformed.map(|(id, version)| (id, version, "its wrap is malformed".into())).collect();
        for of in page.wraps {
            match self.rewrap(&scope, &of).await {
                Ok(wrap) => rewraps.push(Rewrap { of, wrap }),
                Err(err @ UnwrapError::Key { source: KeyError::Unavailable(_), .. }) => {
                    return Err(Error::Keys(err));
                }
                Err(err) => failures.push((of.id, of.version, chain(&err))),
            }
        }
        let replaced = self.walk.store.rewrap(&scope, shard, &rewraps, &self.actor).await?;
        self.rotated.seen += page.seen;
        self.rotated.rewrapped += replaced;
        self.rotated.overtaken += rewraps.len() as u64 - replaced;
        for (id, version, why) in failures {
            self.rotated.failed += 1;
            if self.rotated.failures.len() < FAILURES_MAX {
                self.rotated.failures.push(Failure { scope: scope.clone(), id, version, why });
            }
        }
        self.walk.go_on(page.next);
        self.rotated.shards = self.walk.shards();
        Ok(true)
    }

    /// What was done so far.
    pub fn so_far(&self) -> &Rotated {
        &self.rotated
    }

    async fn rewrap(&self, scope: &Scope, of: &WrapOf) -> Result<Wrap, UnwrapError> {
        let identity = Identity { scope, id: &of.id, version: of.version };
        let keys = self.vault.keys().map_err(|_| UnwrapError::NoKey(of.wrap.key.clone()))?;
        let key = keys.unwrap(&of.wrap, &identity.wrap_context(&of.wrap.key)).await?;
        let (name, primary) = self.ring.primary();
        let wrapped = primary.wrap(&key, &identity.wrap_context(name)).await;
        let wrapped = wrapped.map_err(|source| UnwrapError::Key { key: name.clone(), source })?;
        Ok(Wrap { key: name.clone(), wrapped })
    }
}

impl<'a> Walk<'a> {
    fn new(store: &'a Backend, scopes: Vec<Scope>) -> Self {
        Self { store, scopes, scope: 0, shard: 0, after: String::new() }
    }

    /// The page where it is, or none at the end.
    async fn page(
        &self,
        except: Option<&KeyRef>,
    ) -> Result<Option<(Scope, u8, WrapPage)>, StoreError> {
        let Some(scope) = self.scopes.get(self.scope) else { return Ok(None) };
        let page = self.store.wraps(scope, self.shard, &self.after, except).await?;
        Ok(Some((scope.clone(), self.shard, page)))
    }

    /// To the page after the one that ended with `last`.
    fn go_on(&mut self, last: Option<String>) {
        if let Some(last) = last {
            self.after = last;
            return;
        }
        self.after.clear();
        self.shard += 1;
        if self.shard == SECRET_SHARDS {
            self.shard = 0;
            self.scope += 1;
        }
    }

    fn shards(&self) -> (u64, u64) {
        let each = u64::from(SECRET_SHARDS);
        (self.scope as u64 * each + u64::from(self.shard), self.scopes.len() as u64 * each)
    }
}
