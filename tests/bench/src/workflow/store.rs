//! What the store has to do for a run, without a worker or a guest.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use satama::grant::Grant;
use satama::workflow::log::{Asked, Event, Output, StepDone, json};
use satama::workflow::{
    Backend, Lease, NewRun, Queue, RunId, Served, Store as _, Take, Then, Work, Write,
};
use satama::{Digest, Ids, Services, StoreUrl};

use super::crew::grant;
use super::{ENDS, push};
use crate::guests::each;
use crate::redis::{connect, server};
use crate::services::DEADLINE;
use crate::table::{Table, Unit};

/// Steps of a run.
const STEPS: u32 = 10;

const WORKFLOW: &str = "stored";

const LEASE_MS: u64 = 3_600_000;

/// A store that is called as a worker and who starts runs do.
#[derive(Clone)]
pub(crate) struct Alone {
    store: Arc<Backend>,
    grant: Arc<Grant>,
    queue: Queue,
    ids: Ids,
}

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Runs of ten steps in the store alone, per second: start, take, a write a step, end, called\n\
         by the host. Reference: redis-rs, an RPUSH for each event. A ratio above 1 is better.\n\
         `--node` holds it against @pikku/redis.",
    );
    let server = server()?;
    let ours = Alone::new(server.store()).await?;
    let raw = connect(&server, None).await?;
    for callers in [1, 32] {
        let name = format!("Redis, {callers:>2} callers: run of ten steps; RPUSH");
        let stored = async |n| ours.run(callers, n).await;
        let pushed = async |n| {
            each(callers, |caller| push(raw.clone(), caller, n / callers, STEPS + ENDS)).await
        };
        table.compare(&name, Unit::PerSecond, stored, pushed).await?;
    }
    let folder = tempfile::tempdir()?;
    let ours = Alone::new(StoreUrl::file(folder.path().join("satama.db"))).await?;
    for callers in [1, 32] {
        let name = format!("SQLite, {callers:>2} callers: run of ten steps");
        table.alone(&name, Unit::PerSecond, async |n| ours.run(callers, n).await).await?;
    }
    Ok(())
}

impl Alone {
    pub(crate) async fn new(store: StoreUrl) -> Result<Self> {
        let services = Services::builder(store).deadline(DEADLINE).build().await?;
        let (store, grant) = (services.workflow().store().clone(), grant()?);
        let (workflow, digest) = (WORKFLOW.to_owned(), Digest::of(b"1"));
        let served = Served { workflow: workflow.clone(), digest, source: "bench".into() };
        store.register(grant.workflow().scope(), &[served]).await?;
        Ok(Self { store, grant, queue: Queue::Bodies(workflow, digest), ids: Ids::system() })
    }

    /// Runs so many in all, as so many callers.
    pub(crate) async fn run(&self, callers: u32, n: u32) -> Result<()> {
        each(callers, |caller| {
            let this = self.clone();
            async move {
                for run in 0..n / callers {
                    // In all partitions in turn.
                    this.one(caller.wrapping_add(run).to_le_bytes()[0]).await?;
                }
                Ok(())
            }
        })
        .await
    }

    async fn one(&self, partition: u8) -> Result<()> {
        let scope = self.grant.workflow().scope();
        let id = RunId::new(partition, &self.ids);
        let partition = id.partition();
        let new = NewRun {
            id,
            workflow: WORKFLOW.to_owned(),
            input: json("null").context("it is JSON")?,
            key: None,
            user: None,
            priority: 4,
            timeout_ms: None,
            delay_ms: 0,
            retention_ms: None,
        };
        self.store.start(scope, &[new]).await?;
        let nonce = self.ids.next().to_string();
        let queues = [(self.queue.clone(), 1)];
        let take = Take { worker: "bench", nonce: &nonce, lease_ms: LEASE_MS, queues: &queues };
        let taken = self.store.take(scope, partition, &take).await?;
        // It may be another caller's, who takes this one's then.
        let [Work::Body { lease, entries, .. }] = &taken.work[..] else {
            anyhow::bail!("there was nothing to take");
        };
        let first = entries.first().and_then(|entry| entry.split(' ').next());
        let mut seen_ms = first.context("it has started")?.parse()?;
        let output = json("null").context("it is JSON")?;
        for seq in 0..STEPS {
            let asked = Asked { seq, name: "step".into() };
            let output = output.clone();
            let done = Event::StepDone(StepDone { asked, attempt: 1, output, undo: false });
            seen_ms = self.write(lease, seq, seen_ms, done).await?;
        }
        self.write(lease, STEPS, seen_ms, Event::Completed(Output { output })).await?;
        Ok(())
    }

    async fn write(&self, lease: &Lease, nth: u32, seen_ms: u64, event: Event) -> Result<u64> {
        let (events, seen) = ([event], nth + 1);
        let number = u64::from(nth) + 1;
        let write = Write { number, seen, seen_ms, events: &events, then: Then::Keep };
        let written = self.store.write(self.grant.workflow().scope(), lease, &write).await?;
        ensure!(written.news.is_empty(), "somebody else wrote to the run");
        Ok(written.at_ms)
    }
}
