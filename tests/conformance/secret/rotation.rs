//! Wrapping keys anew, while hosts go on, and when it is ended at any point.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::Poll;

use satama::grant::SECRET_SHARDS;
use satama::secret::{KeyRef, Rewrap, Rotated, Wrap, WrapOf};
use satama_tests::{keyring, lone_key};

use super::*;

/// Rotates all of a hand's secrets with the keys of its host.
pub(super) async fn rotated(hand: &Hand) -> Rotated {
    let mut rotation = hand.vault().rotation(vec![hand.scope()], actor("operator")).unwrap();
    let mut last = rotation.so_far().shards;
    while rotation.step().await.unwrap() {
        assert!(rotation.so_far().shards >= last);
        last = rotation.so_far().shards;
    }
    let done = rotation.so_far().clone();
    assert_eq!(done.shards, (16, 16));
    done
}

/// What is wrapped by which key: id, version, key.
pub(super) async fn wraps(hand: &Hand) -> Vec<(String, u64, String)> {
    let all = wraps_but(hand, None).await;
    all.into_iter().map(|(_, of)| (of.id, of.version, of.wrap.key.to_string())).collect()
}

/// All wraps but those by one key, each with its shard.
async fn wraps_but(hand: &Hand, except: Option<&KeyRef>) -> Vec<(u8, WrapOf)> {
    let (store, scope) = (hand.vault().store(), hand.scope());
    let mut all = Vec::new();
    for shard in 0..SECRET_SHARDS {
        let mut after = String::new();
        loop {
            let page = store.wraps(&scope, shard, &after, except).await.unwrap();
            all.extend(page.wraps.into_iter().map(|of| (shard, of)));
            let Some(next) = page.next else { break };
            after = next;
        }
    }
    all
}

/// What a rotation on `hand`'s host is about to write.
async fn about_to_rewrap(hand: &Hand) -> Vec<(u8, Rewrap)> {
    let primary = hand.vault().keys().unwrap().ring().primary().0.clone();
    let mut all = Vec::new();
    for (shard, of) in wraps_but(hand, Some(&primary)).await {
        // Which bytes it is does not matter here: nothing of it is to be written.
        let wrap = Wrap { key: primary.clone(), wrapped: vec![7; 112] };
        all.push((shard, Rewrap { of, wrap }));
    }
    all
}

async fn rewrap(hand: &Hand, rewraps: &[(u8, Rewrap)]) -> u64 {
    let mut replaced = 0;
    for (shard, rewrap) in rewraps {
        let (store, scope) = (hand.vault().store(), hand.scope());
        let one = std::slice::from_ref(rewrap);
        replaced += store.rewrap(&scope, *shard, one, &hand.actor).await.unwrap();
    }
    replaced
}

/// Secrets with several versions, under the hand's keys: what each version is.
async fn several(hand: &Hand, count: usize, versions: usize) -> BTreeMap<(String, u64), Vec<u8>> {
    let mut all = BTreeMap::new();
    for n in 0..count {
        let name = format!("s/{n:03}");
        for m in 0..versions {
            let value = format!("{n} {m}").into_bytes();
            all.insert((name.clone(), hand.put(&name, &value).await), value);
        }
    }
    all
}

async fn assert_has(hand: &Hand, all: &BTreeMap<(String, u64), Vec<u8>>) {
    for ((name, version), value) in all {
        assert_eq!(hand.value_at(name, *version).await.as_ref(), Some(value), "{name} {version}");
    }
}

pub(crate) async fn a_rotation_wraps_all_versions_anew(h: &Harness) {
    let with_both = host_with(h, keyring(2)).await;
    let with_new = host_with(h, lone_key("main", 2)).await;
    for hand in both(h) {
        // More than a page has, in one shard or in all.
        let all = several(&hand, 40, 3).await;
        let known = hand.describe("s/007").await.unwrap();
        let done = rotated(&hand.on(&with_both)).await;
        assert_eq!((done.seen, done.rewrapped, done.overtaken, done.failed), (40, 120, 0, 0));
        assert!(wraps(&hand).await.iter().all(|(.., key)| key == "main/2"));
        assert_has(&hand.on(&with_new), &all).await;
        assert!(hand.get("s/007").await.is_err(), "the old key opens it no more");
        assert_eq!(hand.describe("s/007").await.unwrap(), known);
        let again = rotated(&hand.on(&with_new)).await;
        assert_eq!((again.seen, again.rewrapped), (40, 0));
        let mut events = hand.events().await;
        events.retain(|event| event.action == Some(satama::secret::Action::Rotate));
        assert_eq!(events.len(), 120);
        for event in events {
            assert_eq!((event.outcome.as_str(), &event.actor), ("ok", &actor("operator")));
            let id = event.id.strip_prefix("ann/").unwrap_or(&event.id).to_owned();
            assert!(all.contains_key(&(id, event.version)));
        }
    }
}

