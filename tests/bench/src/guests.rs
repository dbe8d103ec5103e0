//! The guests that are called, and what they are granted.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use satama::Services;
use satama::grant::{Grant, Limits, Names};
use satama::runtime::{Compiler, Export, Host, HostConfig, Program};
use wasmtime::component::Val;

/// A program and one of its exports, to be called.
#[derive(Clone)]
pub(crate) struct Call {
    program: Program,
    export: Export,
}

/// Calls of the guest `bench`, which repeats a call of a service.
#[derive(Clone)]
pub(crate) struct Loop {
    call: Call,
    /// The arguments before the number of repetitions.
    before: [String; 2],
    /// The size of the value, if one is written.
    value_bytes: Option<u32>,
}

/// The component called `name`.
pub(crate) fn wasm(name: &str) -> Result<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/guests");
    let path = folder.join(format!("wasm32-wasip2/release/{name}.wasm"));
    let missing = || format!("no guest `{name}`; build the guests with `cargo xtask guests`");
    std::fs::read(path).with_context(missing)
}

/// Every name, within limits that no measurement meets.
pub(crate) fn grant() -> Result<Arc<Grant>> {
    let mut limits = Limits::default();
    limits.calls_per_second = 100_000_000;
    limits.concurrent_calls = 1_000;
    (limits.cpu_ms, limits.wall_ms) = (86_400_000, 86_400_000);
    let every = || Names::new(["*"]);
    let grant = Grant::new("bench", limits)?.with_cache(every()?).with_session(every()?);
    let grant = grant.with_channel(every()?).with_hub(every()?);
    Ok(Arc::new(grant.with_secret(satama_tests::all_secrets())))
}

/// The program called `name`, on `services`.
pub(crate) async fn program(services: &Services, name: &str) -> Result<Program> {
    let compiler = Compiler::new(&HostConfig::default())?;
    let code = compiler.load(wasm(name)?).await?;
    Ok(Host::new(compiler, services.clone()).program(&code, name, grant()?)?)
}

impl Call {
    pub(crate) fn new(program: &Program, export: &str) -> Result<Self> {
        Ok(Self { program: program.clone(), export: program.export(export)? })
    }

    /// Calls it once, in an instance of its own.
    pub(crate) async fn run(&self, args: &[Val]) -> Result<Vec<Val>> {
        Ok(self.program.call(&self.export, args).await?)
    }
}

impl Loop {
    pub(crate) fn new(program: &Program, export: &str, before: [&str; 2]) -> Result<Self> {
        let before = before.map(str::to_owned);
        Ok(Self { call: Call::new(program, export)?, before, value_bytes: None })
    }

    pub(crate) fn writing(self, value_bytes: u32) -> Self {
        Self { value_bytes: Some(value_bytes), ..self }
    }

    /// Runs `operations` in all, in as many instances at a time as there are callers.
    pub(crate) async fn run(&self, callers: u32, operations: u32) -> Result<()> {
        at_once(callers, || {
            let (this, each) = (self.clone(), operations / callers);
            async move {
                let mut args = this.before.map(Val::String).to_vec();
                args.push(Val::U32(each));
                args.extend(this.value_bytes.map(Val::U32));
                let done = this.call.run(&args).await?;
                ensure!(
                    done == [Val::U32(each)],
                    "{} did less than it should",
                    this.call.export.name
                );
                Ok(())
            }
        })
        .await
    }
}

/// Runs `work` as so many tasks at a time.
pub(crate) async fn at_once<F>(callers: u32, work: impl Fn() -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    each(callers, |_| work()).await
}

/// Runs `work` as so many tasks at a time. Each is told which it is.
pub(crate) async fn each<F>(callers: u32, work: impl Fn(u32) -> F) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let tasks: Vec<_> = (0..callers).map(|caller| tokio::spawn(work(caller))).collect();
    for task in tasks {
        task.await??;
    }
    Ok(())
}
