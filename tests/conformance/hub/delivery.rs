//! What is published, and who hears it.

use super::*;

pub(crate) async fn a_message_reaches_all_who_listen(h: &Harness) {
    let ours = Host::ours(h);
    let mut sockets = Vec::new();
    for n in 0..5 {
        sockets.push(ours.listen(&n.to_string(), "t").await);
    }
    let mut host = ours.bus.listen(&["t"]).await.unwrap();
    ours.publish("t", "hello").await;
    for socket in &mut sockets {
        hears(socket, &["hello"]).await;
        ours.assert_silent(socket).await;
    }
    hears(&mut host, &["hello"]).await;
}

pub(crate) async fn a_message_reaches_other_hosts(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let third = Host::other(h).await;
    let mut here = ours.listen("here", "t").await;
    let mut there = theirs.listen("there", "t").await;
    let mut host = third.bus.listen(&["t"]).await.unwrap();
    for (n, from) in [&ours, &theirs, &third, &ours].into_iter().enumerate() {
        from.publish("t", &n.to_string()).await;
        hears(&mut here, &[&n.to_string()]).await;
        hears(&mut there, &[&n.to_string()]).await;
        hears(&mut host, &[&n.to_string()]).await;
    }
    theirs.assert_silent(&mut here).await;
    ours.assert_silent(&mut there).await;
}

pub(crate) async fn a_message_tells_its_topic_and_has_no_position(h: &Harness) {
    let ours = Host::ours(h);
    let mut socket = ours.listen("id", "t").await;
    ours.bus.subscribe("", "id", None).await.unwrap();
    for topic in ["t", ""] {
        let position = ours.bus.publish(topic, &text("m"), None, None).await.unwrap();
        assert_eq!(position, None, "it is not kept");
        assert_frame(&mut socket, Some(topic)).await;
    }
    ours.send("id", "m").await;
    assert_frame(&mut socket, None).await;
}

/// Asserts that the message `m` of a topic that is not kept comes next.
async fn assert_frame(socket: &mut Attachment, expected: Option<&str>) {
    match frame(socket).await {
        Frame::Message { topic, message, position, .. } => {
            assert_eq!((topic.as_deref(), position), (expected, None));
            assert_eq!(message, text("m"));
        }
        other => panic!("{other:?}"),
    }
}

/// Some messages that must arrive as they are.
fn odd_messages() -> Vec<Message> {
    let mut messages: Vec<_> = crate::ODD_TEXTS.iter().map(|odd| text(odd)).collect();
    for bytes in [&b""[..], b"\0", b"a\0b\0", b"\xff\xfe", &[0; 300], b"\r\n$3\r\n"] {
        messages.push(Message::Binary(bytes.into()));
    }
    messages.push(Message::Binary((0..=255).collect::<Vec<u8>>().into()));
    messages.push(Message::Binary(vec![0xff; 65_536].into()));
    messages.push(text(&"ä".repeat(32_768)));
    messages
}

pub(crate) async fn messages_arrive_as_they_are(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut here = ours.listen("here", "t").await;
    let mut there = theirs.listen("there", "t").await;
    for keep in [None, KEEP] {
        for message in odd_messages() {
            ours.bus.publish("t", &message, None, keep).await.unwrap();
            assert!(ours.channels.send("there", &message).await.unwrap());
            for (socket, count) in [(&mut here, 1), (&mut there, 2)] {
                for _ in 0..count {
                    match frame(socket).await {
                        Frame::Message { message: found, .. } => assert_eq!(found, message),
                        other => panic!("expected {message:?}, heard {other:?}"),
                    }
                }
            }
        }
    }
    let kept = ours.bus.history("t", None, 100).await.unwrap().messages;
    let kept: Vec<_> = kept.into_iter().map(|kept| kept.message).collect();
    assert_eq!(kept, odd_messages());
}

pub(crate) async fn the_excepted_channel_hears_nothing(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let ids = ["a", "b", ""];
    let mut sockets =
        [ours.listen("a", "t").await, theirs.listen("b", "t").await, ours.listen("", "t").await];
    let mut host = ours.bus.listen(&["t"]).await.unwrap();
    for keep in [None, KEEP] {
        for except in ids.into_iter().chain(["nobody"]) {
            for from in [&ours, &theirs] {
                let said = format!("for all but {except:?}");
                from.bus.publish("t", &text(&said), Some(except), keep).await.unwrap();
                from.publish("t", "for all").await;
                for (id, socket) in ids.iter().zip(&mut sockets) {
                    if *id != except {
                        hears(socket, &[&said]).await;
                    }
                    hears(socket, &["for all"]).await;
                }
                hears(&mut host, &[&said, "for all"]).await;
            }
        }
    }
}

