//! Changing a keyring's file, for the command line.
//!
//! Comments and order stay. What is written was read again first, so that no edit makes a
//! keyring that cannot be used. Nothing here removes the file of a key: a key that is no
//! longer named may still have wrapped what is in a backup. The document that is edited
//! is a copy which is not zeroized: this is for a command, which ends.

use std::path::{Path, PathBuf};

use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, Value, value};
use zeroize::Zeroizing;

use super::super::provider::KeyRef;
use super::entry::Entry;
use super::error::{Fault, KeyringError};
use super::file::{self, Parsed};
use super::new_key::NewKey;
use super::replace::Locked;
use super::source::Env;
use super::{folder_of, private};

/// What a new file begins with.
const HEAD: &str = "\
# The keys that wrap secrets. Whoever has this file and the store can read them all; back
# it up apart from the store. `satama secret keys` changes it, and keeps your comments.
";

/// Changes a keyring's file. Each change is whole and on disk, or not there; two editors
/// at once take turns. These block: not for a server's threads.
pub struct Editor {
    file: PathBuf,
    env: Env,
}

impl Editor {
    /// For the keyring in `file`.
    pub fn new(file: &Path) -> Self {
        Self { file: file.to_owned(), env: |name| std::env::var_os(name) }
    }

    /// Makes the file, with version 1 of `id` as its only key. It is an error if it is there.
    pub fn init(&self, id: &str, key: &NewKey) -> Result<KeyRef, KeyringError> {
        let name = KeyRef::new(id, 1).map_err(|err| self.wrong(Fault::new(err.to_string())))?;
        let locked = self.lock()?;
        if self.file.symlink_metadata().is_ok() {
            return Err(self
                .wrong(Fault::new("is there already; `satama secret keys add` adds a key to it")));
        }
        let mut document = DocumentMut::new();
        document.insert("primary", value(name.to_string()));
        document.decor_mut().set_prefix(HEAD);
        let table = key
            .table(&name, &folder_of(&self.file), self.env)
            .map_err(|fault| self.wrong(fault))?;
        document.insert("key", Item::ArrayOfTables(ArrayOfTables::from_iter([table])));
        let text = self.text(&document)?;
        locked.make(text.as_bytes()).map_err(|err| self.unwritable(err))?;
        Ok(name)
    }

    /// Adds the next version of `id`, and makes it the primary key if that is wanted.
    pub fn add(&self, id: &str, key: &NewKey, primary: bool) -> Result<KeyRef, KeyringError> {
        self.edit(|parsed, document| {
            let name = next(parsed, id)?;
            let table = key.table(&name, &folder_of(&self.file), self.env)?;
            refuse_known(parsed, &table)?;
            tables(document)?.push(table);
            if primary {
                set_primary(document, &name);
            }
            Ok(name)
        })
    }

    /// Makes `name`, which is there, the key that wraps what is written.
    pub fn set_primary(&self, name: &KeyRef) -> Result<(), KeyringError> {
        self.edit(|parsed, document| {
            if !parsed.keys.iter().any(|key| key.name == *name) {
                return Err(Fault::new(format!("there is no key `{name}`; add it first")));
            }
            set_primary(document, name);
            Ok(())
        })
    }

    /// Removes key `name`. What it wrapped can then not be read, so wrap it anew before.
    /// The primary key is not removed, and its name is not given to another key.
    pub fn remove(&self, name: &KeyRef) -> Result<(), KeyringError> {
        self.edit(|parsed, document| {
            if parsed.primary == *name {
                let why = format!("`{name}` is the primary key; make another one primary first");
                return Err(Fault::new(why));
            }
            let at = parsed.keys.iter().position(|key| key.name == *name);
            let at = at.ok_or_else(|| Fault::new(format!("there is no key `{name}`")))?;
            tables(document)?.remove(at);
            if !parsed.dropped.contains(name) {
                let dropped = document
                    .entry("dropped")
                    .or_insert_with(|| value(Value::from_iter(std::iter::empty::<&str>())));
                let dropped = dropped.as_array_mut();
                dropped.ok_or_else(|| Fault::new("`dropped` is no list"))?.push(name.to_string());
            }
            Ok(())
        })
    }

    fn edit<T>(
        &self,
        change: impl FnOnce(&Parsed, &mut DocumentMut) -> Result<T, Fault>,
    ) -> Result<T, KeyringError> {
        // Before the lock, which would make its folder.
        private::read(&self.file).map_err(|fault| self.wrong(fault))?;
        let locked = self.lock()?;
        let bytes = private::read(&self.file).map_err(|fault| self.wrong(fault))?;
        let parsed = file::parse(&bytes, &self.file)?;
        let text = str::from_utf8(&bytes).unwrap_or_default();
        let mut document: DocumentMut = text
            .parse()
            .map_err(|_| self.wrong(Fault::new("cannot be edited; change it by hand")))?;
        let done = change(&parsed, &mut document).map_err(|fault| self.wrong(fault))?;
        let text = self.text(&document)?;
        locked.replace(text.as_bytes()).map_err(|err| self.unwritable(err))?;
        Ok(done)
    }

