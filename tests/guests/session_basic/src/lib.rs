//! Every function of the session store, as a guest meets it.

mod limits;

use std::thread::sleep;
use std::time::Duration;

use expect::{equal, ok, that};
use satama_guest::session::{Error, Expiry, Field, Store, Swap};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

const MINUTE_MS: u64 = 60_000;

/// Twice what an instance may hold at once, unless its manifest says otherwise.
const HANDLES: u32 = 2_000;

struct SessionBasic;

impl Guest for SessionBasic {
    fn run(_: String) -> Result<String, String> {
        let expiry = Expiry::SlidingMs(MINUTE_MS);
        equal(
            "open what is not granted",
            Store::open("not-granted", expiry).err(),
            Some(Error::AccessDenied),
        )?;
        let store = ok("open", Store::open("granted", expiry))?;
        nothing(&store)?;
        writes(&store)?;
        versions(&store)?;
        swaps(&store)?;
        odd_names(&store)?;
        texts(&store)?;
        sliding()?;
        fixed()?;
        handles()?;
        limits::check(&store)?;
        Ok("every function of the session store".into())
    }
}

fn field(name: &str, value: &str) -> Field {
    Field { name: name.into(), value: value.into() }
}

/// The version and the fields of a session that has to be there.
fn read(store: &Store, id: &str) -> Result<(u64, Vec<(String, String)>), String> {
    let snapshot = ok("get", store.get(id))?.ok_or(format!("get {id}: no session"))?;
    let fields = snapshot.fields.into_iter().map(|field| (field.name, field.value));
    Ok((snapshot.version, fields.collect()))
}

fn holds(what: &str, store: &Store, id: &str, expected: &[(&str, &str)]) -> Result<(), String> {
    let expected: Vec<_> = expected.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    equal(what, read(store, id)?.1, expected)
}

fn nothing(store: &Store) -> Result<(), String> {
    ok("clear", store.clear("s"))?;
    that("get nothing", ok("get", store.get("s"))?.is_none())?;
    equal("clear nothing", store.clear("s"), Ok(false))?;
    equal("remove from nothing", store.remove("s", &["a".into()]), Ok(0))?;
    that("none was created", ok("get", store.get("s"))?.is_none())
}

fn writes(store: &Store) -> Result<(), String> {
    let one = ok("replace", store.replace("s", &[field("b", "1"), field("a", "\"x\"")]))?;
    holds("in the order of names", store, "s", &[("a", "\"x\""), ("b", "1")])?;
    equal("get has the version", read(store, "s")?.0, one)?;
    let two = ok("update", store.update("s", &[field("c", "null"), field("b", "2")]))?;
    holds("update keeps the others", store, "s", &[("a", "\"x\""), ("b", "2"), ("c", "null")])?;
    let three = ok("remove", store.remove("s", &["a".into(), "absent".into()]))?;
    holds("remove keeps the others", store, "s", &[("b", "2"), ("c", "null")])?;
    let four = ok("replace", store.replace("s", &[field("d", "[]")]))?;
    holds("replace keeps none", store, "s", &[("d", "[]")])?;
    ok("update twice", store.update("s", &[field("d", "1"), field("d", "2")]))?;
    holds("the last counts", store, "s", &[("d", "2")])?;
    let empty = ok("replace with nothing", store.replace("s", &[]))?;
    holds("a session may be empty", store, "s", &[])?;
    that("versions grow", 0 < one && one < two && two < three && three < four && four < empty)?;
    equal("clear", store.clear("s"), Ok(true))?;
    that("it is gone", ok("get", store.get("s"))?.is_none())?;
    ok("update creates", store.update("s", &[field("a", "1")]))?;
    holds("it created", store, "s", &[("a", "1")])
}

/// No version is used twice for one id.
fn versions(store: &Store) -> Result<(), String> {
    let mut last = 0;
    for _ in 0..3 {
        let version = ok("replace", store.replace("v", &[field("a", "1")]))?;
        that("a version is new after clear", version > last)?;
        that("a version is exact in JavaScript", version < 1 << 53)?;
        last = ok("remove", store.remove("v", &[]))?.max(version);
        equal("clear", store.clear("v"), Ok(true))?;
    }
    Ok(())
}

fn swaps(store: &Store) -> Result<(), String> {
    let swap = |version, value| store.compare_and_set("c", version, &[field("n", value)]);
    ok("clear", store.clear("c"))?;
    equal("a version of nothing", swap(1, "0"), Ok(Swap::Stale(0)))?;
    that("nothing was written", ok("get", store.get("c"))?.is_none())?;
    let Ok(Swap::Swapped(one)) = swap(0, "1") else {
        return Err("compare-and-set did not create a session".into());
    };
    equal("zero for one that is", swap(0, "2"), Ok(Swap::Stale(one)))?;
    let Ok(Swap::Swapped(two)) = swap(one, "3") else {
        return Err("compare-and-set did not swap".into());
    };
    that("a swap is a new version", two > one)?;
    equal("a stale version", swap(one, "4"), Ok(Swap::Stale(two)))?;
    holds("the stale one wrote nothing", store, "c", &[("n", "3")])?;
    equal("clear", store.clear("c"), Ok(true))?;
    equal("the version before clear", swap(two, "5"), Ok(Swap::Stale(0)))
}

