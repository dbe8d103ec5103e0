//! Workflows in one embedded file: the plainest reading of [`super::Store`].

use sqlx::{query, query_as, query_scalar};

use super::change::sqlite::{BODY, Change, Newborn};
use super::log::Event;
use super::store::{Store, StoreError};
use super::{Lease, NewRun, Served, Started, Take, Taken, Write, Written};
use super::{RunId, STATE_BYTES_MAX, STATE_PARTS_MAX};
use crate::grant::Scope;
use crate::services::OpenError;
use crate::sqlite::{Sqlite, signed};

/// Each brings the tables from the format before it to its own.
const MIGRATIONS: &[&str] = &[include_str!("sql/1.sql")];

/// Workflows in a file. It is one partition, whatever runs' ids say: a transaction may touch
/// all of it.
#[derive(Debug)]
pub struct SqliteStore {
    pub(in crate::workflow) file: Sqlite,
}

impl SqliteStore {
    /// The file.
    pub(super) fn file(&self) -> &Sqlite {
        &self.file
    }
    /// Workflows in `file`, which was opened at `url`.
    pub(crate) async fn open(file: Sqlite, url: &str) -> Result<Self, OpenError> {
        file.migrate(url, "workflow", MIGRATIONS).await?;
        Ok(Self { file })
    }

    /// Does `work` in one transaction, and commits it if it does not fail.
    pub(in crate::workflow) async fn change<T>(
        &self,
        scope: &Scope,
        work: impl AsyncFnOnce(&mut Change<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let change = async {
            let mut change = Change::begin(&self.file, scope).await?;
            let done = work(&mut change).await?;
            change.commit().await?;
            Ok(done)
        };
        self.file.within(change).await
    }
}

impl Store for SqliteStore {
    async fn start(&self, scope: &Scope, runs: &[NewRun]) -> Result<Vec<Started>, StoreError> {
        let start = async |change: &mut Change<'_>| {
            let mut started = Vec::with_capacity(runs.len());
            for run in runs {
                started.push(change.start(run).await?);
            }
            Ok(started)
        };
        self.change(scope, start).await
    }

    async fn take(
        &self,
        scope: &Scope,
        _partition: u8,
        take: &Take<'_>,
    ) -> Result<Taken, StoreError> {
        self.change(scope, async |change: &mut Change<'_>| change.take(take).await).await
    }

    async fn write(
        &self,
        scope: &Scope,
        lease: &Lease,
        write: &Write<'_>,
    ) -> Result<Written, StoreError> {
        self.change(scope, async |change: &mut Change<'_>| change.write(lease, write).await).await
    }

    async fn settle(&self, scope: &Scope, lease: &Lease, event: &Event) -> Result<(), StoreError> {
        self.change(scope, async |change: &mut Change<'_>| change.settle(lease, event).await).await
    }

    async fn renew(
        &self,
        scope: &Scope,
        _partition: u8,
        leases: &[Lease],
        lease_ms: u64,
    ) -> Result<Vec<bool>, StoreError> {
        let renew = async |change: &mut Change<'_>| {
            let mut renewed = Vec::with_capacity(leases.len());
            for lease in leases {
                let row = change.holder(lease).await?;
                if let Some(row) = row {
                    let sql = "UPDATE workflow_lease SET expires_ms = ? WHERE run = ? AND seq = ?";
                    let last = query(sql).bind(change.after(lease_ms)).bind(row).bind(seq(lease));
                    last.execute(&mut *change.tx).await?;
                }
                renewed.push(row.is_some());
            }
            Ok(renewed)
        };
        self.change(scope, renew).await
    }

    async fn set_state(
        &self,
        scope: &Scope,
        lease: &Lease,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        let set = async |change: &mut Change<'_>| {
            let row = change.holder(lease).await?.filter(|_| lease.seq.is_some());
            change.set_state(row.ok_or(StoreError::Fenced)?, name, value).await
        };
        self.change(scope, set).await
    }

    async fn state(
        &self,
        scope: &Scope,
        run: &RunId,
        name: &str,
    ) -> Result<Option<String>, StoreError> {
        let sql = "SELECT state.value FROM workflow_run run
            JOIN workflow_state state ON state.run = run.row
            WHERE run.scope = ? AND run.id = ? AND state.name = ?";
        let read = async {
            let value = query_scalar(sql).bind(scope.path()).bind(run.as_str()).bind(name);
            Ok(value.fetch_optional(&mut *self.file.read().await?).await?)
        };
        self.file.within(read).await
    }

    async fn register(&self, scope: &Scope, versions: &[Served]) -> Result<(), StoreError> {
        let sql = "INSERT INTO workflow_version VALUES (?1, ?2, ?3, 'active', ?4, ?5, ?5)
            ON CONFLICT DO UPDATE SET source = ?4, last_ms = ?5";
        let register = async |change: &mut Change<'_>| {
            for version in versions {
                query(sql)
                    .bind(scope.path())
                    .bind(&version.workflow)
                    .bind(version.digest.to_string())
                    .bind(&version.source)
                    .bind(change.now_ms)
                    .execute(&mut *change.tx)
                    .await?;
            }
            Ok(())
        };
        self.change(scope, register).await
    }
}

