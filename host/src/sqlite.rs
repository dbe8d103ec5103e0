//! What every SQLite store shares: one file, one writer, a deadline, migrations.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{Connection as _, Sqlite as Db, SqliteConnection, Transaction};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::error::Unavailable;
use crate::services::OpenError;

/// Reads that may run at a time. Each holds a thread and a page cache.
const READERS: u32 = 4;

/// How often a watch looks for what other processes committed.
const POLL: Duration = Duration::from_millis(50);

/// What marks a file as ours (`PRAGMA application_id`): "Stma".
const APPLICATION_ID: i32 = 0x5374_6d61;

/// An open file, shared by all that use it. Cloning is cheap.
///
/// In WAL mode readers see the last commit while one writer goes on. Within this
/// process writers queue for the one writing connection, which is fair; between
/// processes SQLite's lock decides.
#[derive(Debug, Clone)]
pub struct Sqlite {
    reader: SqlitePool,
    writer: SqlitePool,
    options: Arc<SqliteConnectOptions>,
    deadline: Duration,
    clock: Clock,
    posted: Arc<Notify>,
}

/// Tells of commits. See [`Sqlite::watch`].
#[derive(Debug)]
pub struct Watch {
    /// A connection that nothing else uses, so that every commit is another's.
    file: SqliteConnection,
    posted: Arc<Notify>,
    version: i64,
}

impl Sqlite {
    /// Opens the file at `path`, and makes it and its folder if there is none.
    pub async fn open(path: &Path, deadline: Duration, clock: Clock) -> Result<Self, OpenError> {
        let url = path.display().to_string();
        let fail = |err: sqlx::Error| OpenError::new(&url, err.into());
        make_private(path).map_err(|err| OpenError::new(&url, err.into()))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            // Less than the deadline, so that SQLite's answer comes before ours.
            .busy_timeout(deadline / 2);
        let mut file = SqliteConnection::connect_with(&options).await.map_err(fail)?;
        let owned = check_owner(&mut file, &url).await;
        if owned.is_ok() {
            enter_wal(&mut file, deadline).await.map_err(fail)?;
        }
        file.close().await.map_err(fail)?;
        owned?;
        let options = options
            .journal_mode(SqliteJournalMode::Wal)
            // With WAL a commit survives the end of the process; a power cut may
            // take the last moments, and never harms the file
            // (https://www.sqlite.org/pragma.html#pragma_synchronous).
            .synchronous(SqliteSynchronous::Normal);
        let pool = |max| {
            // A file does not go away as a server does: no ping before each use.
            let pool = SqlitePoolOptions::new().max_connections(max).acquire_timeout(deadline);
            pool.test_before_acquire(false)
        };
        let writer = pool(1).connect_with(options.clone()).await.map_err(fail)?;
        let options = options.read_only(true);
        let reader = pool(READERS).connect_with(options.clone()).await.map_err(fail)?;
        let options = Arc::new(options);
        Ok(Self { reader, writer, options, deadline, clock, posted: Arc::default() })
    }

    /// Brings a service's tables to the newest of its `migrations`, or refuses
    /// a file that a newer version has written.
    ///
    /// Each migration is one transaction with its number, so a crash leaves the
    /// one before or the one after, and of two processes one migrates.
    pub async fn migrate(
        &self,
        url: &str,
        service: &'static str,
        migrations: &[&'static str],
    ) -> Result<(), OpenError> {
        let fail = |err: sqlx::Error| OpenError::new(url, err.into());
        let mut tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
        let table = "CREATE TABLE IF NOT EXISTS format (service TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT";
        sqlx::raw_sql(table).execute(&mut *tx).await.map_err(fail)?;
        let found: Option<i64> = sqlx::query_scalar("SELECT version FROM format WHERE service = ?")
            .bind(service)
            .fetch_optional(&mut *tx)
            .await
            .map_err(fail)?;
        let found = usize::try_from(found.unwrap_or(0)).unwrap_or(usize::MAX);
        if found > migrations.len() {
            let newest = u32::try_from(migrations.len()).unwrap_or(u32::MAX);
            return Err(OpenError::format(url, service, &found.to_string(), newest));
        }
        for sql in &migrations[found..] {
            sqlx::raw_sql(*sql).execute(&mut *tx).await.map_err(fail)?;
        }
        let version = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
        sqlx::query("INSERT INTO format VALUES (?1, ?2) ON CONFLICT DO UPDATE SET version = ?2")
            .bind(service)
            .bind(version)
            .execute(&mut *tx)
            .await
            .map_err(fail)?;
        tx.commit().await.map_err(fail)
    }

    /// Brings all commits into the database and to the disk: until then a power cut may take
    /// the last of them (<https://www.sqlite.org/pragma.html#pragma_wal_checkpoint>).
    pub async fn checkpoint(&self) -> Result<(), sqlx::Error> {
        let (busy, _, _): (i64, i64, i64) =
            sqlx::query_as("PRAGMA wal_checkpoint(FULL)").fetch_one(&self.writer).await?;
        if busy == 0 { Ok(()) } else { Err(sqlx::Error::PoolTimedOut) }
    }

    /// Starts a transaction that writes.
    pub async fn write(&self) -> Result<Transaction<'static, Db>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// A connection that reads.
    pub async fn read(&self) -> Result<PoolConnection<Db>, sqlx::Error> {
        self.reader.acquire().await
    }

    /// Gives `work` until the deadline. A transaction that is dropped rolls back.
    pub async fn within<T, E: From<sqlx::Error>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        match tokio::time::timeout(self.deadline, work).await {
            Ok(done) => done,
            Err(_) => Err(sqlx::Error::PoolTimedOut.into()),
        }
    }

