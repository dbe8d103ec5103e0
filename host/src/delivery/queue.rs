//! What waits for one receiver: bounded, whatever the receiver does.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::message::{Close, Message};
use super::position::Position;
use crate::ids::Id;

/// Most messages that wait for one receiver.
pub const QUEUE_MESSAGES_MAX: usize = 256;

/// Most bytes of messages that wait for one receiver.
pub const QUEUE_BYTES_MAX: usize = 1 << 20;

const _: () = assert!(super::MESSAGE_BYTES_MAX * 2 <= QUEUE_BYTES_MAX as u64);

/// The code with which a receiver that is too slow is closed: "try again later"
/// (<https://www.iana.org/assignments/websocket/websocket.xhtml>).
pub const SLOW: u16 = 1013;

/// How long the history of a topic waits for room, before its receiver is too slow.
pub(super) const ROOM_WAIT: Duration = Duration::from_secs(10);

/// What a receiver gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A message: of a topic, or sent to this receiver.
    Message {
        /// The topic, unless it was sent to this receiver alone.
        topic: Option<Arc<str>>,
        /// What was published or sent.
        message: Message,
        /// Where it is in the topic's history, if it is kept.
        position: Option<Position>,
        /// Of the publication; zeros if it was sent to this receiver alone.
        id: Id,
    },
    /// Messages before the next one may be lost: of a topic, or those that were sent
    /// to this receiver alone.
    Missed {
        /// The topic.
        topic: Option<Arc<str>>,
    },
    /// The end: nothing comes after it.
    Closed(Close),
}

/// What becomes of a receiver whose queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WhenFull {
    /// It is closed with [`SLOW`]; what waits is dropped.
    Close,
    /// The message is dropped, and the receiver told so in its place.
    Drop,
}

/// The frames that wait for one receiver.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<State>,
    when_full: WhenFull,
    /// Something is there to read.
    filled: Notify,
    /// Something was read.
    drained: Notify,
}

#[derive(Debug, Default)]
struct State {
    frames: VecDeque<Frame>,
    bytes: usize,
    /// Closed, or its receiver is gone: nothing more goes in.
    ended: bool,
}

impl Queue {
    pub(super) fn new(when_full: WhenFull) -> Arc<Self> {
        let (filled, drained) = (Notify::new(), Notify::new());
        Arc::new(Self { state: Mutex::default(), when_full, filled, drained })
    }

    /// Puts a frame in, if there is room. Never waits.
    pub(super) fn push(&self, frame: Frame) {
        let mut state = self.lock();
        if state.ended {
            return;
        }
        if state.has_room(&frame) {
            state.push(frame);
        } else if self.when_full == WhenFull::Close {
            let reason = "it reads too slowly".to_owned();
            state.close(Close { code: SLOW, reason });
        } else if !matches!(state.frames.back(), Some(Frame::Missed { .. })) {
            let topic = match frame {
                Frame::Message { topic, .. } | Frame::Missed { topic } => topic,
                Frame::Closed(_) => None,
            };
            state.push(Frame::Missed { topic });
        }
        drop(state);
        self.filled.notify_one();
    }

    /// Waits until there is room for `frame`, but not for ever: a receiver that makes
    /// none is too slow, and the next push finds it so.
    pub(super) async fn room(&self, frame: &Frame, wait: Duration) {
        let room = async {
            loop {
                let drained = self.drained.notified();
                {
                    let state = self.lock();
                    if state.ended || state.has_room(frame) {
                        return;
                    }
                }
                drained.await;
            }
        };
        _ = tokio::time::timeout(wait, room).await;
    }

    /// Ends it: what waits is still read, and then the close.
    pub(super) fn end(&self, close: Close) {
        let mut state = self.lock();
        if !state.ended {
            state.push(Frame::Closed(close));
            state.ended = true;
        }
        drop(state);
        self.filled.notify_one();
    }

