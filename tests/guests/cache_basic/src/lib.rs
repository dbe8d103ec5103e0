//! Every function of the cache, as a guest meets it.

mod claims;
mod limits;

use std::thread::sleep;
use std::time::Duration;

use expect::{equal, ok, that};
use satama_guest::cache::{Bucket, Entry, Error, Options};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

const MINUTE: Duration = Duration::from_secs(60);

/// Twice what an instance may hold at once, unless its manifest says otherwise.
const HANDLES: u32 = 2_000;

struct CacheBasic;

impl Guest for CacheBasic {
    fn run(_: String) -> Result<String, String> {
        equal(
            "open what is not granted",
            Bucket::open("not-granted").err(),
            Some(Error::AccessDenied),
        )?;
        equal("open nothing", Bucket::open("").err(), Some(Error::AccessDenied))?;
        let bucket = ok("open", Bucket::open("granted"))?;
        ok("clear", bucket.invalidate_all())?;
        entries(&bucket)?;
        batches(&bucket)?;
        expiry(&bucket)?;
        odd_keys(&bucket)?;
        counters(&bucket)?;
        groups(&bucket)?;
        counts(&bucket)?;
        handles()?;
        claims::check(&bucket)?;
        limits::check(&bucket)?;
        Ok("every function of the cache".into())
    }
}

fn minute() -> Options {
    Options::ttl(MINUTE)
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    Some(text.into())
}

fn entries(bucket: &Bucket) -> Result<(), String> {
    equal("get nothing", bucket.get("k"), Ok(None))?;
    equal("exists nothing", bucket.exists("k"), Ok(false))?;
    equal("delete nothing", bucket.delete("k"), Ok(false))?;
    equal("set", bucket.set("k", b"one", &minute()), Ok(()))?;
    equal("get", bucket.get("k"), Ok(bytes("one")))?;
    equal("exists", bucket.exists("k"), Ok(true))?;
    equal("set again", bucket.set("k", b"two", &minute()), Ok(()))?;
    equal("get again", bucket.get("k"), Ok(bytes("two")))?;
    equal("set over one", bucket.set_if_absent("k", b"three", &minute()), Ok(false))?;
    equal("it kept", bucket.get("k"), Ok(bytes("two")))?;
    equal("delete", bucket.delete("k"), Ok(true))?;
    equal("get deleted", bucket.get("k"), Ok(None))?;
    equal("set if absent", bucket.set_if_absent("k", b"four", &minute()), Ok(true))?;
    equal("it set", bucket.get("k"), Ok(bytes("four")))?;
    equal("set no bytes", bucket.set("k", b"", &minute()), Ok(()))?;
    equal("get no bytes", bucket.get("k"), Ok(bytes("")))?;
    let all: Vec<u8> = (0..=255).collect();
    equal("set any bytes", bucket.set("k", &all, &minute()), Ok(()))?;
    equal("get any bytes", bucket.get("k"), Ok(Some(all)))
}

fn batches(bucket: &Bucket) -> Result<(), String> {
    let entry =
        |key: &str, value: &str| Entry { key: key.into(), value: value.into(), options: minute() };
    let entries = [entry("b1", "one"), entry("b2", "two"), entry("b1", "last")];
    equal("set-many", bucket.set_many(&entries), Ok(()))?;
    let keys = ["b2", "absent", "b1", "b2"].map(String::from);
    let values = vec![bytes("two"), None, bytes("last"), bytes("two")];
    equal("get-many", bucket.get_many(&keys), Ok(values))?;
    equal("set none", bucket.set_many(&[]), Ok(()))?;
    equal("get none", bucket.get_many(&[]), Ok(vec![]))
}

fn expiry(bucket: &Bucket) -> Result<(), String> {
    equal("ttl of nothing", bucket.ttl("e"), Ok(None))?;
    ok("set for a minute", bucket.set("e", b"", &minute()))?;
    let left = ok("ttl", bucket.ttl("e"))?;
    that("ttl is within the minute", left.is_some_and(|ms| (1..=60_000).contains(&ms)))?;
    for ttl_ms in [0, 1] {
        let options = Options { ttl_ms, group: None };
        ok("set for a moment", bucket.set("e", b"", &options))?;
        sleep(Duration::from_millis(30));
        equal("get expired", bucket.get("e"), Ok(None))?;
        equal("exists expired", bucket.exists("e"), Ok(false))?;
        equal("ttl of expired", bucket.ttl("e"), Ok(None))?;
        equal("delete expired", bucket.delete("e"), Ok(false))?;
    }
    Ok(())
}

