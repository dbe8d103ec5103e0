//! A component that listens: it says on the topic `heard` what it has heard.

use std::cell::Cell;

use satama_guest::hub::{Bus, Message};

wit_bindgen::generate!({
    inline: "package tests:listener; world listener { export satama:services/hub-handler@0.1.0; }",
    path: "../../../wit",
    world: "tests:listener/listener",
    with: { "satama:services/types@0.1.0": satama_guest::types },
});

use exports::satama::services::hub_handler::{Event, Guest};

thread_local! {
    /// Messages that this instance was called with.
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

struct Listener;

impl Guest for Listener {
    fn handle(event: Event) {
        let calls = CALLS.get() + 1;
        CALLS.set(calls);
        let text = match &event.message {
            Message::Text(text) => text.clone(),
            Message::Binary(bytes) => format!("{bytes:?}"),
        };
        match text.as_str() {
            "panic" => panic!("as it was told"),
            "spin" => loop {
                std::hint::spin_loop();
            },
            _ => {}
        }
        let missed = if event.missed { " missed" } else { "" };
        let heard = format!("{}: {text} (call {calls}){missed}", event.topic);
        let hub = Bus::open(&event.hub).expect("its own hub is granted");
        hub.say("heard", heard).expect("the store is there");
    }
}

export!(Listener);
