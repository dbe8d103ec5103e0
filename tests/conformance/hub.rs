//! What every `hub::Store` must do, and what delivery makes of it, as the holder of
//! a hub and as a socket see it.

mod agreement;
mod catch_up;
mod delivery;
mod history;
mod host;
mod limit;
mod member;
mod queue;
mod send;
mod subscription;

use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use satama::Services;
use satama::channel::Channels;
use satama::delivery::{Attachment, Frame, Message, Position};
use satama::grant::Grant;
use satama::hub::{Bus, Error, Keep};
use satama_tests::{Harness, Receive, bus, channels, closed, frame, grant, until};
use satama_tests::{heard, hears, text};
use tokio::task::JoinSet;

pub(crate) use self::agreement::*;
pub(crate) use self::catch_up::*;
pub(crate) use self::delivery::*;
pub(crate) use self::history::*;
pub(crate) use self::host::*;
pub(crate) use self::limit::*;
pub(crate) use self::member::*;
pub(crate) use self::queue::*;
pub(crate) use self::send::*;
pub(crate) use self::subscription::*;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(60 * 60);

/// What a case waits out. No case counts on anything being done before it ends.
const BRIEF: Duration = Duration::from_millis(20);

const RACERS: usize = 32;

/// One of the hosts of a store, with the channels and the hub `c` of the tenant `t`.
struct Host {
    services: Services,
    channels: Channels,
    bus: Bus,
}

impl Host {
    fn new(services: Services) -> Self {
        Self::of(services, &grant("t"))
    }

    fn of(services: Services, grant: &Grant) -> Self {
        let channels = channels(&services, grant, "c", LONG);
        let bus = bus(&services, grant, "c");
        Self { services, channels, bus }
    }

    fn ours(h: &Harness) -> Self {
        Self::new(h.services.clone())
    }

    async fn other(h: &Harness) -> Self {
        Self::new(h.other_host().await)
    }

    async fn attach(&self, id: &str) -> Attachment {
        self.channels.attach(id, "{}", None).await.unwrap()
    }

    /// A socket here that is subscribed to `topic`.
    async fn listen(&self, id: &str, topic: &str) -> Attachment {
        let socket = self.attach(id).await;
        assert!(self.bus.subscribe(topic, id, None).await.unwrap());
        socket
    }

    async fn publish(&self, topic: &str, said: &str) {
        self.bus.publish(topic, &text(said), None, None).await.unwrap();
    }

    /// Publishes to a topic that is kept, or is so from now on.
    async fn keep(&self, topic: &str, said: &str) -> Position {
        self.bus.publish(topic, &text(said), None, KEEP).await.unwrap().expect("it is kept")
    }

    async fn send(&self, id: &str, said: &str) {
        assert!(self.channels.send(id, &text(said)).await.unwrap(), "a host holds its socket");
    }

    /// Asserts that nothing waits for a socket, once all that was published before
    /// has come to its host: what is sent to it now comes first.
    async fn assert_silent(&self, socket: &mut Attachment) {
        let id = socket.id().to_owned();
        self.send(&id, "the marker").await;
        hears(socket, &["the marker"]).await;
    }
}

/// For all that a case publishes.
const KEEP: Option<Keep> = Some(Keep { messages: 1_000, ttl: LONG });

fn ids(ids: &[&str]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Texts that tell their order.
fn numbered(count: usize) -> Vec<String> {
    (0..count).map(|n| n.to_string()).collect()
}

#[track_caller]
fn assert_missing<T: Debug>(result: Result<T, Error>) {
    match result {
        Err(Error::NotFound) => {}
        other => panic!("{other:?}"),
    }
}

/// Publishes until the socket hears of it: its host may have heard yet that it was
/// subscribed elsewhere, or may not. Nothing of what it publishes is left to be heard.
async fn until_heard(from: &Host, topic: &str, socket: &mut impl Receive) {
    // No two probes are alike: one of a history is not mistaken for a new one.
    static PROBES: AtomicU64 = AtomicU64::new(0);
    for attempt in 0.. {
        assert!(attempt < 200, "the host never heard of the subscription to {topic:?}");
        let probe = format!("probe {}", PROBES.fetch_add(1, Ordering::Relaxed));
        from.publish(topic, &probe).await;
        let soon = Duration::from_millis(50);
        while let Ok(next) = tokio::time::timeout(soon, socket.receive()).await {
            if matches!(&next, Some(Frame::Message { message, .. }) if *message == text(&probe)) {
                return;
            }
        }
    }
}

/// Every entry of a topic's members, read in pages of at most `limit`, in the order
/// of ids.
async fn members(b: &Bus, topic: &str, limit: u32) -> Vec<(String, Option<String>)> {
    let mut members = Vec::new();
    let mut cursor = None;
    loop {
        let page = b.members(topic, cursor.as_deref(), limit).await.unwrap();
        assert!(page.entries.len() <= limit as usize, "{} of {limit}", page.entries.len());
        members.extend(page.entries);
        cursor = page.next;
        if cursor.is_none() {
            members.sort();
            return members;
        }
    }
}

/// The ids of a topic's members.
async fn member_ids(b: &Bus, topic: &str) -> Vec<String> {
    members(b, topic, 1_000).await.into_iter().map(|(id, _)| id).collect()
}

/// Runs `racer` many times at once, on two hosts of the same store.
async fn race<T, R>(h: &Harness, racer: impl Fn(usize, Bus) -> R) -> Vec<T>
where
    T: Send + 'static,
    R: Future<Output = T> + Send + 'static,
{
    let hosts: [Services; 2] = [h.services.clone(), h.other_host().await];
    let mut racers = JoinSet::new();
    for n in 0..RACERS {
        racers.spawn(racer(n, bus(&hosts[n % 2], &grant("t"), "c")));
    }
    racers.join_all().await
}
