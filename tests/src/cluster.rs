//! A Redis cluster of a test's own.

use std::process::{Child, Command, Stdio};

use redis::{Cmd, FromRedisValue, ToRedisArgs, cmd};

use crate::{Authority, RedisServer, until};

/// How many slots there are, and masters to share them.
const SLOTS: u16 = 16384;
const MASTERS: u16 = 3;

/// Three masters, each with a replica or without.
#[derive(Debug)]
pub struct Cluster {
    /// The masters first, then the replica of each, in their order.
    pub nodes: Vec<RedisServer>,
    /// The nodes' names in the cluster.
    ids: Vec<String>,
    /// What its address says after the `?`.
    query: Option<String>,
    /// Ends the nodes of a cluster that is never dropped.
    _guard: Option<Child>,
}

impl Cluster {
    /// Masters with replicas, which take over in a second or two.
    pub async fn with_replicas() -> Self {
        Self::start(2 * MASTERS, &["--cluster-node-timeout", "1000"]).await
    }

    /// Masters with replicas, with settings of the nodes' own.
    pub async fn with(settings: &[&str]) -> Self {
        let timeout: &[&str] = &["--cluster-node-timeout", "1000"];
        Self::start(2 * MASTERS, &[timeout, settings].concat()).await
    }

    /// Masters alone, which no stall of the machine turns into a failover.
    pub async fn masters() -> Self {
        Self::start(MASTERS, &["--cluster-node-timeout", "60000"]).await
    }

    /// Masters that are ended when this process ends, however it does: what is in a
    /// static is never dropped.
    pub(crate) fn shared() -> Self {
        // The runtime that asks for it is one test's, and ends with that.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let start = std::thread::spawn(move || runtime.block_on(Self::masters()));
        let mut shared = start.join().unwrap();
        let mut kill = "read _; kill -9".to_owned();
        for node in &shared.nodes {
            kill.push_str(&format!(" {}", node.pid()));
        }
        let guard = Command::new("sh").args(["-c", &kill]).stdin(Stdio::piped()).spawn();
        shared._guard = Some(guard.unwrap());
        shared
    }

    /// Masters that speak TLS only.
    pub async fn with_tls(authority: &Authority) -> Self {
        let settings = authority.settings();
        let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
        let nodes = (0..MASTERS).map(|_| RedisServer::tls_node(&settings)).collect();
        let cluster = Self::join(nodes).await;
        Self { query: Some(authority.query()), ..cluster }
    }

    async fn start(count: u16, settings: &[&str]) -> Self {
        // A replica may be promoted however much it missed, so that no test depends on
        // how fast the machine is.
        let common = ["--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"];
        let settings = [&common[..], settings].concat();
        Self::join((0..count).map(|_| RedisServer::node(&settings)).collect()).await
    }

    async fn join(nodes: Vec<RedisServer>) -> Self {
        let count = u16::try_from(nodes.len()).unwrap();
        let mut ids = Vec::new();
        for (node, n) in nodes.iter().zip(0_u16..) {
            ids.push(node.query(cmd("CLUSTER").arg("MYID")).await);
            node.query::<()>(cmd("CLUSTER").arg("SET-CONFIG-EPOCH").arg(n + 1)).await;
            if n < MASTERS {
                let first = SLOTS / MASTERS * n;
                let last = if n + 1 == MASTERS { SLOTS - 1 } else { SLOTS / MASTERS * (n + 1) - 1 };
                let mut add = cmd("CLUSTER");
                node.query::<()>(add.arg("ADDSLOTSRANGE").arg(first).arg(last)).await;
            }
            // Everybody meets the first, who tells of everybody else.
            let mut meet = cmd("CLUSTER");
            meet.arg("MEET").arg("127.0.0.1").arg(node.port()).arg(node.bus());
            nodes[0].query::<()>(&meet).await;
        }
        let cluster = Self { nodes, ids, query: None, _guard: None };
        cluster.settle(count).await;
        for n in usize::from(MASTERS)..usize::from(count) {
            let master = &cluster.ids[n - usize::from(MASTERS)];
            let mut replicate = cmd("CLUSTER");
            cluster.nodes[n].query::<()>(replicate.arg("REPLICATE").arg(master)).await;
        }
        for node in &cluster.nodes[usize::from(MASTERS)..] {
            until("the replica follows", async || node.info("master_link_status").await == "up")
                .await;
        }
        // Everybody has to have heard who replicates whom, or nobody would take over.
        let replicas = usize::from(count - MASTERS);
        for node in &cluster.nodes {
            until("the replicas are known", async || {
                let known: String = node.query(cmd("CLUSTER").arg("NODES")).await;
                known.lines().filter(|line| line.contains("slave")).count() == replicas
            })
            .await;
        }
        cluster
    }

