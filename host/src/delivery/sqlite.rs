//! Delivery by a file: a table that all its hosts read on.
//!
//! A post is written in the transaction that it tells of. Hosts in the same process
//! are woken by the commit; those of other processes look every [`POLL`], which is
//! how late they may be.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use sqlx::{SqliteConnection, query, query_as, query_scalar};
use tokio::sync::Notify;

use super::Hearer;
use super::bus::Heard;
use crate::services::OpenError;
use crate::sqlite::{Sqlite, signed};

/// Each brings the tables from the format before it to its own.
const MIGRATIONS: &[&str] = &[include_str!("sql/1.sql")];

/// How often a host looks for what other processes posted.
pub(crate) const POLL: Duration = Duration::from_millis(50);

/// Posts are kept for this long; a host that was stopped for longer is told that it
/// missed something. It is also told if it is this many behind by then.
const KEPT_MS: u64 = 10_000;
const KEPT: i64 = 256;

/// Posts that each removes: more than it adds.
const SWEPT: i64 = 16;

/// Posts that are read at a time: 6 MB of the largest, if all are.
const READ: i64 = 100;

/// Where the stores of a file post.
#[derive(Debug, Clone)]
pub(crate) struct Posts {
    posted: Arc<Notify>,
}

/// What this host hears of a file's posts.
#[derive(Debug)]
pub(crate) struct SqliteBus {
    listening: Arc<RwLock<HashSet<Vec<u8>>>>,
    reader: tokio::task::JoinHandle<()>,
}

impl Posts {
    /// Makes the table in `file`, which was opened at `url`.
    pub(crate) async fn open(file: &Sqlite, url: &str) -> Result<Self, OpenError> {
        file.migrate(url, "delivery", MIGRATIONS).await?;
        Ok(Self { posted: file.posted().clone() })
    }

    /// Posts to an address, with what else the transaction does.
    pub(crate) async fn post(
        &self,
        tx: &mut SqliteConnection,
        now_ms: u64,
        address: &[u8],
        payload: &[u8],
    ) -> Result<(), sqlx::Error> {
        let new = "INSERT INTO post (address, payload, posted_ms) VALUES (?, ?, ?) RETURNING seq";
        let seq: i64 = query_scalar(new)
            .bind(address)
            .bind(payload)
            .bind(signed(now_ms))
            .fetch_one(&mut *tx)
            .await?;
        query(
            "DELETE FROM post WHERE seq IN
                (SELECT seq FROM post WHERE seq <= ? AND posted_ms < ? ORDER BY seq LIMIT ?)",
        )
        .bind(seq - KEPT)
        .bind(signed(now_ms.saturating_sub(KEPT_MS)))
        .bind(SWEPT)
        .execute(tx)
        .await?;
        Ok(())
    }

    /// The transaction is committed.
    pub(crate) fn committed(&self) {
        self.posted.notify_waiters();
    }
}

impl SqliteBus {
    /// Brings what is posted from now on to `hearer`.
    pub(crate) async fn open(file: Sqlite, url: &str, hearer: Hearer) -> Result<Self, OpenError> {
        let fail = |err: sqlx::Error| OpenError::new(url, err.into());
        let mut last = {
            let mut conn = file.read().await.map_err(fail)?;
            newest(&mut conn).await.map_err(fail)?
        };
        let listening = Arc::new(RwLock::new(HashSet::new()));
        let heard = listening.clone();
        let reader = tokio::spawn(async move {
            loop {
                let posted = file.posted().notified();
                match read(&file, &mut last, &heard, &hearer).await {
                    Ok(true) => continue,
                    Ok(false) => {}
                    Err(err) => tracing::warn!("posts cannot be read: {err}"),
                }
                _ = tokio::time::timeout(POLL, posted).await;
            }
        });
        Ok(Self { listening, reader })
    }

    pub(super) fn listen(&self, address: &[u8]) {
        let mut listening = self.listening.write().unwrap_or_else(PoisonError::into_inner);
        listening.insert(address.to_owned());
    }

    pub(super) fn ignore(&self, address: &[u8]) {
        self.listening.write().unwrap_or_else(PoisonError::into_inner).remove(address);
    }
}

impl Drop for SqliteBus {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

/// Reads on from `last`. Whether there may be more.
async fn read(
    file: &Sqlite,
    last: &mut i64,
    listening: &RwLock<HashSet<Vec<u8>>>,
    hearer: &Hearer,
) -> Result<bool, sqlx::Error> {
    let posts: Vec<(i64, Vec<u8>, Vec<u8>)> = {
        let mut conn = file.read().await?;
        // One snapshot for both statements, so that no post comes between them.
        let mut tx = sqlx::Connection::begin(&mut *conn).await?;
        let posts: Vec<_> =
            query_as("SELECT seq, address, payload FROM post WHERE seq > ? ORDER BY seq LIMIT ?")
                .bind(*last)
                .bind(READ)
                .fetch_all(&mut *tx)
                .await?;
        let first = posts.first().map(|post: &(i64, _, _)| post.0);
        let newest = newest(&mut tx).await?;
        // Sequence numbers have no gaps, so one that is missing was swept.
        if first.unwrap_or(newest + 1) > *last + 1 {
            let all: Vec<_> = {
                let listening = listening.read().unwrap_or_else(PoisonError::into_inner);
                listening.iter().cloned().collect()
            };
            all.into_iter().for_each(|channel| hearer.hear(Heard::Resumed { channel }));
            *last = first.map_or(newest, |first| first - 1);
        }
        posts
    };
    let more = !posts.is_empty();
    for (seq, channel, payload) in posts {
        *last = seq;
        let wanted = {
            let listening = listening.read().unwrap_or_else(PoisonError::into_inner);
            listening.contains(&channel)
        };
        if wanted {
            hearer.hear(Heard::Message { channel, payload });
        }
    }
    Ok(more)
}

async fn newest(conn: &mut SqliteConnection) -> Result<i64, sqlx::Error> {
    let newest = query_scalar("SELECT seq FROM sqlite_sequence WHERE name = 'post'");
    Ok(newest.fetch_optional(conn).await?.unwrap_or(0))
}