/// A put between the reading of a wrap and the writing of the new one.
pub(crate) async fn d17_a_put_that_races_a_rotation_stays_readable(h: &Harness) {
    let operator = host_with(h, keyring(2)).await;
    for hand in both(h) {
        for keep in [1, 2] {
            let (name, hand) = (format!("k{keep}"), hand.keeping(keep));
            hand.put(&name, "old").await;
            let about = about_to_rewrap(&hand.on(&operator)).await;
            assert_eq!(about.len(), 1);
            // By a host that knows of no rotation, and by one that does.
            for (host, value) in [(&hand.services, "new"), (&operator, "newer")] {
                hand.on(host).put(&name, value).await;
                let replaced = rewrap(&hand.on(&operator), &about[..]).await;
                // The old version is there if it is kept, and only its own wrap is replaced.
                assert_eq!(replaced == 1, keep == 2 && value == "new");
                // What was read before is not what is there now: it is written once.
                assert_eq!(rewrap(&hand.on(&operator), &about[..]).await, 0);
                assert_eq!(hand.on(&operator).value(&name).await.unwrap(), value.as_bytes());
            }
            hand.delete(&name).await;
        }
        // The whole of it, with puts between all steps.
        let mut all = several(&hand, 8, 1).await;
        let on_operator = hand.on(&operator);
        let mut rotation =
            on_operator.vault().rotation(vec![hand.scope()], actor("operator")).unwrap();
        for n in 0.. {
            let name = format!("s/{:03}", n % 8);
            let value = format!("put {n}").into_bytes();
            all.insert((name.clone(), hand.put(&name, &value).await), value);
            if !rotation.step().await.unwrap() {
                break;
            }
        }
        assert_has(&on_operator, &all).await;
        rotated(&on_operator).await;
        assert_has(&hand.on(&host_with(h, lone_key("main", 2)).await), &all).await;
    }
}

/// A delete between the reading of a wrap and the writing of the new one.
pub(crate) async fn d18_a_rotation_that_races_a_delete_brings_nothing_back(h: &Harness) {
    let operator = host_with(h, keyring(2)).await;
    for hand in both(h) {
        for put_again in [false, true] {
            hand.put("a", "1").await;
            hand.put("a", "2").await;
            let about = about_to_rewrap(&hand.on(&operator)).await;
            assert_eq!(about.len(), 2);
            let versions: Vec<u64> = about.iter().map(|(_, of)| of.of.version).collect();
            hand.delete("a").await;
            if put_again {
                hand.put("a", "3").await;
            }
            assert_eq!(rewrap(&hand.on(&operator), &about).await, 0);
            for version in versions {
                assert_eq!(hand.value_at("a", version).await, None);
            }
            assert_eq!(hand.exists("a").await, put_again);
            assert_eq!(hand.names(10).await.len(), usize::from(put_again));
            let users = hand.vault().users(hand.grant.credential(), "a", None, 10).await.unwrap();
            assert_eq!(users.names.len(), usize::from(put_again && hand.user.is_some()));
            assert_eq!(hand.value("a").await, put_again.then(|| b"3".to_vec()));
            assert_eq!(wraps(&hand).await.len(), usize::from(put_again));
            hand.delete("a").await;
        }
    }
}

/// Two operators at once: what one has done the other does not undo.
pub(crate) async fn of_two_rotations_each_version_is_wrapped_by_one(h: &Harness) {
    let (one, two) = (host_with(h, keyring(2)).await, host_with(h, keyring(2)).await);
    for hand in both(h) {
        let all = several(&hand, 20, 2).await;
        let (one, two) = (hand.on(&one), hand.on(&two));
        let (first, second) = tokio::join!(rotated(&one), rotated(&two));
        assert_eq!(first.rewrapped + second.rewrapped, 40);
        assert_has(&one, &all).await;
        assert!(wraps(&hand).await.iter().all(|(.., key)| key == "main/2"));
    }
}

