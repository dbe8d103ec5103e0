//! What sockets and topics owe to a clock that can be moved.

use satama::delivery::Frame;
use satama::hub::Keep;
use satama_tests::{closed, frame, hears, text};

use super::*;

/// A host that was stopped for longer than its sockets' channels live.
#[tokio::test]
async fn a_socket_whose_channel_has_expired_is_closed() {
    let h = Harness::sqlite().await;
    let mut socket = h.channels("c").attach("id", "1", None).await.unwrap();
    h.advance(LONG).await;
    h.services.delivery().heartbeat().await;
    assert_eq!(closed(&mut socket).await.code, 1001);
}

/// A host that was stopped until posts were swept that it had not read.
#[tokio::test]
async fn a_post_that_was_swept_is_told_of() {
    let h = Harness::sqlite().await;
    let mut listener = h.bus("c").listen(&["t"]).await.unwrap();
    let mut file = database(&h.file()).await;
    let swept =
        "BEGIN IMMEDIATE; INSERT INTO post (address, payload, posted_ms) VALUES (x'', x'', 0);
        DELETE FROM post; COMMIT";
    file.execute(swept).await.unwrap();
    assert!(matches!(frame(&mut listener).await, Frame::Missed { topic: Some(t) } if &*t == "t"));
    h.bus("c").publish("t", &text("later"), None, None).await.unwrap();
    hears(&mut listener, &["later"]).await;
}

/// A topic is remembered for thirty days after its last message, and then begins
/// anew: who comes back later is told.
#[tokio::test]
async fn a_topic_that_was_forgotten_begins_anew() {
    let h = Harness::sqlite().await;
    let b = h.bus("c");
    let keep = Some(Keep { messages: 10, ttl: LONG });
    let old = b.publish("t", &text("old"), None, keep).await.unwrap().unwrap().to_string();
    h.advance(Duration::from_secs(29 * 24 * 60 * 60)).await;
    assert!(b.history("t", Some(&old), 10).await.unwrap().complete, "it is remembered");
    h.advance(Duration::from_secs(2 * 24 * 60 * 60)).await;
    assert_eq!(b.history("t", None, 10).await.unwrap().position, None);
    assert_eq!(b.publish("t", &text("plain"), None, None).await.unwrap(), None);
    b.publish("t", &text("new"), None, keep).await.unwrap();
    let found = b.history("t", Some(&old), 10).await.unwrap();
    assert_eq!((found.complete, found.messages.len()), (false, 1));
}
