//! What an address may say, right and wrong. What is wrong is named with its remedy,
//! and no password with it.

use redis::cmd;
use satama::redis::Redis;
use satama::{Services, StoreUrl, chain};
use satama_tests::{Authority, Cluster, RedisServer, Sentinels, bucket, grant};

use crate::{DEADLINE, PATIENCE, entry};

const SECRET: &str = "hunter2";

async fn open(url: &str) -> Result<Services, String> {
    let store: StoreUrl = url.parse().unwrap();
    let opened = Services::builder(store).deadline(PATIENCE).build().await;
    opened.map_err(|err| {
        assert!(!format!("{err:?}").contains(SECRET), "{err:?}");
        chain(&err)
    })
}

/// That the services work there.
async fn works(url: &str) {
    let services = open(url).await.unwrap_or_else(|why| panic!("{url}: {why}"));
    let b = bucket(&services, &grant("t"), "b");
    for n in 0..20 {
        let key = n.to_string();
        b.set(entry(&key, b"1")).await.unwrap();
        assert_eq!(b.get(&key).await.unwrap().unwrap(), b"1");
    }
}

/// That `url` cannot be used, for a reason that says `why`.
#[track_caller]
fn says(url: &str, said: Result<Services, String>, why: &str) {
    let said = said.map(drop).unwrap_err();
    assert!(said.starts_with("cannot use the store "), "{said}");
    assert!(said.contains(why), "{url}\n said     {said}\n expected {why}");
    assert!(!said.contains(SECRET), "{said}");
}

async fn refused(url: &str, why: &str) {
    says(url, open(url).await, why);
}

#[tokio::test]
async fn what_cannot_be_read_is_named() {
    let cases = [
        ("redis://host:99999", "the port of host is no number from 1 to 65535"),
        ("redis://u:hunter2@host:port", "the port of host is no number"),
        ("redis://u:hun/ter2@host", "%2F"),
        ("redis://u:hunter2%@host", "%25"),
        ("redis://hunter2@host", "without a password"),
        ("redis://a,b", "more than one server"),
        ("redis://host/x", "the database is no number"),
        ("redis://host/70000", "the database is no number"),
        ("redis://host?pass=hunter2", "an unknown parameter"),
        ("redis://host?ca=/ca.pem", "write rediss://"),
        ("rediss://host?ca=/absent.pem", "cannot read `ca` /absent.pem: No such file"),
        ("rediss://host?cert=/client.pem", "`cert` is given without its `key`"),
        ("rediss://host?key=/client.pem", "`key` is given without its `cert`"),
        ("rediss://host?ca=a&ca=b", "given twice"),
        ("redis+cluster://a,b/1", "a cluster has database 0 only"),
        ("redis+cluster://a,,b", "a host is missing"),
        ("redis+cluster://[::1", "a `]` is missing"),
        ("redis+sentinel://a,b", "the master's name is missing"),
        ("redis+sentinel://a,b/main?sentinel-pass=hunter2", "an unknown parameter"),
        ("redis:u:hunter2@host", "write it as redis://"),
    ];
    for (url, why) in cases {
        refused(url, why).await;
    }
    for text in ["redis//u:hunter2@host", "http://u:hunter2@host"] {
        let why = text.parse::<StoreUrl>().unwrap_err();
        assert!(why.contains("redis://") && !why.contains(SECRET), "{why}");
        assert!(!satama::without_password(text).contains(SECRET));
    }
}