    /// The receiver is gone.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        *state = State { ended: true, ..State::default() };
        drop(state);
        self.drained.notify_waiters();
    }

    /// The next frame, as soon as there is one; none after the close. One receiver
    /// reads.
    pub(super) async fn next(&self) -> Option<Frame> {
        loop {
            {
                let mut state = self.lock();
                if let Some(frame) = state.frames.pop_front() {
                    state.bytes -= size(&frame);
                    drop(state);
                    self.drained.notify_waiters();
                    return Some(frame);
                }
                if state.ended {
                    return None;
                }
            }
            self.filled.notified().await;
        }
    }

    /// Whether nothing more goes in.
    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self, frame: &Frame) -> bool {
        self.frames.len() < QUEUE_MESSAGES_MAX && self.bytes + size(frame) <= QUEUE_BYTES_MAX
    }

    fn push(&mut self, frame: Frame) {
        self.bytes += size(&frame);
        self.frames.push_back(frame);
    }

    /// Drops what waits, but for the reason.
    fn close(&mut self, close: Close) {
        self.frames = VecDeque::from([Frame::Closed(close)]);
        self.bytes = 0;
        self.ended = true;
    }
}

/// What a frame holds of the queue's bytes.
fn size(frame: &Frame) -> usize {
    match frame {
        Frame::Message { message, .. } => message.len(),
        Frame::Missed { .. } | Frame::Closed(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Frame {
        let message = Message::Text(text.into());
        Frame::Message { topic: None, message, position: None, id: Id([0; 8]) }
    }

    #[tokio::test]
    async fn frames_come_in_order_and_then_the_close() {
        let queue = Queue::new(WhenFull::Close);
        queue.push(text("1"));
        queue.push(text("2"));
        queue.end(Close::normal());
        queue.push(text("3"));
        assert_eq!(queue.next().await, Some(text("1")));
        assert_eq!(queue.next().await, Some(text("2")));
        assert_eq!(queue.next().await, Some(Frame::Closed(Close::normal())));
        assert_eq!(queue.next().await, None);
    }

    #[tokio::test]
    async fn one_too_many_closes_a_slow_receiver() {
        let queue = Queue::new(WhenFull::Close);
        (0..QUEUE_MESSAGES_MAX).for_each(|_| queue.push(text("")));
        assert!(!queue.has_ended());
        queue.push(text(""));
        assert!(matches!(queue.next().await, Some(Frame::Closed(Close { code: SLOW, .. }))));
        assert_eq!(queue.next().await, None);
    }

    #[tokio::test]
    async fn bytes_are_bounded_too() {
        let queue = Queue::new(WhenFull::Close);
        queue.push(text(&"a".repeat(QUEUE_BYTES_MAX)));
        assert!(!queue.has_ended());
        queue.push(text("b"));
        assert!(queue.has_ended());
    }

    #[tokio::test]
    async fn a_receiver_that_drops_is_told_once_and_in_place() {
        let queue = Queue::new(WhenFull::Drop);
        (0..QUEUE_MESSAGES_MAX + 9).for_each(|_| queue.push(text("")));
        for _ in 0..QUEUE_MESSAGES_MAX {
            assert_eq!(queue.next().await, Some(text("")));
        }
        queue.push(text("later"));
        assert_eq!(queue.next().await, Some(Frame::Missed { topic: None }));
        assert_eq!(queue.next().await, Some(text("later")));
    }

    #[tokio::test]
    async fn history_waits_for_room_and_gives_up() {
        let queue = Queue::new(WhenFull::Close);
        (0..QUEUE_MESSAGES_MAX).for_each(|_| queue.push(text("")));
        let late = text("late");
        let (next, ()) = tokio::join!(queue.next(), queue.room(&late, ROOM_WAIT));
        assert_eq!(next, Some(text("")));
        queue.push(late);
        assert!(!queue.has_ended());
        let too_late = text("too late");
        queue.room(&too_late, Duration::from_millis(1)).await;
        queue.push(too_late);
        assert!(queue.has_ended());
    }
}
