//! Workflows, from end to end: real guests, real workers, on both stores.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

mod workflows {
    pub(crate) mod basic;
    pub(crate) mod bodies;
    pub(crate) mod cost;
    pub(crate) mod crew;
    pub(crate) mod crews;
    pub(crate) mod guest;
    pub(crate) mod hostile;
    pub(crate) mod replays;
    pub(crate) mod takeover;
    pub(crate) mod undo;
    pub(crate) mod upgrade;
    pub(crate) mod waits;
}
