//! The one place where WIT becomes Rust.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "all",
    // What does not reach a store is a plain call: it needs no fiber and no future.
    exports: { default: async },
    imports: {
        "satama:services/cache.[static]bucket.open": trappable,
        "satama:services/cache.[method]bucket.counts": trappable,
        "satama:services/cache.[drop]bucket": trappable,
        "satama:services/session.[static]store.open": trappable,
        "satama:services/session.[drop]store": trappable,
        "satama:services/channel.[static]store.open": trappable,
        "satama:services/channel.[drop]store": trappable,
        "satama:services/hub.[static]bus.open": trappable,
        "satama:services/hub.[drop]bus": trappable,
        "satama:services/secret.[method]secret.version": trappable,
        "satama:services/secret.[drop]secret": trappable,
        "satama:services/run.[static]runs.open": trappable,
        "satama:services/run.[drop]runs": trappable,
        "satama:services/workflow.info": trappable,
        "satama:services/workflow.now-ms": trappable,
        "satama:services/workflow.random": trappable,
        "satama:services/workflow.uuid": trappable,
        "satama:services/workflow.spawn": trappable,
        "satama:services/workflow.child": trappable,
        "satama:services/workflow.timer": trappable,
        "satama:services/workflow.timer-at": trappable,
        "satama:services/workflow.signal": trappable,
        "satama:services/workflow.approval": trappable,
        "satama:services/workflow.forget": trappable,
        default: async | trappable,
    },
    with: {
        "satama:services/cache.bucket": crate::cache::Bucket,
        "satama:services/cache.claim": crate::cache::Claim,
        "satama:services/session.store": crate::session::Sessions,
        "satama:services/channel.store": crate::channel::Channels,
        "satama:services/hub.bus": crate::hub::Bus,
        "satama:services/secret.secret": crate::secret::Secret,
        "satama:services/run.runs": crate::run::Runs,
    },
    trappable_error_type: {
        "satama:services/cache.error" => crate::cache::Error,
        "satama:services/session.error" => crate::session::Error,
        "satama:services/channel.error" => crate::channel::Error,
        "satama:services/hub.error" => crate::hub::Error,
        "satama:services/secret.error" => crate::secret::Error,
        "satama:services/run.error" => crate::run::Error,
        "satama:services/workflow.error" => crate::workflow::Error,
    },
});

use self::satama::services::types;
use crate::delivery::Message;

impl From<types::Message> for Message {
    fn from(message: types::Message) -> Self {
        match message {
            types::Message::Text(text) => Self::Text(text.into()),
            types::Message::Binary(bytes) => Self::Binary(bytes.into()),
        }
    }
}

impl From<Message> for types::Message {
    fn from(message: Message) -> Self {
        match message {
            Message::Text(text) => Self::Text((*text).to_owned()),
            Message::Binary(bytes) => Self::Binary(bytes.to_vec()),
        }
    }
}
