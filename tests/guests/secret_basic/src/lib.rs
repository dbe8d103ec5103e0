//! Every function of secrets, as a guest meets it.
//!
//! It may read and write what begins with `granted/`, and reveal what begins with
//! `granted/open/`; it may read `read-only` and write `write-only`. `hidden` is there, and
//! not its business. Three versions are kept.

mod handles;
mod uses;

use expect::{equal, ok, that};
use satama_guest::secret::{self, Error, Metadata, Secret};
use satama_guest::secret_reveal::reveal;

wit_bindgen::generate!({ path: "../wit", world: "guest" });

const VALUE_BYTES_MAX: usize = 64 << 10;
const KEEP: usize = 3;

/// No secret can have these.
const NO_NAMES: [&str; 9] = [
    "",
    " ",
    "granted/a b",
    "granted/\0",
    "granted/\n",
    "granted/ä",
    "granted/*",
    "granted/\u{1b}[2J",
    ":",
];

struct SecretBasic;

impl Guest for SecretBasic {
    fn run(_: String) -> Result<String, String> {
        not_granted()?;
        part_granted()?;
        no_names()?;
        values()?;
        versions()?;
        many()?;
        names()?;
        revealed()?;
        uses::check()?;
        handles::check()?;
        Ok("every function of secrets".into())
    }
}

fn get(name: &str) -> Result<Secret, String> {
    ok(&format!("get {name}"), secret::get(name, None))
}

fn put(name: &str, value: &[u8]) -> Result<u64, String> {
    ok(&format!("put {name}"), secret::put(name, value))
}

/// What cannot be told from a secret that is not there.
fn is_absent(name: &str) -> Result<(), String> {
    let what = |does: &str| format!("{does} {:?}", name.chars().take(40).collect::<String>());
    equal(&what("get"), secret::get(name, None).err(), Some(Error::NotFound))?;
    equal(&what("get a version of"), secret::get(name, Some(1)).err(), Some(Error::NotFound))?;
    equal(&what("describe"), secret::describe(name), Err(Error::NotFound))?;
    equal(&what("look for"), secret::exists(name), Ok(false))?;
    let many = ok(&what("get many of"), secret::get_many(&[name.to_owned()]))?;
    that(&what("find none of"), many.len() == 1 && many[0].is_none())?;
    let mut names = ok("names", secret::all_names().collect::<Result<Vec<_>, _>>())?.into_iter();
    that(&what("do not list"), !names.any(|listed| listed == name))
}

fn not_granted() -> Result<(), String> {
    for name in ["hidden", "absent", "granted", "hidden/granted/", "Granted/a"] {
        is_absent(name)?;
        equal("put", secret::put(name, b"value"), Err(Error::AccessDenied))?;
        equal("delete", secret::delete(name), Err(Error::AccessDenied))?;
    }
    // What is granted, and is not there, but for what it may do about that.
    equal("delete nothing", secret::delete("granted/absent"), Ok(false))?;
    is_absent("granted/absent")
}

fn part_granted() -> Result<(), String> {
    let secret = get("read-only")?;
    that("it has a version", secret.version() > 0)?;
    equal("it is not revealed", reveal(&secret), Err(Error::AccessDenied))?;
    equal("it is not put", secret::put("read-only", b"value"), Err(Error::AccessDenied))?;
    equal("it is not deleted", secret::delete("read-only"), Err(Error::AccessDenied))?;
    equal("it is as it was", get("read-only")?.version(), secret.version())?;

    let first = put("write-only", b"value")?;
    is_absent("write-only")?;
    that("versions grow", put("write-only", b"value")? > first)?;
    equal("delete what is not read", secret::delete("write-only"), Ok(true))?;
    equal("it was deleted", secret::delete("write-only"), Ok(false))
}

fn no_names() -> Result<(), String> {
    let long = format!("granted/{}", "x".repeat(121));
    for name in NO_NAMES.into_iter().chain([long.as_str()]) {
        is_absent(name)?;
        equal("put", secret::put(name, b"value"), Err(Error::InvalidName))?;
        equal("delete", secret::delete(name), Err(Error::AccessDenied))?;
    }
    let longest = &long[..128];
    put(longest, b"value")?;
    equal("the longest name", secret::delete(longest), Ok(true))
}

fn values() -> Result<(), String> {
    let all: Vec<u8> = (0..=255).collect();
    for value in [&[][..], &[0], &all, &vec![7; VALUE_BYTES_MAX]] {
        put("granted/open/a", value)?;
        equal("it is as it was put", reveal(&get("granted/open/a")?), Ok(value.to_vec()))?;
    }
    let before = ok("describe", secret::describe("granted/open/a"))?;
    for bytes in [VALUE_BYTES_MAX + 1, 1 << 20] {
        let error = Error::TooLarge(VALUE_BYTES_MAX as u64);
        equal("too much", secret::put("granted/open/a", &vec![7; bytes]), Err(error))?;
    }
    equal("nothing was put", secret::describe("granted/open/a"), Ok(before))
}

