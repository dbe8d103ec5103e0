//! What is told of a server when it is opened, and how it fares when it is full, or
//! ends.

use redis::cmd;
use satama::Services;
use satama::cache::Error;
use satama::session::Expiry;
use satama_tests::{Cluster, Log, PATIENCE, RedisServer, bucket, grant, sessions};

use crate::{entry, impatient};

/// What is logged when the store at `url` is opened.
async fn told(url: &str) -> String {
    let open = Services::builder(url.parse().unwrap()).deadline(PATIENCE).build();
    let (opened, log) = Log::of("info", open).await;
    opened.unwrap();
    log
}

#[tokio::test]
async fn settings_that_lose_data_are_told() {
    let safe = RedisServer::with(&["--appendonly", "yes"]);
    assert_eq!(told(&safe.url()).await, "");
    let cases: [(&[&str], &str); 4] = [
        (&["--appendonly", "no"], "appendonly no"),
        (&["--appendonly", "yes", "--appendfsync", "no"], "appendfsync no"),
        (
            &["--appendonly", "yes", "--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"],
            "maxmemory-policy allkeys-lru",
        ),
        (&["--save", "60 1"], "appendonly no"),
    ];
    for (settings, setting) in cases {
        let server = RedisServer::with(settings);
        let log = told(&server.url()).await;
        assert_eq!(log.lines().count(), 1, "{log}");
        assert!(log.contains(" WARN ") && log.contains(&format!("`{setting}`: ")), "{log}");
        assert!(log.contains("set `"), "{log}");
    }
}

#[tokio::test]
async fn a_cluster_is_told_of_once() {
    let cluster = Cluster::with(&["--appendonly", "yes"]).await;
    let log = told(&cluster.url()).await;
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("`min-replicas-to-write 0`: "), "{log}");
}

#[tokio::test]
async fn a_server_that_does_not_tell_is_used_all_the_same() {
    let server = RedisServer::tcp();
    let rights = ["SETUSER", "u", "on", ">hunter2", "~*", "&*", "+@all", "-config"];
    server.query::<()>(cmd("ACL").arg(&rights)).await;
    let log = told(&server.url().replace("redis://", "redis://u:hunter2@")).await;
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains(" INFO ") && log.contains("not checked"), "{log}");
    assert!(!log.contains("hunter2"), "{log}");
}

#[tokio::test]
async fn a_cluster_that_is_full_refuses_writes_in_time() {
    let cluster = Cluster::masters().await;
    let services = impatient(&cluster.url()).await;
    let (b, t) = (bucket(&services, &grant("t"), "b"), grant("t"));
    let s = sessions(&services, &t, "s", Expiry::Fixed(PATIENCE));
    for n in 0..20 {
        b.set(entry(&n.to_string(), b"1")).await.unwrap();
    }
    s.update("id", vec![("a".into(), "1".into())]).await.unwrap();
    let mut full = cmd("CONFIG");
    cluster.on_masters::<()>(full.arg(&["SET", "maxmemory", "1"])).await;
    for n in 0..20 {
        let key = n.to_string();
        let err = b.set(entry(&key, b"2")).await.unwrap_err();
        assert!(matches!(&err, Error::Unavailable(_)), "{err:?}");
        assert!(satama::chain(&err).contains("OOM"), "{}", satama::chain(&err));
        assert_eq!(b.get(&key).await.unwrap().unwrap(), b"1");
    }
    s.update("id", vec![("a".into(), "2".into())]).await.unwrap_err();
    assert_eq!(s.get("id").await.unwrap().unwrap().fields["a"], "1");
    assert!(b.delete("0").await.unwrap());
    let mut wide = cmd("CONFIG");
    cluster.on_masters::<()>(wide.arg(&["SET", "maxmemory", "0"])).await;
    b.set(entry("0", b"2")).await.unwrap();
}

/// With `appendfsync always` what was acknowledged is on the disk.
#[tokio::test]
async fn a_server_with_a_log_has_it_all_after_a_kill() {
    let mut server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let services = impatient(&server.url()).await;
    let s = sessions(&services, &grant("t"), "s", Expiry::Fixed(PATIENCE));
    let b = bucket(&services, &grant("t"), "b");
    let mut acknowledged = 0;
    for n in 0..60 {
        if n % 20 == 19 {
            server.kill();
            server.restart();
        }
        let field = vec![(format!("{n}"), "1".to_owned())];
        if s.update("id", field).await.is_ok() && b.set(entry(&format!("{n}"), b"1")).await.is_ok()
        {
            acknowledged += 1;
        }
    }
    assert!(acknowledged >= 50, "{acknowledged}");
    let fields = s.get("id").await.unwrap().unwrap().fields;
    assert!(fields.len() >= acknowledged);
    let mut found = 0;
    for n in 0..60 {
        found += usize::from(b.get(&format!("{n}")).await.unwrap().is_some());
    }
    assert!(found >= acknowledged);
}
