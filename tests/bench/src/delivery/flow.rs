//! Messages that are on their way, and who has read them.

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::PATIENCE;
use crate::rounds::Times;

/// Messages on their way at a time: a quarter of what a receiver's queue holds.
const WINDOW: u32 = 64;

const PUBLISHERS: u32 = 16;

const MESSAGE_BYTES: usize = 128;

/// Messages whose readers are counted: many more than are on their way.
const COUNTED: usize = 4096;

/// Where messages are published.
pub(super) trait Publish: Clone + Send + Sync + 'static {
    /// Returns when the store has taken it.
    fn publish(&self, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + Send;
}

/// What is published in one place, and read in others.
pub(super) struct Flow {
    /// Room for messages on their way.
    room: Semaphore,
    receivers: u32,
    /// How many have yet to read a message, by its number.
    left: Vec<AtomicU32>,
    next: AtomicU64,
    start: Instant,
    /// How long messages took, if that is wanted.
    times: Mutex<Vec<Duration>>,
    timed: AtomicBool,
    failed: Mutex<Option<String>>,
}

impl Flow {
    pub(super) fn new(receivers: u32) -> Arc<Self> {
        Arc::new(Self {
            room: Semaphore::new(WINDOW as usize),
            receivers,
            left: (0..COUNTED).map(|_| AtomicU32::new(0)).collect(),
            next: AtomicU64::new(0),
            start: Instant::now(),
            times: Mutex::default(),
            timed: AtomicBool::new(false),
            failed: Mutex::default(),
        })
    }

    /// Publishes for as long as a round, and waits until all is read. Adds what one
    /// delivery took.
    pub(super) async fn stream(
        self: &Arc<Self>,
        round: Duration,
        to: &impl Publish,
        times: &mut Times,
    ) -> Result<()> {
        let (start, first) = (Instant::now(), self.next.load(Ordering::Relaxed));
        let publishers: Vec<_> = (0..PUBLISHERS)
            .map(|_| {
                let (flow, to) = (self.clone(), to.clone());
                tokio::spawn(async move {
                    while start.elapsed() < round {
                        to.publish(flow.message().await?).await?;
                    }
                    Ok::<_, anyhow::Error>(())
                })
            })
            .collect();
        for publisher in publishers {
            publisher.await??;
        }
        self.all_read().await?;
        let messages = u32::try_from(self.next.load(Ordering::Relaxed) - first)?;
        let deliveries = messages.checked_mul(self.receivers).context("fewer deliveries")?;
        times.push(start.elapsed(), deliveries);
        Ok(())
    }

    /// Publishes one message after the other, for as long as a round, each when all
    /// have read the last. How long each took to each receiver.
    pub(super) async fn single(&self, round: Duration, to: &impl Publish) -> Result<Vec<Duration>> {
        self.timed.store(true, Ordering::Relaxed);
        let start = Instant::now();
        while start.elapsed() < round {
            to.publish(self.message().await?).await?;
            self.all_read().await?;
        }
        self.timed.store(false, Ordering::Relaxed);
        Ok(std::mem::take(&mut *lock(&self.times)))
    }

    /// The next message, as soon as there is room: its number, when it begins, and
    /// what fills it.
    async fn message(&self) -> Result<Vec<u8>> {
        match timeout(PATIENCE, self.room.acquire()).await {
            Ok(Ok(room)) => room.forget(),
            Ok(Err(_)) => return self.why(),
            Err(_) => bail!("a message was lost"),
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        if self.left(number).swap(self.receivers, Ordering::Relaxed) != 0 {
            bail!("a message was lost, or is late by thousands");
        }
        let mut bytes = Vec::with_capacity(MESSAGE_BYTES);
        bytes.extend_from_slice(&number.to_be_bytes());
        bytes.extend_from_slice(&u64::try_from(self.start.elapsed().as_nanos())?.to_be_bytes());
        bytes.resize(MESSAGE_BYTES, b'm');
        Ok(bytes)
    }

    /// Somebody has read a message.
    pub(super) fn read(&self, bytes: &[u8]) {
        let now = self.start.elapsed();
        let Some((Some(number), Some(sent))) = bytes
            .split_at_checked(8)
            .map(|(number, rest)| (be(number), rest.get(..8).and_then(be)))
        else {
            return self.fail("a message is not what was published".to_owned());
        };
        if self.timed.load(Ordering::Relaxed) {
            lock(&self.times).push(now.saturating_sub(Duration::from_nanos(sent)));
        }
        match self.left(number).fetch_sub(1, Ordering::Relaxed) {
            0 => self.fail("a message was delivered twice".to_owned()),
            1 => self.room.add_permits(1),
            _ => {}
        }
    }

    /// Ends it all.
    pub(super) fn fail(&self, why: String) {
        lock(&self.failed).get_or_insert(why);
        self.room.close();
    }

    /// Waits until nothing is on its way.
    async fn all_read(&self) -> Result<()> {
        match timeout(PATIENCE, self.room.acquire_many(WINDOW)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(_)) => self.why(),
            Err(_) => bail!("messages were lost"),
        }
    }

    fn why<T>(&self) -> Result<T> {
        bail!(lock(&self.failed).clone().context("it failed")?)
    }

    fn left(&self, number: u64) -> &AtomicU32 {
        #[expect(clippy::cast_possible_truncation, reason = "the remainder is small")]
        &self.left[(number % COUNTED as u64) as usize]
    }
}

fn be(bytes: &[u8]) -> Option<u64> {
    bytes.try_into().ok().map(u64::from_be_bytes)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
