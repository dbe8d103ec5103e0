//! Bodies of steps and functions.

use std::convert::Infallible;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use satama_guest::cache;
use satama_guest::workflow::{self, Attempt, Backoff, Failure, Next, Result, Step};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::effects::{Time, count};

/// Most bytes of a result: the limit in `workflow.wit`.
const RESULT_BYTES_MAX: usize = 256 << 10;

/// Between attempts: a test does not wait for long.
const SOON: Backoff = Backoff::fixed(Duration::from_millis(10));

#[derive(Deserialize)]
pub struct Count {
    n: u64,
}

#[derive(Deserialize)]
pub struct Call {
    function: String,
    #[serde(default)]
    input: Value,
    #[serde(default)]
    retries: u32,
}

#[derive(Deserialize)]
pub struct Retry {
    /// The attempt that succeeds.
    until: u32,
    #[serde(default)]
    retries: u32,
}

#[derive(Deserialize)]
pub struct Huge {
    /// Bytes of the result as JSON; as many as may be, if none.
    bytes: Option<usize>,
}

fn counted(n: u64) -> impl FnMut(&Attempt) -> Result<u64, cache::Error> {
    move |attempt| count(attempt.key()).map(|_| n)
}

pub fn echo(input: Value) -> Result<Value> {
    Ok(input)
}

/// Ten steps; the sum of what they returned.
pub fn ten(_: Value) -> Result<u64> {
    steps(Count { n: 10 })
}

pub fn steps(Count { n }: Count) -> Result<u64> {
    (0..n).map(|n| Step::new(format!("s{n}")).run(counted(n))).sum()
}

/// Eight functions at once, and a step for all.
pub fn fan(_: Value) -> Result<u64> {
    let pending: Result<Vec<_>> =
        (0..8_u64).map(|n| Step::new(format!("f{n}")).spawn("note", &n)).collect();
    let noted: Vec<u64> = workflow::all(pending?)?;
    Step::new("join").run(counted(noted.iter().sum()))
}

pub fn call(Call { function, input, retries }: Call) -> Result<Value> {
    Step::new("call").retries(retries).backoff(SOON).call(&function, &input)
}

/// A step that fails until its attempt is the one that was said.
pub fn retry(Retry { until, retries }: Retry) -> Result<u32> {
    Step::new("retry").retries(retries).backoff(SOON).run(|attempt| {
        count(attempt.key())?;
        match attempt.number() {
            number if number < until => Err(Failure::retryable("early", number.to_string())),
            number => Ok(number),
        }
    })
}

/// Steps whose names are hard to keep apart, and two that have the same.
pub fn kinds(_: Value) -> Result<Vec<String>> {
    let long = "n".repeat(255);
    let names = ["", "step", ":", "s:1", "step", "{s}", "\0", "\"", "\u{202e}", "häfen ⚓", &long];
    let run = |name: &&str| workflow::step(name, || Ok::<_, Infallible>((*name).to_owned()));
    names.iter().map(run).collect()
}

pub fn huge(Huge { bytes }: Huge) -> Result<usize> {
    // Two are its quotes.
    let text = "x".repeat(bytes.unwrap_or(RESULT_BYTES_MAX) - 2);
    let text = workflow::step("huge", || Ok::<_, Infallible>(text))?;
    Ok(text.len())
}

/// Computes for so long within a step.
pub fn slow(time: Time) -> Result<u64> {
    Step::new("slow").run(|attempt| {
        count(attempt.key())?;
        time.spin();
        Ok::<_, Failure>(time.ms)
    })
}

/// A step that would never end, and has so long; what it failed as.
pub fn timeout(time: Time) -> Result<String> {
    let spins = Step::new("spins").timeout(time.duration()).run(|attempt| {
        count(attempt.key())?;
        loop {
            std::hint::spin_loop();
        }
        #[expect(unreachable_code, reason = "it says what the result's type is")]
        Ok::<(), Failure>(())
    });
    match spins {
        Ok(()) => Ok("done".into()),
        Err(workflow::Error::Failed(failure)) => Ok(failure.code),
        Err(err) => Err(err),
    }
}

/// What a body sees of time and chance, which is the run's.
fn seen() -> Result<Value> {
    let since = |time: SystemTime| time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    Ok(json!({
        "now": since(workflow::now()?).to_string(),
        "random": workflow::random()?.to_string(),
        "uuid": workflow::uuid()?,
        "std_time": since(SystemTime::now()).to_string(),
        "std_random": std_random().to_string(),
        "std_elapsed": Instant::now().elapsed().as_nanos().to_string(),
    }))
}

/// From the seed of a map, which is WASI's.
fn std_random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

pub fn random(time: Time) -> Result<Value> {
    let first = seen()?;
    let inside = workflow::step("look", || {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Ok::<_, Infallible>(json!({
            "std_time": since.as_millis().to_string(),
            "std_random": std_random().to_string(),
        }))
    })?;
    let stepped = seen()?;
    workflow::sleep(time.duration())?;
    Ok(json!({ "first": first, "inside": inside, "stepped": stepped, "slept": seen()? }))
}

/// Sets parts of the state here and in a function, and reads them.
pub fn state(_: Value) -> Result<Value> {
    let before: Option<u64> = workflow::state("body")?;
    workflow::set_state("body", &before.map_or(1, |n| n + 1))?;
    workflow::call::<_, Value>("state", &"function")?;
    let body: Option<u64> = workflow::state("body")?;
    let function: Option<String> = workflow::state("function")?;
    let none: Option<Value> = workflow::state("none")?;
    Ok(json!({ "before": before, "body": body, "function": function, "none": none }))
}

/// Goes on as new until nothing is left; how often it did.
pub fn forever(Count { n }: Count) -> Result<Next<u32, Value>> {
    Step::new("turn").run(counted(n))?;
    if n > 0 {
        return Ok(Next::ContinueAsNew(json!({ "n": n - 1 })));
    }
    Ok(Next::Done(workflow::info()?.generation))
}
