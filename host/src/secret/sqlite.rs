//! Secrets in one embedded file: the plainest reading of [`super::Store`].

use sqlx::{Sqlite as Db, SqliteConnection, Transaction, query, query_as, query_scalar};

use super::audit::{AUDIT_ENTRIES_MAX, Action, Actor, Entry};
use super::provider::KeyRef;
use super::store::{Description, List, Put, Read, Sealed, Store, StoreError, Stored, Wrap};
use crate::error::Unavailable;
use crate::grant::{Item, SECRET_SHARDS, Scope, Span};
use crate::services::OpenError;
use crate::sqlite::{Sqlite, signed, unsigned};

/// Each brings the tables from the format before it to its own.
const MIGRATIONS: &[&str] = &[include_str!("sql/1.sql")];

/// How many entries of an audit are written between two times that it is cut, on average: to
/// cut it each time would be most of the work. When is drawn at random. Of every 64th entry
/// a guest could see to it that it is always another list's.
const AUDIT_CUT_EVERY: i64 = 64;

/// Secrets in a file.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) file: Sqlite,
}

/// One transaction that writes.
pub(super) struct Change {
    pub(super) tx: Transaction<'static, Db>,
    now_ms: i64,
}

impl SqliteStore {
    /// The secrets in `file`, which was opened at `url`.
    pub async fn open(file: Sqlite, url: &str) -> Result<Self, OpenError> {
        file.migrate(url, "secret", MIGRATIONS).await?;
        Ok(Self { file })
    }

    pub(super) async fn begin(&self) -> Result<Change, StoreError> {
        let tx = self.file.write().await?;
        Ok(Change { tx, now_ms: signed(self.file.clock().millis()) })
    }
}

