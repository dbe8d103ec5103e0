//! Satama's services for components written in Rust.
//!
//! [`cache`], [`session`], [`channel`], [`hub`], [`secret`], [`secret_use`], [`secret_reveal`],
//! [`credential`] and [`run`] are the bindings of the WIT interfaces with the same names, whose
//! documentation they carry, and a few typed helpers on top. [`workflow`] is what durable
//! workflows are written with. A component imports only the interfaces that it calls.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use satama_guest::cache::{Bucket, Memo, Options};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let bucket = Bucket::open("pages")?;
//! bucket.set("home", b"<h1>Hello</h1>", &Options::ttl(Duration::from_secs(60)))?;
//!
//! // One caller computes, on any host; the others wait for its result.
//! let primes = Memo::open("primes")?.version("1");
//! let below = 1_000_000;
//! let count = primes.cached(&below, Duration::from_secs(3600), || count_primes(below))?;
//! println!("{} primes, from the cache: {}", count.value, count.hit);
//! # Ok(())
//! # }
//! # fn count_primes(_: u32) -> Result<u32, std::fmt::Error> { Ok(78498) }
//! ```
//!
//! What a component exports is its own affair: it describes its exports in a
//! world of its own, as its `README.md` shows, for a `hub-handler` too. Those of workflows are
//! made by [`workflows!`] and [`functions!`].

#![deny(missing_docs)]

mod bindings;

pub mod cache;
pub mod channel;
pub mod credential;
pub mod hub;
pub mod run;
pub mod secret;
pub mod secret_reveal;
pub mod secret_use;
pub mod session;
pub mod types;
pub mod workflow;
