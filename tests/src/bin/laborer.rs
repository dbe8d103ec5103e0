//! A worker of `workflow_basic` in a process of its own, for tests that kill it: or it does so
//! itself, at a change that is named by its number.
//!
//! ```text
//! laborer WASM AOT STORE TENANT LEASE_MS WARM_MS DIES_AT     ready
//!
//! (an empty line)        how many changes it made
//! ```

use std::io::{BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Signal, getpid, kill_process};
use satama::Services;
use satama::runtime::{Compiler, Host, HostConfig, WorkerConfig};
use satama::secret::Keys;
use satama_tests::{keyring, labor_grant};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, fmt};

/// What a worker says before and after each change.
const CHANGES: &str = "satama::workflow::change";

/// Longer than any stall of a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, aot, store, tenant, lease, warm, dies_at] = &args[..] else {
        anyhow::bail!("laborer WASM AOT STORE TENANT LEASE_MS WARM_MS DIES_AT")
    };
    let done = Arc::new(AtomicU64::new(0));
    let counts = Counts { done: done.clone(), dies_at: dies_at.parse()? };
    let log = fmt::layer().with_writer(std::io::stderr).with_ansi(false);
    let filter = Targets::new().with_default(Level::WARN);
    let changes = Targets::new().with_target(CHANGES, Level::TRACE);
    tracing_subscriber::registry()
        .with(log.with_filter(filter))
        .with(counts.with_filter(changes))
        .init();

    let mut config = HostConfig::default();
    config.instances_max = 64;
    config.aot_folder = Some(Path::new(aot).to_owned());
    let store = store.parse().map_err(anyhow::Error::msg)?;
    let services = Services::builder(store).deadline(DEADLINE).keys(Keys::fixed(keyring(1)));
    let host = Host::new(Compiler::new(&config)?, services.build().await?);
    let code = host.compiler().load(std::fs::read(wasm)?).await?;
    let program = host.program(&code, "workflow_basic", Arc::new(labor_grant(tenant)))?;
    let mut config = WorkerConfig::default();
    config.lease = Duration::from_millis(lease.parse()?);
    config.warm = Duration::from_millis(warm.parse()?);
    let _worker = host.work(&[program], config).await?;
    say("ready")?;
    loop {
        let line = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().next());
        let Some(line) = line.await? else { return Ok(()) };
        line?;
        say(&done.load(Ordering::Relaxed).to_string())?;
    }
}

/// Counts changes, and ends the process at one of them.
struct Counts {
    done: Arc<AtomicU64>,
    dies_at: u64,
}

impl<S: Subscriber> Layer<S> for Counts {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut message = Message(String::new());
        event.record(&mut message);
        // A look that finds nothing changes nothing, and there is any number of them.
        if message.0 == "before a take" {
            return;
        }
        let number = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if number == self.dies_at {
            _ = kill_process(getpid(), Signal::KILL);
        }
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// One line, which is out before this returns.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("nobody listens")
}
