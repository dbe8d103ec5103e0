//! Steps: where a body does something to the world.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::pending::Pending;
use super::{Error, Failure, host, json};

/// How long the wait before the second attempt is, unless something else is said.
const DELAY: Duration = Duration::from_secs(1);

/// How long it may become.
const DELAY_MAX: Duration = Duration::from_secs(60);

/// How much of it may be left out at random, in percent.
const JITTER_PERCENT: u8 = 20;

/// Does something to the world, once recorded never again: the step called `name`, tried once.
///
/// `work` may still run more than once, if a host is lost between its effect and the record;
/// [`Step::run`] gives it a key to tell by.
pub fn step<T, E>(name: &str, work: impl FnOnce() -> Result<T, E>) -> Result<T, Error>
where
    T: Serialize + DeserializeOwned,
    E: Into<Failure>,
{
    let mut work = Some(work);
    Step::new(name).run(|_| match work.take() {
        Some(work) => work().map_err(Into::into),
        None => Err(Failure::fatal("error", "it was to be tried once")),
    })
}

/// A step to be: inline ([`Step::run`]), or a function ([`Step::call`], [`Step::spawn`]).
///
/// ```no_run
/// use std::time::Duration;
///
/// use satama_guest::workflow::{Backoff, Failure, Result, Step};
///
/// # fn pay(cents: u64, key: &str) -> std::result::Result<String, std::io::Error> { Ok(String::new()) }
/// # fn body(cents: u64) -> Result<()> {
/// let receipt = Step::new("charge")
///     .retries(5)
///     .backoff(Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60)))
///     .timeout(Duration::from_secs(30))
///     .run(|attempt| pay(cents, attempt.key()))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Step {
    name: String,
    retries: u32,
    backoff: Backoff,
    timeout: Option<Duration>,
    undo: bool,
}

/// How the wait before another attempt grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    kind: host::Backoff,
    delay: Duration,
    delay_max: Duration,
    jitter_percent: u8,
}

/// One attempt of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    number: u32,
    key: String,
}

impl Step {
    /// The step called `name`, tried once.
    pub fn new(name: impl Into<String>) -> Self {
        let backoff = Backoff::exponential(DELAY, DELAY_MAX);
        Self { name: name.into(), retries: 0, backoff, timeout: None, undo: false }
    }

    /// Try it again up to so many times, so once more than this in all.
    #[must_use]
    pub fn retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    /// How long to wait before another attempt: from one second to a minute, twice as long each
    /// time, unless told.
    #[must_use]
    pub fn backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// End an attempt that takes longer. It has failed as `timeout` then.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout: Some(timeout), ..self }
    }

    /// Mark it as one that undoes an earlier one. [`Saga`](super::Saga) does so by itself.
    #[must_use]
    pub fn undoing(self) -> Self {
        Self { undo: true, ..self }
    }

    /// Runs `work` as the step, again if it fails and attempts are left.
    ///
    /// A result is what can be read back from its record, also the first time.
    pub fn run<T, E>(self, mut work: impl FnMut(&Attempt) -> Result<T, E>) -> Result<T, Error>
    where
        T: Serialize + DeserializeOwned,
        E: Into<Failure>,
    {
        let json = self.begin()?.drive(&mut |attempt| record(work(attempt)))?;
        Ok(json::output(&json)?)
    }

    /// Has `function` run as the step, and waits for its result.
    pub fn call<I, T>(self, function: &str, input: &I) -> Result<T, Error>
    where
        I: Serialize + ?Sized,
        T: DeserializeOwned,
    {
        self.spawn(function, input)?.wait()
    }

    /// Has `function` run as the step, at the same time as what comes next.
    pub fn spawn<I, T>(self, function: &str, input: &I) -> Result<Pending<T>, Error>
    where
        I: Serialize + ?Sized,
        T: DeserializeOwned,
    {
        let input = json::input(input)?;
        let ticket = host::spawn(&self.name, function, &input, self.options());
        Ok(Pending::of_json(ticket.map_err(Error::from_wit)?))
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The same under another name, to undo what has that name.
    pub(super) fn to_undo(&self, name: &str) -> Self {
        Self { name: name.to_owned(), undo: true, ..self.clone() }
    }

    /// Begins it: after this it is open, or has come to an end before.
    pub(super) fn begin(&self) -> Result<Begun, Error> {
        Ok(Begun(host::begin(&self.name, self.options()).map_err(Error::from_wit)?))
    }

    fn options(&self) -> host::StepOptions {
        let backoff = &self.backoff;
        let retry = (self.retries > 0).then(|| host::Retry {
            attempts: self.retries.saturating_add(1),
            delay_ms: millis(backoff.delay),
            backoff: backoff.kind,
            delay_max_ms: millis(backoff.delay_max),
            jitter_percent: backoff.jitter_percent,
        });
        host::StepOptions { retry, timeout_ms: self.timeout.map(millis), undo: self.undo }
    }
}

