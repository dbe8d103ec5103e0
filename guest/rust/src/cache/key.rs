//! The key of a memoized result: SHA-256 of its canonical JSON.

use std::fmt::Write as _;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::exact;

/// The SHA-256, in hexadecimal, of the canonical JSON (RFC 8785) of
/// `[team, version, inputs]`, with null for what is not given.
///
/// One array for all three, so that no team, version or inputs can be written
/// to look like others: two keys are equal only if all three are equal as JSON.
/// SDKs of other languages can derive the same key.
///
/// Fails for inputs without such JSON: with an integer beyond ±(2^53 - 1), an
/// infinite number, or a map whose keys are not text.
pub fn key<I>(team: Option<&str>, version: Option<&str>, inputs: &I) -> serde_json::Result<String>
where
    I: Serialize + ?Sized,
{
    exact::check(inputs)?;
    let json = serde_json_canonicalizer::to_vec(&(team, version, inputs))?;
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(json) {
        write!(hex, "{byte:02x}").expect("writing to a String cannot fail");
    }
    Ok(hex)
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, HashMap};

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn hash(json: &str) -> String {
        Sha256::digest(json).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The example of RFC 8785, §3.2.2 to §3.2.4:
    /// https://www.rfc-editor.org/rfc/rfc8785#section-3.2.2
    #[test]
    fn inputs_are_canonical_as_in_the_rfc() {
        let inputs: Value = serde_json::from_str(
            r#"{
                "numbers": [333333333.33333329, 1E30, 4.50, 2e-3,
                            0.000000000000000000000000001],
                "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
                "literals": [null, true, false]
            }"#,
        )
        .unwrap();
        let canonical = r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}"#;
        assert_eq!(
            key(Some("acme"), None, &inputs).unwrap(),
            hash(&format!(r#"["acme",null,{canonical}]"#)),
        );
    }

    /// Two empty slots and an empty string. From `printf '[null,null,""]' | sha256sum`.
    #[test]
    fn the_key_is_a_sha_256_in_hexadecimal() {
        assert_eq!(
            key(None, None, "").unwrap(),
            "7ebba0e76eab0fd864c31f13c8088c1384215350ca8d317ec225abf9e89b4390",
        );
    }

    #[test]
    fn the_order_of_a_map_does_not_matter() {
        let sorted: BTreeMap<_, _> = (0..50).map(|n| (n.to_string(), n)).collect();
        let hashed: HashMap<_, _> = sorted.clone().into_iter().collect();
        assert_eq!(key(None, None, &sorted).unwrap(), key(None, None, &hashed).unwrap());
    }

    #[test]
    fn what_is_written_alike_is_kept_apart() {
        let parts = [
            (None, None, json!(["a", "b"])),
            (Some("a"), None, json!(["b"])),
            (None, Some("a"), json!(["b"])),
            (Some("a"), Some("b"), json!([])),
            (Some("a\",\"b"), None, json!([])),
            (Some("a"), Some("b"), json!(null)),
            (Some(""), None, json!(["a", "b"])),
            (None, Some(""), json!(["a", "b"])),
            (Some("null"), None, json!(["a", "b"])),
            (None, None, json!("[\"a\",\"b\"]")),
            (None, None, json!({"a": "b"})),
        ];
        let keys: Vec<_> = parts.iter().map(|(t, v, i)| key(*t, *v, i).unwrap()).collect();
        for (n, one) in keys.iter().enumerate() {
            assert!(!keys[n + 1..].contains(one), "{:?} has another's key", parts[n]);
        }
    }

    #[test]
    fn what_json_does_not_hold_is_refused() {
        assert!(key(None, None, &(1_u64 << 53)).is_err());
        assert!(key(None, None, &[f64::NAN]).is_err());
        assert!(key(None, None, &HashMap::from([((1, 2), 3)])).is_err());
    }

    fn parts() -> impl Strategy<Value = (Option<String>, Option<String>, Vec<String>)> {
        // Few letters and those that JSON escapes, so that near misses are common.
        let text = "[a,\"\\\\\\[\\]]{0,3}";
        (
            proptest::option::of(text),
            proptest::option::of(text),
            proptest::collection::vec(text, 0..3),
        )
    }

    proptest! {
        #[test]
        fn keys_are_equal_only_for_equal_parts(one in parts(), other in parts()) {
            let of = |(t, v, i): &(Option<String>, Option<String>, Vec<String>)| {
                key(t.as_deref(), v.as_deref(), i).unwrap()
            };
            prop_assert_eq!(of(&one) == of(&other), one == other);
        }
    }
}
