//! A guest that does to secrets what an untrusted one may: `arg` says which.

use expect::{equal, ok};
use satama_guest::credential;
use satama_guest::secret::{self, Error, Secret};
use satama_guest::secret_reveal::reveal;
use satama_guest::secret_use::{hmac_sha256, seal, unseal, verify_hmac_sha256};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

/// What should not reach a log or a terminal as it is.
const HOSTILE: [&str; 10] = [
    "\0",
    "granted/\0a",
    "granted/\x1b[2J\x1b[31;5mred\x1b]0;owned\x07",
    "granted/a\n2026-01-01T00:00:00Z ERROR satama: all secrets leaked",
    "granted/a\r\n",
    "granted/\u{9b}2J\u{202e}txet\u{2066}\u{2028}",
    "granted/../hidden",
    "granted/%2e%2e/hidden",
    "{satama}:t",
    "'; DROP TABLE secret; --",
];

struct HostileSecret;

impl Guest for HostileSecret {
    fn run(arg: String) -> Result<String, String> {
        let (behaviour, rest) = arg.split_once(' ').unwrap_or((&arg, ""));
        let count = || rest.parse::<u32>().map_err(|err| err.to_string());
        match behaviour {
            "sizes" => sizes(),
            "names" => names(),
            "many" => many(),
            "leak" => leak(),
            "leak-many" => leak_many(),
            "flood-until-quota" => flood_until_quota(),
            "flood" => flood(count()?),
            "change" => change(count()?),
            "try" => try_changes(count()?),
            "rhythm" => rhythm(count()?),
            "big-value" => big(|bytes| secret::put("granted/a", bytes).map(drop)),
            "big-data" => big(|bytes| hmac_sha256(&get()?, bytes).map(drop)),
            "big-list" => big_list(),
            "all-with" => all_with(rest),
            _ => Err(format!("no such behaviour: {behaviour}")),
        }
    }
}

fn get() -> Result<Secret, Error> {
    secret::get("granted/a", None)
}

/// Much more than is taken, in one call after the other.
fn sizes() -> Result<String, String> {
    ok("put", secret::put("granted/a", b"value"))?;
    let secret = ok("get", get())?;
    for bytes in [(1 << 20) + 82, 2 << 20, 3 << 20] {
        let bytes = vec![1; bytes];
        let too_large = |what: &str, failed: Option<Error>, max: u64| {
            equal(what, failed, Some(Error::TooLarge(max)))
        };
        too_large("put", secret::put("granted/a", &bytes).err(), 64 << 10)?;
        too_large("put", credential::put("granted/a", "ann", &bytes).err(), 64 << 10)?;
        too_large("hmac", hmac_sha256(&secret, &bytes).err(), 1 << 20)?;
        too_large("verify", verify_hmac_sha256(&secret, &bytes, b"").err(), 1 << 20)?;
        equal("a long mac", verify_hmac_sha256(&secret, b"data", &bytes), Ok(false))?;
        too_large("seal", seal(&secret, &bytes, b"").err(), 1 << 20)?;
        too_large("seal with", seal(&secret, b"", &bytes).err(), 1 << 20)?;
        too_large("unseal", unseal(&secret, &bytes, b"").err(), (1 << 20) + 81)?;
        too_large("unseal with", unseal(&secret, b"", &bytes).err(), 1 << 20)?;
    }
    Ok("every size".into())
}

fn names() -> Result<String, String> {
    let long = ["granted/".to_owned() + &"x".repeat(1 << 20), "\n".repeat(1 << 20)];
    for name in HOSTILE.into_iter().chain(long.iter().map(String::as_str)) {
        equal("get", secret::get(name, None).err(), Some(Error::NotFound))?;
        equal("exists", secret::exists(name), Ok(false))?;
        equal("describe", secret::describe(name).err(), Some(Error::NotFound))?;
        let many = ok("get-many", secret::get_many(&[name.to_owned()]))?;
        equal("get-many", many.iter().flatten().count(), 0)?;
        // Those that could be names are granted, and nothing else than what they say.
        if secret::put(name, b"value").is_ok() {
            equal("delete", secret::delete(name), Ok(true))?;
            continue;
        }
        equal("put", secret::put(name, b"value"), Err(Error::InvalidName))?;
        equal("delete", secret::delete(name), Err(Error::AccessDenied))?;
        equal("a credential", credential::put(name, name, b"").is_ok(), false)?;
        equal("a credential", credential::get(name, "ann", None).err(), Some(Error::NotFound))?;
        let users = ok("users", credential::users(name, None, 1_000))?;
        equal("users", (users.names.len(), users.next), (0, None))?;
    }
    for after in HOSTILE {
        ok("names", secret::names(Some(after), 1_000))?;
        ok("of-user", credential::of_user(after, Some(after), 1_000))?;
        ok("users", credential::users("granted/a", Some(after), 1_000))?;
    }
    for after in &long {
        let error = Some(Error::TooLarge(256));
        equal("names", secret::names(Some(after), 1).err(), error)?;
        equal("of-user", credential::of_user("ann", Some(after), 1).err(), error)?;
        equal("users", credential::users("granted/a", Some(after), 1).err(), error)?;
    }
    for limit in [1_001, u32::MAX] {
        equal("names", secret::names(None, limit).err(), Some(Error::TooLarge(1_000)))?;
    }
    Ok("every name".into())
}

fn many() -> Result<String, String> {
    for count in [65, 1_000, 50_000] {
        let names = vec!["granted/a".to_owned(); count];
        equal("get-many", secret::get_many(&names).err(), Some(Error::TooLarge(64)))?;
    }
    // As much as a call may hand over, and of each only a little is kept.
    let names = vec!["\x1b".repeat(60_000); 64];
    let found = ok("get-many", secret::get_many(&names))?;
    equal("get-many", found.iter().flatten().count(), 0)?;
    Ok("as many as could be".into())
}