impl Store for SqliteStore {
    async fn read(
        &self,
        reads: &[Read<'_>],
        actor: &Actor,
    ) -> Result<Vec<Option<Stored>>, StoreError> {
        let read = async {
            let mut change = self.begin().await?;
            let mut all = Vec::with_capacity(reads.len());
            for read in reads {
                let found = stored(&mut change.tx, read).await?;
                let (version, outcome) = match &found {
                    Some(stored) => (stored.version, "ok"),
                    None => (read.version.unwrap_or(0), "not-found"),
                };
                let id = read.item.id();
                let entry = Entry { action: Action::Read, id, version, outcome };
                change.record(read.item.scope(), entry, actor).await?;
                all.push(found);
            }
            change.tx.commit().await?;
            Ok(all)
        };
        self.file.within(read).await
    }

    async fn put(
        &self,
        item: &Item<'_>,
        version: u64,
        sealed: &Sealed,
        actor: &Actor,
    ) -> Result<Put, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            change.check_barred(&sealed.wrap.key).await?;
            let row = row(&mut change.tx, item).await?;
            let newest = change.newest(row, item).await?;
            if newest >= version {
                return Ok(Put::Stale(newest));
            }
            change.put(row, item, version, sealed).await?;
            let entry = Entry { action: Action::Write, id: item.id(), version, outcome: "ok" };
            change.record(item.scope(), entry, actor).await?;
            change.tx.commit().await?;
            Ok(Put::Done)
        };
        self.file.within(write).await
    }

    async fn delete(&self, item: &Item<'_>, actor: &Actor) -> Result<bool, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let newest =
                "SELECT max(version) FROM secret_version JOIN secret ON secret.row = secret
                WHERE scope = ? AND id = ?";
            let newest: Option<i64> = query_scalar(newest)
                .bind(item.scope().path())
                .bind(item.id())
                .fetch_one(&mut *change.tx)
                .await?;
            query("DELETE FROM secret WHERE scope = ? AND id = ?")
                .bind(item.scope().path())
                .bind(item.id())
                .execute(&mut *change.tx)
                .await?;
            if let Some(newest) = newest {
                let deleted = "INSERT INTO secret_deleted VALUES (?, ?) ON CONFLICT DO UPDATE
                    SET version = max(version, excluded.version)";
                let deleted = query(deleted).bind(item.scope().path()).bind(newest);
                deleted.execute(&mut *change.tx).await?;
            }
            let outcome = if newest.is_some() { "ok" } else { "not-found" };
            let version = unsigned(newest.unwrap_or(0));
            let entry = Entry { action: Action::Delete, id: item.id(), version, outcome };
            change.record(item.scope(), entry, actor).await?;
            change.tx.commit().await?;
            Ok(newest.is_some())
        };
        self.file.within(write).await
    }

    async fn describe(&self, item: &Item<'_>) -> Result<Option<Description>, StoreError> {
        let read = async {
            let mut file = self.file.read().await?;
            let sql = "SELECT first, version FROM secret JOIN secret_version ON secret = secret.row
                WHERE scope = ? AND id = ? ORDER BY version";
            let rows: Vec<(i64, i64)> = query_as(sql)
                .bind(item.scope().path())
                .bind(item.id())
                .fetch_all(&mut *file)
                .await?;
            let Some((first, _)) = rows.first() else { return Ok(None) };
            let versions = rows.iter().map(|(_, version)| unsigned(*version)).collect();
            Ok(Some(Description { first: unsigned(*first), versions }))
        };
        self.file.within(read).await
    }

    async fn list(
        &self,
        list: List<'_>,
        spans: &[Span],
        limit: u32,
    ) -> Result<Vec<String>, StoreError> {
        let (sql, scope, name) = match list {
            List::Ids(scope) | List::IdsOfShard(scope, _) => {
                let ids = "SELECT id FROM secret WHERE scope = ?1 AND ?2 IS NULL
                    AND id >= ?3 AND id < ?4 ORDER BY id LIMIT ?5";
                (ids, scope, None)
            }
            List::Users(scope, name) => {
                let users = "SELECT user FROM secret WHERE scope = ?1 AND name = ?2
                    AND user >= ?3 AND user < ?4 ORDER BY user LIMIT ?5";
                (users, scope, Some(name))
            }
        };
        let read = async {
            let mut file = self.file.read().await?;
            let mut tx = sqlx::Connection::begin(&mut *file).await?;
            let mut all: Vec<String> = Vec::new();
            for span in spans {
                let left = i64::from(limit) - i64::try_from(all.len()).unwrap_or(i64::MAX);
                if left <= 0 {
                    break;
                }
                let part = query_scalar(sql).bind(scope.path()).bind(name);
                let part = part.bind(&span.start).bind(&span.end).bind(left);
                all.extend(part.fetch_all(&mut *tx).await?);
            }
            Ok(all)
        };
        self.file.within(read).await
    }

    async fn record(
        &self,
        scope: &Scope,
        entries: &[(u8, Entry<'_>)],
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            for (_, entry) in entries {
                change.record(scope, *entry, actor).await?;
            }
            Ok(change.tx.commit().await?)
        };
        self.file.within(write).await
    }
}

impl Change {
    pub(super) async fn check_barred(&mut self, key: &KeyRef) -> Result<(), StoreError> {
        let barred = query("SELECT 1 FROM secret_barred WHERE key = ?").bind(key.to_string());
        match barred.fetch_optional(&mut *self.tx).await? {
            Some(_) => Err(StoreError::Barred(key.clone())),
            None => Ok(()),
        }
    }

    /// The newest version that there is of a secret; of a new one, that there may have
    /// been. Zero if there was none.
    async fn newest(&mut self, row: Option<i64>, item: &Item<'_>) -> Result<u64, StoreError> {
        let newest: Option<i64> = match row {
            Some(row) => {
                let newest = "SELECT max(version) FROM secret_version WHERE secret = ?";
                query_scalar(newest).bind(row).fetch_one(&mut *self.tx).await?
            }
            None => {
                let deleted = "SELECT version FROM secret_deleted WHERE scope = ?";
                let deleted = query_scalar(deleted).bind(item.scope().path());
                deleted.fetch_optional(&mut *self.tx).await?
            }
        };
        Ok(newest.map_or(0, unsigned))
    }

