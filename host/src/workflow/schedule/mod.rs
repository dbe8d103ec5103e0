//! Schedules in the embedded store.

pub(super) mod sqlite;
