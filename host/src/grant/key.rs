//! Where data lives. Distinct (tenant, service, name, id) have distinct keys, in
//! every store.
//!
//! In SQLite a key is two columns, scope and id. In Redis it is text, in one of
//! two shapes, both of which begin with the tenant inside a cluster's hash tag
//! (<https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags>):
//!
//! ```text
//! {acme:session:web:42}          a key of its own slot
//! {acme:hub:chat:news}s:         another key of that slot
//! {acme:cache:docs:2a}e:page/1   one of the keys of a shard: entry `page/1` of shard 2a
//! ```
//!
//! A tag's parts are escaped, so they hold neither `:` nor `}` nor anything that
//! a Redis pattern would read as a wildcard. What follows a tag is one kind, a
//! colon, and one name, so it needs no escape to be read back.

use std::io::{self, Write};

/// How many shards a space is spread over, so that a large one fills a cluster
/// evenly and no script touches more than its shard. Part of the format: another
/// number would not find what was written.
pub const SHARDS: u8 = 64;

/// A key space that a tenant was granted. Only [`super::Grant`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// `tenant:service:name`, each part escaped.
    path: Box<str>,
}

/// The key spaces of a hub. Only [`super::Grant`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HubScope {
    topics: Scope,
    channels: Scope,
}

/// One thing in a [`Scope`]. Made without copying, on every call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key<'a> {
    scope: &'a Scope,
    id: &'a str,
}

/// A key as Redis knows it. `redis.rs` writes it straight into the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RedisKey<'a> {
    /// In a slot of its own.
    Own(Key<'a>),
    /// In that slot too.
    Beside {
        /// Whose slot it is.
        own: Key<'a>,
        /// What the key holds; each service has its letters.
        kind: char,
        /// Whose it is.
        name: &'a str,
    },
    /// What all keys of a shard begin with; no key is called so.
    Tag {
        /// The space that is sharded.
        scope: &'a Scope,
        /// Below [`SHARDS`].
        shard: u8,
    },
    /// One of the keys of a shard.
    Shard {
        /// The space that is sharded.
        scope: &'a Scope,
        /// Below [`SHARDS`].
        shard: u8,
        /// What the key holds; each service has its letters.
        kind: char,
        /// Whose it is.
        name: &'a str,
    },
}

impl Scope {
    pub(super) fn new(tenant: &str, service: &'static str, name: &str) -> Self {
        let mut path = Vec::with_capacity(tenant.len() + service.len() + name.len() + 2);
        let written = escape(tenant, &mut path)
            .and_then(|()| write!(path, ":{service}:"))
            .and_then(|()| escape(name, &mut path));
        written.expect("writing to a Vec cannot fail");
        let path = String::from_utf8(path).expect("escaped text is ASCII");
        Self { path: path.into() }
    }

    /// What all keys of a tenant begin with in Redis, and no other's.
    pub(crate) fn tenant_prefix(tenant: &str) -> String {
        let mut prefix = b"{".to_vec();
        escape(tenant, &mut prefix).expect("writing to a Vec cannot fail");
        prefix.push(b':');
        String::from_utf8(prefix).expect("escaped text is ASCII")
    }

    /// The scope with this path, for who has the whole store: an operator.
    pub(crate) fn from_path(path: &str) -> Self {
        Self { path: path.into() }
    }

    /// The key of `id` in this scope.
    pub fn key<'a>(&'a self, id: &'a str) -> Key<'a> {
        Key { scope: self, id }
    }

    /// The scope as text: unique to its tenant, service and name.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The topics of the hub that belongs to these channels. Who subscribed one of
    /// them was asked for the permission.
    pub(crate) fn hub(&self) -> Self {
        let (tenant, rest) = self.path.split_once(':').unwrap_or_default();
        let (_, name) = rest.split_once(':').unwrap_or_default();
        Self { path: format!("{tenant}:hub:{name}").into() }
    }

    /// A key of one shard that belongs to no single id.
    pub fn in_shard<'a>(&'a self, shard: u8, kind: char, name: &'a str) -> RedisKey<'a> {
        RedisKey::Shard { scope: self, shard, kind, name }
    }
}

impl<'a> Key<'a> {
    /// The space it is in.
    pub fn scope(self) -> &'a Scope {
        self.scope
    }

    /// Its name within that space.
    pub fn id(self) -> &'a str {
        self.id
    }

    /// The shard it is in.
    pub fn shard(self) -> u8 {
        self.shard_of(SHARDS)
    }

    /// The shard it is in if there are `shards`: FNV-1a, 32 bits, of its id
    /// (<http://www.isthe.com/chongo/tech/comp/fnv/>).
    pub fn shard_of(self, shards: u8) -> u8 {
        let hash = self
            .id
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        u8::try_from(hash % u32::from(shards)).expect("there are fewer than 256 shards")
    }

    /// The key of what `kind` says of this, beside its shard's other keys.
    pub fn sharded(self, kind: char) -> RedisKey<'a> {
        self.scope.in_shard(self.shard(), kind, self.id)
    }

    /// The key in a slot of its own.
    pub fn own(self) -> RedisKey<'a> {
        RedisKey::Own(self)
    }

    /// Another key in that slot.
    pub fn beside(self, kind: char, name: &'a str) -> RedisKey<'a> {
        RedisKey::Beside { own: self, kind, name }
    }
}

