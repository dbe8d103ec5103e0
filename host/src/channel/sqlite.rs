//! Channels in one embedded file: the plainest reading of [`super::Store`].

use std::time::Duration;

use sqlx::{Row as _, Sqlite as Db, SqliteConnection, Transaction, query, query_as, query_scalar};

use super::{
    Change as What, Info, Life, NewChannel, Page, PageRequest, State, Store, StoreError, Swap,
};
use crate::delivery::{Close, Event, HostId, Message, Notice, Posts, notices_to};
use crate::grant::{Key, Scope};
use crate::services::OpenError;
use crate::sqlite::{Sqlite, signed, unsigned};

/// Each brings the tables from the format before it to its own.
const MIGRATIONS: &[&str] = &[include_str!("sql/1.sql")];

/// Expired channels that each write removes: more than it can add, so that a file
/// in use does not grow with what has expired.
const SWEEP: &str =
    "DELETE FROM channel WHERE born IN (SELECT born FROM channel WHERE expires_ms <= ? LIMIT 16)";

/// Channels in a file.
#[derive(Debug)]
pub struct SqliteStore {
    file: Sqlite,
    posts: Posts,
}

/// One transaction that writes, at one time.
pub(crate) struct Change<'a> {
    pub(crate) tx: Transaction<'static, Db>,
    pub(crate) micros: u64,
    posts: &'a Posts,
}

/// A live channel's row.
pub(crate) struct Live {
    pub(crate) life: Life,
    pub(crate) host: Option<String>,
    version: u64,
}

impl SqliteStore {
    /// The channels in `file`, which was opened at `url`.
    pub(crate) async fn open(file: Sqlite, posts: Posts, url: &str) -> Result<Self, OpenError> {
        file.migrate(url, "channel", MIGRATIONS).await?;
        Ok(Self { file, posts })
    }

    async fn begin(&self) -> Result<Change<'_>, StoreError> {
        Change::begin(&self.file, &self.posts).await
    }
}

