//! Looks for work: when something is said, when something is due, and now and then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::{Hand, Tenant};
use crate::error::chain;
use crate::workflow::bus::{Listening, Note};
use crate::workflow::{CHANGES, Queue, Store as _, StoreError, Take, Taken, Work};

/// Most of one queue that one look takes: what is taken waits for nobody else.
const LOOK_MAX: usize = 16;

/// How often a worker says what it serves.
const REGISTER: Duration = Duration::from_secs(10);

/// Shortest pause before a look for what is due: a schedule stays so until its run is started.
const DUE_MIN: Duration = Duration::from_millis(10);

/// Pause after a look that failed.
const FAILED: Duration = Duration::from_millis(500);

/// One partition, as this worker sees it.
pub(super) struct Partition {
    /// When it is looked at next.
    pub(super) next: Instant,
    /// Whether it is looked at now, and whether something was said meanwhile.
    looking: bool,
    pub(super) said: bool,
    /// Whether there may be more than there was room for.
    more: bool,
    /// Whether there was room again while it was looked at.
    freed: bool,
    /// By when something was said to be due, since the last look began.
    due: Option<Instant>,
    /// With which queue the next look begins, and how many it should come to before there is a
    /// pause: where there is room for few at a time, each look is at a few.
    line: usize,
    left: usize,
}

/// Room for one thing: of the worker, of its tenant, and of its queue.
type Permits = [OwnedSemaphorePermit; 3];

/// Room for something that is to be taken.
struct Room {
    line: usize,
    permits: Vec<Permits>,
}

/// Room for what a look may find.
struct Rooms {
    all: Vec<Room>,
    /// Whether there was none for some queue.
    full: bool,
    /// How many queues it was asked for before all was used up, if it was.
    short: Option<usize>,
}

/// What a look found.
struct Look {
    partition: u8,
    taken: Result<Taken, StoreError>,
    rooms: Rooms,
}