/// Keys that would collide if parts of one were not kept apart.
fn odd_keys(bucket: &Bucket) -> Result<(), String> {
    let keys = [
        "",
        ":",
        "::",
        "{",
        "}",
        "{}",
        "{a}",
        "a:b",
        "a",
        "b",
        "a%3Ab",
        "%",
        "*",
        "?",
        "a\0",
        "\0",
        "a\nb",
        " ",
        "ä",
        "a\u{308}",
        "\u{10ffff}",
        "granted",
        "granted:a",
    ];
    for key in keys {
        equal("an odd key is new", bucket.set_if_absent(key, key.as_bytes(), &minute()), Ok(true))?;
    }
    for key in keys {
        equal("an odd key has its value", bucket.get(key), Ok(bytes(key)))?;
    }
    for key in keys {
        equal("an odd key is deleted alone", bucket.delete(key), Ok(true))?;
    }
    Ok(())
}

fn counters(bucket: &Bucket) -> Result<(), String> {
    equal("start", bucket.add("n", 5, &minute()), Ok(5))?;
    equal("add", bucket.add("n", -7, &Options { ttl_ms: 1, group: None }), Ok(-2))?;
    equal("read", bucket.get("n"), Ok(bytes("-2")))?;
    let left = ok("ttl of a counter", bucket.ttl("n"))?;
    that("a counter keeps its expiry", left.is_some_and(|ms| ms > 10_000))?;
    const MAX: i64 = (1 << 53) - 1;
    equal("add the most", bucket.add("m", MAX, &minute()), Ok(MAX))?;
    equal("overflow", bucket.add("m", 1, &minute()), Err(Error::NotACounter))?;
    equal("it kept", bucket.add("m", 0, &minute()), Ok(MAX))?;
    equal("add the least", bucket.add("l", -MAX, &minute()), Ok(-MAX))?;
    equal("underflow", bucket.add("l", -1, &minute()), Err(Error::NotACounter))?;
    ok("set digits", bucket.set("n", b"41", &minute()))?;
    equal("add to digits", bucket.add("n", 1, &minute()), Ok(42))?;
    for text in ["text", "", "+5", "007", "-0", " 5", "5 ", "1.0", "9007199254740992"] {
        ok("set text", bucket.set("n", text.as_bytes(), &minute()))?;
        equal("add to text", bucket.add("n", 1, &minute()), Err(Error::NotACounter))?;
        equal("the text kept", bucket.get("n"), Ok(bytes(text)))?;
    }
    Ok(())
}

fn groups(bucket: &Bucket) -> Result<(), String> {
    let grouped = |group: &str| minute().in_group(group);
    ok("set in a group", bucket.set("g1", b"1", &grouped("a")))?;
    ok("add in a group", bucket.add("g2", 1, &grouped("a")))?;
    ok("set in another", bucket.set("g3", b"3", &grouped("b")))?;
    ok("set in the nameless", bucket.set("g4", b"4", &grouped("")))?;
    ok("set in none", bucket.set("g5", b"5", &minute()))?;
    equal("invalidate an unused group", bucket.invalidate_group("unused"), Ok(()))?;
    equal("invalidate a group", bucket.invalidate_group("a"), Ok(()))?;
    let keys = ["g1", "g2", "g3", "g4", "g5"].map(String::from);
    let rest = vec![None, None, bytes("3"), bytes("4"), bytes("5")];
    equal("the others kept", bucket.get_many(&keys), Ok(rest))?;
    equal("no entry", bucket.exists("g1"), Ok(false))?;
    equal("no ttl", bucket.ttl("g1"), Ok(None))?;
    equal("none to delete", bucket.delete("g1"), Ok(false))?;
    equal("a counter starts anew", bucket.add("g2", 1, &minute()), Ok(1))?;
    ok("set after it", bucket.set("g1", b"new", &grouped("a")))?;
    equal("get after it", bucket.get("g1"), Ok(bytes("new")))?;
    ok("change the group", bucket.set("g3", b"3", &grouped("a")))?;
    ok("invalidate the former", bucket.invalidate_group("b"))?;
    equal("it left the former", bucket.get("g3"), Ok(bytes("3")))?;
    equal("invalidate all", bucket.invalidate_all(), Ok(()))?;
    equal("nothing is left", bucket.get_many(&keys), Ok(vec![None; 5]))
}

/// Other instances may read the bucket meanwhile, so these are lower bounds.
fn counts(bucket: &Bucket) -> Result<(), String> {
    ok("set", bucket.set("c", b"", &minute()))?;
    let before = ok("counts", bucket.counts())?;
    ok("one hit", bucket.get("c"))?;
    ok("one miss", bucket.get("absent"))?;
    ok("one of each", bucket.get_many(&["c".into(), "absent".into()]))?;
    let after = ok("counts", bucket.counts())?;
    that("hits are counted", after.hits >= before.hits + 2)?;
    that("misses are counted", after.misses >= before.misses + 2)
}

/// A dropped handle is given back: else this would end in `quota-exceeded`.
fn handles() -> Result<(), String> {
    for _ in 0..HANDLES {
        drop(ok("open and drop", Bucket::open("granted"))?);
    }
    Ok(())
}

export!(CacheBasic);
