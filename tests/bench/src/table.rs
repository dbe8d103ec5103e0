//! The rows of one part, as they will be printed.

use std::time::Duration;

use anyhow::Result;

use crate::rounds::{Plan, Times, time};

/// One part's rows.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    plan: &'a Plan,
    part: &'a str,
    title: String,
    rows: Vec<[String; 5]>,
}

/// How a time is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unit {
    /// Nanoseconds for one; a ratio below 1 is better.
    Nanos,
    /// Microseconds for one; a ratio below 1 is better.
    Micros,
    /// How many in a second; a ratio above 1 is better.
    PerSecond,
    /// No time, but a number.
    Count,
}

impl<'a> Table<'a> {
    pub(crate) fn new(plan: &'a Plan, part: &'a str) -> Self {
        Self { plan, part, title: part.to_owned(), rows: Vec::new() }
    }

    /// What is above the rows.
    pub(crate) fn title(&mut self, title: &str) {
        title.clone_into(&mut self.title);
    }

    /// Measures a row of two sides: ours, and what it is held against.
    pub(crate) async fn compare(
        &mut self,
        name: &str,
        unit: Unit,
        ours: impl AsyncFn(u32) -> Result<()>,
        other: impl AsyncFn(u32) -> Result<()>,
    ) -> Result<()> {
        let ours = async |n| time(ours(n)).await;
        self.compare_timed(name, unit, ours, async |n| time(other(n)).await).await
    }

    /// As [`Table::compare`], of sides that tell how long it took, without what they
    /// had to prepare.
    pub(crate) async fn compare_timed(
        &mut self,
        name: &str,
        unit: Unit,
        ours: impl AsyncFn(u32) -> Result<Duration>,
        other: impl AsyncFn(u32) -> Result<Duration>,
    ) -> Result<()> {
        if self.wants(name) {
            let (ours, other) = self.plan.compare(ours, other).await?;
            self.push_both(name, unit, &ours, &other);
        }
        Ok(())
    }

    /// Measures a row that is held against nothing.
    pub(crate) async fn alone(
        &mut self,
        name: &str,
        unit: Unit,
        work: impl AsyncFn(u32) -> Result<()>,
    ) -> Result<()> {
        self.alone_timed(name, unit, async |n| time(work(n)).await).await
    }

    /// As [`Table::alone`], of work that tells how long it took.
    pub(crate) async fn alone_timed(
        &mut self,
        name: &str,
        unit: Unit,
        work: impl AsyncFn(u32) -> Result<Duration>,
    ) -> Result<()> {
        if self.wants(name) {
            let times = self.plan.alone(work).await?;
            self.push(name, unit, &times);
        }
        Ok(())
    }

    /// Adds a row of two sides that were measured elsewhere.
    pub(crate) fn push_both(&mut self, name: &str, unit: Unit, ours: &Times, other: &Times) {
        let (low, middle, high) = match unit {
            Unit::Nanos | Unit::Micros | Unit::Count => ours.ratios(other),
            Unit::PerSecond => other.ratios(ours),
        };
        self.rows.push([
            name.to_owned(),
            unit.show(ours.median()),
            unit.show(other.median()),
            format!("{middle:.2}"),
            format!("{low:.2} to {high:.2}"),
        ]);
    }

    /// Adds a row that was measured elsewhere.
    pub(crate) fn push(&mut self, name: &str, unit: Unit, times: &Times) {
        let (low, high) = match (unit, times.spread()) {
            (Unit::PerSecond, (low, high)) => (1.0 / high, 1.0 / low),
            (_, spread) => spread,
        };
        let spread = format!("{low:.2} to {high:.2} of it");
        let none = || "-".to_owned();
        self.rows.push([name.to_owned(), unit.show(times.median()), none(), none(), spread]);
    }

    /// Adds a row of single operations that were measured elsewhere: the middle one, and what
    /// 99 of 100 took at most.
    pub(crate) fn push_quantiles(&mut self, name: &str, unit: Unit, times: &Times) {
        let none = || "-".to_owned();
        let most = format!("99 %: {}", unit.show(times.quantile(99)));
        self.rows.push([name.to_owned(), unit.show(times.median()), none(), none(), most]);
    }

    /// Whether the row called `name` is to be measured, of which something has to be prepared.
    pub(crate) fn may_want(&self, name: &str) -> bool {
        self.plan.wants(self.part, name)
    }

    /// Whether the row called `name` is to be measured. Says that it begins.
    pub(crate) fn wants(&self, name: &str) -> bool {
        let wanted = self.plan.wants(self.part, name);
        if wanted {
            eprintln!("{}: {name}", self.part);
        }
        wanted
    }

    /// How often to measure what [`Table::push`] adds.
    pub(crate) fn rounds(&self) -> usize {
        self.plan.rounds
    }

    /// For how long, each time.
    pub(crate) fn round(&self) -> Duration {
        self.plan.round
    }

    #[expect(clippy::print_stdout, reason = "the one place that prints results")]
    pub(crate) fn print(&self) {
        if self.rows.is_empty() {
            return;
        }
        println!("\n{}\n", self.title);
        let head = ["", "satama", "reference", "ratio", "rounds' ratios"].map(str::to_owned);
        let lines: Vec<_> = std::iter::once(&head).chain(&self.rows).collect();
        let widths: [usize; 5] = std::array::from_fn(|column| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0)
        });
        for [name, ours, other, ratio, spread] in lines {
            let [a, b, c, d, e] = widths;
            println!("{name:<a$}  {ours:>b$}  {other:>c$}  {ratio:>d$}  {spread:>e$}");
        }
    }
}

impl Unit {
    fn show(self, seconds: f64) -> String {
        match self {
            Self::Nanos => format!("{:.0} ns", seconds * 1e9),
            Self::Micros => format!("{:.1} µs", seconds * 1e6),
            Self::PerSecond => format!("{:.0}/s", 1.0 / seconds),
            Self::Count => format!("{seconds:.0}"),
        }
    }
}
