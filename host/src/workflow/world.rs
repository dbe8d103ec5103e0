//! What a body sees of the machine: its run's time and random numbers, and only inside a step
//! those of the world.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::replay::{Turn, hash};
use crate::clock::Clock;
use crate::ids::Ids;

/// What a body's monotonic clock begins with, in nanoseconds: Go's runtime takes zero for a clock
/// that does not work, and ends.
const MONOTONIC_START: u64 = 1_000_000_000;

/// The machine as one body sees it. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct World(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    run: String,
    generation: u32,
    /// See [`Turn`].
    since: AtomicU32,
    in_step: AtomicBool,
    /// The run's time, in milliseconds since 1970.
    now_ms: AtomicU64,
    started_ms: AtomicU64,
    drawn: AtomicU64,
    ids: Ids,
    real: Instant,
}

impl World {
    /// The world of a run's generation.
    pub fn new(run: &str, generation: u32, ids: Ids) -> Self {
        Self(Arc::new(Inner {
            run: run.to_owned(),
            generation,
            since: AtomicU32::new(0),
            in_step: AtomicBool::new(false),
            now_ms: AtomicU64::new(0),
            started_ms: AtomicU64::new(0),
            drawn: AtomicU64::new(0),
            ids,
            real: Instant::now(),
        }))
    }

    /// Whether a step is open, so that effects are allowed.
    pub fn in_step(&self) -> bool {
        self.0.in_step.load(Ordering::Relaxed)
    }

    /// A step is open, or no longer.
    pub fn set_in_step(&self, in_step: bool) {
        self.0.in_step.store(in_step, Ordering::Relaxed);
    }

    /// The body has seen an event of this time, and this is its turn.
    pub fn set_now(&self, now_ms: u64, turn: Turn) {
        self.0.since.store(turn.since, Ordering::Relaxed);
        _ = self.0.started_ms.compare_exchange(0, now_ms, Ordering::Relaxed, Ordering::Relaxed);
        self.0.now_ms.store(now_ms, Ordering::Relaxed);
    }

    /// The wall clock.
    pub fn wall(&self) -> Duration {
        if self.in_step() {
            return Duration::from_micros(Clock::System.micros());
        }
        Duration::from_millis(self.0.now_ms.load(Ordering::Relaxed))
    }

    /// Nanoseconds since a second before the run began; inside a step, before its body was called.
    pub fn monotonic(&self) -> u64 {
        let since = if self.in_step() {
            u64::try_from(self.0.real.elapsed().as_nanos()).unwrap_or(u64::MAX)
        } else {
            let since = self.0.now_ms.load(Ordering::Relaxed);
            let since = since.saturating_sub(self.0.started_ms.load(Ordering::Relaxed));
            since.saturating_mul(1_000_000)
        };
        since.saturating_add(MONOTONIC_START)
    }

    /// A random number.
    pub fn random(&self) -> u64 {
        if self.in_step() {
            return u64::from_ne_bytes(self.0.ids.next().0);
        }
        let drawn = self.0.drawn.fetch_add(1, Ordering::Relaxed);
        let since = self.0.since.load(Ordering::Relaxed);
        let turn = Turn { generation: self.0.generation, since };
        let bytes = hash("wasi", &self.0.run, turn, drawn);
        let (first, _) = bytes.split_at(8);
        u64::from_le_bytes(first.try_into().unwrap_or_default())
    }
}
