//! What our own runtime's `wasmtime::Store` carries.

use std::sync::Arc;

use wasmtime::component::ResourceTable;
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_io::IoView;

use super::bounds::{Bounds, Meter};
use super::log::LogStream;
use super::{CallError, Program};
use crate::guest::{Guest, View};

/// Random bytes that a guest may ask for at a time. WASI's default is 64 MiB.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

pub(super) struct State {
    guest: Guest,
    wasi: WasiCtx,
    pub(super) bounds: Bounds,
}

impl View for State {
    fn satama(&mut self) -> &mut Guest {
        &mut self.guest
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // One table for both, so that the limit on handles counts WASI's too.
        WasiCtxView { ctx: &mut self.wasi, table: self.guest.table() }
    }
}

impl IoView for State {
    fn table(&mut self) -> &mut ResourceTable {
        self.guest.table()
    }
}

impl Program {
    /// A store for one call, within the grant's limits.
    pub(super) fn store(&self, meter: &Arc<Meter>) -> Result<Store<State>, CallError> {
        let limits = self.grant.limits();
        let guest = Guest::new(self.host.services.clone(), self.grant.clone(), self.name.clone())
            .with_digest(self.code.digest());
        let state = State { guest, wasi: self.wasi()?, bounds: Bounds::new(limits) };
        let mut store = Store::new(self.host.compiler.engine(), state);
        store.limiter(|state| &mut state.bounds);
        store.set_hostcall_fuel(usize::try_from(limits.hostcall_bytes).unwrap_or(usize::MAX));
        store.set_epoch_deadline(1);
        let meter = meter.clone();
        store.epoch_deadline_callback(move |_| {
            meter.check()?;
            // Tokio's own way to yield, for it then looks after sockets and timers.
            // A task that only wakes itself is queued, and they wait for 61 of those
            // (`event_interval`): with guests that compute, more than half a second.
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        Ok(store)
    }

    /// What the guest sees of the machine: clocks, random numbers, a log, and
    /// what its grant names.
    fn wasi(&self) -> Result<WasiCtx, CallError> {
        let mut wasi = WasiCtxBuilder::new();
        let (stdout, stderr) = LogStream::pair(&self.grant, &self.name);
        wasi.stdout(stdout).stderr(stderr).max_random_size(RANDOM_BYTES_MAX);
        let granted = self.grant.wasi();
        for (name, value) in &granted.env {
            wasi.env(name, value);
        }
        for dir in &granted.dirs {
            wasi.preopened_dir(&dir.host, &dir.guest, FsPerms::ReadOnly).map_err(|err| {
                CallError::Folder { folder: dir.host.clone(), source: err.into() }
            })?;
        }
        Ok(wasi.build())
    }
}
