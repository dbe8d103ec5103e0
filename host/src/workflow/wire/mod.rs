//! What is said to Redis, and what it answers.

pub(super) mod redis;
