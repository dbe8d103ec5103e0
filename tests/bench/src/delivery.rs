//! What is published, until it was read: by all that listen, on one host or two.

mod flow;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use redis::aio::MultiplexedConnection;
use redis::{PushInfo, PushKind, Value, cmd};
use satama::Services;
use satama::delivery::{Attachment, Frame, Message};
use satama::hub::Bus;
use satama_tests::RedisServer;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use self::flow::{Flow, Publish};
use crate::channel::NAME;
use crate::guests::{each, grant};
use crate::redis::{connect, listen, server};
use crate::rounds::Times;
use crate::services::{DEADLINE, TTL};
use crate::table::{Table, Unit};

const TOPIC: &str = "topic";

/// How many receivers, on how many hosts. The one that publishes is the last, so a
/// single receiver of two is at the other.
const CROWDS: [(u32, usize); 6] = [(1, 1), (1, 2), (100, 1), (100, 2), (10_000, 1), (10_000, 2)];

/// Receivers that are attached at a time.
const ATTACHERS: u32 = 64;

/// What is not read after so long is lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// Attached channels that are subscribed to the topic.
struct Crowd {
    bus: Arc<Bus>,
    flow: Arc<Flow>,
    readers: Vec<JoinHandle<Result<()>>>,
}

/// The server's own: one connection that has subscribed, and a task that reads.
struct Ceiling {
    redis: MultiplexedConnection,
    flow: Arc<Flow>,
    _listener: MultiplexedConnection,
}

/// The middle, and what one in a hundred is above, of each round.
#[derive(Default)]
struct Latency {
    p50: Vec<Duration>,
    p99: Vec<Duration>,
}

pub(crate) async fn run(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Messages of 128 bytes, published by a host on Redis over a Unix socket, until attached\n\
         channels that are subscribed have read them, each in a task of its own. Two hosts are\n\
         two `Services` in this process, with connections of their own. Reference: SPUBLISH with\n\
         redis-rs to one connection that has subscribed and one task that reads: what the server\n\
         can bring to one host, at the same pace. Deliveries per second: 16 publishers, 64\n\
         messages on their way; a ratio above 1 is better, and grows with the receivers. Latency:\n\
         one message at a time, to each receiver; below 1 is better.",
    );
    for (receivers, hosts) in CROWDS {
        let place = match (receivers, hosts) {
            (1, 2) => "1 receiver on the other of two hosts".to_owned(),
            (1, _) => "1 receiver".to_owned(),
            (_, 1) => format!("{receivers} receivers"),
            _ => format!("{receivers} receivers over two hosts"),
        };
        if table.wants(&place) {
            crowd(table, &place, receivers, hosts).await.context(place)?;
        }
    }
    Ok(())
}

async fn crowd(table: &mut Table<'_>, place: &str, receivers: u32, hosts: usize) -> Result<()> {
    let server = server()?;
    let ours = Crowd::gather(&server, receivers, hosts).await?;
    let ceiling = Ceiling::open(&server).await?;
    let (mut delivered, mut heard) = (Times::default(), Times::default());
    let (mut slow, mut fast) = (Latency::default(), Latency::default());
    for _ in 0..table.rounds() {
        ours.flow.stream(table.round(), &ours.bus, &mut delivered).await?;
        ceiling.flow.stream(table.round(), &ceiling.redis, &mut heard).await?;
        slow.push(ours.flow.single(table.round(), &ours.bus).await?)?;
        fast.push(ceiling.flow.single(table.round(), &ceiling.redis).await?)?;
    }
    ours.leave().await?;
    table.push_both(&format!("{place}: deliveries"), Unit::PerSecond, &delivered, &heard);
    let rows = [("p50", slow.p50, fast.p50), ("p99", slow.p99, fast.p99)];
    for (name, ours, other) in rows {
        let name = format!("{place}: latency, {name}");
        table.push_both(&name, Unit::Micros, &Times::of(ours), &Times::of(other));
    }
    Ok(())
}

