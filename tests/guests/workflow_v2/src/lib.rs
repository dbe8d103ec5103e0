//! A later version of `workflow_basic`, some of whose bodies do not ask for the same.

use std::time::Duration;

use satama_guest::cache::{self, Bucket, Options};
use satama_guest::workflow::{self, Attempt, Context, Failure, Result, Step};
use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
struct Time {
    ms: u64,
}

fn counted(n: u64) -> impl FnMut(&Attempt) -> Result<u64, cache::Error> {
    move |attempt| count(attempt.key()).map(|()| n)
}

fn count(key: &str) -> Result<(), cache::Error> {
    let day = Options::ttl(Duration::from_secs(24 * 60 * 60));
    Bucket::open("effects")?.add(key, 1, &day).map(drop)
}

/// One step more than there was, before `s5`.
fn ten(_: IgnoredAny) -> Result<u64> {
    let mut sum = 0;
    for n in 0..10 {
        if n == 5 {
            sum += Step::new("extra").run(counted(100))?;
        }
        sum += Step::new(format!("s{n}")).run(counted(n))?;
    }
    Ok(sum)
}

/// Asks for the same as it did, and makes more of it.
fn fan(_: IgnoredAny) -> Result<u64> {
    let pending: Result<Vec<_>> =
        (0..8_u64).map(|n| Step::new(format!("f{n}")).spawn("note", &n)).collect();
    let noted: Vec<u64> = workflow::all(pending?)?;
    Step::new("join").run(counted(noted.iter().sum::<u64>() + 1_000))
}

/// Sleeps for longer.
fn sleep(Time { ms }: Time) -> Result<u64> {
    workflow::sleep(Duration::from_millis(ms + 1))?;
    Ok(ms + 1)
}

fn note(input: u64, context: &Context) -> Result<u64, Failure> {
    count(context.attempt.key())?;
    Ok(input)
}

satama_guest::workflows! { "ten" => ten, "fan" => fan, "sleep" => sleep }
satama_guest::functions! { "note" => note }