pub(crate) async fn d19_secrets_under_any_number_of_old_keys_rotate_at_once(h: &Harness) {
    let newest = host_with(h, keyring(5)).await;
    for hand in both(h) {
        let mut all = BTreeMap::new();
        for versions in 1..=4 {
            let host = host_with(h, keyring(versions)).await;
            all.extend(several(&hand.on(&host), 5, 1).await);
        }
        let by: Vec<_> = wraps(&hand).await.into_iter().map(|(.., key)| key).collect();
        assert!(
            ["main/1", "main/2", "main/3", "main/4"].iter().all(|key| by.contains(&(*key).into()))
        );
        let done = rotated(&hand.on(&newest)).await;
        assert_eq!((done.rewrapped, done.failed), (20, 0));
        assert_has(&hand.on(&host_with(h, lone_key("main", 5)).await), &all).await;
    }
}

/// What cannot be unwrapped is told, and holds nothing else up.
pub(crate) async fn d21_a_rotation_leaves_what_it_cannot_open(h: &Harness) {
    let lost = host_with(h, lone_key("lost", 1)).await;
    for hand in both(h) {
        let there = several(&hand, 6, 1).await;
        let version = hand.on(&lost).put("s/003", "lost").await;
        let with_both = hand.on(&host_with(h, keyring(2)).await);
        for round in 0..2 {
            let done = rotated(&with_both).await;
            assert_eq!((done.rewrapped, done.failed), (if round == 0 { 6 } else { 0 }, 1));
            let failure = &done.failures[0];
            assert_eq!((failure.version, &failure.scope), (version, &hand.scope()));
            assert!(failure.id.ends_with("s/003") && failure.why.contains("lost/1"), "{failure:?}");
        }
        assert_has(&with_both, &there).await;
        assert_eq!(hand.on(&lost).value("s/003").await.unwrap(), b"lost");
        // Once its key is back, it is as any other.
        let (name, key) = satama_tests::local_key("lost", 1);
        let all_keys = hand.on(&host_with(h, keyring(2).with_key(name, key)).await);
        let done = rotated(&all_keys).await;
        assert_eq!((done.rewrapped, done.failed), (1, 0));
        assert_eq!(with_both.value("s/003").await.unwrap(), b"lost");
    }
}

/// After how many polls the rotation's step is dropped; none if it was done before.
async fn dropped_after(polls: usize, step: impl Future<Output = Result<bool, Error>>) -> bool {
    let (mut step, mut left) = (pin!(step), polls);
    let done = std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        step.as_mut().poll(cx).map(Some)
    });
    done.await.is_none()
}

/// After each step, and in the midst of each: nothing is lost, and another finishes it.
pub(crate) async fn a_rotation_may_end_at_any_point(h: &Harness) {
    let with_both = host_with(h, keyring(2)).await;
    let with_new = host_with(h, lone_key("main", 2)).await;
    let mut ended_early = 0;
    for steps in 0.. {
        let tenant = format!("t{steps}");
        let hand = secrets(h).granted(&tenant, all_secrets());
        let all = several(&hand, 12, 2).await;
        let operator = hand.on(&with_both);
        let mut done = false;
        for polls in 0..6 {
            let mut rotation =
                operator.vault().rotation(vec![hand.scope()], actor("operator")).unwrap();
            // What an earlier one has wrapped is not looked at again, so they go further.
            for _ in 0..steps {
                done |= !rotation.step().await.unwrap();
            }
            ended_early += u32::from(dropped_after(polls, rotation.step()).await);
            drop(rotation);
            assert_has(&operator, &all).await;
            // A host writes on meanwhile, whichever key it has.
            let (name, value) = (format!("new/{polls}"), b"new".to_vec());
            let host = if polls % 2 == 0 { &hand.services } else { &with_new };
            hand.on(host).put(&name, &value).await;
            assert_eq!(operator.value(&name).await.unwrap(), value);
        }
        let rest = rotated(&operator).await;
        assert_eq!(rest.failed, 0);
        assert_has(&hand.on(&with_new), &all).await;
        assert!(wraps(&hand).await.iter().all(|(.., key)| key == "main/2"));
        if done {
            assert!(steps >= 16, "a shard is a step at least");
            break;
        }
    }
    assert!(ended_early > 16, "some were dropped in the middle: {ended_early}");
}