/// Handles until there is no room; how many there were.
fn leak() -> Result<String, String> {
    let mut handles = Vec::new();
    loop {
        match get() {
            Ok(secret) => handles.push(secret),
            Err(Error::QuotaExceeded) => return Ok(handles.len().to_string()),
            Err(err) => return Err(err.to_string()),
        }
    }
}

/// The same, many at a time; and then one by one, as many as there is room for.
fn leak_many() -> Result<String, String> {
    let names = vec!["granted/a".to_owned(); 10];
    let mut handles = Vec::new();
    loop {
        match secret::get_many(&names) {
            Ok(secrets) => handles.extend(secrets.into_iter().flatten()),
            Err(Error::QuotaExceeded) => break,
            Err(err) => return Err(err.to_string()),
        }
    }
    let many = handles.len();
    while let Ok(secret) = get() {
        handles.push(secret);
    }
    Ok(format!("{many} and {}", handles.len() - many))
}

fn flood_until_quota() -> Result<String, String> {
    for calls in 0.. {
        match secret::exists("granted/a") {
            Err(Error::QuotaExceeded) => return Ok(calls.to_string()),
            other => ok("exists", other)?,
        };
    }
    Err("it ended".into())
}

/// So many reads, of what is there, of what is not, and of what is not granted.
fn flood(count: u32) -> Result<String, String> {
    let names = ["granted/a", "granted/absent", "hidden", "read-only"].map(str::to_owned);
    let names: Vec<_> = names.into_iter().cycle().take(64).collect();
    for _ in 0..count {
        ok("get-many", secret::get_many(&names))?;
    }
    Ok(format!("{} reads", count * 64))
}

/// So many changes.
fn change(count: u32) -> Result<String, String> {
    for _ in 0..count {
        ok("put", secret::put("granted/a", b"value"))?;
        ok("put", credential::put("granted/a", "ann", b"value"))?;
    }
    Ok(format!("{} changes", 2 * count))
}

/// So many changes that are refused, where all those of the user's credentials are.
fn try_changes(count: u32) -> Result<String, String> {
    for _ in 0..count {
        equal("put", credential::put("hidden", "ann", b""), Err(Error::AccessDenied))?;
        equal("delete", credential::delete("hidden", "ann"), Err(Error::AccessDenied))?;
    }
    Ok(format!("{} changes that were refused", 2 * count))
}

/// A change after each 63 reads, so that each 64th entry of the audit is one.
fn rhythm(count: u32) -> Result<String, String> {
    let names = vec!["granted/absent".to_owned(); 63];
    for _ in 0..count {
        ok("get-many", secret::get_many(&names))?;
        ok("put", secret::put("granted/b", b"value"))?;
    }
    Ok(format!("{count} bars"))
}

/// Has the host copy 32 times what a call may hand over.
fn big(call: impl Fn(&[u8]) -> Result<(), Error>) -> Result<String, String> {
    ok("put", secret::put("granted/a", b"value"))?;
    ok("a call of 128 MiB", call(&vec![1; 32 << 20]))?;
    Err("32 MiB were taken".into())
}

fn big_list() -> Result<String, String> {
    let names = vec![String::new(); 1 << 20];
    ok("a list of a million", secret::get_many(&names))?;
    Err("a million names were taken".into())
}

/// Every function that sees `value`, which nothing is to show, and all the ways in which
/// they fail.
fn all_with(value: &str) -> Result<String, String> {
    let bytes = value.as_bytes();
    ok("put", secret::put("granted/open/a", bytes))?;
    ok("put", credential::put("granted/open/a", "ann", bytes))?;
    equal("put", secret::put("hidden", bytes).err(), Some(Error::AccessDenied))?;
    equal("put", secret::put("a b", bytes).err(), Some(Error::InvalidName))?;
    let long = value.repeat(1 + (64 << 10) / value.len());
    equal("put", secret::put("granted/a", long.as_bytes()).err(), Some(Error::TooLarge(64 << 10)))?;
    let many = ok("get-many", secret::get_many(&["granted/open/a".to_owned()]))?;
    equal("get-many", many.iter().flatten().count(), 1)?;
    let secret = ok("get", secret::get("granted/open/a", None))?;
    let credential = ok("get", credential::get("granted/open/a", "ann", None))?;
    for secret in [&secret, &credential] {
        equal("reveal", reveal(secret), Ok(bytes.to_vec()))?;
        let mac = ok("hmac", hmac_sha256(secret, bytes))?;
        equal("verify", verify_hmac_sha256(secret, bytes, &mac), Ok(true))?;
        equal("verify", verify_hmac_sha256(secret, bytes, bytes), Ok(false))?;
        let sealed = ok("seal", seal(secret, bytes, bytes))?;
        equal("unseal", unseal(secret, &sealed, bytes), Ok(bytes.to_vec()))?;
        equal("unseal", unseal(secret, &sealed, b""), Err(Error::NotAuthentic))?;
        equal("unseal", unseal(secret, bytes, bytes), Err(Error::NotAuthentic))?;
    }
    ok("put", secret::put("granted/closed", bytes))?;
    let closed = ok("get", secret::get("granted/closed", None))?;
    equal("reveal", reveal(&closed), Err(Error::AccessDenied))?;
    ok("put again", secret::put("granted/open/a", bytes))?;
    ok("describe", secret::describe("granted/open/a"))?;
    ok("names", secret::names(None, 10))?;
    equal("delete", secret::delete("granted/open/a"), Ok(true))?;
    Ok("all".into())
}

export!(HostileSecret);
