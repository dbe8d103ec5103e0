//! What an operation finds in the services.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use satama::Services;
use satama::channel::Channels;
use satama::delivery::Message;
use satama::hub::{Bus, Keep};
use tokio::task::JoinSet;

use super::{ALL, KEPT, MEMBERS, NAME, OF_USER, Operation, TOPICS, TOPICS_READ};
use crate::guests::{each, grant};
use crate::services::TTL;

/// Opening data, and a state: a hundred bytes of JSON.
pub(super) const DATA_BYTES: usize = 100;

/// What is sent and published.
pub(super) const MESSAGE: [u8; 128] = [b'm'; 128];

/// The channels and the hub that the guests call, called by the host.
pub(super) struct Chat {
    channels: Channels,
    bus: Bus,
}

impl Chat {
    pub(super) fn open(services: &Services) -> Result<Self> {
        let grant = grant()?;
        let channels = services.channel().channels(grant.channel(NAME)?, TTL, grant.limits())?;
        let bus = services.hub().bus(grant.hub(NAME)?, grant.limits());
        Ok(Self { channels, bus })
    }

    async fn add(&self, id: &str, user: Option<&str>) -> Result<()> {
        Ok(self.channels.add(id, &data(), user).await?)
    }
}

/// Opening data, and a state.
pub(super) fn data() -> String {
    format!("\"{}\"", "v".repeat(DATA_BYTES - 2))
}

/// Lays out what each of `ids` finds for `share` operations. Sockets are held, and
/// read, until what this returns is dropped.
pub(super) async fn ready(
    chat: &Arc<Chat>,
    operation: Operation,
    ids: &[String],
    share: u32,
) -> Result<JoinSet<()>> {
    let mut sockets = JoinSet::new();
    if operation == Operation::Send {
        for id in ids {
            let mut socket = chat.channels.attach(id, &data(), None).await?;
            sockets.spawn(async move { while socket.next().await.is_some() {} });
        }
        return Ok(sockets);
    }
    let work = |caller: u32| {
        let (chat, id) = (chat.clone(), ids[caller as usize].clone());
        async move { one(&chat, operation, &id, share).await }
    };
    each(u32::try_from(ids.len())?, work).await?;
    Ok(sockets)
}

async fn one(chat: &Chat, operation: Operation, id: &str, share: u32) -> Result<()> {
    match operation {
        Operation::Add | Operation::Publish | Operation::PublishKept | Operation::Send => {}
        Operation::Get
        | Operation::SetUser
        | Operation::SetState
        | Operation::CompareAndSetState
        | Operation::Touch => chat.add(id, None).await?,
        Operation::GetState => {
            chat.add(id, None).await?;
            chat.channels.set_state(id, Some(&data())).await?;
        }
        Operation::Remove => several(chat, id, share, None).await?,
        Operation::OfUser => several(chat, id, OF_USER, Some(id)).await?,
        Operation::All => several(chat, id, ALL, None).await?,
        Operation::Subscribe => several(chat, id, share.div_ceil(TOPICS), None).await?,
        Operation::Unsubscribe => {
            several(chat, id, share.div_ceil(TOPICS), None).await?;
            for i in 0..share {
                let channel = format!("{id}/{}", i / TOPICS);
                chat.bus.subscribe(&format!("topic-{}", i % TOPICS), &channel, None).await?;
            }
        }
        Operation::Topics => {
            chat.add(id, None).await?;
            for i in 0..TOPICS_READ {
                chat.bus.subscribe(&format!("topic-{i}"), id, None).await?;
            }
        }
        Operation::Members => {
            several(chat, id, MEMBERS, None).await?;
            for i in 0..MEMBERS {
                chat.bus.subscribe(id, &format!("{id}/{i}"), None).await?;
            }
        }
        Operation::History => {
            let message = Message::Binary(MESSAGE.into());
            let keep = Keep { messages: KEPT, ttl: Duration::from_secs(60 * 60) };
            for _ in 0..KEPT {
                chat.bus.publish(id, &message, None, Some(keep)).await?;
            }
        }
    }
    Ok(())
}

async fn several(chat: &Chat, id: &str, count: u32, user: Option<&str>) -> Result<()> {
    for i in 0..count {
        chat.add(&format!("{id}/{i}"), user).await?;
    }
    Ok(())
}
