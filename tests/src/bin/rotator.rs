//! An operator's rotation in a process of its own, for tests that kill it. It wraps all of
//! tenant `t` with key `main/2`, and says on stdout, a line each, what the store has
//! acknowledged.
//!
//! ```text
//! rotator STORE          ready, step N with what was wrapped so far, done
//! ```

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use satama::Services;
use satama::secret::{Actor, Keys};
use satama_tests::{grant, keyring};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let store = std::env::args().nth(1).context("rotator STORE")?;
    let store = store.parse().map_err(anyhow::Error::msg)?;
    let services = Services::builder(store)
        .deadline(Duration::from_secs(60))
        .keys(Keys::fixed(keyring(2)))
        .build()
        .await?;
    let grant = grant("t");
    let scopes = [grant.secret(), grant.credential()].map(|shelf| shelf.scope().clone());
    let actor =
        Actor { component: "rotator".into(), digest: String::new(), instance: String::new() };
    let mut rotation = services.secret().rotation(scopes.to_vec(), actor)?;
    say("ready")?;
    while rotation.step().await? {
        say(&format!("step {}", rotation.so_far().rewrapped))?;
    }
    say("done")
}

/// One line, which is out before this returns.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("nobody listens")
}
