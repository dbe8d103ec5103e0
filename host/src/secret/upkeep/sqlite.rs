//! An operator's side of secrets in one embedded file.

use sqlx::sqlite::SqliteRow;
use sqlx::{Row as _, query, query_as, query_scalar};

use super::{Rewrap, Upkeep, WrapPage};
use crate::grant::Scope;
use crate::secret::audit::{Action, Actor, Entry, Event};
use crate::secret::provider::KeyRef;
use crate::secret::sqlite::SqliteStore;
use crate::secret::store::StoreError;
use crate::sqlite::{signed, unsigned};

/// Secrets whose wraps are one page.
const PAGE_SECRETS: i64 = 16;

impl Upkeep for SqliteStore {
    async fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        let read = async {
            let mut file = self.file.read().await?;
            // From scope to scope along the index: the audit has many rows of each.
            let sql = "WITH RECURSIVE
                held (scope) AS (SELECT min(scope) FROM secret UNION ALL
                    SELECT (SELECT min(scope) FROM secret WHERE scope > held.scope)
                    FROM held WHERE held.scope IS NOT NULL),
                audited (scope) AS (SELECT min(scope) FROM secret_audit UNION ALL
                    SELECT (SELECT min(scope) FROM secret_audit WHERE scope > audited.scope)
                    FROM audited WHERE audited.scope IS NOT NULL)
                SELECT scope FROM held WHERE scope IS NOT NULL
                UNION SELECT scope FROM audited WHERE scope IS NOT NULL ORDER BY 1";
            let paths: Vec<String> = query_scalar(sql).fetch_all(&mut *file).await?;
            Ok(paths.iter().map(|path| Scope::from_path(path)).collect())
        };
        self.file.within(read).await
    }

    /// The file has no shards: all is in the first.
    async fn wraps(
        &self,
        scope: &Scope,
        shard: u8,
        after: &str,
        except: Option<&KeyRef>,
    ) -> Result<WrapPage, StoreError> {
        let read = async {
            let mut page =
                WrapPage { wraps: Vec::new(), malformed: Vec::new(), seen: 0, next: None };
            if shard > 0 {
                return Ok(page);
            }
            let mut file = self.file.read().await?;
            let mut tx = sqlx::Connection::begin(&mut *file).await?;
            let ids = "SELECT row, id FROM secret WHERE scope = ? AND id > ? ORDER BY id LIMIT ?";
            let ids: Vec<(i64, String)> = query_as(ids)
                .bind(scope.path())
                .bind(after)
                .bind(PAGE_SECRETS)
                .fetch_all(&mut *tx)
                .await?;
            for (row, id) in &ids {
                let sql = "SELECT version, wrap FROM secret_version WHERE secret = ?
                    ORDER BY version";
                let wraps = query_as(sql).bind(row).fetch_all(&mut *tx).await?;
                wraps.into_iter().for_each(|(version, wrap): (i64, Vec<u8>)| {
                    page.add(id.clone(), unsigned(version), &wrap);
                });
            }
            page.wraps.retain(|of| except != Some(&of.wrap.key));
            page.seen = ids.len() as u64;
            page.next = ids.last().map(|(_, id)| id.clone());
            Ok(page)
        };
        self.file.within(read).await
    }

    async fn rewrap(
        &self,
        scope: &Scope,
        _shard: u8,
        rewraps: &[Rewrap],
        actor: &Actor,
    ) -> Result<u64, StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let mut replaced = 0;
            for Rewrap { of, wrap } in rewraps {
                change.check_barred(&wrap.key).await?;
                let sql = "UPDATE secret_version SET wrap = ? WHERE version = ? AND wrap = ?
                    AND secret = (SELECT row FROM secret WHERE scope = ? AND id = ?)";
                let done = query(sql)
                    .bind(wrap.bytes())
                    .bind(signed(of.version))
                    .bind(of.wrap.bytes())
                    .bind(scope.path())
                    .bind(&of.id)
                    .execute(&mut *change.tx)
                    .await?;
                if done.rows_affected() > 0 {
                    replaced += 1;
                    let (action, id, version) = (Action::Rotate, of.id.as_str(), of.version);
                    let entry = Entry { action, id, version, outcome: "ok" };
                    change.record(scope, entry, actor).await?;
                }
            }
            change.tx.commit().await?;
            Ok(replaced)
        };
        self.file.within(write).await
    }

    async fn bar(&self, key: &KeyRef, barred: bool) -> Result<(), StoreError> {
        let write = async {
            let mut change = self.begin().await?;
            let sql = if barred {
                "INSERT OR IGNORE INTO secret_barred VALUES (?)"
            } else {
                "DELETE FROM secret_barred WHERE key = ?"
            };
            query(sql).bind(key.to_string()).execute(&mut *change.tx).await?;
            Ok(change.tx.commit().await?)
        };
        self.file.within(write).await
    }

    async fn settle(&self) -> Result<(), StoreError> {
        self.file.within(async { Ok(self.file.checkpoint().await?) }).await
    }

    async fn is_barred(&self, key: &KeyRef) -> Result<bool, StoreError> {
        let read = async {
            let mut file = self.file.read().await?;
            let barred = query("SELECT 1 FROM secret_barred WHERE key = ?").bind(key.to_string());
            Ok(barred.fetch_optional(&mut *file).await?.is_some())
        };
        self.file.within(read).await
    }

    async fn events(&self, scope: &Scope, limit: u32) -> Result<Vec<Event>, StoreError> {
        let read = async {
            let mut file = self.file.read().await?;
            let sql = "SELECT * FROM secret_audit WHERE scope = ? ORDER BY row DESC LIMIT ?";
            let rows = query(sql).bind(scope.path()).bind(limit).fetch_all(&mut *file).await?;
            Ok(rows.iter().map(event).collect::<Result<_, _>>()?)
        };
        self.file.within(read).await
    }
}

fn event(row: &SqliteRow) -> Result<Event, sqlx::Error> {
    let action: String = row.try_get("action")?;
    Ok(Event {
        at_ms: unsigned(row.try_get("at_ms")?),
        sequence: unsigned(row.try_get("row")?),
        action: action.parse().ok(),
        id: row.try_get("id")?,
        version: unsigned(row.try_get("version")?),
        outcome: row.try_get("outcome")?,
        actor: Actor {
            component: row.try_get("component")?,
            digest: row.try_get("digest")?,
            instance: row.try_get("instance")?,
        },
    })
}