impl Tenant {
    pub(super) async fn shift(
        self: Arc<Self>,
        mut notes: UnboundedReceiver<Note>,
        listening: Vec<Listening>,
        mut stop: watch::Receiver<bool>,
    ) {
        let begin = Instant::now();
        let new = |_| Partition::new(begin, self.served.len());
        let mut partitions: Vec<_> = (0..self.store.partitions()).map(new).collect();
        let (mut looks, mut work) = (JoinSet::new(), JoinSet::new());
        let mut freed = self.freed.subscribe();
        let mut register = begin + REGISTER;
        loop {
            let all_look = self.begin_looks(&mut partitions, &mut looks);
            let next = partitions.iter().filter(|p| !p.looking).map(|p| p.next).min();
            let next = next.unwrap_or(register).min(register);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(note) = notes.recv() => self.hear(&mut partitions, note),
                Some(look) = looks.join_next() => self.looked(&mut partitions, &mut work, look),
                Some(done) = work.join_next() => report(done),
                Ok(()) = freed.changed() => {
                    let now = Instant::now();
                    let lines = self.served.len();
                    partitions.iter_mut().for_each(|partition| partition.freed(now, lines));
                }
                () = sleep_until(next), if all_look => {}
            }
            if register <= Instant::now() {
                register = Instant::now() + REGISTER;
                let tenant = self.clone();
                work.spawn(async move { tenant.register_again().await });
            }
        }
        drop(listening);
        while let Some(look) = looks.join_next().await {
            self.looked(&mut partitions, &mut work, look);
        }
        while let Some(done) = work.join_next().await {
            report(done);
        }
    }

    /// Looks at each partition whose time it is, the one that waits for longest first. False if
    /// one has to wait: what room it lacks is held by other looks, which may not need it.
    fn begin_looks(
        self: &Arc<Self>,
        partitions: &mut [Partition],
        looks: &mut JoinSet<Look>,
    ) -> bool {
        let now = Instant::now();
        let mut due: Vec<_> = (0..)
            .zip(partitions)
            .filter(|(_, partition)| !partition.looking && partition.next <= now)
            .collect();
        due.sort_by_key(|(_, partition)| partition.next);
        for (number, partition) in due {
            let rooms = self.rooms(partition.line);
            if rooms.full && !looks.is_empty() {
                return false;
            }
            partition.looking = true;
            (partition.said, partition.freed) = (false, false);
            partition.due = None;
            looks.spawn(self.clone().look(number, rooms));
        }
        true
    }

    /// What room there is, from one queue on.
    fn rooms(&self, from: usize) -> Rooms {
        let lines = self.served.len();
        let mut rooms = Rooms { all: Vec::new(), full: false, short: None };
        for at in 0..lines {
            let room = self.room((from + at) % lines, lines);
            if room.permits.is_empty() {
                rooms.full = true;
                if self.everywhere(room.line).iter().any(|all| all.available_permits() == 0) {
                    rooms.short.get_or_insert(at);
                }
            } else {
                rooms.all.push(room);
            }
        }
        rooms
    }

    /// Looks at a partition.
    async fn look(self: Arc<Self>, partition: u8, rooms: Rooms) -> Look {
        if rooms.full {
            self.hurry();
        }
        let queues: Vec<_> = rooms
            .all
            .iter()
            .map(|room| {
                let most = u32::try_from(room.permits.len()).unwrap_or(u32::MAX);
                (self.served[room.line].queue.clone(), most)
            })
            .collect();
        let nonce = self.host.services.ids.next().to_string();
        let lease_ms = u64::try_from(self.config.lease.as_millis()).unwrap_or(u64::MAX);
        let take = Take { worker: &self.worker, nonce: &nonce, lease_ms, queues: &queues };
        tracing::trace!(target: CHANGES, "before a take");
        let taken = self.store.take(&self.scope, partition, &take).await;
        if taken.as_ref().is_ok_and(|taken| !taken.work.is_empty()) {
            tracing::trace!(target: CHANGES, "after a take");
        }
        Look { partition, taken, rooms }
    }

    /// Room for some of a queue: a fair part of what there is.
    fn room(&self, line: usize, lines: usize) -> Room {
        let ([all, ours], room) = (self.everywhere(line), &self.served[line].room);
        let left = all.available_permits().min(ours.available_permits());
        let fair = (left / lines).clamp(1, LOOK_MAX);
        let one = |semaphore: &Arc<Semaphore>| semaphore.clone().try_acquire_owned().ok();
        let permits = (0..fair).map_while(|_| Some([one(all)?, one(ours)?, one(room)?])).collect();
        Room { line, permits }
    }

    /// The room of the whole worker, and of this tenant, for what is in a queue.
    fn everywhere(&self, line: usize) -> [&Arc<Semaphore>; 2] {
        match self.served[line].queue {
            Queue::Bodies(..) => [&self.bodies, &self.own_bodies],
            Queue::Function(_) => [&self.functions, &self.own_functions],
        }
    }

    /// Begins what was taken, and plans the next look.
    fn looked(
        self: &Arc<Self>,
        partitions: &mut [Partition],
        work: &mut JoinSet<()>,
        look: Result<Look, JoinError>,
    ) {
        let Ok(look) = look else { return };
        let partition = &mut partitions[usize::from(look.partition)];
        partition.looking = false;
        let taken = match look.taken {
            Ok(taken) => taken,
            Err(err) => {
                tracing::warn!(target: "satama::workflow", tenant = self.name, "{}", chain(&err));
                partition.next = Instant::now() + FAILED;
                return;
            }
        };
        let sweep = self.config.sweep;
        let due = taken.due_ms.map_or(sweep, Duration::from_millis).min(sweep);
        if taken.due_ms == Some(0) && self.schedules_are_looked_at() {
            let tenant = self.clone();
            work.spawn(async move { tenant.start_scheduled().await });
        }
        let due = due.max(DUE_MIN);
        let mut rooms: HashMap<usize, Room> =
            look.rooms.all.into_iter().map(|room| (room.line, room)).collect();
        for found in taken.work {
            let queue = found.queue();
            let line = self.served.iter().position(|line| Some(&line.queue) == queue.as_ref());
            let permits =
                line.and_then(|line| rooms.get_mut(&line).and_then(|room| room.permits.pop()));
            let (Some(line), Some(permits)) = (line, permits) else { continue };
            let (tenant, hand) = (self.clone(), self.served[line].hand.clone());
            work.spawn(tenant.do_work(found, hand, permits));
        }
        let filled = rooms.values().any(|room| room.permits.is_empty());
        partition.lacked_room(look.rooms.full || filled);
        let has_room = rooms.values().any(|room| !room.permits.is_empty());
        let goes_on = partition.go_on(look.rooms.short, self.served.len()) && has_room;
        let again = partition.said || filled || goes_on;
        let now = Instant::now();
        let then = if again { now } else { now + due };
        partition.next = partition.due.map_or(then, |due| due.min(then));
    }

    async fn do_work(self: Arc<Self>, found: Work, hand: Arc<Hand>, permits: Permits) {
        match found {
            Work::Body { lease, head, entries, now_ms } => {
                self.run_body(&hand, lease, head, entries, now_ms).await;
            }
            Work::Function(task) => self.run_function(&hand, task).await,
        }
        drop(permits);
        self.freed.send_replace(());
    }

    async fn register_again(&self) {
        if let Err(err) = self.store.register(&self.scope, &self.versions).await {
            tracing::warn!(target: "satama::workflow", tenant = self.name, "{}", chain(&err));
        }
    }
}

