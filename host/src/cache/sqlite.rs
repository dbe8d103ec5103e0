//! The cache in one embedded file: the plainest reading of [`super::Store`].

use std::time::Duration;

use sqlx::{Row as _, Sqlite as Db, SqliteConnection, Transaction, query, query_scalar};

use super::store::counter;
use super::{Ask, Entry, Found, Store, StoreError};
use crate::grant::{Key, Scope};
use crate::ids::Id;
use crate::services::OpenError;
use crate::sqlite::{Sqlite, signed};

/// Each brings the tables from the format before it to its own.
const MIGRATIONS: &[&str] = &[include_str!("sql/1.sql")];

/// Expired rows that each write removes: more than it can add, so that a file in
/// use does not grow with what has expired.
const SWEEP: [&str; 3] = [
    "DELETE FROM cache_entry WHERE rowid IN
        (SELECT rowid FROM cache_entry WHERE expires_ms <= ? LIMIT 128)",
    "DELETE FROM cache_generation WHERE rowid IN
        (SELECT rowid FROM cache_generation WHERE expires_ms <= ? LIMIT 128)",
    "DELETE FROM cache_claim WHERE rowid IN
        (SELECT rowid FROM cache_claim WHERE expires_ms <= ? LIMIT 128)",
];

/// Selects `columns` of the row of `table` at scope and id, if it is live: not
/// expired, and of its bucket's and group's current generation. A bucket's
/// generation is under the empty name, which no group's is.
macro_rules! live {
    ($columns:literal, $table:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM ",
            $table,
            " e JOIN cache_generation b
                ON b.scope = e.scope AND b.name = '' AND b.generation = e.bucket AND b.expires_ms > ?3
            LEFT JOIN cache_generation g
                ON g.scope = e.scope AND g.name = 'g' || e.member AND g.generation = e.membership
                AND g.expires_ms > ?3
            WHERE e.scope = ?1 AND e.id = ?2 AND e.expires_ms > ?3
                AND (e.member IS NULL OR g.name IS NOT NULL)"
        )
    };
}

/// A cache in a file.
#[derive(Debug)]
pub struct SqliteStore {
    file: Sqlite,
}

/// One transaction that writes, at one time.
struct Change {
    tx: Transaction<'static, Db>,
    now: u64,
}

/// What ties an entry to its bucket and group.
struct Head {
    bucket: Vec<u8>,
    member: Option<String>,
    membership: Option<Vec<u8>>,
}

impl SqliteStore {
    /// The cache in `file`, which was opened at `url`.
    pub async fn open(file: Sqlite, url: &str) -> Result<Self, OpenError> {
        file.migrate(url, "cache", MIGRATIONS).await?;
        Ok(Self { file })
    }

    async fn begin(&self) -> Result<Change, StoreError> {
        let tx = self.file.write().await?;
        Ok(Change { tx, now: self.file.clock().millis() })
    }
}

