//! A key's table to what it says: where the key is, and how it is known again.

use std::ops::Range;
use std::path::PathBuf;

use base64::Engine as _;
use toml::Spanned;
use zeroize::Zeroizing;

use super::super::provider::KeyRef;
use super::At;
use super::error::Fault;
use super::local::Check;
use super::passphrase::{Cost, SALT_BYTES, SALT_BYTES_MAX};
use super::source::{BASE64URL, Input, Source, decode};
use super::table::{Argon2Table, InputTable, KeyTable, Pkcs11Table, Secret};
use crate::error::position;

/// Longest label of a token: PKCS #11 v3.1, section 3.2, CK_TOKEN_INFO.
const TOKEN_BYTES_MAX: usize = 32;

/// A key that a file names.
pub(super) struct Entry {
    pub(super) name: KeyRef,
    pub(super) source: Source,
    pub(super) source_at: At,
    pub(super) check: Option<Check>,
}

/// What is wrong, and where in the text.
pub(super) type Wrong = (Range<usize>, Fault);

impl KeyTable {
    /// What the table of key `name` says, which stands in `text`.
    pub(super) fn check(self, name: KeyRef, text: &str) -> Result<Entry, Wrong> {
        let here = self.r#ref.span();
        let wrong = |span: &Range<usize>, why: String| (span.clone(), Fault::new(why));
        let sources = [
            ("material", self.material.as_ref().map(Spanned::span)),
            ("file", self.file.as_ref().map(Spanned::span)),
            ("env", self.env.as_ref().map(Spanned::span)),
            ("passphrase", self.passphrase.as_ref().map(Spanned::span)),
            ("pkcs11", self.pkcs11.as_ref().map(Spanned::span)),
        ];
        let mut given = sources.into_iter().filter_map(|(what, span)| Some((what, span?)));
        let Some((what, span)) = given.next() else {
            let why = format!(
                "key `{name}` is nowhere; write one of material, file, env, passphrase, pkcs11"
            );
            return Err(wrong(&here, why));
        };
        if let Some((other, span)) = given.next() {
            let why = format!("key `{name}` has both `{what}` and `{other}`; keep one");
            return Err(wrong(&span, why));
        }
        drop(given);
        if let Some(argon2) = self.argon2.as_ref().filter(|_| what != "passphrase") {
            let why = format!("`argon2` is of a passphrase, and `{name}` has none; remove it");
            return Err(wrong(&argon2.span(), why));
        }
        let check = self.check.map(|check| check_of(&check, &name, what)).transpose()?;
        if what == "passphrase" && check.is_none() {
            return Err(lost(&span, &name, "`check`"));
        }
        let source = match (self.material, self.file, self.env, self.passphrase, self.pkcs11) {
            (Some(material), ..) => material_of(&material)?,
            (_, Some(file), ..) => Source::File(file_of(&file)?),
            (_, _, Some(env), ..) => Source::Env(variable_of(env.get_ref(), &span)?),
            (_, _, _, Some(from), _) => {
                let argon2 = self.argon2.ok_or_else(|| lost(&span, &name, "`argon2`"))?;
                let (salt, cost) = argon2_of(&argon2, &name)?;
                Source::Passphrase { from: input_of(&from)?, salt, cost }
            }
            (.., Some(pkcs11)) => pkcs11.into_inner().check()?,
            (.., None) => return Err(wrong(&here, format!("key `{name}` is nowhere"))),
        };
        Ok(Entry { name, source, source_at: position(text, span.start), check })
    }
}

impl Pkcs11Table {
    fn check(self) -> Result<Source, Wrong> {
        let module = self.module.get_ref();
        // A name alone would be looked for in whatever folders the linker looks in.
        if !module.is_absolute() {
            let why = format!("`{}` is not absolute; write the whole path", module.display());
            return Err((self.module.span(), Fault::new(why)));
        }
        let token = self.token.get_ref().len();
        if token == 0 || token > TOKEN_BYTES_MAX {
            let why = format!("a token's label has 1 to {TOKEN_BYTES_MAX} bytes, this has {token}");
            return Err((self.token.span(), Fault::new(why)));
        }
        if self.key.get_ref().is_empty() {
            return Err((self.key.span(), Fault::new("write the label of the key in the token")));
        }
        let pin = input_of(&self.pin)?;
        let (token, key) = (self.token.into_inner(), self.key.into_inner());
        Ok(Source::Pkcs11 { module: self.module.into_inner(), token, key, pin })
    }
}

