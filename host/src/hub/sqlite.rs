//! The hub in one embedded file: the plainest reading of [`super::Store`].

use sqlx::{SqliteConnection, query, query_as, query_scalar};

use super::{
    CLAIM_TTL, History, NewPublication, POSITION_TTL, Store, Subscription, TOPICS_MAX, Topics,
};
use crate::channel::{
    Page, PageRequest, SqliteChange as Change, StoreError, find_in_sqlite, sqlite_after,
    sqlite_page,
};
use crate::delivery::{Event, HostId, Position, Posts, Publication};
use crate::grant::{Key, Scope};
use crate::ids::Id;
use crate::services::OpenError;
use crate::sqlite::{Sqlite, signed, unsigned};

/// Each brings the tables from the format before it to its own.
const MIGRATIONS: &[&str] = &[include_str!("sql/1.sql")];

/// What has expired, of which each publication and claim removes some: more than it
/// adds.
const SWEEPS: [&str; 2] = [
    "DELETE FROM topic WHERE row IN (SELECT row FROM topic WHERE forgotten_ms <= ? LIMIT 4)",
    "DELETE FROM claim WHERE (scope, topic, \"group\", id) IN
        (SELECT scope, topic, \"group\", id FROM claim WHERE expires_ms <= ? LIMIT 16)",
];

/// Messages of an expired history that each removes.
const SWEPT: u64 = 64;

/// The hub in a file.
#[derive(Debug)]
pub struct SqliteStore {
    file: Sqlite,
    posts: Posts,
}

/// The columns of [`Kept`], in its order.
type KeptRow = (i64, Vec<u8>, i64, Vec<u8>, i64, i64, i64);

/// A topic that is kept.
struct Kept {
    row: i64,
    epoch: Vec<u8>,
    last: i64,
    last_id: Vec<u8>,
    keep: i64,
    ttl_ms: i64,
    expires_ms: i64,
}

impl SqliteStore {
    /// The hub in `file`, which was opened at `url`.
    pub(crate) async fn open(file: Sqlite, posts: Posts, url: &str) -> Result<Self, OpenError> {
        file.migrate(url, "hub", MIGRATIONS).await?;
        Ok(Self { file, posts })
    }

    async fn begin(&self) -> Result<Change<'_>, StoreError> {
        Change::begin(&self.file, &self.posts).await
    }
}

impl Store for SqliteStore {
    async fn subscribe(
        &self,
        channel: Key<'_>,
        topic: &str,
        since: Option<&Position>,
        caller: &HostId,
    ) -> Result<Subscription, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let live = change.live(channel).await?;
            let born = signed(live.life.born);
            let added = query("INSERT OR IGNORE INTO subscription VALUES (?, ?, ?)")
                .bind(born)
                .bind(topic)
                .bind(channel.scope().path())
                .execute(&mut *change.tx)
                .await?;
            let count: i64 = query_scalar("SELECT count(*) FROM subscription WHERE channel = ?")
                .bind(born)
                .fetch_one(&mut *change.tx)
                .await?;
            if count > signed(TOPICS_MAX) {
                return Err(StoreError::Full { max: TOPICS_MAX });
            }
            let order = changed(&mut change, born).await?;
            let host = live.host.as_deref().filter(|host| *host != caller.as_str());
            let event = Event::Subscribed { topic: topic.to_owned(), since: since.copied() };
            change.tell(channel, host, order, &event).await?;
            change.commit().await?;
            Ok(Subscription { changed: added.rows_affected() > 0, order })
        };
        self.file.within(write).await
    }

    async fn unsubscribe(
        &self,
        channel: Key<'_>,
        topic: &str,
        caller: &HostId,
    ) -> Result<Subscription, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let live = change.live(channel).await?;
            let born = signed(live.life.born);
            let removed = query("DELETE FROM subscription WHERE channel = ? AND topic = ?")
                .bind(born)
                .bind(topic)
                .execute(&mut *change.tx)
                .await?;
            let order = changed(&mut change, born).await?;
            let host = live.host.as_deref().filter(|host| *host != caller.as_str());
            let event = Event::Unsubscribed { topic: topic.to_owned() };
            change.tell(channel, host, order, &event).await?;
            change.commit().await?;
            Ok(Subscription { changed: removed.rows_affected() > 0, order })
        };
        self.file.within(write).await
    }

    async fn topics(&self, channel: Key<'_>) -> Result<Topics, StoreError> {
        let now_ms = self.file.clock().millis();
        let read = async {
            // One snapshot for both statements: a writer may come between them.
            let mut file = self.file.read().await?;
            let mut tx = sqlx::Connection::begin(&mut *file).await?;
            let live = find_in_sqlite(&mut tx, channel, now_ms).await?;
            let live = live.ok_or(StoreError::NotFound)?;
            let sql = "SELECT topic FROM subscription WHERE channel = ? ORDER BY topic";
            let names = query_scalar(sql).bind(signed(live.life.born)).fetch_all(&mut *tx).await?;
            Ok(Topics { life: live.life, names })
        };
        self.file.within(read).await
    }

    async fn members(
        &self,
        channels: &Scope,
        topic: &str,
        request: PageRequest<'_>,
    ) -> Result<Page, StoreError> {
        let after = sqlite_after(request)?;
        let sql =
            "SELECT c.born, c.id, c.user FROM subscription s JOIN channel c ON c.born = s.channel
            WHERE s.scope = ? AND s.topic = ? AND s.channel > ? AND c.expires_ms > ?
            ORDER BY s.channel LIMIT ?";
        let read = async {
            let rows = query(sql)
                .bind(channels.path())
                .bind(topic)
                .bind(after)
                .bind(signed(self.file.clock().millis()))
                .bind(i64::from(request.limit) + 1)
                .fetch_all(&mut *self.file.read().await?)
                .await?;
            sqlite_page(&rows, request)
        };
        self.file.within(read).await
    }

    async fn publish(
        &self,
        topic: Key<'_>,
        new: &NewPublication<'_>,
    ) -> Result<Option<Position>, StoreError> {
        let envelope = Publication::envelope(new.id, new.except, new.message);
        let write = async {
            let mut change = self.begin().await?;
            let position = keep(&mut change, topic, new, &envelope).await?;
            let bytes = Publication::bytes(&envelope, position.as_ref());
            change.post(&topic.own().bytes(), &bytes).await?;
            sweep(&mut change).await?;
            change.commit().await?;
            Ok(position)
        };
        self.file.within(write).await
    }

    async fn history(
        &self,
        topic: Key<'_>,
        since: Option<&Position>,
        limit: u32,
    ) -> Result<History, StoreError> {
        let now_ms = self.file.clock().millis();
        let read = async {
            let mut file = self.file.read().await?;
            let mut tx = sqlx::Connection::begin(&mut *file).await?;
            history(&mut tx, topic, since, limit, now_ms).await
        };
        self.file.within(read).await
    }

    async fn claim(&self, topic: Key<'_>, group: &str, id: Id) -> Result<bool, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            sweep(&mut change).await?;
            let expires_ms = change.expires_ms(CLAIM_TTL);
            let claimed = query("INSERT OR IGNORE INTO claim VALUES (?, ?, ?, ?, ?)")
                .bind(topic.scope().path())
                .bind(topic.id())
                .bind(group)
                .bind(&id.0[..])
                .bind(expires_ms)
                .execute(&mut *change.tx)
                .await?;
            change.commit().await?;
            Ok(claimed.rows_affected() > 0)
        };
        self.file.within(write).await
    }
}

