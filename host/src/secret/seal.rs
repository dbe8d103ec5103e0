//! The only cryptography of secrets: one box, and the names of what is in it.
//!
//! ```text
//! salt[32] ‖ commitment[32] ‖ AES-256-GCM(key, nonce, plaintext, AAD = context)
//! key[32] ‖ nonce[12] ‖ commitment[32] = HKDF-SHA-256(secret key, salt, info = LABEL ‖ context)
//! ```
//!
//! A salt is random, so each box has a key of its own, and no count of boxes wears out
//! the secret key (random nonces would, after 2^32: NIST SP 800-38D, section 8.3). The
//! commitment is checked first: AES-GCM alone can be made to open under two keys
//! (<https://eprint.iacr.org/2020/1456>), a box opens under the key and the context that
//! made it and no other. AWS's Encryption SDK commits likewise (its suite 0478).

use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use rand::TryRng as _;
use sha2::Sha256;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// What a box has beyond its plaintext, in bytes: salt, commitment, tag.
pub(super) const BOX_BYTES: usize = SALT_BYTES + COMMITMENT_BYTES + TAG_BYTES;

const SALT_BYTES: usize = 32;
const COMMITMENT_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const KEY_BYTES: usize = 32;

/// Separates the keys of boxes from whatever else a key is used for.
const LABEL: &[u8] = b"satama box 1\0";

/// A box that does not open: another key or context, or bytes that were changed. One
/// error for all, so that nobody learns which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Closed;

/// Random bytes of the operating system.
pub(super) fn random<const N: usize>() -> Zeroizing<[u8; N]> {
    let mut bytes = Zeroizing::new([0; N]);
    // Keys must not be guessed at: with no randomness there is nothing to go on with.
    rand::rngs::SysRng
        .try_fill_bytes(&mut *bytes)
        .expect("the operating system gives random bytes");
    bytes
}

/// Puts `plaintext` into a box that opens with `key` and `context`.
pub(super) fn seal(key: &[u8], context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    seal_with(&random::<SALT_BYTES>(), key, context, plaintext)
}

fn seal_with(salt: &[u8; SALT_BYTES], key: &[u8], context: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let keys = Keys::derive(key, salt, context);
    let sealed = keys
        .cipher()
        .encrypt(&keys.nonce(), Payload { msg: plaintext, aad: context })
        // Only from 64 GiB on.
        .expect("what is sealed is short");
    [salt.as_slice(), keys.commitment(), &sealed].concat()
}

/// What is in a box that was sealed with `key` and `context`.
pub(super) fn open(
    key: &[u8],
    context: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Closed> {
    let (salt, rest) = sealed.split_at_checked(SALT_BYTES).ok_or(Closed)?;
    let (commitment, sealed) = rest.split_at_checked(COMMITMENT_BYTES).ok_or(Closed)?;
    let keys = Keys::derive(key, salt, context);
    if !bool::from(keys.commitment().ct_eq(commitment)) {
        return Err(Closed);
    }
    let opened = keys.cipher().decrypt(&keys.nonce(), Payload { msg: sealed, aad: context });
    opened.map(Zeroizing::new).map_err(|_| Closed)
}

/// The HMAC-SHA-256 of `data` (RFC 2104).
pub(super) fn hmac(key: &[u8], data: &[u8]) -> [u8; 32] {
    mac(key, data).finalize().into_bytes().into()
}

/// Whether `tag` is the HMAC-SHA-256 of `data`, in a time that does not tell how much of
/// it is right.
pub(super) fn is_hmac(key: &[u8], data: &[u8], tag: &[u8]) -> bool {
    mac(key, data).verify_slice(tag).is_ok()
}

fn mac(key: &[u8], data: &[u8]) -> Hmac<Sha256> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
        .expect("HMAC takes a key of any length");
    mac.update(data);
    mac
}

/// What a box derives from the secret key.
struct Keys(Zeroizing<[u8; KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES]>);

