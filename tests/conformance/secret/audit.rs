//! What was recorded: who did what, and what came of it.

use satama::secret::{Action, Entry, Store as _};

use super::*;

/// What one instance did, in its order.
async fn done_by(hand: &Hand, instance: &str) -> Vec<(Action, String, u64, String)> {
    let mut events = hand.events().await;
    events.retain(|event| event.actor.instance == instance);
    for event in &events {
        assert_eq!(event.actor, actor(instance));
    }
    let done = |event: Event| (event.action.unwrap(), event.id, event.version, event.outcome);
    events.into_iter().rev().map(done).collect()
}

fn id(hand: &Hand, name: &str) -> String {
    hand.user().map_or_else(|| name.to_owned(), |user| format!("{user}/{name}"))
}

/// That what an instance of its own does is recorded as this, and nothing else.
macro_rules! records {
    ($hand:ident as $of:ident $step:block
        => $($action:ident $name:literal $version:expr, $outcome:literal;)*) => {{
        let instance = format!("line {}", line!());
        let $of = $hand.clone().by(&instance);
        $step
        let expected: Vec<(Action, String, u64, String)> = vec![
            $((Action::$action, id(&$hand, $name), $version, $outcome.to_owned()),)*
        ];
        assert_eq!(done_by(&$of, &instance).await, expected, "{instance}");
    }};
}

pub(crate) async fn each_action_is_recorded_with_its_outcome(h: &Harness) {
    for hand in both(h) {
        let old = hand.put("a", "1").await;
        let new = hand.put("a", "2").await;
        let seal = hand.get("a").await.unwrap();
        let sealed = hand.vault().seal(&seal, b"", b"", &hand.actor).await.unwrap();
        records!(hand as of { drop(of.get("a").await); } => Read "a" new, "ok";);
        records!(hand as of { drop(of.at("a", old).await); } => Read "a" old, "ok";);
        records!(hand as of { drop(of.get("b").await); } => Read "b" 0, "not-found";);
        records!(hand as of { drop(of.at("a", 7).await); } => Read "a" 7, "not-found";);
        records!(hand as of {
            of.vault().reveal(&seal, &of.actor).await.unwrap();
        } => Reveal "a" new, "ok";);
        records!(hand as of {
            of.vault().hmac(&seal, b"", &of.actor).await.unwrap();
        } => Use "a" new, "ok";);
        records!(hand as of {
            of.vault().verify_hmac(&seal, b"", b"", &of.actor).await.unwrap();
        } => Use "a" new, "ok";);
        records!(hand as of {
            of.vault().seal(&seal, b"", b"", &of.actor).await.unwrap();
        } => Use "a" new, "ok";);
        records!(hand as of {
            of.vault().unseal(&seal, &sealed, b"", &of.actor).await.unwrap();
            of.vault().unseal(&seal, &sealed, b"other", &of.actor).await.unwrap_err();
        } => Use "a" new, "ok"; Use "a" new, "not-authentic";);
        records!(hand as of { of.delete("a").await; } => Delete "a" new, "ok";);
        records!(hand as of { of.delete("a").await; } => Delete "a" 0, "not-found";);
        // What tells nothing of a value is not recorded.
        records!(hand as of {
            drop((of.exists("a").await, of.describe("a").await, of.names(10).await));
        } => );
    }
}

pub(crate) async fn a_write_is_recorded_with_its_version(h: &Harness) {
    for hand in both(h) {
        let of = hand.clone().by("writer");
        let versions = [of.put("a", "1").await, of.put("a", "2").await];
        let expected =
            versions.map(|version| (Action::Write, id(&hand, "a"), version, "ok".to_owned()));
        assert_eq!(done_by(&of, "writer").await, expected);
    }
}

pub(crate) async fn what_is_refused_is_recorded(h: &Harness) {
    for hand in both(h) {
        hand.put("a", "1").await;
        let some = SecretGrant { read: names(&["a"]), ..SecretGrant::default() };
        let hand = hand.granted("t", some);
        let version = hand.describe("a").await.unwrap().version;
        records!(hand as of { drop(of.get("b").await); } => Read "b" 0, "access-denied";);
        records!(hand as of { drop(of.at("b", 7).await); } => Read "b" 0, "access-denied";);
        records!(hand as of { drop(of.try_put("a", "").await); } => Write "a" 0, "access-denied";);
        records!(hand as of { drop(of.try_delete("a").await); } => Delete "a" 0, "access-denied";);
        let secret = hand.get("a").await.unwrap();
        records!(hand as of {
            of.vault().reveal(&secret, &of.actor).await.unwrap_err();
        } => Reveal "a" version, "access-denied";);
    }
}