impl Store for SqliteStore {
    async fn get(&self, keys: &[Key<'_>]) -> Result<Vec<Option<Vec<u8>>>, StoreError> {
        let now = self.file.clock().millis();
        let read = async {
            let mut file = self.file.read().await?;
            let mut values = Vec::with_capacity(keys.len());
            for key in keys {
                values.push(value(&mut file, *key, now).await?);
            }
            Ok(values)
        };
        self.file.within(read).await
    }

    async fn set(
        &self,
        entries: &[(Key<'_>, Entry<'_>)],
        generation: Id,
        if_absent: bool,
    ) -> Result<usize, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let mut done = 0;
            for (key, entry) in entries {
                if if_absent && change.remaining(*key).await?.is_some() {
                    continue;
                }
                let head = change.head(key.scope(), entry.group, generation, entry.ttl).await?;
                change.put(*key, entry.value, &head, entry.ttl).await?;
                done += 1;
            }
            change.commit().await?;
            Ok(done)
        };
        self.file.within(write).await
    }

    async fn delete(&self, key: Key<'_>) -> Result<bool, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let found = change.remaining(key).await?.is_some();
            change.delete("DELETE FROM cache_entry WHERE scope = ? AND id = ?", key).await?;
            change.end_claim(key).await?;
            change.commit().await?;
            Ok(found)
        };
        self.file.within(write).await
    }

    async fn ttl(&self, key: Key<'_>) -> Result<Option<Duration>, StoreError> {
        let now = self.file.clock().millis();
        let read = async {
            let mut file = self.file.read().await?;
            Ok(remaining(&mut file, key, now).await?)
        };
        self.file.within(read).await
    }

    async fn add(
        &self,
        key: Key<'_>,
        new: Entry<'_>,
        delta: i64,
        generation: Id,
    ) -> Result<i64, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let sum = match value(&mut change.tx, key, change.now).await? {
                Some(value) => {
                    let sum = counter(count(&value)?.checked_add(delta))?;
                    query("UPDATE cache_entry SET value = ? WHERE scope = ? AND id = ?")
                        .bind(sum.to_string().into_bytes())
                        .bind(key.scope().path())
                        .bind(key.id())
                        .execute(&mut *change.tx)
                        .await?;
                    change.end_claim(key).await?;
                    sum
                }
                None => {
                    let head = change.head(key.scope(), new.group, generation, new.ttl).await?;
                    change.put(key, delta.to_string().as_bytes(), &head, new.ttl).await?;
                    delta
                }
            };
            change.commit().await?;
            Ok(sum)
        };
        self.file.within(write).await
    }

    async fn invalidate(&self, scope: &Scope, group: Option<&str>) -> Result<(), StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            query("DELETE FROM cache_generation WHERE scope = ? AND name = ?")
                .bind(scope.path())
                .bind(name(group))
                .execute(&mut *change.tx)
                .await?;
            change.commit().await
        };
        self.file.within(write).await
    }

    async fn claim(&self, key: Key<'_>, ask: Ask<'_>) -> Result<Found, StoreError> {
        // A hit, which is the usual case, waits for no writer.
        if let Some(value) = self.get(&[key]).await?.pop().flatten() {
            return Ok(Found::Value(value));
        }
        let write = async {
            let mut change = self.begin().await?;
            if let Some(value) = value(&mut change.tx, key, change.now).await? {
                return Ok(Found::Value(value));
            }
            if change.claimed(key).await?.is_some() {
                return Ok(Found::Busy);
            }
            let head = change.head(key.scope(), ask.group, ask.generation, ask.ttl).await?;
            query("INSERT OR REPLACE INTO cache_claim VALUES (?, ?, ?, ?, ?, ?, ?)")
                .bind(key.scope().path())
                .bind(key.id())
                .bind(&ask.token.0[..])
                .bind(&head.bucket)
                .bind(&head.member)
                .bind(&head.membership)
                .bind(change.expiry(ask.ttl))
                .execute(&mut *change.tx)
                .await?;
            change.commit().await?;
            Ok(Found::Claimed)
        };
        self.file.within(write).await
    }

    async fn settle(
        &self,
        key: Key<'_>,
        token: Id,
        entry: Option<Entry<'_>>,
    ) -> Result<(), StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let ours = change.claimed(key).await?.filter(|(holder, _)| holder == &token.0);
            match (ours, entry) {
                (Some((_, head)), Some(entry)) => {
                    change.renew(key.scope(), &head, entry.ttl).await?;
                    change.put(key, entry.value, &head, entry.ttl).await?;
                }
                (Some(_), None) => change.end_claim(key).await?,
                (None, Some(_)) => return Err(StoreError::ClaimLost),
                (None, None) => return Ok(()),
            }
            change.commit().await
        };
        self.file.within(write).await
    }
}

impl Change {
    /// Replaces an entry and ends the claim on it.
    async fn put(
        &mut self,
        key: Key<'_>,
        value: &[u8],
        head: &Head,
        ttl: Duration,
    ) -> Result<(), StoreError> {
        query("INSERT OR REPLACE INTO cache_entry VALUES (?, ?, ?, ?, ?, ?, ?)")
            .bind(key.scope().path())
            .bind(key.id())
            .bind(value)
            .bind(&head.bucket)
            .bind(&head.member)
            .bind(&head.membership)
            .bind(self.expiry(ttl))
            .execute(&mut *self.tx)
            .await?;
        self.end_claim(key).await
    }

    /// What ties an entry that is set now to its bucket and group.
    async fn head(
        &mut self,
        scope: &Scope,
        group: Option<&str>,
        fresh: Id,
        ttl: Duration,
    ) -> Result<Head, StoreError> {
        let bucket = self.generation(scope, None, fresh, ttl).await?;
        let membership = match group {
            Some(_) => Some(self.generation(scope, group, fresh, ttl).await?),
            None => None,
        };
        Ok(Head { bucket, member: group.map(str::to_owned), membership })
    }