impl From<&str> for Step {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Step {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

impl Backoff {
    /// The same wait each time, and nothing of it left out.
    pub const fn fixed(delay: Duration) -> Self {
        Self { kind: host::Backoff::Fixed, delay, delay_max: delay, jitter_percent: 0 }
    }

    /// Twice as long each time, up to `delay_max`; a fifth of it is left to chance.
    pub fn exponential(delay: Duration, delay_max: Duration) -> Self {
        let (kind, jitter_percent) = (host::Backoff::Exponential, JITTER_PERCENT);
        Self { kind, delay, delay_max, jitter_percent }
    }

    /// How much of a wait may be left out at random, in percent; at most 100.
    #[must_use]
    pub fn jitter_percent(self, jitter_percent: u8) -> Self {
        Self { jitter_percent, ..self }
    }
}

impl Attempt {
    /// Counts from one.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The same for every attempt of this step of this run, and for no other: for whoever can
    /// tell a repeated request by it.
    pub fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn from_wit(attempt: host::Attempt) -> Self {
        Self { number: attempt.number, key: attempt.key }
    }
}

/// A step that was begun.
pub(super) struct Begun(host::Begun);

impl Begun {
    /// Runs `work` until the step's end is recorded. Its recorded result.
    pub(super) fn drive(
        self,
        work: &mut dyn FnMut(&Attempt) -> Result<String, Failure>,
    ) -> Result<String, Error> {
        let mut attempt = match self.0 {
            host::Begun::Done(json) => return Ok(json),
            host::Begun::Failed(failure) => return Err(Failure::from_wit(failure).into()),
            host::Begun::Execute(attempt) => attempt,
        };
        loop {
            let mut end = work(&Attempt::from_wit(attempt)).map_err(Failure::into_wit);
            let verdict = match finish(&end) {
                // The step is open still: it ends with why it could not.
                Err(err @ (host::Error::InvalidJson | host::Error::TooLarge(_))) => {
                    end = Err(Failure::from(Error::from_wit(err)).into_wit());
                    finish(&end)
                }
                verdict => verdict,
            };
            match verdict.map_err(Error::from_wit)? {
                host::Verdict::Again(next) => attempt = next,
                host::Verdict::Done | host::Verdict::Failed => {
                    return end.map_err(|failure| Failure::from_wit(failure).into());
                }
            }
        }
    }
}

fn finish(end: &Result<String, host::Failure>) -> Result<host::Verdict, host::Error> {
    host::finish(end.as_ref().map(String::as_str))
}

/// What an attempt came to, as it is recorded.
pub(super) fn record<T, E>(result: Result<T, E>) -> Result<String, Failure>
where
    T: Serialize + DeserializeOwned,
    E: Into<Failure>,
{
    json::result(&result.map_err(Into::into)?)
}

/// In milliseconds, rounded up; what is over a `u64` is over every limit, and the host says so.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
