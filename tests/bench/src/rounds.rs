//! Measures by turns.

use std::time::{Duration, Instant};

use anyhow::Result;

use crate::PARTS;

/// Operations of a round are a multiple of this, so that 64 callers share them evenly.
const GRAIN: u32 = 64;

/// What is measured, and for how long.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) rounds: usize,
    /// How long one side works in one round.
    pub(crate) round: Duration,
    pub(crate) filter: String,
    /// Whether the part `node` runs, which needs more than the others; and it alone.
    pub(crate) node: bool,
}

/// Seconds that one operation took, round by round.
#[derive(Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Plan {
    /// Whether any row of `part` may run. A filter that names a part runs only that.
    pub(crate) fn wants_part(&self, part: &str) -> bool {
        if self.node || part == "node" {
            return self.node && part == "node";
        }
        part.contains(&self.filter) || !PARTS.iter().any(|part| part.contains(&self.filter))
    }

    /// Whether the row called `name` runs.
    pub(crate) fn wants(&self, part: &str, name: &str) -> bool {
        part.contains(&self.filter) || name.contains(&self.filter)
    }

    /// Times both by turns: one round of the first, one of the second, and again.
    /// Each tells how long so many operations took, without what it had to prepare.
    pub(crate) async fn compare(
        &self,
        first: impl AsyncFn(u32) -> Result<Duration>,
        second: impl AsyncFn(u32) -> Result<Duration>,
    ) -> Result<(Times, Times)> {
        let counts = (self.fit(&first).await?, self.fit(&second).await?);
        let mut times = (Times::default(), Times::default());
        for _ in 0..self.rounds {
            times.0.push(first(counts.0).await?, counts.0);
            times.1.push(second(counts.1).await?, counts.1);
        }
        Ok(times)
    }

    /// Times one alone.
    pub(crate) async fn alone(&self, work: impl AsyncFn(u32) -> Result<Duration>) -> Result<Times> {
        let count = self.fit(&work).await?;
        let mut times = Times::default();
        for _ in 0..self.rounds {
            times.push(work(count).await?, count);
        }
        Ok(times)
    }

    /// How many operations fill a round. Finding out warms up, too.
    async fn fit(&self, work: &impl AsyncFn(u32) -> Result<Duration>) -> Result<u32> {
        let mut count = GRAIN;
        loop {
            let took = work(count).await?;
            // What a round costs once, such as its instances, shrinks beside a larger count.
            let share = (self.round.as_secs_f64() / took.as_secs_f64()).min(8.0);
            if share < 1.3 || count > u32::MAX / 8 {
                return Ok(count);
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a cast to u32 saturates, and the count is below its eighth"
            )]
            let grains = (f64::from(count / GRAIN) * share).ceil() as u32;
            count = grains * GRAIN;
        }
    }
}

/// How long `work` takes.
pub(crate) async fn time(work: impl Future<Output = Result<()>>) -> Result<Duration> {
    let start = Instant::now();
    work.await?;
    Ok(start.elapsed())
}

impl Times {
    /// Of single operations.
    pub(crate) fn of(operations: impl IntoIterator<Item = Duration>) -> Self {
        Self(operations.into_iter().map(|took| took.as_secs_f64()).collect())
    }

    /// Of numbers that are no times.
    pub(crate) fn counts(counts: impl IntoIterator<Item = u32>) -> Self {
        Self(counts.into_iter().map(f64::from).collect())
    }

    /// What so many in a hundred took at most.
    pub(crate) fn quantile(&self, percent: usize) -> f64 {
        let mut times = self.0.clone();
        times.sort_by(f64::total_cmp);
        let at = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(at).copied().unwrap_or(f64::NAN)
    }

    /// Adds a round of so many operations.
    pub(crate) fn push(&mut self, took: Duration, operations: u32) {
        self.0.push(took.as_secs_f64() / f64::from(operations));
    }

    /// The middle round's seconds.
    pub(crate) fn median(&self) -> f64 {
        sorted(self.0.clone()).1
    }

    /// The lowest, middle and highest of the rounds' ratios to `other`.
    pub(crate) fn ratios(&self, other: &Self) -> (f64, f64, f64) {
        sorted(self.0.iter().zip(&other.0).map(|(own, other)| own / other).collect())
    }

    /// The lowest and highest round, as parts of the middle one.
    pub(crate) fn spread(&self) -> (f64, f64) {
        let (low, middle, high) = sorted(self.0.clone());
        (low / middle, high / middle)
    }
}

/// The lowest, middle and highest.
fn sorted(mut values: Vec<f64>) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    match values.as_slice() {
        [] => (f64::NAN, f64::NAN, f64::NAN),
        [first, .., last] => (*first, values[values.len() / 2], *last),
        [only] => (*only, *only, *only),
    }
}
