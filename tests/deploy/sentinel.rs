//! Sentinels: the master is whom they name, now.

use redis::cmd;
use satama_tests::{PATIENCE, Sentinels, bucket, grant};

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
    let replicas: u64 = sentinels.first.query(cmd("WAIT").arg(1).arg(60_000)).await;
    assert_eq!(replicas, 1);
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
