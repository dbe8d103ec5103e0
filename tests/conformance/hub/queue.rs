//! Receivers that read slowly, or not at all.

use satama::delivery::SLOW;

use super::*;

/// What waits for a receiver at most.
const MESSAGES_MAX: usize = 256;
const BYTES_MAX: usize = 1 << 20;

/// Publishes as many messages, each heard by a witness: then all receivers of its
/// host have them.
async fn publish(from: &Host, witness: &mut Attachment, messages: &[String]) {
    for message in messages {
        from.publish("t", message).await;
        assert_eq!(heard(witness).await, *message);
    }
}

/// Asserts that a socket is closed for being slow, however much of what came before
/// it has heard first.
async fn assert_slow(socket: &mut Attachment, messages: &[String]) {
    let mut heard = 0;
    loop {
        match frame(socket).await {
            Frame::Message { message, .. } => {
                assert_eq!(message, text(&messages[heard]));
                heard += 1;
            }
            Frame::Closed(close) => {
                assert_eq!(close.code, SLOW);
                assert!(heard <= MESSAGES_MAX, "{heard}");
                assert!(socket.receive().await.is_none());
                return;
            }
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn as_many_messages_as_may_wait_are_all_heard(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut witness = ours.listen("witness", "t").await;
    let mut waits = ours.listen("waits", "t").await;
    let messages = numbered(MESSAGES_MAX);
    publish(&theirs, &mut witness, &messages).await;
    for message in &messages {
        assert_eq!(heard(&mut waits).await, *message);
    }
    ours.assert_silent(&mut waits).await;
}

pub(crate) async fn a_slow_receiver_is_closed_and_the_others_hear_everything(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut witness = ours.listen("witness", "t").await;
    let mut there = theirs.listen("there", "t").await;
    let mut slow = ours.listen("slow", "t").await;
    let messages = numbered(MESSAGES_MAX + 10);
    for some in messages.chunks(50) {
        publish(&theirs, &mut witness, some).await;
        for message in some {
            assert_eq!(heard(&mut there).await, *message);
        }
    }
    assert_slow(&mut slow, &messages).await;
    drop(slow);
    until("the slow one is gone", async || {
        member_ids(&ours.bus, "t").await == ["there", "witness"]
    })
    .await;
    theirs.publish("t", "and on").await;
    hears(&mut witness, &["and on"]).await;
    hears(&mut there, &["and on"]).await;
}

pub(crate) async fn what_is_sent_counts_as_what_is_published(h: &Harness) {
    let ours = Host::ours(h);
    let mut slow = ours.attach("slow").await;
    let messages = numbered(MESSAGES_MAX + 10);
    for message in &messages {
        // Once it is closed, nobody has to hear of it.
        ours.channels.send("slow", &text(message)).await.unwrap();
    }
    let mut witness = ours.listen("witness", "t").await;
    publish(&ours, &mut witness, &numbered(1)).await;
    assert_slow(&mut slow, &messages).await;
}

pub(crate) async fn bytes_are_bounded_as_messages_are(h: &Harness) {
    let ours = Host::ours(h);
    let mut witness = ours.listen("witness", "t").await;
    let mut waits = ours.listen("waits", "t").await;
    let large: Vec<_> = (0..=9).map(|n| format!("{n}").repeat(65_536)).collect();
    let most = BYTES_MAX / 65_536;
    let messages: Vec<_> = large.iter().cycle().take(most + 2).cloned().collect();
    publish(&ours, &mut witness, &messages[..most]).await;
    for message in &messages[..most] {
        assert_eq!(heard(&mut waits).await, *message);
    }
    publish(&ours, &mut witness, &messages).await;
    assert_slow(&mut waits, &messages).await;
    ours.publish("t", "and on").await;
    hears(&mut witness, &["and on"]).await;
}

/// What was read makes room again.
pub(crate) async fn a_receiver_that_reads_is_never_slow(h: &Harness) {
    let ours = Host::ours(h);
    let mut witness = ours.listen("witness", "t").await;
    let mut socket = ours.listen("id", "t").await;
    for _ in 0..4 {
        let messages = numbered(MESSAGES_MAX / 2);
        publish(&ours, &mut witness, &messages).await;
        for message in &messages {
            assert_eq!(heard(&mut socket).await, *message);
        }
    }
}

pub(crate) async fn a_slow_listener_is_told_what_it_missed(h: &Harness) {
    let ours = Host::ours(h);
    let mut witness = ours.listen("witness", "t").await;
    let mut slow = ours.bus.listen(&["t"]).await.unwrap();
    let messages = numbered(MESSAGES_MAX + 10);
    publish(&ours, &mut witness, &messages).await;
    let mut read = 0;
    loop {
        match frame(&mut slow).await {
            Frame::Message { message, .. } => assert_eq!(message, text(&messages[read])),
            Frame::Missed { .. } => break,
            other => panic!("{other:?}"),
        }
        read += 1;
    }
    assert!((1..messages.len()).contains(&read), "{read}");
    publish(&ours, &mut witness, &["and on".to_owned()]).await;
    hears(&mut slow, &["and on"]).await;
}

pub(crate) async fn a_full_queue_holds_nobody_up(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    // A host of slow receivers alone.
    let mut slow = Vec::new();
    for n in 0..3 {
        slow.push(theirs.listen(&n.to_string(), "t").await);
    }
    let mut witness = ours.listen("witness", "t").await;
    publish(&ours, &mut witness, &numbered(MESSAGES_MAX * 2)).await;
    let mut new = theirs.listen("new", "u").await;
    ours.publish("u", "for the new one").await;
    hears(&mut new, &["for the new one"]).await;
}
