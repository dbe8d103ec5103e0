//! What is true of the embedded store alone: the file, who may read it, what it
//! may be, and that it does not grow for ever.

#![expect(clippy::unwrap_used, reason = "what fails should end the test where it fails")]

#[path = "sqlite/delivery.rs"]
mod delivery;
#[path = "sqlite/secret.rs"]
mod secret;

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use satama::cache::{Entry, Filled};
use satama::session::Expiry;
use satama::{Clock, Services, SimClock, StoreUrl, chain};
use satama_tests::{Harness, RedisServer, bucket, grant, sessions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

const LONG: Duration = Duration::from_secs(60 * 60);
const BRIEF: Duration = Duration::from_millis(20);

fn entry<'a>(key: &'a str, group: Option<&'a str>) -> Entry<'a> {
    Entry { key, value: b"1", ttl: LONG, group }
}

fn field(name: &str, value: &str) -> Vec<(String, String)> {
    vec![(name.to_owned(), value.to_owned())]
}

async fn open(path: &Path) -> Result<Services, satama::OpenError> {
    Services::builder(StoreUrl::file(path)).build().await
}

/// The file as another program sees it.
async fn database(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn number(file: &mut SqliteConnection, sql: &str) -> i64 {
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(file).await.unwrap()
}

#[tokio::test]
async fn the_file_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let new = folder.path().join("a/b");
    let path = new.join("satama.db");
    let services = open(&path).await.unwrap();
    bucket(&services, &grant("t"), "b").set(entry("k", None)).await.unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().mode() & 0o7777;
    for file in ["satama.db", "satama.db-wal", "satama.db-shm"] {
        assert_eq!(mode(&new.join(file)), 0o600, "{file}");
    }
    assert_eq!((mode(&new), mode(&folder.path().join("a"))), (0o700, 0o700));
    assert_eq!(mode(folder.path()), 0o755, "a folder that was there is left alone");
}

/// Its bytes, and the names beside it, before and after an attempt to open it.
async fn assert_refused(path: &Path, why: &str) {
    let state = || {
        let beside = std::fs::read_dir(path.parent().unwrap()).unwrap();
        let mut names: Vec<_> = beside.map(|file| file.unwrap().file_name()).collect();
        names.sort_unstable();
        (std::fs::read(path).unwrap(), names)
    };
    let before = state();
    let said = chain(&open(path).await.unwrap_err());
    assert!(said.starts_with(&format!("cannot use the store {}: ", path.display())), "{said}");
    assert!(said.contains(why), "{said}");
    assert!(state() == before, "{} was changed", path.display());
}

#[tokio::test]
async fn another_programs_file_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let table = "CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)";
    let cases = [
        ("rollback.db", table.to_owned()),
        ("named.db", format!("PRAGMA application_id = 7; {table}")),
        ("empty.db", "PRAGMA application_id = 7; PRAGMA user_version = 1".to_owned()),
        ("wal.db", format!("PRAGMA journal_mode = WAL; {table}")),
    ];
    for (name, sql) in cases {
        let path = folder.path().join(name);
        let mut theirs = database(&path).await;
        theirs.execute(AssertSqlSafe(sql)).await.unwrap();
        theirs.close().await.unwrap();
        assert_refused(&path, "another program's database").await;
    }
    let text = folder.path().join("notes.txt");
    std::fs::write(&text, "not a database, and longer than the head of one: ".repeat(50)).unwrap();
    assert_refused(&text, "file is not a database").await;
}

#[tokio::test]
async fn what_is_no_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let said = chain(&open(folder.path()).await.unwrap_err());
    assert!(said.contains("unable to open database file"), "{said}");
    let beneath = folder.path().join("file/satama.db");
    std::fs::write(folder.path().join("file"), "").unwrap();
    let said = chain(&open(&beneath).await.unwrap_err());
    assert!(said.starts_with(&format!("cannot use the store {}: ", beneath.display())), "{said}");
}

#[tokio::test]
async fn a_newer_format_is_refused() {
    for service in ["cache", "channel", "hub", "secret", "session"] {
        let h = Harness::sqlite().await;
        h.bucket("b").set(entry("k", None)).await.unwrap();
        let mut file = database(&h.file()).await;
        let newer = format!("UPDATE format SET version = 99 WHERE service = '{service}'");
        file.execute(AssertSqlSafe(newer)).await.unwrap();
        let said = chain(&open(&h.file()).await.unwrap_err());
        assert!(said.contains(&format!("its {service} data is format 99")), "{said}");
        assert!(said.contains("this host writes format 1"), "{said}");
        let version = format!("SELECT version FROM format WHERE service = '{service}'");
        assert_eq!(number(&mut file, &version).await, 99, "it was left as it was");
    }
}

