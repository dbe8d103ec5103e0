//! Numbers that are never used twice: claims and generations.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// A source of ids, shared by its clones.
#[derive(Debug, Clone)]
pub struct Ids {
    rng: Arc<Mutex<StdRng>>,
}

/// Eight random bytes. Two that are compared meet within one key's life, so a
/// chance collision is one in 2^64 for each pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Id(pub [u8; 8]);

impl fmt::Display for Id {
    /// Sixteen hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", u64::from_be_bytes(self.0))
    }
}

impl Ids {
    /// Ids that nobody can foresee.
    pub fn system() -> Self {
        Self::from_rng(rand::make_rng())
    }

    /// The same ids for the same seed, for tests.
    pub fn seeded(seed: u64) -> Self {
        Self::from_rng(StdRng::seed_from_u64(seed))
    }

    fn from_rng(rng: StdRng) -> Self {
        Self { rng: Arc::new(Mutex::new(rng)) }
    }

    /// A new id.
    pub fn next(&self) -> Id {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        Id(rng.next_u64().to_ne_bytes())
    }
}
