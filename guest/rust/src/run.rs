//! Runs of workflows, from outside: the bindings of `run.wit`, and a short way to start one.
//!
//! ```no_run
//! use satama_guest::run::{Options, Runs};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let orders = Runs::open("checkout")?;
//! let options = Options { key: Some("order-17".into()), ..Options::default() };
//! let run = orders.begin(&["a book"], &options)?;
//! orders.signal(&run.id, "paid", "true", None)?;
//! # Ok(())
//! # }
//! ```

use serde::Serialize;

pub use crate::bindings::satama::services::run::*;
pub use crate::bindings::satama::services::workflow::{Failure, Json};

impl Runs {
    /// Starts a run with what is written as JSON. Otherwise as [`Runs::start`].
    pub fn begin<I>(&self, input: &I, options: &Options) -> Result<Started, Error>
    where
        I: Serialize + ?Sized,
    {
        let json = serde_json::to_string(input).map_err(|err| Error::Invalid(err.to_string()))?;
        self.start(&json, options)
    }
}

#[expect(clippy::derivable_impls, reason = "the type is made from the WIT")]
impl Default for Options {
    fn default() -> Self {
        Self {
            key: None,
            user: None,
            timeout_ms: None,
            priority: None,
            delay_ms: None,
            retention_ms: None,
        }
    }
}