/// The oldest file that there is: of a host whose sessions were elsewhere.
#[tokio::test]
async fn an_older_format_is_migrated_and_keeps_its_data() {
    let folder = tempfile::tempdir().unwrap();
    let [path, elsewhere] = ["old.db", "elsewhere.db"].map(|name| folder.path().join(name));
    let old = Services::builder(StoreUrl::file(&path))
        .session(StoreUrl::file(&elsewhere))
        .build()
        .await
        .unwrap();
    bucket(&old, &grant("t"), "b").set(entry("k", None)).await.unwrap();
    let mut file = database(&path).await;
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'session%'";
    assert_eq!(number(&mut file, tables).await, 0);
    for _ in 0..2 {
        let new = open(&path).await.unwrap();
        let s = sessions(&new, &grant("t"), "s", Expiry::Fixed(LONG));
        s.update("id", field("a", "1")).await.unwrap();
        let found = bucket(&new, &grant("t"), "b").get("k").await.unwrap();
        assert_eq!(found.unwrap(), b"1");
    }
}

#[tokio::test]
async fn many_hosts_may_make_one_file_at_once() {
    for _ in 0..8 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/satama.db");
        let hosts: tokio::task::JoinSet<_> = (0..8)
            .map(|n: u32| {
                let path = path.clone();
                async move {
                    let services = open(&path).await.map_err(|err| chain(&err)).unwrap();
                    let b = bucket(&services, &grant("t"), "b");
                    b.set(entry(&n.to_string(), None)).await.unwrap();
                }
            })
            .collect();
        hosts.join_all().await;
        let mut file = database(&path).await;
        assert_eq!(number(&mut file, "SELECT count(*) FROM cache_entry").await, 8);
    }
}

/// A process that opens a file and closes it again ends all locks that it has on
/// it; then another takes itself for the only one, and removes the log.
#[tokio::test]
async fn a_file_that_is_opened_twice_keeps_its_locks() {
    let h = Harness::sqlite().await;
    let alone = || {
        let mut writer = Command::new(env!("CARGO_BIN_EXE_writer"));
        let said = writer.arg("alone").arg(h.file()).output().unwrap().stdout;
        String::from_utf8(said).unwrap()
    };
    h.bucket("b").set(entry("k", None)).await.unwrap();
    assert_eq!(alone(), "not alone\n");
    let second = h.other_host().await;
    assert_eq!(alone(), "not alone\n");
    let found = bucket(&second, &grant("t"), "b").get("k").await.unwrap();
    assert_eq!(found.unwrap(), b"1");
}

/// Rows in each table that holds what expires.
async fn rows(file: &mut SqliteConnection) -> [i64; 5] {
    let mut rows = [0; 5];
    let tables = ["cache_entry", "cache_generation", "cache_claim", "session", "session_field"];
    for (rows, table) in rows.iter_mut().zip(tables) {
        *rows = number(file, &format!("SELECT count(*) FROM {table}")).await;
    }
    rows
}

/// Each way to write, for ever, with all that is written expiring meanwhile.
#[tokio::test]
async fn a_file_in_use_does_not_grow_with_what_has_expired() {
    for how in ["set", "set-many", "add", "claim", "replace", "update"] {
        let h = Harness::sqlite().await;
        let b = h.bucket("b");
        let s = h.sessions("s", Expiry::Sliding(BRIEF));
        let mut file = database(&h.file()).await;
        let mut pages = 0;
        let count = if how == "set-many" { 64 } else { 8 };
        for round in 0..30 {
            let keys: Vec<_> = (0..count).map(|n| format!("{round} {n}")).collect();
            let brief = |key| Entry { ttl: BRIEF, ..entry(key, Some(key)) };
            match how {
                "set-many" => {
                    let batch: Vec<_> = keys.iter().map(|key| brief(key)).collect();
                    b.set_many(&batch).await.unwrap();
                }
                "set" => {
                    for key in &keys {
                        b.set(brief(key)).await.unwrap();
                    }
                }
                "add" => {
                    for key in &keys {
                        b.add(brief(key), 1).await.unwrap();
                    }
                }
                "claim" => {
                    for key in &keys {
                        let found = b.fill(key, Duration::ZERO, BRIEF, Some(key)).await.unwrap();
                        assert!(matches!(found, Filled::Claimed(_)));
                    }
                }
                "replace" => {
                    for key in &keys {
                        s.replace(key, field("a", "1")).await.unwrap();
                    }
                }
                _ => {
                    for key in &keys {
                        s.update(key, field("a", "1")).await.unwrap();
                    }
                }
            }
            h.advance(BRIEF).await;
            if round == 4 {
                pages = number(&mut file, "PRAGMA page_count").await;
            }
        }
        let rows = rows(&mut file).await;
        assert!(rows.iter().all(|rows| *rows <= 2 * count + 2), "{how}: {rows:?}");
        let now = number(&mut file, "PRAGMA page_count").await;
        assert!(now <= pages + 2, "{how}: {pages} pages, then {now}");
    }
}

