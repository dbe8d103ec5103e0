//! The records of Pikku (`@pikku/redis` from 0.12.14 on), so that a host can take over
//! what is there: <https://github.com/pikkujs/pikku>, `packages/core/src/crypto-utils.ts`.
//!
//! ```text
//! KEK         = PBKDF2-HMAC-SHA-256(passphrase, salt, 600 000 iterations)
//! sealed      = base64url(iv[12] ‖ AES-256-GCM(key, iv, JSON text, no AAD))
//! wrapped_dek = sealed with the KEK: the base64url of the DEK, as a JSON string
//! ciphertext  = sealed with the DEK: the secret, as JSON
//! ```
//!
//! A record says neither whose it is nor how it was made, so that one secret's can be put
//! in the place of another's. That is why this is for taking over, and not our format.

use std::str::FromStr;

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::provider::KEY_BYTES;
use super::seal;

/// PBKDF2's, as Pikku has them fixed.
const ITERATIONS: u32 = 600_000;

const SALT_BYTES: usize = 16;
const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

/// Pikku's decoder, like a browser's, takes what others refuse.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What a key encryption key is made with, besides the passphrase: one for each version,
/// in the hash `PREFIX:kek-salt`. No secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Salt([u8; SALT_BYTES]);

/// A key encryption key of Pikku. Zeroized when dropped, and never shown.
pub struct Kek(Zeroizing<[u8; KEY_BYTES]>);

/// A secret, as it is in the hash `PREFIX:secret:NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The secret, sealed with its data key.
    pub ciphertext: String,
    /// The data key, sealed with a key encryption key.
    pub wrapped_dek: String,
    /// Which version of the key encryption key that is.
    pub key_version: u32,
}

/// A part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Its `ciphertext`.
    Ciphertext,
    /// Its `wrapped_dek`.
    WrappedDek,
}

/// Why a record does not open. Never with anything of what is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A salt that is none: it is not made up, or all that it was for would be lost.
    #[error("the salt is not the base64url of {SALT_BYTES} bytes")]
    Salt,
    /// A version that is none.
    #[error("`key_version` is not a whole number below 2^32")]
    Version,
    /// A part that is not base64, or too short to be one.
    #[error("`{0}` is not the base64url of {least} bytes or more", least = IV_BYTES + TAG_BYTES)]
    Malformed(Part),
    /// Another passphrase or salt, or the bytes were changed.
    #[error("`{0}` was not sealed with this key, or was changed since")]
    Mismatch(Part),
    /// It opens, and what is in it is not what Pikku puts there. A `ciphertext` without a
    /// byte is what Pikku makes of `undefined`, and cannot read either.
    #[error("what is in `{0}` is not what stands there")]
    Content(Part),
}

impl Kek {
    /// The key of `passphrase`. Takes a quarter of a second, and does not yield.
    pub fn derive(passphrase: &str, salt: &Salt) -> Self {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        pbkdf2::pbkdf2_hmac::<Sha256>(passphrase.as_bytes(), &salt.0, ITERATIONS, &mut *key);
        Self(key)
    }
}

impl Record {
    /// The record of these fields, if they can be that. Whether it opens is not looked at.
    pub fn parse(ciphertext: &str, wrapped_dek: &str, key_version: &str) -> Result<Self, Error> {
        let key_version = parse_version(key_version)?;
        decode(ciphertext, Part::Ciphertext)?;
        decode(wrapped_dek, Part::WrappedDek)?;
        let (ciphertext, wrapped_dek) = (ciphertext.to_owned(), wrapped_dek.to_owned());
        Ok(Self { ciphertext, wrapped_dek, key_version })
    }

    /// The secret's JSON text, byte for byte as it was sealed.
    pub fn open(&self, kek: &Kek) -> Result<Zeroizing<String>, Error> {
        let dek = open(&kek.0, &self.wrapped_dek, Part::WrappedDek)?;
        let dek = decode_key(&dek).ok_or(Error::Content(Part::WrappedDek))?;
        let json = open(&dek, &self.ciphertext, Part::Ciphertext)?;
        let content = Error::Content(Part::Ciphertext);
        let text = str::from_utf8(&json).map_err(|_| content)?;
        if !is_json(text) {
            return Err(content);
        }
        Ok(Zeroizing::new(text.to_owned()))
    }