/// Also while others publish, and although nobody reads for some time.
pub(crate) async fn a_publishers_messages_come_in_its_order(h: &Harness) {
    let hosts = [Host::ours(h), Host::other(h).await, Host::other(h).await];
    let mut sockets = Vec::new();
    for (n, host) in hosts.iter().enumerate() {
        sockets.push(host.listen(&n.to_string(), "t").await);
    }
    for round in 0..10 {
        let mut publishers = JoinSet::new();
        for host in &hosts[..2] {
            let b = bus(&host.services, &grant("t"), "c");
            let publisher = publishers.len();
            publishers.spawn(async move {
                for n in round * 100..(round + 1) * 100 {
                    let keep = KEEP.filter(|_| round >= 5);
                    b.publish("t", &text(&format!("{publisher} {n}")), None, keep).await.unwrap();
                }
            });
        }
        publishers.join_all().await;
        let mut heard_by = Vec::new();
        for socket in &mut sockets {
            let mut said = Vec::new();
            for _ in 0..200 {
                said.push(heard(socket).await);
            }
            for publisher in ["0", "1"] {
                let of = |said: &&String| said.starts_with(publisher);
                let expected = (round * 100..(round + 1) * 100).map(|n| format!("{publisher} {n}"));
                let found: Vec<_> = said.iter().filter(of).cloned().collect();
                assert_eq!(found, expected.collect::<Vec<_>>());
            }
            heard_by.push(said);
        }
        assert!(heard_by.iter().all(|said| *said == heard_by[0]), "all hear one order");
    }
}

pub(crate) async fn nothing_comes_of_a_topic_that_was_unsubscribed(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut socket = ours.listen("id", "t").await;
    let mut witness = ours.listen("witness", "t").await;
    ours.publish("t", "first").await;
    hears(&mut socket, &["first"]).await;
    assert!(ours.bus.unsubscribe("t", "id").await.unwrap());
    for from in [&ours, &theirs] {
        from.publish("t", "not for it").await;
    }
    hears(&mut witness, &["first", "not for it", "not for it"]).await;
    ours.assert_silent(&mut socket).await;
    assert!(ours.bus.subscribe("t", "id", None).await.unwrap());
    ours.publish("t", "again").await;
    hears(&mut socket, &["again"]).await;
}

pub(crate) async fn nothing_comes_of_topics_of_others(h: &Harness) {
    let ours = Host::ours(h);
    let mut socket = ours.listen("id", "t").await;
    let strangers = [
        (grant("u"), "c"),
        (grant("t"), "d"),
        (grant("t"), "c*"),
        (grant("t"), ""),
        (grant("t"), "c:t"),
        (grant("t"), "hub:c"),
    ];
    for (grant, name) in &strangers {
        for host in [&ours, &Host::other(h).await] {
            let b = bus(&host.services, grant, name);
            b.publish("t", &text("not for it"), None, None).await.unwrap();
            let of_theirs = channels(&host.services, grant, name, LONG);
            assert!(of_theirs.send("id", &text("not for it")).await.is_err());
        }
    }
    for topic in ["", "T", "t ", "t:", "*", "?", "[t]", "t\0", "tt", "\0t"] {
        ours.publish(topic, "not for it").await;
        ours.keep(topic, "not for it").await;
    }
    ours.publish("t", "for it").await;
    hears(&mut socket, &["for it"]).await;
    ours.assert_silent(&mut socket).await;
}

pub(crate) async fn topics_of_any_text_are_heard(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut here = ours.attach("here").await;
    let mut there = theirs.attach("there").await;
    for topic in crate::ODD_TEXTS {
        ours.bus.subscribe(topic, "here", None).await.unwrap();
        theirs.bus.subscribe(topic, "there", None).await.unwrap();
    }
    for topic in crate::ODD_TEXTS {
        ours.publish(topic, topic).await;
        for socket in [&mut here, &mut there] {
            match frame(socket).await {
                Frame::Message { topic: Some(of), message, .. } => {
                    assert_eq!((&*of, message), (*topic, text(topic)));
                }
                other => panic!("{topic:?}: {other:?}"),
            }
        }
    }
}

/// A host's listeners come and go, and the topic's sockets do not mind.
pub(crate) async fn a_listener_ends_when_it_is_dropped(h: &Harness) {
    let (ours, theirs) = (Host::ours(h), Host::other(h).await);
    let mut socket = ours.listen("id", "t").await;
    for n in 0..10 {
        let mut one = ours.bus.listen(&["t"]).await.unwrap();
        let mut two = ours.bus.listen(&["t"]).await.unwrap();
        let said = n.to_string();
        theirs.publish("t", &said).await;
        hears(&mut one, &[&said]).await;
        hears(&mut two, &[&said]).await;
        hears(&mut socket, &[&said]).await;
        drop((one, two));
        ours.services.delivery().heartbeat().await;
    }
}

/// Who listens again later hears what is published from then on, and at most what
/// was published just before.
pub(crate) async fn who_listens_again_hears_what_is_new(h: &Harness) {
    let ours = Host::ours(h);
    for keep in [None, KEEP] {
        for n in 0..5 {
            let mut listener = ours.bus.listen(&["t"]).await.unwrap();
            let said = format!("new {n}");
            ours.bus.publish("t", &text(&said), None, keep).await.unwrap();
            loop {
                match heard(&mut listener).await {
                    old if old == "meanwhile" => {}
                    new => break assert_eq!(new, said),
                }
            }
            drop(listener);
            ours.services.delivery().heartbeat().await;
            ours.bus.publish("t", &text("meanwhile"), None, keep).await.unwrap();
        }
    }
}
