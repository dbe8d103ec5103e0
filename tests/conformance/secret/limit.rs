//! What is too large, and what is no name.

use satama::Refused;
use satama::grant::Limits;
use satama::secret::{DATA_BYTES_MAX, VALUE_BYTES_MAX};

use super::*;

fn is_too_large<T>(done: &Result<T, Error>, limit: u64) -> bool {
    matches!(done, Err(Error::Refused(Refused::TooLarge { max, .. })) if *max == limit)
}

pub(crate) async fn a_value_may_have_64_kib_and_no_more(h: &Harness) {
    for hand in both(h) {
        let mut value = vec![0xa5; 64 << 10];
        hand.put("a", &value).await;
        assert_eq!(hand.value("a").await.unwrap(), value);
        value.push(0);
        assert!(is_too_large(&hand.try_put("a", &value).await, VALUE_BYTES_MAX));
        assert!(is_too_large(&hand.try_put("b", &value).await, VALUE_BYTES_MAX));
        assert_eq!(hand.value("a").await.unwrap().len(), 64 << 10);
        assert!(!hand.exists("b").await);
    }
}

pub(crate) async fn a_grant_may_lower_the_limits(h: &Harness) {
    for hand in both(h) {
        let mut limits = Limits::default();
        limits.value_bytes = 10;
        let tenant = hand.grant.tenant();
        let grant = Grant::new(tenant, limits).unwrap();
        let grant = grant.with_secret(all_secrets()).with_credential(all_secrets());
        let low = Hand { grant: Arc::new(grant), ..hand.clone() };
        low.put("a", "0123456789").await;
        assert!(is_too_large(&low.try_put("a", "0123456789a").await, 10));
        // What is there is read all the same.
        hand.put("a", "0123456789a").await;
        assert_eq!(low.value("a").await.unwrap(), b"0123456789a");
    }
}

pub(crate) async fn a_name_may_have_128_bytes_and_no_others(h: &Harness) {
    for hand in both(h) {
        let long = "A.z_0-9/".repeat(16);
        assert_eq!(long.len(), 128);
        for name in [long.as_str(), "/", "..", "a//b", "-"] {
            hand.put(name, name).await;
            assert_eq!(hand.value(name).await.unwrap(), name.as_bytes());
        }
        let over = format!("{long}a");
        for name in ["", " ", "a b", "*", "a*", "a:b", "{a}", "a\0", "ä", "a\n", "%", over.as_str()]
        {
            let put = hand.try_put(name, "").await;
            assert!(matches!(put, Err(Error::InvalidName(_))), "{name:?}: {put:?}");
            assert!(matches!(hand.get(name).await, Err(Error::Hidden(_))), "{name:?}");
            assert!(!hand.exists(name).await, "{name:?}");
            assert!(matches!(hand.describe(name).await, Err(Error::Hidden(_))), "{name:?}");
            // What none can have, nobody may delete: the WIT has no other error for it.
            let delete = hand.try_delete(name).await;
            let denied = matches!(delete, Err(Error::Refused(Refused::Denied { .. })));
            assert!(denied, "{name:?}: {delete:?}");
        }
        assert_eq!(hand.names(1_000).await.len(), 5);
    }
}

pub(crate) async fn data_may_have_1_mib_and_no_more(h: &Harness) {
    let hand = secrets(h);
    hand.put("a", "key").await;
    let (vault, actor) = (hand.vault(), &hand.actor);
    let secret = hand.get("a").await.unwrap();
    let most = vec![7; 1 << 20];
    let over = vec![7; (1 << 20) + 1];
    let mac = vault.hmac(&secret, &most, actor).await.unwrap();
    assert!(vault.verify_hmac(&secret, &most, &mac, actor).await.unwrap());
    let sealed = vault.seal(&secret, &most, &most, actor).await.unwrap();
    assert_eq!(sealed.len(), most.len() + 81);
    assert_eq!(*vault.unseal(&secret, &sealed, &most, actor).await.unwrap(), most);

    let before = hand.events().await.len();
    assert!(is_too_large(&vault.hmac(&secret, &over, actor).await, DATA_BYTES_MAX));
    assert!(is_too_large(&vault.verify_hmac(&secret, &over, &mac, actor).await, DATA_BYTES_MAX));
    assert!(is_too_large(&vault.seal(&secret, &over, b"", actor).await, DATA_BYTES_MAX));
    assert!(is_too_large(&vault.seal(&secret, b"", &over, actor).await, DATA_BYTES_MAX));
    assert!(is_too_large(&vault.unseal(&secret, &sealed, &over, actor).await, DATA_BYTES_MAX));
    let longer = [&sealed[..], &[0]].concat();
    let unsealed = vault.unseal(&secret, &longer, &most, actor).await;
    assert!(is_too_large(&unsealed, DATA_BYTES_MAX + 81));
    assert_eq!(hand.events().await.len(), before, "what was refused did nothing");
}
