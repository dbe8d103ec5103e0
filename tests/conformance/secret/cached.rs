//! A host that keeps what it decrypted: faster, and otherwise as if it did not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use satama::secret::{DataKey, KeyProvider, LocalKey, Pending};
use satama::{Clock, SimClock};
use satama_tests::local_key;

use super::*;

const LONG: Duration = Duration::from_secs(60 * 60);
const BRIEF: Duration = Duration::from_millis(20);

/// A key that counts what it unwraps, as one in a distant store would charge for it.
struct Counted {
    key: Arc<LocalKey>,
    unwrapped: AtomicUsize,
}

impl KeyProvider for Counted {
    fn wrap<'a>(&'a self, dek: &'a DataKey, context: &'a [u8]) -> Pending<'a, Vec<u8>> {
        self.key.wrap(dek, context)
    }

    fn unwrap<'a>(&'a self, wrapped: &'a [u8], context: &'a [u8]) -> Pending<'a, DataKey> {
        self.unwrapped.fetch_add(1, Ordering::Relaxed);
        self.key.unwrap(wrapped, context)
    }
}

impl Counted {
    fn count(&self) -> usize {
        self.unwrapped.swap(0, Ordering::Relaxed)
    }
}

/// A host that keeps what it decrypted for `ttl`, and how often its key was asked.
async fn caching(h: &Harness, ttl: Duration) -> (Services, Arc<Counted>) {
    let (name, key) = local_key("main", 1);
    let key = Arc::new(Counted { key, unwrapped: AtomicUsize::new(0) });
    let keys = Keys::fixed(Keyring::new(name, key.clone()));
    let services = h.builder().keys(keys).secret_cache(ttl).build().await.unwrap();
    (services, key)
}

pub(crate) async fn a_kept_value_asks_no_key_and_is_recorded(h: &Harness) {
    let (host, key) = caching(h, LONG).await;
    for hand in both(h) {
        let hand = hand.on(&host).by("cached");
        let version = hand.put("a", "1").await;
        for _ in 0..3 {
            let secret = hand.get("a").await.unwrap();
            assert_eq!((secret.version(), hand.reveal(&secret).await), (version, b"1".to_vec()));
            assert_eq!(hand.value_at("a", version).await.unwrap(), b"1");
        }
        assert_eq!(key.count(), 1);
        let mut events = hand.events().await;
        events.retain(|event| event.actor.instance == "cached");
        assert_eq!(events.len(), 1 + 3 * 4, "a write, reads, and what was revealed");
        assert!(events.iter().all(|event| event.version == version && event.outcome == "ok"));
    }
}

pub(crate) async fn no_host_keeps_a_value_unless_it_is_told_to(h: &Harness) {
    let (name, key) = local_key("main", 1);
    let key = Arc::new(Counted { key, unwrapped: AtomicUsize::new(0) });
    let host = host_with(h, Keyring::new(name, key.clone())).await;
    let hand = secrets(h).on(&host);
    hand.put("a", "1").await;
    for _ in 0..3 {
        hand.get("a").await.unwrap();
    }
    assert_eq!(key.count(), 3);
}

pub(crate) async fn what_another_host_writes_is_seen_at_once(h: &Harness) {
    let (host, _) = caching(h, LONG).await;
    for other in both(h) {
        let hand = other.on(&host);
        for n in 0..5 {
            let version = other.put("a", n.to_string()).await;
            for _ in 0..2 {
                assert_eq!(hand.get("a").await.unwrap().version(), version);
                assert_eq!(hand.value("a").await.unwrap(), n.to_string().as_bytes());
            }
            if n % 2 == 1 {
                other.delete("a").await;
                assert_eq!(hand.value("a").await, None);
                assert_eq!(hand.value_at("a", version).await, None);
            }
        }
        // Its own writes too.
        hand.put("a", "own").await;
        assert_eq!(hand.value("a").await.unwrap(), b"own");
        hand.delete("a").await;
        assert_eq!(hand.value("a").await, None);
    }
}

/// Were a version used again after a delete, the host would take the old value for it.
pub(crate) async fn what_is_put_anew_is_never_taken_for_what_was_kept(h: &Harness) {
    let (host, _) = caching(h, LONG).await;
    let still = h.builder().clock(Clock::Sim(SimClock::new())).build().await.unwrap();
    for hand in both(h) {
        let (other, hand) = (hand.on(&still), hand.on(&host));
        for n in 0..3 {
            other.put("a", n.to_string()).await;
            assert_eq!(hand.value("a").await.unwrap(), n.to_string().as_bytes());
            assert!(other.delete("a").await);
        }
    }
}

pub(crate) async fn a_value_is_kept_for_its_time(h: &Harness) {
    let (host, key) = caching(h, BRIEF).await;
    for hand in both(h) {
        let hand = hand.on(&host);
        hand.put("a", "1").await;
        for _ in 0..2 {
            assert_eq!(hand.value("a").await.unwrap(), b"1");
            assert_eq!(key.count(), 1);
            h.advance(BRIEF).await;
        }
    }
}

pub(crate) async fn old_versions_are_not_kept_for_the_newest(h: &Harness) {
    let (host, key) = caching(h, LONG).await;
    for hand in both(h) {
        let hand = hand.on(&host);
        let old = hand.put("a", "old").await;
        let new = hand.put("a", "new").await;
        for _ in 0..2 {
            assert_eq!(hand.value("a").await.unwrap(), b"new");
            assert_eq!(hand.value_at("a", old).await.unwrap(), b"old");
            assert_eq!(hand.value_at("a", new).await.unwrap(), b"new");
            assert_eq!(hand.value_at("a", 7).await, None);
        }
        // The newest once, the old one each time.
        assert_eq!(key.count(), 3);
    }
}

pub(crate) async fn a_kept_value_is_for_who_may_read_it(h: &Harness) {
    let (host, _) = caching(h, LONG).await;
    for hand in both(h) {
        let hand = hand.on(&host);
        hand.put("a", "1").await;
        assert_eq!(hand.value("a").await.unwrap(), b"1");
        let none = hand.granted("t", SecretGrant { read: names(&["b"]), ..all_secrets() });
        assert!(matches!(none.get("a").await, Err(Error::Hidden(_))));
        let unseen = hand.granted("t", SecretGrant { reveal: names(&["b"]), ..all_secrets() });
        let secret = unseen.get("a").await.unwrap();
        assert!(unseen.vault().reveal(&secret, &unseen.actor).await.is_err());
        let other = hand.granted("t2", all_secrets());
        assert_eq!(other.value("a").await, None);
        other.put("a", "theirs").await;
        for _ in 0..2 {
            assert_eq!(hand.value("a").await.unwrap(), b"1");
            assert_eq!(other.value("a").await.unwrap(), b"theirs");
        }
    }
}

/// More than a host keeps: it forgets the oldest, and gives everything all the same.
pub(crate) async fn what_is_kept_is_bounded(h: &Harness) {
    let (host, key) = caching(h, LONG).await;
    let hand = secrets(h).on(&host);
    let (large, count) = (64 << 10, 140_u8);
    for n in 0..count {
        hand.put(&n.to_string(), vec![n; large]).await;
        assert_eq!(hand.value(&n.to_string()).await.unwrap(), vec![n; large]);
    }
    assert_eq!(key.count(), usize::from(count));
    hand.get(&(count - 1).to_string()).await.unwrap();
    assert_eq!(key.count(), 0, "the newest is kept");
    assert_eq!(hand.value("0").await.unwrap(), vec![0; large]);
    assert_eq!(key.count(), 1, "the oldest is not");
}
