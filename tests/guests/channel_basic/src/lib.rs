//! Every function of channels, as a guest meets it.

use std::time::Duration;

use expect::{equal, ok, that};
use satama_guest::channel::{Error, Info, State, Store, Swap};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

const TTL: Duration = Duration::from_secs(60);

/// One over what one call may list.
const TOO_MANY: usize = 1_001;

struct ChannelBasic;

impl Guest for ChannelBasic {
    fn run(_: String) -> Result<String, String> {
        let denied = Store::named("not-granted", TTL).err();
        equal("open what is not granted", denied, Some(Error::AccessDenied))?;
        let over = Store::named("granted", Duration::from_secs(2 * 86_400)).err();
        equal("open for two days", over, Some(Error::TooLarge(86_400_000)))?;
        let store = ok("open", Store::named("granted", TTL))?;
        let found = ok("all", store.all(None, 1_000))?.entries;
        let ids: Vec<_> = found.into_iter().map(|entry| entry.id).collect();
        ok("remove what the last run left", store.remove(&ids))?;
        life(&store)?;
        users(&store)?;
        state(&store)?;
        pages(&store)?;
        limits(&store)?;
        Ok("every function of channels".into())
    }
}

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

fn life(store: &Store) -> Result<(), String> {
    equal("get nothing", store.get("a").err(), Some(Error::NotFound))?;
    ok("add", store.add("a", "{\"n\":1}", Some("ann")))?;
    equal("add again", store.add("a", "null", None).err(), Some(Error::AlreadyExists))?;
    let expected =
        Info { id: "a".into(), opening_data: "{\"n\":1}".into(), user: Some("ann".into()) };
    equal("get", ok("get", store.get("a"))?, expected)?;
    equal("touch", ok("touch", store.touch(&ids(&["a", "gone"])))?, ids(&["gone"]))?;
    that("send where no socket is", !ok("send", store.send("a", &"hi".into()))?)?;
    equal("send to nothing", store.send("b", &"hi".into()).err(), Some(Error::NotFound))?;
    equal(
        "disconnect with 1001",
        store.disconnect("a", 1001, "").err(),
        Some(Error::InvalidClose),
    )?;
    ok("disconnect", store.disconnect("a", 4000, "enough"))?;
    equal("disconnect again", store.disconnect("a", 1000, "").err(), Some(Error::NotFound))?;
    ok("add after the end", store.add("a", "null", None))?;
    equal("remove", ok("remove", store.remove(&ids(&["a", "b"])))?, 1)?;
    equal("remove none", ok("remove", store.remove(&[]))?, 0)?;
    equal("add what is no JSON", store.add("a", "{", None).err(), Some(Error::InvalidJson))
}

fn users(store: &Store) -> Result<(), String> {
    let of = |user: &str| -> Result<Vec<String>, String> {
        let page = ok("of-user", store.of_user(user, None, 100))?;
        Ok(page.entries.into_iter().map(|entry| entry.id).collect())
    };
    ok("add", store.add("u", "null", Some("ann")))?;
    equal("ann's", of("ann")?, ids(&["u"]))?;
    ok("set-user", store.set_user("u", Some("bob")))?;
    equal("ann's, after", of("ann")?, ids(&[]))?;
    equal("bob's", of("bob")?, ids(&["u"]))?;
    ok("set-user to none", store.set_user("u", None))?;
    equal("bob's, after", of("bob")?, ids(&[]))?;
    equal("nobody's", ok("get", store.get("u"))?.user, None)?;
    equal("set-user of nothing", store.set_user("x", None).err(), Some(Error::NotFound))
}

fn state(store: &Store) -> Result<(), String> {
    ok("add", store.add("s", "null", None))?;
    let none = State { version: 0, value: None };
    equal("no state", ok("get-state", store.get_state("s"))?, none)?;
    let first = ok("set-state", store.set_state("s", "1"))?;
    let swap = ok("compare-and-set-state", store.compare_and_set_state("s", first, "2"))?;
    let Swap::Swapped(second) = swap else { return Err(format!("the swap: {swap:?}")) };
    that("versions grow", second > first)?;
    let lost = ok("compare-and-set-state", store.compare_and_set_state("s", first, "3"))?;
    equal("a lost swap", lost, Swap::Stale(second))?;
    let cleared = ok("clear-state", store.clear_state("s"))?;
    that("clearing is a write", cleared > second)?;
    let state = State { version: cleared, value: None };
    equal("cleared", ok("get-state", store.get_state("s"))?, state)?;
    let count = |store: &Store| store.update_state("s", |n: Option<u32>| n.unwrap_or(0) + 1);
    equal("the helper", ok("update_state", count(store))?, 1)?;
    equal("the helper again", ok("update_state", count(store))?, 2)?;
    ok("remove", store.remove(&ids(&["s"])))?;
    equal("state of nothing", store.get_state("s").err(), Some(Error::NotFound))?;
    equal("set-state of nothing", store.set_state("s", "1").err(), Some(Error::NotFound))?;
    equal("clear-state of nothing", store.clear_state("s").err(), Some(Error::NotFound))
}

fn pages(store: &Store) -> Result<(), String> {
    for n in 0..40 {
        ok("add", store.add(&format!("p{n:02}"), "null", Some("paged")))?;
    }
    let (mut found, mut cursor) = (Vec::new(), None);
    loop {
        let page = ok("of-user", store.of_user("paged", cursor.as_deref(), 7))?;
        that("no page is over its limit", page.entries.len() <= 7)?;
        found.extend(page.entries.into_iter().map(|entry| entry.id));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    found.sort();
    equal("all pages", found, (0..40).map(|n| format!("p{n:02}")).collect::<Vec<_>>())?;
    let hostile = store.all(Some("no cursor"), 10).err();
    equal("a cursor of nobody's", hostile, Some(Error::InvalidCursor))
}

fn limits(store: &Store) -> Result<(), String> {
    let long = "a".repeat(256);
    equal("a long id", store.get(&long).err(), Some(Error::TooLarge(255)))?;
    equal("a long user", store.set_user("u", Some(&long)).err(), Some(Error::TooLarge(255)))?;
    let many = vec!["a".to_string(); TOO_MANY];
    equal("many ids", store.touch(&many).err(), Some(Error::TooLarge(1_000)))?;
    equal("a large page", store.all(None, 1_001).err(), Some(Error::TooLarge(1_000)))?;
    let data = format!("\"{}\"", "a".repeat(64 << 10));
    equal("large data", store.add("l", &data, None).err(), Some(Error::TooLarge(64 << 10)))?;
    equal("large state", store.set_state("u", &data).err(), Some(Error::TooLarge(64 << 10)))?;
    let large = vec![0; (64 << 10) + 1].into();
    equal("a large message", store.send("u", &large).err(), Some(Error::TooLarge(64 << 10)))
}

export!(ChannelBasic);
