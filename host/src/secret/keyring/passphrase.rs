//! A passphrase to a key: Argon2id (RFC 9106), version 0x13.

use argon2::{Algorithm, Argon2, Block, Params, Version};
use zeroize::{Zeroize as _, Zeroizing};

use super::super::provider::KEY_BYTES;
use super::error::Fault;
use super::local::LocalKey;

/// Longest passphrase, in bytes.
pub(super) const PASSPHRASE_BYTES_MAX: usize = 1024;

/// Bytes of a new salt (RFC 9106, section 3.1: enough for every application), and the
/// fewest that are read.
pub(super) const SALT_BYTES: usize = 16;

/// Longest salt that is read, in bytes.
pub(super) const SALT_BYTES_MAX: usize = 64;

/// Least and most memory, in KiB: with less a guess is cheap, more is a slip of a digit.
const MEMORY_KIB: std::ops::RangeInclusive<u32> = 8 << 10..=4 << 20;

/// Fewest and most passes.
const PASSES: std::ops::RangeInclusive<u32> = 1..=100;

/// Fewest and most lanes.
const LANES: std::ops::RangeInclusive<u32> = 1..=64;

// Argon2 needs eight blocks of one KiB for each lane.
const _: () = assert!(*MEMORY_KIB.start() >= 8 * *LANES.end());

/// What one guess at a passphrase costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB: 8 192 to 4 194 304.
    pub memory_kib: u32,
    /// Passes over the memory: 1 to 100.
    pub passes: u32,
    /// Lanes, which could be filled at the same time: 1 to 64.
    pub lanes: u32,
}

impl Default for Cost {
    /// The second recommended option of RFC 9106, section 4.
    fn default() -> Self {
        Self { memory_kib: 64 << 10, passes: 3, lanes: 4 }
    }
}

impl Cost {
    /// Says which of them is not possible, by the name that it has in the file.
    pub(super) fn check(&self) -> Result<(), (&'static str, Fault)> {
        for (name, value, range) in [
            ("memory_kib", self.memory_kib, MEMORY_KIB),
            ("passes", self.passes, PASSES),
            ("lanes", self.lanes, LANES),
        ] {
            if !range.contains(&value) {
                let (least, most) = range.into_inner();
                let why =
                    format!("`{name} = {value}` is not possible: it may be {least} to {most}");
                return Err((name, Fault::new(why)));
            }
        }
        Ok(())
    }
}

/// The key of a passphrase. Takes a second or so, and does not yield.
pub(super) fn derive(passphrase: &[u8], salt: &[u8], cost: Cost) -> Result<LocalKey, Fault> {
    cost.check().map_err(|(_, fault)| fault)?;
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, Some(KEY_BYTES));
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(impossible)?);
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    hash(&argon2, passphrase, salt, &mut *key)?;
    Ok(LocalKey::new(key))
}

/// Hashes in memory that is asked for, so that a machine with too little says so, and
/// that is zeroized, because its last blocks give the key.
fn hash(argon2: &Argon2<'_>, passphrase: &[u8], salt: &[u8], key: &mut [u8]) -> Result<(), Fault> {
    let count = argon2.params().block_count();
    let mut blocks: Vec<Block> = Vec::new();
    blocks.try_reserve_exact(count).map_err(|err| {
        Fault::new(format!("there are not {count} KiB of memory for the passphrase")).because(err)
    })?;
    blocks.resize(count, Block::new());
    let hashed = argon2.hash_password_into_with_memory(passphrase, salt, key, &mut blocks);
    blocks.iter_mut().for_each(|block| block.zeroize());
    hashed.map_err(impossible)
}

fn impossible(err: argon2::Error) -> Fault {
    Fault::new("no key can be made of the passphrase").because(err.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 9106, section 5.3: <https://www.rfc-editor.org/rfc/rfc9106#section-5.3>.
    #[test]
    fn argon2id_is_that_of_its_rfc() {
        let mut params = argon2::ParamsBuilder::new();
        params.m_cost(32).t_cost(3).p_cost(4).output_len(32);
        params.data(argon2::AssociatedData::new(&[4; 12]).unwrap());
        let params = params.build().unwrap();
        let argon2 =
            Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        hash(&argon2, &[1; 32], &[2; 16], &mut tag).unwrap();
        let expected = [
            0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b,
            0x53, 0xc9, 0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9,
            0x6b, 0x01, 0xe6, 0x59,
        ];
        assert_eq!(tag, expected);
    }

    #[test]
    fn each_input_counts() {
        let cost = Cost { memory_kib: 8192, passes: 1, lanes: 1 };
        let check = |passphrase: &[u8], salt: &[u8], cost| {
            derive(passphrase, salt, cost).map(|key| key.check().text()).unwrap()
        };
        let one = check(b"hunter2", &[0; 16], cost);
        assert_eq!(one, check(b"hunter2", &[0; 16], cost));
        assert_ne!(one, check(b"hunter3", &[0; 16], cost));
        assert_ne!(one, check(b"hunter2", &[1; 16], cost));
        assert_ne!(one, check(b"hunter2", &[0; 16], Cost { passes: 2, ..cost }));
        assert_ne!(one, check(b"hunter2", &[0; 16], Cost { lanes: 2, ..cost }));
        assert_ne!(one, check(b"hunter2", &[0; 16], Cost { memory_kib: 8200, ..cost }));
        assert_eq!(Cost { lanes: 65, ..cost }.check().unwrap_err().0, "lanes");
        assert!(derive(b"hunter2", &[0; 16], Cost { passes: 0, ..cost }).is_err());
    }
}
