//! Compiles components, for running or for a look.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::component::Component;
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use super::aot::{AotCache, AotError, AotUse};
use super::bounds::{TABLE_ELEMENTS_MAX, Ticker};
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

/// How a [`Host`] runs guests.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct HostConfig {
    /// Instances that may run at a time, of all tenants together. Each reserves
    /// eight GiB of address space, though no memory.
    pub instances_max: u32,
    /// Folder of compiled components, or none to compile each time.
    pub aot_folder: Option<PathBuf>,
}

/// One engine, and the components it has compiled. Cloning is cheap.
#[derive(Clone)]
pub struct Compiler {
    engine: Engine,
    aot: Option<Arc<AotCache>>,
    /// Moves the engine's epoch on; ends with the last clone.
    _ticker: Arc<Ticker>,
}

/// A compiled component. Cloning is cheap.
#[derive(Clone)]
pub struct Code {
    component: Component,
    digest: Digest,
    aot: AotUse,
}

/// A component that cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are not a component. Says what they are.
    #[error("{0}")]
    NotAComponent(&'static str),
    /// They are one, and it cannot be compiled.
    #[error("the component does not compile")]
    Compile(#[source] Box<dyn std::error::Error + Send + Sync>),
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
        Self { instances_max: 256, aot_folder: None }
    }
}

impl Compiler {
    /// Starts an engine.
    pub fn new(config: &HostConfig) -> Result<Self, StartError> {
        let engine = Engine::new(&engine_config(config)).map_err(|err| StartError::Engine {
            instances: config.instances_max,
            source: err.into(),
        })?;
        let aot = config.aot_folder.as_deref().map(|folder| AotCache::open(folder, &engine));
        let ticker = Ticker::start(engine.weak());
        Ok(Self { aot: aot.transpose()?.map(Arc::new), _ticker: Arc::new(ticker), engine })
    }

    /// Compiles a component, unless that was done before. Takes a thread of its
    /// own meanwhile.
    pub async fn load(&self, wasm: Vec<u8>) -> Result<Code, LoadError> {
        let this = self.clone();
        let work = move || compile(&this.engine, this.aot.as_deref(), &wasm);
        tokio::task::spawn_blocking(work).await.map_err(|err| LoadError::Compile(err.into()))?
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Code {
    /// What the component is, byte for byte.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The compiled component.
    pub fn component(&self) -> &Component {
        &self.component
    }

    /// Whether it had been compiled before.
    pub fn aot(&self) -> AotUse {
        self.aot
    }
}

fn compile(engine: &Engine, aot: Option<&AotCache>, wasm: &[u8]) -> Result<Code, LoadError> {
    if wasm.len() > COMPONENT_BYTES_MAX {
        return Err(LoadError::NotAComponent("it is longer than 128 MiB; no component is"));
    }
    // A component begins with "\0asm", version 0x0d, layer 1; a module with layer 0
    // (https://github.com/WebAssembly/component-model/blob/main/design/mvp/Binary.md).
    match wasm {
        [0, b'a', b's', b'm', _, _, 1, 0, ..] => {}
        [0, b'a', b's', b'm', ..] => {
            return Err(LoadError::NotAComponent(
                "it is a core module, not a component; build it for wasm32-wasip2, \
                 or wrap it with `wasm-tools component new`",
            ));
        }
        _ => return Err(LoadError::NotAComponent("it is not WebAssembly")),
    }
    let digest = Digest::of(wasm);
    if let Some(component) = aot.and_then(|aot| aot.load(engine, digest)) {
        return Ok(Code { component, digest, aot: AotUse::Hit });
    }
    let component = Component::new(engine, wasm).map_err(|err| LoadError::Compile(err.into()))?;
    if let Some(aot) = aot {
        aot.save(&component, digest);
    }
    let aot = if aot.is_some() { AotUse::Saved } else { AotUse::Off };
    Ok(Code { component, digest, aot })
}

fn engine_config(host: &HostConfig) -> Config {
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
    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
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

impl fmt::Debug for Compiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Compiler").field("aot", &self.aot).finish_non_exhaustive()
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Code").field("digest", &self.digest).finish_non_exhaustive()
    }
}
