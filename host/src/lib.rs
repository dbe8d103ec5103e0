//! Satama gives WebAssembly components the stateful services that a sandbox
//! takes away, as WIT interfaces, on Redis or on one embedded file.
//!
//! A wasmtime host of your own links the services like this:
//!
//! ```no_run
//! use std::sync::Arc;
//!
//! use satama::grant::{Grant, Limits, Names};
//! use satama::{Guest, Services, StoreUrl, View};
//! use wasmtime::component::Linker;
//! use wasmtime::{Engine, Store};
//!
//! struct State {
//!     satama: Guest,
//! }
//!
//! impl View for State {
//!     fn satama(&mut self) -> &mut Guest {
//!         &mut self.satama
//!     }
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let services = Services::builder(StoreUrl::file("app.db")).build().await?;
//! let grant = Grant::new("acme", Limits::default())?.with_cache(Names::new(["docs"])?);
//! let grant = Arc::new(grant);
//!
//! let engine = Engine::default();
//! let mut linker = Linker::<State>::new(&engine);
//! satama::add_to_linker(&mut linker, &grant)?;
//!
//! let satama = Guest::new(services, grant, "plugin".into());
//! let mut store = Store::new(&engine, State { satama });
//! # Ok(())
//! # }
//! ```
//!
//! Instantiate and call with wasmtime's `_async` functions. A [`Guest`] keeps to its
//! grant's rate, handles and sizes; memory and time are your store's to limit. Or let
//! [`runtime`] run components for you, with every limit of their grant.

#![deny(missing_docs)]

pub mod grant;
pub mod runtime;

pub mod cache;
pub mod channel;
pub mod delivery;
pub mod hub;
pub mod run;
pub mod secret;
pub mod session;
pub mod workflow;

mod acl;
mod bindings;
mod clock;
mod digest;
mod error;
mod guest;
mod ids;
mod json;
/// For services, and for the tests of what they share: not a part of the library's
/// interface.
#[doc(hidden)]
pub mod redis;
mod services;
mod sqlite;
mod store_url;

pub use self::acl::redis_acl;
pub use self::clock::{Clock, SimClock};
pub use self::digest::Digest;
pub use self::error::{Fault, Outcome, Refused, Unavailable, chain, position};
pub use self::guest::{Call, Caller, Guest, View};
pub use self::ids::{Id, Ids};
pub use self::runtime::add_to_linker;
pub use self::services::{Builder, DEADLINE, OpenError, Services};
pub use self::store_url::{StoreUrl, without_password};
