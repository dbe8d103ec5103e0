//! Looks for work: when something is said, when something is due, and now and then.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep_until};

use super::{Hand, Line, Tenant};
use crate::error::chain;
use crate::workflow::body::News;
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
struct Partition {
    /// When it is looked at next.
    next: Instant,
    /// Whether it is looked at now, and whether something was said meanwhile.
    looking: bool,
    said: bool,
    /// Whether there may be more than there was room for.
    more: bool,
    /// Whether looks at others had the room that this one was to have.
    crowded: bool,
}

/// Room for something that is to be taken.
struct Room {
    line: usize,
    permits: Vec<[OwnedSemaphorePermit; 2]>,
}

/// What a look found.
struct Look {
    partition: u8,
    taken: Result<Taken, StoreError>,
    rooms: Vec<Room>,
    /// Whether there was no room for some queue.
    full: bool,
}

impl Tenant {
    pub(super) async fn shift(
        self: Arc<Self>,
        mut notes: UnboundedReceiver<Note>,
        listening: Vec<Listening>,
        mut stop: watch::Receiver<bool>,
    ) {
        let begin = Instant::now();
        let new =
            || Partition { next: begin, looking: false, said: false, more: false, crowded: false };
        let mut partitions: Vec<_> = (0..self.store.partitions()).map(|_| new()).collect();
        let (mut looks, mut work) = (JoinSet::new(), JoinSet::new());
        let mut register = begin + REGISTER;
        let mut turn = 0;
        loop {
            let now = Instant::now();
            // What looks at others had of the room is free again: one at a time has all of it.
            if looks.is_empty()
                && let Some(crowded) = partitions.iter_mut().find(|p| p.crowded)
            {
                crowded.next = now;
            }
            for (number, partition) in (0..).zip(&mut partitions) {
                if !partition.looking && partition.next <= now {
                    partition.looking = true;
                    (partition.said, partition.crowded) = (false, false);
                    turn += 1;
                    looks.spawn(self.clone().look(number, turn));
                }
            }
            if looks.len() > 1 {
                partitions.iter_mut().filter(|p| p.looking).for_each(|p| p.crowded = true);
            }
            let next = partitions.iter().filter(|p| !p.looking).map(|p| p.next).min();
            let next = next.unwrap_or(register).min(register);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                Some(note) = notes.recv() => self.hear(&mut partitions, note),
                Some(look) = looks.join_next() => self.looked(&mut partitions, &mut work, look),
                Some(done) = work.join_next() => report(done),
                () = self.freed.notified() => {
                    partitions.iter_mut().filter(|p| p.more).for_each(|p| p.next = now);
                }
                () = sleep_until(next) => {}
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

    fn hear(&self, partitions: &mut [Partition], note: Note) {
        match note {
            Note::Said(number, text) if self.tell(&text) => _ = number,
            Note::Said(number, queue) => {
                let is_ours =
                    queue.is_empty() || self.served.iter().any(|line| line.queue.name() == queue);
                if is_ours && let Some(partition) = partitions.get_mut(usize::from(number)) {
                    partition.said = true;
                    partition.next = Instant::now();
                }
            }
            Note::Missed(number) => {
                if let Some(partition) = partitions.get_mut(usize::from(number)) {
                    partition.said = true;
                    partition.next = Instant::now();
                }
                self.tell_all(number);
            }
        }
    }

    /// Tells a body what was said to it: `run length entry`. False if it is no such thing.
    fn tell(&self, text: &str) -> bool {
        let mut parts = text.splitn(3, ' ');
        let (Some(run), Some(Ok(length)), Some(entry)) =
            (parts.next(), parts.next().map(str::parse), parts.next())
        else {
            return false;
        };
        if let Some((_, inbox)) = self.inboxes().get(run) {
            _ = inbox.send(News::Entry(length, entry.to_owned()));
        }
        true
    }

    /// Tells the bodies of a partition that there may be something.
    fn tell_all(&self, number: u8) {
        let one = self.store.partitions() == 1;
        for (run, (_, inbox)) in self.inboxes().iter() {
            if one || run.starts_with(&format!("{number:02x}")) {
                _ = inbox.send(News::Look);
            }
        }
    }

    /// Looks at a partition, with what room there is.
    async fn look(self: Arc<Self>, partition: u8, turn: usize) -> Look {
        let (mut rooms, mut full) = (Vec::new(), false);
        let lines = self.served.len();
        // Who comes first changes, so that no queue takes all the room.
        for line in (0..lines).map(|at| (at + turn) % lines.max(1)) {
            let room = self.room(line, lines);
            full |= room.permits.is_empty();
            rooms.push(room);
        }
        rooms.retain(|room| !room.permits.is_empty());
        if full {
            self.hurry();
        }
        let queues: Vec<_> = rooms
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
        Look { partition, taken, rooms, full }
    }

    /// Room for some of a queue: a fair part of what there is.
    fn room(&self, line: usize, lines: usize) -> Room {
        let Line { queue, room, .. } = &self.served[line];
        let all = match queue {
            Queue::Bodies(..) => &self.bodies,
            Queue::Function(_) => &self.functions,
        };
        let fair = (all.available_permits() / lines).clamp(1, LOOK_MAX);
        let one = |semaphore: &Arc<Semaphore>| semaphore.clone().try_acquire_owned().ok();
        let permits = (0..fair).map_while(|_| Some([one(all)?, one(room)?])).collect();
        Room { line, permits }
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
                partition.crowded = false;
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
            look.rooms.into_iter().map(|room| (room.line, room)).collect();
        for found in taken.work {
            let queue = found.queue();
            let line = self.served.iter().position(|line| Some(&line.queue) == queue.as_ref());
            let permits =
                line.and_then(|line| rooms.get_mut(&line).and_then(|room| room.permits.pop()));
            let (Some(line), Some(permits)) = (line, permits) else { continue };
            let (tenant, hand) = (self.clone(), self.served[line].hand.clone());
            work.spawn(tenant.do_work(found, hand, permits));
        }
        partition.crowded &= look.full;
        partition.more = look.full || rooms.values().any(|room| room.permits.is_empty());
        let filled = rooms.values().any(|room| room.permits.is_empty());
        let again = partition.said || filled;
        partition.next = Instant::now() + if again { Duration::ZERO } else { due };
    }

    async fn do_work(
        self: Arc<Self>,
        found: Work,
        hand: Arc<Hand>,
        permits: [OwnedSemaphorePermit; 2],
    ) {
        match found {
            Work::Body { lease, head, entries, now_ms } => {
                self.run_body(&hand, lease, head, entries, now_ms).await;
            }
            Work::Function(task) => self.run_function(&hand, task).await,
        }
        drop(permits);
        self.freed.notify_one();
    }

    async fn register_again(&self) {
        if let Err(err) = self.store.register(&self.scope, &self.versions).await {
            tracing::warn!(target: "satama::workflow", tenant = self.name, "{}", chain(&err));
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
