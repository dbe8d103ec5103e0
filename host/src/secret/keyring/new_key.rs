//! A key that is to be added, and the table that then names it.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use toml_edit::{InlineTable, Table, value};
use zeroize::Zeroizing;

use super::super::provider::KeyRef;
use super::super::seal;
use super::error::Fault;
use super::local::LocalKey;
use super::passphrase::{self, Cost, SALT_BYTES};
use super::replace;
use super::source::{BASE64URL, Env, Input, Source};

/// Where a new key comes from.
#[derive(Debug, Clone)]
pub enum NewKey {
    /// Random, in the keyring itself.
    Material,
    /// Random, in this new file, relative to the keyring's.
    File(PathBuf),
    /// From a variable of the environment, which has one already.
    Env(String),
    /// Made from a passphrase, and a random salt.
    Passphrase(Input, Cost),
    /// In a PKCS #11 token, which has one already and is not asked.
    Pkcs11 {
        /// The library to load, by its whole path.
        module: PathBuf,
        /// The token's label.
        token: String,
        /// The key's label.
        key: String,
        /// What the user logs in with.
        pin: Input,
    },
}

impl NewKey {
    /// The table of a new key, once the key is where it says.
    pub(super) fn table(&self, name: &KeyRef, folder: &Path, env: Env) -> Result<Table, Fault> {
        let mut table = Table::new();
        table.insert("ref", value(name.to_string()));
        table.decor_mut().set_prefix("\n");
        let made = match self {
            Self::Material => {
                let made = LocalKey::random();
                let text = Zeroizing::new(BASE64URL.encode(made.reveal()));
                table.insert("material", value(text.as_str()));
                made
            }
            Self::File(file) => {
                table.insert("file", value(text_of(file)?));
                let made = LocalKey::random();
                let path = folder.join(file);
                replace::make(&path, made.reveal()).map_err(|err| {
                    let why = format!("the key's file, {}, cannot be made", path.display());
                    Fault::new(why).because(err)
                })?;
                made
            }
            Self::Env(variable) => {
                table.insert("env", value(variable));
                Source::Env(variable.clone()).local(folder, env)?
            }
            Self::Passphrase(from, cost) => {
                let salt = seal::random::<SALT_BYTES>();
                table.insert("passphrase", value(input(from)?));
                table.insert("argon2", value(argon2(&*salt, *cost)));
                let passphrase = from.bytes(folder, env, "passphrase")?;
                passphrase::derive(&passphrase, &*salt, *cost)?
            }
            Self::Pkcs11 { module, token, key, pin } => {
                let mut pkcs11 = InlineTable::new();
                pkcs11.insert("module", text_of(module)?.into());
                pkcs11.insert("token", token.into());
                pkcs11.insert("key", key.into());
                pkcs11.insert("pin", input(pin)?.into());
                table.insert("pkcs11", value(pkcs11));
                return Ok(table);
            }
        };
        table.insert("check", value(made.check().text()));
        Ok(table)
    }
}

fn input(input: &Input) -> Result<InlineTable, Fault> {
    let (key, text) = match input {
        Input::Env(variable) => ("env", variable.as_str()),
        Input::File(file) => ("file", text_of(file)?),
    };
    Ok(InlineTable::from_iter([(key, text)]))
}

fn argon2(salt: &[u8], cost: Cost) -> InlineTable {
    let mut table = InlineTable::new();
    table.insert("salt", BASE64URL.encode(salt).into());
    table.insert("memory_kib", i64::from(cost.memory_kib).into());
    table.insert("passes", i64::from(cost.passes).into());
    table.insert("lanes", i64::from(cost.lanes).into());
    table
}

fn text_of(file: &Path) -> Result<&str, Fault> {
    file.to_str().ok_or_else(|| {
        Fault::new(format!("{} is not text in UTF-8; choose another name", file.display()))
    })
}