fn versions() -> Result<(), String> {
    let name = "granted/open/versions";
    ok("delete", secret::delete(name))?;
    let mut put_all = Vec::new();
    let mut handles = Vec::new();
    for n in 0..=KEEP {
        put_all.push(put(name, format!("value {n}").as_bytes())?);
        handles.push(get(name)?);
        equal("the newest", handles[n].version(), put_all[n])?;
    }
    that("versions grow", put_all.is_sorted() && put_all[KEEP] < 1 << 53)?;
    let Metadata { version, created_ms, updated_ms, versions } =
        ok("describe", secret::describe(name))?;
    equal("the newest", version, put_all[KEEP])?;
    equal("those that are kept", &versions[..], &put_all[1..])?;
    that("times", 0 < created_ms && created_ms <= updated_ms)?;
    for (n, version) in put_all.iter().enumerate().skip(1) {
        let secret = ok("get a version", secret::get(name, Some(*version)))?;
        equal("which", secret.version(), *version)?;
        equal("what", reveal(&secret), Ok(format!("value {n}").into_bytes()))?;
    }
    for version in [put_all[0], 0, 1, put_all[KEEP] + 1, 1 << 53, u64::MAX] {
        equal("not kept", secret::get(name, Some(version)).err(), Some(Error::NotFound))?;
    }
    equal("delete", secret::delete(name), Ok(true))?;
    is_absent(name)?;
    for (n, secret) in handles.iter().enumerate() {
        equal("a handle stays", reveal(secret), Ok(format!("value {n}").into_bytes()))?;
        equal("its version", secret.version(), put_all[n])?;
    }
    that("they grow beyond a deletion", put(name, b"again")? > put_all[KEEP])?;
    equal("one", ok("describe", secret::describe(name))?.versions.len(), 1)
}

fn many() -> Result<(), String> {
    put("granted/open/one", b"1")?;
    put("granted/open/two", b"2")?;
    let names =
        ["granted/open/two", "hidden", "granted/absent", "read-only", "granted/open/one", "\0"];
    let names = names.map(str::to_owned);
    let secrets = ok("get many", secret::get_many(&names))?;
    let there: Vec<_> = secrets.iter().map(Option::is_some).collect();
    equal("in their order", there, vec![true, false, false, true, true, false])?;
    let value = |at: usize| reveal(secrets[at].as_ref().expect("it is there"));
    equal("two", value(0), Ok(b"2".to_vec()))?;
    equal("one", value(4), Ok(b"1".to_vec()))?;
    equal("not revealed", value(3), Err(Error::AccessDenied))?;

    that("none of none", ok("get none", secret::get_many(&[]))?.is_empty())?;
    let same = vec!["granted/open/one".to_owned(); 65];
    let all = ok("the most", secret::get_many(&same[1..]))?;
    equal("of one", all.into_iter().flatten().count(), 64)?;
    equal("one more", secret::get_many(&same).err(), Some(Error::TooLarge(64)))
}

fn names() -> Result<(), String> {
    let ours: Vec<String> = (0..25).map(|n| format!("granted/names/{n:02}")).collect();
    for name in &ours {
        put(name, b"value")?;
    }
    let all = ok("all names", secret::all_names().collect::<Result<Vec<_>, _>>())?;
    that("in order, each once", all.is_sorted_by(|a, b| a < b))?;
    that("what may be read", all.iter().all(|n| n == "read-only" || n.starts_with("granted/")))?;
    that("all of it", ours.iter().chain([&"read-only".to_owned()]).all(|n| all.contains(n)))?;
    for limit in [1, 3, 1_000] {
        let mut paged = Vec::new();
        let mut after = None;
        loop {
            let page = ok("names", secret::names(after.as_deref(), limit))?;
            that("no more than was asked for", page.names.len() <= limit as usize)?;
            paged.extend(page.names);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        equal("page by page", &paged, &all)?;
    }
    let after = ok("names", secret::names(Some("granted/names/22"), 2))?;
    equal("after a name", after.names, ["granted/names/23", "granted/names/24"])?;
    let after = ok("names", secret::names(Some("granted/names/22x"), 1))?;
    equal("after what is not there", after.names, ["granted/names/23"])?;
    let after = ok("names", secret::names(Some("z"), 1_000))?;
    equal("after all", (after.names.len(), after.next), (0, None))?;
    equal("none", ok("names", secret::names(None, 0))?.names.len(), 0)?;
    equal("too many", secret::names(None, 1_001), Err(Error::TooLarge(1_000)))?;
    for name in &ours {
        equal("delete", secret::delete(name), Ok(true))?;
    }
    Ok(())
}

/// The interface links, and each secret is granted apart.
fn revealed() -> Result<(), String> {
    put("granted/closed", b"closed")?;
    put("granted/open/b", b"open")?;
    let (closed, open) = (get("granted/closed")?, get("granted/open/b")?);
    equal("closed", reveal(&closed), Err(Error::AccessDenied))?;
    equal("open", reveal(&open), Ok(b"open".to_vec()))?;
    equal("open again", reveal(&open), Ok(b"open".to_vec()))?;
    equal("closed again", reveal(&closed), Err(Error::AccessDenied))
}

export!(SecretBasic);
