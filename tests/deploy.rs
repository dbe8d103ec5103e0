//! Redis as users run it: every kind of address, and what goes on behind it.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

#[path = "deploy/subscribe.rs"]
mod subscribe;

use std::time::Duration;

/// For what must fail in time: short, and long enough for a busy machine to connect.
const DEADLINE: Duration = Duration::from_millis(500);

/// For what must work, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);