impl Keys {
    fn derive(key: &[u8], salt: &[u8], context: &[u8]) -> Self {
        let mut keys = Zeroizing::new([0; KEY_BYTES + NONCE_BYTES + COMMITMENT_BYTES]);
        Hkdf::<Sha256>::new(Some(salt), key)
            .expand_multi_info(&[LABEL, context], &mut *keys)
            .expect("HKDF-SHA-256 gives up to 8160 bytes");
        Self(keys)
    }

    fn cipher(&self) -> Aes256Gcm {
        Aes256Gcm::new_from_slice(&self.0[..KEY_BYTES]).expect("its length")
    }

    fn nonce(&self) -> Nonce<aes_gcm::aead::consts::U12> {
        let nonce: [u8; NONCE_BYTES] =
            self.0[KEY_BYTES..KEY_BYTES + NONCE_BYTES].try_into().expect("its length");
        nonce.into()
    }

    fn commitment(&self) -> &[u8] {
        &self.0[KEY_BYTES + NONCE_BYTES..]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap())
            .collect()
    }

    fn bytes<const N: usize>(from: u8) -> [u8; N] {
        std::array::from_fn(|at| from + u8::try_from(at).unwrap())
    }

    /// Test cases 13 to 16 of McGrew and Viega, The Galois/Counter Mode of Operation, which
    /// NIST SP 800-38D cites:
    /// <https://csrc.nist.gov/groups/ST/toolkit/BCM/documents/proposedmodes/gcm/gcm-spec.pdf>.
    #[test]
    fn aes_256_gcm_is_that_of_its_authors() {
        let (zero, key) = ("00".repeat(32), "feffe9928665731c6d6a8f9467308308".repeat(2));
        let nonce = "cafebabefacedbaddecaf888";
        let plain = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72\
                     1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
        let cipher = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa\
                      8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";
        let aad = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
        let cases = [
            (&zero, &zero[..24], "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"),
            (
                &zero,
                &zero[..24],
                &zero[..32],
                "",
                "cea7403d4d606b6e074ec5d3baf39d18",
                "d0d1c8a799996bf0265b98b5d48ab919",
            ),
            (&key, nonce, plain, "", cipher, "b094dac5d93471bdec1a502270e3cc6c"),
            (&key, nonce, &plain[..120], aad, &cipher[..120], "76fc6ece0f4e1768cddf8853bb2d551b"),
        ];
        for (key, nonce, plain, aad, cipher, tag) in cases {
            let nonce: [u8; NONCE_BYTES] = hex(nonce).try_into().unwrap();
            let (plain, aad) = (hex(plain), hex(aad));
            let gcm = Aes256Gcm::new_from_slice(&hex(key)).unwrap();
            let sealed = gcm.encrypt(&nonce.into(), Payload { msg: &plain, aad: &aad }).unwrap();
            assert_eq!(sealed, [hex(cipher), hex(tag)].concat());
            let payload = Payload { msg: &sealed, aad: &aad };
            assert_eq!(gcm.decrypt(&nonce.into(), payload).unwrap(), plain);
        }
    }

    /// RFC 5869, appendix A.1 to A.3: <https://www.rfc-editor.org/rfc/rfc5869#appendix-A>.
    #[test]
    fn hkdf_sha_256_is_that_of_its_rfc() {
        let ikm = [0x0b; 22];
        let first = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf\
                     34007208d5b887185865";
        let second = "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c\
                      59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71\
                      cc30c58179ec3e87c14c01d5c1f3434f1d87";
        let third = "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d\
                     9d201395faa4b61a96c8";
        let (salt, info) = (bytes::<13>(0), bytes::<10>(0xf0));
        let long = (bytes::<80>(0x60), bytes::<80>(0), bytes::<80>(0xb0));
        let cases = [
            (salt.as_slice(), ikm.as_slice(), info.as_slice(), first),
            (&long.0, &long.1, &long.2, second),
            (&[], &ikm, &[], third),
        ];
        for (salt, ikm, info, expected) in cases {
            let mut okm = vec![0; expected.len() / 2];
            Hkdf::<Sha256>::new(Some(salt), ikm).expand(info, &mut okm).unwrap();
            assert_eq!(okm, hex(expected));
        }
    }

    /// RFC 4231, sections 4.2 and 4.3: <https://www.rfc-editor.org/rfc/rfc4231#section-4>.
    #[test]
    fn hmac_sha_256_is_that_of_its_rfc() {
        let cases = [
            (
                [0x0b; 20].as_slice(),
                "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
            ),
            (
                b"Jefe",
                "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
        ];
        for (key, data, expected) in cases {
            let mut tag = hmac(key, data.as_bytes());
            assert_eq!(tag.to_vec(), hex(expected));
            assert!(is_hmac(key, data.as_bytes(), &tag));
            tag[31] ^= 1;
            assert!(!is_hmac(key, data.as_bytes(), &tag));
            assert!(!is_hmac(key, data.as_bytes(), &tag[..31]));
        }
    }

    /// Whoever changes these bytes loses every secret there is. They were computed apart
    /// from this code, with Python's `cryptography` 48, from what the head of this file says.
    #[test]
    fn a_box_stays_what_it_is() {
        let (key, salt) = (bytes::<32>(0), bytes::<32>(32));
        let (context, plain) = (b"satama test", b"sealed with bytes that are known");
        let pinned = hex("202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\
             a87bf5600a1855aa3cd9449536fd595b1eeb211e6b3be9c3bcc0bdd6d3015df6\
             10fd70db142526669cb04fa7d8e02e8ee931c6c56e53e92e9156ab283c128254\
             22ad07b840cc701bd2cac2ea43d567a2");
        assert_eq!(seal_with(&salt, &key, context, plain), pinned);
        assert_eq!(*open(&key, context, &pinned).unwrap(), plain);
        assert_eq!(pinned.len(), plain.len() + BOX_BYTES);
    }

    #[test]
    fn a_box_that_is_too_short_is_closed() {
        let sealed = seal(&[7; 32], b"c", b"");
        assert_eq!(sealed.len(), BOX_BYTES);
        for len in 0..sealed.len() {
            assert_eq!(open(&[7; 32], b"c", &sealed[..len]), Err(Closed));
        }
        let longer = [sealed.as_slice(), &[0]].concat();
        assert_eq!(open(&[7; 32], b"c", &longer), Err(Closed));
    }

    #[test]
    fn twice_the_same_gives_other_bytes() {
        assert_ne!(seal(&[7; 32], b"c", b"p"), seal(&[7; 32], b"c", b"p"));
    }

    fn any_bytes(max: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..max)
    }

    proptest! {
        #[test]
        fn what_is_sealed_opens(
            key: [u8; 32], context in any_bytes(64), plain in any_bytes(300),
        ) {
            let sealed = seal(&key, &context, &plain);
            prop_assert_eq!(&*open(&key, &context, &sealed).unwrap(), &plain);
        }

        #[test]
        fn a_flipped_bit_closes(key: [u8; 32], plain in any_bytes(64), bit: prop::sample::Index) {
            let mut sealed = seal(&key, b"c", &plain);
            let bit = bit.index(8 * sealed.len());
            sealed[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&key, b"c", &sealed), Err(Closed));
        }

        #[test]
        fn another_key_closes(key: [u8; 32], bit in 0_usize..256, plain in any_bytes(64)) {
            let mut other = key;
            other[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(open(&other, b"c", &seal(&key, b"c", &plain)), Err(Closed));
        }

        #[test]
        fn another_context_closes(
            context in any_bytes(64), other in any_bytes(64), plain in any_bytes(64),
        ) {
            prop_assume!(context != other);
            prop_assert_eq!(open(&[7; 32], &other, &seal(&[7; 32], &context, &plain)), Err(Closed));
        }

        #[test]
        fn no_bytes_open(key: [u8; 32], sealed in any_bytes(300)) {
            prop_assert_eq!(open(&key, b"c", &sealed), Err(Closed));
        }
    }
}
