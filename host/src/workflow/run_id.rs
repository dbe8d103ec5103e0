//! What a run is called.

use std::fmt;
use std::str::FromStr;

use super::PARTITIONS;
use crate::ids::Ids;

/// Bytes of an id: two digits of its partition, and thirty-two random ones.
const LEN: usize = 34;

/// A run's id: its partition, so that everything of the run is found by it, and 128 random bits.
/// All in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RunId(Box<str>);

/// Text that is no run's id.
#[derive(Debug, thiserror::Error)]
#[error("it is not the id of a run, which is {LEN} hexadecimal digits")]
pub struct NotARun;

impl RunId {
    /// A new one, in a partition.
    pub fn new(partition: u8, ids: &Ids) -> Self {
        let random = (ids.next(), ids.next());
        Self(format!("{:02x}{}{}", partition % PARTITIONS, random.0, random.1).into())
    }

    /// Where it is.
    pub fn partition(&self) -> u8 {
        u8::from_str_radix(&self.0[..2], 16).unwrap_or(0) % PARTITIONS
    }

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = NotARun;

    fn from_str(text: &str) -> Result<Self, NotARun> {
        let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let id = (digits && text.len() == LEN).then(|| Self(text.into())).ok_or(NotARun)?;
        let partition = u8::from_str_radix(&id.0[..2], 16).unwrap_or(u8::MAX);
        if partition < PARTITIONS { Ok(id) } else { Err(NotARun) }
    }
}
