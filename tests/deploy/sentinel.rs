//! Sentinels: the master is whom they name, now. And names that lead elsewhere.

use std::os::unix::fs::symlink;

use redis::cmd;
use satama_tests::{PATIENCE, RedisServer, Sentinels, bucket, grant};

use crate::callers::Callers;
use crate::subscribe::Ears;
use crate::{DEADLINE, entry, impatient};

#[tokio::test]
async fn a_master_that_is_killed_is_replaced() {
    let mut sentinels = Sentinels::start().await;
    let services = impatient(&sentinels.url()).await;
    let mut ears = Ears::at(&sentinels.url(), DEADLINE).await;
    ears.subscribe("a").await;
    let b = bucket(&services, &grant("t"), "acknowledged");
    while b.set(entry("k", b"1")).await.is_err() {}
    sentinels.first.replicated("test").await;
    let mut callers = Callers::start(&services);
    callers.until(true).await;
    sentinels.first.kill();
    callers.until(false).await;
    sentinels.failed_over().await;
    callers.until(true).await;
    callers.stop().await;
    assert_eq!(b.get("k").await.unwrap().unwrap(), b"1");
    ears.resumed(&["a"]).await;
    ears.hears("a").await;
}

/// The old master is there all the time; also one of the Sentinels is out.
#[tokio::test]
async fn a_master_that_stands_still_is_replaced() {
    let sentinels = Sentinels::start().await;
    let services = impatient(&sentinels.url()).await;
    let mut ears = Ears::at(&sentinels.url(), DEADLINE).await;
    ears.subscribe("a").await;
    let mut callers = Callers::start(&services);
    callers.until(true).await;
    sentinels.pause_one();
    sentinels.first.pause();
    callers.until(false).await;
    sentinels.failed_over().await;
    callers.until(true).await;
    ears.resumed(&["a"]).await;
    sentinels.first.resume();
    callers.until(true).await;
    callers.stop().await;
    ears.hears("a").await;
}

/// A master that is demoted in order answers on, and refuses to write.
#[tokio::test]
async fn a_master_that_is_demoted_is_left() {
    let sentinels = Sentinels::start().await;
    let services = impatient(&sentinels.url()).await;
    let b = bucket(&services, &grant("t"), "b");
    let mut callers = Callers::start(&services);
    callers.until(true).await;
    sentinels.fail_over().await;
    sentinels.failed_over().await;
    callers.until(true).await;
    callers.stop().await;
    let set = async { while b.set(entry("k", b"1")).await.is_err() {} };
    tokio::time::timeout(PATIENCE, set).await.unwrap();
}

/// Without Sentinels a name may lead elsewhere, while the old master keeps its
/// connections, and refuses to write.
#[tokio::test]
async fn a_name_is_looked_up_again_when_its_server_is_demoted() {
    let (first, second) = (RedisServer::start(), RedisServer::tcp());
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("name");
    symlink(first.socket(), &name).unwrap();
    let services = impatient(&format!("redis+unix://{}", name.display())).await;
    let b = bucket(&services, &grant("t"), "b");
    while b.set(entry("k", b"1")).await.is_err() {}
    let mut demote = cmd("REPLICAOF");
    first.query::<()>(demote.arg("127.0.0.1").arg(second.port())).await;
    let err = b.set(entry("k", b"2")).await.unwrap_err();
    assert!(satama::chain(&err).contains("ReadOnly"), "{}", satama::chain(&err));
    std::fs::remove_file(&name).unwrap();
    symlink(second.socket(), &name).unwrap();
    let set = async { while b.set(entry("k", b"2")).await.is_err() {} };
    tokio::time::timeout(PATIENCE, set).await.unwrap();
    assert!(!second.keys().await.is_empty());
}
