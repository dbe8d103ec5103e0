//! A guest's stdout and stderr: lines of the operator's log, escaped and bounded.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::grant::Grant;

/// Longest line, in bytes; a longer one is broken.
const LINE_BYTES_MAX: usize = 4 << 10;

/// What a line counts beside its text, for its time, tenant and component, in
/// bytes: or a guest could fill a log with empty lines.
const LINE_COST_BYTES: usize = 64;

/// What a guest may write at a time, in bytes: WASI allocates this much.
const PERMIT_BYTES: usize = 64 << 10;

/// One stream of one call. Clones write to the same lines.
#[derive(Clone)]
pub(super) struct LogStream {
    line: Arc<Mutex<Line>>,
}

struct Line {
    tenant: String,
    component: Arc<str>,
    stream: &'static str,
    text: Vec<u8>,
    /// Bytes that stdout and stderr of this call may still log, together.
    left: Arc<Mutex<u64>>,
}

impl LogStream {
    /// A call's stdout and stderr.
    pub(super) fn pair(grant: &Grant, component: &Arc<str>) -> (Self, Self) {
        let left = Arc::new(Mutex::new(grant.limits().log_bytes));
        let stream = |stream| {
            let line = Line {
                tenant: grant.tenant().to_owned(),
                component: component.clone(),
                stream,
                text: Vec::new(),
                left: left.clone(),
            };
            Self { line: Arc::new(Mutex::new(line)) }
        };
        (stream("stdout"), stream("stderr"))
    }

    fn push(&self, bytes: &[u8]) {
        self.line.lock().unwrap_or_else(PoisonError::into_inner).push(bytes);
    }
}

impl Line {
    fn push(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let ends = piece.ends_with(b"\n");
            let cost = piece.len() + if ends { LINE_COST_BYTES } else { 0 };
            let granted = self.take(cost);
            let text = &piece[..granted.min(piece.len() - usize::from(ends))];
            for part in text.chunks(LINE_BYTES_MAX) {
                self.text.extend_from_slice(part);
                // Once more, if what is over a line is one and more.
                while self.text.len() > LINE_BYTES_MAX {
                    let rest = self.text.split_off(end_of_char(&self.text, LINE_BYTES_MAX));
                    self.log();
                    self.text = rest;
                }
            }
            if granted < cost {
                return;
            }
            if ends {
                self.log();
            }
        }
    }

    /// How many of `wanted` bytes may be logged. Says so once when none are left.
    fn take(&self, wanted: usize) -> usize {
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        if *left == 0 {
            return 0;
        }
        let granted = usize::try_from(*left).map_or(wanted, |left| wanted.min(left));
        *left -= granted as u64;
        if *left == 0 {
            let (tenant, component) = (self.tenant.as_str(), &*self.component);
            tracing::warn!(
                target: "satama::guest",
                tenant,
                component,
                "over `log_bytes`: the rest of this call's output is dropped"
            );
        }
        granted
    }

    /// Logs the line. Control characters are escaped: what a guest writes must
    /// not move an operator's cursor or forge a line.
    fn log(&mut self) {
        let text = String::from_utf8_lossy(&self.text);
        let text: String = text.chars().flat_map(escape).collect();
        let (tenant, component, stream) = (self.tenant.as_str(), &*self.component, self.stream);
        tracing::info!(target: "satama::guest", tenant, component, stream, "{text}");
        self.text.clear();
    }
}

/// The last place up to `max`, in bytes that are longer, where no character of UTF-8 is cut.
fn end_of_char(bytes: &[u8], max: usize) -> usize {
    let is_within = |at: &usize| bytes[*at] & 0b1100_0000 == 0b1000_0000;
    // A character has at most three bytes after its first.
    (max - 3..=max).rev().find(|at| !is_within(at)).unwrap_or(max)
}

/// Whether a text may stand in a log as it is.
pub(super) fn is_printable(text: &str) -> bool {
    text.chars().all(|c| escape(c).eq([c]))
}

/// A character as it may stand in a log: quotes and printable text as they are.
fn escape(c: char) -> impl Iterator<Item = char> {
    let plain = matches!(c, '"' | '\'' | '\\' | '\t');
    let escaped = (!plain).then(|| c.escape_debug());
    plain.then_some(c).into_iter().chain(escaped.into_iter().flatten())
}

impl Drop for Line {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            self.log();
        }
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    // The default would hand the text to a task, which may end after the call.
    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[wasmtime_wasi::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT_BYTES)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{LINE_BYTES_MAX, Line, end_of_char};

    #[test]
    fn a_line_is_broken_between_characters() {
        let text = "aä€😀".repeat(3);
        for max in 3..text.len() {
            let end = end_of_char(text.as_bytes(), max);
            assert!(text.is_char_boundary(end) && max - end <= 3, "{end} of {max}");
        }
        assert_eq!(end_of_char(&[0x80; 8], 5), 5);
    }

    #[test]
    fn no_line_is_longer_than_a_line() {
        let mut line = Line {
            tenant: "t".to_owned(),
            component: "c".into(),
            stream: "stdout",
            text: Vec::new(),
            left: Arc::new(Mutex::new(1 << 20)),
        };
        // A line ends within a character of these.
        let text = "€".repeat(LINE_BYTES_MAX);
        for _ in 0..3 {
            line.push(text.as_bytes());
            assert!(line.text.len() <= LINE_BYTES_MAX, "{}", line.text.len());
        }
    }
}
