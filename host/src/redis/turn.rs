//! Lets the commands of many callers go out in one write.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::task::AbortHandle;

/// Whose turn it is, when a caller has handed its command to a connection.
///
/// That wakes the connection's task, and tokio runs the task that was woken last
/// before those that have been ready for longer
/// (<https://docs.rs/tokio/1/tokio/runtime/index.html#multi-threaded-runtime-behavior-at-the-time-of-writing>).
/// So the connection would write each command by itself: a system call for each, here
/// and in the server. Only one task can be the last, though. If another is woken, the
/// connection comes after those that are ready, and writes the commands of them all.
///
/// Nothing but speed depends on it.
pub(super) struct Turn {
    /// Calls that have not been answered.
    calls: AtomicUsize,
    /// Wakes a task that does nothing.
    other: Arc<Notify>,
    task: AbortHandle,
}

/// One call; dropping it ends it.
struct Call<'a>(&'a AtomicUsize);

impl Turn {
    pub(super) fn new() -> Self {
        let other = Arc::new(Notify::new());
        let woken = other.clone();
        let task = tokio::spawn(async move {
            loop {
                woken.notified().await;
            }
        });
        Self { calls: AtomicUsize::new(0), other, task: task.abort_handle() }
    }

    /// Runs a call, which hands over its command when it is polled first.
    pub(super) async fn take<T>(&self, mut send: Pin<&mut impl Future<Output = T>>) -> T {
        let others = self.calls.fetch_add(1, Ordering::Relaxed);
        let _call = Call(&self.calls);
        // One caller alone has nobody to wait for.
        let mut gives_way = others > 0;
        poll_fn(|cx| {
            let reply = send.as_mut().poll(cx);
            if gives_way && reply.is_pending() {
                self.other.notify_one();
            }
            gives_way = false;
            reply
        })
        .await
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.task.abort();
    }
}
