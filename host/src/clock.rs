//! The time and the random numbers that stores are given, so that tests can set them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Wall-clock time.
#[derive(Debug, Clone, Default)]
pub enum Clock {
    /// The machine's clock.
    #[default]
    System,
    /// A clock that stands still until it is moved.
    Sim(SimClock),
}

/// A clock for tests, shared by its clones.
#[derive(Debug, Clone)]
pub struct SimClock {
    micros: Arc<AtomicU64>,
}

impl Clock {
    /// Microseconds since 1970.
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    pub fn micros(&self) -> u64 {
        match self {
            Self::System => {
                let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
                let micros = since.unwrap_or_default().as_micros();
                u64::try_from(micros).unwrap_or(u64::MAX)
            }
            Self::Sim(clock) => clock.micros.load(Ordering::Relaxed),
        }
    }

    /// Milliseconds since 1970.
    pub fn millis(&self) -> u64 {
        self.micros() / 1000
    }
}

impl SimClock {
    /// A clock that stands at the start of 2026.
    pub fn new() -> Self {
        Self { micros: Arc::new(AtomicU64::new(1_767_225_600_000_000)) }
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).expect("a test's step fits");
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

impl Default for SimClock {
    fn default() -> Self {
        Self::new()
    }
}
