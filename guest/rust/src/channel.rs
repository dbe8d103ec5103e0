//! Connected clients: the bindings of `channel.wit`, and a way to change the state of
//! one as a Rust type.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use satama_guest::channel::Store;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let clients = Store::named("chat", Duration::from_secs(60))?;
//! let count = clients.update_state("client-1", |seen: Option<u32>| seen.unwrap_or(0) + 1)?;
//! clients.send("client-1", &format!("that was message {count}").into())?;
//! # Ok(())
//! # }
//! ```

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::satama::services::channel::*;
pub use crate::types::Message;

/// How often [`Store::update_state`] tries. Each lost race is another writer's
/// success, so only a channel with this many writers at once exhausts it.
const TRIES_MAX: u32 = 32;

/// Why [`Store::update_state`] wrote nothing, save where a case says so.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError {
    /// The state is not of this type.
    #[error("the state is not of this type")]
    Json(#[from] serde_json::Error),
    /// Other writers were faster, 32 times in a row.
    #[error("other writers were faster, {TRIES_MAX} times in a row")]
    Contended,
    /// The store failed. If it was unavailable, the change may have been written.
    #[error("the channel's store failed")]
    Channel(#[from] Error),
}

impl Store {
    /// Opens the channels called `name`; those that are added or touched live for
    /// `ttl` more.
    pub fn named(name: &str, ttl: Duration) -> Result<Self, Error> {
        Self::open(name, u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX))
    }

    /// Changes the state of a channel: reads it, applies `change`, and writes it if
    /// no one else has written in between. Otherwise reads it again, so `change` may
    /// run several times. Returns what was written.
    pub fn update_state<T>(
        &self,
        id: &str,
        mut change: impl FnMut(Option<T>) -> T,
    ) -> Result<T, UpdateError>
    where
        T: Serialize + DeserializeOwned,
    {
        for _ in 0..TRIES_MAX {
            let State { version, value } = self.get_state(id)?;
            let value = value.map(|json| serde_json::from_str(&json)).transpose()?;
            let new = change(value);
            let json = serde_json::to_string(&new)?;
            if let Swap::Swapped(_) = self.compare_and_set_state(id, version, &json)? {
                return Ok(new);
            }
        }
        Err(UpdateError::Contended)
    }
}
