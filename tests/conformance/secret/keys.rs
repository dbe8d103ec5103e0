//! Hosts with other keys, and keyrings that change while a host runs.

use std::path::{Path, PathBuf};

use satama::grant::Right;
use satama::secret::{Editor, NewKey, Put, Read, Store as _, Unopened, UnwrapError};
use satama_tests::{keyring, lone_key, until};

use super::*;

fn has_no_key(got: &Result<Secret, Error>) -> bool {
    let Err(Error::Undecryptable { source, .. }) = got else { return false };
    matches!(source, Unopened::Unwrap(UnwrapError::NoKey(_)))
}

/// A keyring's file of one key, in a folder that goes with the test.
fn ring_file() -> (tempfile::TempDir, PathBuf, Editor) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let editor = Editor::new(&file);
    editor.init("main", &NewKey::Material).unwrap();
    (folder, file, editor)
}

async fn host_of(h: &Harness, file: &Path) -> Services {
    let keys = Keys::in_file(file.to_owned()).await.unwrap();
    h.builder().keys(keys).build().await.unwrap()
}

pub(crate) async fn each_version_opens_where_its_key_is(h: &Harness) {
    let mut hosts = Vec::new();
    for versions in 1..=3 {
        hosts.push(host_with(h, keyring(versions)).await);
    }
    for hand in both(h) {
        let mut versions = Vec::new();
        for (n, host) in hosts.iter().enumerate() {
            versions.push(hand.on(host).put("a", n.to_string()).await);
        }
        for (n, host) in hosts.iter().enumerate() {
            for (m, version) in versions.iter().enumerate() {
                let got = hand.on(host).at("a", *version).await;
                if m <= n {
                    assert_eq!(hand.reveal(&got.unwrap()).await, m.to_string().as_bytes());
                } else {
                    assert!(has_no_key(&got), "{n} {m}: {got:?}");
                }
            }
        }
    }
}

/// What needs no key is done without.
pub(crate) async fn a_host_without_the_key_can_do_all_but_open(h: &Harness) {
    let other = host_with(h, lone_key("other", 1)).await;
    let none = Services::builder(h.store()).build().await.unwrap();
    for hand in both(h) {
        for (host, has_keys) in [(&other, true), (&none, false)] {
            hand.put("a", "1").await;
            let without = hand.on(host);
            let got = without.get("a").await;
            match has_keys {
                true => assert!(has_no_key(&got), "{got:?}"),
                false => assert!(matches!(got, Err(Error::NoKeyring)), "{got:?}"),
            }
            assert!(without.exists("a").await);
            assert_eq!(without.names(10).await, ["a"]);
            let known = without.describe("a").await.unwrap();
            assert_eq!(known, hand.describe("a").await.unwrap());
            assert_eq!(without.try_put("b", "").await.is_ok(), has_keys);
            assert!(without.delete("a").await);
            without.delete("b").await;
        }
    }
}

/// That no read makes up a key, nor takes what it cannot open for nothing.
pub(crate) async fn d21_a_lost_key_is_an_error_and_nothing_is_minted(h: &Harness) {
    let (_folder, file, _) = ring_file();
    let (_other_folder, other_file, _) = ring_file();
    let lost = host_of(h, &file).await;
    for hand in both(h) {
        hand.on(&lost).put("a", "1").await;
        let old = std::fs::read(&file).unwrap();
        // A key of the same name, which is another.
        let host = host_of(h, &other_file).await;
        let hand = hand.on(&host);
        let before = (hand.describe("a").await.unwrap(), wraps(&hand).await);
        let other = std::fs::read(&other_file).unwrap();
        for _ in 0..2 {
            let got = hand.get("a").await;
            assert!(matches!(got, Err(Error::Undecryptable { .. })), "{got:?}");
            let got = hand.vault().get_many(hand.shelf(), &["a".into()], &hand.actor).await;
            assert!(got.is_ok() == hand.user.is_some(), "it is a tenant's secret: {got:?}");
        }
        let done = rotated(&hand).await;
        assert_eq!((done.seen, done.rewrapped), (1, 0));
        assert_eq!((hand.describe("a").await.unwrap(), wraps(&hand).await), before);
        assert_eq!(std::fs::read(&other_file).unwrap(), other);
        // With its key it is what it was.
        assert_eq!(hand.on(&lost).value("a").await.unwrap(), b"1");
        assert_eq!(std::fs::read(&file).unwrap(), old);
        let beside = |file: &Path| std::fs::read_dir(file.parent().unwrap()).unwrap().count();
        // The file, and what two editors lock.
        assert_eq!(beside(&file), beside(&other_file));
    }
}

