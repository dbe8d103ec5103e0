//! Where a page of a sharded list ended: in each shard that has more, after whom.

use super::{SHARDS, StoreError};

/// The shards that are left, each with the birth after which to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cursor(pub(crate) Vec<(u8, u64)>);

impl Cursor {
    /// The start of a list.
    pub(crate) fn start() -> Self {
        Self((0..SHARDS).map(|shard| (shard, 0)).collect())
    }

    /// Reads what [`Cursor::text`] wrote: `SHARD.BIRTH`, joined by `-`, in hexadecimal,
    /// the shards ascending.
    pub(crate) fn parse(text: &str) -> Result<Self, StoreError> {
        let mut shards: Vec<(u8, u64)> = Vec::new();
        for part in text.split('-') {
            let (shard, born) = part.split_once('.').ok_or(StoreError::Cursor)?;
            let shard = u8::from_str_radix(shard, 16).map_err(|_| StoreError::Cursor)?;
            let born = u64::from_str_radix(born, 16).map_err(|_| StoreError::Cursor)?;
            let ascends = shards.last().is_none_or(|(last, _)| *last < shard);
            // Lua's numbers hold births to 2^53.
            if !ascends || shard >= SHARDS || born >= 1 << 53 {
                return Err(StoreError::Cursor);
            }
            shards.push((shard, born));
        }
        Ok(Self(shards))
    }

    /// As a guest holds it; none if no shard is left.
    pub(crate) fn text(&self) -> Option<String> {
        let parts: Vec<_> =
            self.0.iter().map(|(shard, born)| format!("{shard:x}.{born:x}")).collect();
        (!parts.is_empty()).then(|| parts.join("-"))
    }

    /// How many entries of a page of at most `limit` to ask each shard for: its
    /// share, so that a page costs what it returns, but one at least.
    pub(crate) fn share(&self, limit: u32) -> u32 {
        let shards = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        (limit / shards.max(1)).max(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_is_read_as_written(births in proptest::collection::vec(0..1_u64 << 53, 1..16)) {
            let cursor = Cursor((0..).zip(births).collect());
            prop_assert_eq!(Cursor::parse(&cursor.text().unwrap()).unwrap(), cursor);
        }

        #[test]
        fn any_text_is_read_or_refused(text: String) {
            _ = Cursor::parse(&text);
        }
    }

    #[test]
    fn what_no_page_gave_is_refused() {
        for text in ["", "-", "0", "0.", "10.0", "1.0-0.0", "0.0-0.0", "0.20000000000000", "0.0-"] {
            assert!(matches!(Cursor::parse(text), Err(StoreError::Cursor)), "{text:?}");
        }
    }
}
