//! Asking a store again that does not answer.

use std::time::Duration;

use tokio::time::Instant;

use crate::workflow::store::StoreError;

/// Pause before a write is tried again whose answer was lost, at first and at most. It may be
/// repeated: the store knows it by its number.
const AGAIN_MIN: Duration = Duration::from_millis(20);

/// See [`AGAIN_MIN`].
const AGAIN_MAX: Duration = Duration::from_secs(1);

/// For how long: by then the lease has run out.
const AGAIN_FOR: Duration = Duration::from_secs(30);

/// Asks a store again while it does not answer: for as long as a lease may still be held. What
/// is asked must be safe to repeat.
#[derive(Debug)]
pub(crate) struct Patience {
    since: Instant,
    pause: Duration,
}

impl Patience {
    pub(crate) fn new() -> Self {
        Self { since: Instant::now(), pause: AGAIN_MIN }
    }

    /// Waits a little, or gives up.
    pub(crate) async fn after(&mut self, err: StoreError) -> Result<(), StoreError> {
        if !matches!(err, StoreError::Unavailable(_)) || self.since.elapsed() > AGAIN_FOR {
            return Err(err);
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(AGAIN_MAX);
        Ok(())
    }
}
