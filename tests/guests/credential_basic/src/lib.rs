//! Every function of credentials, as a guest meets it that is granted no secret.
//!
//! It may read and write what begins with `granted/`, and reveal what begins with
//! `granted/open/`; it may read `read-only` and write `write-only`. `hidden` of `ann` is
//! there, and not its business. So is the secret `granted/a`, which is the tenant's own.
//! Three versions are kept.

use expect::{equal, ok, that};
use satama_guest::credential;
use satama_guest::secret::{self, Error, Secret};
use satama_guest::secret_reveal::reveal;
use satama_guest::secret_use::{hmac_sha256, seal, unseal};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

const VALUE_BYTES_MAX: usize = 64 << 10;
const USER_BYTES_MAX: usize = 255;

/// A user is any text.
const USERS: [&str; 12] = [
    "",
    " ",
    "%",
    "%2F",
    "*",
    "/",
    "ann",
    "ann/",
    "ann/granted",
    "bob\0\n\u{1b}[2J",
    "{t}",
    "ä\u{10ffff}",
];

struct CredentialBasic;

impl Guest for CredentialBasic {
    fn run(_: String) -> Result<String, String> {
        no_secrets()?;
        not_granted()?;
        part_granted()?;
        no_names()?;
        users_are_apart()?;
        lists()?;
        versions()?;
        uses()?;
        limits()?;
        handles()?;
        Ok("every function of credentials".into())
    }
}

fn get(name: &str, user: &str) -> Result<Secret, String> {
    ok(&format!("get {name} of {user:?}"), credential::get(name, user, None))
}

fn put(name: &str, user: &str, value: &[u8]) -> Result<u64, String> {
    ok(&format!("put {name} of {user:?}"), credential::put(name, user, value))
}

/// The interface of secrets links, for its handles; nothing is granted of it.
fn no_secrets() -> Result<(), String> {
    for name in ["granted/a", "absent"] {
        equal("get", secret::get(name, None).err(), Some(Error::NotFound))?;
        equal("exists", secret::exists(name), Ok(false))?;
        equal("put", secret::put(name, b"value"), Err(Error::AccessDenied))?;
        equal("delete", secret::delete(name), Err(Error::AccessDenied))?;
    }
    let page = ok("names", secret::names(None, 10))?;
    equal("names", (page.names.len(), page.next), (0, None))
}

/// What cannot be told from a credential that is not there.
fn is_absent(name: &str, user: &str) -> Result<(), String> {
    let what = |does: &str| format!("{does} {name:?} of {user:?}");
    let found = credential::get(name, user, None);
    equal(&what("get"), found.err(), Some(Error::NotFound))?;
    equal(&what("describe"), credential::describe(name, user), Err(Error::NotFound))?;
    equal(&what("look for"), credential::exists(name, user), Ok(false))?;
    let users = credential::all_users(name).collect::<Result<Vec<_>, _>>();
    that(&what("do not list"), !ok("users", users)?.iter().any(|listed| listed == user))?;
    let names = credential::all_of_user(user).collect::<Result<Vec<_>, _>>();
    that(&what("do not list"), !ok("of-user", names)?.iter().any(|listed| listed == name))
}

fn not_granted() -> Result<(), String> {
    for name in ["hidden", "absent", "granted", "ann/granted/a"] {
        is_absent(name, "ann")?;
        equal("put", credential::put(name, "ann", b"value"), Err(Error::AccessDenied))?;
        equal("delete", credential::delete(name, "ann"), Err(Error::AccessDenied))?;
    }
    equal("delete nothing", credential::delete("granted/absent", "ann"), Ok(false))?;
    is_absent("granted/absent", "ann")
}

fn part_granted() -> Result<(), String> {
    let token = get("read-only", "ann")?;
    equal("it is not revealed", reveal(&token), Err(Error::AccessDenied))?;
    let refused = Error::AccessDenied;
    equal("put", credential::put("read-only", "ann", b"value"), Err(refused))?;
    equal("delete", credential::delete("read-only", "ann"), Err(refused))?;
    is_absent("read-only", "bob")?;
    put("write-only", "ann", b"value")?;
    is_absent("write-only", "ann")?;
    equal("delete what is not read", credential::delete("write-only", "ann"), Ok(true))?;
    put("granted/a", "ann", b"value")?;
    equal("it is not revealed", reveal(&get("granted/a", "ann")?), Err(refused))
}

fn no_names() -> Result<(), String> {
    let long = format!("granted/{}", "x".repeat(121));
    for name in ["", "granted/a b", "granted/\0", "granted/\n", "granted/*", long.as_str()] {
        is_absent(name, "ann")?;
        equal("put", credential::put(name, "ann", b"value"), Err(Error::InvalidName))?;
        equal("delete", credential::delete(name, "ann"), Err(Error::AccessDenied))?;
    }
    Ok(())
}

fn users_are_apart() -> Result<(), String> {
    let name = "granted/open/apart";
    for user in USERS {
        put(name, user, user.as_bytes())?;
    }
    for user in USERS {
        equal("its own", reveal(&get(name, user)?), Ok(user.as_bytes().to_vec()))?;
    }
    let users = credential::all_users(name).collect::<Result<Vec<_>, _>>();
    equal("in the order of their bytes", ok("users", users)?, USERS)?;
    equal("delete", credential::delete(name, "ann"), Ok(true))?;
    is_absent(name, "ann")?;
    for user in USERS.into_iter().filter(|user| *user != "ann") {
        equal("the others stay", credential::exists(name, user), Ok(true))?;
        equal("delete", credential::delete(name, user), Ok(true))?;
    }
    equal("none is left", ok("users", credential::users(name, None, 10))?.names.len(), 0)
}

