//! A key encryption key that this process holds.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::super::provider::{DataKey, KEY_BYTES, KeyError, KeyProvider, Pending};
use super::super::seal;

/// Bytes of a key check value: enough that no wrong key has the same one by chance.
pub(super) const CHECK_BYTES: usize = 16;

/// Separates a check value from whatever else is derived from a key.
const CHECK_INFO: &[u8] = b"satama key check 1";

/// A key encryption key in memory. Zeroized when dropped, and never shown.
pub struct LocalKey(Zeroizing<[u8; KEY_BYTES]>);

/// What tells a key from another and does not tell the key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Check([u8; CHECK_BYTES]);

impl LocalKey {
    /// These bytes as a key.
    pub fn new(bytes: Zeroizing<[u8; KEY_BYTES]>) -> Self {
        Self(bytes)
    }

    /// A new key.
    pub fn random() -> Self {
        Self(seal::random())
    }

    /// The key itself, for the one place that saves a new one.
    pub(super) fn reveal(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// Its check value.
    pub(super) fn check(&self) -> Check {
        let mut check = [0; CHECK_BYTES];
        Hkdf::<Sha256>::new(None, &*self.0)
            .expand(CHECK_INFO, &mut check)
            .expect("HKDF-SHA-256 gives up to 8160 bytes");
        Check(check)
    }
}

impl KeyProvider for LocalKey {
    fn wrap<'a>(&'a self, dek: &'a DataKey, context: &'a [u8]) -> Pending<'a, Vec<u8>> {
        Box::pin(async move { Ok(seal::seal(&*self.0, context, dek.reveal())) })
    }

    fn unwrap<'a>(&'a self, wrapped: &'a [u8], context: &'a [u8]) -> Pending<'a, DataKey> {
        Box::pin(async move {
            let opened = seal::open(&*self.0, context, wrapped);
            let opened = opened.map_err(|seal::Closed| KeyError::Mismatch)?;
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            if opened.len() != key.len() {
                return Err(KeyError::Mismatch);
            }
            key.copy_from_slice(&opened);
            Ok(DataKey::new(key))
        })
    }
}

impl Check {
    /// What `text` says, if that is a check value.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        bytes.try_into().ok().map(Self)
    }

    /// As it is written to the file.
    pub(super) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl PartialEq for Check {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_wrapped_is_unwrapped_by_the_same_alone() {
        let key = LocalKey::new(Zeroizing::new([1; KEY_BYTES]));
        let other = LocalKey::new(Zeroizing::new([2; KEY_BYTES]));
        let dek = DataKey::new(Zeroizing::new([3; KEY_BYTES]));
        let wrapped = key.wrap(&dek, b"record").await.unwrap();
        assert_eq!(wrapped.len(), KEY_BYTES + seal::BOX_BYTES);
        assert_eq!(key.unwrap(&wrapped, b"record").await.unwrap().reveal(), dek.reveal());
        let mut changed = wrapped.clone();
        changed[100] ^= 1;
        for (key, wrapped, context) in [
            (&other, &wrapped, b"record".as_slice()),
            (&key, &wrapped, b"recore"),
            (&key, &changed, b"record"),
            (&key, &Vec::new(), b"record"),
            // A box, but not of a key.
            (&key, &seal::seal(&[1; KEY_BYTES], b"record", b"short"), b"record"),
        ] {
            let err = key.unwrap(wrapped, context).await.err().unwrap();
            assert!(matches!(err, KeyError::Mismatch));
        }
    }

    /// Computed apart from this code, with Python's `cryptography` 48: a check value that
    /// changes would refuse every keyring there is.
    #[test]
    fn a_check_value_stays_what_it_is() {
        let key = LocalKey::new(Zeroizing::new(std::array::from_fn(|at| at.try_into().unwrap())));
        let expected: u128 = 0x0d79_cacc_acbe_0bc8_ebbd_25f0_d2e6_8880;
        assert_eq!(key.check().0, expected.to_be_bytes());
        assert_eq!(key.check().text(), "DXnKzKy-C8jrvSXw0uaIgA");
        assert!(Check::parse("DXnKzKy-C8jrvSXw0uaIgA").unwrap() == key.check());
        assert!(LocalKey::random().check() != key.check());
        for text in
            ["", "DXnKzKy-C8jrvSXw0uaI", "DXnKzKy-C8jrvSXw0uaIgAAA", "DXnKzKy+C8jrvSXw0uaIgA"]
        {
            assert!(Check::parse(text).is_none());
        }
    }
}
