//! What a piece of work logs, whoever else logs at the same time.

use std::io::{self, Write};
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::instrument::WithSubscriber as _;
use tracing::subscriber::NoSubscriber;
use tracing_log::LogTracer;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::FmtSpan;

/// A log in memory. Clones are the same log.
#[derive(Debug, Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// The same, of all that there is: also of libraries that log by the crate `log`.
    pub async fn of_all<T>(work: impl Future<Output = T>) -> (T, String) {
        static BRIDGE: LazyLock<()> = LazyLock::new(|| LogTracer::init().unwrap());
        LazyLock::force(&BRIDGE);
        Self::of("trace", work).await
    }

    /// What `work` returns, and what it logs that passes `filter`, as an operator
    /// would read it: an event a line, and a line for the end of each span.
    pub async fn of<T>(filter: &str, work: impl Future<Output = T>) -> (T, String) {
        // Of a lone subscriber tracing thinks that every thread has it, and takes
        // the one that reaches a line of code first to speak for all.
        static OTHERS: LazyLock<[Dispatch; 2]> =
            LazyLock::new(|| [(); 2].map(|()| Dispatch::new(NoSubscriber::new())));
        LazyLock::force(&OTHERS);
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(EnvFilter::try_new(filter).unwrap())
            .with_span_events(FmtSpan::CLOSE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        let done = work.with_subscriber(subscriber).await;
        let bytes = std::mem::take(&mut *log.0.lock().unwrap());
        (done, String::from_utf8(bytes).unwrap())
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
