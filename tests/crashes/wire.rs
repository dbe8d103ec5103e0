//! A wire between a host and a server, which is cut within a reply.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use satama_tests::RedisServer;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};

/// A wire that is cut once: after so many replies, and so many bytes of those that follow.
pub(crate) struct Wire {
    folder: TempDir,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    cut: Option<(usize, usize)>,
    /// Bytes of replies so far.
    bytes: usize,
}

impl Wire {
    pub(crate) fn before(server: &RedisServer) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("wire")).unwrap();
        let state = Arc::new(Mutex::default());
        tokio::spawn(listen(listener, server.socket(), state.clone()));
        Self { folder, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis+unix://{}", self.folder.path().join("wire").display())
    }

    /// Whether it was cut where it was to be.
    pub(crate) fn is_cut(&self) -> bool {
        self.state.lock().unwrap().cut.is_none()
    }

    pub(crate) fn cut(&self, replies: usize, bytes: usize) {
        self.state.lock().unwrap().cut = Some((replies, bytes));
    }

    /// How many bytes of replies there were.
    pub(crate) fn bytes(&self) -> usize {
        self.state.lock().unwrap().bytes
    }
}

async fn listen(listener: UnixListener, server: PathBuf, state: Arc<Mutex<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let (server, state) = (server.clone(), state.clone());
        tokio::spawn(async move {
            let server = UnixStream::connect(&server).await?;
            let (mut from_client, to_client) = client.into_split();
            let (from_server, mut to_server) = server.into_split();
            // When either direction ends, both do.
            tokio::select! {
                end = tokio::io::copy(&mut from_client, &mut to_server) => end.map(drop),
                end = replies(from_server, to_client, &state) => end,
            }
        });
    }
}

async fn replies(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    state: &Mutex<State>,
) -> io::Result<()> {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let read = from.read(&mut bytes).await?;
        let end = state.lock().unwrap().end(read);
        to.write_all(&bytes[..end.unwrap_or(read)]).await?;
        if read == 0 || end.is_some() {
            return Ok(());
        }
    }
}

impl State {
    /// Where what was read is cut, if it is.
    fn end(&mut self, read: usize) -> Option<usize> {
        self.bytes += read;
        match &mut self.cut {
            Some((0, left)) if *left < read => {
                let end = *left;
                self.cut = None;
                Some(end)
            }
            Some((0, left)) => {
                *left -= read;
                None
            }
            Some((replies, _)) => {
                *replies -= 1;
                None
            }
            None => None,
        }
    }
}
