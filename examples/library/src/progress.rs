//! How far a run is, told to whoever listens.

use std::time::{Duration, Instant};

use satama_guest::hub::{Bus, Error};

/// The topic that says how far a run is.
const TOPIC: &str = "progress";

/// Telling costs a round trip, so it is not done for each of ten thousand documents.
const PAUSE: Duration = Duration::from_millis(10);

pub struct Progress {
    hub: Bus,
    all: usize,
    done: usize,
    told: Option<Instant>,
}

impl Progress {
    /// The progress of a run of `all` documents.
    pub fn of(all: usize) -> Result<Self, Error> {
        Ok(Self { hub: Bus::open("library")?, all, done: 0, told: None })
    }

    /// One more is done; says so for the first, the last, and some between.
    pub fn done(&mut self, file: &str, from_cache: bool) -> Result<(), Error> {
        self.done += 1;
        let late = self.told.is_none_or(|told| told.elapsed() >= PAUSE);
        if late || self.done == self.all {
            let how = if from_cache { "from the cache" } else { "rendered" };
            self.hub.say(TOPIC, format!("{:>5} of {}  {file}  {how}", self.done, self.all))?;
            self.told = Some(Instant::now());
        }
        Ok(())
    }
}
