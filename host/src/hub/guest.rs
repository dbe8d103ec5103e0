//! Where a guest is called: what it listens to is encoded for its `hub-handler`.

use std::sync::Arc;

use super::{Bus, Error};
use crate::bindings::exports::satama::services::hub_handler as wit;
use crate::delivery::{Frame, Listener};

/// What one handler gets: the messages of some topics of one hub, one at a time.
#[derive(Debug)]
pub struct Inbox {
    hub: String,
    bus: Bus,
    group: Option<String>,
    listener: Listener,
    missed: bool,
}

impl Inbox {
    /// Listens to `topics` of `bus`, which is called `hub`. Of a `group`, each
    /// message comes to one member; without, to all that listen.
    pub async fn open(
        hub: &str,
        bus: Bus,
        topics: &[String],
        group: Option<&str>,
    ) -> Result<Self, Error> {
        let listener = bus.listen(topics).await?;
        let group = group.map(str::to_owned);
        Ok(Self { hub: hub.to_owned(), bus, group, listener, missed: false })
    }

    /// The next message that is for this handler. Cancelled, it may lose one.
    pub(crate) async fn next(&mut self) -> Option<wit::Event> {
        loop {
            match self.listener.next().await? {
                Frame::Missed { .. } => self.missed = true,
                Frame::Closed(_) => return None,
                Frame::Message { topic, message, position, id } => {
                    let topic = topic.unwrap_or_else(|| Arc::from(""));
                    if let Some(group) = &self.group
                        && !self.bus.claim_until_told(&topic, group, id).await
                    {
                        continue;
                    }
                    return Some(wit::Event {
                        hub: self.hub.clone(),
                        topic: (*topic).to_owned(),
                        message: message.into(),
                        position: position.map(|position| position.to_string()),
                        missed: std::mem::take(&mut self.missed),
                    });
                }
            }
        }
    }
}
