//! What a call costs that reaches no store: from the guest, and to it.

use anyhow::Result;
use satama::{Services, StoreUrl};
use tempfile::TempDir;
use wasmtime::component::Val;

use crate::bare::Bare;
use crate::guests::{Call, program, wasm};
use crate::table::{Table, Unit};

/// A guest calls the host.
pub(crate) async fn host_calls(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "A guest calls the host, which reaches no store: `bucket.counts`, its rate and handle\n\
         checked. A ratio below 1 is better. Goal: at most 150 ns.",
    );
    let (_folder, services) = services().await?;
    let counts = Call::new(&program(&services, "bench").await?, "counts-loop")?;
    let ours = async |n: u32| {
        let counts = counts.clone();
        let args = [Val::String("plain".into()), Val::U32(n)];
        spawn(async move { counts.run(&args).await.map(drop) }).await
    };
    let empty = Bare::empty_loop()?;
    let empty = async |n: u32| {
        let empty = empty.clone();
        spawn(async move { empty.call((n,)).await }).await
    };
    table.compare("counts; wasmtime: an empty function", Unit::Nanos, ours, empty).await?;
    let same = Bare::guest(&wasm("bench")?, "counts-loop")?;
    let same = async |n: u32| {
        let same = same.clone();
        spawn(async move { same.call(("plain".to_owned(), n)).await }).await
    };
    table.compare("counts; wasmtime: counts of nothing", Unit::Nanos, ours, same).await
}

/// The host calls a guest.
pub(crate) async fn instances(table: &mut Table<'_>) -> Result<()> {
    table.title(
        "Instantiate, call once, drop; pooled, one at a time. Satama: all services and WASI\n\
         linked, every limit on. A ratio below 1 is better. Goal: at most 20 µs.",
    );
    let (_folder, services) = services().await?;
    let nop = Call::new(&program(&services, "bench").await?, "nop")?;
    let nop = async |n: u32| {
        let nop = nop.clone();
        spawn(async move {
            for _ in 0..n {
                nop.run(&[]).await?;
            }
            Ok(())
        })
        .await
    };
    let least = repeat(Bare::nop()?);
    table.compare("nop, 60 kB guest; wasmtime: the least", Unit::Micros, nop, &least).await?;
    let same = repeat(Bare::guest(&wasm("bench")?, "nop")?);
    table.compare("nop, 60 kB guest; wasmtime: that guest", Unit::Micros, nop, same).await?;

    let echo = Call::new(&program(&services, "echo").await?, "run")?;
    let echo = async |n: u32| {
        let echo = echo.clone();
        spawn(async move {
            for _ in 0..n {
                echo.run(&[Val::String("harbour".into())]).await?;
            }
            Ok(())
        })
        .await
    };
    table.compare("echo, 13 kB guest; wasmtime: the least", Unit::Micros, echo, &least).await
}

/// Calls a component without arguments, in a new instance each time.
fn repeat(bare: Bare) -> impl AsyncFn(u32) -> Result<()> {
    async move |n: u32| {
        let bare = bare.clone();
        spawn(async move {
            for _ in 0..n {
                bare.call::<(), ()>(()).await?;
            }
            Ok(())
        })
        .await
    }
}

/// On a worker of the runtime, as a server would.
async fn spawn(work: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
    tokio::spawn(work).await?
}

/// Services that need no server. Nothing here reaches their store.
async fn services() -> Result<(TempDir, Services)> {
    let folder = tempfile::tempdir()?;
    let services = Services::builder(StoreUrl::file(folder.path().join("satama.db")));
    Ok((folder, services.build().await?))
}
