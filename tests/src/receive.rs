//! What a receiver hears, waited for as long as it may take on a busy machine.

use satama::delivery::{Attachment, Close, Frame, Listener, Message};

use crate::PATIENCE;

/// A socket's end, or a listener.
pub trait Receive {
    /// What comes next; none after the close.
    fn receive(&mut self) -> impl Future<Output = Option<Frame>>;
}

impl Receive for Attachment {
    async fn receive(&mut self) -> Option<Frame> {
        self.next().await
    }
}

impl Receive for Listener {
    async fn receive(&mut self) -> Option<Frame> {
        self.next().await
    }
}

/// A message of text.
pub fn text(text: &str) -> Message {
    Message::Text(text.into())
}

/// What comes next, which something has to.
pub async fn frame(receiver: &mut impl Receive) -> Frame {
    let next = tokio::time::timeout(PATIENCE, receiver.receive()).await;
    next.expect("something was to be heard").expect("the receiver was to go on")
}

/// The text that comes next.
pub async fn heard(receiver: &mut impl Receive) -> String {
    match frame(receiver).await {
        Frame::Message { message: Message::Text(text), .. } => text.to_string(),
        other => panic!("expected text, heard {other:?}"),
    }
}

/// Asserts that these texts come next.
pub async fn hears(receiver: &mut impl Receive, expected: &[&str]) {
    for (n, expected) in expected.iter().enumerate() {
        assert_eq!(heard(receiver).await, *expected, "the text {n} of those expected");
    }
}

/// The close that comes next, and is the end.
pub async fn closed(receiver: &mut impl Receive) -> Close {
    match frame(receiver).await {
        Frame::Closed(close) => {
            let next = tokio::time::timeout(PATIENCE, receiver.receive()).await;
            assert!(matches!(next, Ok(None)), "after the close: {next:?}");
            close
        }
        other => panic!("expected a close, heard {other:?}"),
    }
}
