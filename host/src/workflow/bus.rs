//! How workers and those who wait hear of runs: by the store's own messages.
//!
//! What is heard only saves time. Whoever listens looks by itself now and then too, so a message
//! that is lost delays, and loses nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinError;

use crate::error::Unavailable;
use crate::grant::{RedisKey, Scope};
use crate::redis::{Heard, Redis, Subscriber};
use crate::sqlite::Sqlite;

use super::RunId;

/// What can be listened to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Topic<'a> {
    /// Something was put into a queue of a partition, or is due.
    Queues(&'a Scope, u8),
    /// What the bodies are told that a worker has, in a partition.
    Worker(&'a Scope, u8, &'a str),
    /// The history of a run has grown.
    Run(&'a Scope, &'a RunId),
}

/// What is heard.
#[derive(Debug, Clone)]
pub(crate) enum Note {
    /// Of a topic, by the number that the listener gave it.
    Said(u8, String),
    /// Messages of it may have been missed.
    Missed(u8),
}

/// The store's messages, for all that listen on this host.
#[derive(Debug)]
pub(crate) struct Bus {
    kind: Kind,
    routes: Arc<Mutex<Routes>>,
    /// Held while a subscription is made or ended, so that the two keep their order.
    changing: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
enum Kind {
    Redis(Redis, tokio::sync::OnceCell<Subscriber>),
    Sqlite(Sqlite, tokio::sync::OnceCell<()>),
}

#[derive(Debug, Default)]
struct Routes {
    listeners: HashMap<Address, Vec<Route>>,
    /// How many listen by a channel.
    channels: HashMap<Vec<u8>, usize>,
    next: u64,
}

/// A channel, and of a partition's feed the run.
type Address = (Vec<u8>, String);

#[derive(Debug)]
struct Route {
    id: u64,
    number: u8,
    to: UnboundedSender<Note>,
}

/// Listening, until it is dropped.
#[derive(Debug)]
pub(crate) struct Listening {
    bus: Arc<Bus>,
    address: Address,
    id: u64,
}

impl Topic<'_> {
    fn address(&self) -> Address {
        let tag = |scope, shard| RedisKey::Tag { scope, shard }.bytes();
        match self {
            Self::Queues(scope, partition) => {
                ([tag(scope, *partition), b"?".to_vec()].concat(), String::new())
            }
            Self::Worker(scope, partition, worker) => {
                let worker = format!(">{worker}").into_bytes();
                ([tag(scope, *partition), worker].concat(), String::new())
            }
            Self::Run(scope, run) => {
                ([tag(scope, run.partition()), b"!".to_vec()].concat(), run.to_string())
            }
        }
    }
}

impl Bus {
    pub(crate) fn redis(redis: Redis) -> Self {
        Self::new(Kind::Redis(redis, tokio::sync::OnceCell::new()))
    }

    pub(crate) fn sqlite(file: Sqlite) -> Self {
        Self::new(Kind::Sqlite(file, tokio::sync::OnceCell::new()))
    }

    fn new(kind: Kind) -> Self {
        Self { kind, routes: Arc::default(), changing: tokio::sync::Mutex::default() }
    }

    /// Hears of a topic from now on: what comes is sent on, with the listener's number for it.
    pub(crate) async fn listen(
        self: &Arc<Self>,
        topic: Topic<'_>,
        number: u8,
        to: &UnboundedSender<Note>,
    ) -> Result<Listening, Unavailable> {
        let (bus, address, to) = (self.clone(), topic.address(), to.clone());
        // In a task of its own: a caller who stops polling would keep all others waiting.
        let listening = tokio::spawn(bus.listen_at(address, number, to));
        let ended = |err: JoinError| Unavailable { store: "workflow", source: err.into() };
        listening.await.map_err(ended)?
    }

