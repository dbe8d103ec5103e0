//! One topic's receivers at this host, and how they get all of it, in order.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Gate;

use super::bus::Bus;
use super::ear::IDLE;
use super::message::Publication;
use super::position::Position;
use super::queue::{Frame, Queue};
use crate::channel::StoreError;
use crate::grant::Scope;
use crate::hub::{self, History, Store as _};

/// Messages of history that are read at a time, for all receivers together.
const HISTORY_PAGE: u32 = 100;

/// The same for one receiver that comes back: of the largest, as much as its queue may
/// hold, because many may come back at once.
const HISTORY_PAGE_OF_ONE: u32 = 16;

/// Pause before the store is asked again, after the store did not answer.
pub(super) const RETRY: Duration = Duration::from_millis(200);

/// A topic that this host listens to, or is about to.
#[derive(Debug)]
pub(super) struct Topic {
    pub(super) name: Arc<str>,
    scope: Scope,
    address: Vec<u8>,
    /// Whether the bus listens. Held while that changes, so that it ends as it was
    /// last asked for.
    listens: Gate<bool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    receivers: HashMap<u64, Receiver>,
    /// Of the last message that the receivers got, if the topic is kept.
    position: Option<Position>,
    /// What is heard is not delivered: it is read from history, in order.
    catching_up: bool,
    /// Something was heard meanwhile.
    heard: bool,
}

/// One receiver of a topic.
#[derive(Debug)]
pub(super) struct Receiver {
    pub(super) queue: Arc<Queue>,
    /// The channel, if it is one.
    pub(super) channel: Option<Arc<str>>,
    /// What it has already.
    pub(super) has: Option<Position>,
}

/// Who is to become a receiver, once it has what it missed.
pub(super) trait Heir {
    /// Whether it does not get this.
    fn is_excepted(&self, publication: &Publication) -> bool;

    /// Gives it a frame, when it has room. False if it is not wanted any more.
    fn push(&self, frame: Frame) -> impl Future<Output = bool> + Send;

    /// Makes it a receiver by `add`, which may decline. True if there is no more to do.
    fn join(&self, add: impl FnOnce(u64, Receiver) -> bool) -> bool;
}

impl Topic {
    pub(super) fn new(scope: Scope, name: &str) -> Arc<Self> {
        let address = scope.key(name).own().bytes();
        Arc::new(Self {
            name: name.into(),
            scope,
            address,
            listens: Gate::new(false),
            state: Mutex::default(),
        })
    }

    pub(super) fn address(&self) -> &[u8] {
        &self.address
    }

    /// Returns once the bus listens: whatever is published then is heard.
    pub(super) async fn listen(&self, bus: &Bus, store: &hub::Backend) -> Result<(), StoreError> {
        let mut listens = self.listens.lock().await;
        if !*listens {
            self.lock().catching_up = true;
            bus.listen(&self.address).await?;
            let now = store.history(self.scope.key(&self.name), None, 0).await?;
            let mut state = self.lock();
            state.position = now.position;
            state.catching_up = false;
            *listens = true;
        }
        Ok(())
    }

    /// Stops listening if nobody holds it but its ear and the caller: each receiver
    /// does, and whoever is about to be one. Whether it rests.
    pub(super) async fn rest(self: &Arc<Self>, bus: &Bus) -> bool {
        let mut listens = self.listens.lock().await;
        if *listens && Arc::strong_count(self) <= IDLE {
            bus.ignore(&self.address).await;
            *listens = false;
        }
        !*listens
    }

    /// Adds a receiver, which gets what is heard from now on.
    pub(super) fn add(&self, number: u64, receiver: Receiver) {
        self.lock().receivers.insert(number, receiver);
    }

    /// Adds a receiver that has all up to `has`, unless the others have more. Tells
    /// whether it was added.
    fn add_at(&self, number: u64, receiver: Receiver, has: Option<Position>) -> bool {
        let mut state = self.lock();
        let behind = match (state.position, has) {
            (Some(live), Some(has)) => live.epoch == has.epoch && live.offset > has.offset,
            _ => false,
        };
        if !behind {
            state.receivers.insert(number, Receiver { has, ..receiver });
        }
        !behind
    }

    pub(super) fn remove(&self, number: u64) {
        self.lock().receivers.remove(&number);
    }

