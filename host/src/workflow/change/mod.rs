//! One transaction of the embedded store that changes runs.

pub(super) mod sqlite;