impl Store for SqliteStore {
    async fn add(&self, key: Key<'_>, channel: &NewChannel<'_>) -> Result<u64, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            if change.find(key).await?.is_some() {
                return Err(StoreError::Exists);
            }
            // One that has expired may still be there, with its subscriptions.
            let ended = query("DELETE FROM channel WHERE scope = ? AND id = ?");
            ended.bind(key.scope().path()).bind(key.id()).execute(&mut *change.tx).await?;
            let born = change.next_order().await?;
            query("INSERT INTO channel (born, scope, id, opening_data, user, host, changed, expires_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?1, ?7)")
                .bind(signed(born))
                .bind(key.scope().path())
                .bind(key.id())
                .bind(channel.opening_data)
                .bind(channel.user)
                .bind(channel.host.map(HostId::as_str))
                .bind(change.expires_ms(channel.ttl))
                .execute(&mut *change.tx)
                .await?;
            change.commit().await?;
            Ok(born)
        };
        self.file.within(write).await
    }

    async fn get(&self, key: Key<'_>) -> Result<Info, StoreError> {
        let sql =
            "SELECT opening_data, user FROM channel WHERE scope = ? AND id = ? AND expires_ms > ?";
        let read = async {
            let row: Option<(String, Option<String>)> = query_as(sql)
                .bind(key.scope().path())
                .bind(key.id())
                .bind(signed(self.file.clock().millis()))
                .fetch_optional(&mut *self.file.read().await?)
                .await?;
            let (opening_data, user) = row.ok_or(StoreError::NotFound)?;
            Ok(Info { opening_data, user })
        };
        self.file.within(read).await
    }

    async fn state(&self, key: Key<'_>) -> Result<State, StoreError> {
        let sql =
            "SELECT version, state FROM channel WHERE scope = ? AND id = ? AND expires_ms > ?";
        let read = async {
            let row: Option<(i64, Option<String>)> = query_as(sql)
                .bind(key.scope().path())
                .bind(key.id())
                .bind(signed(self.file.clock().millis()))
                .fetch_optional(&mut *self.file.read().await?)
                .await?;
            let (version, value) = row.ok_or(StoreError::NotFound)?;
            Ok(State { version: unsigned(version), value })
        };
        self.file.within(read).await
    }

    async fn update(&self, key: Key<'_>, what: What<'_>) -> Result<Swap, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let live = change.live(key).await?;
            let (value, expected) = match what {
                What::User(user) => {
                    query("UPDATE channel SET user = ? WHERE born = ?")
                        .bind(user)
                        .bind(signed(live.life.born))
                        .execute(&mut *change.tx)
                        .await?;
                    change.commit().await?;
                    return Ok(Swap::Swapped(live.version));
                }
                What::State { value, expected } => (value, expected),
            };
            if expected.is_some_and(|expected| expected != live.version) {
                return Ok(Swap::Stale(live.version));
            }
            let version = change.next_order().await?;
            query("UPDATE channel SET state = ?, version = ? WHERE born = ?")
                .bind(value)
                .bind(signed(version))
                .bind(signed(live.life.born))
                .execute(&mut *change.tx)
                .await?;
            change.commit().await?;
            Ok(Swap::Swapped(version))
        };
        self.file.within(write).await
    }

    async fn remove(
        &self,
        keys: &[Key<'_>],
        close: &Close,
        born: Option<u64>,
    ) -> Result<u32, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let mut removed = 0;
            for key in keys {
                let Some(live) = change.find(*key).await? else { continue };
                if born.is_some_and(|born| born != live.life.born) {
                    continue;
                }
                query("DELETE FROM channel WHERE born = ?")
                    .bind(signed(live.life.born))
                    .execute(&mut *change.tx)
                    .await?;
                removed += 1;
                let order = change.next_order().await?;
                change
                    .tell(*key, live.host.as_deref(), order, &Event::Removed(close.clone()))
                    .await?;
            }
            change.commit().await?;
            Ok(removed)
        };
        self.file.within(write).await
    }

    async fn touch(
        &self,
        keys: &[Key<'_>],
        ttl: Duration,
    ) -> Result<Vec<Option<Life>>, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let expires_ms = change.expires_ms(ttl);
            let mut lives = Vec::with_capacity(keys.len());
            for key in keys {
                let live = change.find(*key).await?;
                if let Some(live) = &live {
                    query("UPDATE channel SET expires_ms = max(expires_ms, ?) WHERE born = ?")
                        .bind(expires_ms)
                        .bind(signed(live.life.born))
                        .execute(&mut *change.tx)
                        .await?;
                }
                lives.push(live.map(|live| live.life));
            }
            change.commit().await?;
            Ok(lives)
        };
        self.file.within(write).await
    }

    async fn list(
        &self,
        scope: &Scope,
        user: Option<&str>,
        request: PageRequest<'_>,
    ) -> Result<Page, StoreError> {
        let all = "SELECT born, id, user FROM channel
            WHERE scope = ?1 AND born > ?2 AND expires_ms > ?3 ORDER BY born LIMIT ?4";
        let of_user = "SELECT born, id, user FROM channel
            WHERE scope = ?1 AND born > ?2 AND expires_ms > ?3 AND user = ?5 ORDER BY born LIMIT ?4";
        let after = after(request)?;
        let read = async {
            let rows = query(if user.is_some() { of_user } else { all })
                .bind(scope.path())
                .bind(after)
                .bind(signed(self.file.clock().millis()))
                .bind(i64::from(request.limit) + 1);
            let rows = if user.is_some() { rows.bind(user) } else { rows };
            let rows = rows.fetch_all(&mut *self.file.read().await?).await?;
            page(&rows, request)
        };
        self.file.within(read).await
    }

    async fn send(&self, key: Key<'_>, message: &Message) -> Result<bool, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let live = change.live(key).await?;
            let event = Event::Sent(message.clone());
            change.tell(key, live.host.as_deref(), live.life.order, &event).await?;
            change.commit().await?;
            Ok(live.host.is_some())
        };
        self.file.within(write).await
    }
}

