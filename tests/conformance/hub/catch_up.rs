//! Receivers that come back with a position: they get all that they missed, in
//! order and once, or are told.

use super::*;

/// Who subscribes the channel: the host of its socket, or another.
struct Pair {
    ours: Host,
    theirs: Host,
}

impl Pair {
    async fn new(h: &Harness) -> Self {
        Self { ours: Host::ours(h), theirs: Host::other(h).await }
    }

    fn each(&self) -> [&Host; 2] {
        [&self.ours, &self.theirs]
    }

    /// A socket of ours that is subscribed by `by`, with a position.
    async fn come_back(&self, by: &Host, id: &str, since: &Position) -> Attachment {
        let socket = self.ours.attach(id).await;
        assert!(by.bus.subscribe("t", id, Some(&since.to_string())).await.unwrap());
        socket
    }

    /// Keeps as many messages, and returns their positions.
    async fn keep(&self, messages: &[String]) -> Vec<Position> {
        let mut positions = Vec::new();
        for message in messages {
            positions.push(self.theirs.keep("t", message).await);
        }
        positions
    }

    /// Keeps messages in the background.
    fn keep_meanwhile(&self, messages: Vec<String>) -> JoinSet<()> {
        let publisher = Host::new(self.theirs.services.clone());
        let mut meanwhile = JoinSet::new();
        meanwhile.spawn(async move {
            for message in messages {
                publisher.keep("t", &message).await;
                tokio::task::yield_now().await;
            }
        });
        meanwhile
    }
}

/// Asserts that these messages come next, each with a position.
async fn hears_kept(socket: &mut Attachment, expected: &[String]) -> Option<Position> {
    let mut last = None;
    for expected in expected {
        match frame(socket).await {
            Frame::Message { topic: Some(topic), message, position: Some(position), .. } => {
                assert_eq!((&*topic, message), ("t", text(expected)));
                last = Some(position);
            }
            other => panic!("expected {expected:?}, heard {other:?}"),
        }
    }
    last
}

