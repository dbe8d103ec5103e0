//! Every function of the hub, as a guest meets it.

use std::time::Duration;

use expect::{equal, ok, that};
use satama_guest::channel::Store;
use satama_guest::hub::{Bus, Error, Keep, Message};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

const KEEP: Option<Keep> = Some(Keep { messages: 3, ttl_ms: 60_000 });

struct HubBasic;

impl Guest for HubBasic {
    fn run(_: String) -> Result<String, String> {
        equal(
            "open what is not granted",
            Bus::open("not-granted").err(),
            Some(Error::AccessDenied),
        )?;
        let hub = ok("open", Bus::open("granted"))?;
        let store = ok("open", Store::named("granted", Duration::from_secs(60)))?;
        let found = ok("all", store.all(None, 1_000))?.entries;
        let ids: Vec<_> = found.into_iter().map(|entry| entry.id).collect();
        ok("remove what the last run left", store.remove(&ids))?;
        subscriptions(&hub, &store)?;
        history(&hub)?;
        limits(&hub)?;
        Ok("every function of the hub".into())
    }
}

fn members(hub: &Bus, topic: &str) -> Result<Vec<(String, Option<String>)>, String> {
    let page = ok("members", hub.members(topic, None, 100))?;
    Ok(page.members.into_iter().map(|member| (member.channel, member.user)).collect())
}

fn subscriptions(hub: &Bus, store: &Store) -> Result<(), String> {
    equal("subscribe nothing", hub.subscribe("t", "c", None).err(), Some(Error::NotFound))?;
    ok("add", store.add("c", "null", Some("ann")))?;
    that("subscribe", ok("subscribe", hub.subscribe("t", "c", None))?)?;
    that("subscribe again", !ok("subscribe", hub.subscribe("t", "c", None))?)?;
    ok("subscribe", hub.subscribe("another", "c", None))?;
    equal("topics", ok("topics", hub.topics("c"))?, ["another", "t"])?;
    equal("members", members(hub, "t")?, [("c".to_string(), Some("ann".to_string()))])?;
    equal("members of nothing", members(hub, "none")?, [])?;
    that("unsubscribe", ok("unsubscribe", hub.unsubscribe("another", "c"))?)?;
    that("unsubscribe again", !ok("unsubscribe", hub.unsubscribe("another", "c"))?)?;
    ok("remove", store.remove(&["c".to_string()]))?;
    equal("members after the end", members(hub, "t")?, [])?;
    equal("topics after the end", hub.topics("c").err(), Some(Error::NotFound))?;
    equal("unsubscribe after the end", hub.unsubscribe("t", "c").err(), Some(Error::NotFound))?;
    let cursor = hub.members("t", Some("no cursor"), 10).err();
    equal("a cursor of nobody's", cursor, Some(Error::InvalidCursor))
}

fn history(hub: &Bus) -> Result<(), String> {
    equal("a topic that is not kept", ok("say", hub.say("plain", "hello"))?, None)?;
    let none = ok("history", hub.history("plain", None, 10))?;
    that("has no history", none.messages.is_empty() && none.position.is_none())?;

    let topic = "kept";
    let before = ok("history", hub.history(topic, None, 0))?.position;
    let publish = |text: &str| -> Result<String, String> {
        let position = ok("publish", hub.publish(topic, &text.into(), None, KEEP))?;
        position.ok_or("a kept message has a position".into())
    };
    let first = publish("1")?;
    if let Some(before) = before {
        let since = ok("history", hub.history(topic, Some(&before), 10))?;
        that("what the last run left goes on", since.complete && since.messages.len() == 1)?;
    }
    ok("say", hub.say(topic, vec![0, 255]))?;
    let third = publish("3")?;
    let since = ok("history", hub.history(topic, Some(&first), 10))?;
    that("complete", since.complete && !since.more)?;
    let messages: Vec<_> = since.messages.into_iter().map(|kept| kept.message).collect();
    equal("since the first", messages, [Message::Binary(vec![0, 255]), "3".into()])?;
    equal("goes on at", since.position, Some(third.clone()))?;
    let one = ok("history", hub.history(topic, Some(&first), 1))?;
    that("one of two", one.more && one.messages.len() == 1)?;
    publish("4")?;
    publish("5")?;
    publish("6")?;
    let lost = ok("history", hub.history(topic, Some(&first), 10))?;
    that("what is lost is told", !lost.complete && lost.messages.len() == 3)?;
    that(
        "what is there is found",
        ok("history", hub.history(topic, Some(&third), 10))?.messages.len() == 3,
    )?;
    equal("no position", hub.history(topic, Some("5"), 1).err(), Some(Error::InvalidCursor))
}

fn limits(hub: &Bus) -> Result<(), String> {
    let long = "a".repeat(256);
    equal("a long topic", hub.say(&long, "").err(), Some(Error::TooLarge(255)))?;
    equal("a long id", hub.topics(&long).err(), Some(Error::TooLarge(255)))?;
    let large = hub.say("t", vec![0; (64 << 10) + 1]).err();
    equal("a large message", large, Some(Error::TooLarge(64 << 10)))?;
    let keep = |messages, ttl_ms| {
        hub.publish("t", &"".into(), None, Some(Keep { messages, ttl_ms })).err()
    };
    equal("many to keep", keep(1_001, 1), Some(Error::TooLarge(1_000)))?;
    equal("long to keep", keep(1, 604_800_001), Some(Error::TooLarge(604_800_000)))?;
    equal("a large history", hub.history("t", None, 101).err(), Some(Error::TooLarge(100)))
}

export!(HubBasic);
