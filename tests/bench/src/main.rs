//! What the services cost, against what they are built on.
//!
//! `cargo run --release -p satama-bench [-- [--quick] [--node] [FILTER]]` runs the
//! parts, or the rows, whose name holds FILTER. Both sides of a row are measured in
//! this run, by turns, so a busy machine slows both; the numbers mean something next
//! to each other, and little by themselves. `--node` runs the part `node`, alone. `cost` measures
//! components instead.

mod bare;
mod call;
mod channel;
mod cost;
mod delivery;
mod guests;
mod invalidate;
mod node;
mod redis;
mod rounds;
mod secret;
mod services;
mod sqlite;
mod table;
mod workflow;

use std::time::Duration;

use anyhow::{Result, bail};

use crate::rounds::Plan;
use crate::table::Table;

const USAGE: &str = "usage: satama-bench [--quick] [--node] [FILTER]";

/// The parts, in the order they run.
const PARTS: [&str; 17] = [
    "call",
    "instance",
    "redis",
    "sqlite",
    "invalidate",
    "channel",
    "channel-sqlite",
    "delivery",
    "secret",
    "secret-sqlite",
    "workflow",
    "workflow-sqlite",
    "workflow-store",
    "workflow-latency",
    "workflow-length",
    "workflow-beside",
    "node",
];

#[tokio::main]
async fn main() -> Result<()> {
    if cfg!(debug_assertions) {
        eprintln!("this is a debug build: run it with --release");
    }
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [part, guests @ ..] = args.as_slice()
        && part == "cost"
    {
        return cost::run(guests).await;
    }
    let plan = plan(args.into_iter())?;
    for part in PARTS.into_iter().filter(|part| plan.wants_part(part)) {
        let mut table = Table::new(&plan, part);
        match part {
            "call" => call::host_calls(&mut table).await?,
            "instance" => call::instances(&mut table).await?,
            "redis" => redis::run(&mut table).await?,
            "sqlite" => sqlite::run(&mut table).await?,
            "invalidate" => invalidate::run(&mut table).await?,
            "channel" => channel::on_redis(&mut table).await?,
            "channel-sqlite" => channel::on_sqlite(&mut table).await?,
            "delivery" => delivery::run(&mut table).await?,
            "secret" => secret::on_redis(&mut table).await?,
            "secret-sqlite" => secret::on_sqlite(&mut table).await?,
            "workflow" => workflow::on_redis(&mut table).await?,
            "workflow-sqlite" => workflow::on_sqlite(&mut table).await?,
            "workflow-store" => workflow::store(&mut table).await?,
            "workflow-latency" => workflow::latency(&mut table).await?,
            "workflow-length" => workflow::length(&mut table).await?,
            "workflow-beside" => workflow::beside(&mut table).await?,
            _ => node::run(&mut table).await?,
        }
        table.print();
    }
    Ok(())
}

fn plan(args: impl Iterator<Item = String>) -> Result<Plan> {
    let (rounds, round) = (9, Duration::from_millis(400));
    let mut plan = Plan { rounds, round, filter: String::new(), node: false };
    for arg in args {
        match arg.as_str() {
            "--quick" => (plan.rounds, plan.round) = (3, Duration::from_millis(100)),
            "--node" => plan.node = true,
            "--help" | "-h" => bail!(USAGE),
            option if option.starts_with('-') => bail!("there is no option `{option}`; {USAGE}"),
            filter if plan.filter.is_empty() => plan.filter = filter.to_owned(),
            second => bail!("one filter, not also `{second}`; {USAGE}"),
        }
    }
    Ok(plan)
}