impl<'a> Change<'a> {
    pub(crate) async fn begin(file: &Sqlite, posts: &'a Posts) -> Result<Self, StoreError> {
        let tx = file.write().await?;
        Ok(Self { tx, micros: file.clock().micros(), posts })
    }

    /// The channel, which must be alive.
    pub(crate) async fn live(&mut self, key: Key<'_>) -> Result<Live, StoreError> {
        self.find(key).await?.ok_or(StoreError::NotFound)
    }

    pub(crate) async fn find(&mut self, key: Key<'_>) -> Result<Option<Live>, StoreError> {
        Ok(find(&mut self.tx, key, self.micros / 1000).await?)
    }

    /// An order greater than any before it, and not before the time.
    pub(crate) async fn next_order(&mut self) -> Result<u64, StoreError> {
        let next = "UPDATE channel_order SET last = max(last + 1, ?) RETURNING last";
        let order: i64 =
            query_scalar(next).bind(signed(self.micros)).fetch_one(&mut *self.tx).await?;
        Ok(unsigned(order))
    }

    /// Tells the host that holds a channel, if one does.
    pub(crate) async fn tell(
        &mut self,
        key: Key<'_>,
        host: Option<&str>,
        order: u64,
        event: &Event,
    ) -> Result<(), StoreError> {
        let Some(host) = host else { return Ok(()) };
        let address = notices_to(key, host);
        self.post(&address, &Notice::bytes(order, key.id(), event)).await
    }

    pub(crate) async fn post(&mut self, address: &[u8], payload: &[u8]) -> Result<(), StoreError> {
        Ok(self.posts.post(&mut self.tx, self.micros / 1000, address, payload).await?)
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        query(SWEEP).bind(signed(self.micros / 1000)).execute(&mut *self.tx).await?;
        self.tx.commit().await?;
        self.posts.committed();
        Ok(())
    }

    pub(crate) fn expires_ms(&self, ttl: Duration) -> i64 {
        signed(self.micros / 1000 + u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX / 2))
    }
}

/// A live channel, if there is one.
pub(crate) async fn find(
    file: &mut SqliteConnection,
    key: Key<'_>,
    now_ms: u64,
) -> Result<Option<Live>, sqlx::Error> {
    let sql = "SELECT born, changed, host, version FROM channel WHERE scope = ? AND id = ? AND expires_ms > ?";
    let row: Option<(i64, i64, Option<String>, i64)> = query_as(sql)
        .bind(key.scope().path())
        .bind(key.id())
        .bind(signed(now_ms))
        .fetch_optional(file)
        .await?;
    Ok(row.map(|(born, order, host, version)| Live {
        life: Life { born: unsigned(born), order: unsigned(order) },
        host,
        version: unsigned(version),
    }))
}

/// Where a page goes on: after the channel that was born then.
pub(crate) fn after(request: PageRequest<'_>) -> Result<i64, StoreError> {
    let parse = |cursor: &str| cursor.parse().ok().filter(|after| *after >= 0);
    request.cursor.map_or(Ok(0), |cursor| parse(cursor).ok_or(StoreError::Cursor))
}

/// A page of rows of birth, id and user: one more than asked for, if there are more.
pub(crate) fn page(
    rows: &[sqlx::sqlite::SqliteRow],
    request: PageRequest<'_>,
) -> Result<Page, StoreError> {
    let limit = request.limit as usize;
    let next = match rows.get(limit) {
        Some(_) => Some(rows[limit - 1].try_get::<i64, _>(0)?.to_string()),
        None => None,
    };
    let entry = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(1)?, row.try_get(2)?));
    let entries = rows.iter().take(limit).map(entry).collect::<Result<_, sqlx::Error>>()?;
    Ok(Page { entries, next })
}

impl From<sqlx::Error> for StoreError {
    fn from(err: sqlx::Error) -> Self {
        Self::Unavailable(err.into())
    }
}
