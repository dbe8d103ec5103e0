//! Sessions in one embedded file: the plainest reading of [`super::Store`].

use std::time::Duration;

use sqlx::{Row as _, Sqlite as Db, SqliteConnection, Transaction, query, query_as, query_scalar};

use super::{Expiry, FIELDS_MAX, Fields, SESSION_BYTES_MAX, Snapshot, Store, StoreError, Swap};
use crate::grant::Key;
use crate::services::OpenError;
use crate::sqlite::{Sqlite, signed};

/// Each brings the tables from the format before it to its own.
const MIGRATIONS: &[&str] = &[include_str!("sql/1.sql")];

/// Expired sessions that each write removes: more than it can add, so that a file
/// in use does not grow with what has expired.
const SWEEP: &str =
    "DELETE FROM session WHERE row IN (SELECT row FROM session WHERE expires_ms <= ? LIMIT 128)";

/// Sessions in a file.
#[derive(Debug)]
pub struct SqliteStore {
    file: Sqlite,
}

/// One transaction that writes, at one time.
struct Change {
    tx: Transaction<'static, Db>,
    micros: u64,
}

/// A live session's row.
struct Live {
    row: i64,
    version: u64,
    expires_ms: i64,
}

impl SqliteStore {
    /// The sessions in `file`, which was opened at `url`.
    pub async fn open(file: Sqlite, url: &str) -> Result<Self, OpenError> {
        file.migrate(url, "session", MIGRATIONS).await?;
        Ok(Self { file })
    }

    async fn begin(&self) -> Result<Change, StoreError> {
        let tx = self.file.write().await?;
        Ok(Change { tx, micros: self.file.clock().micros() })
    }
}

impl Store for SqliteStore {
    async fn get(&self, key: Key<'_>, expiry: Expiry) -> Result<Option<Snapshot>, StoreError> {
        if expiry.slides() {
            let renew = async {
                let mut change = self.begin().await?;
                let Some(mut live) = change.live(key).await? else { return Ok(None) };
                live.expires_ms = change.expires_ms(expiry.ttl());
                let renew = query("UPDATE session SET expires_ms = ? WHERE row = ?");
                renew.bind(live.expires_ms).bind(live.row).execute(&mut *change.tx).await?;
                let found = snapshot(&mut change.tx, &live, change.micros / 1000).await?;
                change.commit().await?;
                Ok(Some(found))
            };
            return self.file.within(renew).await;
        }
        let now = self.file.clock().millis();
        let read = async {
            // One snapshot for both statements: a writer may come between them.
            let mut file = self.file.read().await?;
            let mut tx = sqlx::Connection::begin(&mut *file).await?;
            let Some(live) = live(&mut tx, key, now).await? else { return Ok(None) };
            Ok(Some(snapshot(&mut tx, &live, now).await?))
        };
        self.file.within(read).await
    }

    async fn replace(
        &self,
        key: Key<'_>,
        fields: &Fields,
        expected: Option<u64>,
        expiry: Expiry,
    ) -> Result<Swap, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let live = change.live(key).await?;
            let version = live.as_ref().map_or(0, |live| live.version);
            if expected.is_some_and(|expected| expected != version) {
                return Ok(Swap::Stale(version));
            }
            let (row, version) = change.written(key, live, expiry).await?;
            query("DELETE FROM session_field WHERE session = ?")
                .bind(row)
                .execute(&mut *change.tx)
                .await?;
            change.put(row, fields).await?;
            change.commit().await?;
            Ok(Swap::Swapped(version))
        };
        self.file.within(write).await
    }

    async fn update(
        &self,
        key: Key<'_>,
        fields: &Fields,
        expiry: Expiry,
    ) -> Result<u64, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let live = change.live(key).await?;
            let (row, version) = change.written(key, live, expiry).await?;
            change.put(row, fields).await?;
            change.check(row).await?;
            change.commit().await?;
            Ok(version)
        };
        self.file.within(write).await
    }

    async fn remove(
        &self,
        key: Key<'_>,
        names: &[String],
        expiry: Expiry,
    ) -> Result<u64, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let Some(live) = change.live(key).await? else { return Ok(0) };
            let (row, version) = change.written(key, Some(live), expiry).await?;
            for name in names {
                let remove = query("DELETE FROM session_field WHERE session = ? AND name = ?");
                remove.bind(row).bind(name).execute(&mut *change.tx).await?;
            }
            change.commit().await?;
            Ok(version)
        };
        self.file.within(write).await
    }

    async fn clear(&self, key: Key<'_>) -> Result<bool, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let Some(live) = change.live(key).await? else { return Ok(false) };
            query("DELETE FROM session WHERE row = ?")
                .bind(live.row)
                .execute(&mut *change.tx)
                .await?;
            change.commit().await?;
            Ok(true)
        };
        self.file.within(write).await
    }
}

