//! Runs as guests know them.

pub(super) mod host;
