//! Secrets in the open: the bindings of `secret-reveal`.
//!
//! ```no_run
//! use satama_guest::{secret, secret_reveal};
//!
//! # fn main() -> Result<(), secret::Error> {
//! let password = secret_reveal::reveal(&secret::get("database/password", None)?)?;
//! # Ok(())
//! # }
//! ```

pub use crate::bindings::satama::services::secret_reveal::*;