fn lists() -> Result<(), String> {
    let names = ["granted/l/1", "granted/l/2", "granted/l/3"];
    for user in ["u/1", "u/2", "u/3"] {
        for name in names {
            put(name, user, b"value")?;
        }
    }
    let first = ok("of-user", credential::of_user("u/2", None, 2))?;
    equal("the first two", &first.names[..], &names[..2])?;
    let rest = ok("of-user", credential::of_user("u/2", first.next.as_deref(), 2))?;
    equal("the rest", &rest.names[..], &names[2..])?;
    equal("all", rest.next, None)?;
    let first = ok("users", credential::users("granted/l/1", None, 2))?;
    equal("the first two", &first.names[..], ["u/1", "u/2"])?;
    let rest = ok("users", credential::users("granted/l/1", first.next.as_deref(), 2))?;
    equal("the rest", &rest.names[..], ["u/3"])?;
    equal("all", rest.next, None)?;
    let after = ok("users", credential::users("granted/l/1", Some("u/1x"), 9))?;
    equal("after who is not there", &after.names[..], ["u/2", "u/3"])?;
    for user in ["u/1", "u/2", "u/3"] {
        for name in names {
            equal("delete", credential::delete(name, user), Ok(true))?;
        }
    }
    equal("none", ok("of-user", credential::of_user("u/2", None, 0))?.names.len(), 0)?;
    let error = Error::TooLarge(1_000);
    equal("too many", credential::of_user("u/2", None, 1_001), Err(error))?;
    equal("too many", credential::users("granted/l/1", None, 1_001), Err(error))
}

fn versions() -> Result<(), String> {
    let name = "granted/open/versions";
    ok("delete", credential::delete(name, "ann"))?;
    let mut versions = Vec::new();
    for n in 0..4 {
        versions.push(put(name, "ann", &[n])?);
    }
    let described = ok("describe", credential::describe(name, "ann"))?;
    equal("those that are kept", &described.versions[..], &versions[1..])?;
    equal("the newest", described.version, versions[3])?;
    that("times", 0 < described.created_ms && described.created_ms <= described.updated_ms)?;
    for n in 1..4 {
        let token = ok("get", credential::get(name, "ann", Some(versions[n as usize])))?;
        equal("what", reveal(&token), Ok(vec![n]))?;
    }
    let forgotten = credential::get(name, "ann", Some(versions[0]));
    equal("forgotten", forgotten.err(), Some(Error::NotFound))?;
    let held = get(name, "ann")?;
    equal("delete", credential::delete(name, "ann"), Ok(true))?;
    equal("a handle stays", reveal(&held), Ok(vec![3]))?;
    that("versions grow", put(name, "ann", b"again")? > versions[3])
}

fn uses() -> Result<(), String> {
    put("granted/key", "ann", b"Jefe")?;
    put("granted/key", "bob", b"jefe")?;
    let (ann, bob) = (get("granted/key", "ann")?, get("granted/key", "bob")?);
    // RFC 4231, test case 2.
    let mac = ok("hmac", hmac_sha256(&ann, b"what do ya want for nothing?"))?;
    equal("RFC 4231", &mac[..4], [0x5b, 0xdc, 0xc1, 0x46])?;
    let sealed = ok("seal", seal(&ann, b"token", b""))?;
    equal("it opens", unseal(&ann, &sealed, b""), Ok(b"token".to_vec()))?;
    equal("another's key", unseal(&bob, &sealed, b""), Err(Error::NotAuthentic))
}

fn limits() -> Result<(), String> {
    let (name, long) = ("granted/open/limits", "u".repeat(USER_BYTES_MAX + 1));
    let error = Error::TooLarge(USER_BYTES_MAX as u64);
    for user in [long.as_str(), &"u".repeat(1 << 20)] {
        equal("get", credential::get(name, user, None).err(), Some(error))?;
        equal("exists", credential::exists(name, user), Err(error))?;
        equal("describe", credential::describe(name, user), Err(error))?;
        equal("put", credential::put(name, user, b""), Err(error))?;
        equal("delete", credential::delete(name, user), Err(error))?;
        equal("of-user", credential::of_user(user, None, 1), Err(error))?;
    }
    let longest = &long[1..];
    put(name, longest, &vec![7; VALUE_BYTES_MAX])?;
    equal("whole", reveal(&get(name, longest)?).map(|value| value.len()), Ok(VALUE_BYTES_MAX))?;
    let users = ok("users", credential::users(name, None, 9))?;
    equal("the longest user", users.names, [longest])?;
    let error = Error::TooLarge(VALUE_BYTES_MAX as u64);
    let over = vec![7; VALUE_BYTES_MAX + 1];
    equal("too much", credential::put(name, longest, &over), Err(error))?;
    equal("delete", credential::delete(name, longest), Ok(true))
}

/// A dropped handle is given back: else this would end in `quota-exceeded`.
fn handles() -> Result<(), String> {
    for _ in 0..2_000 {
        drop(get("read-only", "ann")?);
    }
    let mut held = Vec::new();
    loop {
        match credential::get("read-only", "ann", None) {
            Ok(token) => held.push(token),
            Err(err) => return equal("full", err, Error::QuotaExceeded),
        }
    }
}

export!(CredentialBasic);
