//! Calls an export, and says why a call did not end well.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tracing::field::{DisplayValue, display};
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::wasm_wave::untyped::UntypedFuncCall;
use wasmtime::component::{
    Component, ComponentExportIndex, Instance, InstancePre, ResourceTableError, Type, Val,
};
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap, WasmBacktrace};
use wasmtime_wasi::I32Exit;

use super::bounds::{Meter, Metered};
use super::link::PACKAGE;
use super::log::is_printable;
use super::state::State;
use super::{Code, Program};
use crate::error::chain;

/// Longest name of a function in a backtrace, in bytes. A mangled one of Rust or
/// C++ may be some hundreds.
const NAME_BYTES_MAX: usize = 1 << 10;

/// A function that a component exports.
#[derive(Debug, Clone)]
pub struct Export {
    /// The interface that it is of, if it is of one.
    pub interface: Option<String>,
    /// Its own name.
    pub name: String,
    /// Its parameters and results.
    pub ty: ComponentFunc,
    index: ComponentExportIndex,
}

/// A call as WAVE writes it: `name(argument, …)`, or `interface#name(argument, …)`.
pub struct Invocation {
    name: String,
    call: UntypedFuncCall<'static>,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no such export, or more than one.
    #[error("no export is called `{name}`; there is {there_is}")]
    NoExport {
        /// What was looked for.
        name: String,
        /// What there is, to choose from.
        there_is: String,
    },
    /// The call's text, or its arguments.
    #[error("`{call}`: {why}")]
    Arguments {
        /// The call.
        call: String,
        /// What is wrong with it.
        why: String,
    },
    /// The tenant, or the whole host, runs as many calls as it may.
    #[error("too many calls run at a time ({0}); try again")]
    Busy(&'static str),
    /// A folder that the grant names cannot be opened.
    #[error("the granted folder {} cannot be opened", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The guest went over a limit and was stopped.
    #[error("the guest was stopped")]
    Stopped(#[from] Stop),
    /// The guest ended itself.
    #[error("the guest exited with code {0}")]
    Exited(i32),
    /// The guest failed: a panic, or a fault of its own.
    #[error("the guest trapped: {message}")]
    Trapped {
        /// What happened.
        message: String,
        /// Where, one frame a line; empty if it is not known.
        backtrace: String,
    },
}

impl CallError {
    /// The functions that a trap was in, one a line, as a field of the operator's log.
    pub(super) fn backtrace(&self) -> Option<DisplayValue<&str>> {
        match self {
            Self::Trapped { backtrace, .. } if !backtrace.is_empty() => Some(display(backtrace)),
            _ => None,
        }
    }
}

/// The limit that a guest was stopped at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// Computing.
    #[error("it computed for longer than {0:?} (`cpu_ms`)")]
    Cpu(Duration),
    /// Computing and waiting.
    #[error("it took longer than {0:?} (`wall_ms`)")]
    Wall(Duration),
    /// Linear memory.
    #[error("it wanted more than {bytes_max} bytes of memory (`memory_bytes`)")]
    Memory {
        /// The limit.
        bytes_max: u64,
    },
    /// Tables.
    #[error("it wanted more than {elements_max} table elements (`table_elements`)")]
    Tables {
        /// The limit.
        elements_max: u64,
    },
    /// The stack; its size is the host's.
    #[error("its stack overflowed")]
    Stack,
    /// Handles of WASI. One of a service is refused, not stopped.
    #[error("it held too many handles (`handles`)")]
    Handles,
}

impl Code {
    /// All functions that the component exports.
    pub fn exports(&self, engine: &Engine) -> Vec<Export> {
        let component = self.component();
        let ty = component.component_type();
        let mut exports = Vec::new();
        for (name, item) in ty.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(ty) => {
                    exports.extend(export(component, None, name, ty));
                }
                ComponentItem::ComponentInstance(instance) => {
                    for (function, item) in instance.exports(engine) {
                        if let ComponentItem::ComponentFunc(ty) = item.ty {
                            exports.extend(export(component, Some(name), function, ty));
                        }
                    }
                }
                _ => {}
            }
        }
        exports
    }
}

fn export(
    component: &Component,
    interface: Option<&str>,
    name: &str,
    ty: ComponentFunc,
) -> Option<Export> {
    let parent = match interface {
        Some(interface) => Some(component.get_export_index(None, interface)?),
        None => None,
    };
    let index = component.get_export_index(parent.as_ref(), name)?;
    Some(Export { interface: interface.map(str::to_owned), name: name.to_owned(), ty, index })
}

impl Export {
    /// Whether it is of the interface of this name in `satama:services`.
    pub fn is_of(&self, interface: &str) -> bool {
        let path = self.interface.as_deref().and_then(|path| path.strip_prefix(PACKAGE));
        path.and_then(|path| path.split('@').next()) == Some(interface)
    }

    /// The name that tells it apart: `interface#name`, or the name alone.
    pub fn path(&self) -> String {
        match &self.interface {
            Some(interface) => format!("{interface}#{}", self.name),
            None => self.name.clone(),
        }
    }
}