    async fn listen_at(
        self: Arc<Self>,
        address: Address,
        number: u8,
        to: UnboundedSender<Note>,
    ) -> Result<Listening, Unavailable> {
        let _changing = self.changing.lock().await;
        let (id, is_first) = self.lock().add(&address, number, to);
        // Dropped, if this fails or is given up, it ends what it began.
        let listening = Listening { bus: self.clone(), address, id };
        match &self.kind {
            Kind::Redis(redis, subscriber) => {
                let subscriber = subscriber.get_or_try_init(|| {
                    let routes = self.routes.clone();
                    redis.subscriber(move |heard| hear(&routes, heard))
                });
                if is_first {
                    subscriber.await?.subscribe(&listening.address.0).await?;
                }
            }
            Kind::Sqlite(file, watching) => {
                let watch = async {
                    let mut watch = file.watch().await?;
                    let routes = Arc::downgrade(&self.routes);
                    tokio::spawn(async move {
                        loop {
                            watch.changed().await;
                            let Some(routes) = routes.upgrade() else { return };
                            lock(&routes).look();
                        }
                    });
                    Ok::<_, Unavailable>(())
                };
                watching.get_or_try_init(|| watch).await?;
            }
        }
        Ok(listening)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Routes> {
        lock(&self.routes)
    }
}

fn lock(routes: &Mutex<Routes>) -> std::sync::MutexGuard<'_, Routes> {
    routes.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Routes {
    /// The route's id, and whether it is the first of its channel.
    fn add(&mut self, address: &Address, number: u8, to: UnboundedSender<Note>) -> (u64, bool) {
        self.next += 1;
        let route = Route { id: self.next, number, to };
        self.listeners.entry(address.clone()).or_default().push(route);
        let count = self.channels.entry(address.0.clone()).or_default();
        *count += 1;
        (self.next, *count == 1)
    }

    /// Whether it was the last of its channel.
    fn remove(&mut self, address: &Address, id: u64) -> bool {
        if let Some(routes) = self.listeners.get_mut(address) {
            routes.retain(|route| route.id != id);
            if routes.is_empty() {
                self.listeners.remove(address);
            }
        }
        let Some(count) = self.channels.get_mut(&address.0) else { return false };
        *count -= 1;
        if *count == 0 {
            self.channels.remove(&address.0);
        }
        !self.channels.contains_key(&address.0)
    }

    /// Something has changed, and it is not said what.
    fn look(&self) {
        for route in self.listeners.values().flatten() {
            _ = route.to.send(Note::Missed(route.number));
        }
    }
}

fn hear(routes: &Mutex<Routes>, heard: Heard) {
    let routes = lock(routes);
    match heard {
        Heard::Message { channel, payload } => {
            let Ok(text) = String::from_utf8(payload) else { return };
            let run = if channel.ends_with(b"!") {
                text.split(' ').next().unwrap_or_default().to_owned()
            } else {
                String::new()
            };
            for route in routes.listeners.get(&(channel, run)).into_iter().flatten() {
                _ = route.to.send(Note::Said(route.number, text.clone()));
            }
        }
        Heard::Resumed { channel } => {
            let of = routes.listeners.iter().filter(|(address, _)| address.0 == channel);
            for route in of.flat_map(|(_, routes)| routes) {
                _ = route.to.send(Note::Missed(route.number));
            }
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let is_last = self.bus.lock().remove(&self.address, self.id);
        let (true, Ok(runtime)) = (is_last, tokio::runtime::Handle::try_current()) else { return };
        let (bus, channel) = (self.bus.clone(), std::mem::take(&mut self.address.0));
        runtime.spawn(async move {
            let _changing = bus.changing.lock().await;
            if bus.lock().channels.contains_key(&channel) {
                return;
            }
            if let Kind::Redis(_, subscriber) = &bus.kind
                && let Some(subscriber) = subscriber.get()
            {
                _ = subscriber.unsubscribe(&channel).await;
            }
        });
    }
}
