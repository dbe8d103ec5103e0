//! How many handles an instance may hold.

use expect::{equal, ok, that};
use satama_guest::secret::{self, Error, Secret};

use super::{get, put};

/// Twice what an instance may hold at once, unless its manifest says otherwise.
const HANDLES: u32 = 2_000;

pub fn check() -> Result<(), String> {
    put("granted/handle", b"value")?;
    // A dropped handle is given back: else this would end in `quota-exceeded`.
    for _ in 0..HANDLES {
        drop(get("granted/handle")?);
    }
    let mut held = fill()?;
    that("a good many", (900..=1_000).contains(&held.len()))?;
    let one = held.pop().ok_or("it holds some")?;
    equal("one that is held", one.version(), held[0].version())?;
    drop(one);
    held.truncate(held.len() - 9);
    // There is room for ten.
    let names = vec!["granted/handle".to_owned(); 11];
    for _ in 0..3 {
        equal("too many", secret::get_many(&names).err(), Some(Error::QuotaExceeded))?;
    }
    let many = ok("as many as there is room for", secret::get_many(&names[1..]))?;
    equal("all of them", many.iter().flatten().count(), 10)?;
    equal("none is left", secret::get("granted/handle", None).err(), Some(Error::QuotaExceeded))?;
    equal("what needs no handle", secret::exists("granted/handle"), Ok(true))?;
    drop(many);
    drop(held);
    get("granted/handle").map(drop)
}

/// Handles until there is no room for one more.
fn fill() -> Result<Vec<Secret>, String> {
    let mut held = Vec::new();
    loop {
        match secret::get("granted/handle", None) {
            Ok(secret) => held.push(secret),
            Err(Error::QuotaExceeded) => return Ok(held),
            Err(err) => return Err(format!("fill: {err:?}")),
        }
    }
}