/// What a guest asks for may be anything; it is recorded as it is, though not all of it.
pub(crate) async fn odd_names_that_are_asked_for_are_recorded(h: &Harness) {
    let hand = secrets(h);
    for name in crate::ODD_TEXTS {
        let of = hand.clone().by(&format!("odd {name}"));
        let granted = hand.grant.secret().granted().read.grant(name)
            && satama::grant::check_name(name).is_ok();
        drop(of.get(name).await);
        let outcome = if granted { "not-found" } else { "access-denied" };
        let expected = (Action::Read, name.to_string(), 0, outcome.to_owned());
        assert_eq!(done_by(&of, &of.actor.instance.clone()).await, [expected]);
    }
    let of = hand.by("long");
    drop(of.get(&"ä".repeat(10_000)).await);
    assert_eq!(done_by(&of, "long").await[0].1, "ä".repeat(128));
}

pub(crate) async fn many_reads_are_recorded_each(h: &Harness) {
    let hand = secrets(h);
    let (a, b) = (hand.put("a", "1").await, hand.put("b", "2").await);
    let read = SecretGrant { read: names(&["a", "b", "none"]), ..SecretGrant::default() };
    let of = hand.granted("t", read).by("many");
    let asked = ["a", "none", "b", "denied"].map(str::to_owned);
    of.vault().get_many(of.shelf(), &asked, &of.actor).await.unwrap();
    let mut done = done_by(&of, "many").await;
    done.sort_by(|a, b| a.1.cmp(&b.1));
    let read = |name: &str, version, outcome: &str| {
        (Action::Read, name.to_owned(), version, outcome.to_owned())
    };
    let expected = [
        read("a", a, "ok"),
        read("b", b, "ok"),
        read("denied", 0, "access-denied"),
        read("none", 0, "not-found"),
    ];
    assert_eq!(done, expected);
}

pub(crate) async fn what_does_not_open_is_recorded(h: &Harness) {
    let other = host_with(h, satama_tests::lone_key("other", 1)).await;
    for hand in both(h) {
        let version = hand.put("a", "1").await;
        let hand = hand.on(&other);
        records!(hand as of {
            drop(of.get("a").await);
        } => Read "a" version, "ok"; Read "a" version, "undecryptable";);
    }
}

pub(crate) async fn what_was_recorded_is_told_newest_first_and_of_one_tenant(h: &Harness) {
    let hands = both(h);
    for n in 0..10 {
        for hand in &hands {
            hand.clone().by(&n.to_string()).put(&n.to_string(), "").await;
        }
        // Within a millisecond, shards have no order.
        h.advance(std::time::Duration::from_millis(2)).await;
    }
    for hand in &hands {
        let expected: Vec<String> = (0..10).rev().map(|n| n.to_string()).collect();
        for limit in [1, 3, 10, 1_000] {
            let store = hand.vault().store();
            let events = store.events(hand.shelf().scope(), limit).await.unwrap();
            let found: Vec<_> = events.into_iter().map(|event| event.actor.instance).collect();
            assert_eq!(found, expected[..expected.len().min(limit as usize)]);
        }
        assert_eq!(hand.granted("t2", all_secrets()).events().await, []);
    }
}

/// Most that may be kept of one kind: a thousand in each shard, and what a store cuts
/// off only now and then.
const KEPT_MAX: usize = 17_000;

/// Records `count` entries of each of `entries`, one after the other.
async fn flood(hand: &Hand, count: usize, entries: &[Entry<'_>]) {
    let all = entries.iter().cycle().take(count * entries.len());
    // In the shard of the secret `a`.
    let shard = hand.shelf().shard_of("a");
    let all: Vec<_> = all.map(|entry| (shard, *entry)).collect();
    for some in all.chunks(1_000) {
        hand.vault().store().record(hand.shelf().scope(), some, &hand.actor).await.unwrap();
    }
}

fn entry(action: Action, outcome: &str) -> Entry<'_> {
    Entry { action, id: "a", version: 7, outcome }
}

/// Whatever is done in turn with what: no kind is left to grow.
pub(crate) async fn what_is_recorded_is_bounded(h: &Harness) {
    let hand = secrets(h);
    let count = KEPT_MAX + 1_000;
    flood(&hand, count, &[entry(Action::Read, "ok"), entry(Action::Write, "ok")]).await;
    let events = hand.events().await;
    for action in [Action::Read, Action::Write] {
        let kept = events.iter().filter(|event| event.action == Some(action)).count();
        assert!((1_000..KEPT_MAX).contains(&kept), "{action}: {kept}");
    }
}

/// A component that does what it may, or tries what it may not, hides no change.
pub(crate) async fn a_flood_pushes_no_change_out(h: &Harness) {
    let hand = secrets(h);
    let victim = hand.clone().by("victim");
    victim.put("a", "1").await;
    victim.delete("a").await;
    let denied = [Action::Read, Action::Write, Action::Delete].map(|a| entry(a, "access-denied"));
    flood(&hand, KEPT_MAX / 2, &[&denied[..], &[entry(Action::Use, "ok")]].concat()).await;
    let done = done_by(&victim, "victim").await;
    assert_eq!(done.len(), 2, "{done:?}");
}
