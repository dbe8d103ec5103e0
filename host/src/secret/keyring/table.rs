//! The shapes that a keyring's file is made of, before they are checked.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;
use serde::de::{self, Visitor};
use toml::Spanned;
use zeroize::Zeroizing;

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) primary: Spanned<String>,
    #[serde(default)]
    pub(super) dropped: Vec<Spanned<String>>,
    #[serde(default)]
    pub(super) key: Vec<Spanned<KeyTable>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of one key")]
pub(super) struct KeyTable {
    pub(super) r#ref: Spanned<String>,
    pub(super) material: Option<Spanned<Secret>>,
    pub(super) file: Option<Spanned<PathBuf>>,
    pub(super) env: Option<Spanned<String>>,
    pub(super) passphrase: Option<Spanned<InputTable>>,
    pub(super) argon2: Option<Spanned<Argon2Table>>,
    pub(super) pkcs11: Option<Spanned<Pkcs11Table>>,
    pub(super) check: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "`{ env = \"NAME\" }` or `{ file = \"FILE\" }`")]
pub(super) struct InputTable {
    pub(super) env: Option<String>,
    pub(super) file: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of salt, memory_kib, passes, lanes")]
pub(super) struct Argon2Table {
    pub(super) salt: Option<Spanned<String>>,
    pub(super) memory_kib: Option<Spanned<u32>>,
    pub(super) passes: Option<Spanned<u32>>,
    pub(super) lanes: Option<Spanned<u32>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table of module, token, key, pin")]
pub(super) struct Pkcs11Table {
    pub(super) module: Spanned<PathBuf>,
    pub(super) token: Spanned<String>,
    pub(super) key: Spanned<String>,
    pub(super) pin: Spanned<InputTable>,
}

/// Text that is zeroized, and never shown.
pub(super) struct Secret(pub(super) Zeroizing<String>);

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Secret;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the base64url of 32 bytes")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Secret, E> {
                self.visit_string(text.to_owned())
            }

            fn visit_string<E: de::Error>(self, text: String) -> Result<Secret, E> {
                Ok(Secret(Zeroizing::new(text)))
            }
        }
        from.deserialize_string(Text)
    }
}

/// What a parser says, without the value it says it of: that might be a passphrase.
pub(super) fn without_value(message: &str) -> String {
    let message = message.replace('\n', "; ");
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some((_, expected)) =
            message.strip_prefix(kind).and_then(|rest| rest.rsplit_once(", expected "))
        {
            return format!("is not what stands here: write {expected}");
        }
    }
    message
}
