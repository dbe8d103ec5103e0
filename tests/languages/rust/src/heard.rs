//! What the component hears.

use satama_guest::hub::{Bus, Keep, Message};

use crate::exports::satama::services::hub_handler::Event;
use crate::show::{Lines, Show};

/// Publishes what the handler is to hear.
pub fn say(t: &mut Lines) {
    let b = Bus::open("granted").expect("it is granted");
    let keep = Keep { messages: 10, ttl_ms: 60_000 };
    t.say("publish", b.say("in", "ä€😀").map(|place| place.is_some()));
    let bytes = Message::Binary(vec![0, 128, 255]);
    t.say("publish kept", b.publish("in", &bytes, None, Some(keep)).map(|place| place.is_some()));
}

/// Says what it hears to whoever reads the history of `out`.
pub fn handle(event: &Event) {
    let b = Bus::open(&event.hub).expect("its own hub is granted");
    let keep = Keep { messages: 10, ttl_ms: 60_000 };
    let text = format!(
        "{} {} {} {} {}",
        event.hub,
        event.topic,
        event.message.show(),
        event.position.is_some(),
        event.missed
    );
    b.publish("out", &Message::Text(text), None, Some(keep)).expect("the store is there");
}

/// What it has heard.
pub fn heard(t: &mut Lines) {
    let b = Bus::open("granted").expect("it is granted");
    t.say("heard", b.history("out", None, 10));
}
