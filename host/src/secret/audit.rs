//! Who did what to which secret, and what came of it.

use std::fmt;
use std::str::FromStr;

/// Entries that are kept of a tenant's secrets, in each of their shards: of the reads
/// and uses, and as many of the changes. The newest; a store may keep a few more.
///
/// They are apart so that a component that reads without end pushes no change out. Nor
/// does one that tries to change what it may not: what is refused is with the reads.
pub const AUDIT_ENTRIES_MAX: u32 = 1_000;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The component's name in logs and traces.
    pub component: String,
    /// What it is, byte for byte: `sha256:` and its hexadecimal digits. Empty if its
    /// host does not know.
    pub digest: String,
    /// One instance of it, of all there were.
    pub instance: String,
}

/// What is done to a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// A handle was asked for.
    Read,
    /// Its value was asked for.
    Reveal,
    /// Something was computed with it.
    Use,
    /// A version was put.
    Write,
    /// It was deleted.
    Delete,
    /// A version's key was wrapped anew.
    Rotate,
}

/// What is recorded of one action, but for who and when.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// What was done.
    pub action: Action,
    /// To which secret, as its scope calls it.
    pub id: &'a str,
    /// To which version; zero if to none.
    pub version: u64,
    /// `ok`, or the error's case in WIT.
    pub outcome: &'a str,
}

/// What was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, by the store's clock, in milliseconds since 1970.
    pub at_ms: u64,
    /// Orders the events of one millisecond.
    pub sequence: u64,
    /// What was done; none if a newer host has written what this one does not know.
    pub action: Option<Action>,
    /// To which secret.
    pub id: String,
    /// To which version; zero if to none.
    pub version: u64,
    /// What came of it.
    pub outcome: String,
    /// Who did it.
    pub actor: Actor,
}

impl Action {
    /// Whether it changes something.
    pub fn is_change(self) -> bool {
        matches!(self, Self::Write | Self::Delete | Self::Rotate)
    }

    /// As it is recorded.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Reveal => "reveal",
            Self::Use => "use",
            Self::Write => "write",
            Self::Delete => "delete",
            Self::Rotate => "rotate",
        }
    }
}

impl Entry<'_> {
    /// Whether it is kept with the changes. What was refused is not, or who may change
    /// nothing could push them out by trying.
    pub(super) fn is_change(&self) -> bool {
        self.action.is_change() && self.outcome != "access-denied"
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let all = [Self::Read, Self::Reveal, Self::Use, Self::Write, Self::Delete, Self::Rotate];
        all.into_iter().find(|action| action.name() == text).ok_or(())
    }
}

/// Tells the operator's log and traces what the store is told.
pub(super) fn trace(tenant: &str, actor: &Actor, entry: Entry<'_>) {
    tracing::info!(
        target: "satama::audit",
        scope = tenant,
        action = entry.action.name(),
        // A guest may have chosen it, so it is shown escaped.
        id = ?entry.id,
        version = entry.version,
        outcome = entry.outcome,
        component = actor.component,
        digest = actor.digest,
        instance = actor.instance,
    );
}