/// The order of a change of a channel's topics.
async fn changed(change: &mut Change<'_>, born: i64) -> Result<u64, StoreError> {
    let order = change.next_order().await?;
    query("UPDATE channel SET changed = ? WHERE born = ?")
        .bind(signed(order))
        .bind(born)
        .execute(&mut *change.tx)
        .await?;
    Ok(order)
}

/// Keeps a message, if it or its topic is to be kept. Where it is.
async fn keep(
    change: &mut Change<'_>,
    topic: Key<'_>,
    new: &NewPublication<'_>,
    envelope: &[u8],
) -> Result<Option<Position>, StoreError> {
    let now_ms = signed(change.micros / 1000);
    let known = find_topic(&mut change.tx, topic, change.micros / 1000).await?;
    let (epoch, offset, keep, ttl_ms) = match (&known, new.keep) {
        (None, None) => return Ok(None),
        (None, Some(keep)) => (new.epoch.0.to_vec(), 1, i64::from(keep.messages), millis(keep.ttl)),
        (Some(known), keep) => {
            let (messages, ttl_ms) = keep.map_or((known.keep, known.ttl_ms), |keep| {
                (i64::from(keep.messages), millis(keep.ttl))
            });
            (known.epoch.clone(), known.last + 1, messages, ttl_ms)
        }
    };
    let row: i64 = query_scalar(
        "INSERT INTO topic (scope, name, epoch, last, last_id, keep, ttl_ms, expires_ms, forgotten_ms)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
            ON CONFLICT DO UPDATE SET epoch = ?3, last = ?4, last_id = ?5, keep = ?6, ttl_ms = ?7,
                expires_ms = ?8, forgotten_ms = ?9
            RETURNING row",
    )
    .bind(topic.scope().path())
    .bind(topic.id())
    .bind(&epoch)
    .bind(offset)
    .bind(&new.id.0[..])
    .bind(keep)
    .bind(ttl_ms)
    .bind(now_ms + ttl_ms)
    .bind(change.expires_ms(POSITION_TTL))
    .fetch_one(&mut *change.tx)
    .await?;
    // All of a history that has expired, or was another's, and what is over its size.
    let expired = known.is_none_or(|known| known.expires_ms <= now_ms);
    let oldest = if expired { offset } else { offset - keep + 1 };
    query("DELETE FROM kept WHERE topic = ? AND \"offset\" < ?")
        .bind(row)
        .bind(oldest)
        .execute(&mut *change.tx)
        .await?;
    query("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)")
        .bind(row)
        .bind(offset)
        .bind(envelope)
        .execute(&mut *change.tx)
        .await?;
    Ok(Some(Position { epoch: eight(&epoch)?, offset: unsigned(offset), id: new.id }))
}

