//! What is known of a visitor between calls: the bindings of `session.wit`, and
//! ways to read and write fields as Rust types.
//!
//! ```no_run
//! use std::time::Duration;
//!
//! use satama_guest::session::{Expiry, Field, Store};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Store::open("visits", Expiry::sliding(Duration::from_secs(3600)))?;
//! store.update("ann", &[Field::new("language", "fi")?])?;
//! let visits = store.update_with("ann", |state| {
//!     let visits = state.get::<u32>("visits")?.unwrap_or(0) + 1;
//!     state.set("visits", &visits)?;
//!     Ok::<_, serde_json::Error>(visits)
//! })?;
//! # Ok(())
//! # }
//! ```

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

pub use crate::bindings::satama::services::session::*;

/// How often [`Store::update_with`] tries. Each lost race is another writer's
/// success, so only a session with this many writers at once exhausts it.
const TRIES_MAX: u32 = 32;

/// A session's fields, by name. What is not set stays as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    fields: BTreeMap<String, Json>,
}

/// Why [`Store::update_with`] wrote nothing, save where a case says so.
#[derive(Debug, thiserror::Error)]
pub enum UpdateError<E> {
    /// The change itself failed, with this.
    #[error("{0}")]
    Change(E),
    /// Other writers were faster, 32 times in a row.
    #[error("other writers were faster, {TRIES_MAX} times in a row")]
    Contended,
    /// The store failed. If it was unavailable, the change may have been written.
    #[error("the session's store failed")]
    Session(#[source] Error),
}

impl Expiry {
    /// This long after the session was last read or written.
    pub fn sliding(ttl: Duration) -> Self {
        Self::SlidingMs(millis(ttl))
    }

    /// This long after the session was created, whatever happens to it.
    pub fn fixed(ttl: Duration) -> Self {
        Self::FixedMs(millis(ttl))
    }
}

impl Field {
    /// The field `name` with `value`, as JSON.
    pub fn new<T>(name: impl Into<String>, value: &T) -> serde_json::Result<Self>
    where
        T: Serialize + ?Sized,
    {
        Ok(Self { name: name.into(), value: serde_json::to_string(value)? })
    }
}

impl Snapshot {
    /// The value of the field `name`, or none if the session has no such field.
    pub fn value<T: DeserializeOwned>(&self, name: &str) -> serde_json::Result<Option<T>> {
        let field = self.fields.iter().find(|field| field.name == name);
        field.map(|field| serde_json::from_str(&field.value)).transpose()
    }
}

impl State {
    /// The value of the field `name`, or none if there is no such field.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> serde_json::Result<Option<T>> {
        self.fields.get(name).map(|json| serde_json::from_str(json)).transpose()
    }

    /// Sets the field `name`.
    pub fn set<T>(&mut self, name: impl Into<String>, value: &T) -> serde_json::Result<()>
    where
        T: Serialize + ?Sized,
    {
        self.fields.insert(name.into(), serde_json::to_string(value)?);
        Ok(())
    }

    /// Removes the field `name`. True if there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        self.fields.remove(name).is_some()
    }
}

impl From<Vec<Field>> for State {
    fn from(fields: Vec<Field>) -> Self {
        Self { fields: fields.into_iter().map(|field| (field.name, field.value)).collect() }
    }
}

impl From<State> for Vec<Field> {
    fn from(state: State) -> Self {
        state.fields.into_iter().map(|(name, value)| Field { name, value }).collect()
    }
}

impl Store {
    /// Changes the session `id` as a whole, or creates it: reads it, applies
    /// `change`, and writes it if no one else has written in between.
    /// Otherwise reads it again, so `change` may run several times.
    ///
    /// Returns what `change` returned. To set fields whatever the others hold,
    /// [`Store::update`] is enough, and one round trip.
    pub fn update_with<T, E>(
        &self,
        id: &str,
        mut change: impl FnMut(&mut State) -> Result<T, E>,
    ) -> Result<T, UpdateError<E>> {
        for _ in 0..TRIES_MAX {
            let (version, mut state) = match self.get(id).map_err(UpdateError::Session)? {
                Some(snapshot) => (snapshot.version, snapshot.fields.into()),
                None => (0, State::default()),
            };
            let result = change(&mut state).map_err(UpdateError::Change)?;
            let fields = Vec::from(state);
            match self.compare_and_set(id, version, &fields).map_err(UpdateError::Session)? {
                Swap::Swapped(_) => return Ok(result),
                Swap::Stale(_) => {}
            }
        }
        Err(UpdateError::Contended)
    }
}

/// What is over a `u64` is over every limit, and the host says so.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_read_as_the_type_it_was_written_as() {
        let mut state = State::default();
        state.set("seen", &vec![1, 2, 3]).unwrap();
        assert_eq!(state.get::<Vec<u8>>("seen").unwrap(), Some(vec![1, 2, 3]));
        assert_eq!(state.get::<Vec<u8>>("absent").unwrap(), None);
        assert!(state.get::<bool>("seen").is_err());
        assert!(state.remove("seen"));
        assert!(!state.remove("seen"));
    }

    #[test]
    fn what_is_not_set_stays_as_it_was_written() {
        let field = |name: &str, value: &str| Field { name: name.into(), value: value.into() };
        let mut state = State::from(vec![field("kept", "[1.50,  1E400]"), field("n", "1")]);
        state.set("n", &2).unwrap();
        let fields = Vec::from(state);
        let texts: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(texts, [("kept", "[1.50,  1E400]"), ("n", "2")]);
    }

    #[test]
    fn a_snapshot_is_read_by_name() {
        let fields = vec![Field::new("a", &1).unwrap(), Field::new("b", "two").unwrap()];
        let snapshot = Snapshot { version: 1, fields, expires_in_ms: 1 };
        assert_eq!(snapshot.value::<String>("b").unwrap().as_deref(), Some("two"));
        assert_eq!(snapshot.value::<u32>("c").unwrap(), None);
        assert!(snapshot.value::<u32>("b").is_err());
    }
}
