//! Compiles components, for running or for a look.

use std::fmt;
use std::hash::{Hash as _, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use sha2::{Digest as _, Sha256};
use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::aot::{AotCache, AotError, AotUse};
use super::bounds::{TABLE_ELEMENTS_MAX, Ticker};
use super::compile::{Compile, CompileLimits, Cost, Loads, Workshop};
use crate::digest::Digest;

/// Longest component, in bytes. The largest language runtimes are 20 MiB.
pub const COMPONENT_BYTES_MAX: usize = 128 << 20;

/// Deepest stack of a guest, in bytes.
const STACK_BYTES_MAX: usize = 1 << 20;

/// Memory of one instance that stays mapped between calls, in bytes: zeroing
/// this much is cheaper than mapping it anew.
const KEEP_BYTES: usize = 256 << 10;

/// Most core instances, memories and tables of one component.
const CORE_INSTANCES_MAX: u32 = 32;
const MEMORIES_MAX: u32 = 2;
const TABLES_MAX: u32 = 8;

/// How a [`Host`](super::Host) runs guests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HostConfig {
    /// Instances that may run at a time, of all tenants together. Each reserves
    /// eight GiB of address space, though no memory.
    pub instances_max: u32,
    /// Folder of compiled components, or none to compile each time.
    pub aot_folder: Option<PathBuf>,
    /// Where components are compiled.
    pub compile: Compile,
    /// How much that may take.
    pub compile_limits: CompileLimits,
}

/// One engine, and the components it has compiled. Cloning is cheap.
#[derive(Clone)]
pub struct Compiler(Arc<Inner>);

struct Inner {
    engine: Engine,
    aot: Option<AotCache>,
    workshop: Workshop,
    loads: Arc<Loads>,
    /// Moves the engine's epoch on; ends with the last clone.
    _ticker: Ticker,
}

/// A compiled component. Cloning is cheap.
#[derive(Clone)]
pub struct Code {
    loaded: Arc<Loaded>,
    aot: AotUse,
}

/// What all of a component's programs share.
pub(super) struct Loaded {
    component: Component,
    digest: Digest,
}