    /// Writes a version that is newer than all there are.
    async fn put(
        &mut self,
        row: Option<i64>,
        item: &Item<'_>,
        version: u64,
        sealed: &Sealed,
    ) -> Result<(), StoreError> {
        let row = match row {
            Some(row) => row,
            None => {
                let new = "INSERT INTO secret (scope, id, name, user, first)
                    VALUES (?, ?, ?, ?, ?) RETURNING row";
                query_scalar(new)
                    .bind(item.scope().path())
                    .bind(item.id())
                    .bind(item.user().map(|_| item.name()))
                    .bind(item.user())
                    .bind(signed(version))
                    .fetch_one(&mut *self.tx)
                    .await?
            }
        };
        query("INSERT INTO secret_version VALUES (?, ?, ?, ?)")
            .bind(row)
            .bind(signed(version))
            .bind(sealed.wrap.bytes())
            .bind(&sealed.body)
            .execute(&mut *self.tx)
            .await?;
        let forget = "DELETE FROM secret_version WHERE secret = ?1 AND version NOT IN
            (SELECT version FROM secret_version WHERE secret = ?1 ORDER BY version DESC LIMIT ?2)";
        query(forget).bind(row).bind(item.keep()).execute(&mut *self.tx).await?;
        Ok(())
    }

    pub(super) async fn record(
        &mut self,
        scope: &Scope,
        entry: Entry<'_>,
        actor: &Actor,
    ) -> Result<(), StoreError> {
        let insert = "INSERT INTO secret_audit VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            RETURNING random()";
        let drawn: i64 = query_scalar(insert)
            .bind(scope.path())
            .bind(entry.is_change())
            .bind(self.now_ms)
            .bind(entry.action.name())
            .bind(entry.id)
            .bind(signed(entry.version))
            .bind(entry.outcome)
            .bind(&actor.component)
            .bind(&actor.digest)
            .bind(&actor.instance)
            .fetch_one(&mut *self.tx)
            .await?;
        if drawn % AUDIT_CUT_EVERY != 0 {
            return Ok(());
        }
        let cut = "DELETE FROM secret_audit WHERE scope = ?1 AND is_change = ?2 AND row <=
            (SELECT row FROM secret_audit WHERE scope = ?1 AND is_change = ?2
                ORDER BY row DESC LIMIT 1 OFFSET ?3)";
        let kept = AUDIT_ENTRIES_MAX * u32::from(SECRET_SHARDS);
        let cut = query(cut).bind(scope.path()).bind(entry.is_change()).bind(kept);
        cut.execute(&mut *self.tx).await?;
        Ok(())
    }
}

/// The row of a secret, if it is there.
async fn row(file: &mut SqliteConnection, item: &Item<'_>) -> Result<Option<i64>, sqlx::Error> {
    query_scalar("SELECT row FROM secret WHERE scope = ? AND id = ?")
        .bind(item.scope().path())
        .bind(item.id())
        .fetch_optional(file)
        .await
}

/// The version that is asked for, if it is there.
async fn stored(
    file: &mut SqliteConnection,
    read: &Read<'_>,
) -> Result<Option<Stored>, StoreError> {
    let sql = "SELECT version, wrap, body FROM secret_version JOIN secret ON secret = secret.row
        WHERE scope = ?1 AND id = ?2 AND (?3 IS NULL OR version = ?3) ORDER BY version DESC LIMIT 1";
    let found: Option<(i64, Vec<u8>, Vec<u8>)> = query_as(sql)
        .bind(read.item.scope().path())
        .bind(read.item.id())
        .bind(read.version.map(signed))
        .fetch_optional(file)
        .await?;
    let Some((version, wrap, body)) = found else { return Ok(None) };
    let version = unsigned(version);
    if read.known == Some(version) {
        return Ok(Some(Stored { version, sealed: None }));
    }
    let wrap = Wrap::read(&wrap, read.item.id())?;
    Ok(Some(Stored { version, sealed: Some(Sealed { wrap, body }) }))
}

impl From<sqlx::Error> for StoreError {
    fn from(err: sqlx::Error) -> Self {
        Self::Unavailable(Unavailable::from(err))
    }
}