    /// Seals `json` as it is, which Pikku reads with `JSON.parse`, with a data key of its own.
    pub fn seal(kek: &Kek, key_version: u32, json: &str) -> Result<Self, Error> {
        if !is_json(json) {
            return Err(Error::Content(Part::Ciphertext));
        }
        let dek = seal::random::<KEY_BYTES>();
        let mut text = Zeroizing::new(String::with_capacity(2 + KEY_BYTES * 4 / 3 + 4));
        text.push('"');
        BASE64_URL_SAFE_NO_PAD.encode_string(*dek, &mut text);
        text.push('"');
        let wrapped_dek = seal(&kek.0, text.as_bytes());
        Ok(Self { ciphertext: seal(&dek, json.as_bytes()), wrapped_dek, key_version })
    }
}

impl FromStr for Salt {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let bytes = lenient(text.as_bytes()).ok_or(Error::Salt)?;
        bytes.as_slice().try_into().map(Self).map_err(|_| Error::Salt)
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ciphertext => "ciphertext",
            Self::WrappedDek => "wrapped_dek",
        })
    }
}

/// A version as Pikku writes it: decimal, and no other spelling.
fn parse_version(text: &str) -> Result<u32, Error> {
    let canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| canonical).ok_or(Error::Version)
}

fn open(key: &[u8; KEY_BYTES], sealed: &str, part: Part) -> Result<Zeroizing<Vec<u8>>, Error> {
    let sealed = decode(sealed, part)?;
    let (iv, sealed) = sealed.split_at_checked(IV_BYTES).ok_or(Error::Malformed(part))?;
    let iv: [u8; IV_BYTES] = iv.try_into().map_err(|_| Error::Malformed(part))?;
    let opened = cipher(key).decrypt(&Nonce::from(iv), sealed);
    opened.map(Zeroizing::new).map_err(|_| Error::Mismatch(part))
}

fn seal(key: &[u8; KEY_BYTES], text: &[u8]) -> String {
    let iv = seal::random::<IV_BYTES>();
    // Only from 64 GiB on.
    let sealed = cipher(key).encrypt(&Nonce::from(*iv), text).expect("what is sealed is short");
    BASE64_URL_SAFE_NO_PAD.encode([iv.as_slice(), &sealed].concat())
}

fn cipher(key: &[u8; KEY_BYTES]) -> Aes256Gcm {
    Aes256Gcm::new_from_slice(key).expect("its length")
}

fn decode(text: &str, part: Part) -> Result<Zeroizing<Vec<u8>>, Error> {
    let bytes = lenient(text.as_bytes()).ok_or(Error::Malformed(part))?;
    if bytes.len() < IV_BYTES + TAG_BYTES {
        return Err(Error::Malformed(part));
    }
    Ok(bytes)
}

/// The data key in its JSON text. It is a string without escapes, which spares a copy that
/// a JSON parser would not zeroize.
fn decode_key(text: &[u8]) -> Option<Zeroizing<[u8; KEY_BYTES]>> {
    let text = text.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    let bytes = lenient(text)?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    (bytes.len() == key.len()).then(|| key.copy_from_slice(&bytes))?;
    Some(key)
}

/// What base64 says, in the alphabet of URLs or the standard one, padded or not.
fn lenient(text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let url = |byte: &u8| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => *byte,
    };
    let text: Zeroizing<Vec<u8>> = Zeroizing::new(text.iter().map(url).collect());
    LENIENT.decode(&text).ok().map(Zeroizing::new)
}

