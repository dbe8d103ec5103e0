//! A Redis server of a test's own, ended with the test.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, cmd};
use rustix::process::{Pid, Signal, kill_process};
use satama::StoreUrl;
use tempfile::TempDir;

/// A server that keeps nothing on disk, unless its settings say otherwise.
#[derive(Debug)]
pub struct RedisServer {
    /// None after it was killed.
    process: Option<Child>,
    folder: TempDir,
    /// The port on the loopback address; on none, it listens on a socket only.
    port: Option<u16>,
    settings: Vec<String>,
}

/// What some work cost the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Commands it ran, those that scripts call included, by name.
    pub commands: BTreeMap<String, u64>,
    /// How often it read from a client: round trips, if the requests are small.
    pub reads: u64,
}

impl RedisServer {
    /// A server on a Unix socket.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A server on a Unix socket, with settings such as `["--maxmemory", "4mb"]`.
    pub fn with(settings: &[&str]) -> Self {
        let mut server = Self::stopped(settings);
        server.restart();
        server
    }

    /// A server on a port of the loopback address.
    pub fn tcp() -> Self {
        // Below the ports that systems give to those who ask for any. No two servers
        // of one process try the same, so it is still free when one is restarted.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let start = std::process::id();
        for _ in 0..100 {
            let next = start + NEXT.fetch_add(1, Ordering::Relaxed);
            let mut server = Self::stopped(&[]);
            server.port = u16::try_from(20_000 + next % 10_000).ok();
            if server.run().is_ok() {
                return server;
            }
        }
        panic!("no port of the loopback address is free");
    }

    fn stopped(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings.iter().map(ToString::to_string).collect();
        Self { process: None, folder, port: None, settings }
    }

    /// Starts it again, on the same address.
    pub fn restart(&mut self) {
        self.kill();
        if let Err(said) = self.run() {
            panic!("redis-server ended at once: {said}");
        }
    }

    /// Runs the server until it accepts connections; or returns what it said.
    fn run(&mut self) -> Result<(), String> {
        let port = self.port.unwrap_or(0).to_string();
        let mut process = Command::new("redis-server")
            .current_dir(self.folder.path())
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--unixsocket", "socket"])
            .args(&self.settings)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|err| {
                panic!(
                    "cannot run `redis-server` ({err}); install it with \
                     `apt-get install redis-server` or `brew install redis`"
                )
            });
        let mut log = BufReader::new(process.stdout.take().unwrap()).lines();
        let mut said = String::new();
        let ready = log.by_ref().map_while(Result::ok).any(|line| {
            said.push_str(&line);
            said.push('\n');
            // It says so for the port, and then for the socket: first as of 7.0,
            // then as of 7.2.
            line.contains("ready to accept connections at")
                || line.contains("Ready to accept connections unix")
        });
        if !ready {
            process.wait().unwrap();
            return Err(said);
        }
        // A server whose log nobody reads would stop when the pipe is full.
        std::thread::spawn(move || log.for_each(drop));
        self.process = Some(process);
        Ok(())
    }

    /// Ends it as a crash would: nothing is said to its clients.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Stops it where it is: it keeps its connections and answers nobody.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().expect("the server runs");
        kill_process(Pid::from_child(process), signal).unwrap();
    }

    /// Its address.
    pub fn url(&self) -> String {
        match self.port {
            Some(port) => format!("redis://127.0.0.1:{port}"),
            None => format!("redis+unix://{}", self.socket().display()),
        }
    }

    /// Its address, as services are given it.
    pub fn store(&self) -> StoreUrl {
        self.url().parse().unwrap()
    }

    /// The path of its Unix socket; it listens there in any case.
    pub fn socket(&self) -> std::path::PathBuf {
        self.folder.path().join("socket")
    }

    /// A connection of the test's own, past the code that is tested.
    pub async fn connect(&self) -> MultiplexedConnection {
        let client = redis::Client::open(format!("unix://{}", self.socket().display())).unwrap();
        client.get_multiplexed_async_connection().await.unwrap()
    }

    /// Runs one command of the test's own.
    pub async fn query<T: FromRedisValue>(&self, cmd: &Cmd) -> T {
        cmd.query_async(&mut self.connect().await).await.unwrap()
    }

    /// The keys it holds, but for those that tell the format.
    pub async fn keys(&self) -> Vec<Vec<u8>> {
        let mut keys: Vec<Vec<u8>> = self.query(cmd("KEYS").arg("*")).await;
        keys.retain(|key| !key.starts_with(b"satama:format:"));
        keys
    }

    /// What `work` costs the server, if nobody else uses it.
    pub async fn count<T>(&self, work: impl Future<Output = T>) -> (T, Count) {
        let mut redis = self.connect().await;
        cmd("CONFIG").arg("RESETSTAT").exec_async(&mut redis).await.unwrap();
        let done = work.await;
        let info: String =
            cmd("INFO").arg(&["stats", "commandstats"]).query_async(&mut redis).await.unwrap();
        let mut count = Count { commands: BTreeMap::new(), reads: 0 };
        for line in info.lines() {
            if let Some(reads) = line.strip_prefix("total_reads_processed:") {
                // One of them read the INFO itself.
                count.reads = reads.parse::<u64>().unwrap() - 1;
            } else if let Some((name, rest)) =
                line.strip_prefix("cmdstat_").and_then(|line| line.split_once(":calls="))
            {
                let calls = rest.split(',').next().unwrap().parse().unwrap();
                count.commands.insert(name.to_owned(), calls);
            }
        }
        count.commands.remove("config|resetstat");
        (done, count)
    }
}

impl Count {
    /// How often it ran the command called `name`.
    pub fn of(&self, name: &str) -> u64 {
        self.commands.get(name).copied().unwrap_or(0)
    }

    /// Its commands as text: `del=1 get=2`.
    pub fn text(&self) -> String {
        let counts = self.commands.iter().map(|(name, calls)| format!("{name}={calls}"));
        counts.collect::<Vec<_>>().join(" ")
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