fn material_of(material: &Spanned<Secret>) -> Result<Source, Wrong> {
    let key = decode(material.get_ref().0.as_bytes()).ok_or_else(|| {
        let why = "is not the base64url of 32 bytes; `satama secret keys add` makes a key";
        (material.span(), Fault::new(why))
    })?;
    Ok(Source::Material(Zeroizing::new(*key.reveal())))
}

fn check_of(check: &Spanned<String>, name: &KeyRef, source: &str) -> Result<Check, Wrong> {
    if source == "pkcs11" {
        let why = format!("key `{name}` does not leave its token: it has no `check`; remove it");
        return Err((check.span(), Fault::new(why)));
    }
    Check::parse(check.get_ref()).ok_or_else(|| {
        let why = "is not the base64url of 16 bytes; restore it, as it was made with the key";
        (check.span(), Fault::new(why))
    })
}

fn argon2_of(argon2: &Spanned<Argon2Table>, name: &KeyRef) -> Result<(Vec<u8>, Cost), Wrong> {
    let (span, table) = (argon2.span(), argon2.get_ref());
    let number = |what: &str, value: &Option<Spanned<u32>>| {
        value.as_ref().map(|value| *value.get_ref()).ok_or_else(|| lost(&span, name, what))
    };
    let salt = table.salt.as_ref().ok_or_else(|| lost(&span, name, "a `salt`"))?;
    let bytes = BASE64URL.decode(salt.get_ref()).ok();
    let bytes = bytes.filter(|bytes| (SALT_BYTES..=SALT_BYTES_MAX).contains(&bytes.len()));
    let bytes = bytes.ok_or_else(|| {
        let why = format!("is not the base64url of {SALT_BYTES} to {SALT_BYTES_MAX} bytes");
        (salt.span(), Fault::new(format!("{why}; restore the salt that `{name}` was made with")))
    })?;
    let cost = Cost {
        memory_kib: number("`memory_kib`", &table.memory_kib)?,
        passes: number("`passes`", &table.passes)?,
        lanes: number("`lanes`", &table.lanes)?,
    };
    cost.check().map_err(|(what, fault)| {
        let field = match what {
            "memory_kib" => &table.memory_kib,
            "passes" => &table.passes,
            _ => &table.lanes,
        };
        (field.as_ref().map_or(span.clone(), Spanned::span), fault)
    })?;
    Ok((bytes, cost))
}

/// What a passphrase alone does not tell, and nobody else does.
fn lost(span: &Range<usize>, name: &KeyRef, what: &str) -> Wrong {
    let why = format!(
        "key `{name}` is lost without {what} of its passphrase; restore it from a backup \
         (it cannot be made up)"
    );
    (span.clone(), Fault::new(why))
}

fn input_of(input: &Spanned<InputTable>) -> Result<Input, Wrong> {
    let span = input.span();
    match (&input.get_ref().env, &input.get_ref().file) {
        (Some(variable), None) => Ok(Input::Env(variable_of(variable, &span)?)),
        (None, Some(file)) => Ok(Input::File(file_of(&Spanned::new(span, file.clone()))?)),
        _ => {
            let why = "write either `{ env = \"NAME\" }` or `{ file = \"FILE\" }`";
            Err((span, Fault::new(why)))
        }
    }
}

fn file_of(file: &Spanned<PathBuf>) -> Result<PathBuf, Wrong> {
    if file.get_ref().as_os_str().is_empty() {
        return Err((file.span(), Fault::new("write the name of a file")));
    }
    Ok(file.get_ref().clone())
}

