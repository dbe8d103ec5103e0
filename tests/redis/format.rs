//! The format that the server holds.

use redis::cmd;
use satama::chain;

use super::*;

#[tokio::test]
async fn a_newer_format_is_refused() {
    for service in ["cache", "channel", "hub", "secret", "session"] {
        let server = RedisServer::start();
        let key = format!("satama:format:{service}");
        server.query::<()>(cmd("SET").arg(&key).arg(99)).await;
        let err = at(server.url()).await.unwrap_err();
        let said = chain(&err);
        let url = server.url();
        assert!(said.starts_with(&format!("cannot use the store {url}: ")), "{said}");
        assert!(said.contains(&format!("its {service} data is format 99")), "{said}");
        assert!(said.contains("this host writes format 1"), "{said}");
        assert_eq!(server.query::<i64>(cmd("GET").arg(&key)).await, 99, "it was left as it was");
    }
}

#[tokio::test]
async fn a_format_that_is_none_is_refused() {
    let server = RedisServer::start();
    server.query::<()>(cmd("SET").arg("satama:format:cache").arg("\n\x1b[2Jx")).await;
    let said = chain(&at(server.url()).await.unwrap_err());
    assert!(said.contains(r"format \n\u{1b}[2Jx"), "{said}");
    server.query::<()>(cmd("DEL").arg("satama:format:cache")).await;
    server.query::<()>(cmd("LPUSH").arg("satama:format:cache").arg(1)).await;
    let said = chain(&at(server.url()).await.unwrap_err());
    assert!(said.contains("WRONGTYPE"), "{said}");
}

#[tokio::test]
async fn many_hosts_may_start_at_once() {
    let server = RedisServer::start();
    let hosts: tokio::task::JoinSet<_> = (0..8).map(|_| at(server.url())).collect();
    for host in hosts.join_all().await {
        host.unwrap();
    }
    assert_eq!(server.query::<i64>(cmd("GET").arg("satama:format:cache")).await, 1);
}
