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

use crate::until;

/// A server that keeps nothing on disk, unless its settings say otherwise.
#[derive(Debug)]
pub struct RedisServer {
    /// None after it was killed.
    process: Option<Child>,
    folder: TempDir,
    listens: Listens,
    settings: Vec<String>,
}

/// Where a server listens on the loopback address, beside its socket.
#[derive(Debug, Clone, Copy)]
enum Listens {
    Nowhere,
    Plain(u16),
    Tls(u16),
    /// A cluster's node, which also listens for the others.
    Node(u16),
    /// Such a node where TLS is spoken, also with the others.
    TlsNode(u16),
    /// A Sentinel, whose settings are in a file that it writes to.
    Sentinel(u16),
}

/// How far below its port a node listens for the others: below what systems give to
/// those who ask for any port.
const BUS_BELOW: u16 = 10_000;

/// The file of a Sentinel's settings.
const SENTINEL_FILE: &str = "sentinel.conf";

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
        Self::tcp_with(&[])
    }

    /// A server on a port, with settings.
    pub fn tcp_with(settings: &[&str]) -> Self {
        Self::listening(settings, Listens::Plain, "")
    }

    /// A server on a port where TLS is spoken, with settings that name its certificate.
    pub fn tls(settings: &[&str]) -> Self {
        Self::listening(settings, Listens::Tls, "")
    }

    /// A server that may be a node of a cluster.
    pub fn node(settings: &[&str]) -> Self {
        Self::listening(settings, Listens::Node, "")
    }

    /// A server that may be a node of a cluster that speaks TLS.
    pub fn tls_node(settings: &[&str]) -> Self {
        Self::listening(settings, Listens::TlsNode, "")
    }

    /// A Sentinel.
    pub fn sentinel(file: &str) -> Self {
        Self::listening(&[], Listens::Sentinel, file)
    }

    fn listening(settings: &[&str], listens: fn(u16) -> Listens, file: &str) -> Self {
        // Below the ports that systems give to those who ask for any. No two servers
        // of one process try the same, so it is still free when one is restarted.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let start = std::process::id();
        for _ in 0..100 {
            let next = start + NEXT.fetch_add(1, Ordering::Relaxed);
            let mut server = Self::stopped(settings);
            server.listens = listens(u16::try_from(20_000 + next % 10_000).unwrap());
            std::fs::write(server.folder.path().join(SENTINEL_FILE), file).unwrap();
            if server.run().is_ok() {
                return server;
            }
        }
        panic!("no port of the loopback address is free, or `redis-server` cannot do this");
    }

    fn stopped(settings: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let settings = settings.iter().map(ToString::to_string).collect();
        Self { process: None, folder, listens: Listens::Nowhere, settings }
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
        let listens = match self.listens {
            Listens::Nowhere => "--port 0".to_owned(),
            Listens::Plain(port) => format!("--port {port}"),
            Listens::Tls(port) => format!("--port 0 --tls-port {port}"),
            Listens::Node(port) => {
                let bus = port - BUS_BELOW;
                format!("--port {port} --cluster-enabled yes --cluster-port {bus}")
            }
            Listens::TlsNode(port) => {
                let bus = port - BUS_BELOW;
                format!(
                    "--port 0 --tls-port {port} --cluster-enabled yes --cluster-port {bus} \
                     --tls-cluster yes"
                )
            }
            Listens::Sentinel(port) => format!("{SENTINEL_FILE} --sentinel --port {port}"),
        };
        let mut process = Command::new("redis-server")
            .current_dir(self.folder.path())
            .args(listens.split(' '))
            .args(["--bind", "127.0.0.1", "--save", "", "--unixsocket", "socket"])
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
                // A Sentinel says only that it is one.
                || line.contains("Sentinel ID is")
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
        match self.listens {
            Listens::Nowhere => format!("redis+unix://{}", self.socket().display()),
            Listens::Tls(port) => format!("rediss://127.0.0.1:{port}"),
            _ => format!("redis://127.0.0.1:{}", self.port()),
        }
    }

    /// The port on the loopback address.
    pub fn port(&self) -> u16 {
        match self.listens {
            Listens::Nowhere => panic!("this server listens on a socket only"),
            Listens::Plain(port)
            | Listens::Tls(port)
            | Listens::Node(port)
            | Listens::TlsNode(port)
            | Listens::Sentinel(port) => port,
        }
    }

    /// The port where it listens for the other nodes of a cluster.
    pub(crate) fn bus(&self) -> u16 {
        self.port() - BUS_BELOW
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().expect("the server runs").id()
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
        match client.get_multiplexed_async_connection().await {
            Ok(connection) => connection,
            // A server that is promoted ends connections, new ones too.
            Err(_) => client.get_multiplexed_async_connection().await.unwrap(),
        }
    }

    /// Runs one command of the test's own.
    pub async fn query<T: FromRedisValue>(&self, cmd: &Cmd) -> T {
        cmd.query_async(&mut self.connect().await).await.unwrap()
    }

    /// Waits until a replica has all that was written before. `WAIT` waits for the
    /// writes of its own connection, so there has to be one: of `key`.
    pub async fn replicated(&self, key: &str) {
        let mut redis = self.connect().await;
        let mut set = cmd("SET");
        set.arg(key).arg(1).arg("PX").arg(60_000);
        set.exec_async(&mut redis).await.unwrap();
        // In short steps: a connection of the crate's waits half a second for a reply.
        let mut wait = cmd("WAIT");
        wait.arg(1).arg(100);
        until("a replica has it", async || {
            let replicas: u64 = wait.query_async(&mut redis).await.unwrap();
            replicas == 1
        })
        .await;
    }

    /// Runs one command of the default user, who has this password.
    pub async fn query_as<T: FromRedisValue>(&self, password: &str, cmd: &Cmd) -> T {
        let mut redis = self.connect().await;
        redis::cmd("AUTH").arg(password).exec_async(&mut redis).await.unwrap();
        cmd.query_async(&mut redis).await.unwrap()
    }

    /// Whether it was not killed.
    pub(crate) fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// One value of its `INFO`; empty if there is none, or if the connection ended, as
    /// those of a server do that is promoted.
    pub async fn info(&self, name: &str) -> String {
        let info: redis::RedisResult<String> =
            cmd("INFO").query_async(&mut self.connect().await).await;
        let info = info.unwrap_or_default();
        let found = info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        found.unwrap_or_default().to_owned()
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
