//! Addresses that cannot be used: the error names them, says why, and tells no
//! password.

use std::time::{Duration, Instant};

use redis::cmd;
use satama::{OpenError, Services, chain};
use satama_tests::{Gate, RedisServer, bucket, grant};

const SECRET: &str = "hunter2";

async fn open(url: &str) -> Result<Services, OpenError> {
    Services::builder(url.parse().unwrap()).deadline(Duration::from_secs(2)).build().await
}

/// Why `url` cannot be opened, said in time. Its name in the error is `shown`.
async fn refused(url: &str, shown: &str) -> String {
    let start = Instant::now();
    let err = open(url).await.map(drop).unwrap_err();
    assert!(start.elapsed() < Duration::from_secs(20), "{url} took {:?}", start.elapsed());
    let said = chain(&err);
    assert!(said.starts_with(&format!("cannot use the store {shown}: ")), "{said}");
    assert!(!said.contains(SECRET) && !format!("{err:?}").contains(SECRET), "{err:?}");
    said
}

#[tokio::test]
async fn an_address_where_nobody_listens_is_named() {
    // Bound, so that nobody else takes the port, and not listening.
    let bound = tokio::net::TcpSocket::new_v4().unwrap();
    bound.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = bound.local_addr().unwrap();
    let said = refused(&format!("redis://{address}"), &format!("redis://{address}")).await;
    assert!(said.contains("refused"), "{said}");
    refused(&format!("redis://u:{SECRET}@{address}/2"), &format!("redis://***@{address}/2")).await;
    refused(&format!("redis://:{SECRET}@{address}"), &format!("redis://***@{address}")).await;
    // A password that should have been escaped.
    let odd = format!("redis://u:{SECRET}@{SECRET}@{address}");
    refused(&odd, &format!("redis://***@{address}")).await;
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a@b");
    let url = format!("redis+unix://{}", path.display());
    let said = refused(&url, &url).await;
    assert!(said.contains("No such file"), "{said}");
    let with_password = format!("{url}?db=2&user=u&pass={SECRET}");
    refused(&with_password, &format!("{url}?***")).await;
    let with_password = format!("unix://{}?pass={SECRET}", path.display());
    refused(&with_password, &format!("unix://{}?***", path.display())).await;
}

#[tokio::test]
async fn an_address_that_is_none_is_named() {
    for url in ["redis://", "redis:///0", "redis://[::1", "redis+unix://"] {
        refused(url, url).await;
    }
    let bad = format!("redis://u:{SECRET}@127.0.0.1:99999");
    refused(&bad, "redis://***@127.0.0.1:99999").await;
}

/// A peer that accepts and never says a word.
#[tokio::test]
async fn a_peer_that_does_not_answer_is_given_up() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = silent.local_addr().unwrap();
    refused(&format!("redis://u:{SECRET}@{address}"), &format!("redis://***@{address}")).await;
}

/// A peer that is something else.
#[tokio::test]
async fn a_peer_that_is_no_redis_is_refused() {
    let peer = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = peer.local_addr().unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncWriteExt as _;
        while let Ok((mut client, _)) = peer.accept().await {
            client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        }
    });
    refused(&format!("redis://{address}"), &format!("redis://{address}")).await;
}

#[tokio::test]
async fn a_wrong_password_is_refused_and_the_right_one_is_not() {
    let server = RedisServer::tcp();
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let socket = server.socket().display().to_string();
    server.query::<()>(cmd("CONFIG").arg(&["SET", "requirepass", "right"])).await;
    let url = format!("redis://:{SECRET}@127.0.0.1:{port}");
    let said = refused(&url, &format!("redis://***@127.0.0.1:{port}")).await;
    assert!(said.contains("WRONGPASS") || said.contains("authentication failed"), "{said}");
    let url = format!("redis+unix://{socket}?pass={SECRET}");
    refused(&url, &format!("redis+unix://{socket}?***")).await;
    let said =
        refused(&format!("redis://127.0.0.1:{port}"), &format!("redis://127.0.0.1:{port}")).await;
    assert!(said.contains("NOAUTH"), "{said}");
    for url in
        [format!("redis://:right@127.0.0.1:{port}"), format!("redis+unix://{socket}?pass=right")]
    {
        let services = open(&url).await.unwrap();
        assert_eq!(bucket(&services, &grant("t"), "b").get("k").await.unwrap(), None);
    }
}

#[tokio::test]
async fn no_debug_output_tells_a_password() {
    let server = RedisServer::start();
    server.query::<()>(cmd("CONFIG").arg(&["SET", "requirepass", SECRET])).await;
    let url = format!("redis+unix://{}?pass={SECRET}", server.socket().display());
    let store: satama::StoreUrl = url.parse().unwrap();
    assert!(!format!("{store:?}").contains(SECRET), "{store:?}");
    let builder = Services::builder(store.clone()).cache(store);
    assert!(!format!("{builder:?}").contains(SECRET), "{builder:?}");
    let services = builder.build().await.unwrap();
    assert!(!format!("{services:?}").contains(SECRET), "{services:?}");
}

/// The newest server that is too old, as its answer would say.
#[tokio::test]
async fn a_server_that_is_too_old_is_refused() {
    let server = RedisServer::start();
    let info: String = server.query(cmd("INFO").arg("server")).await;
    let version = info.lines().find(|line| line.starts_with("redis_version:")).unwrap();
    let digits = version.trim_start_matches("redis_version:").len();
    let old = format!("redis_version:6.{}", "9".repeat(digits - 2));
    let gate = Gate::rewriting(&server, version.to_owned(), old.clone());
    let said = refused(&gate.url(), &gate.url()).await;
    let old = old.trim_start_matches("redis_version:");
    assert!(said.contains(&format!("Redis {old} is too old; 7.0 or newer is needed")), "{said}");
    let formats: Vec<String> = server.query(cmd("KEYS").arg("*")).await;
    assert!(formats.is_empty(), "nothing was written: {formats:?}");
}
