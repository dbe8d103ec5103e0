//! One connection that hears shard channels, for as long as it lasts.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{ErrorKind, Pipeline, PushInfo, PushKind, RedisError, Value};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

use super::Heard;
use super::dial::{Dial, Place};

/// After so long without a command the server is asked whether it is there. One that
/// is not is noticed after this and the deadline, for a stopped process keeps its
/// connections: TCP alone would never tell.
const HEALTH: Duration = Duration::from_secs(2);

/// Channels asked for in one round trip.
const BATCH: usize = 512;

/// A channel's name.
pub(super) type Name = Arc<[u8]>;

/// What a subscriber calls with all it hears.
pub(super) type Hear = dyn Fn(Heard) + Send + Sync;

/// What a line is to do.
pub(super) enum Order {
    Join(Name),
    Leave(Name),
}

/// What a line tells, with its number.
pub(super) enum Event {
    /// The server confirmed the subscription.
    Joined(Name),
    /// The server refused it.
    Refused(Name, RedisError),
    /// The server confirmed that it ended, as it was told to.
    Left(Name),
    /// The server ended it: the channel's slot is another server's now.
    Gone(Name),
    /// The line is down, and so is all that was heard on it.
    Lost(RedisError),
}

/// A line's ear: called by the connection's reader with all that the server pushes,
/// in order.
pub(super) struct Ear {
    number: u64,
    hear: Arc<Hear>,
    events: mpsc::UnboundedSender<(u64, Event)>,
    /// False once the line is given up: what it still brings is of the past.
    listens: AtomicBool,
    /// Whether requests are on their way.
    busy: AtomicBool,
    broken: AtomicBool,
    wake: Notify,
    marks: Mutex<Marks>,
}

#[derive(Default)]
struct Marks {
    /// Channels that were heard before, on a line that was lost.
    resuming: HashSet<Name>,
    /// Channels that we asked to leave.
    leaving: HashSet<Name>,
}

/// A line, which ends with this.
pub(super) struct Line {
    ear: Arc<Ear>,
    orders: mpsc::UnboundedSender<Order>,
    task: tokio::task::AbortHandle,
}

impl Line {
    /// A line to `place`. Each of its events comes with its `number`.
    pub(super) fn open(
        dial: Arc<Dial>,
        place: Place,
        number: u64,
        hear: Arc<Hear>,
        events: mpsc::UnboundedSender<(u64, Event)>,
    ) -> Self {
        let ear = Arc::new(Ear {
            number,
            hear,
            events,
            listens: AtomicBool::new(true),
            busy: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            wake: Notify::new(),
            marks: Mutex::default(),
        });
        let (orders, given) = mpsc::unbounded_channel();
        let listener = ear.clone();
        let task = tokio::spawn(async move {
            let why = run(&dial, &place, &listener, given).await;
            listener.tell(Event::Lost(why));
        });
        Self { ear, orders, task: task.abort_handle() }
    }

    pub(super) fn number(&self) -> u64 {
        self.ear.number
    }

    /// Subscribes. If the channel was heard before, hearers are told when it is again.
    pub(super) fn join(&self, channel: Name, again: bool) {
        if again {
            self.ear.marks().resuming.insert(channel.clone());
        }
        // Were the line down, its end would be on its way as an event.
        _ = self.orders.send(Order::Join(channel));
    }

    pub(super) fn leave(&self, channel: Name) {
        self.ear.marks().leaving.insert(channel.clone());
        _ = self.orders.send(Order::Leave(channel));
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.ear.listens.store(false, Ordering::Release);
        self.task.abort();
    }
}

impl Ear {
    fn marks(&self) -> std::sync::MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, event: Event) {
        // Nobody is told once nobody subscribes.
        _ = self.events.send((self.number, event));
    }

    fn give_up(&self) {
        self.broken.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    fn push(&self, info: PushInfo) {
        if !self.listens.load(Ordering::Acquire) {
            return;
        }
        let mut data = info.data.into_iter();
        let mut text = || match data.next() {
            Some(Value::BulkString(text)) => text,
            _ => Vec::new(),
        };
        match info.kind {
            PushKind::SMessage => {
                let (channel, payload) = (text(), text());
                (self.hear)(Heard::Message { channel, payload });
            }
            PushKind::SSubscribe => {
                let channel = text();
                // Here and not later, so that it comes before whatever is published
                // from now on.
                if self.marks().resuming.remove(&channel[..]) {
                    (self.hear)(Heard::Resumed { channel: channel.clone() });
                }
                self.tell(Event::Joined(channel.into()));
            }
            PushKind::SUnsubscribe => {
                let channel = text();
                if self.marks().leaving.remove(&channel[..]) {
                    return self.tell(Event::Left(channel.into()));
                }
                // The library takes any `sunsubscribe` for the reply to what was asked
                // first (redis 1.8.1, `PushKind::has_reply`). If something was, the
                // replies no longer match the requests.
                if self.busy.load(Ordering::Acquire) {
                    self.give_up();
                }
                self.tell(Event::Gone(channel.into()));
            }
            PushKind::Disconnection => self.give_up(),
            _ => {}
        }
    }
}

/// Connects, and obeys until the connection is lost. Returns why it was.
async fn run(
    dial: &Dial,
    place: &Place,
    ear: &Arc<Ear>,
    mut orders: mpsc::UnboundedReceiver<Order>,
) -> RedisError {
    let listener = ear.clone();
    let push = move |info| {
        listener.push(info);
        Ok::<_, redis::aio::SendError>(())
    };
    let mut connection = match dial.connect_to_hear(place, push).await {
        Ok(connection) => connection,
        Err(err) => return err,
    };
    let lost = || RedisError::from((ErrorKind::Io, "the connection was lost"));
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        batch.clear();
        tokio::select! {
            () = ear.wake.notified() => return lost(),
            count = orders.recv_many(&mut batch, BATCH) => if count == 0 { return lost() },
            () = tokio::time::sleep(HEALTH) => {}
        }
        let pipeline = commands(&batch);
        ear.busy.store(true, Ordering::Release);
        let sent = connection.send_packed_commands(&pipeline, 0, pipeline.len());
        let replies = match timeout(dial.deadline(), sent).await {
            Ok(Ok(replies)) => replies,
            Ok(Err(err)) => return err,
            Err(_) => return super::no_answer(),
        };
        ear.busy.store(false, Ordering::Release);
        if ear.broken.load(Ordering::Acquire) {
            return lost();
        }
        // What went well was told by the reader already.
        for (order, reply) in batch.drain(..).zip(replies) {
            if let (Order::Join(channel), Err(err)) = (order, reply.extract_error()) {
                ear.tell(Event::Refused(channel, err));
            }
        }
    }
}

fn commands(batch: &[Order]) -> Pipeline {
    let mut commands = Pipeline::with_capacity(batch.len().max(1));
    if batch.is_empty() {
        commands.cmd("PING");
    }
    // One channel each, so that each has its own reply: channels of two slots cannot
    // be in one command, and one that is refused harms no other.
    for order in batch {
        let (name, channel) = match order {
            Order::Join(channel) => ("SSUBSCRIBE", channel),
            Order::Leave(channel) => ("SUNSUBSCRIBE", channel),
        };
        commands.cmd(name).arg(&channel[..]);
    }
    commands
}