    /// The text of a document, if it is that of a keyring.
    fn text(&self, document: &DocumentMut) -> Result<Zeroizing<String>, KeyringError> {
        let text = Zeroizing::new(document.to_string());
        if text.len() as u64 > private::FILE_BYTES_MAX {
            let why = format!("would have more than {} bytes", private::FILE_BYTES_MAX);
            return Err(self.wrong(Fault::new(why)));
        }
        // Its line would be one of a file that is not there.
        file::parse(text.as_bytes(), &self.file)
            .map_err(|err| self.wrong(Fault::new(err.message)))?;
        Ok(text)
    }

    fn lock(&self) -> Result<Locked, KeyringError> {
        Locked::take(&self.file).map_err(|err| self.unwritable(err))
    }

    fn unwritable(&self, err: std::io::Error) -> KeyringError {
        self.wrong(Fault::new("cannot be written").because(err))
    }

    fn wrong(&self, fault: Fault) -> KeyringError {
        fault.in_file(&self.file, None)
    }
}

/// The next version of `id`. Never one that was: what that wrapped would seem damaged.
fn next(parsed: &Parsed, id: &str) -> Result<KeyRef, Fault> {
    let known = parsed.keys.iter().map(|key| &key.name).chain(&parsed.dropped);
    let last = known.filter(|name| name.id == id).map(|name| name.version).max().unwrap_or(0);
    let next = last
        .checked_add(1)
        .ok_or_else(|| Fault::new(format!("`{id}` has had all its versions; choose another id")))?;
    KeyRef::new(id, next).map_err(|err| Fault::new(err.to_string()))
}

/// Refuses a key that is there under another name: secrets would be wrapped anew, and with
/// the key that they are to be saved from.
fn refuse_known(parsed: &Parsed, table: &Table) -> Result<(), Fault> {
    let check = table.get("check").and_then(Item::as_str);
    let known = |key: &&Entry| key.check.is_some_and(|known| Some(&*known.text()) == check);
    match parsed.keys.iter().find(known) {
        Some(Entry { name, .. }) => {
            let why = format!("this is the key of `{name}`; give another variable or passphrase");
            Err(Fault::new(why))
        }
        None => Ok(()),
    }
}

fn tables(document: &mut DocumentMut) -> Result<&mut ArrayOfTables, Fault> {
    document.get_mut("key").and_then(Item::as_array_of_tables_mut).ok_or_else(|| {
        Fault::new("has its keys in a list; write each as a [[key]] table, to have it edited")
    })
}

fn set_primary(document: &mut DocumentMut, name: &KeyRef) {
    let mut new = Value::from(name.to_string());
    if let Some(old) = document.get("primary").and_then(Item::as_value) {
        // What is around it: a comment at the end of its line.
        *new.decor_mut() = old.decor().clone();
    }
    document["primary"] = Item::Value(new);
}

#[cfg(test)]
mod tests {
    use super::super::Keyring;
    use super::super::passphrase::Cost;
    use super::super::source::Input;
    use super::super::tests::write;
    use super::*;

    const COST: Cost = Cost { memory_kib: 8192, passes: 1, lanes: 1 };

    fn editor(folder: &Path) -> Editor {
        let env: Env = |name| match name {
            "KEK" => Some("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8".into()),
            "PASS" => Some("hunter2".into()),
            _ => None,
        };
        Editor { file: folder.join("k.toml"), env }
    }

    fn text(editor: &Editor) -> String {
        std::fs::read_to_string(&editor.file).unwrap()
    }

