//! Time, signals, approvals, and waiting until someone resumes the run.

use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::pending::{Pending, any};
use super::step::millis;
use super::{Error, Failure, host, json};

/// Waits for so long. It does not matter which hosts are up until then.
pub fn sleep(duration: Duration) -> Result<(), Error> {
    timer("sleep", duration)?.wait()
}

/// Waits until a time.
pub fn sleep_until(time: SystemTime) -> Result<(), Error> {
    timer_at("sleep", time)?.wait()
}

/// A timer that goes off so long after it is recorded.
pub fn timer(name: &str, duration: Duration) -> Result<Pending<()>, Error> {
    let ticket = host::timer(name, millis(duration)).map_err(Error::from_wit)?;
    Ok(Pending::of_json(ticket))
}

/// A timer that goes off at a time.
pub fn timer_at(name: &str, time: SystemTime) -> Result<Pending<()>, Error> {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let ticket = host::timer_at(name, millis(since)).map_err(Error::from_wit)?;
    Ok(Pending::of_json(ticket))
}

/// The next signal called `name`, which may have come already. Each is given once, in the order in
/// which they came; one that was asked for and not waited for is given to who asks next.
pub fn signal<T: DeserializeOwned>(name: &str) -> Result<Pending<T>, Error> {
    Pending::of_signal(name)
}

/// Waits for the next signal called `name`, but no longer than this.
pub fn signal_within<T: DeserializeOwned>(
    name: &str,
    duration: Duration,
) -> Result<Option<T>, Error> {
    let signal = signal(name)?;
    let late = timer(name, duration)?;
    match any(&[&signal, &late])? {
        0 => signal.wait().map(Some),
        _ => Ok(None),
    }
}

/// What became of an approval.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// Someone approved.
    Approved(Decided),
    /// Someone refused.
    Refused(Decided),
    /// Nobody decided in time.
    Expired,
}

/// Who decided, and with what words.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// Who, if that was said.
    pub by: Option<String>,
    /// What they said to it.
    pub data: Value,
}

impl Decision {
    /// Whether someone approved.
    pub fn is_approved(&self) -> bool {
        matches!(self, Self::Approved(_))
    }

    fn read(outcome: host::Outcome) -> Result<Self, Failure> {
        let mut decision: Value = match outcome {
            host::Outcome::Done(decision) => json::output(&decision)?,
            host::Outcome::Failed(failure) => return Err(Failure::from_wit(failure)),
            host::Outcome::Expired => return Ok(Self::Expired),
        };
        let by = decision["by"].as_str().map(str::to_owned);
        let decided = Decided { by, data: decision["data"].take() };
        // Whatever is not an approval is none.
        Ok(match decision["approved"] {
            Value::Bool(true) => Self::Approved(decided),
            _ => Self::Refused(decided),
        })
    }
}

/// Asks for an approval and waits for it, but no longer than `within`. `data` is shown to whoever
/// decides.
pub fn approval<D>(name: &str, data: &D, within: Option<Duration>) -> Result<Decision, Error>
where
    D: Serialize + ?Sized,
{
    ask(name, data, within)?.wait()
}

/// Asks for an approval. As [`approval`], and does not wait.
pub fn ask<D>(name: &str, data: &D, within: Option<Duration>) -> Result<Pending<Decision>, Error>
where
    D: Serialize + ?Sized,
{
    let data = json::input(data)?;
    let ticket = host::approval(name, &data, within.map(millis)).map_err(Error::from_wit)?;
    Ok(Pending::new(ticket, Decision::read))
}

/// Stops until someone resumes the run.
pub fn suspend(reason: &str) -> Result<(), Error> {
    host::suspend(reason).map_err(Error::from_wit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_approved_is() {
        let read = |json: &str| Decision::read(host::Outcome::Done(json.into())).unwrap();
        let decided = |by: Option<&str>, data| Decided { by: by.map(Into::into), data };
        assert_eq!(
            read(r#"{"approved": true, "by": "ann", "data": [1]}"#),
            Decision::Approved(decided(Some("ann"), [1].as_slice().into())),
        );
        let refused = Decision::Refused(decided(None, Value::Null));
        assert_eq!(read(r#"{"approved": false, "by": null, "data": null}"#), refused);
        assert!(!read(r#"{"approved": "true"}"#).is_approved());
        assert_eq!(Decision::read(host::Outcome::Expired), Ok(Decision::Expired));
    }
}