impl Partition {
    fn new(next: Instant, lines: usize) -> Self {
        let (looking, said, more, freed) = (false, false, false, false);
        Self { next, looking, said, more, freed, due: None, line: 0, left: lines }
    }

    /// After a look which came to so many queues, if not to all: whether there are some that none
    /// came to.
    fn go_on(&mut self, short: Option<usize>, lines: usize) -> bool {
        let came = short.unwrap_or(lines).max(1);
        // Who comes first changes, so that no queue takes all the room.
        self.line = (self.line + short.map_or(1, |short| short.max(1))) % lines.max(1);
        let left = if self.said { lines } else { self.left.saturating_sub(came) };
        self.left = if left == 0 { lines } else { left };
        left > 0
    }

    /// After a look: whether there may be more than there was room for.
    fn lacked_room(&mut self, more: bool) {
        self.more = more;
        // Who lacked no room needs none that is free since.
        self.said |= self.freed && more;
    }

    /// Something will be due.
    pub(super) fn due(&mut self, at: Instant) {
        self.next = self.next.min(at);
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// There is room again.
    fn freed(&mut self, now: Instant, lines: usize) {
        self.left = lines;
        if self.looking {
            self.freed = true;
        } else if self.more {
            self.next = now;
        }
    }
}

impl Work {
    /// The queue that it was in.
    fn queue(&self) -> Option<Queue> {
        match self {
            Self::Body { head, .. } => Some(Queue::Bodies(head.workflow.clone(), head.digest)),
            Self::Function(task) => Some(Queue::Function(task.spawned()?.function)),
        }
    }
}

fn report(done: Result<(), JoinError>) {
    if let Err(err) = done
        && err.is_panic()
    {
        tracing::error!(target: "satama::workflow", "{err}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_that_nobody_lacked_is_no_reason_to_look_again() {
        for lacked in [false, true] {
            let mut partition = Partition::new(Instant::now(), 1);
            partition.looking = true;
            partition.freed(Instant::now(), 1);
            partition.lacked_room(lacked);
            assert_eq!(partition.said, lacked);
        }
    }
}