impl Program {
    /// The export called `name`: a function's name where that is unique, or
    /// `interface#name`.
    pub fn export(&self, name: &str) -> Result<Export, CallError> {
        let exports = self.code.exports(self.host.compiler.engine());
        let mut found: Vec<_> =
            exports.iter().filter(|e| e.name == name || e.path() == name).cloned().collect();
        if found.len() == 1 {
            return Ok(found.remove(0));
        }
        let paths: Vec<_> = exports.iter().map(|export| format!("`{}`", export.path())).collect();
        let there_is = if paths.is_empty() { "none at all".into() } else { paths.join(", ") };
        Err(CallError::NoExport { name: name.to_owned(), there_is })
    }

    /// Calls an export in a fresh instance, within the grant's limits.
    pub async fn call(&self, export: &Export, args: &[Val]) -> Result<Vec<Val>, CallError> {
        let limits = self.grant.limits();
        let _running = self.grant.start_call().ok_or(CallError::Busy("concurrent_calls"))?;
        let meter = Meter::new(Duration::from_millis(limits.cpu_ms));
        let mut store = self.store(&meter)?;
        let wall = Duration::from_millis(limits.wall_ms);
        let work = Metered::new(run(&self.pre, &mut store, export, args), meter);
        let done = match tokio::time::timeout(wall, work).await {
            Ok(done) => done.map_err(|err| explain(&err, &mut store)),
            Err(_) => Err(Stop::Wall(wall).into()),
        };
        if let Err(err) = &done {
            let (tenant, component) = (self.grant.tenant(), &*self.name);
            tracing::warn!(
                tenant,
                component,
                export = export.name,
                backtrace = err.backtrace(),
                "{}",
                chain(err)
            );
        }
        done
    }

    /// The grant that it runs under.
    pub fn grant(&self) -> &Arc<crate::grant::Grant> {
        &self.grant
    }
}

async fn run(
    pre: &InstancePre<State>,
    store: &mut Store<State>,
    export: &Export,
    args: &[Val],
) -> wasmtime::Result<Vec<Val>> {
    let instance: Instance = pre.instantiate_async(&mut *store).await?;
    let function = instance.get_func(&mut *store, export.index);
    let function = function.expect("the index is of this component, which exports it");
    let mut results = vec![Val::Bool(false); export.ty.results().len()];
    function.call_async(&mut *store, args, &mut results).await?;
    Ok(results)
}

/// What an error of a guest's call was.
pub(super) fn explain(err: &wasmtime::Error, store: &mut Store<State>) -> CallError {
    if let Some(stop) = err.downcast_ref::<Stop>() {
        return stop.clone().into();
    }
    if let Some(I32Exit(code)) = err.downcast_ref() {
        return CallError::Exited(*code);
    }
    if err.is::<PoolConcurrencyLimitError>() {
        return CallError::Busy("instances_max");
    }
    if matches!(err.downcast_ref(), Some(ResourceTableError::Full)) {
        return Stop::Handles.into();
    }
    let trap = err.downcast_ref::<Trap>();
    if trap == Some(&Trap::StackOverflow) {
        return Stop::Stack.into();
    }
    if let Some(stop) = store.data_mut().bounds.refused() {
        return stop.into();
    }
    let message = trap.map_or_else(|| err.root_cause().to_string(), ToString::to_string);
    let backtrace = err.downcast_ref().map(frames).unwrap_or_default();
    CallError::Trapped { message, backtrace }
}

/// Where a guest failed, one frame a line. The names are the guest's own, and
/// are left out if one of them could drive a terminal or forge a line.
fn frames(trace: &WasmBacktrace) -> String {
    let frames = trace.frames();
    let mut names = frames.iter().flat_map(|f| [f.module().name(), f.func_name()]).flatten();
    if names.all(|name| name.len() <= NAME_BYTES_MAX && is_printable(name)) {
        return trace.to_string();
    }
    let offsets = frames.iter().filter_map(|frame| frame.module_offset());
    offsets.map(|offset| format!("{offset:#8x}")).collect::<Vec<_>>().join("\n")
}

impl Invocation {
    /// Reads `name(argument, …)`. Parentheses may be left out where there are no
    /// arguments.
    pub fn parse(text: &str) -> Result<Self, CallError> {
        let fail = |why: String| CallError::Arguments { call: text.to_owned(), why };
        let text = text.trim();
        let name = text.split('(').next().unwrap_or_default().trim();
        // WAVE knows neither interfaces nor a call without parentheses.
        let call = &text[name.rfind('#').map_or(0, |at| at + 1)..];
        let parentheses = if call.contains('(') { "" } else { "()" };
        let call = format!("{call}{parentheses}");
        let call = UntypedFuncCall::parse(&call).map_err(|err| {
            fail(format!("{err}; write a call in WAVE, as in `greet(\"you\", 2)`"))
        })?;
        Ok(Self { name: name.to_owned(), call: call.into_owned() })
    }

    /// The function's name, with its interface if the call has one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments, as `export` takes them.
    pub fn args(&self, export: &Export) -> Result<Vec<Val>, CallError> {
        let types: Vec<Type> = export.ty.params().map(|(_, ty)| ty).collect();
        self.call.to_wasm_params::<Val>(&types).map_err(|err| CallError::Arguments {
            call: self.call.to_string(),
            why: err.to_string(),
        })
    }
}