    /// Tells of commits, by this process and by others.
    pub async fn watch(&self) -> Result<Watch, sqlx::Error> {
        let file = SqliteConnection::connect_with(&self.options).await?;
        Ok(Watch { file, posted: self.posted.clone(), version: 0 })
    }

    /// Told by each commit that posts something to other hosts.
    pub fn posted(&self) -> &Arc<Notify> {
        &self.posted
    }

    /// The time that expiries are compared with.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }
}

impl Watch {
    /// Returns when there may have been a commit since it did before: of one that posts something in this
    /// process at once, of another within [`POLL`].
    pub async fn changed(&mut self) {
        loop {
            let posted = self.posted.clone();
            let posted = posted.notified();
            // It changes with each commit of another connection
            // (https://www.sqlite.org/pragma.html#pragma_data_version).
            let version = sqlx::query_scalar("PRAGMA data_version").fetch_one(&mut self.file);
            let version: i64 = version.await.unwrap_or(self.version);
            if std::mem::replace(&mut self.version, version) != version {
                return;
            }
            if tokio::time::timeout(POLL, posted).await.is_ok() {
                return;
            }
        }
    }
}

/// The file holds sessions and secrets: only its owner may read it, and its
/// folder if we make it. SQLite gives its `-wal` and `-shm` the file's mode.
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // A file that is there is not opened: to close it again would end the locks that
    // this process may have on it (https://www.sqlite.org/howtocorrupt.html, 2.2).
    match std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Err(err) if err.kind() != ErrorKind::AlreadyExists => Err(err),
        _ => Ok(()),
    }
}

/// Refuses a database of some other program before anything is written to it:
/// also before WAL mode, which is written into the file.
async fn check_owner(file: &mut SqliteConnection, url: &str) -> Result<(), OpenError> {
    let fail = |err: sqlx::Error| OpenError::new(url, err.into());
    let mut tx = file.begin_with("BEGIN IMMEDIATE").await.map_err(fail)?;
    let id: i32 =
        sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *tx).await.map_err(fail)?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema")
        .fetch_one(&mut *tx)
        .await
        .map_err(fail)?;
    match (id, tables) {
        (APPLICATION_ID, _) => {}
        (0, 0) => {
            let mark = sqlx::AssertSqlSafe(format!("PRAGMA application_id = {APPLICATION_ID}"));
            sqlx::raw_sql(mark).execute(&mut *tx).await.map_err(fail)?;
        }
        _ => return Err(OpenError::new(url, "the file is another program's database".into())),
    }
    tx.commit().await.map_err(fail)
}

/// Changes a new file to WAL mode. SQLite does not wait for that when another host
/// opens the file at the same time, so this does.
async fn enter_wal(file: &mut SqliteConnection, deadline: Duration) -> Result<(), sqlx::Error> {
    let end = Instant::now() + deadline;
    loop {
        match sqlx::raw_sql("PRAGMA journal_mode = WAL").execute(&mut *file).await {
            Err(err) if is_busy(&err) && Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            done => return done.map(drop),
        }
    }
}

/// `SQLITE_BUSY` and its extended codes (<https://www.sqlite.org/rescode.html>).
fn is_busy(err: &sqlx::Error) -> bool {
    let code = err.as_database_error().and_then(|err| err.code()?.parse::<u32>().ok());
    code.is_some_and(|code| code & 0xff == 5)
}

impl From<sqlx::Error> for Unavailable {
    fn from(err: sqlx::Error) -> Self {
        Self { store: "sqlite", source: err.into() }
    }
}

/// Unix time as SQLite keeps it. A time-to-live is bounded, so the sum fits.
pub(crate) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// What SQLite keeps of a number that was never negative.
pub(crate) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
