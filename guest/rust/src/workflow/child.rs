//! Children: runs that another one starts and waits for.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::pending::Pending;
use super::step::millis;
use super::{Error, host, json};

/// Starts a run of `workflow` as a child, under that name. It is cancelled when this run ends.
pub fn child<I, T>(workflow: &str, input: &I) -> Result<Pending<T>, Error>
where
    I: Serialize + ?Sized,
    T: DeserializeOwned,
{
    Child::new(workflow).start(workflow, input)
}

/// A child to be.
#[derive(Debug, Clone)]
pub struct Child {
    name: String,
    timeout: Option<Duration>,
    priority: Option<u8>,
}

impl Child {
    /// The child called `name` in this run's history.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), timeout: None, priority: None }
    }

    /// Cancel it after so long, all its generations together; it has failed then.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// From 0 to 9; this run's, unless told.
    #[must_use]
    pub fn priority(self, priority: u8) -> Self {
        Self { priority: Some(priority), ..self }
    }

    /// Starts it, as a run of `workflow`.
    pub fn start<I, T>(self, workflow: &str, input: &I) -> Result<Pending<T>, Error>
    where
        I: Serialize + ?Sized,
        T: DeserializeOwned,
    {
        let input = json::input(input)?;
        let timeout_ms = self.timeout.map(millis);
        let options = host::ChildOptions { timeout_ms, priority: self.priority };
        let ticket = host::child(&self.name, workflow, &input, options);
        Ok(Pending::of_json(ticket.map_err(Error::from_wit)?))
    }
}
