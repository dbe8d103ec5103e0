//! What is computed with a secret that nobody sees.

use super::*;

fn hex(text: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(digits).collect()
}

/// RFC 4231, sections 4.2 to 4.8: <https://www.rfc-editor.org/rfc/rfc4231#section-4>.
pub(crate) async fn an_hmac_is_that_of_its_rfc(h: &Harness) {
    let counted: Vec<u8> = (1..=25).collect();
    let larger = b"Test Using Larger Than Block-Size Key - Hash Key First";
    let both_larger = b"This is a test using a larger than block-size key and a larger than \
        block-size data. The key needs to be hashed before being used by the HMAC algorithm.";
    let cases: [(&[u8], &[u8], &str); 7] = [
        (
            &[0x0b; 20],
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
        ),
        (
            &[0xaa; 20],
            &[0xdd; 50],
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
        ),
        (&counted, &[0xcd; 50], "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        // Of which the RFC gives the first half.
        (&[0x0c; 20], b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
        (&[0xaa; 131], larger, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        (
            &[0xaa; 131],
            both_larger,
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
        ),
    ];
    for hand in both(h) {
        for (key, data, expected) in cases {
            hand.put("key", key).await;
            let (secret, vault) = (hand.get("key").await.unwrap(), hand.vault());
            let mac = vault.hmac(&secret, data, &hand.actor).await.unwrap();
            let expected = hex(expected);
            assert_eq!(mac[..expected.len()], expected);
            assert!(vault.verify_hmac(&secret, data, &mac, &hand.actor).await.unwrap());
        }
    }
}

pub(crate) async fn an_hmac_is_verified_whole(h: &Harness) {
    let hand = secrets(h);
    hand.put("a", "key").await;
    hand.put("b", "other").await;
    let (vault, actor) = (hand.vault(), &hand.actor);
    let (secret, other) = (hand.get("a").await.unwrap(), hand.get("b").await.unwrap());
    let mac = vault.hmac(&secret, b"data", actor).await.unwrap();
    let is = async |secret, data: &[u8], mac: &[u8]| {
        vault.verify_hmac(secret, data, mac, actor).await.unwrap()
    };
    assert!(is(&secret, b"data", &mac).await);
    assert!(!is(&other, b"data", &mac).await);
    assert!(!is(&secret, b"datb", &mac).await);
    for at in 0..mac.len() {
        let mut changed = mac;
        changed[at] ^= 1;
        assert!(!is(&secret, b"data", &changed).await, "byte {at}");
        assert!(!is(&secret, b"data", &mac[..at]).await, "{at} bytes");
    }
    assert!(!is(&secret, b"data", &[&mac[..], &[0]].concat()).await);
}

pub(crate) async fn what_is_sealed_is_unsealed_by_the_same_version(h: &Harness) {
    for hand in both(h) {
        let (vault, actor) = (hand.vault(), &hand.actor);
        let first = hand.put("a", "one key").await;
        let secret = hand.get("a").await.unwrap();
        for (data, associated) in [(&b"data"[..], &b"order 7"[..]), (b"", b""), (b"\0", b"")] {
            let sealed = vault.seal(&secret, data, associated, actor).await.unwrap();
            assert_eq!(sealed.len(), data.len() + 81);
            let again = vault.seal(&secret, data, associated, actor).await.unwrap();
            assert_ne!(sealed, again);
            for sealed in [sealed, again] {
                let opened = vault.unseal(&secret, &sealed, associated, actor).await.unwrap();
                assert_eq!(*opened, data);
            }
        }
        let sealed = vault.seal(&secret, b"data", b"a", actor).await.unwrap();
        hand.put("a", "another key").await;
        let newest = hand.get("a").await.unwrap();
        let refused = vault.unseal(&newest, &sealed, b"a", actor).await;
        assert!(matches!(refused, Err(Error::NotAuthentic)), "{refused:?}");
        // That version, from its number.
        let old = hand.at("a", first).await.unwrap();
        assert_eq!(*vault.unseal(&old, &sealed, b"a", actor).await.unwrap(), b"data");
        hand.put("b", "a third").await;
        let other = hand.get("b").await.unwrap();
        let refused = vault.unseal(&other, &sealed, b"a", actor).await;
        assert!(matches!(refused, Err(Error::NotAuthentic)), "{refused:?}");
    }
}

pub(crate) async fn what_was_sealed_and_changed_is_not_authentic(h: &Harness) {
    let hand = secrets(h);
    let (vault, actor) = (hand.vault(), &hand.actor);
    hand.put("a", "key").await;
    let secret = hand.get("a").await.unwrap();
    let sealed = vault.seal(&secret, b"data", b"order 7", actor).await.unwrap();
    let mut wrong = Vec::new();
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 0x10;
        wrong.push((changed, &b"order 7"[..]));
        wrong.push((sealed[..at].to_vec(), b"order 7"));
    }
    wrong.push(([&sealed[..], &[0]].concat(), b"order 7"));
    for associated in [&b""[..], b"order", b"order 8", b"order 7\0", b"7 order"] {
        wrong.push((sealed.clone(), associated));
    }
    for (sealed, associated) in wrong {
        let opened = vault.unseal(&secret, &sealed, associated, actor).await;
        assert!(matches!(opened, Err(Error::NotAuthentic)), "{sealed:02x?} {associated:?}");
    }
    assert_eq!(*vault.unseal(&secret, &sealed, b"order 7", actor).await.unwrap(), b"data");
}

/// Computed apart from this code, from what the WIT says, with Python's `cryptography`:
/// guests may open it elsewhere.
pub(crate) async fn what_is_sealed_is_as_the_wit_says(h: &Harness) {
    let hand = secrets(h);
    hand.put("a", (0..32).collect::<Vec<u8>>()).await;
    let secret = hand.get("a").await.unwrap();
    let sealed = hex(PINNED);
    let opened = hand.vault().unseal(&secret, &sealed, b"order 7", &hand.actor).await.unwrap();
    assert_eq!(*opened, b"sealed with bytes that are known");
}

/// Salt 20…3f, the secret 00…1f, and `order 7` as the associated data.
const PINNED: &str = "01202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e\
    3fcd4177888b64db1e87da17b32075b752e65ee59ae36223da4c8515dfb3798e\
    3e01d5f715cd3e6cfc4d43d617607e9fa21f59589327e5d60dfa3a0238e26d37\
    3b6a9e90cb09cef81110fbdef16555f114";
