//! A keyring's file to what it says, or an error that names the line and the fix.

use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use toml::Spanned;
use zeroize::Zeroizing;

use super::super::provider::KeyRef;
use super::At;
use super::error::{Fault, KeyringError};
use super::local::Check;
use super::passphrase::{Cost, SALT_BYTES, SALT_BYTES_MAX};
use super::source::{BASE64URL, Input, Source, decode};
use super::table::{Argon2Table, File, InputTable, KeyTable, Pkcs11Table, Secret, without_value};

/// Longest label of a token: PKCS #11 v3.1, section 3.2, CK_TOKEN_INFO.
const TOKEN_BYTES_MAX: usize = 32;

/// What a keyring's file says, checked.
pub(super) struct Parsed {
    /// The key that wraps what is written; it is one of `keys`.
    pub(super) primary: KeyRef,
    /// In the order of the file.
    pub(super) keys: Vec<Entry>,
    /// Keys that were there, whose names are not given to others.
    pub(super) dropped: Vec<KeyRef>,
}

/// A key that a file names.
pub(super) struct Entry {
    pub(super) name: KeyRef,
    pub(super) source: Source,
    pub(super) source_at: At,
    pub(super) check: Option<Check>,
}

/// What is wrong, and where in the text.
type Wrong = (Range<usize>, Fault);

