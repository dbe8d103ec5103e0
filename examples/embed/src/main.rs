//! A wasmtime host of your own, with the services of Satama in it.
//!
//! ```sh
//! cargo run -p embed -- COMPONENT STORE [ARGUMENT]
//! ```
//!
//! It calls `run: func(arg: string) -> result<string, string>` of the component.
//! The store is a file, or the address of a Redis server.

#![expect(clippy::print_stdout, reason = "what the component returns is the output")]

use std::sync::Arc;

use anyhow::{Context as _, anyhow};
use satama::grant::{Grant, Limits, Names};
use satama::{Guest, Services, StoreUrl, View};
use wasmtime::component::{Component, Linker, ResourceTable};
use wasmtime::{Engine, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};

/// What each `wasmtime::Store` carries: whatever your host has there, and a guest.
struct State {
    satama: Guest,
    wasi: WasiCtx,
    table: ResourceTable,
}

/// How the services find their guest.
impl View for State {
    fn satama(&mut self) -> &mut Guest {
        &mut self.satama
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut args = std::env::args().skip(1);
    let mut next = || args.next().context("usage: embed COMPONENT STORE [ARGUMENT]");
    let (path, store) = (next()?, next()?.parse::<StoreUrl>().map_err(|err| anyhow!(err))?);
    let arg = args.next().unwrap_or_default();

    // Once in a process: your engine, and the services on their store. A service
    // waits for its store, so components are called with the `async` functions of
    // wasmtime; the engine needs no setting for that.
    let engine = Engine::default();
    let services = Services::builder(store).build().await?;

    // Once for a tenant: what it may touch. `satama::grant::Manifest` reads it from a
    // file. What is shared by all instances of a tenant is in here, so keep one.
    let grant = Grant::new("acme", Limits::default())?
        .with_cache(Names::new(["granted"])?)
        .with_session(Names::new(["granted"])?);
    let grant = Arc::new(grant);

    // Once for a tenant and component: link what the component imports. An interface
    // that is not granted stays unknown to the linker.
    let mut linker = Linker::<State>::new(&engine);
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    satama::add_to_linker(&mut linker, &grant)?;
    let component = Component::from_file(&engine, &path)?;
    let linked = linker.instantiate_pre(&component)?;

    // For each instance: a guest in a store. The grant limits what it does with
    // services; its memory and its time are your host's to limit.
    let satama = Guest::new(services, grant, path.into());
    let wasi = WasiCtxBuilder::new().build();
    let mut store = Store::new(&engine, State { satama, wasi, table: ResourceTable::new() });
    let instance = linked.instantiate_async(&mut store).await?;
    let run = instance.get_typed_func::<(String,), (Result<String, String>,)>(&mut store, "run")?;
    let (result,) = run.call_async(&mut store, (arg,)).await?;
    println!("{}", result.map_err(|err| anyhow!("the component returned an error: {err}"))?);
    Ok(())
}
