//! Why something did not work: what a body is told, and what it tells.
//!
//! Neither type is a [`std::error::Error`], so that `?` makes one of anything that is: what
//! `anyhow` does as well.

use std::error::Error as StdError;
use std::fmt;

use serde::Serialize;

use super::host;

/// Longest part of a failure, in bytes: the limit in `workflow.wit`.
const FAILURE_BYTES_MAX: usize = 8 << 10;

/// Why a call of a body, or the body itself, came to no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The run is being cancelled, or its time is up. Said once: what is called after that
    /// works, to undo what was done.
    Cancelled,
    /// A step, function or child failed; or whatever else the body fails with.
    Failed(Failure),
    /// The manifest does not name this function or workflow.
    AccessDenied,
    /// An input is not JSON.
    InvalidJson,
    /// Over the limit given here: a size in bytes, a count, or milliseconds.
    TooLarge(u64),
    /// Not here: such as a step within a step. Says which.
    Misplaced(String),
    /// The tenant calls too often.
    QuotaExceeded,
    /// The store did not answer in time. Only a function is told.
    Unavailable,
}

/// Why a step, a function or a run failed, as its author words it.
///
/// Made by `?` from any error, it may be tried again. One that may not is
/// [`Failure::fatal`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What to tell apart, such as `card-declined`; `error` if it was made from an error.
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether another attempt may succeed.
    pub retry: bool,
    /// More, as JSON.
    pub details: Option<String>,
}

impl Failure {
    /// A failure after which another attempt may succeed.
    pub fn retryable(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), retry: true, details: None }
    }

    /// A failure after which no other attempt is made.
    pub fn fatal(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { retry: false, ..Self::retryable(code, message) }
    }

    /// A failure of an error that is worth no other attempt, under a code of its own.
    pub fn of(code: impl Into<String>, error: &dyn StdError) -> Self {
        Self::fatal(code, chain(error))
    }

    /// The same, with more for programs. What cannot be JSON is left out.
    #[must_use]
    pub fn with_details<D: Serialize + ?Sized>(self, details: &D) -> Self {
        Self { details: serde_json::to_string(details).ok(), ..self }
    }

    /// The same, with no other attempt made after it.
    #[must_use]
    pub fn no_retry(self) -> Self {
        Self { retry: false, ..self }
    }

    /// As the host takes it: what is too long is cut, or left out if it would be no JSON then.
    pub(super) fn into_wit(self) -> host::Failure {
        host::Failure {
            code: cut(self.code),
            message: cut(self.message),
            retry: self.retry,
            details: self.details.filter(|details| details.len() <= FAILURE_BYTES_MAX),
        }
    }

    pub(super) fn from_wit(failure: host::Failure) -> Self {
        let host::Failure { code, message, retry, details } = failure;
        Self { code, message, retry, details }
    }
}

/// As much of a text as fits.
fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(FAILURE_BYTES_MAX));
    text
}

/// What an error says, and those that caused it.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}

impl Error {
    pub(super) fn from_wit(error: host::Error) -> Self {
        match error {
            host::Error::Cancelled => Self::Cancelled,
            host::Error::AccessDenied => Self::AccessDenied,
            host::Error::InvalidJson => Self::InvalidJson,
            host::Error::TooLarge(max) => Self::TooLarge(max),
            host::Error::Misplaced(why) => Self::Misplaced(why),
            host::Error::QuotaExceeded => Self::QuotaExceeded,
            host::Error::Unavailable => Self::Unavailable,
        }
    }

    /// What it is to be told apart by: the failure's code, or the name that the WIT has.
    pub fn code(&self) -> &str {
        match self {
            Self::Failed(failure) => &failure.code,
            Self::Cancelled => "cancelled",
            Self::AccessDenied => "access-denied",
            Self::InvalidJson => "invalid-json",
            Self::TooLarge(_) => "too-large",
            Self::Misplaced(_) => "misplaced",
            Self::QuotaExceeded => "quota-exceeded",
            Self::Unavailable => "unavailable",
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let retry = matches!(error, Error::QuotaExceeded | Error::Unavailable);
        match error {
            Error::Failed(failure) => failure,
            error => Self { retry, ..Self::fatal(error.code(), error.to_string()) },
        }
    }
}

/// With `error` as its code, and what it says, causes included, as its message.
impl<E: StdError + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Error::from(error).into()
    }
}

impl<E: StdError + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        // A call of the bindings themselves, which are an error like any other.
        match (&error as &dyn StdError).downcast_ref::<host::Error>() {
            Some(error) => Self::from_wit(error.clone()),
            None => Self::Failed(Failure::retryable("error", chain(&error))),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the run is being cancelled"),
            Self::Failed(failure) => failure.fmt(f),
            Self::AccessDenied => f.write_str("the manifest does not name it"),
            Self::InvalidJson => f.write_str("it is not JSON"),
            Self::TooLarge(max) => write!(f, "over the limit of {max}"),
            Self::Misplaced(why) => f.write_str(why),
            Self::QuotaExceeded => f.write_str("the tenant calls too often"),
            Self::Unavailable => f.write_str("the store did not answer in time"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asks() -> Result<(), Error> {
        Err(host::Error::Cancelled)?;
        Ok(())
    }

    fn parses() -> Result<u8, Failure> {
        Ok("no number".parse::<u8>()?)
    }

    #[test]
    fn any_error_is_a_failure_that_may_be_retried() {
        let failure = parses().unwrap_err();
        assert_eq!(failure, Failure::retryable("error", "invalid digit found in string"));
        assert!(!failure.no_retry().retry);
    }

    #[test]
    fn an_error_of_the_bindings_stays_what_it_is() {
        assert_eq!(asks(), Err(Error::Cancelled));
        let failure = Failure::from(host::Error::TooLarge(3));
        assert_eq!(failure, Failure::fatal("too-large", "over the limit of 3"));
        assert!(Failure::from(Error::Unavailable).retry);
    }

    #[test]
    fn a_failure_goes_through_an_error_as_it_is() {
        let failure = Failure::fatal("card-declined", "no").with_details(&[1]);
        assert_eq!(failure.details.as_deref(), Some("[1]"));
        assert_eq!(Failure::from(Error::from(failure.clone())), failure);
    }

    #[test]
    fn what_is_too_long_is_cut_between_characters() {
        let long = "é".repeat(FAILURE_BYTES_MAX);
        let failure = Failure::fatal(format!("x{long}"), &*long).with_details(&long).into_wit();
        assert_eq!(failure.code.len(), FAILURE_BYTES_MAX - 1);
        assert_eq!(failure.message.len(), FAILURE_BYTES_MAX);
        assert_eq!(failure.details, None);
    }
}
