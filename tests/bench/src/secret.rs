//! Secrets, called by a guest, against redis-rs fetching and writing as many bytes.

use std::sync::Arc;

use anyhow::{Result, ensure};
use redis::aio::MultiplexedConnection;
use redis::cmd;
use satama::secret::{Actor, KEY_BYTES, KeyRef, Keyring, Keys, LocalKey, Value};
use satama::{Services, StoreUrl};
use wasmtime::component::Val;
use zeroize::Zeroizing;

use crate::guests::{Call, each, grant, program};
use crate::redis::{connect, server};
use crate::services::{DEADLINE, VALUE};
use crate::table::{Table, Unit};

/// A wrapped key with its key's name, and an encrypted value, as the store has them.
const WRAP_BYTES: usize = 119;
const BODY_BYTES: usize = 81 + VALUE.len();

/// Secrets that one call reads, as `tests/guests/bench_secret` has it.
const MANY: u32 = 10;

/// What is timed, and its name in the guest's WIT.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    Get,
    GetMany,
    Put,
    Exists,
    Hmac,
}

/// Secrets, called by guests.
pub(crate) struct Ours {
    call: Call,
}

pub(crate) async fn on_redis(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Secrets on Redis, over a Unix socket, operations per second. Satama: called in a loop by\n\
         guests, one instance a caller; each call but `exists` is recorded in the audit.\n\
         Reference: redis-rs fetching or writing the same bytes, one task a caller, with nothing\n\
         decrypted, checked or recorded. A ratio above 1 is better.",
    );
    let server = server()?;
    let ours = Ours::new(&open(server.store()).await?).await?;
    let raw = connect(&server, None).await?;
    let put = |key: &str| put(raw.clone(), key.to_owned(), 1);
    put("key").await?;
    for i in 0..MANY {
        put(&format!("key/{i}")).await?;
    }
    for callers in [1, 64] {
        for (operation, name) in [
            (Operation::Get, "secret get; HMGET"),
            (Operation::GetMany, "secret get-many, 10; HMGET, pipelined"),
            (Operation::Put, "secret put; HSET"),
            (Operation::Exists, "secret exists; EXISTS"),
            (Operation::Hmac, "secret hmac-sha256; PING"),
        ] {
            let name = format!("{callers:>2} callers: {name}");
            let ours = async |n| ours.run(operation, callers, n).await;
            let raw = async |n| {
                each(callers, |caller| theirs(operation, raw.clone(), caller, n / callers)).await
            };
            table.compare(&name, Unit::PerSecond, ours, raw).await?;
        }
    }
    Ok(())
}

pub(crate) async fn on_sqlite(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Secrets on SQLite, in a temporary folder, operations per second, called in a loop by\n\
         guests. Each call but `exists` writes the audit.",
    );
    let folder = tempfile::tempdir()?;
    let services = open(StoreUrl::file(folder.path().join("satama.db"))).await?;
    let ours = Ours::new(&services).await?;
    for callers in [1, 64] {
        for (operation, name) in [
            (Operation::Get, "secret get"),
            (Operation::Put, "secret put"),
            (Operation::Exists, "secret exists"),
        ] {
            let name = format!("{callers:>2} callers: {name}");
            let run = async |n| ours.run(operation, callers, n).await;
            table.alone(&name, Unit::PerSecond, run).await?;
        }
    }
    Ok(())
}

/// Services with the secrets that are read: `key`, `key/0` to `key/9`.
pub(crate) async fn open(store: StoreUrl) -> Result<Services> {
    let key = Arc::new(LocalKey::new(Zeroizing::new([7; KEY_BYTES])));
    let keys = Keys::fixed(Keyring::new(KeyRef::new("main", 1)?, key));
    let services = Services::builder(store).deadline(DEADLINE).keys(keys).build().await?;
    let actor = Actor { component: "bench".into(), digest: "".into(), instance: "0".into() };
    let (vault, grant) = (services.secret(), grant()?);
    let names = (0..MANY).map(|i| format!("key/{i}")).chain(["key".to_owned()]);
    for name in names {
        let value = Value::new(VALUE.to_vec());
        vault.put(grant.secret(), &name, None, &value, &actor).await?;
    }
    Ok(services)
}

impl Ours {
    pub(crate) async fn new(services: &Services) -> Result<Self> {
        Ok(Self { call: Call::new(&program(services, "bench_secret").await?, "repeat")? })
    }

    /// Does it `operations` times in all, in as many instances as there are callers.
    /// Each puts a secret of its own.
    pub(crate) async fn run(
        &self,
        operation: Operation,
        callers: u32,
        operations: u32,
    ) -> Result<()> {
        let share = operations / callers;
        each(callers, |caller| {
            let call = self.call.clone();
            async move {
                let (name, secret) = match operation {
                    Operation::Get => ("get", "key".to_owned()),
                    Operation::GetMany => ("get-many", "key".to_owned()),
                    Operation::Put => ("put", format!("put/{caller}")),
                    Operation::Exists => ("exists", "key".to_owned()),
                    Operation::Hmac => ("hmac", "key".to_owned()),
                };
                let args = [Val::Enum(name.into()), Val::String(secret), Val::U32(share)];
                ensure!(call.run(&args).await? == [Val::U32(share)], "{name} did too little");
                Ok(())
            }
        })
        .await
    }
}

async fn theirs(
    operation: Operation,
    mut redis: MultiplexedConnection,
    caller: u32,
    n: u32,
) -> Result<()> {
    match operation {
        Operation::Put => return put(redis, format!("put/{caller}"), n).await,
        Operation::Get | Operation::GetMany => {}
        Operation::Exists => {
            for _ in 0..n {
                let there: bool = cmd("EXISTS").arg("key").query_async(&mut redis).await?;
                ensure!(there, "the secret is gone");
            }
            return Ok(());
        }
        Operation::Hmac => {
            for _ in 0..n {
                cmd("PING").exec_async(&mut redis).await?;
            }
            return Ok(());
        }
    }
    let names: Vec<String> = match operation {
        Operation::GetMany => (0..MANY).map(|i| format!("key/{i}")).collect(),
        _ => vec!["key".to_owned()],
    };
    for _ in 0..n {
        let mut all = redis::pipe();
        for name in &names {
            all.cmd("HMGET").arg(name).arg("w").arg("c");
        }
        let found: Vec<(Vec<u8>, Vec<u8>)> = all.query_async(&mut redis).await?;
        ensure!(found.iter().all(|(_, body)| body.len() == BODY_BYTES), "the secret is gone");
    }
    Ok(())
}

async fn put(mut redis: MultiplexedConnection, key: String, n: u32) -> Result<()> {
    for _ in 0..n {
        let mut set = cmd("HSET");
        set.arg(&key).arg("w").arg(&[1_u8; WRAP_BYTES]).arg("c").arg(&[2_u8; BODY_BYTES]);
        set.exec_async(&mut redis).await?;
    }
    Ok(())
}
