//! What is due in the embedded store, and what is taken from its queues.

pub(super) mod sqlite;