    /// Waits until every node knows `count`, and that all slots are served.
    async fn settle(&self, count: u16) {
        for node in &self.nodes {
            until("the nodes know each other", async || {
                let info: String = node.query(cmd("CLUSTER").arg("INFO")).await;
                info.contains("cluster_state:ok")
                    && info.contains(&format!("cluster_known_nodes:{count}\r"))
            })
            .await;
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        let hosts: Vec<_> =
            self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        match &self.query {
            Some(query) => format!("rediss+cluster://{}?{query}", hosts.join(",")),
            None => format!("redis+cluster://{}", hosts.join(",")),
        }
    }

    /// Which node was given the slot of `key` when the cluster began.
    pub async fn owner(&self, key: &str) -> usize {
        usize::from(self.slot(key).await / (SLOTS / MASTERS)).min(usize::from(MASTERS) - 1)
    }

    /// The slot of `key`.
    pub async fn slot(&self, key: impl ToRedisArgs) -> u16 {
        self.live().query(cmd("CLUSTER").arg("KEYSLOT").arg(key)).await
    }

    /// The replica of the master `n`.
    pub fn replica(&self, n: usize) -> &RedisServer {
        &self.nodes[n + usize::from(MASTERS)]
    }

    /// The name of the node `n`.
    pub fn id(&self, n: usize) -> &str {
        &self.ids[n]
    }

    /// Any node that runs.
    fn live(&self) -> &RedisServer {
        self.nodes.iter().find(|node| node.runs()).expect("a node runs")
    }

    /// Runs a command of the test's own on each master.
    pub async fn on_masters<T: FromRedisValue>(&self, cmd: &Cmd) -> Vec<T> {
        let mut replies = Vec::new();
        for node in &self.nodes[..usize::from(MASTERS)] {
            replies.push(node.query(cmd).await);
        }
        replies
    }

    /// Waits until the replica of the master `n` has taken over.
    pub async fn taken_over(&self, n: usize) {
        until("the replica takes over", async || self.replica(n).info("role").await == "master")
            .await;
    }

    /// The slots of all keys that begin with `prefix`, and the masters that have them.
    pub async fn slots_with_keys(&self, prefix: &str) -> Vec<(u16, usize)> {
        let mut found = Vec::new();
        for (n, node) in self.nodes[..usize::from(MASTERS)].iter().enumerate() {
            for key in node.keys().await {
                let key = String::from_utf8(key).unwrap();
                if key.starts_with(prefix) {
                    found.push((self.slot(&key).await, n));
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Begins to move `slot`: from now on its keys may be at either end.
    pub async fn begin_move(&self, slot: u16, from: usize, to: usize) {
        let mut import = cmd("CLUSTER");
        import.arg("SETSLOT").arg(slot).arg("IMPORTING").arg(self.id(from));
        self.nodes[to].query::<()>(&import).await;
        let mut migrate = cmd("CLUSTER");
        migrate.arg("SETSLOT").arg(slot).arg("MIGRATING").arg(self.id(to));
        self.nodes[from].query::<()>(&migrate).await;
    }

    /// Moves the keys of `slot` that there are, one by one.
    pub async fn move_keys(&self, slot: u16, from: usize, to: usize) -> usize {
        let mut list = cmd("CLUSTER");
        let keys: Vec<Vec<u8>> =
            self.nodes[from].query(list.arg("GETKEYSINSLOT").arg(slot).arg(10_000)).await;
        for key in &keys {
            let mut migrate = cmd("MIGRATE");
            migrate.arg("127.0.0.1").arg(self.nodes[to].port()).arg(key).arg(0).arg(60_000);
            // NOKEY if it expired meanwhile.
            self.nodes[from].query::<String>(&migrate).await;
        }
        keys.len()
    }

    /// Ends the move of a slot without keys: it is `to`'s from now on.
    pub async fn end_move(&self, slot: u16, from: usize, to: usize) {
        let mut own = cmd("CLUSTER");
        own.arg("SETSLOT").arg(slot).arg("NODE").arg(self.id(to));
        self.nodes[to].query::<()>(&own).await;
        self.nodes[from].query::<()>(&own).await;
    }
}