impl Change<'_> {
    /// Starts a run, unless it or one with its key is there.
    pub(in crate::workflow) async fn start(&mut self, new: &NewRun) -> Result<Started, StoreError> {
        if self.find(new.id.as_str()).await?.is_some() {
            // Ids are random: the answer of an earlier try was lost.
            return Ok(Started { id: new.id.clone(), new: true });
        }
        if let Some(key) = &new.key {
            let sql = "SELECT id FROM workflow_run WHERE scope = ? AND workflow = ? AND key = ?";
            let found: Option<String> = query_scalar(sql)
                .bind(self.scope.path())
                .bind(&new.workflow)
                .bind(key)
                .fetch_optional(&mut *self.tx)
                .await?;
            if let Some(id) = found {
                let id = id.parse().map_err(|_| StoreError::Malformed { run: id, what: "its id" });
                return Ok(Started { id: id?, new: false });
            }
        }
        let digest = self.version(&new.workflow).await?;
        let digest = digest.ok_or_else(|| StoreError::NoVersion(new.workflow.clone()))?;
        let newborn = Newborn {
            id: new.id.as_str(),
            workflow: &new.workflow,
            digest: &digest,
            input: &new.input,
            key: new.key.as_deref(),
            user: new.user.as_deref(),
            parent: None,
            depth: 0,
            priority: new.priority,
            timeout_ms: new.timeout_ms,
            delay_ms: new.delay_ms,
            retention_ms: new.retention_ms,
        };
        self.bear(&newborn).await?;
        Ok(Started { id: new.id.clone(), new: true })
    }

    /// The row of the run that a lease is of, if the lease is still what it was.
    pub(in crate::workflow) async fn holder(
        &mut self,
        lease: &Lease,
    ) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT run.row FROM workflow_run run
            JOIN workflow_lease lease ON lease.run = run.row AND lease.seq = ?
            WHERE run.scope = ? AND run.id = ? AND lease.token = ?";
        let row = query_scalar(sql)
            .bind(seq(lease))
            .bind(self.scope.path())
            .bind(lease.run.as_str())
            .bind(&lease.token);
        Ok(row.fetch_optional(&mut *self.tx).await?)
    }

    /// Sets a part of a run's state.
    pub(in crate::workflow) async fn set_part(
        &mut self,
        row: i64,
        name: &str,
        value: &str,
    ) -> Result<(), StoreError> {
        query("INSERT OR REPLACE INTO workflow_state VALUES (?, ?, ?)")
            .bind(row)
            .bind(name)
            .bind(value)
            .execute(&mut *self.tx)
            .await?;
        Ok(())
    }

    /// How many parts a run's state has, and bytes.
    pub(in crate::workflow) async fn state_size(
        &mut self,
        row: i64,
    ) -> Result<(i64, i64), StoreError> {
        // octet_length, because length stops at the first NUL of a text.
        let sizes = "SELECT count(*), coalesce(sum(octet_length(name) + octet_length(value)), 0)
            FROM workflow_state WHERE run = ?";
        Ok(query_as(sizes).bind(row).fetch_one(&mut *self.tx).await?)
    }

    /// Sets a part of a run's state for a function, which does not know the others.
    async fn set_state(&mut self, row: i64, name: &str, value: &str) -> Result<(), StoreError> {
        self.set_part(row, name, value).await?;
        let (parts, bytes) = self.state_size(row).await?;
        if parts > i64::from(STATE_PARTS_MAX) {
            return Err(StoreError::TooLarge {
                what: "parts of state",
                max: STATE_PARTS_MAX.into(),
            });
        }
        if bytes > signed(STATE_BYTES_MAX) {
            return Err(StoreError::TooLarge { what: "bytes of state", max: STATE_BYTES_MAX });
        }
        Ok(())
    }
}

/// What a lease is of within its run.
pub(in crate::workflow) fn seq(lease: &Lease) -> i64 {
    lease.seq.map_or(BODY, i64::from)
}
