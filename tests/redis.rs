//! What is true of the stores on Redis alone: what a call costs the server, what
//! is left there, and what it survives.

#![expect(clippy::unwrap_used, reason = "what fails should end the test where it fails")]

#[path = "redis/channel.rs"]
mod channel;
#[path = "redis/cost.rs"]
mod cost;
#[path = "redis/format.rs"]
mod format;
#[path = "redis/keys.rs"]
mod keys;
#[path = "redis/memory.rs"]
mod memory;
#[path = "redis/order.rs"]
mod order;
#[path = "redis/record.rs"]
mod record;
#[path = "redis/secret.rs"]
mod secret;

use std::time::Duration;

use satama::Services;
use satama::cache::{Bucket, Claim, Entry, Filled};
use satama::session::{Expiry, Sessions};
use satama_tests::{Cluster, Harness, RedisServer, grant};

const LONG: Duration = Duration::from_secs(60 * 60);

/// As long as a claim may be.
const CLAIM: Duration = Duration::from_secs(5 * 60);

const FIXED: Expiry = Expiry::Fixed(LONG);
const SLIDING: Expiry = Expiry::Sliding(LONG);

fn entry<'a>(key: &'a str, value: &'a [u8], group: Option<&'a str>) -> Entry<'a> {
    Entry { key, value, ttl: LONG, group }
}

fn fields(names: &[&str]) -> Vec<(String, String)> {
    names.iter().map(|name| (name.to_string(), "1".to_owned())).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

async fn claim(b: &Bucket, key: &str, ttl: Duration, group: Option<&str>) -> Claim {
    match b.fill(key, Duration::ZERO, ttl, group).await.unwrap() {
        Filled::Claimed(claim) => claim,
        other => panic!("expected the claim on {key:?}, got {other:?}"),
    }
}

fn sessions(services: &Services, expiry: Expiry) -> Sessions {
    satama_tests::sessions(services, &grant("t"), "s", expiry)
}

fn bucket(services: &Services) -> Bucket {
    satama_tests::bucket(services, &grant("t"), "b")
}

/// Services on `server` for a test that is not about their deadline.
async fn services(server: &RedisServer) -> Services {
    at(server.url()).await.unwrap()
}

async fn at(url: String) -> Result<Services, satama::OpenError> {
    Services::builder(url.parse().unwrap()).deadline(Duration::from_secs(60)).build().await
}

/// One call of everything there is, each of them once, with `ttl` for all.
async fn one_of_each(services: &Services, ttl: Duration) {
    let b = bucket(services);
    let with = |key, group| Entry { ttl, ..entry(key, b"1", group) };
    b.set(with("plain", None)).await.unwrap();
    b.set_many(&[with("a", Some("g")), with("b", None), with("c", Some(""))]).await.unwrap();
    b.set_if_absent(with("absent", Some("h"))).await.unwrap();
    b.add(with("counter", Some("g")), 1).await.unwrap();
    b.add(with("counter", Some("g")), 1).await.ok();
    b.get("plain").await.unwrap();
    b.get_many(&texts(&["a", "b", "c"])).await.unwrap();
    b.ttl("a").await.unwrap();
    b.delete("b").await.unwrap();
    claim(&b, "given up", ttl.min(CLAIM), Some("g")).await.give_up().await.unwrap();
    claim(&b, "completed", ttl.min(CLAIM), Some("g")).await.complete(b"1", ttl).await.ok();
    claim(&b, "left", ttl.min(CLAIM), Some("g")).await;
    b.invalidate(Some("g")).await.unwrap();
    b.invalidate(None).await.unwrap();
    b.set(with("after", Some("g"))).await.unwrap();
    for expiry in [Expiry::Sliding(ttl), Expiry::Fixed(ttl)] {
        let s = sessions(services, expiry);
        s.replace("id", fields(&["a", "b"])).await.unwrap();
        s.update("id", fields(&["c"])).await.unwrap();
        s.remove("id", &texts(&["a"])).await.unwrap();
        s.compare_and_set("id", 0, fields(&["a"])).await.unwrap();
        s.get("id").await.unwrap();
        s.clear("id").await.unwrap();
        s.update("id", fields(&["d"])).await.unwrap();
    }
}
