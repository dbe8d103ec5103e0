//! What a body or a function has done, in the embedded store.

pub(super) mod sqlite;
