//! What is wrapped opens, and nothing else does.

use super::*;

pub(super) async fn a_data_key_comes_back() {
    let key = key("main");
    for context in [CONTEXT, b"", &[7; 4096]] {
        let wrapped = key.wrap(&data_key(3), context).await.unwrap();
        assert!(wrapped.len() <= WRAPPED_BYTES_MAX);
        assert!(!wrapped.windows(4).any(|bytes| bytes == [3; 4]));
        opens(key.unwrap(&wrapped, context).await, 3);
    }
}

pub(super) async fn two_wraps_differ() {
    let key = key("main");
    let mut ivs = HashSet::new();
    for _ in 0..20 {
        let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
        assert!(ivs.insert(wrapped[..12].to_vec()));
    }
}

pub(super) async fn another_context_does_not_open() {
    let key = key("main");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    for context in [&CONTEXT[1..], &CONTEXT[..4], b"", b"satama: a sample"] {
        mismatch(key.unwrap(&wrapped, context).await);
    }
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
}

pub(super) async fn a_changed_byte_does_not_open() {
    let key = key("main");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    for at in 0..wrapped.len() {
        let mut changed = wrapped.clone();
        changed[at] ^= 1 << (at % 8);
        mismatch(key.unwrap(&changed, CONTEXT).await);
    }
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
}

pub(super) async fn another_length_does_not_open() {
    let key = key("main");
    let mut wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    for length in 0..wrapped.len() {
        mismatch(key.unwrap(&wrapped[..length], CONTEXT).await);
    }
    wrapped.push(0);
    mismatch(key.unwrap(&wrapped, CONTEXT).await);
    mismatch(key.unwrap(&[0; 4096], CONTEXT).await);
}

pub(super) async fn another_key_does_not_open() {
    let (one, two) = (key("one"), key("two"));
    let wrapped = one.wrap(&data_key(3), CONTEXT).await.unwrap();
    mismatch(two.unwrap(&wrapped, CONTEXT).await);
    opens(one.unwrap(&wrapped, CONTEXT).await, 3);
}
