//! What the tests and the benchmarks share: real stores, started for one test
//! and gone with it.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

pub mod build;

mod gate;
mod harness;
mod log;
mod redis;
mod stage;

pub use self::gate::Gate;
pub use self::harness::{Harness, Span, bucket, grant, sessions};
pub use self::log::Log;
pub use self::redis::{Count, RedisServer};
pub use self::stage::{Stage, call, granted, limits, program, run};