#[tokio::test]
async fn tls_is_spoken_with_those_who_are_known() {
    let authority = Authority::new();
    let server = authority.server(&[]);
    let (url, query) = (server.url(), authority.query());
    works(&format!("{url}?{query}")).await;
    refused(&url, "name it with ?ca=FILE").await;
    let ca = authority.file("ca.pem").display().to_string();
    refused(&format!("{url}?ca={ca}"), "name one with ?cert=FILE&key=FILE").await;
    let stranger = Authority::new();
    refused(&format!("{url}?{}", stranger.query()), "name it with ?ca=FILE").await;
    let theirs = stranger.query();
    let (_, theirs) = theirs.split_once('&').unwrap();
    refused(&format!("{url}?ca={ca}&{theirs}"), "does not trust the certificate").await;
    let named = url.replace("127.0.0.1", "localhost");
    refused(&format!("{named}?{query}"), "for another host").await;
    let key = authority.file("client.key").display().to_string();
    refused(&format!("{url}?ca={key}"), "holds no CERTIFICATE").await;
    refused(&url.replace("rediss", "redis"), "may speak TLS").await;
    let plain = RedisServer::tcp();
    // What begins a TLS session is for such a server a line that does not end.
    let tls = format!("{}?{query}", plain.url().replace("redis", "rediss"));
    let opened = Services::builder(tls.parse().unwrap()).deadline(DEADLINE).build().await;
    says(&tls, opened.map_err(|err| chain(&err)), "it does not speak TLS at this port");
}

#[tokio::test]
async fn a_cluster_may_speak_tls() {
    let authority = Authority::new();
    let cluster = Cluster::with_tls(&authority).await;
    works(&cluster.url()).await;
}

#[tokio::test]
async fn a_user_has_a_password_and_a_database() {
    let server = RedisServer::tcp();
    let user = ["SETUSER", "u:r", "on", ">hunter2/@", "~*", "&*", "+@all"];
    server.query::<()>(cmd("ACL").arg(&user)).await;
    let at = server.url().replace("redis://", "");
    works(&format!("redis://{at}/3")).await;
    works(&format!("redis://u%3Ar:hunter2%2F%40@{at}/3")).await;
    let keys: String = server.query(cmd("INFO").arg("keyspace")).await;
    assert!(keys.contains("db3:") && !keys.contains("db0:"), "{keys}");
    refused(&format!("redis://{at}/99"), "no database of this number").await;
    refused(&format!("redis://u:hunter2x@{at}"), "the user or the password is wrong").await;
    server.query::<()>(cmd("CONFIG").arg(&["SET", "requirepass", "hunter2"])).await;
    refused(&format!("redis://{at}"), "the server asks for a password").await;
    works(&format!("redis://:hunter2@{at}")).await;
    refused(&format!("redis://:hunter2x@{at}"), "the user or the password is wrong").await;
    server
        .query_as::<()>("hunter2", cmd("ACL").arg(&["SETUSER", "weak", "on", ">x", "+ping"]))
        .await;
    refused(&format!("redis://weak:x@{at}"), "satama redis-acl").await;
}

#[tokio::test]
async fn d22_a_server_of_another_kind_is_named() {
    let server = RedisServer::tcp();
    let url = server.url();
    refused(&url.replace("redis", "redis+cluster"), "write redis:// for redis+cluster://").await;
    let sentinel = format!("{}/main", url.replace("redis", "redis+sentinel"));
    refused(&sentinel, "not a Sentinel").await;
    let node = RedisServer::node(&[]);
    refused(&node.url(), "write redis+cluster:// for redis://").await;
    let alone = node.url().replace("redis", "redis+cluster");
    refused(&alone, "the cluster has no slots yet").await;
}

#[tokio::test]
async fn sentinels_are_asked_by_name_and_password() {
    let sentinels = Sentinels::start().await;
    works(&sentinels.url()).await;
    works(&sentinels.url().replace("/main", "/main/2")).await;
    refused(&sentinels.url_of("other", "watch"), "the Sentinels know no master of this name").await;
    refused(&sentinels.url_of("main", "hunter2"), "the user or the password is wrong").await;
}

#[tokio::test]
async fn a_server_with_too_many_clients_says_so() {
    let server = RedisServer::tcp();
    let redis = Redis::connect(&server.url(), PATIENCE).await.unwrap();
    // The address's one connection and the test's own are all there may be.
    server.query::<()>(cmd("CONFIG").arg(&["SET", "maxclients", "1"])).await;
    redis.query::<()>(&cmd("PING")).await.unwrap();
    refused(&server.url(), "as many clients as its `maxclients` allows").await;
    let login = server.url().replace("redis://", "redis://:hunter2@");
    refused(&login, "as many clients as its `maxclients` allows").await;
}
