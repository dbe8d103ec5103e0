//! Whether a value is JSON that every guest can read back.

use serde::de::IgnoredAny;

/// Deepest nesting of arrays and objects. Guests parse by recursion, and a text
/// of brackets alone would end their stacks; serde_json stops here too.
pub const DEPTH_MAX: usize = 127;

/// Text that is not JSON, or is nested too deep.
#[derive(Debug, thiserror::Error)]
pub enum NotJson {
    /// Where it stops being JSON.
    #[error(transparent)]
    Syntax(#[from] serde_json::Error),
    /// Deeper than [`DEPTH_MAX`].
    #[error("it is nested deeper than {DEPTH_MAX}")]
    Deep,
}

/// Fails unless `text` is one JSON value. Neither allocates nor recurses.
pub(crate) fn check(text: &str) -> Result<(), NotJson> {
    serde_json::from_str::<IgnoredAny>(text)?;
    if depth(text) <= DEPTH_MAX { Ok(()) } else { Err(NotJson::Deep) }
}

/// How deep a JSON text is nested.
fn depth(text: &str) -> usize {
    let (mut depth, mut deepest): (usize, usize) = (0, 0);
    let (mut in_string, mut escaped) = (false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_json_and_not_deep() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        for text in ["1", "null", r#"{"a":[1,"]]]\"[{"]}"#, " [] ", &nested(DEPTH_MAX)] {
            check(text).unwrap();
        }
        for text in ["", "nul", "[1", "1 2", "'a'", "{a:1}", "\u{feff}1", "NaN", "01"] {
            assert!(matches!(check(text), Err(NotJson::Syntax(_))), "{text:?}");
        }
        assert!(matches!(check(&nested(DEPTH_MAX + 1)), Err(NotJson::Deep)));
        assert!(matches!(check(&"[".repeat(60_000)), Err(NotJson::Syntax(_))));
    }
}
