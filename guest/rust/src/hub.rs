//! Messages to all that listen to a topic: the bindings of `hub.wit`, and a short way
//! to publish.
//!
//! ```no_run
//! use satama_guest::hub::{Bus, Keep};
//!
//! # fn main() -> Result<(), satama_guest::hub::Error> {
//! let chat = Bus::open("chat")?;
//! chat.subscribe("room/1", "client-1", None)?;
//! chat.say("room/1", "welcome")?;
//!
//! // Kept, so that a client that reconnects gets what it missed.
//! let keep = Keep { messages: 100, ttl_ms: 3_600_000 };
//! chat.publish("room/1", &"hello".into(), Some("client-1"), Some(keep))?;
//! # Ok(())
//! # }
//! ```

pub use crate::bindings::satama::services::hub::*;
pub use crate::types::Message;

impl Bus {
    /// Publishes to all that listen to a topic, as it is kept or not. Where it is, if
    /// it is kept.
    pub fn say(&self, topic: &str, message: impl Into<Message>) -> Result<Option<Position>, Error> {
        self.publish(topic, &message.into(), None, None)
    }
}