/// Checks the `text` of a keyring, which stands in `file`.
pub(super) fn parse(text: &[u8], file: &Path) -> Result<Parsed, KeyringError> {
    let fail = |fault: Fault, at| fault.in_file(file, Some(at));
    let text = str::from_utf8(text).map_err(|err| {
        let (valid, _) = text.split_at(err.valid_up_to());
        let at = position(str::from_utf8(valid).unwrap_or_default(), valid.len());
        fail(Fault::new("is not text in UTF-8; write it anew"), at)
    })?;
    let wrong = |(span, fault): Wrong| fail(fault, position(text, span.start));
    let parsed: File = toml::from_str(text).map_err(|err| {
        let span = err.span().unwrap_or_default();
        wrong((span, Fault::new(without_value(err.message()))))
    })?;
    let dropped = parsed.dropped.iter().map(name_of).collect::<Result<_, _>>().map_err(wrong)?;
    let mut keys: Vec<Entry> = Vec::with_capacity(parsed.key.len());
    for table in parsed.key {
        let entry = table.into_inner();
        let name = name_of(&entry.r#ref).map_err(wrong)?;
        if keys.iter().any(|key| key.name == name) {
            let why = format!("key `{name}` is here twice; remove one, or give it another version");
            return Err(wrong((entry.r#ref.span(), Fault::new(why))));
        }
        keys.push(entry.check(name, text).map_err(wrong)?);
    }
    let primary = name_of(&parsed.primary).map_err(wrong)?;
    if !keys.iter().any(|key| key.name == primary) {
        let names: Vec<String> = keys.iter().map(|key| format!("`{}`", key.name)).collect();
        let have = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        let why = format!(
            "the primary key is `{primary}`, which no [[key]] is; add it, or name one of: {have}"
        );
        return Err(wrong((parsed.primary.span(), Fault::new(why))));
    }
    Ok(Parsed { primary, keys, dropped })
}

fn name_of(text: &Spanned<String>) -> Result<KeyRef, Wrong> {
    text.get_ref()
        .parse()
        .map_err(|err: super::super::provider::NotAKey| (text.span(), Fault::new(err.to_string())))
}

impl KeyTable {
    fn check(self, name: KeyRef, text: &str) -> Result<Entry, Wrong> {
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

/// Line and column of a byte offset, from one.
fn position(text: &str, offset: usize) -> At {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const SALT: &str = "AAECAwQFBgcICQoLDA0ODw";

    fn error(text: &str) -> String {
        parse(text.as_bytes(), Path::new("k.toml")).err().expect(text).to_string()
    }

    #[test]
    fn a_file_names_its_keys() {
        let text = format!(
            "primary = \"main/2\"\ndropped = [\"old/7\"]\n\
             [[key]]\nref = \"main/1\"\nmaterial = \"{KEY}=\"\ncheck = \"{SALT}\"\n\
             [[key]]\nref = \"main/2\"\npassphrase = {{ env = \"P\" }}\ncheck = \"{SALT}\"\n\
             argon2 = {{ salt = \"{SALT}\", memory_kib = 8192, passes = 1, lanes = 2 }}\n\
             [[key]]\nref = \"hsm/1\"\n[key.pkcs11]\nmodule = \"/usr/lib/p11.so\"\n\
             token = \"satama\"\nkey = \"kek\"\npin = {{ file = \"pin\" }}\n"
        );
        let parsed = parse(text.as_bytes(), Path::new("k.toml")).ok().unwrap();
        let names: Vec<_> = parsed.keys.iter().map(|key| key.name.to_string()).collect();
        assert_eq!(names, ["main/1", "main/2", "hsm/1"]);
        assert_eq!((parsed.primary.version, parsed.dropped[0].version), (2, 7));
        assert!(matches!(&parsed.keys[0].source, Source::Material(key) if key[31] == 31));
        let Source::Passphrase { from, salt, cost } = &parsed.keys[1].source else { panic!() };
        assert_eq!((from, salt.len()), (&Input::Env("P".to_owned()), 16));
        assert_eq!(*cost, Cost { memory_kib: 8192, passes: 1, lanes: 2 });
        let Source::Pkcs11 { token, pin, .. } = &parsed.keys[2].source else { panic!() };
        assert_eq!((token.as_str(), pin), ("satama", &Input::File("pin".into())));
    }

    /// Each with what stands after the head of a key `main/1`, which begins at line 3.
    #[test]
    fn an_error_names_file_line_and_fix() {
        let key = format!("material = \"{KEY}\"\n");
        let a2 = |table: &str| {
            format!("passphrase.env = \"P\"\ncheck = \"{SALT}\"\nargon2 = {{ {table} }}")
        };
        let cost = "memory_kib = 8192, passes = 1, lanes = 1";
        let p11 = |module: &str, token: &str, key: &str| {
            format!(
                "pkcs11 = {{ module = \"{module}\", token = \"{token}\", key = \"{key}\", \
                 pin.env = \"P\" }}"
            )
        };
        let cases = [
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
            (a2(&format!("salt = \"{SALT}\", passes = 1")), "lost without `memory_kib`"),
            (
                a2(&format!("salt = \"{SALT}\", memory_kib = 9, passes = 1, lanes = 1")),
                "6:58: `memory_kib = 9` is not possible: it may be 8192 to 4194304",
            ),
            (
                a2(&format!("salt = \"{SALT}\", memory_kib = 8192, passes = 1, lanes = 65")),
                "`lanes = 65` is not possible: it may be 1 to 64",
            ),
            (a2("salt = 1"), "6:19: is not what stands here: write a string"),
            ("passphrase = {}".to_owned(), "4:14: key `main/1` is lost without `check`"),
            (
                format!(
                    "passphrase = {{}}\ncheck = \"{SALT}\"\nargon2 = {{ salt = \"{SALT}\", {cost} }}"
                ),
                "4:14: write either `{ env = \"NAME\" }` or `{ file = \"FILE\" }`",
            ),
            (p11("p11.so", "t", "k"), "4:21: `p11.so` is not absolute; write the whole path"),
            (p11("/p11.so", "", "k"), "4:40: a token's label has 1 to 32 bytes, this has 0"),
            (p11("/p11.so", "t", ""), "4:51: write the label of the key in the token"),
            ("pkcs11 = {}".to_owned(), "4:10: missing field `module`"),
            (
                format!("{}\ncheck = \"{SALT}\"", p11("/p11.so", "t", "k")),
                "5:9: key `main/1` does not leave its token: it has no `check`; remove it",
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
        ];
        for (body, expected) in cases {
            let text = format!("primary = \"main/1\"\n[[key]]\nref = \"main/1\"\n{body}");
            let got = error(&text);
            assert!(got.starts_with("k.toml:"), "{got}");
            assert!(got.contains(expected), "{text}\n got      {got}\n expected {expected}");
        }
        for (text, expected) in [
            ("", "k.toml:1:1: missing field `primary`"),
            ("primary = \"main\"", "k.toml:1:11: `main` is not a key; write ID/VERSION"),
            (
                "primary = \"a/1\"",
                "k.toml:1:11: the primary key is `a/1`, which no [[key]] is; add it, or name one of: none",
            ),
            ("primary = \"a/1\"\ndropped = [\"b\"]", "k.toml:2:12: `b` is not a key"),
            ("primary = \"a/1\"\nsalt = 1", "k.toml:2:1: unknown field `salt`, expected one of"),
        ] {
            assert!(error(text).contains(expected), "{} is not {expected}", error(text));
        }
        let err = parse(b"primary = \"main/1\"\n# \xff", Path::new("k.toml")).err().unwrap();
        assert_eq!(err.to_string(), "k.toml:2:3: is not text in UTF-8; write it anew");
    }

    /// A passphrase that stands in a wrong place must not come to a log.
    #[test]
    fn no_error_shows_a_value() {
        let fields = ["material", "passphrase", "argon2", "pkcs11", "check", "env.x", "file.x"];
        let fields = fields.into_iter().chain(["passphrase.env.x", "argon2.salt", "argon2.lanes"]);
        for field in fields.chain(["pkcs11.pin", "pkcs11.module.x"]) {
            for value in [
                "\"hunter2\"",
                "'hunter2'",
                "[\"hunter2\"]",
                "hunter2",
                "\"hunter2",
                "\"\"\"hunter2",
            ] {
                let text =
                    format!("primary = \"a/1\"\n[[key]]\nref = \"a/1\"\n{field} = {value}\n");
                let got = error(&text);
                assert!(!got.contains("hunter2"), "{text} {got}");
            }
        }
    }
}
