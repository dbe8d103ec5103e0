//! Where a key comes from, and getting it from there. Nothing here writes.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use zeroize::Zeroizing;

use super::super::pkcs11;
use super::super::provider::KEY_BYTES;
use super::entry::Entry;
use super::error::Fault;
use super::local::LocalKey;
use super::passphrase::{self, Cost, PASSPHRASE_BYTES_MAX};
use super::private;

/// Base64url, with or without padding: what is made elsewhere often has it.
pub(super) const BASE64URL: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Gives the environment's variables. Passed in, so that tests need not change their own.
pub(super) type Env = fn(&str) -> Option<OsString>;

/// Where a passphrase or a PIN is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// In this variable of the environment.
    Env(String),
    /// In this file, relative to the keyring's; one newline at its end is not of it.
    File(PathBuf),
}

/// Where a key is.
pub(super) enum Source {
    /// In the keyring itself.
    Material(Zeroizing<[u8; KEY_BYTES]>),
    /// In a file, raw or as base64url.
    File(PathBuf),
    /// In a variable of the environment, as base64url.
    Env(String),
    /// In somebody's head.
    Passphrase { from: Input, salt: Vec<u8>, cost: Cost },
    /// In a token that does not give it away.
    Pkcs11 { module: PathBuf, token: String, key: String, pin: Input },
}

/// A key, or what is needed to reach it.
pub(super) enum Opened {
    Local(LocalKey),
    Pkcs11(pkcs11::Config),
}

impl Entry {
    /// Gets the key from where it is, and checks that it is that one.
    pub(super) fn open(&self, folder: &Path, env: Env) -> Result<Opened, Fault> {
        if let Source::Pkcs11 { module, token, key, pin } = &self.source {
            return Ok(Opened::Pkcs11(pkcs11::Config {
                module: module.clone(),
                token: token.clone(),
                key: key.clone(),
                pin: pkcs11::Pin::new(pin.text(folder, env, "PIN")?),
            }));
        }
        let key = self.source.local(folder, env)?;
        if self.check.is_none_or(|check| check == key.check()) {
            return Ok(Opened::Local(key));
        }
        let name = &self.name;
        Err(Fault::new(match &self.source {
            Source::Passphrase { from, .. } => format!(
                "the passphrase of `{name}` is not the one it was made with; look at {}",
                from.place(folder)
            ),
            Source::File(file) => format!(
                "{} is not key `{name}`, which `check` is of; files may be mixed up",
                folder.join(file).display()
            ),
            Source::Env(variable) => {
                format!("`{variable}` is not key `{name}`, which `check` is of; set it to that one")
            }
            _ => format!("`material` is not key `{name}`, which `check` is of; restore it"),
        }))
    }
}

impl Source {
    /// The key, where this process can have it.
    pub(super) fn local(&self, folder: &Path, env: Env) -> Result<LocalKey, Fault> {
        match self {
            Self::Material(key) => Ok(LocalKey::new(key.clone())),
            Self::File(file) => {
                let file = folder.join(file);
                let bytes = private::read(&file)?;
                if bytes.len() == KEY_BYTES {
                    return key_of(&bytes);
                }
                decode(without_newline(&bytes)).ok_or_else(|| {
                    Fault::new(format!(
                        "{} is no key; write {KEY_BYTES} bytes, or their base64url",
                        file.display()
                    ))
                })
            }
            Self::Env(variable) => decode(&value(variable, env)?).ok_or_else(|| {
                Fault::new(format!(
                    "`{variable}` is no key; set it to the base64url of {KEY_BYTES} bytes"
                ))
            }),
            Self::Passphrase { from, salt, cost } => {
                passphrase::derive(&from.bytes(folder, env, "passphrase")?, salt, *cost)
            }
            Self::Pkcs11 { .. } => Err(Fault::new("a key in a token does not leave it")),
        }
    }
}

impl Input {
    /// The passphrase or PIN itself; `what` it is, for the error.
    pub(super) fn bytes(
        &self,
        folder: &Path,
        env: Env,
        what: &str,
    ) -> Result<Zeroizing<Vec<u8>>, Fault> {
        let bytes = match self {
            Self::Env(variable) => value(variable, env)?,
            Self::File(file) => {
                let bytes = private::read(&folder.join(file))?;
                Zeroizing::new(without_newline(&bytes).to_vec())
            }
        };
        if bytes.is_empty() || bytes.len() > PASSPHRASE_BYTES_MAX {
            let (place, has) = (self.place(folder), bytes.len());
            return Err(Fault::new(format!(
                "the {what} in {place} has {has} bytes; it may have 1 to {PASSPHRASE_BYTES_MAX}"
            )));
        }
        Ok(bytes)
    }

    fn text(&self, folder: &Path, env: Env, what: &str) -> Result<Zeroizing<String>, Fault> {
        let bytes = self.bytes(folder, env, what)?;
        let text = str::from_utf8(&bytes).map_err(|_| {
            Fault::new(format!("the {what} in {} is not text in UTF-8", self.place(folder)))
        })?;
        Ok(Zeroizing::new(text.to_owned()))
    }

    fn place(&self, folder: &Path) -> String {
        match self {
            Self::Env(variable) => format!("`{variable}`"),
            Self::File(file) => folder.join(file).display().to_string(),
        }
    }
}

/// The key that `text` is the base64url of.
pub(super) fn decode(text: &[u8]) -> Option<LocalKey> {
    let bytes = Zeroizing::new(BASE64URL.decode(text).ok()?);
    key_of(&bytes).ok()
}

fn key_of(bytes: &[u8]) -> Result<LocalKey, Fault> {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    if bytes.len() != key.len() {
        return Err(Fault::new(format!("a key has {KEY_BYTES} bytes")));
    }
    key.copy_from_slice(bytes);
    Ok(LocalKey::new(key))
}

fn value(variable: &str, env: Env) -> Result<Zeroizing<Vec<u8>>, Fault> {
    let value = env(variable).ok_or_else(|| {
        Fault::new(format!("`{variable}` is not set; set it where the host is started"))
    })?;
    Ok(Zeroizing::new(value.into_vec()))
}

/// One newline at the end is the editor's.
fn without_newline(bytes: &[u8]) -> &[u8] {
    bytes.strip_suffix(b"\r\n").or(bytes.strip_suffix(b"\n")).unwrap_or(bytes)
}
