//! Which secrets a tenant may read, reveal and write, and where they are.

use std::borrow::Cow;

use super::names::{Names, check_name};
use super::{Limits, Scope, key};
use crate::error::Refused;

/// Versions of a secret that are kept, unless the manifest says otherwise.
pub const VERSIONS_KEPT: u32 = 10;

/// Most versions of a secret that a manifest may keep.
pub const VERSIONS_KEPT_MAX: u32 = 100;

/// How many shards a tenant's secrets are spread over, and its credentials. Part of the
/// format.
pub const SECRET_SHARDS: u8 = 16;

/// What may be done with a tenant's secrets, or with its credentials.
#[derive(Debug, Clone, Default)]
pub struct SecretGrant {
    /// Those that may be read, and so be used.
    pub read: Names,
    /// Those of them that may be revealed.
    pub reveal: Names,
    /// Those that may be put and deleted.
    pub write: Names,
    /// How many versions of each are kept; none for [`VERSIONS_KEPT`].
    pub keep: Option<u32>,
}

/// One of the two kinds of secrets of a tenant, and what is granted of it. Only
/// [`super::Grant`] makes one.
#[derive(Debug)]
pub struct Shelf {
    scope: Scope,
    granted: SecretGrant,
    value_bytes_max: u64,
}

/// One secret or credential, which exists or not. Only a [`Shelf`] makes one, of what
/// is granted.
#[derive(Debug, Clone)]
pub struct Item<'a> {
    shelf: &'a Shelf,
    name: &'a str,
    user: Option<&'a str>,
    /// What it is called in its scope.
    id: Cow<'a, str>,
}

/// What a caller wants of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// To have a handle.
    Read,
    /// To put or delete it.
    Write,
}

/// A part of a list in the order of bytes: from `start` on, before `end`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The first that may be in it.
    pub start: String,
    /// The first after it.
    pub end: String,
}

impl SecretGrant {
    /// Whether nothing is granted.
    pub fn is_empty(&self) -> bool {
        self.read.is_empty() && self.write.is_empty()
    }
}

impl Shelf {
    pub(super) fn new(
        tenant: &str,
        kind: &'static str,
        granted: SecretGrant,
        limits: &Limits,
    ) -> Self {
        let value_bytes_max = limits.value_bytes.min(crate::secret::VALUE_BYTES_MAX);
        Self { scope: Scope::new(tenant, kind, ""), granted, value_bytes_max }
    }

    /// Where they are.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What is granted.
    pub fn granted(&self) -> &SecretGrant {
        &self.granted
    }

    /// Longest value, in bytes.
    pub fn value_bytes_max(&self) -> u64 {
        self.value_bytes_max
    }

    /// How many versions of each are kept.
    pub fn keep(&self) -> u32 {
        // A manifest was checked; what an embedder's code says was not.
        self.granted.keep.unwrap_or(VERSIONS_KEPT).clamp(1, VERSIONS_KEPT_MAX)
    }

    /// The secret `name`, or the credential of `user`, if `right` to it is granted.
    pub fn item<'a>(
        &'a self,
        name: &'a str,
        user: Option<&'a str>,
        right: Right,
    ) -> Result<Item<'a>, Refused> {
        let names = match right {
            Right::Read => &self.granted.read,
            Right::Write => &self.granted.write,
        };
        // A name that none can have is on no shelf, whatever the pattern is.
        if names.grant(name) && check_name(name).is_ok() {
            Ok(Item::new(self, name, user))
        } else {
            let service = if user.is_some() { "credential" } else { "secret" };
            Err(Refused::denied(service, name))
        }
    }

    /// The names that may be read, as parts of the list of all, after the place `after`.
    pub fn spans(&self, after: Option<&str>) -> Vec<Span> {
        self.granted.read.spans(after)
    }

    /// What the ids of a user's credentials begin with.
    pub fn user_prefix(user: &str) -> String {
        let mut prefix = Vec::with_capacity(user.len() + 1);
        key::escape(user, &mut prefix).expect("writing to a Vec cannot fail");
        prefix.push(b'/');
        String::from_utf8(prefix).expect("escaped text is ASCII")
    }

    /// The shard of what belongs to this secret name, or to this user.
    pub fn shard_of(&self, name_or_user: &str) -> u8 {
        self.scope.key(name_or_user).shard_of(SECRET_SHARDS)
    }
}

impl<'a> Item<'a> {
    fn new(shelf: &'a Shelf, name: &'a str, user: Option<&'a str>) -> Self {
        let id = match user {
            None => Cow::Borrowed(name),
            // The user is escaped, so the first slash ends it.
            Some(user) => Cow::Owned(Shelf::user_prefix(user) + name),
        };
        Self { shelf, name, user, id }
    }

    /// Where it is.
    pub fn scope(&self) -> &'a Scope {
        &self.shelf.scope
    }

    /// Its name.
    pub fn name(&self) -> &'a str {
        self.name
    }

    /// Whose it is, if it is a user's.
    pub fn user(&self) -> Option<&'a str> {
        self.user
    }

    /// What it is called in its scope: its name, with its user before it if it has one.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The shard it is in: a user's credentials are all in one.
    pub fn shard(&self) -> u8 {
        self.shelf.shard_of(self.user.unwrap_or(self.name))
    }

    /// How many versions of it are kept.
    pub fn keep(&self) -> u32 {
        self.shelf.keep()
    }

    /// Whether its value may be given to who reads it.
    pub fn may_be_revealed(&self) -> bool {
        self.shelf.granted.reveal.grant(self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(read: &[&str]) -> Shelf {
        let read = Names::new(read.iter().copied()).unwrap();
        let granted = SecretGrant { read, ..SecretGrant::default() };
        Shelf::new("acme", "secret", granted, &Limits::default())
    }

    fn spans(read: &[&str], after: Option<&str>) -> Vec<(String, String)> {
        shelf(read).spans(after).into_iter().map(|span| (span.start, span.end)).collect()
    }

    #[test]
    fn what_is_not_granted_is_no_item() {
        let shelf = shelf(&["a-*"]);
        assert!(shelf.item("a-1", None, Right::Read).is_ok());
        for name in ["b", "a", "", "a-:", "a- ", "a-\0"] {
            assert!(shelf.item(name, None, Right::Read).is_err(), "{name:?}");
        }
        assert!(shelf.item("a-1", None, Right::Write).is_err());
    }

    #[test]
    fn ids_of_different_users_and_names_differ() {
        let shelf = shelf(&["*"]);
        let users = ["", "/", "a", "a/", "a/b", "%2F", "ä"];
        let names = ["a", "a/b", "b", "/", "b/a"];
        let mut ids: Vec<String> = Vec::new();
        for user in users {
            for name in names {
                ids.push(shelf.item(name, Some(user), Right::Read).unwrap().id().to_owned());
            }
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), users.len() * names.len());
    }

    #[test]
    fn spans_are_the_patterns_in_order_without_overlap() {
        let span = |start: &str, end: &str| (start.to_owned(), end.to_owned());
        assert_eq!(
            spans(&["m", "b*", "b-2", "a"], None),
            [span("a", "a\0"), span("b", "b\x7f"), span("m", "m\0")]
        );
        assert_eq!(spans(&["a", "b*"], Some("b-7")), [span("b-7\0", "b\x7f")]);
        assert_eq!(spans(&["a", "b*"], Some("c")), []);
        assert_eq!(spans(&["*", "b"], None), [span("", "\x7f")]);
    }
}
