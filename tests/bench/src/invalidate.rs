//! What it costs to forget a bucket or a group: the same, however much is in it.

use std::time::Instant;

use anyhow::{Result, ensure};
use satama::StoreUrl;
use satama::cache::{BATCH_MAX, Bucket, Entry};

use crate::guests::grant;
use crate::redis::server;
use crate::rounds::Times;
use crate::services::{TTL, open};
use crate::table::{Table, Unit};

const SIZES: [u32; 3] = [10, 1_000, 100_000];

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title("Forget a bucket or a group with so many entries, called by the host.");
    let server = server()?;
    rows(table, "Redis", server.store()).await?;
    let folder = tempfile::tempdir()?;
    rows(table, "SQLite", StoreUrl::file(folder.path().join("satama.db"))).await
}

async fn rows(table: &mut Table<'_>, backend: &str, store: StoreUrl) -> Result<()> {
    let services = open(store).await?;
    let grant = grant()?;
    for (verb, group) in [("invalidate-all", None), ("invalidate-group", Some("group"))] {
        for size in SIZES {
            let name = format!("{backend}: {verb}, {size} entries");
            if !table.wants(&name) {
                continue;
            }
            let bucket = grant.cache(&format!("{verb}-{size}"))?;
            let bucket = services.cache().bucket(bucket, grant.limits());
            let mut took = Vec::new();
            for _ in 0..table.rounds() {
                fill(&bucket, size, group).await?;
                ensure!(bucket.get("0").await?.is_some(), "an entry is missing");
                let start = Instant::now();
                bucket.invalidate(group).await?;
                took.push(start.elapsed());
                ensure!(bucket.get("0").await?.is_none(), "an entry is still there");
            }
            table.push(&name, Unit::Micros, &Times::of(took));
        }
    }
    Ok(())
}

async fn fill(bucket: &Bucket, size: u32, group: Option<&str>) -> Result<()> {
    let keys: Vec<String> = (0..size).map(|n| n.to_string()).collect();
    let batch = usize::try_from(BATCH_MAX)?;
    for keys in keys.chunks(batch) {
        let entry = |key| Entry { key, value: b"value", ttl: TTL, group };
        let entries: Vec<_> = keys.iter().map(|key| entry(key.as_str())).collect();
        bucket.set_many(&entries).await?;
    }
    Ok(())
}
