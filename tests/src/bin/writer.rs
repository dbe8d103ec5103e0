//! A process of its own that uses a file, for tests that kill it or run beside it.
//! It says on stdout, a line each, what the store has acknowledged.
//!
//! ```text
//! writer alone FILE           whether no other process has a lock on the file
//! writer write FILE FROM      writes entry, counter and session FROM, FROM + 1, … for ever
//! writer count FILE NAME N    adds N times to the counter, and sets N fields called NAME…
//! ```

use std::io::Write as _;
use std::time::Duration;

use anyhow::Context as _;
use rustix::fs::{FlockOperation, fcntl_lock};
use satama::cache::Entry;
use satama::session::{Expiry, Swap};
use satama::{Services, StoreUrl};
use satama_tests::{bucket, grant, sessions};

const LONG: Duration = Duration::from_secs(60 * 60);

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match &args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["alone", file] => alone(file),
        ["write", file, from] => write(file, from.parse()?).await,
        ["count", file, name, count] => count_up(file, name, count.parse()?).await,
        _ => anyhow::bail!("writer alone FILE | write FILE FROM | count FILE NAME N"),
    }
}

/// Tries what SQLite tries before it takes itself for a file's only user.
fn alone(file: &str) -> anyhow::Result<()> {
    let file = std::fs::OpenOptions::new().read(true).write(true).open(file)?;
    let lock = fcntl_lock(file, FlockOperation::NonBlockingLockExclusive);
    say(if lock.is_ok() { "alone" } else { "not alone" })
}

async fn open(file: &str) -> anyhow::Result<Services> {
    let store = StoreUrl::file(file);
    Ok(Services::builder(store).deadline(Duration::from_secs(60)).build().await?)
}

/// One line, which is out before this returns.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("nobody listens")
}

async fn write(file: &str, from: u64) -> anyhow::Result<()> {
    say("started")?;
    let services = open(file).await?;
    say("opened")?;
    let b = bucket(&services, &grant("t"), "b");
    let s = sessions(&services, &grant("t"), "s", Expiry::Fixed(LONG));
    for n in from.. {
        let text = n.to_string();
        let entry = Entry { key: &text, value: text.as_bytes(), ttl: LONG, group: Some("g") };
        b.set(entry).await?;
        say(&format!("entry {n}"))?;
        b.add(Entry { key: "count", ..entry }, 1).await?;
        say(&format!("count {n}"))?;
        // Two fields and a swap, so that a torn write would show.
        let fields = ["a", "b"].map(|name| (name.to_owned(), text.clone())).to_vec();
        s.replace(&text, fields.clone()).await?;
        say(&format!("session {n}"))?;
        s.update("last", fields).await?;
        say(&format!("last {n}"))?;
    }
    Ok(())
}

async fn count_up(file: &str, name: &str, count: u32) -> anyhow::Result<()> {
    let services = open(file).await?;
    let b = bucket(&services, &grant("t"), "b");
    let s = sessions(&services, &grant("t"), "s", Expiry::Sliding(LONG));
    for n in 0..count {
        let entry = Entry { key: "count", value: b"", ttl: LONG, group: None };
        b.add(entry, 1).await?;
        s.update("fields", vec![(format!("{name} {n}"), "1".into())]).await?;
        loop {
            let (version, sum) = match s.get("swapped").await? {
                Some(found) => (found.version, found.fields["n"].parse()?),
                None => (0, 0_u32),
            };
            let next = vec![("n".to_owned(), (sum + 1).to_string())];
            if let Swap::Swapped(_) = s.compare_and_set("swapped", version, next).await? {
                break;
            }
        }
    }
    say("done")
}
