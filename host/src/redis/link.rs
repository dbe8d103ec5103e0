//! One connection for commands, which is made again whenever it is lost.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep};

use super::dial::{Dial, Place};
use super::turn::Turn;
use super::{RECONNECT_MAX, RECONNECT_MIN};

/// A connection to a server, shared by all that use it.
///
/// Of the library's own, `ConnectionManager` always goes to the same address, which is
/// wrong behind Sentinels; and neither it nor `ClusterConnection` says what it waits for.
pub(super) struct Link {
    shared: Arc<Shared>,
    turn: Turn,
    task: tokio::task::AbortHandle,
}

struct Shared {
    dial: Arc<Dial>,
    place: Place,
    state: watch::Sender<State>,
    /// Somebody suspects that this is the wrong server.
    doubt: Notify,
}

enum State {
    /// Being made; and why the last was lost, or could not be made.
    Down(Option<RedisError>),
    Up(Up),
}

/// A connection that was made.
#[derive(Clone)]
pub(super) struct Up {
    number: u64,
    connection: MultiplexedConnection,
    place: Place,
}

impl Link {
    /// A link that connects in the background.
    pub(super) fn open(dial: Arc<Dial>, place: Place) -> Self {
        Self::start(dial, place, State::Down(None))
    }

    /// A link that is connected, or why it cannot be: it would try for ever, and a wrong
    /// address should fail at once.
    pub(super) async fn connect(dial: Arc<Dial>, place: Place) -> Result<Self, RedisError> {
        let (connection, leads_to) = dial.connect(&place).await?;
        Ok(Self::start(dial, place, State::Up(Up { number: 0, connection, place: leads_to })))
    }

    fn start(dial: Arc<Dial>, place: Place, state: State) -> Self {
        let state = watch::Sender::new(state);
        let shared = Arc::new(Shared { dial, place, state, doubt: Notify::new() });
        let task = tokio::spawn(keep(shared.clone())).abort_handle();
        Self { shared, turn: Turn::new(), task }
    }

    /// The connection, as soon as there is one.
    pub(super) async fn up(&self) -> Up {
        if let State::Up(up) = &*self.shared.state.borrow() {
            return up.clone();
        }
        Box::pin(self.next_up()).await
    }

    async fn next_up(&self) -> Up {
        let mut state = self.shared.state.subscribe();
        loop {
            if let State::Up(up) = &*state.borrow_and_update() {
                return up.clone();
            }
            // The sender is ours.
            _ = state.changed().await;
        }
    }

    /// Whether there is a connection now.
    pub(super) fn is_up(&self) -> bool {
        matches!(&*self.shared.state.borrow(), State::Up(_))
    }

    /// Why there is no connection, if that is known.
    pub(super) fn why_down(&self) -> Option<RedisError> {
        match &*self.shared.state.borrow() {
            State::Down(why) => why.clone(),
            State::Up(_) => None,
        }
    }

    /// Runs one command.
    pub(super) async fn send(&self, cmd: &Cmd) -> Result<Value, RedisError> {
        self.send_on(self.up().await, cmd).await
    }

    pub(super) async fn send_on(&self, mut up: Up, cmd: &Cmd) -> Result<Value, RedisError> {
        let reply = self.turn.take(pin!(up.connection.send_packed_command(cmd))).await;
        match &reply {
            Ok(Value::ServerError(err)) => self.refused(up.number, err),
            Ok(_) => {}
            Err(err) => self.lost(up.number, err),
        }
        reply
    }

    /// Runs commands in one round trip.
    pub(super) async fn send_all(&self, commands: &Pipeline) -> Result<Vec<Value>, RedisError> {
        self.send_all_on(self.up().await, commands).await
    }

    pub(super) async fn send_all_on(
        &self,
        mut up: Up,
        commands: &Pipeline,
    ) -> Result<Vec<Value>, RedisError> {
        let sent = up.connection.send_packed_commands(commands, 0, commands.len());
        let replies = self.turn.take(pin!(sent)).await;
        match &replies {
            Ok(replies) => {
                for reply in replies {
                    if let Value::ServerError(err) = reply {
                        self.refused(up.number, err);
                    }
                }
            }
            Err(err) => self.lost(up.number, err),
        }
        replies
    }

    /// A call was not answered in time: the server may not be the right one any more.
    pub(super) fn doubt(&self) {
        self.shared.doubt.notify_one();
    }

    /// A server that was demoted answers, and refuses every write: what its address
    /// leads to by now may be its successor.
    fn refused(&self, number: u64, err: &redis::ServerError) {
        if err.kind() == Some(ServerErrorKind::ReadOnly) {
            self.lost(number, &RedisError::from(err.clone()));
        }
    }

    fn lost(&self, number: u64, why: &RedisError) {
        let read_only = why.kind() == ErrorKind::Server(ServerErrorKind::ReadOnly);
        if !why.is_unrecoverable_error() && !why.is_io_error() && !read_only {
            return;
        }
        self.shared.state.send_if_modified(|state| {
            // It may have been replaced meanwhile.
            let ours = matches!(state, State::Up(up) if up.number == number);
            if ours {
                *state = State::Down(Some(why.clone()));
            }
            ours
        });
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Connects, whenever there is no connection.
async fn keep(shared: Arc<Shared>) {
    let mut delay = RECONNECT_MIN;
    let mut state = shared.state.subscribe();
    let mut number = 0;
    loop {
        if shared.is_up() {
            let since = Instant::now();
            tokio::select! {
                _ = state.wait_for(|state| matches!(state, State::Down(_))) => {}
                () = shared.moved() => {}
            }
            if since.elapsed() > RECONNECT_MAX {
                delay = RECONNECT_MIN;
            }
            let at_once = match &*shared.state.borrow() {
                State::Down(Some(why)) => why.is_io_error(),
                _ => true,
            };
            if !at_once {
                pause(&mut delay).await;
            }
        }
        match shared.dial.connect(&shared.place).await {
            Ok((connection, place)) => {
                number += 1;
                shared.state.send_replace(State::Up(Up { number, connection, place }));
            }
            Err(why) => {
                shared.state.send_replace(State::Down(Some(why)));
                pause(&mut delay).await;
            }
        }
    }
}

async fn pause(delay: &mut Duration) {
    sleep(*delay).await;
    *delay = (*delay * 2).min(RECONNECT_MAX);
}

impl Shared {
    fn is_up(&self) -> bool {
        matches!(&*self.state.borrow(), State::Up(_))
    }

    /// Waits until there is doubt, and the Sentinels say that the master is another.
    async fn moved(&self) {
        loop {
            self.doubt.notified().await;
            let now = tokio::time::timeout(self.dial.deadline(), self.dial.resolve(&self.place));
            let now = now.await;
            if let (Ok(Ok(now)), State::Up(up)) = (now, &*self.state.borrow())
                && now != up.place
            {
                return;
            }
        }
    }
}
