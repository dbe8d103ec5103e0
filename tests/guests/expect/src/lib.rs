//! What a test guest expects, and what it says of anything else.

use std::fmt::Debug;

/// Fails unless `actual` is `expected`.
pub fn equal<A, B>(what: &str, actual: A, expected: B) -> Result<(), String>
where
    A: Debug + PartialEq<B>,
    B: Debug,
{
    if actual == expected {
        return Ok(());
    }
    Err(format!("{what}: expected {expected:?}, got {actual:?}"))
}

/// Fails unless `outcome` is.
pub fn that(what: &str, outcome: bool) -> Result<(), String> {
    equal(what, outcome, true)
}

/// What a call that has to succeed returned.
pub fn ok<T, E: Debug>(what: &str, result: Result<T, E>) -> Result<T, String> {
    result.map_err(|err| format!("{what}: {err:?}"))
}
