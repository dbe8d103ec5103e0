//! Numbers and ids that are the same each time a run is replayed.

use sha2::{Digest as _, Sha256};

/// The key of a step: a UUID of version 8 (RFC 9562, section 5.8), from a hash of what the step is.
/// Its name too: a step that is begun and told that the run is cancelled may have run before, and
/// what is begun next to undo it has the same number.
pub fn step_key(run: &str, turn: impl Into<Turn>, seq: u32, name: &str, undo: bool) -> String {
    let what = if undo { "undo" } else { "step" };
    uuid(hash(&format!("{what} {name:?}"), run, turn, seq.into()), 8)
}

/// Which time it is that a run does something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turn {
    /// How often it was continued as new.
    pub generation: u32,
    /// The event by which it was retried from before what it had undone; zero at first. What is
    /// done once more by that is another thing than what was undone.
    pub since: u32,
}

impl From<u32> for Turn {
    fn from(generation: u32) -> Self {
        Self { generation, since: 0 }
    }
}

/// The text of a UUID of these bytes, with its version and variant set.
pub fn uuid(mut bytes: [u8; 16], version: u8) -> String {
    bytes[6] = (bytes[6] & 0x0f) | (version << 4);
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Bytes that are the same for the same place in the same run, and for no other.
pub fn hash(what: &str, run: &str, turn: impl Into<Turn>, at: u64) -> [u8; 16] {
    let Turn { generation, since } = turn.into();
    let mut hash = Sha256::new();
    hash.update(format!("satama {what} {run} {generation} {at}"));
    if since > 0 {
        hash.update(format!(" {since}"));
    }
    let hash: [u8; 32] = hash.finalize().into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash[..16]);
    bytes
}