impl HubScope {
    pub(super) fn new(topics: Scope, channels: Scope) -> Self {
        Self { topics, channels }
    }

    /// The hub's topics.
    pub fn topics(&self) -> &Scope {
        &self.topics
    }

    /// The channels that can be subscribed to them.
    pub fn channels(&self) -> &Scope {
        &self.channels
    }
}

impl RedisKey<'_> {
    /// The key's text.
    pub fn bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(64);
        self.write(&mut out).expect("writing to a Vec cannot fail");
        out
    }

    /// Writes the key's text.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match *self {
            Self::Own(key) => {
                write!(out, "{{{}:", key.scope.path)?;
                escape(key.id, out)?;
                out.write_all(b"}")
            }
            Self::Beside { own, kind, name } => {
                Self::Own(own).write(out)?;
                out.write_all(&[kind as u8, b':'])?;
                out.write_all(name.as_bytes())
            }
            Self::Tag { scope, shard } => {
                // Pieces rather than one format: this is on the path of every read.
                out.write_all(b"{")?;
                out.write_all(scope.path.as_bytes())?;
                let digits = b"0123456789abcdef";
                let (high, low) = (usize::from(shard >> 4), usize::from(shard & 15));
                out.write_all(&[b':', digits[high], digits[low], b'}'])
            }
            Self::Shard { scope, shard, kind, name } => {
                Self::Tag { scope, shard }.write(out)?;
                out.write_all(&[kind as u8, b':'])?;
                out.write_all(name.as_bytes())
            }
        }
    }
}

/// Percent-encodes whatever is not `[A-Za-z0-9._-]`, so that no part can end
/// early, open a tag, or act as a pattern.
pub(super) fn escape(part: &str, out: &mut impl Write) -> io::Result<()> {
    for byte in part.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => {
                out.write_all(&[byte])?
            }
            _ => write!(out, "%{byte:02X}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(key: &RedisKey<'_>) -> String {
        let mut out = Vec::new();
        key.write(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn keys_read_as_documented() {
        let scope = Scope::new("acme", "session", "web");
        assert_eq!(text(&scope.key("42").own()), "{acme:session:web:42}");
        assert_eq!(text(&scope.key("a:}*").own()), "{acme:session:web:a%3A%7D%2A}");
        assert_eq!(text(&scope.key("42").beside('s', "}x")), "{acme:session:web:42}s:}x");
        let scope = Scope::new("acme", "cache", "d:cs");
        assert_eq!(text(&scope.key("a}b").sharded('e')), "{acme:cache:d%3Acs:33}e:a}b");
    }

    #[test]
    fn shards_are_those_that_were_written() {
        let scope = Scope::new("t", "cache", "b");
        let shards = ["", "a", "foobar"].map(|id| scope.key(id).shard());
        // FNV-1a of the three, from its test suite: 811c9dc5, e40c292c, bf9cf968.
        assert_eq!(shards, [0x05, 0x2c, 0x28]);
    }

    /// What can go wrong: separators, braces, wildcards, controls, and plain text.
    fn part() -> impl Strategy<Value = String> {
        prop_oneof![r"[a-c:{}%*?\[\]\\\x00]{0,4}", "[a-b.:]{0,3}", any::<String>()]
    }

    fn address() -> impl Strategy<Value = (String, &'static str, String, String)> {
        (part(), prop_oneof![Just("cache"), Just("session")], part(), part())
    }

    proptest! {
        /// D23, and what a Redis ACL rule relies on.
        #[test]
        fn different_addresses_never_share_a_key_or_a_prefix(a in address(), b in address()) {
            prop_assume!(a != b);
            let (a_scope, b_scope) = (Scope::new(&a.0, a.1, &a.2), Scope::new(&b.0, b.1, &b.2));
            prop_assert_ne!((a_scope.path(), &a.3), (b_scope.path(), &b.3));
            let (a_key, b_key) = (a_scope.key(&a.3), b_scope.key(&b.3));
            prop_assert_ne!(text(&a_key.own()), text(&b_key.own()));
            prop_assert_ne!(text(&a_key.sharded('e')), text(&b_key.sharded('e')));
            prop_assert_ne!(text(&a_key.beside('s', &a.3)), text(&b_key.beside('s', &b.3)));
            let tenant = Scope::tenant_prefix(&a.0);
            prop_assert!(text(&a_key.own()).starts_with(&tenant));
            prop_assert!(text(&a_key.sharded('e')).starts_with(&tenant));
            prop_assert_eq!(text(&b_key.own()).starts_with(&tenant), a.0 == b.0);
            prop_assert!(!tenant.contains(['*', '?', '[', '\\']));
            if a_scope != b_scope {
                let prefix = format!("{{{}:", a_scope.path());
                prop_assert!(!text(&b_key.own()).starts_with(&prefix));
                prop_assert!(!text(&b_key.sharded('e')).starts_with(&prefix));
                prop_assert!(!prefix.contains(['*', '?', '[', '\\']));
            }
        }

        #[test]
        fn a_key_has_one_tag_and_it_holds_the_scope(a in address()) {
            let scope = Scope::new(&a.0, a.1, &a.2);
            for key in [scope.key(&a.3).own(), scope.key(&a.3).sharded('e')] {
                let key = text(&key);
                let tag = &key[1..key.find('}').unwrap()];
                prop_assert!(key.starts_with('{') && tag.starts_with(scope.path()), "{}", key);
            }
        }
    }
}
