//! A host in a process of its own, for tests that run several, and kill them. It does
//! what it reads on stdin, and says on stdout, a line each, what it did and heard.
//!
//! ```text
//! host STORE HEARTBEAT_MS
//!
//! attach ID USER         attached ID
//! subscribe TOPIC ID     subscribed ID
//! publish TOPIC TEXT     published TEXT
//!                        ID heard TEXT, ID missed, ID closed CODE
//! ```

use std::io::{BufRead as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use satama::Services;
use satama::channel::Channels;
use satama::delivery::{Attachment, Frame, Message, Socket};
use satama::hub::Bus;
use satama_tests::{bus, channels, grant};

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [store, heartbeat] = &args[..] else { anyhow::bail!("host STORE HEARTBEAT_MS") };
    let heartbeat = Duration::from_millis(heartbeat.parse()?);
    let store = store.parse().map_err(anyhow::Error::msg)?;
    let services = Services::builder(store).heartbeat(heartbeat).build().await?;
    let grant = grant("t");
    let channels = Arc::new(channels(&services, &grant, "c", Duration::from_secs(60)));
    let bus = bus(&services, &grant, "c");
    say("ready")?;
    loop {
        let line = tokio::task::spawn_blocking(|| std::io::stdin().lock().lines().next());
        let Some(line) = line.await? else { return Ok(()) };
        run(&line?, &channels, &bus).await?;
    }
}

async fn run(line: &str, channels: &Arc<Channels>, bus: &Bus) -> anyhow::Result<()> {
    match &line.split(' ').collect::<Vec<_>>()[..] {
        ["attach", id, user] => {
            let attachment: Attachment = channels.attach(id, "null", Some(user)).await?;
            say(&format!("attached {id}"))?;
            tokio::spawn(attachment.serve(Told((*id).to_owned())));
        }
        ["subscribe", topic, id] => {
            bus.subscribe(topic, id, None).await?;
            say(&format!("subscribed {id}"))?;
        }
        ["publish", topic, text] => {
            bus.publish(topic, &Message::Text((*text).into()), None, None).await?;
            say(&format!("published {text}"))?;
        }
        _ => anyhow::bail!("what is `{line}`?"),
    }
    Ok(())
}

/// A socket whose peer reads stdout.
struct Told(String);

impl Socket for Told {
    async fn write(&mut self, frame: Frame) -> bool {
        let Self(id) = self;
        let line = match frame {
            Frame::Message { message: Message::Text(text), .. } => format!("{id} heard {text}"),
            Frame::Message { message, .. } => format!("{id} heard {} bytes", message.len()),
            Frame::Missed { .. } => format!("{id} missed"),
            Frame::Closed(close) => format!("{id} closed {}", close.code),
        };
        say(&line).is_ok()
    }
}

/// One line, which is out before this returns.
fn say(line: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush().context("nobody listens")
}
