//! Three Sentinels of a test's own, a master and its replica.

use redis::cmd;

use crate::{RedisServer, until};

/// A master and its replica, watched by Sentinels.
#[derive(Debug)]
pub struct Sentinels {
    /// The server that is the master at first.
    pub first: RedisServer,
    /// The server that follows it.
    pub second: RedisServer,
    sentinels: Vec<RedisServer>,
}

/// What the Sentinels call the master, and what they ask to be told.
const MASTER: &str = "main";
const PASSWORD: &str = "watch";

impl Sentinels {
    /// Sentinels that fail over in a second or two.
    pub async fn start() -> Self {
        let first = RedisServer::tcp_with(&["--repl-diskless-sync-delay", "0"]);
        let port = first.port().to_string();
        let second = RedisServer::tcp_with(&["--replicaof", "127.0.0.1", &port]);
        until("the replica follows", async || second.info("master_link_status").await == "up")
            .await;
        let settings = format!(
            "sentinel monitor {MASTER} 127.0.0.1 {port} 2\n\
             sentinel down-after-milliseconds {MASTER} 500\n\
             sentinel failover-timeout {MASTER} 3000\n\
             requirepass {PASSWORD}\nsentinel sentinel-pass {PASSWORD}\n"
        );
        let sentinels: Vec<_> = (0..3).map(|_| RedisServer::sentinel(&settings)).collect();
        for sentinel in &sentinels {
            until("the Sentinels know everybody", async || {
                let mut redis = sentinel.connect().await;
                cmd("AUTH").arg(PASSWORD).exec_async(&mut redis).await.unwrap();
                let info: String =
                    cmd("INFO").arg("sentinel").query_async(&mut redis).await.unwrap();
                info.contains("status=ok") && info.contains("slaves=1,sentinels=3")
            })
            .await;
        }
        Self { first, second, sentinels }
    }

    /// Their address.
    pub fn url(&self) -> String {
        self.url_of(MASTER, PASSWORD)
    }

    /// The address of the master that would have this name.
    pub fn url_of(&self, master: &str, password: &str) -> String {
        let hosts: Vec<_> =
            self.sentinels.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+sentinel://{}/{master}?sentinel-password={password}", hosts.join(","))
    }

    /// Stops one of them where it is.
    pub fn pause_one(&self) {
        self.sentinels[0].pause();
    }

    /// Has them make the second server the master, though the first is well.
    pub async fn fail_over(&self) {
        until("they agree to fail over", async || {
            let mut redis = self.sentinels[1].connect().await;
            cmd("AUTH").arg(PASSWORD).exec_async(&mut redis).await.unwrap();
            let mut fail_over = cmd("SENTINEL");
            fail_over.arg("FAILOVER").arg(MASTER);
            fail_over.exec_async(&mut redis).await.is_ok()
        })
        .await;
    }

    /// Waits until the second server is the master.
    pub async fn failed_over(&self) {
        until("the second server is the master", async || {
            self.second.info("role").await == "master"
        })
        .await;
    }
}
