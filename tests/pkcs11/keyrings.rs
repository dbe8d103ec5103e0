//! Secrets whose keys a token wraps, from the keyring's file to what is read.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;

use satama::grant::Grant;
use satama::secret::{Actor, Editor, Input, KeyRef, KeyringError, Keys, NewKey, Value, Vault};
use satama::{Outcome as _, Services, StoreUrl};
use satama_tests::grant;
use tempfile::TempDir;

use super::faults::{begin, end, faulty};
use super::*;

/// A store, and a keyring's file beside it.
struct Place {
    folder: TempDir,
    grant: Grant,
}

impl Place {
    /// With a keyring of one local key.
    fn new() -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), grant: grant("t") };
        place.editor().init("local", &NewKey::Material).unwrap();
        place
    }

    fn keyring(&self) -> PathBuf {
        self.folder.path().join("keyring.toml")
    }

    fn editor(&self) -> Editor {
        Editor::new(&self.keyring())
    }

    /// Adds the token's key, which `config` says where it is, as the primary one.
    fn add_token_key(&self, config: &Config, pin: &str) -> KeyRef {
        self.write_pin(pin);
        let new = NewKey::Pkcs11 {
            module: config.module.clone(),
            token: config.token.clone(),
            key: config.key.clone(),
            pin: Input::File("pin".into()),
        };
        self.editor().add("token", &new, true).unwrap()
    }

    fn write_pin(&self, pin: &str) {
        let file = self.folder.path().join("pin");
        std::fs::write(&file, format!("{pin}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    /// A host that reads the keyring as it is now.
    async fn host(&self) -> Services {
        let store = StoreUrl::file(self.folder.path().join("satama.db"));
        let keys = Keys::in_file(self.keyring()).await.unwrap();
        Services::builder(store).keys(keys).build().await.unwrap()
    }

    async fn no_host(&self) -> KeyringError {
        Keys::in_file(self.keyring()).await.unwrap_err()
    }

    async fn put(&self, host: &Services, name: &str) -> Result<u64, &'static str> {
        let value = Value::new(name.into());
        let put = host.secret().put(self.grant.secret(), name, None, &value, &actor()).await;
        put.map_err(|err| err.outcome())
    }

    /// That a secret is what was put; else what the guest is told.
    async fn read(&self, host: &Services, name: &str) -> Result<(), &'static str> {
        let vault = host.secret();
        let got = vault.get(self.grant.secret(), name, None, None, &actor()).await;
        let secret = got.map_err(|err| err.outcome())?;
        assert_eq!(vault.reveal(&secret, &actor()).await.unwrap(), name.as_bytes());
        Ok(())
    }
}

fn actor() -> Actor {
    Actor { component: "test".into(), digest: String::new(), instance: "1".into() }
}

/// Wraps all keys with the primary one; how many were wrapped by another.
async fn rotate(vault: &Vault) -> u64 {
    let mut rotation = vault.rotation(vault.scopes().await.unwrap(), actor()).unwrap();
    while rotation.step().await.unwrap() {}
    assert_eq!(rotation.so_far().failed, 0, "{:?}", rotation.so_far().failures);
    rotation.so_far().rewrapped
}

/// How many versions each key wraps.
async fn census(vault: &Vault) -> BTreeMap<String, u64> {
    let wrapped = vault.census(vault.scopes().await.unwrap()).await.unwrap();
    wrapped.iter().map(|(key, count)| (key.to_string(), *count)).collect()
}

fn wrapped<const N: usize>(keys: [(&str, u64); N]) -> BTreeMap<String, u64> {
    keys.into_iter().map(|(key, count)| (key.to_owned(), count)).collect()
}

pub(super) async fn secrets_move_into_the_token_and_out_again() {
    Pkcs11Key::generate(&config(TOKEN, "main")).unwrap();
    let place = Place::new();
    let old_host = place.host().await;
    place.put(&old_host, "a").await.unwrap();
    place.put(&old_host, "a").await.unwrap();
    assert_eq!(census(old_host.secret()).await, wrapped([("local/1", 2)]));

    let token_key = place.add_token_key(&config(TOKEN, "main"), PIN);
    assert_eq!(token_key.to_string(), "token/1");
    let host = place.host().await;
    place.put(&host, "b").await.unwrap();
    assert_eq!(census(host.secret()).await, wrapped([("local/1", 2), ("token/1", 1)]));
    // One that was started before reads its keyring again.
    for host in [&host, &old_host] {
        place.read(host, "a").await.unwrap();
        place.read(host, "b").await.unwrap();
    }
    let local_key: KeyRef = "local/1".parse().unwrap();
    let in_use = host.secret().retire(&local_key).await.unwrap().unwrap_err();
    assert_eq!(in_use.versions, 2);

    assert_eq!(rotate(host.secret()).await, 2);
    assert_eq!(rotate(host.secret()).await, 0);
    assert_eq!(census(host.secret()).await, wrapped([("token/1", 3)]));
    for name in ["a", "b"] {
        place.read(&host, name).await.unwrap();
    }

    place.editor().set_primary(&local_key).unwrap();
    let host = place.host().await;
    assert_eq!(rotate(host.secret()).await, 3);
    assert_eq!(census(host.secret()).await, wrapped([("local/1", 3)]));
    host.secret().retire(&token_key).await.unwrap().unwrap();
    place.editor().remove(&token_key).unwrap();
    // The token is not asked any more, whatever its PIN is.
    place.write_pin("wrong");
    let host = place.host().await;
    for name in ["a", "b"] {
        place.read(&host, name).await.unwrap();
        place.put(&host, name).await.unwrap();
    }
    assert_eq!(census(host.secret()).await, wrapped([("local/1", 5)]));
}

pub(super) async fn a_wrong_pin_is_told_with_its_line() {
    Pkcs11Key::generate(&config(TOKEN, "main")).unwrap();
    let place = Place::new();
    place.add_token_key(&config(TOKEN, "main"), "not this one");
    let said = satama::chain(&place.no_host().await);
    let text = std::fs::read_to_string(place.keyring()).unwrap();
    let line = text.lines().position(|line| line.starts_with("pkcs11 = ")).unwrap() + 1;
    assert!(said.contains(&format!("keyring.toml:{line}:")), "{said}\n{text}");
    assert!(said.contains("key `token/1` is in a PKCS #11 token that does not open"), "{said}");
    assert!(said.contains("token `first` refused the PIN; it is not tried again"), "{said}");
    assert!(!said.contains("not this one"), "{said}");

    place.write_pin(PIN);
    let host = place.host().await;
    place.put(&host, "a").await.unwrap();
    place.read(&host, "a").await.unwrap();
    // A PIN that others can read is none.
    let pin = place.folder.path().join("pin");
    std::fs::set_permissions(&pin, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = satama::chain(&place.no_host().await);
    assert!(said.contains("chmod"), "{said}");
    assert!(!said.contains(PIN), "{said}");
}

pub(super) async fn a_token_that_is_away_is_unavailable_and_no_loss() {
    let faulty = faulty();
    Pkcs11Key::generate(&faulty).unwrap();
    let place = Place::new();
    place.add_token_key(&faulty, PIN);
    let host = place.host().await;
    place.put(&host, "a").await.unwrap();
    for fault in ["removed", "fails"] {
        begin(fault);
        assert_eq!(place.read(&host, "a").await, Err("unavailable"), "{fault}");
        assert_eq!(place.put(&host, "b").await, Err("unavailable"), "{fault}");
        end();
        place.read(&host, "a").await.unwrap();
        assert_eq!(place.read(&host, "b").await, Err("not-found"));
    }
}