fn odd_names(store: &Store) -> Result<(), String> {
    let names =
        ["", ":", "{", "}", "{s}", "a:b", "a\0", "\0", "*", "%", "ä", "\u{10ffff}", "v", "version"];
    for name in names {
        let value = serde_like(name);
        ok("an odd id", store.replace(name, &[field(name, &value)]))?;
    }
    for name in names {
        holds("an odd id has its field", store, name, &[(name, &serde_like(name))])?;
        equal("an odd id is cleared alone", store.clear(name), Ok(true))?;
    }
    let fields = names.map(|name| field(name, "1"));
    ok("odd fields in one session", store.replace("s", &fields))?;
    let mut sorted = names.map(|name| (name, "1"));
    sorted.sort_unstable();
    holds("they are apart, and in order", store, "s", &sorted)
}

/// A JSON string that differs with the name, and needs no escapes.
fn serde_like(name: &str) -> String {
    format!("\"{}\"", name.escape_unicode().to_string().replace('\\', ""))
}

/// JSON is kept as it was written; what is not JSON is refused by field.
fn texts(store: &Store) -> Result<(), String> {
    let texts =
        [" [ 1.50 , 1E400 ]\n", r#"{"a":1,"a":2}"#, "-0", r#""\u0000\ud83d\ude00""#, "0.1e-7"];
    for text in texts {
        ok("update with JSON", store.update("t", &[field("j", text)]))?;
        holds("it is as written", store, "t", &[("j", text)])?;
    }
    let deepest = "[".repeat(127) + &"]".repeat(127);
    ok("the deepest JSON", store.update("t", &[field("j", &deepest)]))?;
    let too_deep = "[".repeat(128) + &"]".repeat(128);
    let bad = ["", "x", "'a'", "{", "[1,]", "1 2", "01", "NaN", "\"\n\"", "undefined", &too_deep];
    for text in bad {
        let fields = [field("good", "1"), field("bad", text)];
        let error = || Err(Error::InvalidJson("bad".into()));
        equal(&format!("update with {text}"), store.update("t", &fields), error())?;
        equal(&format!("replace with {text}"), store.replace("t", &fields), error())?;
        let swapped = store.compare_and_set("t", 0, &fields).map(drop);
        equal(&format!("compare-and-set with {text}"), swapped, error().map(drop))?;
    }
    holds("nothing was written", store, "t", &[("j", &deepest)])
}

/// How long the session has, before and after a wait of 200 ms.
fn before_and_after(store: &Store, id: &str) -> Result<(u64, u64), String> {
    let left = || -> Result<u64, String> {
        Ok(ok("get", store.get(id))?.ok_or("it expired")?.expires_in_ms)
    };
    ok("clear", store.clear(id))?;
    ok("replace", store.replace(id, &[]))?;
    let before = left()?;
    sleep(Duration::from_millis(200));
    Ok((before, left()?))
}

fn sliding() -> Result<(), String> {
    let store = ok("open", Store::open("granted", Expiry::SlidingMs(MINUTE_MS)))?;
    let (before, after) = before_and_after(&store, "sliding")?;
    that("expires within the minute", before <= MINUTE_MS && after <= MINUTE_MS)?;
    that("a read renews it", after > MINUTE_MS - 150)?;
    let store = ok("open", Store::open("granted", Expiry::SlidingMs(1)))?;
    ok("replace", store.replace("sliding", &[]))?;
    sleep(Duration::from_millis(30));
    that("it expires", ok("get", store.get("sliding"))?.is_none())
}

fn fixed() -> Result<(), String> {
    let store = ok("open", Store::open("granted", Expiry::FixedMs(MINUTE_MS)))?;
    let (before, after) = before_and_after(&store, "fixed")?;
    that("expires within the minute", before <= MINUTE_MS)?;
    that("a read does not renew it", after + 200 <= before)?;
    ok("update", store.update("fixed", &[field("a", "1")]))?;
    let left = ok("get", store.get("fixed"))?.ok_or("it expired")?.expires_in_ms;
    that("nor does a write", left <= after)?;
    ok("clear", store.clear("fixed"))?;
    let store = ok("open", Store::open("granted", Expiry::FixedMs(0)))?;
    ok("replace", store.replace("fixed", &[]))?;
    sleep(Duration::from_millis(30));
    that("it expires", ok("get", store.get("fixed"))?.is_none())
}

/// A dropped handle is given back: else this would end in `quota-exceeded`.
fn handles() -> Result<(), String> {
    for _ in 0..HANDLES {
        drop(ok("open and drop", Store::open("granted", Expiry::SlidingMs(1)))?);
    }
    Ok(())
}

export!(SessionBasic);