/// A component that cannot be loaded.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// The bytes are not a component. Says what they are.
    #[error("{0}")]
    NotAComponent(&'static str),
    /// They are one, and it cannot be compiled.
    #[error("the component does not compile")]
    Compile(#[source] Arc<dyn std::error::Error + Send + Sync>),
    /// Compiling it takes more than it may.
    #[error("compiling the component takes more than {0}")]
    TooCostly(Cost),
    /// The process that compiled it ended, and says how: a fault of the compiler, or
    /// somebody killed it.
    #[error("the process that compiled the component ended early: {0}")]
    Crashed(String),
    /// There is no process that could compile it: a fault of the host's.
    #[error("components cannot be compiled by {}", program.display())]
    Process {
        /// Its program.
        program: PathBuf,
        /// Why.
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
}

/// A host that cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The engine.
    #[error("the engine cannot start with room for {instances} instances; lower `instances_max`")]
    Engine {
        /// How many it was to have room for.
        instances: u32,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The folder of compiled components.
    #[error(transparent)]
    Aot(#[from] AotError),
}

impl Default for HostConfig {
    fn default() -> Self {
        Self {
            instances_max: 256,
            aot_folder: None,
            compile: Compile::default(),
            compile_limits: CompileLimits::default(),
        }
    }
}

impl Compiler {
    /// Starts an engine.
    pub fn new(config: &HostConfig) -> Result<Self, StartError> {
        let engine = Engine::new(&running_config(config)).map_err(|err| StartError::Engine {
            instances: config.instances_max,
            source: err.into(),
        })?;
        let aot = config.aot_folder.as_deref().map(|folder| AotCache::open(folder, &engine));
        Ok(Self(Arc::new(Inner {
            aot: aot.transpose()?,
            workshop: Workshop::new(config.compile.clone(), config.compile_limits.clone()),
            loads: Arc::default(),
            _ticker: Ticker::start(engine.weak()),
            engine,
        })))
    }

    /// Compiles a component, unless that was done before, or is being done. It is
    /// away from the threads that serve.
    pub async fn load(&self, wasm: Vec<u8>) -> Result<Code, LoadError> {
        check(&wasm)?;
        let wasm = Arc::new(wasm);
        let bytes = wasm.clone();
        let digest = aside(move || Digest::of(&bytes)).await?;
        let inner = self.0.clone();
        self.0.loads.share(digest, || async move { inner.load(digest, wasm).await }).await
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.0.engine
    }
}

impl Inner {
    async fn load(self: Arc<Self>, digest: Digest, wasm: Arc<Vec<u8>>) -> Result<Code, LoadError> {
        if let Some(code) = self.clone().find(digest).await? {
            return Ok(code);
        }
        let _turn = self.workshop.turn().await;
        // Another host may have compiled it meanwhile.
        if let Some(code) = self.clone().find(digest).await? {
            return Ok(code);
        }
        let machine_code = self.workshop.compile(&self.engine, wasm).await?;
        aside(move || self.keep(digest, &machine_code)).await?
    }

    /// The component, if it was compiled before.
    async fn find(self: Arc<Self>, digest: Digest) -> Result<Option<Code>, LoadError> {
        if self.aot.is_none() {
            return Ok(None);
        }
        aside(move || {
            let component = self.aot.as_ref()?.load(&self.engine, digest)?;
            Some(Code::new(component, digest, AotUse::Hit))
        })
        .await
    }

    /// What was compiled, on disk if it can be.
    fn keep(&self, digest: Digest, machine_code: &[u8]) -> Result<Code, LoadError> {
        if let Some(aot) = &self.aot {
            aot.save(machine_code, digest);
            // Mapped from its file, it is shared with other hosts.
            if let Some(component) = aot.load(&self.engine, digest) {
                return Ok(Code::new(component, digest, AotUse::Saved));
            }
        }
        // SAFETY: it was compiled a moment ago, by this process or by one that the
        // operator chose and that has told the same settings; it came through a pipe
        // of ours, and its checksum held. A hostile component could forge it only by
        // taking over Cranelift, which in this process would be no better.
        #[expect(unsafe_code, reason = "this is machine code that was made to be run")]
        let component = unsafe { Component::deserialize(&self.engine, machine_code) };
        let component = component.map_err(|err| LoadError::compile(err.into()))?;
        let aot = if self.aot.is_some() { AotUse::Saved } else { AotUse::Off };
        Ok(Code::new(component, digest, aot))
    }
}

impl Code {
    fn new(component: Component, digest: Digest, aot: AotUse) -> Self {
        Self { loaded: Arc::new(Loaded { component, digest }), aot }
    }

    /// What was loaded before.
    pub(super) fn again(loaded: Arc<Loaded>) -> Self {
        Self { loaded, aot: AotUse::Hit }
    }

    pub(super) fn downgrade(&self) -> Weak<Loaded> {
        Arc::downgrade(&self.loaded)
    }

    /// What the component is, byte for byte.
    pub fn digest(&self) -> Digest {
        self.loaded.digest
    }

    /// The compiled component.
    pub fn component(&self) -> &Component {
        &self.loaded.component
    }

    /// Whether it had been compiled before.
    pub fn aot(&self) -> AotUse {
        self.aot
    }
}

impl LoadError {
    pub(super) fn compile(source: Box<dyn std::error::Error + Send + Sync>) -> Self {
        Self::Compile(source.into())
    }

    pub(super) fn process(
        program: &Path,
        source: impl std::error::Error + Send + Sync + 'static,
    ) -> Self {
        Self::Process { program: program.to_owned(), source: Arc::new(source) }
    }
}

/// Looks at what costs nothing to look at.
fn check(wasm: &[u8]) -> Result<(), LoadError> {
    if wasm.len() > COMPONENT_BYTES_MAX {
        return Err(LoadError::NotAComponent("it is longer than 128 MiB; no component is"));
    }
    // A component begins with "\0asm", version 0x0d, layer 1; a module with layer 0
    // (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md).
    match wasm {
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [0, b'a', b's', b'm', ..] => Err(LoadError::NotAComponent(
            "it is a core module, not a component; build it for wasm32-wasip2, \
             or wrap it with `wasm-tools component new`",
        )),
        _ => Err(LoadError::NotAComponent("it is not WebAssembly")),
    }
}

/// Does what takes milliseconds on a thread that serves nobody.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LoadError> {
    tokio::task::spawn_blocking(work).await.map_err(|err| LoadError::compile(err.into()))
}

/// A digest of how `engine` compiles: its settings, and the versions of both.
pub(super) fn engine_digest(engine: &Engine) -> [u8; 32] {
    let mut hasher = ShaHasher(Sha256::new());
    engine.precompile_compatibility_hash().hash(&mut hasher);
    hasher.write(env!("CARGO_PKG_VERSION").as_bytes());
    hasher.0.finalize().into()
}

/// How an engine is set that runs what it compiled.
fn running_config(host: &HostConfig) -> Config {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(host.instances_max)
        // A component is a few modules: its own, its adapters and their glue. Room
        // for all at their largest, or one tenant could leave none for the others.
        .max_core_instances_per_component(CORE_INSTANCES_MAX)
        .total_core_instances(host.instances_max.saturating_mul(CORE_INSTANCES_MAX))
        .max_memories_per_component(MEMORIES_MAX)
        .total_memories(host.instances_max.saturating_mul(MEMORIES_MAX))
        .max_tables_per_component(TABLES_MAX)
        .total_tables(host.instances_max.saturating_mul(TABLES_MAX))
        .table_elements(TABLE_ELEMENTS_MAX)
        .total_stacks(host.instances_max)
        .max_component_instance_size(1 << 20)
        .linear_memory_keep_resident(KEEP_BYTES)
        .table_keep_resident(KEEP_BYTES);
    let mut config = compiling_config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// The same without room for instances: what decides which code is made.
pub(super) fn compiling_config() -> Config {
    let mut config = Config::new();
    config
        .epoch_interruption(true)
        .max_wasm_stack(STACK_BYTES_MAX)
        .async_stack_size(2 * STACK_BYTES_MAX)
        // The same component computes the same on any host, for it may be replayed there: nothing
        // else in WebAssembly differs but for failures to grow.
        .cranelift_nan_canonicalization(true)
        .relaxed_simd_deterministic(true)
        // A proposal that no guest toolchain emits by itself is only more to trust.
        .wasm_memory64(false);
    config
}

/// Hashes what the engine says of itself, stably from build to build.
struct ShaHasher(Sha256);

impl Hasher for ShaHasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        unreachable!("the digest is taken, not the hash")
    }
}

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").field("aot", &self.0.aot).finish_non_exhaustive()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("digest", &self.digest()).finish_non_exhaustive()
    }
}
