//! What an operator does with secrets: rotation of keys, and reading the audit.

mod redis;
mod rotate;
mod sqlite;

pub use self::rotate::{Failure, InUse, Rotated, Rotation};
use super::audit::{Actor, Event};
use super::provider::KeyRef;
use super::store::{Backend, StoreError, Wrap};
use crate::grant::Scope;

/// What an operator needs beyond that. No guest's call comes here.
pub trait Upkeep: Send + Sync {
    /// Where there are secrets, or were.
    fn scopes(&self) -> impl Future<Output = Result<Vec<Scope>, StoreError>> + Send;

    /// A page of a shard: the wraps of some secrets after `after` in the order of ids,
    /// but for those by the key `except`. One round trip, of bounded size.
    fn wraps(
        &self,
        scope: &Scope,
        shard: u8,
        after: &str,
        except: Option<&KeyRef>,
    ) -> impl Future<Output = Result<WrapPage, StoreError>> + Send;

    /// Replaces wraps, each if it is still the one that was read. Each is atomic by
    /// itself, and safe to repeat. Tells how many were replaced. Those are recorded.
    fn rewrap(
        &self,
        scope: &Scope,
        shard: u8,
        rewraps: &[Rewrap],
        actor: &Actor,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Bars a key from wrapping anything any more, in every scope there is or will be,
    /// or lets it again. What it wraps already stays. Safe to repeat, and to be done
    /// again if a crash left it half done.
    fn bar(
        &self,
        key: &KeyRef,
        barred: bool,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Writes to disk what was acknowledged, as far as a host can have that done: SQLite
    /// does; Redis keeps to its own settings.
    fn settle(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whether a key is barred.
    fn is_barred(&self, key: &KeyRef) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// The newest events of a scope, at most `limit`, the newest first.
    fn events(
        &self,
        scope: &Scope,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Event>, StoreError>> + Send;
}

/// A wrap, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapOf {
    /// Of which secret, as its scope calls it.
    pub id: String,
    /// Of which version.
    pub version: u64,
    /// The wrap.
    pub wrap: Wrap,
}

/// A page of wraps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrapPage {
    /// The wraps.
    pub wraps: Vec<WrapOf>,
    /// Versions whose wrap is none: of which secret, and which version. No key opens them.
    pub malformed: Vec<(String, u64)>,
    /// How many secrets were looked at.
    pub seen: u64,
    /// The last secret that was looked at, if there may be more.
    pub next: Option<String>,
}

impl WrapPage {
    /// Adds what a store has as the wrap of a version.
    fn add(&mut self, id: String, version: u64, wrap: &[u8]) {
        match Wrap::parse(wrap) {
            Some(wrap) => self.wraps.push(WrapOf { id, version, wrap }),
            None => self.malformed.push((id, version)),
        }
    }
}

/// A wrap, and what to put in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewrap {
    /// What was read.
    pub of: WrapOf,
    /// What is to be there.
    pub wrap: Wrap,
}

crate::services::forward_to_backend! {
    Backend: Upkeep {
        scopes() -> Result<Vec<Scope>, StoreError>;
        wraps(scope: &Scope, shard: u8, after: &str, except: Option<&KeyRef>) -> Result<WrapPage, StoreError>;
        rewrap(scope: &Scope, shard: u8, rewraps: &[Rewrap], actor: &Actor) -> Result<u64, StoreError>;
        bar(key: &KeyRef, barred: bool) -> Result<(), StoreError>;
        settle() -> Result<(), StoreError>;
        is_barred(key: &KeyRef) -> Result<bool, StoreError>;
        events(scope: &Scope, limit: u32) -> Result<Vec<Event>, StoreError>;
    }
}
