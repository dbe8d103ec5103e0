//! A gate between a host and its Redis server, which lets one command through
//! at a time: what the network may do, done on purpose.

use std::io::{Error, ErrorKind, Result};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::{PATIENCE, RedisServer};

/// An address in front of a server, ended with the test.
#[derive(Debug)]
pub struct Gate {
    folder: TempDir,
    rules: Arc<Rules>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Rules {
    server: PathBuf,
    /// Commands that may still pass; none is any number.
    left: watch::Sender<Option<u64>>,
    /// Commands that were held.
    held: watch::Sender<u64>,
    /// Whether the next reply is lost with its connection.
    lose: AtomicBool,
    /// What a reply says, and what it says behind the gate: as many bytes.
    rewrite: Option<(String, String)>,
}

impl Gate {
    /// An open gate before `server`.
    pub fn new(server: &RedisServer) -> Self {
        Self::start(server, None)
    }

    /// An open gate before `server`, whose replies say `to` for `from`.
    pub fn rewriting(server: &RedisServer, from: String, to: String) -> Self {
        assert_eq!(from.len(), to.len(), "a reply tells its length before");
        Self::start(server, Some((from, to)))
    }

    fn start(server: &RedisServer, rewrite: Option<(String, String)>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("gate")).unwrap();
        let rules = Arc::new(Rules {
            server: server.socket(),
            left: watch::Sender::new(None),
            held: watch::Sender::new(0),
            lose: AtomicBool::new(false),
            rewrite,
        });
        let task = tokio::spawn(listen(listener, rules.clone()));
        Self { folder, rules, task }
    }

    /// The gate's address.
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("gate").display())
    }

    /// Closes the gate after `count` more commands.
    pub fn pass(&self, count: u64) {
        self.rules.held.send_replace(0);
        self.rules.left.send_replace(Some(count));
    }

    /// Waits until a command stands before the closed gate.
    pub async fn held(&self) {
        let mut held = self.rules.held.subscribe();
        let held = tokio::time::timeout(PATIENCE, held.wait_for(|held| *held > 0)).await;
        held.expect("no command came to the gate").unwrap();
    }

    /// Opens the gate.
    pub fn open(&self) {
        self.rules.left.send_replace(None);
    }

    /// Loses the next reply: its command is run, and the connection ends.
    pub fn lose_reply(&self) {
        self.rules.lose.store(true, Ordering::Relaxed);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn listen(listener: UnixListener, rules: Arc<Rules>) {
    while let Ok((client, _)) = listener.accept().await {
        let rules = rules.clone();
        tokio::spawn(async move {
            let server = UnixStream::connect(&rules.server).await?;
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            // When either direction ends, both do.
            tokio::select! {
                end = commands(from_client, to_server, &rules) => end,
                end = replies(from_server, to_client, &rules) => end,
            }
        });
    }
}

/// Passes commands on, each when the gate lets it.
async fn commands(from: OwnedReadHalf, mut to: OwnedWriteHalf, rules: &Rules) -> Result<()> {
    let mut from = BufReader::new(from);
    let mut left = rules.left.subscribe();
    loop {
        let command = command(&mut from).await?;
        if *left.borrow_and_update() == Some(0) {
            rules.held.send_modify(|held| *held += 1);
        }
        left.wait_for(|left| *left != Some(0)).await.map_err(Error::other)?;
        rules.left.send_modify(|left| *left = left.map(|left| left.saturating_sub(1)));
        to.write_all(&command).await?;
    }
}

/// Reads one command, an array of bulk strings
/// (<https://redis.io/docs/latest/develop/reference/protocol-spec/>).
async fn command(from: &mut BufReader<OwnedReadHalf>) -> Result<Vec<u8>> {
    let mut command = Vec::new();
    let parts = header(from, &mut command).await?;
    for _ in 0..parts {
        let length = header(from, &mut command).await?;
        let start = command.len();
        command.resize(start + length + 2, 0);
        from.read_exact(&mut command[start..]).await?;
    }
    Ok(command)
}

/// Reads one line, of a letter and a number.
async fn header(from: &mut BufReader<OwnedReadHalf>, command: &mut Vec<u8>) -> Result<usize> {
    let start = command.len();
    from.read_until(b'\n', command).await?;
    let number = std::str::from_utf8(command.get(start + 1..).unwrap_or_default()).ok();
    number.and_then(|number| number.trim().parse().ok()).ok_or(ErrorKind::UnexpectedEof.into())
}

/// Passes replies on, as they come.
async fn replies(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, rules: &Rules) -> Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut bytes).await?;
        if read == 0 || rules.lose.swap(false, Ordering::Relaxed) {
            return Ok(());
        }
        let reply = &mut bytes[..read];
        if let Some((from, to)) = &rules.rewrite {
            let places = 0..=reply.len().saturating_sub(from.len());
            for at in places {
                if reply[at..].starts_with(from.as_bytes()) {
                    reply[at..at + to.len()].copy_from_slice(to.as_bytes());
                }
            }
        }
        to.write_all(reply).await?;
    }
}
