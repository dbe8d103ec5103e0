//! The shop's own systems, of which the cache is a stand-in: a stock, a bank and a courier. Each
//! can tell a repeated request by its key, so that whatever is done is done once; and undoes what
//! was done under a key, if anything was.
//!
//! What they do they say, and the worker shows it.

use std::time::Duration;

use satama_guest::cache::{Bucket, Error, Options};

/// How long they remember a key.
const REMEMBERED: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Does something, unless it was done or undone under this key before.
pub(crate) fn act(what: &str, key: &str, words: &str) -> Result<(), Error> {
    let remembered = Options::ttl(REMEMBERED);
    if Bucket::open("shop")?.set_if_absent(&name(what, key), b"done", &remembered)? {
        println!("{what}: {words}");
    } else {
        println!("{what}: {words}, which is known already");
    }
    Ok(())
}

/// Undoes what was done under this key. If nothing was, nothing will be: a request that comes
/// late is not taken.
pub(crate) fn revert(what: &str, key: &str, words: &str) -> Result<(), Error> {
    let (bucket, name) = (Bucket::open("shop")?, name(what, key));
    let remembered = Options::ttl(REMEMBERED);
    if bucket.set_if_absent(&name, b"undone", &remembered)? {
        println!("undo {what}: nothing to undo");
    } else if bucket.get(&name)?.as_deref() == Some(b"done") {
        println!("undo {what}: {words}");
        bucket.set(&name, b"undone", &remembered)?;
    } else {
        println!("undo {what}: {words}, which is known already");
    }
    Ok(())
}

fn name(what: &str, key: &str) -> String {
    format!("{what}/{key}")
}
