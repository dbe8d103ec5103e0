//! Wasmtime alone: no services, no WASI, no limits.

use anyhow::Result;
use wasmtime::component::{
    Component, ComponentExportIndex, ComponentNamedList, ComponentType, InstancePre, Lift, Linker,
    Lower, Resource, ResourceType,
};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};

/// Calls an empty function of the host, `n` times.
const EMPTY_LOOP: &str = r#"
(component
    (import "empty" (func $empty))
    (core func $lowered (canon lower (func $empty)))
    (core module $module
        (import "host" "empty" (func $empty))
        (func (export "loop") (param $n i32)
            (loop $again
                (call $empty)
                (br_if $again (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))))
    (core instance $instance
        (instantiate $module (with "host" (instance (export "empty" (func $lowered))))))
    (func (export "loop") (param "n" u32) (canon lift (core func $instance "loop"))))
"#;

/// The least that has a memory and an export.
const NOP: &str = r#"
(component
    (core module $module (memory 1) (func (export "nop")))
    (core instance $instance (instantiate $module))
    (func (export "nop") (canon lift (core func $instance "nop"))))
"#;

/// A component, ready to be instantiated, and one of its exports.
#[derive(Clone)]
pub(crate) struct Bare {
    pre: InstancePre<()>,
    export: ComponentExportIndex,
}

struct Bucket;

#[derive(ComponentType, Lower)]
#[component(record)]
struct Counts {
    hits: u64,
    misses: u64,
}

#[derive(ComponentType, Lower)]
#[component(variant)]
#[expect(dead_code, reason = "never fails, but has the type of what does")]
enum Error {
    #[component(name = "access-denied")]
    AccessDenied,
    #[component(name = "too-large")]
    TooLarge(u64),
    #[component(name = "not-a-counter")]
    NotACounter,
    #[component(name = "claim-lost")]
    ClaimLost,
    #[component(name = "quota-exceeded")]
    QuotaExceeded,
    #[component(name = "unavailable")]
    Unavailable,
}

impl Bare {
    /// The loop over an empty host function.
    pub(crate) fn empty_loop() -> Result<Self> {
        let engine = engine()?;
        let component = Component::new(&engine, wat::parse_str(EMPTY_LOOP)?)?;
        let mut linker = Linker::new(&engine);
        linker.root().func_wrap("empty", |_, (): ()| Ok(()))?;
        Self::new(&linker, &component, "loop")
    }

    /// The least component.
    pub(crate) fn nop() -> Result<Self> {
        let engine = engine()?;
        let component = Component::new(&engine, wat::parse_str(NOP)?)?;
        Self::new(&Linker::new(&engine), &component, "nop")
    }

    /// The guest in `wasm`, on a cache of which only `counts` answers, with zeros.
    pub(crate) fn guest(wasm: &[u8], export: &str) -> Result<Self> {
        let engine = engine()?;
        let component = Component::new(&engine, wasm)?;
        let mut linker = Linker::new(&engine);
        let mut cache = linker.instance("satama:services/cache@0.1.0")?;
        cache.resource("bucket", ResourceType::host::<Bucket>(), |_, _| Ok(()))?;
        cache.func_wrap("[static]bucket.open", |_, (_,): (String,)| {
            Ok((Ok::<_, Error>(Resource::<Bucket>::new_own(0)),))
        })?;
        cache.func_wrap("[method]bucket.counts", |_, (_,): (Resource<Bucket>,)| {
            Ok((Ok::<_, Error>(Counts { hits: 0, misses: 0 }),))
        })?;
        linker.define_unknown_imports_as_traps(&component)?;
        Self::new(&linker, &component, export)
    }

    fn new(linker: &Linker<()>, component: &Component, export: &str) -> Result<Self> {
        let found = component.get_export_index(None, export);
        let export = found.ok_or_else(|| anyhow::anyhow!("there is no export `{export}`"))?;
        Ok(Self { pre: linker.instantiate_pre(component)?, export })
    }

    /// Instantiates it and calls the export.
    pub(crate) async fn call<A, R>(&self, args: A) -> Result<R>
    where
        A: ComponentNamedList + Lower + Send + Sync + 'static,
        R: ComponentNamedList + Lift + Send + Sync + 'static,
    {
        let mut store = Store::new(self.pre.engine(), ());
        let instance = self.pre.instantiate_async(&mut store).await?;
        let function = instance.get_typed_func::<A, R>(&mut store, self.export)?;
        Ok(function.call_async(&mut store, args).await?)
    }
}

fn engine() -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_memories(16).total_core_instances(64).total_component_instances(16);
    pool.linear_memory_keep_resident(256 << 10).table_keep_resident(256 << 10);
    let mut config = Config::new();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(Engine::new(&config)?)
}
