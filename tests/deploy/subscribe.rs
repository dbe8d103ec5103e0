//! Shard channels: what is published is heard, and subscriptions come back.

use std::time::{Duration, Instant};

use redis::cmd;
use satama::redis::{Heard, Redis, Subscriber};
use satama_tests::RedisServer;
use tokio::sync::mpsc;
use tokio::time::timeout;

use satama_tests::PATIENCE;

use crate::DEADLINE;

/// A subscriber, and what it heard.
pub(crate) struct Ears {
    pub(crate) redis: Redis,
    pub(crate) subscriber: Subscriber,
    heard: mpsc::UnboundedReceiver<Heard>,
}

impl Ears {
    pub(crate) async fn at(url: &str, deadline: Duration) -> Self {
        // Connecting has the same deadline, so it is tried again on a busy machine.
        let connect = async {
            loop {
                if let Ok(redis) = Redis::connect(url, deadline).await {
                    return redis;
                }
            }
        };
        let redis = timeout(PATIENCE, connect).await.unwrap();
        let (tell, heard) = mpsc::unbounded_channel();
        let subscriber = redis.subscriber(move |heard| _ = tell.send(heard)).await.unwrap();
        Self { redis, subscriber, heard }
    }

    /// Subscribes, however often it takes.
    pub(crate) async fn subscribe(&self, channel: &str) {
        let subscribe = async {
            while let Err(err) = self.subscriber.subscribe(channel.as_bytes()).await {
                assert!(err.is_io_error(), "{err}");
            }
        };
        timeout(PATIENCE, subscribe).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> Heard {
        timeout(PATIENCE, self.heard.recv()).await.expect("nothing was heard").unwrap()
    }

    pub(crate) async fn expect(&mut self, channel: &str, payload: &str) {
        assert_eq!(self.next().await, message(channel, payload));
    }

    /// Waits until all of these were told to be back, and nothing else.
    pub(crate) async fn resumed(&mut self, channels: &[&str]) {
        let mut found = Vec::new();
        while found.len() < channels.len() {
            match self.next().await {
                Heard::Resumed { channel } => found.push(String::from_utf8(channel).unwrap()),
                other => panic!("{other:?}"),
            }
        }
        found.sort();
        assert_eq!(found, channels);
    }

    /// Publishes until it is heard: what goes on behind the address may not be over.
    pub(crate) async fn hears(&mut self, channel: &str) {
        let heard = async {
            loop {
                _ = self.redis.query::<u64>(cmd("SPUBLISH").arg(channel).arg("again")).await;
                while let Ok(heard) = timeout(DEADLINE, self.heard.recv()).await {
                    if heard.unwrap() == message(channel, "again") {
                        return;
                    }
                }
            }
        };
        timeout(PATIENCE, heard).await.expect("it is not heard again");
    }

    /// Publishes by the code that is tested; to how many.
    pub(crate) async fn publish(&self, channel: &str, payload: &str) -> u64 {
        self.redis.query(cmd("SPUBLISH").arg(channel).arg(payload)).await.unwrap()
    }
}

fn message(channel: &str, payload: &str) -> Heard {
    Heard::Message { channel: channel.into(), payload: payload.into() }
}

#[tokio::test]
async fn what_is_published_is_heard_in_order() {
    let server = RedisServer::start();
    let mut ears = Ears::at(&server.url(), PATIENCE).await;
    ears.subscribe("a").await;
    ears.subscribe("b").await;
    ears.subscribe("b").await;
    for n in 0..100 {
        let channel = if n % 3 == 0 { "a" } else { "b" };
        assert_eq!(ears.publish(channel, &n.to_string()).await, 1);
        assert_eq!(ears.publish("c", "nobody").await, 0);
    }
    for n in 0..100 {
        ears.expect(if n % 3 == 0 { "a" } else { "b" }, &n.to_string()).await;
    }
    ears.subscriber.unsubscribe(b"a").await.unwrap();
    ears.subscriber.unsubscribe(b"never was").await.unwrap();
    assert_eq!(ears.publish("a", "").await, 0);
    ears.subscribe("a").await;
    assert_eq!(ears.publish("a", "again").await, 1);
    ears.expect("a", "again").await;
    drop(ears.subscriber);
    assert_eq!(ears.heard.recv().await, None);
}

#[tokio::test]
async fn many_channels_share_a_connection() {
    let server = RedisServer::start();
    let mut ears = Ears::at(&server.url(), PATIENCE).await;
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..2000 {
        let subscriber = ears.subscriber.clone();
        asked.spawn(async move { subscriber.subscribe(format!("{n}").as_bytes()).await });
    }
    for answer in asked.join_all().await {
        answer.unwrap();
    }
    assert_eq!(ears.publish("1999", "x").await, 1);
    ears.expect("1999", "x").await;
    let clients: String = server.query(cmd("CLIENT").arg(&["LIST", "TYPE", "pubsub"])).await;
    assert_eq!(clients.lines().count(), 1, "{clients}");
}

#[tokio::test]
async fn a_connection_that_is_dropped_is_made_again() {
    for server in [RedisServer::start(), RedisServer::tcp()] {
        let mut ears = Ears::at(&server.url(), PATIENCE).await;
        ears.subscribe("a").await;
        ears.subscribe("b").await;
        for round in ["1", "2", "3"] {
            server.query::<()>(cmd("CLIENT").arg(&["KILL", "TYPE", "pubsub"])).await;
            ears.resumed(&["a", "b"]).await;
            // Published after it was told to be back, so it is heard.
            assert_eq!(ears.publish("a", round).await, 1);
            ears.expect("a", round).await;
        }
    }
}

#[tokio::test]
async fn subscriptions_outlive_the_server() {
    let mut server = RedisServer::start();
    let mut ears = Ears::at(&server.url(), DEADLINE).await;
    ears.subscribe("a").await;
    for _ in 0..2 {
        server.kill();
        let start = Instant::now();
        let err = ears.subscriber.subscribe(b"b").await.unwrap_err();
        assert!(err.is_io_error() && start.elapsed() < DEADLINE * 20, "{err}");
        server.restart();
        ears.resumed(&["a"]).await;
    }
    // What could not be subscribed is not.
    let channels: Vec<String> = server.query(cmd("PUBSUB").arg("SHARDCHANNELS")).await;
    assert_eq!(channels, ["a"]);
}

#[tokio::test]
async fn a_server_that_stands_still_is_noticed() {
    let server = RedisServer::start();
    let mut ears = Ears::at(&server.url(), DEADLINE).await;
    ears.subscribe("a").await;
    server.pause();
    let start = Instant::now();
    let err = ears.subscriber.subscribe(b"b").await.unwrap_err();
    assert!(err.is_io_error() && start.elapsed() < DEADLINE * 20, "{err}");
    server.resume();
    ears.resumed(&["a"]).await;
    ears.subscribe("b").await;
}
