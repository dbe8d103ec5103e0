//! The key encryption keys of a host: which there are, and which one wraps what is written.
//!
//! Whoever has a keyring and the store can read every secret, so keys are never shown,
//! and their files are read only if nobody else can read them. Reading a keyring writes
//! nothing: a key that was made up anew would be a key that was lost.

mod edit;
mod entry;
mod error;
mod file;
mod local;
mod new_key;
mod passphrase;
mod private;
mod replace;
mod source;
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use edit::Editor;
pub use error::KeyringError;
pub use local::LocalKey;
pub use new_key::NewKey;
pub use passphrase::Cost;
pub use source::Input;

use super::pkcs11::{self, Pkcs11Key};
use super::provider::{KeyProvider, KeyRef};
use error::Fault;
use source::{Env, Opened};

/// The keys that secrets are wrapped with.
#[derive(Clone)]
pub struct Keyring {
    primary: (KeyRef, Arc<dyn KeyProvider>),
    /// All but the primary: it is there whatever is put in here.
    others: BTreeMap<KeyRef, Arc<dyn KeyProvider>>,
}

/// Place of something in the keyring's file: line and column, from one.
type At = (usize, usize);

impl Keyring {
    /// A keyring of one key, which wraps what is written.
    pub fn new(primary: KeyRef, key: Arc<dyn KeyProvider>) -> Self {
        Self { primary: (primary, key), others: BTreeMap::new() }
    }

    /// The same keyring, and a key more. A key that has this name is replaced.
    #[must_use]
    pub fn with_key(mut self, name: KeyRef, key: Arc<dyn KeyProvider>) -> Self {
        if name == self.primary.0 {
            self.primary.1 = key;
        } else {
            self.others.insert(name, key);
        }
        self
    }

    /// The key that wraps what is written.
    pub fn primary(&self) -> (&KeyRef, &Arc<dyn KeyProvider>) {
        (&self.primary.0, &self.primary.1)
    }

    /// The key of this name, to unwrap what it wrapped.
    pub fn key(&self, name: &KeyRef) -> Option<&Arc<dyn KeyProvider>> {
        if *name == self.primary.0 { Some(&self.primary.1) } else { self.others.get(name) }
    }

    /// The names of all keys, the primary first.
    pub fn refs(&self) -> impl Iterator<Item = &KeyRef> {
        std::iter::once(&self.primary.0).chain(self.others.keys())
    }

    /// Reads the keyring in `file`, and finds each key that it names. Takes a while if it
    /// has passphrases. Nothing is written.
    pub async fn read(file: &Path) -> Result<Self, KeyringError> {
        Self::read_with(file, |name| std::env::var_os(name)).await
    }

    /// The same, with these variables.
    async fn read_with(file: &Path, env: Env) -> Result<Self, KeyringError> {
        let path = file.to_owned();
        let found = tokio::task::spawn_blocking(move || find(&path, env)).await;
        let (primary, found) = found.map_err(|err| {
            Fault::new("the keys could not be read").because(err).in_file(file, None)
        })??;
        let mut keys: BTreeMap<KeyRef, Arc<dyn KeyProvider>> = BTreeMap::new();
        for Found { name, at, opened } in found {
            let key = match opened {
                Opened::Local(key) => Arc::new(key),
                Opened::Pkcs11(config) => open_pkcs11(config).await.map_err(|err| {
                    let why = format!("key `{name}` is in a PKCS #11 token that does not open");
                    Fault::new(why).because(err).in_file(file, Some(at))
                })?,
            };
            keys.insert(name, key);
        }
        let Some(key) = keys.remove(&primary) else {
            // The file was checked for it: this is of no use to whoever reads it.
            return Err(Fault::new(format!("there is no key `{primary}`")).in_file(file, None));
        };
        Ok(Self { primary: (primary, key), others: keys })
    }
}

impl fmt::Debug for Keyring {
    /// The names only: keys are never shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring ")?;
        f.debug_list().entries(self.refs().map(KeyRef::to_string)).finish()
    }
}

/// A key of a file.
struct Found {
    name: KeyRef,
    at: At,
    opened: Opened,
}

/// Each key of a file, as far as that is possible without waiting for a token.
fn find(file: &Path, env: Env) -> Result<(KeyRef, Vec<Found>), KeyringError> {
    let text = private::read(file).map_err(|fault| fault.in_file(file, None))?;
    let parsed = file::parse(&text, file)?;
    let folder = folder_of(file);
    let found = parsed.keys.into_iter().map(|entry| {
        let at = entry.source_at;
        let opened = entry.open(&folder, env).map_err(|fault| fault.in_file(file, Some(at)))?;
        Ok(Found { name: entry.name, at, opened })
    });
    Ok((parsed.primary, found.collect::<Result<_, _>>()?))
}

