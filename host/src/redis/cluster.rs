//! A cluster: a link to each master, and each command to the one that has its key.
//!
//! The library has a cluster connection, which sends a command again when its answer
//! was lost, and a whole pipeline when one command of it was redirected (redis 1.8.1,
//! `cluster_handling/async_connection/request.rs`). A counter would count twice. Here
//! only what a server says it did not do is sent again.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use redis::{Cmd, ErrorKind, Pipeline, RedisError, ServerErrorKind, Value};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::dial::{Dial, Place};
use super::link::{Link, Up};
use super::slots::{Map, slot_of, slot_of_command};
use super::{Script, is_no_script, no_answer};

/// Least time between two looks at who has which slot. Nodes learn of changes from
/// each other within some hundred milliseconds, and hosts may be many.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Pause before a server is asked again that said it could not answer yet.
const AGAIN: Duration = Duration::from_millis(20);

/// A cluster, as one host uses it.
pub(super) struct Cluster {
    dial: Arc<Dial>,
    map: watch::Sender<Arc<Map>>,
    links: Mutex<HashMap<Place, Arc<Link>>>,
    look: Arc<Notify>,
}

/// What a server said of one command.
enum Said {
    Done(Value),
    /// The slot is another's.
    Moved(Place, RedisError),
    /// The slot is being moved, and this key is at the other end already.
    Ask(Place),
    /// Not now.
    Later(RedisError),
    NoScript(RedisError),
}

impl Cluster {
    /// The cluster that the address names. All its nodes are asked for the slots at
    /// once, and the first answer is taken: some may be down.
    pub(super) async fn connect(dial: Arc<Dial>) -> Result<Arc<Self>, RedisError> {
        let mut asked = JoinSet::new();
        for place in dial.nodes() {
            let dial = dial.clone();
            asked.spawn(async move { ask(&dial, &place).await });
        }
        let mut why = RedisError::from((ErrorKind::Client, "no server is named"));
        while let Some(answer) = asked.join_next().await {
            match answer {
                Ok(Ok(map)) => return Ok(Self::start(dial, map)),
                Ok(Err(err)) => why = err,
                Err(_) => {}
            }
        }
        Err(why)
    }

    fn start(dial: Arc<Dial>, map: Map) -> Arc<Self> {
        let cluster = Arc::new(Self {
            dial,
            map: watch::Sender::new(Arc::new(map)),
            links: Mutex::default(),
            look: Arc::new(Notify::new()),
        });
        tokio::spawn(keep(Arc::downgrade(&cluster), cluster.look.clone()));
        cluster
    }

    /// Something was not where it should be.
    pub(super) fn look_again(&self) {
        self.look.notify_one();
    }

    /// Where a key or a channel is, as far as is known.
    pub(super) fn place_of(&self, key: &[u8]) -> Option<Place> {
        self.map.borrow().owner(slot_of(key)).cloned()
    }

    /// A link to each master that has slots.
    pub(super) fn masters(&self) -> Vec<Arc<Link>> {
        let map = self.map.borrow().clone();
        map.masters().into_iter().map(|place| self.link(place)).collect()
    }

    /// Runs one command, a call of `script` if there is one. Why it could not be run
    /// the last time is in `why`, for when there is no more time.
    pub(super) async fn send(
        &self,
        cmd: &Cmd,
        script: Option<&Script>,
        why: &Mutex<Option<RedisError>>,
    ) -> Result<Value, RedisError> {
        let slot = slot_of_command(cmd);
        let mut at = None;
        let mut asking = false;
        loop {
            let (place, link, up) = self.reach(slot, &mut at, why).await;
            let value = if asking {
                let mut both = Pipeline::with_capacity(2);
                both.cmd("ASKING").add_command(cmd.clone());
                link.send_all_on(up, &both)
                    .await
                    .map(|mut replies| replies.pop().unwrap_or(Value::Nil))
            } else {
                link.send_on(up, cmd).await
            };
            let value = value.inspect_err(|_| self.look_again())?;
            let (next, err) = match said(value, &place) {
                Said::Done(value) => return Ok(value),
                Said::Moved(to, err) => {
                    self.look_again();
                    // Two that each name the other would be asked without end.
                    if at.is_some() {
                        sleep(AGAIN).await;
                    }
                    asking = false;
                    (Some(to), Some(err))
                }
                // What comes of it is told at the other end.
                Said::Ask(to) => {
                    asking = true;
                    (Some(to), None)
                }
                Said::Later(err) => {
                    // By then the slot may have arrived, or the owner may know.
                    asking = false;
                    self.look_again();
                    sleep(AGAIN).await;
                    (None, Some(err))
                }
                Said::NoScript(err) => {
                    let Some(script) = script else { return Err(err) };
                    link.send(&script.load()).await?.extract_error()?;
                    (Some(place), None)
                }
            };
            at = next;
            if err.is_some() {
                *why.lock().unwrap_or_else(PoisonError::into_inner) = err;
            }
        }
    }