#[tokio::test]
async fn what_ended_leaves_no_rows() {
    let h = Harness::sqlite().await;
    let s = h.sessions("s", Expiry::Fixed(BRIEF));
    for n in 0..3 {
        s.update(&n.to_string(), field("a", "1")).await.unwrap();
    }
    s.clear("0").await.unwrap();
    h.advance(BRIEF).await;
    h.sessions("s", Expiry::Fixed(LONG)).replace("live", Vec::new()).await.unwrap();
    let mut file = database(&h.file()).await;
    assert_eq!(rows(&mut file).await, [0, 0, 0, 1, 0]);
}

/// A long-lived host does not let the log beside the file grow either.
#[tokio::test]
async fn the_log_beside_the_file_is_bounded() {
    let h = Harness::sqlite().await;
    let b = h.bucket("b");
    let value = vec![b'x'; 256 << 10];
    for _ in 0..100 {
        b.set(Entry { value: &value, ..entry("k", None) }).await.unwrap();
        b.get("k").await.unwrap();
    }
    let log = h.file().with_extension("db-wal");
    // SQLite copies it into the file at every thousand pages of 4 KiB.
    let size = std::fs::metadata(log).unwrap().len();
    assert!(size < 8 << 20, "{size} bytes");
}

#[tokio::test]
async fn a_reader_does_not_wait_for_a_writer() {
    let h = Harness::sqlite().await;
    let (b, s) = (h.bucket("b"), h.sessions("s", Expiry::Fixed(LONG)));
    b.set(entry("k", None)).await.unwrap();
    s.replace("id", field("a", "1")).await.unwrap();
    let mut other = database(&h.file()).await;
    other.execute("BEGIN IMMEDIATE; DELETE FROM cache_entry; DELETE FROM session").await.unwrap();
    assert_eq!(b.get("k").await.unwrap().unwrap(), b"1");
    assert_eq!(s.get("id").await.unwrap().unwrap().fields.len(), 1);
    other.execute("ROLLBACK").await.unwrap();
}

/// A writer that never ends makes writes fail, in time and wholly.
#[tokio::test]
async fn a_writer_that_hangs_makes_writes_unavailable() {
    let h = Harness::sqlite().await;
    let patient = h.bucket("b");
    patient.add(entry("n", None), 1).await.unwrap();
    let deadline = Duration::from_millis(200);
    // It is also how long opening may take.
    let services = loop {
        let store = StoreUrl::file(h.file());
        if let Ok(services) = Services::builder(store).deadline(deadline).build().await {
            break services;
        }
    };
    let b = bucket(&services, &grant("t"), "b");
    let mut other = database(&h.file()).await;
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    for _ in 0..3 {
        let said = chain(&b.add(entry("n", None), 1).await.unwrap_err());
        assert!(said.contains("sqlite is unavailable"), "{said}");
    }
    other.execute("ROLLBACK").await.unwrap();
    assert_eq!(patient.add(entry("n", None), 1).await.unwrap(), 2, "what failed was not written");
    while b.add(entry("n", None), 1).await.is_err() {}
}

#[tokio::test]
async fn services_may_be_on_stores_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let [cache, session] = ["cache.db", "session.db"].map(|name| folder.path().join(name));
    let server = RedisServer::start();
    let stores = [
        (StoreUrl::file(&cache), StoreUrl::file(&session)),
        (server.store(), StoreUrl::file(&session)),
        (StoreUrl::file(&cache), server.store()),
    ];
    for (cache, session) in stores {
        let services = Services::builder(StoreUrl::file("/nowhere/unused.db"))
            .cache(cache)
            .session(session)
            .clock(Clock::Sim(SimClock::new()))
            .build()
            .await
            .unwrap();
        bucket(&services, &grant("t"), "b").set(entry("k", None)).await.unwrap();
        let s = sessions(&services, &grant("t"), "s", Expiry::Fixed(LONG));
        s.replace("id", field("a", "1")).await.unwrap();
    }
    let (mut cache, mut session) = (database(&cache).await, database(&session).await);
    assert_eq!(number(&mut cache, "SELECT count(*) FROM cache_entry").await, 1);
    assert_eq!(number(&mut session, "SELECT count(*) FROM session").await, 1);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name LIKE ";
    assert_eq!(number(&mut cache, &format!("{tables} 'session%'")).await, 0);
    assert_eq!(number(&mut session, &format!("{tables} 'cache%'")).await, 0);
    let kept: Vec<_> =
        server.keys().await.into_iter().map(|k| String::from_utf8(k).unwrap()).collect();
    assert!(kept.iter().any(|key| key.starts_with("{t:cache:b:")), "{kept:?}");
    assert!(kept.contains(&"{t:session:s:id}".to_owned()), "{kept:?}");
}