fn variable_of(variable: &str, span: &Range<usize>) -> Result<String, Wrong> {
    if variable.is_empty() || variable.contains(['=', '\0']) {
        return Err((span.clone(), Fault::new("write the name of a variable, as `SATAMA_KEK`")));
    }
    Ok(variable.to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::file::parse;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";

    /// Each with what stands after the head of a key `main/1`, which begins at line 3.
    fn errors(cases: &[(String, &str)]) {
        for (body, expected) in cases {
            let text = format!("primary = \"main/1\"\n[[key]]\nref = \"main/1\"\n{body}");
            let got = parse(text.as_bytes(), Path::new("k.toml")).err().expect(&text).to_string();
            let expected = format!("k.toml:{expected}");
            assert!(got.starts_with(&expected), "{text}\n got      {got}\n expected {expected}");
        }
    }

    #[test]
    fn a_wrong_key_is_told() {
        let key = format!("material = \"{KEY}\"\n");
        errors(&[
            (String::new(), "3:7: key `main/1` is nowhere; write one of material, file, env"),
            (
                format!("{key}env = \"E\""),
                "5:7: key `main/1` has both `material` and `env`; keep one",
            ),
            (
                format!("{key}kek = 1"),
                "5:1: unknown field `kek`, expected one of `ref`, `material`",
            ),
            ("material = \"AAEC\"".to_owned(), "4:12: is not the base64url of 32 bytes; `satama"),
            ("env = \"\"".to_owned(), "4:7: write the name of a variable, as `SATAMA_KEK`"),
            ("file = \"\"".to_owned(), "4:8: write the name of a file"),
            (format!("{key}check = \"AAEC\""), "5:9: is not the base64url of 16 bytes; restore it"),
            (
                format!("{key}argon2 = {{}}"),
                "5:10: `argon2` is of a passphrase, and `main/1` has none",
            ),
            (
                format!("{key}[[key]]\nref = \"main/1\"\n{key}"),
                "6:7: key `main/1` is here twice; remove one",
            ),
            (format!("{key}[[key]]\n{key}"), "5:1: missing field `ref`"),
            (
                format!("{key}[[key]]\nref = \"main/01\""),
                "6:7: `main/01` is not a key; write ID/VERSION",
            ),
            ("material = ".to_owned(), "4:12: "),
        ]);
    }

    #[test]
    fn a_wrong_passphrase_is_told() {
        let a2 = |table: &str| {
            format!("passphrase.env = \"P\"\ncheck = \"{SALT}\"\nargon2 = {{ {table} }}")
        };
        let cost = "memory_kib = 8192, passes = 1, lanes = 1";
        errors(&[
            (
                format!("passphrase.env = \"P\"\nargon2 = {{ salt = \"{SALT}\", {cost} }}"),
                "4:1: key `main/1` is lost without `check` of its passphrase; restore it from a backup",
            ),
            (
                format!("check = \"{SALT}\"\npassphrase = {{ env = \"P\" }}"),
                "5:14: key `main/1` is lost without `argon2` of its passphrase; restore",
            ),
            (a2(cost), "6:10: key `main/1` is lost without a `salt` of its passphrase; restore"),
            (
                a2(&format!("salt = \"AAEC\", {cost}")),
                "6:19: is not the base64url of 16 to 64 bytes; restore",
            ),
            (
                a2(&format!("salt = \"{SALT}\", passes = 1")),
                "6:10: key `main/1` is lost without `memory_kib` of",
            ),
            (
                a2(&format!("salt = \"{SALT}\", memory_kib = 9, passes = 1, lanes = 1")),
                "6:58: `memory_kib = 9` is not possible: it may be 8192 to 4194304",
            ),
            (
                a2(&format!("salt = \"{SALT}\", memory_kib = 8192, passes = 1, lanes = 65")),
                "6:84: `lanes = 65` is not possible: it may be 1 to 64",
            ),
            (a2("salt = 1"), "6:19: is not what stands here: write a string"),
            ("passphrase = {}".to_owned(), "4:14: key `main/1` is lost without `check`"),
            (
                format!(
                    "passphrase = {{}}\ncheck = \"{SALT}\"\nargon2 = {{ salt = \"{SALT}\", {cost} }}"
                ),
                "4:14: write either `{ env = \"NAME\" }` or `{ file = \"FILE\" }`",
            ),
        ]);
    }

    #[test]
    fn a_wrong_token_is_told() {
        let p11 = |module: &str, token: &str, key: &str| {
            format!(
                "pkcs11 = {{ module = \"{module}\", token = \"{token}\", key = \"{key}\", \
                 pin.env = \"P\" }}"
            )
        };
        errors(&[
            (p11("p11.so", "t", "k"), "4:21: `p11.so` is not absolute; write the whole path"),
            (p11("/p11.so", "", "k"), "4:40: a token's label has 1 to 32 bytes, this has 0"),
            (p11("/p11.so", "t", ""), "4:51: write the label of the key in the token"),
            ("pkcs11 = {}".to_owned(), "4:10: missing field `module`"),
            (
                format!("{}\ncheck = \"{SALT}\"", p11("/p11.so", "t", "k")),
                "5:9: key `main/1` does not leave its token: it has no `check`; remove it",
            ),
        ]);
    }
}
