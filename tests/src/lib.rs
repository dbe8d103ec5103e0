//! What the tests and the benchmarks share: real stores, started for one test
//! and gone with it.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

pub mod build;

mod gate;
mod harness;
mod log;
mod receive;
mod redis;
mod stage;

pub use self::gate::Gate;
pub use self::harness::{Harness, Span, bucket, bus, channels, grant, sessions};
pub use self::log::Log;
pub use self::receive::{Receive, closed, eventually, frame, heard, hears, text};
pub use self::redis::{Count, RedisServer};
pub use self::stage::{Stage, call, granted, limits, program, run};
