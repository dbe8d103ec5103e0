//! Keeps leases, on a thread and a connection of its own: guests that compute may hold every
//! thread of the host's runtime, and what they have must not be taken for lost.

use std::collections::HashMap;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::error::chain;
use crate::grant::Scope;
use crate::services::OpenError;
use crate::workflow::{Backend, Lease, Opener, Store as _};

/// Leases that are renewed at a time.
const BATCH: usize = 100;

/// The leases that a worker has.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<(Scope, u8), Vec<Lease>>>);

/// One lease that is kept, until this is dropped.
#[derive(Debug)]
pub(super) struct Kept {
    leases: Arc<Leases>,
    at: (Scope, u8),
    lease: Lease,
}

/// The thread. It ends when this is dropped.
#[derive(Debug)]
pub(super) struct Renewal {
    _stop: Sender<()>,
}

impl Leases {
    pub(super) fn keep(self: &Arc<Self>, scope: &Scope, lease: &Lease) -> Kept {
        let at = (scope.clone(), lease.run.partition());
        self.lock().entry(at.clone()).or_default().push(lease.clone());
        Kept { leases: self.clone(), at, lease: lease.clone() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(Scope, u8), Vec<Lease>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Once for all, partition by partition.
    async fn renew(&self, store: &Backend, lease_ms: u64) {
        let mut all: HashMap<(Scope, u8), Vec<Lease>> = HashMap::new();
        for ((scope, partition), leases) in self.lock().iter() {
            // A file is one partition, whatever runs' ids say: one transaction for all.
            let partition = if store.partitions() == 1 { 0 } else { *partition };
            all.entry((scope.clone(), partition)).or_default().extend_from_slice(leases);
        }
        for ((scope, partition), leases) in all {
            for batch in leases.chunks(BATCH) {
                // One that is another's now is found out by its next write.
                if let Err(err) = store.renew(&scope, partition, batch, lease_ms).await {
                    tracing::warn!(target: "satama::workflow", "leases not renewed: {}", chain(&err));
                }
            }
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut all = self.leases.lock();
        if let Some(leases) = all.get_mut(&self.at) {
            leases.retain(|lease| *lease != self.lease);
            if leases.is_empty() {
                all.remove(&self.at);
            }
        }
    }
}

impl Renewal {
    pub(super) async fn start(
        opener: Opener,
        leases: Arc<Leases>,
        lease: Duration,
    ) -> Result<Self, OpenError> {
        let (stop, stopped) = channel();
        let lease_ms = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX);
        let (opened, answer) = tokio::sync::oneshot::channel();
        let work = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a host that can't start a runtime can't run");
            let store = match runtime.block_on(opener.open()) {
                Ok(store) => store,
                Err(err) => {
                    _ = opened.send(Err(err));
                    return;
                }
            };
            _ = opened.send(Ok(()));
            // The connection lives on while it waits.
            runtime.block_on(async {
                while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(Duration::ZERO) {
                    tokio::time::sleep(lease / 3).await;
                    leases.renew(&store, lease_ms).await;
                }
            });
        };
        let thread = std::thread::Builder::new().name("satama-leases".into());
        thread.spawn(work).expect("a host that cannot start a thread cannot run");
        // Not by a wait of this thread: who has the store's lock may be another task of it.
        answer.await.expect("it answers before it ends")?;
        Ok(Self { _stop: stop })
    }
}
