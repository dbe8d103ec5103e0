//! Loops over single calls of channels and the hub, for the benchmarks. Written to
//! the WIT alone.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "satama:bench-hub/bench-hub",
    generate_all,
});

use satama::services::channel::{Store, Swap};
use satama::services::hub::{Bus, Keep};
use satama::services::types::Message;

const HOUR_MS: u64 = 60 * 60 * 1000;

/// Opening data, and a state: a hundred bytes of JSON.
const DATA_BYTES: usize = 100;

const MESSAGE_BYTES: usize = 128;

/// Topics that each channel is subscribed to.
const TOPICS: u32 = 64;

/// Most items of a page of channels, and messages of one of history.
const PAGE: u32 = 100;
const HISTORY_PAGE: u32 = 10;

const KEEP: Keep = Keep { messages: 100, ttl_ms: HOUR_MS };

struct BenchHub;

impl Guest for BenchHub {
    fn repeat(operation: Operation, name: String, id: String, n: u32) -> u32 {
        if operation < Operation::Subscribe {
            channel(operation, &Store::open(&name, HOUR_MS).unwrap(), &id, n)
        } else {
            hub(operation, &Bus::open(&name).unwrap(), &id, n)
        }
    }
}

fn channel(operation: Operation, store: &Store, id: &str, n: u32) -> u32 {
    let data = format!("\"{}\"", "v".repeat(DATA_BYTES - 2));
    let message = Message::Binary(vec![b'm'; MESSAGE_BYTES]);
    let mut version = match operation {
        Operation::CompareAndSetState => store.get_state(id).unwrap().version,
        _ => 0,
    };
    let mut call = |i: u32| match operation {
        Operation::Add => store.add(&format!("{id}/{i}"), &data, None).is_ok(),
        Operation::Get => store.get(id).unwrap().opening_data == data,
        Operation::Remove => store.remove(&[format!("{id}/{i}")]).unwrap() == 1,
        Operation::SetUser => store.set_user(id, Some(["ann", "ben"][i as usize % 2])).is_ok(),
        Operation::SetState => store.set_state(id, &data).unwrap() > 0,
        Operation::GetState => store.get_state(id).unwrap().value.is_some(),
        Operation::CompareAndSetState => {
            match store.compare_and_set_state(id, version, &data).unwrap() {
                Swap::Swapped(new) => version = new,
                Swap::Stale(other) => panic!("the version is {other}, not {version}"),
            }
            true
        }
        Operation::Touch => store.touch(&[id.to_owned()]).unwrap().is_empty(),
        Operation::OfUser => !store.of_user(id, None, PAGE).unwrap().entries.is_empty(),
        Operation::All => !store.all(None, PAGE).unwrap().entries.is_empty(),
        Operation::Send => store.send(id, &message).unwrap(),
        other => panic!("{other:?} is not of a channel"),
    };
    (0..n).map(|i| u32::from(call(i))).sum()
}

fn hub(operation: Operation, bus: &Bus, id: &str, n: u32) -> u32 {
    let message = Message::Binary(vec![b'm'; MESSAGE_BYTES]);
    let topic = |i: u32| format!("topic-{}", i % TOPICS);
    let channel = |i: u32| format!("{id}/{}", i / TOPICS);
    let call = |i: u32| match operation {
        Operation::Subscribe => bus.subscribe(&topic(i), &channel(i), None).unwrap(),
        Operation::Unsubscribe => bus.unsubscribe(&topic(i), &channel(i)).unwrap(),
        Operation::Topics => !bus.topics(id).unwrap().is_empty(),
        Operation::Members => !bus.members(id, None, PAGE).unwrap().members.is_empty(),
        Operation::Publish => bus.publish(id, &message, None, None).is_ok(),
        Operation::PublishKept => bus.publish(id, &message, None, Some(KEEP)).unwrap().is_some(),
        Operation::History => !bus.history(id, None, HISTORY_PAGE).unwrap().messages.is_empty(),
        other => panic!("{other:?} is not of the hub"),
    };
    (0..n).map(|i| u32::from(call(i))).sum()
}

export!(BenchHub);
