//! A version as the store keeps it: sealed, and bound to what it is.

use zeroize::Zeroizing;

use super::keys::{Keys, UnwrapError};
use super::provider::{DataKey, KEY_BYTES, KeyError, KeyRef};
use super::store::{Sealed, Wrap};
use super::{Error, Unopened, Value, seal};
use crate::grant::Scope;

/// The first byte of a body: what follows is a box of [`seal`].
const FORMAT: u8 = 1;

/// What a version is, which is bound to all that is encrypted of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Identity<'a> {
    /// Tenant and kind.
    pub(super) scope: &'a Scope,
    /// Name, and user.
    pub(super) id: &'a str,
    pub(super) version: u64,
}

impl Identity<'_> {
    /// The context of `part`. No part of it has a NUL, so different ones differ: a path is
    /// escaped, a user is, a name and a key have only the characters of names.
    fn context(&self, part: &str, key: &str) -> Vec<u8> {
        let Self { scope, id, version } = self;
        format!("satama secret {FORMAT}\0{part}\0{}\0{id}\0{version}\0{key}", scope.path())
            .into_bytes()
    }

    pub(super) fn wrap_context(&self, key: &KeyRef) -> Vec<u8> {
        self.context("key", &key.to_string())
    }

    fn body_context(&self) -> Vec<u8> {
        self.context("value", "")
    }
}

/// Encrypts `value` with a new key, and that with the primary one.
pub(super) async fn seal(
    keys: &Keys,
    identity: Identity<'_>,
    value: &Value,
) -> Result<Sealed, UnwrapError> {
    let key = DataKey::new(seal::random::<KEY_BYTES>());
    let wrap = keys.wrap(&key, |name| identity.wrap_context(name)).await?;
    let sealed = seal::seal(key.reveal(), &identity.body_context(), value.reveal());
    let mut body = Vec::with_capacity(1 + sealed.len());
    body.push(FORMAT);
    body.extend(sealed);
    Ok(Sealed { wrap, body })
}

/// What was sealed as `identity`.
pub(super) async fn open(
    keys: &Keys,
    identity: Identity<'_>,
    sealed: &Sealed,
) -> Result<Value, Error> {
    let undecryptable = |source| Error::Undecryptable { id: identity.id.to_owned(), source };
    let body = body(&sealed.body).map_err(undecryptable)?;
    let key = keys.unwrap(&sealed.wrap, &identity.wrap_context(&sealed.wrap.key)).await;
    let key = key.map_err(|err| match err {
        UnwrapError::Key { source: KeyError::Unavailable(_), .. } => Error::Keys(err),
        err => undecryptable(Unopened::Unwrap(err)),
    })?;
    let value = seal::open(key.reveal(), &identity.body_context(), body);
    value.map(Value).map_err(|seal::Closed| undecryptable(Unopened::Body))
}

/// The box in a body.
fn body(bytes: &[u8]) -> Result<&[u8], Unopened> {
    match bytes.split_first() {
        Some((&FORMAT, sealed)) if sealed.len() >= seal::BOX_BYTES => Ok(sealed),
        Some((&FORMAT, _)) | None => Err(Unopened::Malformed("its value is cut short")),
        Some((&format, _)) => Err(Unopened::Format(format)),
    }
}

/// Parses a record as a store keeps it, which may hold anything: for the fuzzer. True if
/// both parts of it have the form that they should have.
pub fn is_well_formed(wrap: &[u8], value: &[u8]) -> bool {
    Wrap::parse(wrap).is_some_and(|parsed| parsed.bytes() == wrap) && body(value).is_ok()
}

impl Value {
    /// These bytes as a secret.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes.
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}