/// A topic that is remembered.
async fn find_topic(
    tx: &mut SqliteConnection,
    topic: Key<'_>,
    now_ms: u64,
) -> Result<Option<Kept>, StoreError> {
    let sql = "SELECT row, epoch, last, last_id, keep, ttl_ms, expires_ms FROM topic
        WHERE scope = ? AND name = ? AND forgotten_ms > ?";
    let found = query_as(sql).bind(topic.scope().path()).bind(topic.id()).bind(signed(now_ms));
    let found: Option<KeptRow> = found.fetch_optional(tx).await?;
    Ok(found.map(|(row, epoch, last, last_id, keep, ttl_ms, expires_ms)| Kept {
        row,
        epoch,
        last,
        last_id,
        keep,
        ttl_ms,
        expires_ms,
    }))
}

async fn history(
    tx: &mut SqliteConnection,
    topic: Key<'_>,
    since: Option<&Position>,
    limit: u32,
    now_ms: u64,
) -> Result<History, StoreError> {
    let Some(known) = find_topic(tx, topic, now_ms).await? else {
        // Not kept: nothing is missing for whoever had nothing.
        let complete = since.is_none();
        return Ok(History { complete, messages: Vec::new(), position: None, more: false });
    };
    let epoch = eight(&known.epoch)?;
    let last = Position { epoch, offset: unsigned(known.last), id: Id(eight(&known.last_id)?) };
    let sql = "SELECT \"offset\", envelope FROM kept WHERE topic = ? AND \"offset\" >= ? AND ? ORDER BY \"offset\" LIMIT ?";
    // From the message that was there, to see that it is the same one.
    let from = since.filter(|since| since.epoch == epoch).map_or(0, |since| since.offset);
    let rows: Vec<(i64, Vec<u8>)> = query_as(sql)
        .bind(known.row)
        .bind(signed(from))
        .bind(known.expires_ms > signed(now_ms))
        .bind(i64::from(limit) + 2)
        .fetch_all(&mut *tx)
        .await?;
    let mut messages = rows
        .into_iter()
        .map(|(offset, envelope)| read(epoch, unsigned(offset), &envelope))
        .collect::<Result<Vec<_>, _>>()?;
    let complete = match since {
        // All there ever was.
        None => messages.first().map_or(last.offset == 0, |first| offset(first) == 1),
        Some(since) if since.epoch != epoch => false,
        Some(since) if since.offset == 0 => messages.first().is_some_and(|m| offset(m) == 1),
        Some(since) if since.offset == last.offset => since.id == last.id,
        Some(since) => messages.first().is_some_and(|m| m.position.as_ref() == Some(since)),
    };
    if complete {
        messages.retain(|message| offset(message) > from);
    } else if from > 0 {
        // Too much was asked to be skipped: these are the oldest that are left.
        return Box::pin(history(tx, topic, None, limit, now_ms))
            .await
            .map(|all| History { complete: false, ..all });
    }
    let more = messages.len() > limit as usize;
    messages.truncate(limit as usize);
    let position = messages.last().map_or(last, |message| message.position.unwrap_or(last));
    Ok(History { complete, messages, position: Some(position), more })
}

fn offset(message: &Publication) -> u64 {
    message.position.map_or(0, |position| position.offset)
}

fn read(epoch: [u8; 8], offset: u64, envelope: &[u8]) -> Result<Publication, StoreError> {
    Publication::read_envelope(envelope, Some((epoch, offset))).map_err(|err| malformed(err.into()))
}

fn eight(bytes: &[u8]) -> Result<[u8; 8], StoreError> {
    bytes.try_into().map_err(|_| malformed("an id that is not eight bytes".into()))
}

fn malformed(what: Box<dyn std::error::Error + Send + Sync>) -> StoreError {
    StoreError::Unavailable(crate::error::Unavailable { store: "sqlite", source: what })
}

async fn sweep(change: &mut Change<'_>) -> Result<(), StoreError> {
    for sql in SWEEPS {
        query(sql).bind(signed(change.micros / 1000)).execute(&mut *change.tx).await?;
    }
    let expired =
        "SELECT row FROM topic WHERE expires_ms BETWEEN 1 AND ? ORDER BY expires_ms LIMIT 1";
    let expired = query_scalar(expired).bind(signed(change.micros / 1000));
    let Some(row) = expired.fetch_optional(&mut *change.tx).await? else { return Ok(()) };
    let row: i64 = row;
    let some = "DELETE FROM kept WHERE topic = ?1 AND \"offset\" IN
        (SELECT \"offset\" FROM kept WHERE topic = ?1 LIMIT ?2)";
    let removed = query(some).bind(row).bind(signed(SWEPT)).execute(&mut *change.tx).await?;
    if removed.rows_affected() < SWEPT {
        // It has no messages left, which zero says from now on.
        query("UPDATE topic SET expires_ms = 0 WHERE row = ?")
            .bind(row)
            .execute(&mut *change.tx)
            .await?;
    }
    Ok(())
}

fn millis(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
