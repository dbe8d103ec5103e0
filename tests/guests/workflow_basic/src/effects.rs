//! What a test sees of how often something was done: a counter in the cache under its key.

use std::time::{Duration, Instant};

use satama_guest::cache::{Bucket, Error, Options};
use serde::Deserialize;

/// Counts one effect, and says how many there were with this key.
pub fn count(key: &str) -> Result<i64, Error> {
    let day = Options::ttl(Duration::from_secs(24 * 60 * 60));
    Bucket::open("effects")?.add(key, 1, &day)
}

/// How long something takes.
#[derive(Deserialize)]
pub struct Time {
    pub ms: u64,
}

impl Time {
    pub fn duration(&self) -> Duration {
        Duration::from_millis(self.ms)
    }

    /// Computes for so long.
    pub fn spin(&self) {
        let since = Instant::now();
        while since.elapsed() < self.duration() {
            std::hint::spin_loop();
        }
    }
}