pub(crate) async fn a_keyring_that_gets_a_key_is_read_again(h: &Harness) {
    for hand in both(h) {
        let (_folder, file, editor) = ring_file();
        let old = hand.on(&host_of(h, &file).await);
        old.put("a", "old").await;
        editor.add("main", &NewKey::Material, true).unwrap();
        let new = hand.on(&host_of(h, &file).await);
        let version = new.put("a", "new").await;
        assert_eq!(old.value("a").await.unwrap(), b"new");
        assert_eq!(old.get("a").await.unwrap().version(), version);
        // From then on it writes with it as well.
        old.put("b", "1").await;
        assert!(wraps(&hand).await.iter().any(|(id, _, key)| id.ends_with('b') && key == "main/2"));
    }
}

/// One of them reads the file, the others wait for it.
pub(crate) async fn all_who_miss_a_key_at_once_find_it(h: &Harness) {
    let (_folder, file, editor) = ring_file();
    let old = secrets(h).on(&host_of(h, &file).await);
    editor.add("main", &NewKey::Material, true).unwrap();
    secrets(h).on(&host_of(h, &file).await).put("a", "new").await;
    let mut readers = JoinSet::new();
    for _ in 0..RACERS {
        let old = old.clone();
        readers.spawn(async move { old.value("a").await });
    }
    for value in readers.join_all().await {
        assert_eq!(value.unwrap(), b"new");
    }
}

/// It knows both keys, so it meets none that it misses.
pub(crate) async fn a_host_that_writes_takes_up_a_new_primary_key(h: &Harness) {
    let (_folder, file, editor) = ring_file();
    let second = editor.add("main", &NewKey::Material, false).unwrap();
    let services = host_of(h, &file).await;
    let hand = secrets(h).on(&services);
    hand.put("a", "first").await;
    let primary = || services.secret().keys().unwrap().ring().primary().0.clone();
    assert_ne!(primary(), second);
    editor.set_primary(&second).unwrap();
    until("the host wraps with the new key", async || {
        hand.put("a", "again").await;
        primary() == second
    })
    .await;
    assert_eq!(hand.value("a").await.unwrap(), b"again");
}

pub(crate) async fn a_keyring_that_cannot_be_read_changes_nothing(h: &Harness) {
    let hand = secrets(h);
    let (folder, file, editor) = ring_file();
    let old = hand.on(&host_of(h, &file).await);
    old.put("a", "old").await;
    editor.add("main", &NewKey::Material, true).unwrap();
    hand.on(&host_of(h, &file).await).put("b", "new").await;
    let elsewhere = folder.path().join("elsewhere");
    std::fs::rename(&file, &elsewhere).unwrap();
    // The key may be in there, so this is not for ever.
    for _ in 0..2 {
        let got = old.get("b").await;
        assert!(matches!(got, Err(Error::Keys(_))), "{got:?}");
    }
    assert_eq!(old.value("a").await.unwrap(), b"old");
    old.put("a", "newer").await;
    assert!(!file.exists(), "nothing is made in its place");
    std::fs::rename(&elsewhere, &file).unwrap();
    // It is not read each time: not sooner than a second later.
    until("the keyring is read again", async || old.get("b").await.is_ok()).await;
    assert_eq!(old.value("b").await.unwrap(), b"new");
    assert_eq!(old.value("a").await.unwrap(), b"newer");
}

/// The places of one pair of tenants, which are close to each other.
fn places(hand: &Hand, tenant: &str) -> [(Hand, &'static str); 7] {
    let hand = hand.granted(tenant, all_secrets());
    [
        (hand.clone(), "a"),
        (hand.clone(), "b"),
        (hand.granted(&format!("{tenant}-2"), all_secrets()), "a"),
        (hand.clone().of("ann"), "a"),
        (hand.clone().of("bob"), "a"),
        (hand.clone().of("ann"), "b"),
        // Its id is the same text as the credential's.
        (hand, "ann/a"),
    ]
}

/// A record under another's name, tenant, user, version or kind is not that one's: put
/// there as whoever can write to the store would.
pub(crate) async fn d20_a_record_copied_elsewhere_does_not_open(h: &Harness) {
    let count = places(&secrets(h), "t").len();
    for from in 0..count {
        for to in 0..count {
            let places = places(&secrets(h), &format!("t{from}{to}"));
            let ((source, name), (target, other)) = (&places[from], &places[to]);
            let version = source.put(name, "theirs").await;
            let item = source.shelf().item(name, source.user(), Right::Read).unwrap();
            let read = Read { item, version: None, known: None };
            let store = source.vault().store();
            let found = store.read(&[read], &source.actor).await.unwrap().remove(0).unwrap();
            let sealed = found.sealed.unwrap();
            // At its own version where that was never another's, and at the next one.
            let item = target.shelf().item(other, target.user(), Right::Write).unwrap();
            for at in [version, version + 1] {
                if (from, at) != (to, version) {
                    let put = store.put(&item, at, &sealed, &target.actor).await.unwrap();
                    assert_eq!(put, Put::Done, "{from} to {to}");
                    let got = target.at(other, at).await;
                    let closed = matches!(got, Err(Error::Undecryptable { .. }));
                    assert!(closed, "{from} to {to} at {at}: {got:?}");
                }
            }
            assert_eq!(source.value_at(name, version).await.unwrap(), b"theirs");
        }
    }
}
