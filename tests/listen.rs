//! Components that listen, on both stores: who is called, when, and in which instance.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::collections::BTreeSet;
use std::sync::Arc;

use satama::delivery::{Frame, Listener, Message};
use satama::grant::{Limits, Listen};
use satama::hub::Bus;
use satama::runtime::{Host, ListenError, Listening};
use satama_tests::{PATIENCE, Stage, granted, limits, program};

/// Runs each case on both stores, by name.
macro_rules! on_both_stores {
    ($($case:ident,)*) => {
        mod redis {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Stage::redis().await).await;
            })*
        }
        mod sqlite {
            $(#[tokio::test]
            async fn $case() {
                super::$case(super::Stage::sqlite().await).await;
            })*
        }
    };
}

on_both_stores! {
    a_fresh_instance_hears_each_message,
    a_kept_instance_hears_all_of_them,
    every_host_hears_without_a_group,
    one_host_of_a_group_hears,
    each_group_hears,
    a_panic_costs_one_message_and_its_instance,
    a_message_that_is_not_dealt_with_in_time_is_stopped,
    who_stops_hears_nothing_more,
    a_listener_gets_the_position_of_what_is_kept,
}

fn listen(topics: &[&str]) -> Listen {
    let topics = topics.iter().map(ToString::to_string).collect();
    Listen { hub: "granted".into(), topics, group: None, kept: false }
}

fn bus(host: &Host) -> Bus {
    let grant = granted("t", Limits::default());
    host.services().hub().bus(grant.hub("granted").unwrap(), grant.limits())
}

async fn start(host: &Host, listen: Listen, limits: Limits) -> Listening {
    let program = program(host, "listener", Arc::new(granted("t", limits))).await;
    program.listen(&[listen]).await.unwrap()
}

async fn say(bus: &Bus, topic: &str, text: &str) {
    bus.publish(topic, &Message::Text(text.into()), None, None).await.unwrap();
}

/// What the components say that they have heard.
struct Heard(Listener);

impl Heard {
    async fn by(bus: &Bus) -> Self {
        Self(bus.listen(&["heard"]).await.unwrap())
    }

    async fn next(&mut self) -> String {
        let next = tokio::time::timeout(PATIENCE, self.0.next());
        match next.await.expect("something is heard").unwrap() {
            Frame::Message { message: Message::Text(text), .. } => (*text).to_owned(),
            other => panic!("{other:?}"),
        }
    }
}

async fn a_fresh_instance_hears_each_message(stage: Stage) {
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let _listening = start(&stage.host, listen(&["a", "b"]), limits(|_| {})).await;
    for (topic, text) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] {
        say(&bus, topic, text).await;
    }
    for expected in ["a: 1 (call 1)", "b: 2 (call 1)", "a: 4 (call 1)"] {
        assert_eq!(heard.next().await, expected);
    }
}

async fn a_kept_instance_hears_all_of_them(stage: Stage) {
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let kept = Listen { kept: true, ..listen(&["a"]) };
    let _listening = start(&stage.host, kept, limits(|_| {})).await;
    for n in 1..=20 {
        say(&bus, "a", &n.to_string()).await;
    }
    for n in 1..=20 {
        assert_eq!(heard.next().await, format!("a: {n} (call {n})"));
    }
}

async fn every_host_hears_without_a_group(stage: Stage) {
    let other = stage.other_host().await;
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let _one = start(&stage.host, listen(&["a"]), limits(|_| {})).await;
    let _two = start(&other, listen(&["a"]), limits(|_| {})).await;
    say(&bus, "a", "1").await;
    assert_eq!(heard.next().await, "a: 1 (call 1)");
    assert_eq!(heard.next().await, "a: 1 (call 1)");
}

