//! What a keyring's keys can do: wrap and unwrap the key of one record.

use std::fmt;
use std::pin::Pin;
use std::str::FromStr;

use zeroize::Zeroizing;

/// Bytes of a data key, and of a key encryption key: AES-256.
pub const KEY_BYTES: usize = 32;

/// The key of one version of one secret. Zeroized when dropped, and never shown.
pub struct DataKey(Zeroizing<[u8; KEY_BYTES]>);

/// Which key encryption key: its id, and which of the keys that have had that id.
/// As text `id/version`, which is what a record carries.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyRef {
    /// 1 to 64 of `[A-Za-z0-9._-]`.
    pub id: String,
    /// From one.
    pub version: u32,
}

/// An answer that is waited for.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, KeyError>> + Send + 'a>>;

/// A key encryption key, wherever it is. One that never leaves its store is a provider
/// that asks that store.
///
/// `context` is bound to what is wrapped: it says which record, and under which key. What
/// was wrapped with one opens with no other.
pub trait KeyProvider: Send + Sync {
    /// Encrypts `dek`. Twice the same never gives the same bytes; at most
    /// [`WRAPPED_BYTES_MAX`] of them.
    fn wrap<'a>(&'a self, dek: &'a DataKey, context: &'a [u8]) -> Pending<'a, Vec<u8>>;

    /// Decrypts what [`KeyProvider::wrap`] gave, for the same context. What was wrapped
    /// by another key, for another context, or was changed is [`KeyError::Mismatch`].
    fn unwrap<'a>(&'a self, wrapped: &'a [u8], context: &'a [u8]) -> Pending<'a, DataKey>;
}

/// Longest wrapped data key, in bytes.
pub const WRAPPED_BYTES_MAX: usize = 1024;

/// Why a key did not do it.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The bytes are not what this key wrapped for this context. One text, whatever is
    /// wrong with them: no oracle.
    #[error("it was not wrapped by this key, or was changed since")]
    Mismatch,
    /// The key cannot be used now. It may work later.
    #[error("the key cannot be used")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Text that names no key.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not a key; write ID/VERSION, as `main/1`")]
pub struct NotAKey(String);

impl DataKey {
    /// These bytes as a key.
    pub fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(bytes)
    }

    /// The key itself, for the one place that encrypts with it.
    pub fn reveal(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }
}

impl KeyRef {
    /// Key `version` of `id`, if that is a name for one.
    pub fn new(id: &str, version: u32) -> Result<Self, NotAKey> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        if id.is_empty() || id.len() > 64 || !id.bytes().all(plain) || version == 0 {
            let id: String = id.chars().take(80).flat_map(char::escape_default).collect();
            return Err(NotAKey(format!("{id}/{version}")));
        }
        Ok(Self { id: id.to_owned(), version })
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.id, self.version)
    }
}

impl FromStr for KeyRef {
    type Err = NotAKey;

    fn from_str(text: &str) -> Result<Self, NotAKey> {
        let fail = || NotAKey(text.chars().take(80).flat_map(char::escape_default).collect());
        let (id, version) = text.rsplit_once('/').ok_or_else(fail)?;
        // One spelling each, or one key would have two names.
        let canonical = !version.starts_with(['0', '+']);
        let version = version.parse().ok().filter(|_| canonical).ok_or_else(fail)?;
        Self::new(id, version)
    }
}
