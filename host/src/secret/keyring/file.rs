//! A keyring's file to what it says, or an error that names the line and the fix.

use std::path::Path;

use toml::Spanned;

use super::super::provider::{KeyRef, NotAKey};
use super::entry::{Entry, Wrong};
use super::error::{Fault, KeyringError};
use super::table::{File, without_value};
use crate::error::position;

/// What a keyring's file says, checked.
pub(super) struct Parsed {
    /// The key that wraps what is written; it is one of `keys`.
    pub(super) primary: KeyRef,
    /// In the order of the file.
    pub(super) keys: Vec<Entry>,
    /// Keys that were there, whose names are not given to others.
    pub(super) dropped: Vec<KeyRef>,
}

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
    text.get_ref().parse().map_err(|err: NotAKey| (text.span(), Fault::new(err.to_string())))
}

#[cfg(test)]
mod tests {
    use super::super::passphrase::Cost;
    use super::super::source::{Input, Source};
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

    #[test]
    fn an_error_names_file_line_and_fix() {
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
