//! Greets somebody, and a day later asks for an answer.

use std::time::Duration;

use satama_guest::workflow::{self, Context, Failure, Result, Step};

/// Called from its start whenever the run goes on: what was recorded it is given back.
fn greet(name: String) -> Result<String> {
    let text = workflow::step("compose", || Ok::<_, Failure>(format!("Hello, {name}!")))?;
    Step::new("send").retries(5).call::<_, ()>("send", &text)?;

    workflow::sleep(Duration::from_secs(24 * 60 * 60))?;
    Step::new("remind").retries(5).call::<_, ()>("send", "Well?")?;
    let reply = workflow::signal_within("reply", Duration::from_secs(3600))?;
    Ok(reply.ok_or_else(|| Failure::fatal("no-reply", format!("{name} does not answer")))?)
}

/// Runs in an instance of its own, again if it fails. The key is the same then.
fn send(text: String, context: &Context) -> Result<(), Failure> {
    println!("{text} ({})", context.attempt.key());
    Ok(())
}

satama_guest::workflows! { "greet" => greet }
satama_guest::functions! { "send" => send }
