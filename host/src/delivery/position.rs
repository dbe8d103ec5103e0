//! Where a message is in its topic's history.

use std::fmt;
use std::str::FromStr;

use crate::ids::Id;

/// Where a message is in its topic's history.
///
/// The epoch changes when a history begins anew, and the id tells when a server
/// that failed over has given the same offset to another message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Of the history.
    pub epoch: [u8; 8],
    /// From one. Zero is the position before the first message.
    pub offset: u64,
    /// Of the message there; zeros before the first.
    pub id: Id,
}

/// Text that is not a position.
#[derive(Debug, thiserror::Error)]
#[error("this is not a position")]
pub struct NotPosition;

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = u64::from_be_bytes;
        write!(f, "{:016x}-{:x}-{:016x}", hex(self.epoch), self.offset, hex(self.id.0))
    }
}

impl FromStr for Position {
    type Err = NotPosition;

    /// Takes only what `Display` writes, so that no two texts are one position.
    fn from_str(text: &str) -> Result<Self, NotPosition> {
        let number = |part: Option<&str>| {
            part.and_then(|part| u64::from_str_radix(part, 16).ok()).ok_or(NotPosition)
        };
        let mut parts = text.splitn(3, '-');
        let epoch = number(parts.next())?.to_be_bytes();
        let offset = number(parts.next())?;
        let id = Id(number(parts.next())?.to_be_bytes());
        let position = Self { epoch, offset, id };
        // Lua's numbers hold offsets to 2^53.
        if position.to_string() == text && offset < 1 << 53 {
            Ok(position)
        } else {
            Err(NotPosition)
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;

    pub(in crate::delivery) fn position() -> impl Strategy<Value = Position> {
        (any::<[u8; 8]>(), 0..1_u64 << 53, any::<[u8; 8]>())
            .prop_map(|(epoch, offset, id)| Position { epoch, offset, id: Id(id) })
    }

    proptest! {
        #[test]
        fn a_position_is_read_as_written(position in position(), text in "[0-9a-f+-]{0,40}") {
            prop_assert_eq!(position.to_string().parse::<Position>().unwrap(), position);
            if let Ok(position) = text.parse::<Position>() {
                prop_assert_eq!(position.to_string(), text);
            }
        }
    }
}
