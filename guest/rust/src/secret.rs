//! Values that are kept secret: the bindings of `secret.wit`, and a way through all names.
//!
//! A [`Secret`] is a handle. What may be done with it is in [`secret_use`](crate::secret_use)
//! and [`secret_reveal`](crate::secret_reveal), each of which the manifest grants apart.
//!
//! ```no_run
//! use satama_guest::{secret, secret_use};
//!
//! # fn main() -> Result<(), secret::Error> {
//! let key = secret::get("webhooks/acme", None)?;
//! let mac = secret_use::hmac_sha256(&key, b"what is sent")?;
//!
//! // Sealed with one version, and so unsealed with that one.
//! let sealed = secret_use::seal(&key, b"a token", b"for ann")?;
//! let key = secret::get("webhooks/acme", Some(key.version()))?;
//! assert_eq!(secret_use::unseal(&key, &sealed, b"for ann")?, b"a token");
//! # Ok(())
//! # }
//! ```

use std::iter;

pub use crate::bindings::satama::services::secret::*;

/// Most names that a page has.
const PAGE_MAX: u32 = 1_000;

/// The names of all secrets that this tenant may read, in the order of their bytes. Ends
/// with the first error.
pub fn all_names() -> impl Iterator<Item = Result<String, Error>> {
    all(|after| names(after, PAGE_MAX))
}

/// All names of a list, read page by page.
pub(crate) fn all(
    mut page: impl FnMut(Option<&str>) -> Result<Page, Error>,
) -> impl Iterator<Item = Result<String, Error>> {
    let mut names = Vec::new().into_iter();
    let mut places = Some(None::<String>);
    // A page may be empty, and still have a next.
    iter::from_fn(move || {
        loop {
            if let Some(name) = names.next() {
                return Some(Ok(name));
            }
            match page(places.take()?.as_deref()) {
                Ok(page) => {
                    names = page.names.into_iter();
                    places = page.next.map(Some);
                }
                Err(err) => return Some(Err(err)),
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_pages_are_read_up_to_an_error() {
        let page = |names: &[&str], next: Option<&str>| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            Ok(Page { names, next: next.map(str::to_owned) })
        };
        let fetch = |after: Option<&str>| match after {
            None => page(&["a", "b"], Some("b")),
            Some("b") => page(&[], Some("m")),
            Some("m") => page(&["n"], Some("n")),
            _ => Err(Error::Unavailable),
        };
        let read: Vec<_> = all(fetch).collect();
        let names = ["a", "b", "n"].map(|name| Ok(name.to_owned()));
        assert_eq!(read, [&names[..], &[Err(Error::Unavailable)]].concat());
        assert_eq!(all(|_| page(&[], None)).count(), 0);
    }
}
