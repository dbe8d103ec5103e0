//! Receivers while their store goes away and comes back: what is kept they get in full,
//! once and in order; of the rest they are told that they may have missed some.

use std::time::Duration;

use satama::Services;
use satama::delivery::{Attachment, Frame, Message};
use satama::hub::{Bus, Keep};
use satama_tests::{Cluster, PATIENCE, RedisServer, bus, channels, frame, grant, text};

use crate::impatient;

const KEEP: Keep = Keep { messages: 1_000, ttl: Duration::from_secs(60 * 60) };

/// A channel of `services` that is subscribed to these topics.
async fn socket(services: &Services, topics: &[&str]) -> Attachment {
    let socket = loop {
        let c = channels(services, &grant("t"), "c", PATIENCE);
        if let Ok(socket) = c.attach("a", "null", None).await {
            break socket;
        }
    };
    let hub = bus(services, &grant("t"), "c");
    for topic in topics {
        while hub.subscribe(topic, "a", None).await.is_err() {}
    }
    socket
}

/// Publishes `n` to a topic until that is acknowledged. What was not may have been
/// published too.
async fn publish(hub: &Bus, topic: &str, n: u32, keep: Option<Keep>) {
    let publish =
        async { while hub.publish(topic, &text(&n.to_string()), None, keep).await.is_err() {} };
    tokio::time::timeout(PATIENCE, publish).await.expect("the store comes back");
}

/// What came of a kept topic up to the text `last`, without a word of what may be missing
/// elsewhere. Panics if something of it was missed.
async fn kept_until(socket: &mut Attachment, last: u32) -> Vec<u32> {
    let mut heard = Vec::new();
    while heard.last() != Some(&last) {
        match frame(socket).await {
            Frame::Message { topic: Some(topic), message: Message::Text(text), .. }
                if &*topic == "kept" =>
            {
                heard.push(text.parse().unwrap());
            }
            Frame::Missed { topic } => assert_ne!(topic.as_deref(), Some("kept"), "{heard:?}"),
            Frame::Message { .. } => {}
            Frame::Closed(close) => panic!("{close:?}, after {heard:?}"),
        }
    }
    heard
}

/// Asserts that these are one after the other, each at least once: one that was published
/// without an acknowledgement is published again.
fn assert_complete(heard: &[u32], last: u32) {
    let mut once = heard.to_vec();
    once.dedup();
    assert_eq!(once, (0..=last).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_kept_topic_has_no_gap_when_the_server_restarts() {
    let mut server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let services = impatient(&server.url()).await;
    let mut socket = socket(&services, &["kept", "plain"]).await;
    let hub = bus(&services, &grant("t"), "c");
    for n in 0..10 {
        publish(&hub, "kept", n, Some(KEEP)).await;
    }
    for round in 1..4 {
        server.restart();
        for n in round * 10..round * 10 + 10 {
            publish(&hub, "kept", n, None).await;
        }
    }
    assert_complete(&kept_until(&mut socket, 39).await, 39);
}

#[tokio::test]
async fn a_plain_topic_says_that_some_may_be_missing() {
    let mut server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let services = impatient(&server.url()).await;
    let mut socket = socket(&services, &["plain"]).await;
    let hub = bus(&services, &grant("t"), "c");
    server.restart();
    // Of its topic, and of what was sent to it alone.
    let mut missed = vec![];
    while missed.len() < 2 {
        match frame(&mut socket).await {
            Frame::Missed { topic } => missed.push(topic.as_deref().map(str::to_owned)),
            other => panic!("{other:?}"),
        }
    }
    missed.sort();
    assert_eq!(missed, [None, Some("plain".to_owned())]);
    publish(&hub, "plain", 1, None).await;
    let Frame::Message { message, .. } = frame(&mut socket).await else { panic!("no message") };
    assert_eq!(message, text("1"));
}

#[tokio::test]
async fn a_kept_topic_has_no_gap_when_a_master_is_replaced() {
    let mut cluster = Cluster::with_replicas().await;
    let services = impatient(&cluster.url()).await;
    let mut socket = socket(&services, &["kept"]).await;
    let hub = bus(&services, &grant("t"), "c");
    for n in 0..10 {
        publish(&hub, "kept", n, Some(KEEP)).await;
    }
    let master = cluster.owner("{t:hub:c:kept}").await;
    cluster.nodes[master].replicated("{t:hub:c:kept}test").await;
    cluster.nodes[master].kill();
    for n in 10..20 {
        publish(&hub, "kept", n, None).await;
    }
    assert_complete(&kept_until(&mut socket, 19).await, 19);
}

/// A server that forgets.
#[tokio::test]
async fn a_channel_that_is_lost_is_closed() {
    let mut server = RedisServer::start();
    let services = impatient(&server.url()).await;
    let mut socket = socket(&services, &["kept"]).await;
    let hub = bus(&services, &grant("t"), "c");
    publish(&hub, "kept", 0, Some(KEEP)).await;
    assert_eq!(kept_until(&mut socket, 0).await, [0]);
    server.restart();
    // The channel is gone with the server's memory; what is missed may be told before.
    loop {
        match frame(&mut socket).await {
            Frame::Missed { .. } => {}
            Frame::Closed(close) => break assert_eq!(close.code, 1001),
            Frame::Message { message, .. } => panic!("{message:?}"),
        }
    }
}
