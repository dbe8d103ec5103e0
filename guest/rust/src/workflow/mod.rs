//! Durable workflows: bodies that read like ordinary code, and survive the end of any host.
//!
//! What a body does to the world it does in steps, whose results are recorded. It is called
//! again from its start whenever its run goes on, and given what is recorded; so it must ask for
//! the same again. Time and random numbers are the run's own, by `std` as well.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use satama_guest::workflow::{self, Context, Failure, Result, Step};
//!
//! fn greet(name: String) -> Result<String> {
//!     let text = workflow::step("compose", || Ok::<_, Failure>(format!("Hello, {name}!")))?;
//!     workflow::sleep(Duration::from_secs(24 * 60 * 60))?;
//!     let sent: u64 = Step::new("send").retries(5).call("send", &text)?;
//!     match workflow::signal_within::<String>("reply", Duration::from_secs(60))? {
//!         Some(reply) => Ok(reply),
//!         None => Err(Failure::fatal("no-reply", format!("none to {sent}")).into()),
//!     }
//! }
//!
//! fn send(text: String, context: &Context) -> Result<u64, Failure> {
//!     println!("{text} ({})", context.attempt.key());
//!     Ok(1)
//! }
//!
//! satama_guest::workflows! { "greet" => greet }
//! satama_guest::functions! { "send" => send }
//! # fn main() {}
//! ```

#[doc(hidden)]
pub mod handlers;

mod child;
mod error;
#[cfg(test)]
mod fake;
mod json;
mod pending;
mod register;
mod saga;
#[cfg(test)]
mod saga_tests;
mod step;
mod wait;

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::child::{Child, child};
pub use self::error::{Error, Failure};
pub use self::pending::{Pending, Waits, all, any, settled};
pub use self::register::{Context, Function, Next, Output};
pub use self::saga::{Doing, Effect, Saga, Undo};
pub use self::step::{Attempt, Backoff, Step, step};
pub use self::wait::{
    Decided, Decision, approval, ask, signal, signal_within, sleep, sleep_until, suspend, timer,
    timer_at,
};
pub use crate::bindings::satama::services::workflow::Facts;

#[cfg(not(test))]
use crate::bindings::satama::services::workflow as host;
#[cfg(test)]
use fake as host;

/// What a body's calls return, and what it may return itself.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Has `function` run as a step of its name, and waits for its result. [`Step::call`] does so
/// with options.
pub fn call<I, T>(function: &str, input: &I) -> Result<T>
where
    I: Serialize + ?Sized,
    T: DeserializeOwned,
{
    Step::new(function).call(function, input)
}

/// Has `function` run as a step of its name, at the same time as what comes next.
pub fn spawn<I, T>(function: &str, input: &I) -> Result<Pending<T>>
where
    I: Serialize + ?Sized,
    T: DeserializeOwned,
{
    Step::new(function).spawn(function, input)
}

/// This run, as the body has seen it so far.
pub fn info() -> Result<Facts> {
    host::info().map_err(Error::from_wit)
}

/// The time of the last event that the body has seen. It moves on with each step and wait, and
/// never back.
pub fn now() -> Result<SystemTime> {
    let now = host::now_ms().map_err(Error::from_wit)?;
    Ok(SystemTime::UNIX_EPOCH + Duration::from_millis(now))
}

/// The next random number of this run, below 2^53. Not for secrets: who can read the store can
/// compute it.
pub fn random() -> Result<u64> {
    host::random().map_err(Error::from_wit)
}

/// The next random id of this run: a UUID of version 4. As [`random`].
pub fn uuid() -> Result<String> {
    host::uuid().map_err(Error::from_wit)
}

/// A part of the run's state. Works in a function too, for the run that it is a step of.
pub fn state<T: DeserializeOwned>(name: &str) -> Result<Option<T>> {
    let state = host::get_state(name).map_err(Error::from_wit)?;
    Ok(state.map(|json| json::output(&json)).transpose()?)
}

/// Sets a part of the run's state, which is seen from outside. Works in a function too.
pub fn set_state<T: Serialize + ?Sized>(name: &str, value: &T) -> Result<()> {
    host::set_state(name, &json::input(value)?).map_err(Error::from_wit)
}
