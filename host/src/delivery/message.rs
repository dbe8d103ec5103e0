//! What is delivered, and how hosts write it to each other.
//!
//! A *publication* goes to a topic's address, a *notice* to the host that holds a
//! channel. Numbers are big-endian, texts begin with their length in two bytes.
//!
//! ```text
//! publication  'p' envelope                           of a topic that is not kept
//!              'k' epoch(8) offset(8) envelope        of one that is
//! envelope     id(8) kind('t' | 'b') '-' or '!' except(text), body
//! notice       what('S' | 'U' | 'M' | 'X') order(8) channel(text) rest
//! ```

use std::sync::Arc;

use super::position::Position;
use crate::ids::Id;

/// Longest message, in bytes. Redis drops a subscriber that lags by 32 MiB
/// (`client-output-buffer-limit pubsub`), so one message should be far from it.
pub const MESSAGE_BYTES_MAX: u64 = 64 << 10;

/// What is sent or published. Cloning is cheap: all receivers share one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// UTF-8 text.
    Text(Arc<str>),
    /// Any bytes.
    Binary(Arc<[u8]>),
}

/// A message of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// Never the same for two.
    pub id: Id,
    /// Where it is, if the topic is kept.
    pub position: Option<Position>,
    /// The channel that does not get it.
    pub except: Option<Arc<str>>,
    /// What was published.
    pub message: Message,
}

/// What the host that holds a channel is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notice {
    /// Grows with every change of the channel's shard.
    pub order: u64,
    /// The channel's id.
    pub channel: String,
    /// What happened.
    pub event: Event,
}

/// What happened to a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// It was subscribed to a topic, perhaps since a position.
    Subscribed {
        /// The topic.
        topic: String,
        /// What it has of it already.
        since: Option<Position>,
    },
    /// It was unsubscribed.
    Unsubscribed {
        /// The topic.
        topic: String,
    },
    /// Something was sent to it.
    Sent(Message),
    /// It was removed.
    Removed(Close),
}

/// Why a socket is closed (RFC 6455, section 7.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    /// 1000, or what the application chose.
    pub code: u16,
    /// For people; at most 123 bytes.
    pub reason: String,
}

/// Bytes that no host of this version wrote.
#[derive(Debug, thiserror::Error)]
#[error("a message between hosts is malformed")]
pub struct Malformed;

impl Close {
    /// The usual end.
    pub fn normal() -> Self {
        Self { code: 1000, reason: String::new() }
    }
}

impl Message {
    /// Its size, in bytes.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Binary(bytes) => bytes.len(),
        }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Binary(bytes) => out.extend_from_slice(bytes),
        }
    }

    fn kind(&self) -> u8 {
        match self {
            Self::Text(_) => b't',
            Self::Binary(_) => b'b',
        }
    }

    fn read(kind: u8, body: &[u8]) -> Result<Self, Malformed> {
        match kind {
            b't' => Ok(Self::Text(std::str::from_utf8(body).map_err(|_| Malformed)?.into())),
            b'b' => Ok(Self::Binary(body.into())),
            _ => Err(Malformed),
        }
    }
}

impl Publication {
    /// Its envelope: all but its position, which the store gives it.
    pub fn envelope(id: Id, except: Option<&str>, message: &Message) -> Vec<u8> {
        let mut out = Vec::with_capacity(12 + except.map_or(0, str::len) + message.len());
        out.extend_from_slice(&id.0);
        out.push(message.kind());
        out.push(if except.is_some() { b'!' } else { b'-' });
        except.into_iter().for_each(|except| push_text(&mut out, except));
        message.write(&mut out);
        out
    }

    /// Its envelope, as it is sent to the hosts.
    pub fn bytes(envelope: &[u8], position: Option<&Position>) -> Vec<u8> {
        let mut out = Vec::with_capacity(17 + envelope.len());
        match position {
            None => out.push(b'p'),
            Some(position) => {
                out.push(b'k');
                out.extend_from_slice(&position.epoch);
                out.extend_from_slice(&position.offset.to_be_bytes());
            }
        }
        out.extend_from_slice(envelope);
        out
    }

    /// Reads what [`Publication::bytes`] wrote.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut bytes = Reader(bytes);
        let at = match bytes.byte()? {
            b'p' => None,
            b'k' => Some((bytes.eight()?, u64::from_be_bytes(bytes.eight()?))),
            _ => return Err(Malformed),
        };
        Self::read_envelope(bytes.0, at)
    }

    /// Reads an envelope; `at` is its epoch and offset.
    pub fn read_envelope(bytes: &[u8], at: Option<([u8; 8], u64)>) -> Result<Self, Malformed> {
        let mut bytes = Reader(bytes);
        let id = Id(bytes.eight()?);
        let kind = bytes.byte()?;
        let except = match bytes.byte()? {
            b'-' => None,
            b'!' => Some(bytes.text()?.into()),
            _ => return Err(Malformed),
        };
        Ok(Self {
            id,
            position: at.map(|(epoch, offset)| Position { epoch, offset, id }),
            except,
            message: Message::read(kind, bytes.0)?,
        })
    }
}