/// Reads on until a message is heard; tells whether something was said to be missed.
async fn missed_before(socket: &mut Attachment, last: &str) -> (bool, Vec<String>) {
    let (mut missed, mut said) = (false, Vec::new());
    loop {
        match frame(socket).await {
            // A heartbeat that is before a notice tells of its topic as well.
            Frame::Missed { topic } => missed |= topic.as_deref() == Some("t"),
            Frame::Message { message: Message::Text(text), .. } if &*text == last => {
                return (missed, said);
            }
            Frame::Message { message: Message::Text(text), .. } => said.push(text.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) async fn who_comes_back_hears_what_it_missed_and_goes_on(h: &Harness) {
    let pair = Pair::new(h).await;
    let messages = numbered(6);
    let positions = pair.keep(&messages).await;
    for (n, by) in pair.each().into_iter().enumerate() {
        for (at, since) in positions.iter().enumerate() {
            let mut socket = pair.come_back(by, &format!("{n} {at}"), since).await;
            hears_kept(&mut socket, &messages[at + 1..]).await;
            pair.ours.assert_silent(&mut socket).await;
            socket.detach().await.unwrap();
        }
    }
    let mut socket = pair.come_back(&pair.ours, "id", &positions[3]).await;
    hears_kept(&mut socket, &messages[4..]).await;
    pair.theirs.publish("t", "new").await;
    pair.ours.publish("t", "newer").await;
    hears_kept(&mut socket, &["new".to_owned(), "newer".to_owned()]).await;
}

pub(crate) async fn who_comes_back_while_others_publish_has_no_gap(h: &Harness) {
    let pair = Pair::new(h).await;
    let messages = numbered(150);
    let positions = pair.keep(&messages[..20]).await;
    let publisher = pair.keep_meanwhile(messages[20..].to_vec());
    let mut sockets = Vec::new();
    for (at, since) in positions.iter().enumerate() {
        let by = pair.each()[at % 2];
        sockets.push((at, pair.come_back(by, &at.to_string(), since).await));
    }
    for (at, socket) in &mut sockets {
        hears_kept(socket, &messages[*at + 1..]).await;
    }
    publisher.join_all().await;
    for (_, socket) in &mut sockets {
        pair.ours.assert_silent(socket).await;
    }
}

/// A client with a bad connection, which comes back to one host and the other.
pub(crate) async fn who_comes_and_goes_hears_everything_once(h: &Harness) {
    let pair = Pair::new(h).await;
    let messages = numbered(200);
    let mut last = pair.keep(&messages[..1]).await[0];
    let publisher = pair.keep_meanwhile(messages[1..].to_vec());
    for (n, some) in messages[1..].chunks(7).enumerate() {
        let host = pair.each()[n % 2];
        let mut socket = host.attach("id").await;
        let since = last.to_string();
        assert!(pair.ours.bus.subscribe("t", "id", Some(&since)).await.unwrap());
        last = hears_kept(&mut socket, some).await.unwrap();
        socket.detach().await.unwrap();
    }
    publisher.join_all().await;
}

pub(crate) async fn a_long_history_is_heard_by_who_reads_it(h: &Harness) {
    let pair = Pair::new(h).await;
    let messages = numbered(600);
    let positions = pair.keep(&messages).await;
    for (n, by) in pair.each().into_iter().enumerate() {
        let mut socket = pair.come_back(by, &n.to_string(), &positions[0]).await;
        hears_kept(&mut socket, &messages[1..]).await;
    }
}

pub(crate) async fn who_comes_back_too_late_is_told(h: &Harness) {
    let pair = Pair::new(h).await;
    let first = pair.ours.keep("t", "first").await;
    for n in numbered(5) {
        let few = Some(Keep { messages: 2, ttl: LONG });
        pair.ours.bus.publish("t", &text(&n), None, few).await.unwrap();
    }
    for (n, by) in pair.each().into_iter().enumerate() {
        let mut socket = pair.come_back(by, &n.to_string(), &first).await;
        assert!(matches!(frame(&mut socket).await, Frame::Missed { topic: Some(_) }));
        until_heard(&pair.theirs, "t", &mut socket).await;
    }
}

pub(crate) async fn who_comes_back_to_a_forgotten_history_is_told(h: &Harness) {
    let pair = Pair::new(h).await;
    let first = pair.ours.keep("t", "first").await;
    let brief = Some(Keep { messages: 10, ttl: BRIEF });
    pair.ours.bus.publish("t", &text("forgotten"), None, brief).await.unwrap();
    h.advance(BRIEF).await;
    for (n, by) in pair.each().into_iter().enumerate() {
        let mut socket = pair.come_back(by, &n.to_string(), &first).await;
        let last = format!("last {n}");
        assert!(matches!(frame(&mut socket).await, Frame::Missed { topic: Some(_) }));
        until_heard(&pair.theirs, "t", &mut socket).await;
        pair.theirs.publish("t", &last).await;
        hears(&mut socket, &[&last]).await;
    }
}

/// Of another topic, or one that is not kept at all.
pub(crate) async fn who_comes_back_with_a_position_of_another_topic_is_told(h: &Harness) {
    let pair = Pair::new(h).await;
    let of_another = pair.ours.keep("another", "first").await;
    for kept in [false, true] {
        if kept {
            pair.keep(&numbered(3)).await;
        }
        for (n, by) in pair.each().into_iter().enumerate() {
            let id = format!("{kept} {n}");
            let mut socket = pair.come_back(by, &id, &of_another).await;
            assert!(matches!(frame(&mut socket).await, Frame::Missed { topic: Some(_) }));
            until_heard(&pair.theirs, "t", &mut socket).await;
        }
    }
}

pub(crate) async fn who_has_the_last_message_hears_only_new_ones(h: &Harness) {
    let pair = Pair::new(h).await;
    let positions = pair.keep(&numbered(3)).await;
    for (n, by) in pair.each().into_iter().enumerate() {
        let mut socket = pair.come_back(by, &n.to_string(), &positions[2]).await;
        pair.ours.assert_silent(&mut socket).await;
    }
    let mut socket = pair.come_back(&pair.ours, "id", &positions[2]).await;
    pair.theirs.publish("t", "new").await;
    hears(&mut socket, &["new"]).await;
}

pub(crate) async fn what_was_not_for_a_channel_is_not_caught_up_with(h: &Harness) {
    let pair = Pair::new(h).await;
    let first = pair.ours.keep("t", "first").await;
    for except in ["id", "", "another"] {
        let said = format!("for all but {except:?}");
        pair.ours.bus.publish("t", &text(&said), Some(except), KEEP).await.unwrap();
    }
    pair.ours.keep("t", "last").await;
    for by in pair.each() {
        for id in ["id", ""] {
            let mut socket = pair.come_back(by, id, &first).await;
            let (missed, said) = missed_before(&mut socket, "last").await;
            assert!(!missed);
            let of = |except: &str| format!("for all but {except:?}");
            let expected: Vec<_> =
                ["id", "", "another"].iter().filter(|e| **e != id).map(|e| of(e)).collect();
            assert_eq!(said, expected, "by {id:?}");
            socket.detach().await.unwrap();
        }
    }
}

/// Who subscribes again, with a position or without, still hears what comes; with a
/// position, perhaps again what came in between.
pub(crate) async fn a_subscription_that_is_repeated_goes_on(h: &Harness) {
    let pair = Pair::new(h).await;
    let positions = pair.keep(&numbered(3)).await;
    let mut socket = pair.ours.listen("id", "t").await;
    for by in pair.each() {
        for since in [None, Some(positions[2].to_string()), None] {
            let last = pair.ours.bus.history("t", None, 0).await.unwrap().position;
            let since = since.and(last).map(|position| position.to_string());
            assert!(!by.bus.subscribe("t", "id", since.as_deref()).await.unwrap());
            until_heard(&pair.theirs, "t", &mut socket).await;
            pair.ours.services.delivery().heartbeat().await;
            pair.theirs.publish("t", "and on").await;
            let (missed, again) = missed_before(&mut socket, "and on").await;
            assert!(!missed && (again.is_empty() || since.is_some()), "{again:?}");
        }
    }
}

/// Whatever happens to the subscription meanwhile, but for its end: there is no gap
/// that nobody is told of. More is kept than waits for a socket, so it still catches
/// up by then.
pub(crate) async fn who_catches_up_is_not_cut_short(h: &Harness) {
    let pair = Pair::new(h).await;
    let messages = numbered(600);
    let positions = pair.keep(&messages).await;
    for how in ["a heartbeat", "another subscription", "another topic"] {
        let mut socket = pair.come_back(&pair.ours, how, &positions[0]).await;
        match how {
            "a heartbeat" => pair.ours.services.delivery().heartbeat().await,
            "another topic" => {
                assert!(pair.theirs.bus.subscribe("u", how, None).await.unwrap());
                pair.ours.services.delivery().heartbeat().await;
            }
            _ => assert!(!pair.ours.bus.subscribe("t", how, None).await.unwrap()),
        }
        let last = format!("after {how}");
        pair.theirs.publish("t", &last).await;
        let (missed, said) = missed_before(&mut socket, &last).await;
        let said: Vec<_> = said.into_iter().filter(|said| !said.starts_with("after")).collect();
        assert!(missed || said == messages[1..], "{how}: {} of 599, untold", said.len());
    }
}

pub(crate) async fn who_unsubscribes_while_catching_up_hears_nothing_newer(h: &Harness) {
    let pair = Pair::new(h).await;
    let messages = numbered(200);
    let positions = pair.keep(&messages).await;
    let mut witness = pair.ours.listen("witness", "t").await;
    for n in numbered(5) {
        let mut socket = pair.come_back(&pair.ours, &n, &positions[0]).await;
        assert!(pair.ours.bus.unsubscribe("t", &n).await.unwrap());
        let later = format!("later {n}");
        pair.theirs.publish("t", &later).await;
        hears(&mut witness, &[&later]).await;
        pair.ours.send(&n, "the marker").await;
        loop {
            let said = heard(&mut socket).await;
            if said == "the marker" {
                break;
            }
            assert_ne!(said, later);
        }
    }
}
