//! Secrets of a tenant's users: the bindings of `credential.wit`, and ways through all
//! names and users.
//!
//! ```no_run
//! use satama_guest::{credential, secret_use};
//!
//! # fn main() -> Result<(), credential::Error> {
//! credential::put("mail", "ann", b"her token")?;
//! let token = credential::get("mail", "ann", None)?;
//! let mac = secret_use::hmac_sha256(&token, b"what is sent")?;
//! for user in credential::all_users("mail") {
//!     println!("{} has one", user?);
//! }
//! # Ok(())
//! # }
//! ```

pub use crate::bindings::satama::services::credential::*;
use crate::secret::all;

/// Most names or users that a page has.
const PAGE_MAX: u32 = 1_000;

/// The names of all credentials of `user` that this tenant may read, in the order of their
/// bytes. Ends with the first error.
pub fn all_of_user(user: &str) -> impl Iterator<Item = Result<String, Error>> {
    all(move |after| of_user(user, after, PAGE_MAX))
}

/// All users who have credential `name`, in the order of their bytes. Ends with the first
/// error.
pub fn all_users(name: &str) -> impl Iterator<Item = Result<String, Error>> {
    all(move |after| users(name, after, PAGE_MAX))
}
