//! Before a key is dropped: that it wraps nothing, and never will again.

use std::pin::pin;
use std::task::Poll;

use satama::secret::{Editor, NewKey};
use satama_tests::{local_key, lone_key};

use super::*;

/// A key of the test's own: it is barred in the whole store, which tests may share.
fn id(hand: &Hand) -> String {
    format!("key-{}", hand.grant.tenant())
}

/// Hosts before a rotation, in it, and after it: of the old key, of both, of the new one.
async fn hosts(h: &Harness, id: &str) -> [Services; 3] {
    let (old, key) = local_key(id, 1);
    [
        host_with(h, lone_key(id, 1)).await,
        host_with(h, lone_key(id, 2).with_key(old, key)).await,
        host_with(h, lone_key(id, 2)).await,
    ]
}

fn is_barred<T>(done: &Result<T, Error>) -> bool {
    matches!(done, Err(Error::Barred(_)))
}

pub(crate) async fn a_key_that_wraps_something_is_not_retired(h: &Harness) {
    let hand = secrets(h);
    let id = id(&hand);
    let [old, with_both, new] = hosts(h, &id).await;
    let key = local_key(&id, 1).0;
    let hand = hand.on(&old);
    let ann = hand.clone().of("ann");
    // An old version of a secret, and one of a user.
    hand.put("a", "old").await;
    hand.on(&with_both).put("a", "new").await;
    ann.put("b", "old").await;
    for _ in 0..2 {
        let refused = hand.vault().retire(&key).await.unwrap().unwrap_err();
        assert_eq!((&refused.key, refused.versions), (&key, 2));
        // It changed nothing: hosts may go on with it.
        let version = hand.put("c", "1").await;
        assert_eq!(hand.value_at("c", version).await.unwrap(), b"1");
        hand.granted(&format!("{id}-new"), all_secrets()).put("a", "1").await;
        hand.granted(&format!("{id}-new"), all_secrets()).delete("a").await;
        hand.delete("c").await;
    }
    rotated(&hand.on(&with_both)).await;
    let refused = hand.vault().retire(&key).await.unwrap().unwrap_err();
    assert_eq!(refused.versions, 1, "the credential");
    rotated(&ann.on(&with_both)).await;
    hand.on(&with_both).vault().retire(&key).await.unwrap().unwrap();
    assert_eq!(hand.on(&new).value("a").await.unwrap(), b"new");
    assert_eq!(ann.on(&new).value("b").await.unwrap(), b"old");
}

pub(crate) async fn a_retired_key_wraps_nothing_more(h: &Harness) {
    let hand = secrets(h);
    let id = id(&hand);
    let [old, with_both, new] = hosts(h, &id).await;
    let key = local_key(&id, 1).0;
    let hands = [hand.on(&old), hand.on(&old).of("ann")];
    for hand in &hands {
        hand.put("a", "1").await;
        rotated(&hand.on(&with_both)).await;
    }
    for _ in 0..2 {
        hand.on(&with_both).vault().retire(&key).await.unwrap().unwrap();
    }
    for hand in &hands {
        let before = hand.on(&new).describe("a").await.unwrap();
        for name in ["a", "b", "c", "d"] {
            let put = hand.try_put(name, "2").await;
            assert!(is_barred(&put), "{name}: {put:?}");
        }
        assert_eq!(hand.on(&new).describe("a").await.unwrap(), before);
        assert_eq!(hand.names(10).await, ["a"], "nothing was written");
        // Of tenants that were not there when it was retired.
        let later = hand.granted(&format!("{id}-later"), all_secrets());
        assert!(is_barred(&later.try_put("a", "2").await));
        assert!(!later.exists("a").await);
        later.on(&new).put("a", "3").await;
        assert!(is_barred(&later.try_put("a", "2").await));
        // Nor does a rotation back to it write anything.
        let (name, newer) = local_key(&id, 2);
        let back = later.on(&host_with(h, lone_key(&id, 1).with_key(name, newer)).await);
        let mut rotation = back.vault().rotation(vec![later.scope()], actor("operator")).unwrap();
        let failed = loop {
            match rotation.step().await {
                Ok(true) => {}
                other => break other,
            }
        };
        assert!(is_barred(&failed), "{failed:?}");
        assert_eq!(later.on(&new).value("a").await.unwrap(), b"3");
        // It can delete all the same.
        assert!(hand.delete("a").await);
    }
}

pub(crate) async fn a_host_whose_key_was_retired_reads_its_keyring_again(h: &Harness) {
    let hand = secrets(h);
    let id = id(&hand);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.toml");
    let editor = Editor::new(&file);
    let old = editor.init(&id, &NewKey::Material).unwrap();
    let host = async || {
        let keys = Keys::in_file(file.clone()).await.unwrap();
        h.builder().keys(keys).build().await.unwrap()
    };
    let stale = hand.on(&host().await);
    stale.put("a", "1").await;
    let new = editor.add(&id, &NewKey::Material, true).unwrap();
    let operator = hand.on(&host().await);
    rotated(&operator).await;
    operator.vault().retire(&old).await.unwrap().unwrap();
    editor.remove(&old).unwrap();
    let version = stale.put("a", "2").await;
    let (_, _, by) = wraps(&hand).await.into_iter().find(|of| of.1 == version).unwrap();
    assert_eq!(by, new.to_string());
    assert_eq!(hand.on(&host().await).value("a").await.unwrap(), b"2");
}

/// Each of the ways in which it can be left half done, and done again.
pub(crate) async fn retiring_may_end_at_any_point(h: &Harness) {
    let hand = secrets(h);
    let id = id(&hand);
    let mut dropped = 0;
    for polls in 0..100 {
        let id = format!("{id}-{polls}");
        let [old, with_both, new] = hosts(h, &id).await;
        let key = local_key(&id, 1).0;
        let name = format!("s/{polls}");
        hand.on(&old).put(&name, "1").await;
        rotated(&hand.on(&with_both)).await;
        let operator = hand.on(&with_both);
        let ended = {
            let (mut retire, mut left) = (pin!(operator.vault().retire(&key)), polls);
            std::future::poll_fn(|cx| {
                if left == 0 {
                    return Poll::Ready(None);
                }
                left -= 1;
                retire.as_mut().poll(cx).map(Some)
            })
            .await
        };
        // Hosts of the new key notice nothing, and those of the old lose nothing.
        hand.on(&new).put(&name, "2").await;
        let put = hand.on(&old).try_put(&name, "3").await;
        let expected = if put.is_ok() { b"3" } else { b"2" };
        assert!(put.is_ok() || is_barred(&put), "{put:?}");
        assert_eq!(operator.value(&name).await.unwrap(), expected);
        rotated(&operator).await;
        operator.vault().retire(&key).await.unwrap().unwrap();
        assert!(is_barred(&hand.on(&old).try_put(&name, "4").await));
        assert_eq!(hand.on(&new).value(&name).await.unwrap(), expected);
        hand.delete(&name).await;
        match ended {
            None => dropped += 1,
            Some(_) => break,
        }
        if dropped > 12 {
            break;
        }
    }
    assert!(dropped > 2, "{dropped}");
}
