//! Channels and the hub, called by a guest, secrets and what workflows keep, against `@pikku/redis` in Node.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use satama::Services;
use tempfile::TempDir;
use tokio::task::block_in_place;

use crate::channel::{Operation, Ours};
use crate::redis::{connect, server};
use crate::rounds::time;
use crate::secret;
use crate::services::DEADLINE;
use crate::table::{Table, Unit};
use crate::workflow;

const SCRIPT: &str = include_str!("../node/pikku.mjs");

const PACKAGES: [&str; 2] = ["@pikku/redis", "ioredis"];

/// What is timed, and its name in the guest's WIT and in the script.
const ROWS: [(Operation, &str); 3] =
    [(Operation::Add, "add"), (Operation::Get, "get"), (Operation::Subscribe, "subscribe")];

/// The script, which times what it is asked to.
struct Node {
    process: Child,
    pipes: Mutex<(ChildStdin, BufReader<ChildStdout>)>,
    version: String,
    _folder: TempDir,
}

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    let (server, secret_server) = (server()?, server()?);
    let node = block_in_place(|| Node::start(&server.socket()))?;
    table.title(&format!(
        "Channels, the hub, secrets and what is kept of runs on Redis, over a Unix socket, operations\n\
         per second. Satama: called in a loop by guests, one instance a caller; runs by the host.\n\
         Reference: @pikku/redis in Node {}, with ioredis, one async function a caller, on the same\n\
         server, or on one of its own. A ratio above 1 is better.\n\
         Goals at 64: channels at least 2, hub at least 3, secrets at least 10; runs at 32: 10.",
        node.version
    ));
    let services = Services::builder(server.store()).deadline(DEADLINE).build().await?;
    let secrets = secret::Ours::new(&secret::open(secret_server.store()).await?).await?;
    let ours = Ours::new(&services, Some(connect(&server, None).await?)).await?;
    runs(table, &node).await?;
    for callers in [1, 64] {
        let row = format!("{callers:>2} callers: secret get; @pikku/redis");
        let get = async |n| secrets.run(secret::Operation::Get, callers, n).await;
        let theirs = async |n| block_in_place(|| node.run("secret", callers, n));
        table.compare_timed(&row, Unit::PerSecond, async |n| time(get(n)).await, theirs).await?;
        for (operation, name) in ROWS {
            let service = if operation == Operation::Subscribe { "hub" } else { "channel" };
            let row = format!("{callers:>2} callers: {service} {name}; @pikku/redis");
            let ours = async |n| ours.run((operation, name), callers, n).await;
            let theirs = async |n| block_in_place(|| node.run(name, callers, n));
            table.compare_timed(&row, Unit::PerSecond, ours, theirs).await?;
        }
    }
    Ok(())
}

/// A run of ten steps, in the store alone.
async fn runs(table: &mut Table<'_>, node: &Node) -> Result<()> {
    let server = server()?;
    let runs = workflow::Alone::new(server.store()).await?;
    for callers in [1, 32] {
        let row = format!("{callers:>2} callers: run of ten steps, what is kept; @pikku/redis");
        let ours = async |n| time(runs.run(callers, n)).await;
        let theirs = async |n| block_in_place(|| node.run("run", callers, n));
        table.compare_timed(&row, Unit::PerSecond, ours, theirs).await?;
    }
    Ok(())
}

impl Node {
    fn start(socket: &Path) -> Result<Self> {
        let missing = "no Node with npm; install them with `apt-get install nodejs npm`";
        let version = Command::new("node").arg("--version").output().context(missing)?;
        let version = String::from_utf8(version.stdout)?.trim().to_owned();
        let folder = tempfile::tempdir()?;
        let mut install = Command::new("npm");
        install.args(["install", "--no-audit", "--no-fund", "--loglevel", "error"]).args(PACKAGES);
        let done = install.current_dir(&folder).output().context(missing)?;
        ensure!(
            done.status.success(),
            "`npm install {}` failed: {}",
            PACKAGES.join(" "),
            String::from_utf8_lossy(&done.stderr)
        );
        // A module is looked for from where the script is.
        let script = folder.path().join("pikku.mjs");
        std::fs::write(&script, SCRIPT)?;
        let mut process = Command::new("node")
            .arg(script)
            .arg(socket)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().context("its input")?;
        let output = BufReader::new(process.stdout.take().context("its output")?);
        let pipes = Mutex::new((input, output));
        Ok(Self { process, pipes, version, _folder: folder })
    }

    fn run(&self, name: &str, callers: u32, n: u32) -> Result<Duration> {
        let mut pipes = self.pipes.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(pipes.0, "{name} {callers} {}", n / callers)?;
        let mut nanos = String::new();
        ensure!(pipes.1.read_line(&mut nanos)? > 0, "the script has ended");
        Ok(Duration::from_nanos(nanos.trim().parse()?))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
