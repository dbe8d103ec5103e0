//! The library: documents from the cache or the folder, runs in the session.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use satama_guest::cache::{Cached, Memo};
use satama_guest::session::{Expiry, State, Store};

use crate::document::{Document, Link, VERSION};
use crate::folder::{self, Folder};
use crate::progress::Progress;
use crate::report::{self, History, Row, Run};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a document is kept, and a session that nobody asks for.
const KEPT: Duration = DAY.saturating_mul(30);

pub struct Library {
    folder: Folder,
    documents: Memo,
    runs: Store,
}

impl Library {
    /// The library of the folder that its host calls `/docs`.
    pub fn open() -> Result<Self, String> {
        let documents = Memo::open("documents").map_err(|err| format!("the cache: {err}"))?;
        let runs = Store::open("library", Expiry::sliding(KEPT));
        Ok(Self {
            folder: Folder::new("/docs"),
            documents: documents.version(VERSION),
            runs: runs.map_err(|err| format!("the session: {err}"))?,
        })
    }

    /// The document at `path`, which must be one.
    pub fn document(&self, path: &str) -> Result<Document, String> {
        let path = folder::normal(path)?;
        let text = self.folder.read(&path).map_err(|err| format!("{path:?}: {err}"))?;
        Ok(self.read(&text)?.value)
    }

    /// Reads all documents at `path`, and reports on them and on the time it took.
    pub fn process(&self, path: &str) -> Result<String, String> {
        let start = Instant::now();
        let mut listing = self.folder.list(path)?;
        let mut rows = Vec::with_capacity(listing.files.len());
        let mut documents_time = Duration::ZERO;
        let files = std::mem::take(&mut listing.files);
        let hub = |err| format!("the hub: {err}");
        let mut progress = Progress::of(files.len()).map_err(hub)?;
        for file in files {
            match self.folder.read(&file) {
                Ok(text) => {
                    let start = Instant::now();
                    let document = self.read(&text)?;
                    documents_time += start.elapsed();
                    progress.done(&file, document.hit).map_err(hub)?;
                    rows.push(self.row(file, document));
                }
                Err(why) => listing.skip(&file, &why),
            }
        }
        let run = Run {
            ms: millis(start.elapsed()),
            documents_ms: millis(documents_time),
            documents: rows.len(),
            rendered: rows.iter().filter(|row| !row.from_cache).count(),
        };
        let history = self.remember(path, run)?;
        Ok(report::all(&rows, &listing.skipped, &history))
    }

    /// The document of this text: all that is cached, since it depends on nothing else.
    fn read(&self, text: &str) -> Result<Cached<Document>, String> {
        let read = || Ok::<_, Infallible>(Document::read(text));
        self.documents.cached(text, KEPT, read).map_err(|err| err.to_string())
    }

    /// What there is to say of one document. Whether its links lead anywhere
    /// depends on the other files, so that is looked up each time.
    fn row(&self, file: String, document: Cached<Document>) -> Row {
        let Cached { value: document, hit: from_cache } = document;
        let is_broken = |link: &&Link| match link {
            Link::File(target) => !self.folder.has(&file, target),
            Link::External(_) | Link::Heading(_) => false,
        };
        let broken = document.links.iter().filter(is_broken);
        let broken = broken.map(|link| link.target().to_owned()).collect();
        Row {
            headings: document.outline.len(),
            external: document.links.iter().filter(|l| matches!(l, Link::External(_))).count(),
            links: document.links.len(),
            broken,
            words: document.words,
            from_cache,
            file,
        }
    }

    /// Adds a run to the session of `path`.
    fn remember(&self, path: &str, run: Run) -> Result<History, String> {
        let id = match folder::normal(path)? {
            whole if whole.is_empty() => ".".to_owned(),
            path => path,
        };
        let add = |state: &mut State| {
            let runs = state.get::<u32>("runs")?.unwrap_or(0) + 1;
            // What an older version kept of its first run is not of this one.
            let first = state.get("first").ok().flatten().unwrap_or(run);
            state.set("runs", &runs)?;
            state.set("first", &first)?;
            state.set("last", &run)?;
            Ok::<_, serde_json::Error>(History { runs, first, last: run })
        };
        self.runs.update_with(&id, add).map_err(|err| format!("the session: {err}"))
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
