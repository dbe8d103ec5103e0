//! Values as JSON, and what to say of those that are none.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Error, Failure};

/// A value that a body asks something with.
pub(super) fn input<I: Serialize + ?Sized>(value: &I) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|err| Failure::fatal("invalid-json", err.to_string()).into())
}

/// A result as it is recorded: such that it can be read back as well.
pub(super) fn result<T: Serialize + DeserializeOwned>(value: &T) -> Result<String, Failure> {
    let json = serde_json::to_string(value)
        .map_err(|err| Failure::fatal("invalid-json", err.to_string()))?;
    output::<T>(&json)?;
    Ok(json)
}

/// What came of something.
pub(super) fn output<T: DeserializeOwned>(json: &str) -> Result<T, Failure> {
    serde_json::from_str(json).map_err(|err| Failure::fatal("invalid-result", err.to_string()))
}