impl Crowd {
    async fn gather(server: &RedisServer, receivers: u32, hosts: usize) -> Result<Self> {
        let grant = grant()?;
        let mut open = Vec::new();
        for _ in 0..hosts {
            let services = Services::builder(server.store()).deadline(DEADLINE).build().await?;
            let channels =
                services.channel().channels(grant.channel(NAME)?, TTL, grant.limits())?;
            let bus = services.hub().bus(grant.hub(NAME)?, grant.limits());
            open.push((Arc::new(channels), Arc::new(bus)));
        }
        let bus = open.last().context("a host")?.1.clone();
        let (ready, mut attached) = mpsc::unbounded_channel();
        each(ATTACHERS, |first| {
            let (open, ready) = (open.clone(), ready.clone());
            async move {
                for number in (first..receivers).step_by(ATTACHERS as usize) {
                    let (channels, bus) = &open[number as usize % open.len()];
                    let id = number.to_string();
                    let attachment = channels.attach(&id, "{}", None).await?;
                    bus.subscribe(TOPIC, &id, None).await?;
                    ready.send(attachment)?;
                }
                Ok(())
            }
        })
        .await?;
        drop(ready);
        let flow = Flow::new(receivers);
        let mut readers = Vec::new();
        while let Some(attachment) = attached.recv().await {
            readers.push(tokio::spawn(read(attachment, flow.clone())));
        }
        Ok(Self { bus, flow, readers })
    }

    /// Tells all to end, and waits until they have.
    async fn leave(self) -> Result<()> {
        Bus::publish(&self.bus, TOPIC, &Message::Text("leave".into()), None, None).await?;
        for reader in self.readers {
            reader.await??;
        }
        Ok(())
    }
}

/// Reads one receiver's frames, as a gateway would.
async fn read(mut attachment: Attachment, flow: Arc<Flow>) -> Result<()> {
    loop {
        match attachment.next().await {
            Some(Frame::Message { message: Message::Binary(bytes), .. }) => flow.read(&bytes),
            Some(Frame::Message { .. }) => break,
            other => {
                flow.fail(format!("receiver {} got {other:?}", attachment.id()));
                break;
            }
        }
    }
    Ok(attachment.detach().await?)
}

impl Ceiling {
    async fn open(server: &RedisServer) -> Result<Self> {
        let flow = Flow::new(1);
        let (hear, mut heard) = mpsc::unbounded_channel::<PushInfo>();
        let _listener = listen(server, &[TOPIC.to_owned()], hear).await?;
        let reads = flow.clone();
        tokio::spawn(async move {
            while let Some(push) = heard.recv().await {
                match (push.kind, push.data.last()) {
                    (PushKind::SMessage, Some(Value::BulkString(bytes))) => reads.read(bytes),
                    (PushKind::SSubscribe, _) => {}
                    other => reads.fail(format!("the connection got {other:?}")),
                }
            }
        });
        Ok(Self { redis: connect(server, None).await?, flow, _listener })
    }
}

impl Publish for Arc<Bus> {
    async fn publish(&self, bytes: Vec<u8>) -> Result<()> {
        Bus::publish(self, TOPIC, &Message::Binary(bytes.into()), None, None).await?;
        Ok(())
    }
}

impl Publish for MultiplexedConnection {
    async fn publish(&self, bytes: Vec<u8>) -> Result<()> {
        let mut publish = cmd("SPUBLISH");
        publish.arg(TOPIC).arg(bytes);
        let heard: u32 = publish.query_async(&mut self.clone()).await?;
        ensure!(heard == 1, "{heard} connections have heard it");
        Ok(())
    }
}

impl Latency {
    fn push(&mut self, mut samples: Vec<Duration>) -> Result<()> {
        samples.sort_unstable();
        let [.., _] = samples.as_slice() else { bail!("nothing was delivered") };
        self.p50.push(samples[samples.len() / 2]);
        self.p99.push(samples[samples.len() * 99 / 100]);
        Ok(())
    }
}
