//! Shard channels: what is published is heard by all that subscribed, on connections
//! that do nothing else.
//!
//! Sharded pub/sub throughout, for it scales with a cluster and one server has it too
//! (<https://redis.io/docs/latest/develop/pubsub/#sharded-pubsub>). The library could
//! subscribe again by itself, but does not tell when that is done, and without knowing
//! nobody can tell what was missed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::{ErrorKind, RedisError, ServerErrorKind};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::dial::{Dial, Place};
use super::line::{Event, Hear, Line, Name};
use super::{RECONNECT_MAX, RECONNECT_MIN, Servers, no_answer};

/// What a subscription brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// Something was published.
    Message {
        /// Where.
        channel: Vec<u8>,
        /// What.
        payload: Vec<u8>,
    },
    /// The subscription was lost, with its connection or because its slot moved, and
    /// is back: what was published in between was not heard, what is published from
    /// now on is.
    Resumed {
        /// Which subscription.
        channel: Vec<u8>,
    },
}

/// Subscriptions that come back by themselves. Cloning is cheap; they end with the
/// last clone.
#[derive(Clone)]
pub struct Subscriber {
    wishes: mpsc::UnboundedSender<Wish>,
    deadline: Duration,
}

type Told = oneshot::Sender<Result<(), RedisError>>;

enum Wish {
    Subscribe(Name, Told),
    Unsubscribe(Name, Told),
    /// Nobody waits for this subscription any more. Tells what kept it from being made.
    GiveUp(Name, oneshot::Sender<Option<RedisError>>),
}

impl Subscriber {
    pub(super) fn new(dial: Arc<Dial>, servers: Servers, hear: Arc<Hear>) -> Self {
        let deadline = dial.deadline();
        let (wishes, mut wished) = mpsc::unbounded_channel();
        let (told, mut events) = mpsc::unbounded_channel();
        let mut board = Board {
            dial,
            servers,
            hear,
            events: told,
            channels: HashMap::new(),
            leaving: HashMap::new(),
            lines: HashMap::new(),
            opened: 0,
            late: Vec::new(),
            delay: RECONNECT_MIN,
            due: Instant::now(),
        };
        tokio::spawn(async move {
            loop {
                let late = !board.late.is_empty();
                tokio::select! {
                    wish = wished.recv() => match wish {
                        Some(wish) => board.wish(wish),
                        None => break,
                    },
                    Some((line, event)) = events.recv() => board.event(line, event),
                    () = sleep_until(board.due), if late => board.try_again(),
                }
            }
        });
        Self { wishes, deadline }
    }

    /// Hears what is published on `channel` from now on: returns when the server has
    /// confirmed it. After an error it is not subscribed.
    pub async fn subscribe(&self, channel: &[u8]) -> Result<(), RedisError> {
        let channel: Name = channel.into();
        let (told, answer) = oneshot::channel();
        self.send(Wish::Subscribe(channel.clone(), told))?;
        match timeout(self.deadline, answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(closed())),
            Err(_) => {
                let (told, why) = oneshot::channel();
                self.send(Wish::GiveUp(channel, told))?;
                Err(why.await.ok().flatten().unwrap_or_else(no_answer))
            }
        }
    }

    /// Hears `channel` no more: nothing comes from it after this returned, in time or
    /// not. It is no error if it was not subscribed.
    pub async fn unsubscribe(&self, channel: &[u8]) -> Result<(), RedisError> {
        let (told, answer) = oneshot::channel();
        self.send(Wish::Unsubscribe(channel.into(), told))?;
        match timeout(self.deadline, answer).await {
            Ok(answer) => answer.unwrap_or_else(|_| Err(closed())),
            Err(_) => Err(no_answer()),
        }
    }

    fn send(&self, wish: Wish) -> Result<(), RedisError> {
        self.wishes.send(wish).map_err(|_| closed())
    }
}

/// The runtime that the subscriptions ran on has ended.
fn closed() -> RedisError {
    RedisError::from((ErrorKind::Client, "the subscriptions have ended"))
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Subscriber").finish_non_exhaustive()
    }
}

/// What is subscribed, and on which line.
struct Board {
    dial: Arc<Dial>,
    servers: Servers,
    hear: Arc<Hear>,
    events: mpsc::UnboundedSender<(u64, Event)>,
    channels: HashMap<Name, Channel>,
    /// Who waits for a channel to be left.
    leaving: HashMap<Name, Vec<Told>>,
    lines: HashMap<Place, Line>,
    /// Lines so far.
    opened: u64,
    /// Channels to be tried again when it is due.
    late: Vec<Name>,
    delay: Duration,
    due: Instant,
}

#[derive(Default)]
struct Channel {
    /// The line it is, or will be, heard on, and that line's number.
    line: Option<(Place, u64)>,
    /// Whether it is heard now, and whether it ever was.
    up: bool,
    was_up: bool,
    waiting: Vec<Told>,
    /// Why it was not, the last time.
    why: Option<RedisError>,
}

impl Board {
    fn wish(&mut self, wish: Wish) {
        match wish {
            Wish::Subscribe(name, told) => {
                let new = !self.channels.contains_key(&name);
                let channel = self.channels.entry(name.clone()).or_default();
                if channel.up {
                    _ = told.send(Ok(()));
                } else {
                    channel.waiting.push(told);
                }
                if new {
                    self.seek(name, None);
                }
            }
            Wish::Unsubscribe(name, told) => match self.forget(&name) {
                true => self.leaving.entry(name).or_default().push(told),
                false => _ = told.send(Ok(())),
            },
            Wish::GiveUp(name, told) => {
                let mut why = None;
                if let Some(channel) = self.channels.get_mut(&name) {
                    channel.waiting.retain(|told| !told.is_closed());
                    why = channel.why.clone();
                    if channel.waiting.is_empty() && !channel.was_up {
                        self.forget(&name);
                    }
                }
                _ = told.send(why);
            }
        }
    }

