//! What is over a limit is refused, with the limit, and writes nothing.

use expect::{equal, ok};
use satama_guest::session::{Error, Expiry, Field, Store};

use super::{field, holds};

const ID_BYTES_MAX: usize = 1024;
const NAME_BYTES_MAX: usize = 255;
const VALUE_BYTES_MAX: usize = 64 << 10;
const FIELDS_MAX: usize = 256;
const SESSION_BYTES_MAX: usize = 1 << 20;
const TTL_MS_MAX: u64 = 400 * 24 * 60 * 60 * 1000;

pub fn check(store: &Store) -> Result<(), String> {
    ids(store, &"i".repeat(ID_BYTES_MAX + 1))?;
    ids(store, &"i".repeat(10 * 1024))?;
    let longest = "i".repeat(ID_BYTES_MAX);
    ok("the longest id", store.replace(&longest, &[]))?;
    ok("clear", store.clear("l"))?;
    ok("a session to keep", store.replace("l", &[field("a", "1")]))?;
    names_and_values(store)?;
    fields(store)?;
    bytes(store)?;
    times()
}

fn ids(store: &Store, id: &str) -> Result<(), String> {
    let error = || Error::TooLarge(ID_BYTES_MAX as u64);
    equal("get", store.get(id).err(), Some(error()))?;
    equal("replace", store.replace(id, &[]), Err(error()))?;
    equal("update", store.update(id, &[]), Err(error()))?;
    equal("remove", store.remove(id, &[]), Err(error()))?;
    equal("clear", store.clear(id), Err(error()))?;
    equal("compare-and-set", store.compare_and_set(id, 0, &[]), Err(error()))
}

/// That every write of `fields` to session `l` is refused.
fn refused(store: &Store, fields: &[Field], limit: usize) -> Result<(), String> {
    let error = || Error::TooLarge(limit as u64);
    let version = ok("get", store.get("l"))?.map_or(0, |snapshot| snapshot.version);
    equal("replace", store.replace("l", fields), Err(error()))?;
    equal("update", store.update("l", fields), Err(error()))?;
    equal("compare-and-set", store.compare_and_set("l", version, fields), Err(error()))
}

fn names_and_values(store: &Store) -> Result<(), String> {
    let name = "n".repeat(NAME_BYTES_MAX + 1);
    refused(store, &[field("b", "1"), field(&name, "1")], NAME_BYTES_MAX)?;
    let error = Error::TooLarge(NAME_BYTES_MAX as u64);
    equal("remove", store.remove("l", &["a".into(), name]), Err(error))?;
    let value = json_of(VALUE_BYTES_MAX + 1);
    refused(store, &[field("b", "1"), field("v", &value)], VALUE_BYTES_MAX)?;
    holds("nothing was written", store, "l", &[("a", "1")])?;
    let (name, value) = ("n".repeat(NAME_BYTES_MAX), json_of(VALUE_BYTES_MAX));
    ok("the longest name and value", store.update("l", &[field(&name, &value)]))?;
    holds("they are whole", store, "l", &[("a", "1"), (&name, &value)])?;
    ok("remove", store.remove("l", &[name])).map(drop)
}

fn fields(store: &Store) -> Result<(), String> {
    let fields: Vec<_> = (0..=FIELDS_MAX).map(|n| field(&format!("f{n}"), "1")).collect();
    refused(store, &fields, FIELDS_MAX)?;
    holds("nothing was written", store, "l", &[("a", "1")])?;
    ok("the most fields", store.replace("l", &fields[1..]))?;
    let error = Error::TooLarge(FIELDS_MAX as u64);
    equal("one more", store.update("l", &fields[..1]), Err(error))?;
    ok("one that is there", store.update("l", &fields[1..2]))?;
    ok("replace", store.replace("l", &[field("a", "1")])).map(drop)
}

/// More than a session holds, in values that are each within their limit.
fn bytes(store: &Store) -> Result<(), String> {
    let value = json_of(VALUE_BYTES_MAX);
    let count = SESSION_BYTES_MAX / VALUE_BYTES_MAX;
    let fields: Vec<_> = (0..=count).map(|n| field(&format!("f{n:02}"), &value)).collect();
    refused(store, &fields, SESSION_BYTES_MAX)?;
    holds("nothing was written", store, "l", &[("a", "1")])?;
    ok("most of it", store.replace("l", &fields[..count - 1]))?;
    let error = Error::TooLarge(SESSION_BYTES_MAX as u64);
    equal("the rest", store.update("l", &fields[count - 1..]), Err(error))?;
    ok("clear", store.clear("l")).map(drop)
}

fn times() -> Result<(), String> {
    let error = Error::TooLarge(TTL_MS_MAX);
    for ms in [TTL_MS_MAX + 1, u64::MAX] {
        equal("sliding", Store::open("granted", Expiry::SlidingMs(ms)).err(), Some(error.clone()))?;
        equal("fixed", Store::open("granted", Expiry::FixedMs(ms)).err(), Some(error.clone()))?;
    }
    ok("the longest", Store::open("granted", Expiry::FixedMs(TTL_MS_MAX))).map(drop)
}

/// A JSON string of so many bytes.
fn json_of(bytes: usize) -> String {
    format!("\"{}\"", "v".repeat(bytes - 2))
}
