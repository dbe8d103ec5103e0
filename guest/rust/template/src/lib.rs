//! Greets, and counts whom it greeted how often. And a workflow that welcomes somebody.

use std::time::Duration;

use satama_guest::cache::{Bucket, Error, Options};
use satama_guest::workflow::{self, Failure, Result, Step};

wit_bindgen::generate!({ path: "wit", world: "plugin" });

struct Plugin;

impl Guest for Plugin {
    fn greet(name: String) -> Result<String, String> {
        let times = count(&name).map_err(|err| err.to_string())?;
        Ok(format!("Hello, {name}! Greeted so far: {times}"))
    }
}

fn count(name: &str) -> Result<i64, Error> {
    let day = Options::ttl(Duration::from_secs(24 * 60 * 60));
    Bucket::open("greetings")?.add(name, 1, &day)
}

/// Called from its start whenever the run goes on: what was recorded it is given back.
fn welcome(name: String) -> Result<usize> {
    let text = workflow::step("compose", || Ok::<_, Failure>(format!("Welcome, {name}!")))?;
    workflow::sleep(Duration::from_secs(1))?;
    Step::new("send").retries(5).call("send", &text)
}

/// Runs in an instance of its own, on any host, again if it fails.
fn send(text: String) -> Result<usize, Failure> {
    println!("{text}");
    Ok(text.chars().count())
}

export!(Plugin);
satama_guest::workflows! { "welcome" => welcome }
satama_guest::functions! { "send" => send }
