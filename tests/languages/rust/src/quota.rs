//! Too many handles, and too many calls; and a function that calls until it may not.

use satama_guest::cache::{Bucket, Error, FillOptions, Filled};
use satama_guest::channel::Store as Channels;
use satama_guest::hub::Bus;
use satama_guest::run::{self, Runs};
use satama_guest::session::{Expiry, Store as Sessions};
use satama_guest::workflow::{self, Failure};
use satama_guest::{credential, secret, secret_reveal, secret_use};
use serde_json::Value;

use crate::show::{Lines, Show, worked};

/// More than any limit here.
const MANY: usize = 100_000;

/// Opens handles until that is refused; closes them all, and opens one more.
fn exhaust<T, E: Show>(t: &mut Lines, what: &str, mut open: impl FnMut(usize) -> Result<T, E>) {
    let mut held = Vec::new();
    let refused = (0..MANY).find_map(|n| open(n).map(|handle| held.push(handle)).err());
    t.say(what, refused);
    drop(held);
    t.say("once they are closed", worked(open(MANY)));
}

pub fn handles(t: &mut Lines) {
    exhaust(t, "buckets", |_| Bucket::open("granted"));
    let b = Bucket::open("granted").expect("it is granted");
    exhaust(t, "claims", |n| {
        let key = format!("claim-{n}");
        match b.fill(&key, &FillOptions { wait_ms: 0, claim_ms: 60_000, group: None })? {
            Filled::Claimed(claim) => Ok::<_, Error>(claim),
            other => panic!("no claim, but {}", other.show()),
        }
    });
    drop(b);
    exhaust(t, "sessions", |_| Sessions::open("granted", Expiry::FixedMs(1000)));
    exhaust(t, "channels", |_| Channels::open("granted", 1000));
    exhaust(t, "buses", |_| Bus::open("granted"));
    exhaust(t, "runs", |_| Runs::open("story"));
    exhaust(t, "secrets", |_| secret::get("granted/open/known", None));
    exhaust(t, "credentials", |_| credential::get("granted/open/known", "ann", None));
}

/// Calls until that is refused. It was allowed before, or is not for want of calls made
/// elsewhere: both are told the same.
fn flood<T, E: Show>(t: &mut Lines, what: &str, mut call: impl FnMut() -> Result<T, E>) {
    t.say(what, (0..MANY).find_map(|_| call().err()));
}

pub fn calls(t: &mut Lines) {
    let b = Bucket::open("granted").expect("it is granted");
    let s = Sessions::open("granted", Expiry::FixedMs(1000)).expect("it is granted");
    let c = Channels::open("granted", 1000).expect("it is granted");
    let h = Bus::open("granted").expect("it is granted");
    let r = Runs::open("story").expect("it is granted");
    let known = secret::get("granted/open/known", None).expect("it is there");
    flood(t, "cache", || b.exists("a"));
    flood(t, "counts", || b.counts().map(drop));
    flood(t, "session", || s.get("a"));
    flood(t, "channel", || c.touch(&[]));
    flood(t, "hub", || h.history("a", None, 0));
    flood(t, "run", || r.get("a").map(drop));
    flood(t, "names", run::names);
    flood(t, "secret", || secret::exists("granted/a"));
    flood(t, "secret-use", || secret_use::hmac_sha256(&known, b""));
    flood(t, "secret-reveal", || secret_reveal::reveal(&known));
    flood(t, "credential", || credential::exists("granted/a", "ann"));
}

/// Has a function call until that is refused.
pub fn insists(_: Value) -> workflow::Result<Option<String>> {
    workflow::call("insist", &())
}

/// Sets a part of its run's state until that is refused, and says how.
pub fn insist(_: Value) -> Result<Option<String>, Failure> {
    let refused = (0..MANY).find_map(|n| workflow::set_state("insisted", &n).err());
    Ok(refused.map(|err| err.code().to_owned()))
}
