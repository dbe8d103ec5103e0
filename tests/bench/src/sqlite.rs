//! The services on SQLite, called by a guest.

use anyhow::{Result, ensure};
use satama::StoreUrl;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use crate::guests::{Loop, at_once, program};
use crate::services::open;
use crate::table::{Table, Unit};

/// As many as the services' own pool of readers.
const READERS: u32 = 4;

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "On SQLite, in a temporary folder, operations per second. Satama: called in a loop by\n\
         guests, one instance a caller. Reference: the entry's row by its key, with sqlx on a\n\
         pool of as many readers. A ratio above 1 is better.",
    );
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("satama.db");
    let services = open(StoreUrl::file(&path)).await?;
    let program = program(&services, "bench").await?;
    let options = SqliteConnectOptions::new().filename(&path).read_only(true);
    let raw = SqlitePoolOptions::new().max_connections(READERS).connect_with(options).await?;
    for callers in [1, 64] {
        for bucket in ["plain", "grouped"] {
            let get = Loop::new(&program, "get-loop", [bucket, "key"])?;
            let group = if bucket == "grouped" { ", in a group" } else { "" };
            let name = format!("{callers:>2} callers: cache get{group}; SELECT");
            let scope = format!("bench:cache:{bucket}");
            let ours = async |n| get.run(callers, n).await;
            let raw = async |n| {
                at_once(callers, || select(raw.clone(), scope.clone(), n / callers)).await
            };
            table.compare(&name, Unit::PerSecond, ours, raw).await?;
        }
        let rest = [
            ("cache set", "set-loop", ["plain", "written"], Some(100)),
            ("session get, sliding, which writes", "session-get-loop", ["web", "visitor"], None),
            ("session update", "session-update-loop", ["web", "written"], None),
        ];
        for (name, export, args, value_bytes) in rest {
            let work = Loop::new(&program, export, args)?;
            let work = value_bytes.map_or(work.clone(), |bytes| work.writing(bytes));
            let name = format!("{callers:>2} callers: {name}");
            table.alone(&name, Unit::PerSecond, async |n| work.run(callers, n).await).await?;
        }
    }
    Ok(())
}

async fn select(pool: SqlitePool, scope: String, n: u32) -> Result<()> {
    for _ in 0..n {
        let value: Option<Vec<u8>> =
            sqlx::query_scalar("SELECT value FROM cache_entry WHERE scope = ? AND id = ?")
                .bind(&scope)
                .bind("key")
                .fetch_optional(&pool)
                .await?;
        ensure!(value.is_some(), "the value is gone");
    }
    Ok(())
}