impl Event {
    /// The letter that says what it is.
    pub(crate) fn letter(&self) -> u8 {
        match self {
            Self::Subscribed { .. } => b'S',
            Self::Unsubscribed { .. } => b'U',
            Self::Sent(_) => b'M',
            Self::Removed(_) => b'X',
        }
    }

    /// What follows the channel's id in a notice.
    pub(crate) fn rest(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            Self::Subscribed { topic, since } => {
                push_text(&mut out, topic);
                if let Some(since) = since {
                    out.extend_from_slice(&since.epoch);
                    out.extend_from_slice(&since.offset.to_be_bytes());
                    out.extend_from_slice(&since.id.0);
                }
            }
            Self::Unsubscribed { topic } => push_text(&mut out, topic),
            Self::Sent(message) => {
                out.push(message.kind());
                message.write(&mut out);
            }
            Self::Removed(close) => {
                out.extend_from_slice(&close.code.to_be_bytes());
                push_text(&mut out, &close.reason);
            }
        }
        out
    }

    fn read(letter: u8, mut rest: Reader<'_>) -> Result<Self, Malformed> {
        match letter {
            b'S' => {
                let topic = rest.text()?.to_owned();
                let since = (!rest.0.is_empty()).then(|| rest.position()).transpose()?;
                Ok(Self::Subscribed { topic, since })
            }
            b'U' => Ok(Self::Unsubscribed { topic: rest.text()?.to_owned() }),
            b'M' => Ok(Self::Sent(Message::read(rest.byte()?, rest.0)?)),
            b'X' => {
                let code = u16::from_be_bytes([rest.byte()?, rest.byte()?]);
                Ok(Self::Removed(Close { code, reason: rest.text()?.to_owned() }))
            }
            _ => Err(Malformed),
        }
    }
}

impl Notice {
    /// A notice as it is sent.
    pub(crate) fn bytes(order: u64, channel: &str, event: &Event) -> Vec<u8> {
        let mut out = vec![event.letter()];
        out.extend_from_slice(&order.to_be_bytes());
        push_text(&mut out, channel);
        out.extend_from_slice(&event.rest());
        out
    }

    /// Reads what [`Notice::bytes`] wrote, or a script did.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut bytes = Reader(bytes);
        let letter = bytes.byte()?;
        let order = u64::from_be_bytes(bytes.eight()?);
        let channel = bytes.text()?.to_owned();
        Ok(Self { order, channel, event: Event::read(letter, bytes)? })
    }
}

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.take(1)?[0])
    }

    fn eight(&mut self) -> Result<[u8; 8], Malformed> {
        self.take(8)?.try_into().map_err(|_| Malformed)
    }

    fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = u16::from_be_bytes([self.byte()?, self.byte()?]);
        std::str::from_utf8(self.take(length.into())?).map_err(|_| Malformed)
    }

    fn position(&mut self) -> Result<Position, Malformed> {
        let epoch = self.eight()?;
        let offset = u64::from_be_bytes(self.eight()?);
        Ok(Position { epoch, offset, id: Id(self.eight()?) })
    }
}

/// Texts here are ids, topics and reasons; their limits are far below 64 KiB.
fn push_text(out: &mut Vec<u8>, text: &str) {
    let length = u16::try_from(text.len()).expect("its limit is below 64 KiB");
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::position::tests::position;
    use super::*;

    fn message() -> impl Strategy<Value = Message> {
        prop_oneof![
            any::<String>().prop_map(|text| Message::Text(text.into())),
            any::<Vec<u8>>().prop_map(|bytes| Message::Binary(bytes.into())),
        ]
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            (any::<String>(), proptest::option::of(position()))
                .prop_map(|(topic, since)| Event::Subscribed { topic, since }),
            any::<String>().prop_map(|topic| Event::Unsubscribed { topic }),
            message().prop_map(Event::Sent),
            (any::<u16>(), any::<String>())
                .prop_map(|(code, reason)| Event::Removed(Close { code, reason })),
        ]
    }

    proptest! {
        #[test]
        fn a_publication_is_read_as_written(
            id in any::<[u8; 8]>(),
            except in proptest::option::of("[a-z]{0,9}"),
            at in proptest::option::of(position()),
            message in message(),
        ) {
            let id = Id(id);
            let position = at.map(|at| Position { id, ..at });
            let envelope = Publication::envelope(id, except.as_deref(), &message);
            let read = Publication::read(&Publication::bytes(&envelope, position.as_ref())).unwrap();
            prop_assert_eq!(read, Publication { id, position, except: except.map(Into::into), message });
        }

        #[test]
        fn a_notice_is_read_as_written(order: u64, channel: String, event in event()) {
            let read = Notice::read(&Notice::bytes(order, &channel, &event)).unwrap();
            prop_assert_eq!(read, Notice { order, channel, event });
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
            _ = Notice::read(&bytes);
            _ = Publication::read(&bytes);
        }
    }
}
