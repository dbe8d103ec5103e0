//! What a body waits for.

use std::cell::Cell;
use std::fmt;

use serde::de::DeserializeOwned;

use super::{Error, Failure, host, json};

/// Something that was asked for and has not come to an end perhaps: a function, a child, a timer, a
/// signal or an approval. Dropped before a wait has answered, it is given up: a timer or an
/// approval ends, and a signal goes to who asks next.
#[must_use = "what is not waited for may be left undone when the run ends"]
pub struct Pending<T> {
    ticket: u32,
    read: fn(host::Outcome) -> Result<T, Failure>,
    /// Whether a wait has answered: if not, the ticket is given up with this.
    answered: Cell<bool>,
}

/// Anything that can be waited for, of whatever type.
pub trait Waits: sealed::Sealed {
    /// What it is in this run.
    fn ticket(&self) -> u32;
}

mod sealed {
    /// Tickets are the host's to give.
    pub trait Sealed {}
    impl<T> Sealed for super::Pending<T> {}
}

impl<T> Waits for Pending<T> {
    fn ticket(&self) -> u32 {
        self.ticket
    }
}

impl<T> Pending<T> {
    /// Waits for it. After [`Error::Cancelled`] it can be waited for again.
    pub fn wait(&self) -> Result<T, Error> {
        let outcome = host::wait(self.ticket).map_err(Error::from_wit)?;
        self.answered.set(true);
        Ok((self.read)(outcome)?)
    }

    pub(super) fn new(ticket: u32, read: fn(host::Outcome) -> Result<T, Failure>) -> Self {
        Self { ticket, read, answered: Cell::new(false) }
    }
}

impl<T: DeserializeOwned> Pending<T> {
    pub(super) fn of_json(ticket: u32) -> Self {
        Self::new(ticket, |outcome| json::output(&done(outcome)?))
    }

    /// The same, whose result stays JSON.
    pub(super) fn raw(self) -> Pending<String> {
        // Its ticket goes on with the other.
        self.answered.set(true);
        Pending::new(self.ticket, done)
    }

    /// The next signal of this name.
    pub(super) fn of_signal(name: &str) -> Result<Self, Error> {
        Ok(Self::of_json(host::signal(name).map_err(Error::from_wit)?))
    }
}

impl<T> Drop for Pending<T> {
    fn drop(&mut self) {
        if !self.answered.get() {
            // There is no other place to say that it failed, and nothing that could be done.
            _ = host::forget(&[self.ticket]);
        }
    }
}

impl<T> fmt::Debug for Pending<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.ticket).finish()
    }
}

/// The result, of what has one.
fn done(outcome: host::Outcome) -> Result<String, Failure> {
    match outcome {
        host::Outcome::Done(json) => Ok(json),
        host::Outcome::Failed(failure) => Err(Failure::from_wit(failure)),
        host::Outcome::Expired => Err(Failure::fatal("expired", "nobody decided in time")),
    }
}

/// Waits for all of these. Their results, in their order; or of those that failed the one that is
/// first in the list.
pub fn all<T>(pending: impl IntoIterator<Item = Pending<T>>) -> Result<Vec<T>, Error> {
    settled(pending)?.into_iter().map(|result| Ok(result?)).collect()
}

/// Waits for all of these, and says of each what came of it.
pub fn settled<T>(
    pending: impl IntoIterator<Item = Pending<T>>,
) -> Result<Vec<Result<T, Failure>>, Error> {
    let pending: Vec<_> = pending.into_iter().collect();
    let tickets: Vec<_> = pending.iter().map(Waits::ticket).collect();
    host::wait_all(&tickets).map_err(Error::from_wit)?;
    pending
        .iter()
        .map(|pending| match pending.wait() {
            Ok(value) => Ok(Ok(value)),
            Err(Error::Failed(failure)) => Ok(Err(failure)),
            Err(err) => Err(err),
        })
        .collect()
}

/// Waits for any of these. Which it is, as its place in the list: of those that have come to an
/// end, the one that was first. What came of it, its own [`Pending::wait`] tells, at once. Of none
/// it is an error.
///
/// ```no_run
/// # use std::time::Duration;
/// use satama_guest::workflow::{self, Result};
///
/// # fn body() -> Result<bool> {
/// let quote = workflow::spawn::<_, u64>("quote", &"a book")?;
/// let late = workflow::timer("late", Duration::from_secs(60))?;
/// if workflow::any(&[&quote, &late])? == 0 {
///     println!("{} cents", quote.wait()?);
/// }
/// # Ok(true)
/// # }
/// ```
pub fn any(pending: &[&dyn Waits]) -> Result<usize, Error> {
    if pending.is_empty() {
        return Err(Error::Misplaced("there is nothing to wait for".into()));
    }
    let tickets: Vec<_> = pending.iter().map(|pending| pending.ticket()).collect();
    let first = host::wait_any(&tickets).map_err(Error::from_wit)?;
    Ok(usize::try_from(first).unwrap_or(usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::fake;
    use super::*;

    #[test]
    fn what_nobody_waited_for_is_given_up() {
        let signal = || Pending::<u8>::of_signal("a").unwrap();
        let (first, second) = (signal(), signal());
        let tickets = (first.ticket, second.ticket);
        assert_eq!(first.wait(), Ok(1));
        drop(first);
        assert!(fake::forgotten().is_empty());
        drop(second);
        assert_eq!(fake::forgotten(), [tickets.1]);
    }
}
