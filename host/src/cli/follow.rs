//! Prints what is published to a topic while a call runs.

use std::io::Write as _;

use satama::delivery::{Frame, Message};
use satama::grant::Grant;
use satama::hub::Bus;
use satama::{Ids, Services};

use super::Usage;

/// A topic to follow.
pub(super) struct Follow {
    bus: Bus,
    topic: String,
    /// A topic of our own: what comes on it is the last that is to be printed.
    end: String,
}

impl Follow {
    /// Reads `BUS:TOPIC`. The bus must be granted, as to the component.
    pub(super) fn new(text: &str, services: &Services, grant: &Grant) -> anyhow::Result<Self> {
        let Some((bus, topic)) = text.split_once(':') else {
            let why = format!("--follow {text}: write it as BUS:TOPIC, as in `library:progress`");
            return Err(Usage(why).into());
        };
        let scope = grant.hub(bus).map_err(|err| {
            Usage(format!(
                "--follow {text}: {err}; add `{bus}` to `buses` of [hub] in the manifest"
            ))
        })?;
        let end = format!("satama-follow-{}", u64::from_ne_bytes(Ids::system().next().0));
        let bus = services.hub().bus(scope, grant.limits());
        Ok(Self { bus, topic: topic.to_owned(), end })
    }

    /// Prints what is published until `call` is done, and all that was by then.
    pub(super) async fn during<T>(self, call: impl Future<Output = T>) -> anyhow::Result<T> {
        let mut listener = self.bus.listen(&[&self.topic, &self.end]).await?;
        let call = async {
            let done = call.await;
            let end = Message::Text("".into());
            self.bus.publish(&self.end, &end, None, None).await.map(|_| done)
        };
        let print = async {
            while let Some(frame) = listener.next().await {
                match frame {
                    Frame::Message { topic: Some(topic), .. } if *topic == *self.end => break,
                    Frame::Message { message: Message::Text(text), .. } => line(&text),
                    Frame::Message { message, .. } => line(&format!("{} bytes", message.len())),
                    Frame::Missed { .. } => line("… some messages were missed"),
                    Frame::Closed(_) => break,
                }
            }
        };
        // The call ends first, unless it fails to say so: then nobody waits for more.
        let (mut call, mut print) = (std::pin::pin!(call), std::pin::pin!(print));
        tokio::select! {
            done = &mut call => {
                let done = done?;
                print.await;
                Ok(done)
            }
            () = &mut print => Ok(call.await?),
        }
    }
}

/// What a guest published, on a line of its own and without control of the terminal.
fn line(text: &str) {
    let text: String = text
        .chars()
        .flat_map(|c| if c.is_control() { c.escape_default().collect() } else { vec![c] })
        .collect();
    _ = writeln!(std::io::stderr(), "{text}");
}