async fn one_host_of_a_group_hears(stage: Stage) {
    let other = stage.other_host().await;
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let group = || Listen { group: Some("g".into()), ..listen(&["a"]) };
    let _one = start(&stage.host, group(), limits(|_| {})).await;
    let _two = start(&other, group(), limits(|_| {})).await;
    for n in 0..40 {
        say(&bus, "a", &n.to_string()).await;
    }
    // Of two hosts each goes its own way, so there is no order among them.
    let mut all = BTreeSet::new();
    for _ in 0..40 {
        assert!(all.insert(heard.next().await));
    }
    assert_eq!(all, (0..40).map(|n| format!("a: {n} (call 1)")).collect());
    say(&bus, "heard", "the end").await;
    assert_eq!(heard.next().await, "the end");
}

async fn each_group_hears(stage: Stage) {
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let group = |name: &str| Listen { group: Some(name.into()), ..listen(&["a"]) };
    let _one = start(&stage.host, group("one"), limits(|_| {})).await;
    let _two = start(&stage.host, group("two"), limits(|_| {})).await;
    say(&bus, "a", "1").await;
    assert_eq!(heard.next().await, "a: 1 (call 1)");
    assert_eq!(heard.next().await, "a: 1 (call 1)");
}

async fn a_panic_costs_one_message_and_its_instance(stage: Stage) {
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let kept = Listen { kept: true, ..listen(&["a"]) };
    let _listening = start(&stage.host, kept, limits(|_| {})).await;
    for text in ["1", "2", "panic", "3"] {
        say(&bus, "a", text).await;
    }
    for expected in ["a: 1 (call 1)", "a: 2 (call 2)", "a: 3 (call 1)"] {
        assert_eq!(heard.next().await, expected);
    }
}

async fn a_message_that_is_not_dealt_with_in_time_is_stopped(stage: Stage) {
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let kept = Listen { kept: true, ..listen(&["a"]) };
    let _listening = start(&stage.host, kept, limits(|limits| limits.cpu_ms = 1_000)).await;
    for text in ["1", "spin", "2"] {
        say(&bus, "a", text).await;
    }
    assert_eq!(heard.next().await, "a: 1 (call 1)");
    assert_eq!(heard.next().await, "a: 2 (call 1)");
}

async fn who_stops_hears_nothing_more(stage: Stage) {
    let bus = bus(&stage.host);
    let mut heard = Heard::by(&bus).await;
    let listening = start(&stage.host, listen(&["a"]), limits(|_| {})).await;
    say(&bus, "a", "1").await;
    assert_eq!(heard.next().await, "a: 1 (call 1)");
    listening.stop().await;
    say(&bus, "a", "2").await;
    say(&bus, "heard", "the end").await;
    assert_eq!(heard.next().await, "the end");
}

async fn a_listener_gets_the_position_of_what_is_kept(stage: Stage) {
    let bus = bus(&stage.host);
    let mut listener = bus.listen(&["a"]).await.unwrap();
    let keep = satama::hub::Keep { messages: 10, ttl: PATIENCE };
    let text = Message::Text("1".into());
    let position = bus.publish("a", &text, None, Some(keep)).await.unwrap();
    let next = tokio::time::timeout(PATIENCE, listener.next()).await.unwrap();
    match next {
        Some(Frame::Message { message, position: at, .. }) => {
            assert_eq!((message, at), (text, position));
            assert!(at.is_some());
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_component_without_a_handler_cannot_listen() {
    let stage = Stage::sqlite().await;
    let echo = stage.program("echo", granted("t", limits(|_| {}))).await;
    let err = echo.listen(&[listen(&["a"])]).await.unwrap_err();
    assert!(matches!(err, ListenError::NoHandler(_)), "{err}");
}

#[tokio::test]
async fn a_hub_that_is_not_granted_cannot_be_listened_to() {
    let stage = Stage::sqlite().await;
    let program = stage.program("listener", granted("t", limits(|_| {}))).await;
    let other = Listen { hub: "other".into(), ..listen(&["a"]) };
    let err = program.listen(&[other]).await.unwrap_err();
    assert!(matches!(err, ListenError::Hub { .. }), "{err}");
}