/// The folder that names of other files are relative to.
fn folder_of(file: &Path) -> PathBuf {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Opens a key that never leaves its token. Its module blocks, so it has a thread.
async fn open_pkcs11(
    config: pkcs11::Config,
) -> Result<Arc<dyn KeyProvider>, Box<dyn std::error::Error + Send + Sync>> {
    let opened = tokio::task::spawn_blocking(move || Pkcs11Key::open(&config)).await?;
    Ok(Arc::new(opened?))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use proptest::prelude::*;

    use super::super::provider::{DataKey, KEY_BYTES};
    use super::*;

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    /// Of the key above, computed apart from this code.
    const CHECK: &str = "DXnKzKy-C8jrvSXw0uaIgA";

    pub(super) fn write(file: &Path, bytes: &[u8]) {
        std::fs::write(file, bytes).unwrap();
        std::fs::set_permissions(file, PermissionsExt::from_mode(0o600)).unwrap();
    }

    /// A keyring of one key, from what is said of it, in a folder.
    async fn read(folder: &Path, body: &str) -> Result<Keyring, KeyringError> {
        let file = folder.join("k.toml");
        write(&file, format!("primary = \"main/1\"\n[[key]]\nref = \"main/1\"\n{body}").as_bytes());
        let before = std::fs::read(&file).unwrap();
        let env: Env = |name| match name {
            "KEK" => Some(KEY.into()),
            "PASS" => Some("hunter2".into()),
            "EMPTY" => Some("".into()),
            "LONG" => Some("p".repeat(1025).into()),
            _ => None,
        };
        let names = |folder| -> Vec<_> {
            std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect()
        };
        let there = names(folder);
        let keyring = Keyring::read_with(&file, env).await;
        assert_eq!(there, names(folder), "nothing is made");
        assert_eq!(before, std::fs::read(&file).unwrap(), "nothing is written");
        keyring
    }

    async fn error(folder: &Path, body: &str) -> String {
        let err = read(folder, body).await.expect_err(body);
        assert!(!format!("{err:?}").contains("hunter2"));
        err.to_string()
    }

    #[tokio::test]
    async fn a_key_comes_from_each_source() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let raw: Vec<u8> = (0..32).collect();
        write(&folder.join("raw"), &raw);
        write(&folder.join("text"), format!("{KEY}\n").as_bytes());
        let one = LocalKey::new(zeroize::Zeroizing::new(raw.try_into().unwrap()));
        let wrapped = one.wrap(&DataKey::new([7; KEY_BYTES].into()), b"c").await.unwrap();
        for source in [
            format!("material = \"{KEY}\""),
            "file = \"raw\"".to_owned(),
            "file = \"text\"".to_owned(),
            format!("file = \"{}\"", folder.join("raw").display()),
            "env = \"KEK\"".to_owned(),
        ] {
            let keyring = read(folder, &format!("{source}\ncheck = \"{CHECK}\"")).await.unwrap();
            let (name, key) = keyring.primary();
            assert_eq!(name.to_string(), "main/1");
            assert_eq!(key.unwrap(&wrapped, b"c").await.unwrap().reveal(), &[7; KEY_BYTES]);
            assert!(read(folder, &source).await.is_ok(), "the check is optional");
            let other = format!("{source}\ncheck = \"AAAAAAAAAAAAAAAAAAAAAA\"");
            let err = error(folder, &other).await;
            assert!(err.contains("key `main/1`, which `check` is of"), "{err}");
        }
    }

    #[tokio::test]
    async fn a_passphrase_is_the_one_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let cost = Cost { memory_kib: 8192, passes: 1, lanes: 1 };
        let check = passphrase::derive(b"hunter2", &[0; 16], cost).unwrap().check().text();
        let key = |from: &str| {
            format!(
                "passphrase = {from}\ncheck = \"{check}\"\nargon2 = {{ \
                 salt = \"AAAAAAAAAAAAAAAAAAAAAA\", memory_kib = 8192, passes = 1, lanes = 1 }}"
            )
        };
        assert!(read(folder, &key("{ env = \"PASS\" }")).await.is_ok());
        let file = key("{ file = \"pass\" }");
        for text in ["hunter2", "hunter2\n", "hunter2\r\n"] {
            write(&folder.join("pass"), text.as_bytes());
            assert!(read(folder, &file).await.is_ok());
        }
        for text in ["hunter3", "hunter2\n\n", " hunter2", "hunter2\r"] {
            write(&folder.join("pass"), text.as_bytes());
            let err = error(folder, &file).await;
            assert!(
                err.contains(
                    "k.toml:4:14: the passphrase of `main/1` is not the one it was made with"
                ),
                "{err}"
            );
        }
        write(&folder.join("pass"), b"\n");
        assert!(error(folder, &file).await.contains("has 0 bytes; it may have 1 to 1024"));
        std::fs::set_permissions(folder.join("pass"), PermissionsExt::from_mode(0o644)).unwrap();
        assert!(error(folder, &file).await.contains("run `chmod 600 "));
        for (variable, why) in
            [("EMPTY", "has 0 bytes"), ("LONG", "has 1025 bytes"), ("NONE", "is not set")]
        {
            let err = error(folder, &key(&format!("{{ env = \"{variable}\" }}"))).await;
            assert!(err.contains("k.toml:4:14: ") && err.contains(why), "{err}");
        }
    }

    #[tokio::test]
    async fn what_is_no_key_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        write(&folder.join("short"), b"AAEC");
        for (body, expected) in [
            ("file = \"none\"", "k.toml:4:8: "),
            ("file = \"short\"", "short is no key; write 32 bytes, or their base64url"),
            ("env = \"NONE\"", "k.toml:4:7: `NONE` is not set; set it"),
            ("env = \"PASS\"", "`PASS` is no key; set it to the base64url of 32 bytes"),
        ] {
            let err = error(folder, body).await;
            assert!(err.contains(expected), "{err}");
        }
        let p11 = "pkcs11 = { module = \"/p.so\", token = \"t\", key = \"k\", pin.env = \"PASS\" }";
        let err = read(folder, p11).await.err().unwrap();
        assert!(err.to_string().contains("k.toml:4:10: key `main/1` is in a PKCS #11 token"));
        let source = std::error::Error::source(&err).unwrap().to_string();
        assert!(source.contains("/p.so"), "{source}");
        let file = folder.join("k.toml");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
        let err = Keyring::read(&file).await.err().unwrap().to_string();
        assert!(err.ends_with(&format!("run `chmod 600 {}`", file.display())), "{err}");
    }

    #[test]
    fn a_keyring_has_its_primary() {
        let name = |text: &str| text.parse::<KeyRef>().unwrap();
        let (one, two) = (Arc::new(LocalKey::random()), Arc::new(LocalKey::random()));
        let keyring = Keyring::new(name("b/1"), one).with_key(name("a/1"), two.clone());
        assert!(keyring.key(&name("b/1")).is_some() && keyring.key(&name("b/2")).is_none());
        assert_eq!(format!("{keyring:?}"), "Keyring [\"b/1\", \"a/1\"]");
        let two: Arc<dyn KeyProvider> = two;
        let keyring = keyring.with_key(name("b/1"), two.clone());
        assert!(Arc::ptr_eq(keyring.primary().1, &two));
        assert_eq!(keyring.refs().count(), 2);
    }

    fn sends<T: Send>(_: &T) {}

    #[test]
    fn a_keyring_goes_from_thread_to_thread() {
        sends(&Keyring::read(Path::new("k.toml")));
        sends(&Keyring::new("a/1".parse().unwrap(), Arc::new(LocalKey::random())));
    }

    proptest! {
        /// Whatever a file has in it: an error with a place, and no panic.
        #[test]
        fn no_file_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in ".{0,200}") {
            for text in [bytes.as_slice(), text.as_bytes()] {
                prop_assert!(file::parse(text, Path::new("k")).is_err_and(|err| err.at.is_some()));
            }
        }

        #[test]
        fn no_damage_panics(at: prop::sample::Index, damage in "\\PC{0,4}", cut in 0_usize..20) {
            let mut text = format!(
                "primary = \"a/1\"\n[[key]]\nref = \"a/1\"\nmaterial = \"{KEY}\"\n\
                 check = \"{CHECK}\" # é🎉\n[[key]]\nref = \"b/1\"\npassphrase = {{ env = \"é\" }}\n\
                 argon2 = {{ salt = \"{CHECK}\", memory_kib = 8192, passes = 1, lanes = 1 }}\n"
            );
            let at = text.floor_char_boundary(at.index(text.len()));
            let end = text.ceil_char_boundary((at + cut).min(text.len()));
            text.replace_range(at..end, &damage);
            let _ = file::parse(text.as_bytes(), Path::new("k"));
        }
    }
}