    /// Ends a subscription; whether a server has to be told.
    fn forget(&mut self, name: &Name) -> bool {
        let Some(channel) = self.channels.remove(name) else { return false };
        for told in channel.waiting {
            _ = told.send(Err(RedisError::from((ErrorKind::Client, "it was unsubscribed"))));
        }
        match channel.line.and_then(|(place, number)| self.line(&place, number)) {
            Some(line) => line.leave(name.clone()),
            None => return false,
        }
        true
    }

    fn line(&self, place: &Place, number: u64) -> Option<&Line> {
        self.lines.get(place).filter(|line| line.number() == number)
    }

    fn event(&mut self, number: u64, event: Event) {
        match event {
            Event::Left(name) => self.left(&name),
            Event::Lost(why) => self.lost(number, &why),
            Event::Joined(name) => {
                if let Some(channel) = self.on(&name, number) {
                    (channel.up, channel.was_up, channel.why) = (true, true, None);
                    for told in channel.waiting.drain(..) {
                        _ = told.send(Ok(()));
                    }
                    self.delay = RECONNECT_MIN;
                }
            }
            Event::Gone(name) => {
                if self.on(&name, number).is_some() {
                    self.servers.look_again();
                    self.later(name);
                }
            }
            Event::Refused(name, why) => self.refused(number, name, why),
        }
    }

    /// The channel, if it is to be heard on this line.
    fn on(&mut self, name: &Name, number: u64) -> Option<&mut Channel> {
        let channel = self.channels.get_mut(name)?;
        channel.line.as_ref().is_some_and(|(_, line)| *line == number).then_some(channel)
    }

    fn refused(&mut self, number: u64, name: Name, why: RedisError) {
        let Some(channel) = self.on(&name, number) else { return };
        let asked = channel.line.as_ref().map(|(place, _)| place);
        if let Some(place) = asked.and_then(|asked| Place::redirect(&why, asked)) {
            self.servers.look_again();
            return self.seek(name, Some(place));
        }
        let final_answer = matches!(
            why.kind(),
            ErrorKind::Server(ServerErrorKind::NoPerm | ServerErrorKind::ResponseError)
        );
        if final_answer && !channel.was_up {
            for told in channel.waiting.drain(..) {
                _ = told.send(Err(why.clone()));
            }
            self.channels.remove(&name);
            return;
        }
        tracing::warn!("a subscription is refused, and tried again: {why}");
        channel.why = Some(why);
        self.later(name);
    }

    fn left(&mut self, name: &Name) {
        for told in self.leaving.remove(name).unwrap_or_default() {
            _ = told.send(Ok(()));
        }
    }

    fn lost(&mut self, number: u64, why: &RedisError) {
        let Some(place) = self.lines.iter().find(|(_, line)| line.number() == number) else {
            return;
        };
        let place = place.0.clone();
        tracing::debug!("a connection for subscriptions is lost: {why}");
        self.lines.remove(&place);
        self.servers.look_again();
        // With the line, all that it was to leave is left.
        let left: Vec<Name> = self.leaving.keys().cloned().collect();
        left.iter().for_each(|name| self.left(name));
        let lost = self
            .channels
            .iter_mut()
            .filter(|(_, channel)| channel.line.as_ref().is_some_and(|(_, line)| *line == number));
        let lost: Vec<Name> = lost
            .map(|(name, channel)| {
                channel.why = Some(why.clone());
                name.clone()
            })
            .collect();
        lost.into_iter().for_each(|name| self.later(name));
    }

    fn place_of(&self, name: &Name) -> Option<Place> {
        match &self.servers {
            Servers::One(_) => Some(self.dial.place()),
            Servers::Cluster(cluster) => cluster.place_of(name),
        }
    }

    /// Subscribes at `place`, or where the channel should be.
    fn seek(&mut self, name: Name, place: Option<Place>) {
        let Some(place) = place.or_else(|| self.place_of(&name)) else {
            return self.later(name);
        };
        let Some(channel) = self.channels.get_mut(&name) else { return };
        let line = self.lines.entry(place.clone()).or_insert_with(|| {
            self.opened += 1;
            let (dial, hear) = (self.dial.clone(), self.hear.clone());
            Line::open(dial, place.clone(), self.opened, hear, self.events.clone())
        });
        (channel.line, channel.up) = (Some((place, line.number())), false);
        line.join(name, channel.was_up);
    }

    fn later(&mut self, name: Name) {
        if let Some(channel) = self.channels.get_mut(&name) {
            (channel.line, channel.up) = (None, false);
            if self.late.is_empty() {
                self.due = Instant::now() + self.delay;
                self.delay = (self.delay * 2).min(RECONNECT_MAX);
            }
            self.late.push(name);
        }
    }

    fn try_again(&mut self) {
        for name in std::mem::take(&mut self.late) {
            // It may have been forgotten, and subscribed anew.
            if self.channels.get(&name).is_some_and(|channel| channel.line.is_none()) {
                self.seek(name, None);
            }
        }
    }
}