    /// Runs commands, those of each server in one round trip. They are calls of
    /// `script` if there is one.
    pub(super) async fn send_all(
        &self,
        commands: &Pipeline,
        script: Option<&Script>,
        why: &Mutex<Option<RedisError>>,
    ) -> Result<Vec<Value>, RedisError> {
        let mut groups: HashMap<Option<Place>, Vec<(usize, &Cmd)>> = HashMap::new();
        let map = self.map.borrow().clone();
        for (n, cmd) in commands.cmd_iter().enumerate() {
            let owner = slot_of_command(cmd).and_then(|slot| map.owner(slot));
            groups.entry(owner.cloned()).or_default().push((n, cmd));
        }
        let sent = groups.into_values().map(|group| self.send_group(group, script, why));
        let mut replies = vec![Value::Nil; commands.len()];
        for group in all(sent).await {
            for (n, value) in group? {
                replies[n] = value;
            }
        }
        Ok(replies)
    }

    /// Runs commands that are all at one server, as far as is known.
    async fn send_group(
        &self,
        group: Vec<(usize, &Cmd)>,
        script: Option<&Script>,
        why: &Mutex<Option<RedisError>>,
    ) -> Result<Vec<(usize, Value)>, RedisError> {
        let mut pipeline = Pipeline::with_capacity(group.len());
        for (_, cmd) in &group {
            pipeline.add_command((*cmd).clone());
        }
        let slot = group.first().and_then(|(_, cmd)| slot_of_command(cmd));
        let (place, link, up) = self.reach(slot, &mut None, why).await;
        let mut replies =
            link.send_all_on(up, &pipeline).await.inspect_err(|_| self.look_again())?;
        let missing = |value: &Value| matches!(value, Value::ServerError(err) if err.kind() == Some(ServerErrorKind::NoScript));
        if let Some(script) = script
            && replies.iter().any(missing)
        {
            link.send(&script.load()).await?.extract_error()?;
            replies = link.send_all(&pipeline).await.inspect_err(|_| self.look_again())?;
        }
        // What was not run is run alone: slots at the same time, and the commands of
        // one slot in their order.
        let mut done = Vec::with_capacity(group.len());
        let mut again: HashMap<Option<u16>, Vec<(usize, &Cmd)>> = HashMap::new();
        for ((n, cmd), value) in group.into_iter().zip(replies) {
            match said(value, &place) {
                Said::Done(value) => done.push((n, value)),
                _ => again.entry(slot_of_command(cmd)).or_default().push((n, cmd)),
            }
        }
        if !again.is_empty() {
            self.look_again();
        }
        let again = again.into_values().map(|commands| async move {
            let mut done = Vec::with_capacity(commands.len());
            for (n, cmd) in commands {
                done.push((n, self.send(cmd, script, why).await?));
            }
            Ok::<_, RedisError>(done)
        });
        for replies in all(again).await {
            done.extend(replies?);
        }
        Ok(done)
    }

    /// A connection to the owner of `slot`, or `at` the place that a server named. If
    /// that cannot be reached, the owner changes sooner or later.
    async fn reach(
        &self,
        slot: Option<u16>,
        at: &mut Option<Place>,
        why: &Mutex<Option<RedisError>>,
    ) -> (Place, Arc<Link>, Up) {
        let mut map = self.map.subscribe();
        loop {
            let known = map.borrow_and_update().clone();
            let owner = match slot {
                Some(slot) => known.owner(slot),
                None => known.masters().first().copied(),
            };
            if let Some(place) = at.as_ref().or(owner).cloned() {
                let link = self.link(&place);
                tokio::select! {
                    biased;
                    up = link.up() => return (place, link, up),
                    _ = map.changed() => *at = None,
                    () = sleep(LOOK_EVERY) => self.look_again(),
                }
                if let Some(down) = link.why_down() {
                    *why.lock().unwrap_or_else(PoisonError::into_inner) = Some(down);
                }
            } else {
                self.look_again();
                _ = timeout(LOOK_EVERY, map.changed()).await;
            }
        }
    }

