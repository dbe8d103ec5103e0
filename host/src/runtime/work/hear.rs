//! What a worker is told: that there is work, and what its bodies wait for.

use std::time::Duration;

use tokio::time::Instant;

use super::Tenant;
use super::shift::Partition;
use crate::workflow::RunId;
use crate::workflow::body::News;
use crate::workflow::bus::Note;

/// Longest entry that is kept for a body until it waits.
const ENTRY_BYTES_KEPT: usize = 4 << 10;

impl Tenant {
    pub(super) fn hear(&self, partitions: &mut [Partition], note: Note) {
        match note {
            Note::Said(number, text) if self.tell(&text) => _ = number,
            Note::Said(number, text) if let Some(after) = due(&text) => {
                if let Some(partition) = partitions.get_mut(usize::from(number)) {
                    partition.due(Instant::now() + after);
                }
            }
            Note::Said(number, queue) => {
                let is_ours = queue.is_empty() || self.served.iter().any(|line| line.name == queue);
                if is_ours && let Some(partition) = partitions.get_mut(usize::from(number)) {
                    partition.said = true;
                    partition.next = Instant::now();
                }
            }
            Note::Missed(number) => {
                if let Some(partition) = partitions.get_mut(usize::from(number)) {
                    partition.said = true;
                    partition.next = Instant::now();
                }
                self.tell_all(number);
            }
        }
    }

    /// Tells a body what was said to it: `run token length entry`. False if it is no such thing.
    fn tell(&self, text: &str) -> bool {
        let mut parts = text.splitn(4, ' ');
        let (Some(run), Some(token), Some(Ok(length)), Some(entry)) =
            (parts.next(), parts.next(), parts.next().map(str::parse), parts.next())
        else {
            return false;
        };
        // A queue's name may look like it, but for the run.
        if run.parse::<RunId>().is_err() {
            return false;
        }
        // One that is late may be of another history, which had begun before this one.
        if let Some((_, inbox)) = self.inboxes().get(run).filter(|(held, _)| held == token) {
            // A long one is read once it is wanted.
            let short = entry.len() <= ENTRY_BYTES_KEPT;
            let news = if short { News::Entry(length, entry.to_owned()) } else { News::Look };
            _ = inbox.send(news);
        }
        true
    }

    /// Tells the bodies of a partition that there may be something.
    fn tell_all(&self, number: u8) {
        let one = self.store.partitions() == 1;
        for (run, (_, inbox)) in self.inboxes().iter() {
            if one || run.starts_with(&format!("{number:02x}")) {
                _ = inbox.send(News::Look);
            }
        }
    }
}

/// In how long something will be due, if that is what was said: `t milliseconds`.
fn due(text: &str) -> Option<Duration> {
    let ms: u64 = text.strip_prefix("t ")?.parse().ok()?;
    Some(Duration::from_millis(ms.min(crate::workflow::WAIT_MS_MAX)))
}
