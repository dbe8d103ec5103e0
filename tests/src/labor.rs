//! Workers of `workflow_basic` in processes of their own, for tests that kill them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::process::{Pid, Signal, kill_process};
use satama::grant::{Grant, Names, WorkflowGrant};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::{build, granted, limits};

/// The workflows of `workflow_basic` that processes are killed in.
const BODIES: [&str; 21] = [
    "echo",
    "ten",
    "steps",
    "fan",
    "call",
    "retry",
    "kinds",
    "slow",
    "state",
    "forever",
    "sleep",
    "five-sleeps",
    "signal",
    "signals",
    "suspend",
    "approve",
    "parent",
    "child",
    "saga",
    "cancelled",
    "program",
];

const FUNCTIONS: [&str; 8] =
    ["add", "fail-until", "fail", "slow", "note", "state", "did", "outside"];

/// What `workflow_basic` is granted there, for `tenant`.
pub fn labor_grant(tenant: &str) -> Grant {
    let text = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    granted(tenant, limits(|_| {})).with_cache(Names::new(["effects"]).unwrap()).with_workflow(
        WorkflowGrant {
            bodies: text(&BODIES),
            functions: text(&FUNCTIONS),
            calls: Names::new(["*"]).unwrap(),
            runs: Names::new(["*"]).unwrap(),
            retention_ms: None,
            concurrent: None,
        },
    )
}

/// How a laborer works.
#[derive(Debug, Clone, Copy)]
pub struct Labor<'a> {
    /// The program `laborer`.
    pub program: &'a str,
    /// Where compiled components are kept.
    pub aot: &'a Path,
    /// The store's address.
    pub store: &'a str,
    /// The tenant it works for.
    pub tenant: &'a str,
    /// How long its leases last.
    pub lease_ms: u64,
    /// How long bodies stay in memory while they wait.
    pub warm_ms: u64,
    /// It kills itself at this change; never, if it is zero.
    pub dies_at: u64,
}

/// A process that works. It ends with this, if not before.
#[derive(Debug)]
pub struct Laborer {
    process: Child,
    to: ChildStdin,
    lines: UnboundedReceiver<String>,
    log: Arc<Mutex<String>>,
}

impl Laborer {
    /// Starts it, and waits until it works.
    pub async fn start(labor: Labor<'_>) -> Self {
        let Labor { program, aot, store, tenant, lease_ms, warm_ms, dies_at } = labor;
        let mut process = Command::new(program)
            .arg(build::guest("workflow_basic"))
            .arg(aot)
            .args([store, tenant])
            .args([lease_ms, warm_ms, dies_at].map(|number| number.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let to = process.stdin.take().unwrap();
        let (said, lines) = unbounded_channel();
        let out = BufReader::new(process.stdout.take().unwrap());
        std::thread::spawn(move || {
            out.lines().map_while(Result::ok).for_each(|line| drop(said.send(line)));
        });
        let log = Arc::new(Mutex::new(String::new()));
        let (kept, err) = (log.clone(), BufReader::new(process.stderr.take().unwrap()));
        std::thread::spawn(move || {
            err.lines()
                .map_while(Result::ok)
                .for_each(|line| *kept.lock().unwrap() += &(line + "\n"));
        });
        let mut laborer = Self { process, to, lines, log };
        let said = laborer.lines.recv().await;
        assert_eq!(said.as_deref(), Some("ready"), "{}", laborer.log());
        laborer
    }

    /// How many changes it has made so far.
    pub async fn changes(&mut self) -> u64 {
        self.to.write_all(b"\n").unwrap();
        self.lines.recv().await.unwrap().parse().unwrap()
    }

    /// Waits until it has ended.
    pub async fn died(&mut self) {
        while self.lines.recv().await.is_some() {}
        self.process.wait().unwrap();
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it where it is.
    pub fn kill(&mut self) {
        _ = self.process.kill();
        self.process.wait().unwrap();
    }

    /// Stops it where it is.
    pub fn pause(&self) {
        kill_process(Pid::from_child(&self.process), Signal::STOP).unwrap();
    }

    /// Lets it go on.
    pub fn resume(&self) {
        kill_process(Pid::from_child(&self.process), Signal::CONT).unwrap();
    }
}

impl Drop for Laborer {
    fn drop(&mut self) {
        self.kill();
    }
}
