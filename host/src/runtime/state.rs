//! What our own runtime's `wasmtime::Store` carries.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rand::TryRng;
use wasmtime::component::ResourceTable;
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::{
    FsPerms, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView,
};
use wasmtime_wasi_io::IoView;

use super::bounds::{Bounds, Meter};
use super::log::LogStream;
use super::{CallError, Program};
use crate::guest::{Guest, View};
use crate::workflow::Role;
use crate::workflow::world::World;

/// Random bytes that a guest may ask for at a time. WASI's default is 64 MiB.
const RANDOM_BYTES_MAX: u64 = 1 << 20;

pub(super) struct State {
    guest: Guest,
    wasi: WasiCtx,
    pub(super) bounds: Bounds,
}

/// A body's world, as WASI asks for it.
struct Seen(World);

impl HostWallClock for Seen {
    fn resolution(&self) -> Duration {
        Duration::from_millis(1)
    }

    fn now(&self) -> Duration {
        self.0.wall()
    }
}

impl HostMonotonicClock for Seen {
    fn resolution(&self) -> u64 {
        1_000_000
    }

    fn now(&self) -> u64 {
        self.0.monotonic()
    }
}

impl TryRng for Seen {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let [.., a, b, c, d] = self.0.random().to_be_bytes();
        Ok(u32::from_be_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.random())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for part in bytes.chunks_mut(8) {
            part.copy_from_slice(&self.0.random().to_le_bytes()[..part.len()]);
        }
        Ok(())
    }
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
        self.store_for(meter, Role::None)
    }

    /// A store for one call in a run.
    pub(super) fn store_for(
        &self,
        meter: &Arc<Meter>,
        role: Role,
    ) -> Result<Store<State>, CallError> {
        let limits = self.grant.limits();
        let wasi = match &role {
            Role::Body(body) => self.world(body.world()),
            _ => self.wasi()?,
        };
        let guest = Guest::new(self.host.services.clone(), self.grant.clone(), self.name.clone())
            .with_digest(self.code.digest())
            .with_role(role);
        let state = State { guest, wasi, bounds: Bounds::new(limits) };
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

    /// What a workflow's body sees of the machine: its run's time and random numbers, and a log.
    fn world(&self, world: &World) -> WasiCtx {
        let mut wasi = WasiCtxBuilder::new();
        let (stdout, stderr) = LogStream::pair(&self.grant, &self.name);
        wasi.stdout(stdout).stderr(stderr).max_random_size(RANDOM_BYTES_MAX);
        for (name, value) in &self.grant.wasi().env {
            wasi.env(name, value);
        }
        wasi.wall_clock(Seen(world.clone())).monotonic_clock(Seen(world.clone()));
        wasi.secure_random(Seen(world.clone())).insecure_random(Seen(world.clone()));
        wasi.insecure_random_seed(u128::from(world.random()));
        wasi.build()
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
