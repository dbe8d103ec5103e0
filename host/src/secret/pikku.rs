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

mod redis;

use std::fmt;
use std::str::FromStr;

use aes_gcm::aead::{Aead as _, KeyInit as _};
use aes_gcm::{Aes256Gcm, Nonce};
use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::Sha256;
use zeroize::Zeroizing;

pub use self::redis::Reference;
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

impl Salt {
    /// A new salt, for a key version that has none and has sealed nothing.
    pub fn random() -> Self {
        Self(*seal::random())
    }
}

impl fmt::Display for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
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

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
mod tests;
