//! The end of a channel at the host that holds its socket.

use std::sync::Arc;

use super::Delivery;
use super::held::Held;
use super::message::Close;
use super::queue::Frame;
use crate::channel::{self, Store as _, StoreError};

/// The end of a channel at the host that holds its socket.
///
/// Its frames are to be written to the socket, one after the other. Dropping it
/// removes the channel, as [`Attachment::detach`] does with an answer.
#[derive(Debug)]
pub struct Attachment {
    held: Arc<Held>,
    delivery: Delivery,
    /// Whether it is in the store, and so is to be removed from it.
    added: bool,
}

/// Where the frames of a channel go: what a gateway implements for its sockets.
pub trait Socket: Send {
    /// Writes one frame; the close is the last. May wait for the peer: what comes
    /// meanwhile is queued, within bounds. False if the peer is gone.
    fn write(&mut self, frame: Frame) -> impl Future<Output = bool> + Send;
}

impl Attachment {
    pub(super) fn new(held: Arc<Held>, delivery: Delivery) -> Self {
        Self { held, delivery, added: false }
    }

    /// The store has it.
    pub(super) fn added(&mut self) {
        self.added = true;
    }

    /// The channel's id.
    pub fn id(&self) -> &str {
        &self.held.id
    }

    /// The next frame, as soon as there is one; none after [`Frame::Closed`].
    /// Cancelling it loses nothing.
    pub async fn next(&mut self) -> Option<Frame> {
        self.held.queue.next().await
    }

    /// Writes all frames to `socket` until either ends, and removes the channel.
    pub async fn serve(mut self, mut socket: impl Socket) -> Result<(), channel::Error> {
        while let Some(frame) = self.next().await {
            if !socket.write(frame).await {
                break;
            }
        }
        self.detach().await
    }

    /// Removes the channel: its socket is closed, or is to be.
    pub async fn detach(mut self) -> Result<(), channel::Error> {
        self.added = false;
        self.delivery.release(&self.held);
        Ok(remove(&self.delivery, &self.held).await?)
    }
}

/// Removes this channel, and not a later one of its id.
async fn remove(delivery: &Delivery, held: &Held) -> Result<(), StoreError> {
    let close = Close::normal();
    delivery.channels().remove(&[held.key()], &close, Some(held.born())).await.map(drop)
}

impl Drop for Attachment {
    fn drop(&mut self) {
        self.delivery.release(&self.held);
        if !self.added {
            return;
        }
        // Without a runtime, or if this fails, the channel ends by its time-to-live.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let (held, delivery) = (self.held.clone(), self.delivery.clone());
            runtime.spawn(async move {
                if let Err(err) = remove(&delivery, &held).await {
                    tracing::info!("a channel was not removed: {}", crate::error::chain(&err));
                }
            });
        }
    }
}
