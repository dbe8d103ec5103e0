//! Replies that are cut off at each of their bytes, with the connection that they came on: the
//! server has done what was asked, and the worker cannot know.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use satama_tests::RedisServer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

use super::case::{Case, Sends};
use super::ground::{Ground, LEASE, Store, host_at, work};

/// Longer than the reply to a write, which has no news.
const OFFSETS: usize = 48;

/// Fewer replies than a run brings.
const REPLIES: usize = 12;

/// A wire that is cut once: after so many replies, within the next after so many bytes.
struct Wire {
    folder: TempDir,
    cut: Arc<Mutex<Option<(usize, usize)>>>,
}

impl Wire {
    fn before(server: &RedisServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("wire")).unwrap();
        let cut = Arc::new(Mutex::new(None));
        tokio::spawn(listen(listener, server.socket(), cut.clone()));
        Self { folder, cut }
    }

    fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("wire").display())
    }

    /// Whether it was cut where it was to be.
    fn is_cut(&self) -> bool {
        self.cut.lock().unwrap().is_none()
    }

    fn cut(&self, replies: usize, bytes: usize) {
        *self.cut.lock().unwrap() = Some((replies, bytes));
    }
}

async fn listen(listener: UnixListener, server: PathBuf, cut: Arc<Mutex<Option<(usize, usize)>>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, cut) = (server.clone(), cut.clone());
        tokio::spawn(async move {
            let server = UnixStream::connect(&server).await?;
            let (mut from_client, to_client) = client.into_split();
            let (from_server, mut to_server) = server.into_split();
            // When either direction ends, both do.
            tokio::select! {
                end = tokio::io::copy(&mut from_client, &mut to_server) => end.map(drop),
                end = replies(from_server, to_client, &cut) => end,
            }
        });
    }
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    cut: &Mutex<Option<(usize, usize)>>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut bytes).await?;
        let now = {
            let mut cut = cut.lock().unwrap();
            match &mut *cut {
                Some((0, _)) => cut.take(),
                Some((left, _)) => {
                    *left -= 1;
                    None
                }
                None => None,
            }
        };
        let end = now.map_or(read, |(_, end)| end.min(read));
        to.write_all(&bytes[..end]).await?;
        if read == 0 || now.is_some() {
            return Ok(());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_is_cut_at_each_byte() {
    let server = RedisServer::start();
    let wire = Wire::before(&server);
    let ground = Ground::on(Store::Redis(server)).await;
    let host = host_at(&wire.url()).await;
    let worker = work(&host, "t", LEASE).await;
    let case = Case { name: "kinds", workflow: "kinds", input: "null", sends: Sends::Nothing };
    let runs = ground.runs("t");
    let run = case.start(&runs).await;
    let whole = case.outcome(&ground, "t", &run).await;
    let mut cuts = 0;
    for bytes in 0..OFFSETS {
        let replies = bytes * 7 % REPLIES;
        wire.cut(replies, bytes);
        let run = case.start(&runs).await;
        let done = case.outcome(&ground, "t", &run).await;
        assert_eq!(done.history, whole.history, "cut after {replies} replies and {bytes} bytes");
        cuts += usize::from(wire.is_cut());
    }
    assert!(cuts > OFFSETS / 2, "only {cuts} replies were cut");
    worker.stop().await;
}