    /// What the bus has heard.
    pub(super) fn hear(self: &Arc<Self>, publication: &Publication, store: &Arc<hub::Backend>) {
        let mut state = self.lock();
        let Some(position) = publication.position else {
            state.fan_out(&self.name, publication);
            return;
        };
        if state.catching_up {
            state.heard = true;
            return;
        }
        let next = match state.position {
            Some(last) if last.epoch == position.epoch => last.offset + 1,
            Some(_) => {
                // The history that the receivers know has been forgotten.
                state.missed(&self.name);
                1
            }
            None => 1,
        };
        if position.offset == next {
            state.fan_out(&self.name, publication);
            state.position = Some(position);
        } else if position.offset > next {
            let before = Position { epoch: position.epoch, offset: next - 1, ..position };
            if state.position.is_none_or(|last| last.epoch != position.epoch) {
                state.position = Some(Position { id: crate::ids::Id([0; 8]), ..before });
            }
            self.start_catching_up(&mut state, store);
        }
        // One before is one that was read from history.
    }

    /// The bus listens again after an interruption.
    pub(super) fn resume(self: &Arc<Self>, store: &Arc<hub::Backend>) {
        let mut state = self.lock();
        if state.position.is_none() {
            state.missed(&self.name);
        }
        self.start_catching_up(&mut state, store);
    }

    fn start_catching_up(self: &Arc<Self>, state: &mut State, store: &Arc<hub::Backend>) {
        state.heard = true;
        if !state.catching_up {
            state.catching_up = true;
            let (topic, store) = (self.clone(), store.clone());
            tokio::spawn(async move { topic.catch_up(&store).await });
        }
    }

    /// Delivers from history until there is nothing more.
    async fn catch_up(&self, store: &hub::Backend) {
        loop {
            let since = {
                let mut state = self.lock();
                state.heard = false;
                state.position
            };
            // Without a position, the topic was not kept: what is new is enough.
            let limit = if since.is_some() { HISTORY_PAGE } else { 0 };
            let history = self.history(store, since, limit).await;
            let mut state = self.lock();
            if since.is_some() && !history.complete {
                state.missed(&self.name);
            }
            history.messages.iter().for_each(|message| state.fan_out(&self.name, message));
            state.position = history.position;
            let more = history.more && limit > 0;
            if !more && !state.heard {
                state.catching_up = false;
                return;
            }
        }
    }

    /// Reads history, however long that takes: nothing is delivered before.
    async fn history(&self, store: &hub::Backend, since: Option<Position>, limit: u32) -> History {
        loop {
            match store.history(self.scope.key(&self.name), since.as_ref(), limit).await {
                Ok(history) => return history,
                Err(err) => {
                    tracing::warn!(topic = &*self.name, "{}", crate::error::chain(&err));
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Gives `heir` what was published after `since`, and then makes it a receiver,
    /// unless the others are ahead by then. Ends when it is not wanted any more.
    pub(super) async fn catch_up_one(
        &self,
        store: &hub::Backend,
        heir: &impl Heir,
        mut since: Position,
    ) {
        loop {
            let history = self.history(store, Some(since), HISTORY_PAGE_OF_ONE).await;
            let missed = Frame::Missed { topic: Some(self.name.clone()) };
            let missed = (!history.complete).then_some(missed).into_iter();
            let wanted = history.messages.iter().filter(|p| !heir.is_excepted(p));
            for frame in missed.chain(wanted.map(|p| frame(&self.name, p))) {
                if !heir.push(frame).await {
                    return;
                }
            }
            // A topic that is not kept has nothing to catch up with.
            let Some(position) = history.position else {
                heir.join(|number, receiver| self.add_at(number, receiver, None));
                return;
            };
            since = position;
            if !history.more
                && heir.join(|number, receiver| self.add_at(number, receiver, Some(since)))
            {
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn frame(topic: &Arc<str>, publication: &Publication) -> Frame {
    Frame::Message {
        topic: Some(topic.clone()),
        message: publication.message.clone(),
        position: publication.position,
        id: publication.id,
    }
}

impl State {
    fn fan_out(&mut self, topic: &Arc<str>, publication: &Publication) {
        for receiver in self.receivers.values() {
            if !receiver.has(publication) && !receiver.is_excepted(publication) {
                receiver.queue.push(frame(topic, publication));
            }
        }
    }

    fn missed(&mut self, topic: &Arc<str>) {
        for receiver in self.receivers.values() {
            receiver.queue.push(Frame::Missed { topic: Some(topic.clone()) });
        }
    }
}

impl Receiver {
    fn has(&self, publication: &Publication) -> bool {
        match (self.has, publication.position) {
            (Some(has), Some(new)) => has.epoch == new.epoch && new.offset <= has.offset,
            _ => false,
        }
    }

    fn is_excepted(&self, publication: &Publication) -> bool {
        publication.except.is_some() && publication.except == self.channel
    }
}
