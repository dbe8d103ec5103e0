//! How a body ends.

use super::word::diverged;
use super::{Replay, Stop};
use crate::workflow::log::{Event, Failure, Json, Output};

/// How a body ends.
#[derive(Debug, Clone)]
pub enum Ending {
    /// With an output.
    Completed(Json),
    /// With a failure.
    Failed(Failure),
    /// It was told that it is cancelled.
    Cancelled,
    /// It goes on as new, with this input.
    Continued(Json),
}

impl Replay {
    /// What the body ends with is to be recorded, unless more is recorded than it asked for.
    pub fn end(&mut self, ending: Ending) -> Result<(), Stop> {
        self.outside_of_a_step()?;
        let asked = ending.to_string();
        if let Some(call) = self.state.calls().get(self.next as usize) {
            return Err(diverged(self.next, &call.what, asked));
        }
        // Its time being up is why it was cancelled: it has failed.
        let cancel = self.state.cancel();
        let timeout = cancel.is_some_and(|cancel| cancel.asked.timeout);
        self.unwritten.push(match ending {
            Ending::Completed(output) => Event::Completed(Output { output }),
            Ending::Continued(output) => Event::Continued(Output { output }),
            Ending::Failed(failure) => Event::Failed(failure),
            Ending::Cancelled if timeout => {
                Event::Failed(Failure::ours("timeout", "the run's time was up"))
            }
            Ending::Cancelled if cancel.is_some() => Event::Cancelled {},
            Ending::Cancelled => {
                Event::Failed(Failure::ours("cancelled", "it ended so, and nobody asked for it"))
            }
        });
        Ok(())
    }
}
