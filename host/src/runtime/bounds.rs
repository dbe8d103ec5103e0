//! What keeps a guest within its grant's memory and time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::{EngineWeak, ResourceLimiter};

use super::{Stop, TICK};
use crate::grant::Limits;

/// Most elements of one table, which the engine reserves room for.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 100_000;

/// What one instance has of memory and tables.
#[derive(Debug)]
pub(super) struct Bounds {
    memory_bytes: usize,
    memory_bytes_max: usize,
    table_elements: usize,
    table_elements_max: usize,
    /// The first growth that was refused. A guest often traps on it, and then
    /// this is the reason that the operator should read.
    refused: Option<Stop>,
}

/// How long one call has computed. A call computes while it is polled; while it
/// waits for a store, it does not.
#[derive(Debug)]
pub(super) struct Meter {
    start: Instant,
    /// Nanoseconds of the polls that ended.
    used: AtomicU64,
    /// When the running poll began, in nanoseconds since the start.
    poll_start: AtomicU64,
    max: Duration,
}

/// A call whose polls are counted.
pub(super) struct Metered<F> {
    call: std::pin::Pin<Box<F>>,
    meter: Arc<Meter>,
}

/// A thread that moves an engine's epoch on with each tick.
#[derive(Debug)]
pub(super) struct Ticker {
    /// Dropped, it ends the thread.
    _stop: Sender<()>,
}

impl Bounds {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            memory_bytes: 0,
            memory_bytes_max: usize::try_from(limits.memory_bytes).unwrap_or(usize::MAX),
            table_elements: 0,
            table_elements_max: limits.table_elements as usize,
            refused: None,
        }
    }

    /// What all memories have, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.memory_bytes
    }

    /// What all tables have, in elements.
    pub(super) fn table_elements(&self) -> usize {
        self.table_elements
    }

    /// The first growth that was refused, if any was.
    pub(super) fn refused(&mut self) -> Option<Stop> {
        self.refused.take()
    }
}

impl ResourceLimiter for Bounds {
    /// `current` and `desired` are of one memory; the limit is of all.
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.memory_bytes.saturating_add(desired.saturating_sub(current));
        if total > self.memory_bytes_max || maximum.is_some_and(|maximum| desired > maximum) {
            let max = self.memory_bytes_max as u64;
            self.refused.get_or_insert(Stop::Memory { bytes_max: max });
            return Ok(false);
        }
        self.memory_bytes = total;
        Ok(true)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let total = self.table_elements.saturating_add(desired.saturating_sub(current));
        if total > self.table_elements_max || maximum.is_some_and(|maximum| desired > maximum) {
            let max = self.table_elements_max as u64;
            self.refused.get_or_insert(Stop::Tables { elements_max: max });
            return Ok(false);
        }
        self.table_elements = total;
        Ok(true)
    }
}

impl Meter {
    pub(super) fn new(max: Duration) -> Arc<Self> {
        let (used, poll_start) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { start: Instant::now(), used, poll_start, max })
    }

    /// Another call begins, in the same instance.
    pub(super) fn restart(&self) {
        self.used.store(0, Ordering::Relaxed);
    }

    /// Fails once the call has computed for too long. Asked within a poll.
    pub(super) fn check(&self) -> Result<(), Stop> {
        let running = self.now().saturating_sub(self.poll_start.load(Ordering::Relaxed));
        let used = self.used.load(Ordering::Relaxed).saturating_add(running);
        if Duration::from_nanos(used) < self.max { Ok(()) } else { Err(Stop::Cpu(self.max)) }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

impl<F: Future> Metered<F> {
    pub(super) fn new(call: F, meter: Arc<Meter>) -> Self {
        Self { call: Box::pin(call), meter }
    }
}

impl<F: Future> Future for Metered<F> {
    type Output = F::Output;

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let start = self.meter.now();
        self.meter.poll_start.store(start, Ordering::Relaxed);
        let polled = self.call.as_mut().poll(cx);
        let took = self.meter.now().saturating_sub(start);
        self.meter.used.fetch_add(took, Ordering::Relaxed);
        polled
    }
}

impl Ticker {
    pub(super) fn start(engine: EngineWeak) -> Self {
        let (stop, stopped) = channel();
        // A thread, because a guest that computes may hold every worker of a
        // runtime, and must be stopped all the same.
        let thread = std::thread::Builder::new().name("satama-epoch".into());
        let tick = move || {
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        };
        thread.spawn(tick).expect("a host that cannot start a thread cannot run");
        Self { _stop: stop }
    }
}