    fn link(&self, place: &Place) -> Arc<Link> {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || Arc::new(Link::open(self.dial.clone(), place.clone()));
        links.entry(place.clone()).or_insert_with(open).clone()
    }

    /// Asks who has which slot: masters first, over the links there are, each time
    /// another; then all that may answer.
    async fn look(&self, turn: usize) {
        let map = self.map.borrow().clone();
        let mut masters = map.masters();
        let turn = turn % masters.len().max(1);
        masters.rotate_left(turn);
        // One that stands still should not keep the others from being asked.
        let patience = self.dial.deadline() / 4;
        for place in masters {
            let link = self.link(place);
            if link.is_up()
                && let Ok(Ok(reply)) = timeout(patience, link.send(&cluster_slots())).await
                && let Some(map) = Map::read(reply, place)
            {
                return self.found(map);
            }
        }
        for place in map.replicas().iter().cloned().chain(self.dial.nodes()) {
            if let Ok(Ok(map)) = timeout(2 * patience, ask(&self.dial, &place)).await {
                return self.found(map);
            }
        }
    }

    fn found(&self, map: Map) {
        let masters = map.masters();
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        links.retain(|place, _| masters.contains(&place));
        drop(links);
        self.map.send_replace(Arc::new(map));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Whoever looks finds that there is nothing to look for.
        self.look.notify_one();
    }
}

/// Looks whenever it is asked to, at most every [`LOOK_EVERY`].
async fn keep(cluster: Weak<Cluster>, look: Arc<Notify>) {
    for turn in 0.. {
        look.notified().await;
        let Some(cluster) = cluster.upgrade() else { return };
        cluster.look(turn).await;
        drop(cluster);
        sleep(LOOK_EVERY).await;
    }
}

/// Asks one server, over a connection of its own.
async fn ask(dial: &Dial, place: &Place) -> Result<Map, RedisError> {
    let (mut connection, _) = dial.connect(place).await?;
    let slots = cluster_slots();
    let reply = timeout(dial.deadline(), connection.send_packed_command(&slots));
    let reply = reply.await.unwrap_or_else(|_| Err(no_answer()))?.extract_error()?;
    let none = || RedisError::from((ErrorKind::Client, "the cluster has no slots yet"));
    Map::read(reply, place).ok_or_else(none)
}

fn cluster_slots() -> Cmd {
    let mut cmd = redis::cmd("CLUSTER");
    cmd.arg("SLOTS");
    cmd
}

fn said(value: Value, place: &Place) -> Said {
    let Value::ServerError(err) = &value else { return Said::Done(value) };
    let err = RedisError::from(err.clone());
    let ErrorKind::Server(kind) = err.kind() else { return Said::Done(value) };
    match (kind, Place::redirect(&err, place)) {
        (ServerErrorKind::Moved, Some(to)) => Said::Moved(to, err),
        (ServerErrorKind::Ask, Some(to)) => Said::Ask(to),
        (
            ServerErrorKind::Moved
            | ServerErrorKind::Ask
            | ServerErrorKind::TryAgain
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::BusyLoading
            | ServerErrorKind::ReadOnly,
            _,
        ) => Said::Later(err),
        _ if is_no_script(&err) => Said::NoScript(err),
        _ => Said::Done(value),
    }
}

/// Runs futures at the same time.
async fn all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.map(|future| (Some(Box::pin(future)), None)).collect();
    std::future::poll_fn(|context| {
        let mut ready = true;
        for (future, output) in &mut running {
            let Some(running) = future else { continue };
            match running.as_mut().poll(context) {
                std::task::Poll::Ready(done) => (*future, *output) = (None, Some(done)),
                std::task::Poll::Pending => ready = false,
            }
        }
        if ready { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    running.into_iter().filter_map(|(_, output)| output).collect()
}