/// Whether it is one JSON value, however deep.
fn is_json(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Made by Pikku with `test-key-encryption-key-32chars!`.
    const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";
    const WRAPPED: &str = "xNwWw5VXYye9SaIUex8dXMD6Fp8T87vM4eA74ZpSoRUbpeJPJCCyBOUyXkLAI9R4CQ_viVfwKqQMhapH8FKl7fX8bsS-KwEbOQ";
    const PLAIN: &str = "DmM2Puh_ZFO5ogEC0Te2hkosO9YdTWkuKft3phXKwEUCELP5TjktmRs";
    const WRAPPED_2: &str = "1T1pwuWi57JQOL_R5awklfdiiq8sQXIFlMz1Fj1NQ95dgTcSRogdQJ4T1lk7Vwf4moP8YYCTHnvf7lqRycSS8QXFnTdkYIG2YA";
    const PLAIN_2: &str =
        "P_kse7wbhiH3f-ALkzmN5n_4d9SzCMN8m24BqZUVxEKhj8c7DkyrIL5n0Yi4k1SSf4sdPUUwd5Ppi7vP2HGcyIc";

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The first KEK, without the work of deriving it.
    fn kek() -> Kek {
        let hex = "d2b51b94425730026b809364253bfdcfd51c9c7c7424473f897768a41e81431b";
        Kek(Zeroizing::new(std::array::from_fn(|at| {
            u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()
        })))
    }

    fn error(ciphertext: &str, wrapped_dek: &str) -> Error {
        let record = Record::parse(ciphertext, wrapped_dek, "1");
        record.and_then(|record| record.open(&kek())).unwrap_err()
    }

    /// Vectors made with Pikku and checked with `node:crypto`; see the reference's section 3.
    #[test]
    fn what_pikku_derives_is_derived() {
        for (passphrase, salt, expected) in [
            ("test-key-encryption-key-32chars!", SALT, hex(&*kek().0)),
            (
                "pässwörd",
                "_-_-_-_-_-_-_-_-_-_-_w",
                "29ec07eaf14a5be37da4e5c30d0010e819d40b23b3f17fdfcb88402d7ce609bc".to_owned(),
            ),
        ] {
            let kek = Kek::derive(passphrase, &salt.parse().unwrap());
            assert_eq!(hex(&*kek.0), expected);
            if passphrase == "pässwörd" {
                let wrapped = "AUla3KxPb2herWk5sf59cnTNw0CQCB5EjZUtgqin3ktE35kQ-A31ImNL1jLNcGPDvL1O11TiG8zv9mPRvX_gM4CbOSdlfZV4Vw";
                let ciphertext = "Yh5svhwl_OBgRei4pB4a5Qm4dFF9ZRNj2PBlK76kGjQ";
                let record = Record::parse(ciphertext, wrapped, "3").unwrap();
                assert_eq!(record.open(&kek).unwrap().as_str(), "null");
            }
        }
    }

    #[test]
    fn what_pikku_sealed_opens() {
        let dek = open(&kek().0, WRAPPED, Part::WrappedDek).unwrap();
        assert_eq!(*dek, b"\"K4lCAnwCM5q7Vs9O0me6sh161OILqqyg32V-k5efcoo\"");
        let key = hex(&*decode_key(&dek).unwrap());
        assert_eq!(key, "2b8942027c02339abb56cf4ed267bab21d7ad4e20baaaca0df657e93979f728a");
        for (ciphertext, wrapped, expected) in [
            (PLAIN, WRAPPED, "\"plain-value\""),
            (PLAIN_2, WRAPPED_2, "{\"token\":\"sk-123\",\"n\":1,\"u\":\"é🎉\"}"),
        ] {
            let standard = |text: &str| text.replace('-', "+").replace('_', "/");
            let padded = |text: &str| format!("{text}{}", "=".repeat((4 - text.len() % 4) % 4));
            for (ciphertext, wrapped) in [
                (ciphertext.to_owned(), wrapped.to_owned()),
                (standard(ciphertext), standard(wrapped)),
                (padded(ciphertext), padded(&standard(wrapped))),
            ] {
                let record = Record::parse(&ciphertext, &wrapped, "1").unwrap();
                assert_eq!(record.open(&kek()).unwrap().as_str(), expected);
            }
        }
    }

    #[test]
    fn what_is_sealed_has_pikkus_lengths() {
        let record = Record::seal(&kek(), 7, "\"plain-value\"").unwrap();
        assert_eq!((record.wrapped_dek.len(), record.ciphertext.len()), (98, PLAIN.len()));
        assert_eq!(record.open(&kek()).unwrap().as_str(), "\"plain-value\"");
        let again = Record::seal(&kek(), 7, "\"plain-value\"").unwrap();
        assert!(again.wrapped_dek != record.wrapped_dek && again.ciphertext != record.ciphertext);
        for json in ["", "undefined", "{", "1 2", "'a'"] {
            assert_eq!(Record::seal(&kek(), 1, json), Err(Error::Content(Part::Ciphertext)));
        }
        // Deeper than a recursive parser goes, and half a character, as JSON.stringify writes it.
        for json in
            [format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)), "\"\\ud83c\"".to_owned()]
        {
            assert_eq!(*Record::seal(&kek(), 1, &json).unwrap().open(&kek()).unwrap(), json);
        }
    }

    #[test]
    fn what_is_malformed_is_told() {
        use Part::{Ciphertext, WrappedDek};
        let short = BASE64_URL_SAFE_NO_PAD.encode([0; 27]);
        for bad in ["", "A", "=", "é", "AA AA", "AA==AA", &PLAIN[..35], &short, "\0"] {
            assert_eq!(error(bad, WRAPPED), Error::Malformed(Ciphertext), "{bad}");
            assert_eq!(error(PLAIN, bad), Error::Malformed(WrappedDek), "{bad}");
        }
        assert_eq!(error(PLAIN, WRAPPED_2), Error::Mismatch(Ciphertext));
        assert_eq!(error(PLAIN, PLAIN), Error::Mismatch(WrappedDek));
        assert_eq!(error(&PLAIN[..PLAIN.len() - 4], WRAPPED), Error::Mismatch(Ciphertext));
        for version in ["", "00", "01", "+1", "-1", "1.0", " 1", "4294967296", "one"] {
            assert_eq!(Record::parse(PLAIN, WRAPPED, version), Err(Error::Version));
        }
        for salt in ["", "AAECAwQFBgcICQoLDA0O", "AAECAwQFBgcICQoLDA0ODw8", "é"] {
            assert_eq!(salt.parse::<Salt>(), Err(Error::Salt));
        }
        assert!("AAECAwQFBgcICQoLDA0ODw==".parse::<Salt>().is_ok());
    }

    #[test]
    fn what_opens_and_is_wrong_is_told_without_it() {
        let dek = [9; KEY_BYTES];
        let text = BASE64_URL_SAFE_NO_PAD.encode(dek);
        let wrapped = seal(&kek().0, format!("\"{text}\"").as_bytes());
        // `undefined`, not JSON, not UTF-8.
        for plain in [b"".as_slice(), b"hunter2", b"\"\xff\""] {
            let err = error(&seal(&dek, plain), &wrapped);
            assert_eq!(err, Error::Content(Part::Ciphertext));
            assert_eq!(err.to_string(), "what is in `ciphertext` is not what stands there");
        }
        for plain in ["", "\"", "\"\"", &text, "\"AAEC\"", &format!("\"{text}AA\"")] {
            let err = error(PLAIN, &seal(&kek().0, plain.as_bytes()));
            assert_eq!(err, Error::Content(Part::WrappedDek), "{plain}");
        }
    }

    proptest! {
        #[test]
        fn json_comes_back_as_it_was(text: String, version: u32) {
            let json = serde_json::to_string(&text).unwrap();
            let record = Record::seal(&kek(), version, &json).unwrap();
            let (ciphertext, wrapped) = (&record.ciphertext, &record.wrapped_dek);
            let read = Record::parse(ciphertext, wrapped, &version.to_string()).unwrap();
            prop_assert_eq!(&read, &record);
            prop_assert_eq!(&*read.open(&kek()).unwrap(), &json);
        }

        /// Whatever a record has in it: an error, and no panic.
        #[test]
        fn no_record_panics(ciphertext in ".{0,200}", wrapped in ".{0,200}", version in ".{0,12}") {
            prop_assert!(Record::parse(&ciphertext, &wrapped, &version).is_err());
            let record = Record { ciphertext, wrapped_dek: wrapped, key_version: 0 };
            prop_assert!(record.open(&kek()).is_err());
            let _ = version.parse::<Salt>();
        }

        #[test]
        fn no_base64_panics(
            ciphertext in "[A-Za-z0-9+/_=-]{0,200}", wrapped in "[A-Za-z0-9+/_-]{38,200}",
        ) {
            let record = Record { ciphertext: ciphertext.clone(), wrapped_dek: wrapped, key_version: 1 };
            prop_assert!(record.open(&kek()).is_err());
            let record = Record { ciphertext, wrapped_dek: WRAPPED.to_owned(), key_version: 1 };
            prop_assert!(record.open(&kek()).is_err());
            let _ = record.ciphertext.parse::<Salt>();
        }

        #[test]
        fn what_a_key_wraps_does_not_panic(plain in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = decode_key(&plain);
            let wrapped = seal(&kek().0, &plain);
            prop_assert_eq!(error(PLAIN, &wrapped), Error::Content(Part::WrappedDek));
        }
    }
}