impl Change {
    async fn live(&mut self, key: Key<'_>) -> Result<Option<Live>, StoreError> {
        Ok(live(&mut self.tx, key, self.micros / 1000).await?)
    }

    /// Gives a session its next version and expiry, and makes it if it is missing.
    async fn written(
        &mut self,
        key: Key<'_>,
        live: Option<Live>,
        expiry: Expiry,
    ) -> Result<(i64, u64), StoreError> {
        let expires_ms = match &live {
            Some(live) if !expiry.slides() => live.expires_ms,
            _ => self.expires_ms(expiry.ttl()),
        };
        let Some(live) = live else {
            // One that has expired may still be there, with its fields.
            let ended = query("DELETE FROM session WHERE scope = ? AND id = ?");
            ended.bind(key.scope().path()).bind(key.id()).execute(&mut *self.tx).await?;
            let new = "INSERT INTO session (scope, id, version, expires_ms) VALUES (?, ?, ?, ?) RETURNING row";
            let row = query_scalar(new)
                .bind(key.scope().path())
                .bind(key.id())
                .bind(signed(self.micros))
                .bind(expires_ms)
                .fetch_one(&mut *self.tx)
                .await?;
            return Ok((row, self.micros));
        };
        let version = self.micros.max(live.version + 1);
        query("UPDATE session SET version = ?, expires_ms = ? WHERE row = ?")
            .bind(signed(version))
            .bind(expires_ms)
            .bind(live.row)
            .execute(&mut *self.tx)
            .await?;
        Ok((live.row, version))
    }

    async fn put(&mut self, row: i64, fields: &Fields) -> Result<(), StoreError> {
        for (name, value) in fields {
            query("INSERT OR REPLACE INTO session_field VALUES (?, ?, ?)")
                .bind(row)
                .bind(name)
                .bind(value)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    /// Fails, and so rolls back, if the session is over a limit now.
    async fn check(&mut self, row: i64) -> Result<(), StoreError> {
        // octet_length, because length stops at the first NUL of a text.
        let sizes = "SELECT count(*), coalesce(sum(octet_length(name) + octet_length(value)), 0)
            FROM session_field WHERE session = ?";
        let (fields, bytes): (i64, i64) =
            query_as(sizes).bind(row).fetch_one(&mut *self.tx).await?;
        if bytes > signed(SESSION_BYTES_MAX) {
            return Err(StoreError::Full { max: SESSION_BYTES_MAX });
        }
        if fields > signed(FIELDS_MAX) {
            return Err(StoreError::Full { max: FIELDS_MAX });
        }
        Ok(())
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        query(SWEEP).bind(signed(self.micros / 1000)).execute(&mut *self.tx).await?;
        Ok(self.tx.commit().await?)
    }

    fn expires_ms(&self, ttl: Duration) -> i64 {
        signed(self.micros / 1000 + u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX / 2))
    }
}

async fn live(
    file: &mut SqliteConnection,
    key: Key<'_>,
    now_ms: u64,
) -> Result<Option<Live>, sqlx::Error> {
    let row = query("SELECT row, version, expires_ms FROM session WHERE scope = ? AND id = ? AND expires_ms > ?")
        .bind(key.scope().path())
        .bind(key.id())
        .bind(signed(now_ms))
        .fetch_optional(file)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let version: i64 = row.try_get(1)?;
    Ok(Some(Live {
        row: row.try_get(0)?,
        version: u64::try_from(version).unwrap_or(0),
        expires_ms: row.try_get(2)?,
    }))
}

async fn snapshot(
    file: &mut SqliteConnection,
    live: &Live,
    now_ms: u64,
) -> Result<Snapshot, sqlx::Error> {
    let fields: Vec<(String, String)> =
        query_as("SELECT name, value FROM session_field WHERE session = ?")
            .bind(live.row)
            .fetch_all(file)
            .await?;
    let left = u64::try_from(live.expires_ms).unwrap_or(0).saturating_sub(now_ms);
    Ok(Snapshot {
        version: live.version,
        fields: fields.into_iter().collect(),
        expires_in: Duration::from_millis(left),
    })
}

impl From<sqlx::Error> for StoreError {
    fn from(err: sqlx::Error) -> Self {
        Self::Unavailable(err.into())
    }
}