    #[tokio::test]
    async fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let editor = editor(folder.path());
        write(&folder.path().join("pass"), b"hunter3\n");
        let pkcs11 = NewKey::Pkcs11 {
            module: "/p.so".into(),
            token: "t \"é".to_owned(),
            key: "k".to_owned(),
            pin: Input::File("pass".into()),
        };
        let keys = [
            NewKey::File("kek.bin".into()),
            NewKey::Env("KEK".to_owned()),
            NewKey::Passphrase(Input::Env("PASS".to_owned()), COST),
            NewKey::Passphrase(Input::File("pass".into()), COST),
        ];
        assert_eq!(editor.init("main", &NewKey::Material).unwrap().to_string(), "main/1");
        for key in keys {
            editor.add("main", &key, true).unwrap();
        }
        editor.add("other", &NewKey::Material, false).unwrap();
        let keyring = Keyring::read_with(&editor.file, editor.env).await.unwrap();
        let names: Vec<String> = keyring.refs().map(KeyRef::to_string).collect();
        assert_eq!(names, ["main/5", "main/1", "main/2", "main/3", "main/4", "other/1"]);
        assert_eq!(std::fs::read(folder.path().join("kek.bin")).unwrap().len(), 32);
        editor.add("hsm", &pkcs11, false).unwrap();
        assert!(text(&editor).starts_with(HEAD), "{}", text(&editor));
        assert!(text(&editor).matches("check = ").count() == 6, "{}", text(&editor));
        assert!(!text(&editor).contains("hunter"));
        let again = editor.init("main", &NewKey::Material).unwrap_err().to_string();
        assert!(again.ends_with("is there already; `satama secret keys add` adds a key to it"));
        // A new key is never that of an old file.
        let err = editor.add("main", &NewKey::File("kek.bin".into()), true).unwrap_err();
        assert!(err.to_string().contains("cannot be made"), "{err}");
    }

    #[test]
    fn comments_and_order_stay() {
        let folder = tempfile::tempdir().unwrap();
        let editor = editor(folder.path());
        let old = "# Ours.\nprimary   = \"b/1\" # since May\n\n# Of old.\n[[key]]\nref = 'b/1'\n\
                   env = \"KEK\" # set by systemd\n\n# Another.\n[[key]]\nenv = \"KEK\"\nref = \"a/3\"\n# End.\n";
        write(&editor.file, old.as_bytes());
        editor.set_primary(&"a/3".parse().unwrap()).unwrap();
        assert_eq!(text(&editor), old.replace("\"b/1\" #", "\"a/3\" #"));
        editor.set_primary(&"b/1".parse().unwrap()).unwrap();
        assert_eq!(text(&editor), old);
        assert_eq!(editor.add("a", &NewKey::Env("KEK".to_owned()), true).unwrap().version, 4);
        let added =
            "\n[[key]]\nref = \"a/4\"\nenv = \"KEK\"\ncheck = \"DXnKzKy-C8jrvSXw0uaIgA\"\n# End.\n";
        let expected = old.replace("\"b/1\" #", "\"a/4\" #").replace("# End.\n", added);
        assert_eq!(text(&editor), expected);
        let again = editor.add("a", &NewKey::Env("KEK".to_owned()), true).unwrap_err();
        assert!(again.to_string().contains("this is the key of `a/4`; give another"));
        editor.set_primary(&"b/1".parse().unwrap()).unwrap();
        editor.remove(&"a/4".parse().unwrap()).unwrap();
        assert!(
            text(&editor).contains("# since May\ndropped = [\"a/4\"]\n\n# Of old.\n"),
            "{}",
            text(&editor)
        );
        // What had a name does not share it.
        assert_eq!(editor.add("a", &NewKey::Material, false).unwrap().version, 5);
        editor.remove(&"a/5".parse().unwrap()).unwrap();
        assert!(text(&editor).contains("dropped = [\"a/4\", \"a/5\"]"), "{}", text(&editor));
    }

    #[test]
    fn an_edit_that_fails_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let editor = editor(folder.path());
        assert!(editor.add("main", &NewKey::Material, true).is_err());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        editor.init("main", &NewKey::Material).unwrap();
        let before = text(&editor);
        let name = |text: &str| text.parse::<KeyRef>().unwrap();
        let long = NewKey::Env("X".repeat(1 << 20));
        let huge = NewKey::Passphrase(Input::Env("PASS".to_owned()), Cost { lanes: 65, ..COST });
        let relative = NewKey::Pkcs11 {
            module: "p.so".into(),
            token: "t".to_owned(),
            key: "k".to_owned(),
            pin: Input::Env("PASS".to_owned()),
        };
        let add = |key| editor.add("main", key, true).map(drop).unwrap_err().to_string();
        for (got, expected) in [
            (editor.remove(&name("main/1")).unwrap_err().to_string(), "is the primary key; make"),
            (editor.remove(&name("main/2")).unwrap_err().to_string(), "there is no key `main/2`"),
            (editor.set_primary(&name("a/1")).unwrap_err().to_string(), "there is no key `a/1`"),
            (add(&NewKey::Env("NONE".to_owned())), "`NONE` is not set"),
            (add(&NewKey::Env("PASS".to_owned())), "`PASS` is no key"),
            (add(&long), "is not set"),
            (add(&huge), "`lanes = 65` is not possible"),
            (add(&relative), "is not absolute"),
            (editor.add("a b", &NewKey::Material, true).unwrap_err().to_string(), "is not a key"),
        ] {
            assert!(got.contains(expected), "{got} is not {expected}");
            assert_eq!(text(&editor), before);
        }
    }

    #[test]
    fn two_editors_take_turns() {
        let folder = tempfile::tempdir().unwrap();
        editor(folder.path()).init("main", &NewKey::Material).unwrap();
        let mut versions: Vec<u32> = std::thread::scope(|scope| {
            let add = || {
                let editor = editor(folder.path());
                (0..5)
                    .map(|_| editor.add("main", &NewKey::Material, true).unwrap().version)
                    .collect()
            };
            let editors: Vec<_> = (0..4).map(|_| scope.spawn(add)).collect();
            editors.into_iter().flat_map(|editor| -> Vec<u32> { editor.join().unwrap() }).collect()
        });
        versions.sort_unstable();
        assert_eq!(versions, (2..=21).collect::<Vec<_>>());
        let parsed =
            file::parse(text(&editor(folder.path())).as_bytes(), folder.path()).ok().unwrap();
        assert_eq!((parsed.keys.len(), parsed.primary.version), (21, 21));
    }
}
