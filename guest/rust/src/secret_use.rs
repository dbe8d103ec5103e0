//! Secrets as keys, which the component never has: the bindings of `secret-use`.

pub use crate::bindings::satama::services::secret_use::*;