    /// The current generation, which then lasts at least as long as `ttl`.
    async fn generation(
        &mut self,
        scope: &Scope,
        group: Option<&str>,
        fresh: Id,
        ttl: Duration,
    ) -> Result<Vec<u8>, StoreError> {
        let current =
            "INSERT INTO cache_generation VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET
            generation = iif(expires_ms > ?5, generation, ?3), expires_ms = max(expires_ms, ?4)
            RETURNING generation";
        let current = query_scalar(current)
            .bind(scope.path())
            .bind(name(group))
            .bind(&fresh.0[..])
            .bind(self.expiry(ttl))
            .bind(signed(self.now))
            .fetch_one(&mut *self.tx)
            .await?;
        Ok(current)
    }

    /// Makes the generations of a live head last as long as `ttl`.
    async fn renew(&mut self, scope: &Scope, head: &Head, ttl: Duration) -> Result<(), StoreError> {
        let names = [Some(name(None)), head.member.as_deref().map(|member| name(Some(member)))];
        for name in names.into_iter().flatten() {
            let longer = "UPDATE cache_generation SET expires_ms = max(expires_ms, ?) WHERE scope = ? AND name = ?";
            query(longer)
                .bind(self.expiry(ttl))
                .bind(scope.path())
                .bind(name)
                .execute(&mut *self.tx)
                .await?;
        }
        Ok(())
    }

    async fn remaining(&mut self, key: Key<'_>) -> Result<Option<Duration>, StoreError> {
        Ok(remaining(&mut self.tx, key, self.now).await?)
    }

    /// The holder of the live claim on `key`, and what its entry will be tied to.
    async fn claimed(&mut self, key: Key<'_>) -> Result<Option<(Vec<u8>, Head)>, StoreError> {
        let row = query(live!("e.token, e.bucket, e.member, e.membership", "cache_claim"))
            .bind(key.scope().path())
            .bind(key.id())
            .bind(signed(self.now))
            .fetch_optional(&mut *self.tx)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let (bucket, member, membership) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
        Ok(Some((row.try_get(0)?, Head { bucket, member, membership })))
    }

    async fn end_claim(&mut self, key: Key<'_>) -> Result<(), StoreError> {
        self.delete("DELETE FROM cache_claim WHERE scope = ? AND id = ?", key).await
    }

    async fn delete(&mut self, sql: &'static str, key: Key<'_>) -> Result<(), StoreError> {
        query(sql).bind(key.scope().path()).bind(key.id()).execute(&mut *self.tx).await?;
        Ok(())
    }

    async fn commit(mut self) -> Result<(), StoreError> {
        for sweep in SWEEP {
            query(sweep).bind(signed(self.now)).execute(&mut *self.tx).await?;
        }
        Ok(self.tx.commit().await?)
    }

    fn expiry(&self, ttl: Duration) -> i64 {
        signed(self.now + u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX / 2))
    }
}

async fn value(
    file: &mut SqliteConnection,
    key: Key<'_>,
    now: u64,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    query_scalar(live!("e.value", "cache_entry"))
        .bind(key.scope().path())
        .bind(key.id())
        .bind(signed(now))
        .fetch_optional(file)
        .await
}

async fn remaining(
    file: &mut SqliteConnection,
    key: Key<'_>,
    now: u64,
) -> Result<Option<Duration>, sqlx::Error> {
    let expires: Option<i64> = query_scalar(live!("e.expires_ms", "cache_entry"))
        .bind(key.scope().path())
        .bind(key.id())
        .bind(signed(now))
        .fetch_optional(file)
        .await?;
    let left = expires.map(|at| u64::try_from(at).unwrap_or(0).saturating_sub(now));
    Ok(left.map(Duration::from_millis))
}

/// A group's row in `cache_generation`, or the bucket's.
fn name(group: Option<&str>) -> String {
    group.map_or_else(String::new, |group| format!("g{group}"))
}

/// Takes only what `add` writes: Redis refuses `+5` and `007`, so we do too.
fn count(value: &[u8]) -> Result<i64, StoreError> {
    let count = std::str::from_utf8(value).ok().and_then(|text| text.parse::<i64>().ok());
    counter(count.filter(|count| count.to_string().as_bytes() == value))
}

impl From<sqlx::Error> for StoreError {
    fn from(err: sqlx::Error) -> Self {
        Self::Unavailable(err.into())
    }
}
