//! Compiles components, bounded and away from what serves.
//!
//! A component that nobody has read can make a compiler work for minutes and fill
//! gigabytes. So it is compiled in a process of its own, with limits that it sets
//! itself before it sees the component; whatever becomes of it, the host goes on.

mod child;
mod loads;
mod process;
mod wire;

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};
use wasmtime::Engine;

pub use self::child::compile_stdin;
pub(super) use self::loads::Loads;
use super::engine::LoadError;

/// Where components are compiled.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Compile {
    /// In the host's own process: for components that are trusted, as none of the
    /// [`CompileLimits`] holds but `concurrent`. The default, for a library does not
    /// know which program it is in.
    #[default]
    InProcess,
    /// In a process of its own, which has to call [`compile_stdin`] and be built of
    /// the same version of this crate.
    Process {
        /// The program.
        program: PathBuf,
        /// Its arguments.
        args: Vec<OsString>,
    },
}

/// How much compiling one component may take.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CompileLimits {
    /// Memory, in bytes: what the process may map to write to. 2 GiB: a Python guest
    /// of 18 MB takes 0.5 GiB, and a function of 350 kB can take more than this.
    pub memory_bytes: u64,
    /// Time of the processor's, of all threads together, in milliseconds; rounded up to
    /// seconds. 120 s: that Python guest takes 9 s, and one of 42 kB can take minutes.
    pub cpu_ms: u64,
    /// Time from the start of the process, in milliseconds. 600 s: where much else is to
    /// be done, what compiles gets little of the processor.
    pub wall_ms: u64,
    /// Machine code that may come of it, in bytes. 256 MiB: it is two to three times as
    /// long as the component.
    pub code_bytes: u64,
    /// Threads that compile one component: the processor's, and four at most.
    pub threads: u32,
    /// Components that are compiled at a time; more wait, in order. One: so all of them
    /// together take no more than the above.
    pub concurrent: u32,
}

/// What a component takes too much of to be compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cost {
    /// Memory; the limit in bytes.
    Memory(u64),
    /// Time of the processor's; the limit in milliseconds.
    Cpu(u64),
    /// Time; the limit in milliseconds.
    Wall(u64),
    /// Machine code; the limit in bytes.
    Code(u64),
}

/// Compiles, as many at a time as may be.
pub(super) struct Workshop {
    place: Compile,
    limits: CompileLimits,
    turns: Arc<Semaphore>,
}

impl Compile {
    /// In another process of this program, which calls [`compile_stdin`] if it is
    /// started with `args`.
    pub fn this_program<A: Into<OsString>>(
        args: impl IntoIterator<Item = A>,
    ) -> std::io::Result<Self> {
        // On Linux this is the running program itself, though its file may have been
        // replaced by a newer one.
        let running = Path::new("/proc/self/exe");
        let program = if running.exists() { running.to_owned() } else { std::env::current_exe()? };
        Ok(Self::Process { program, args: args.into_iter().map(Into::into).collect() })
    }
}

impl Default for CompileLimits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            memory_bytes: 2 << 30,
            cpu_ms: 120_000,
            wall_ms: 600_000,
            code_bytes: 256 << 20,
            threads: u32::try_from(cores.min(4)).unwrap_or(4),
            concurrent: 1,
        }
    }
}

impl Workshop {
    pub(super) fn new(place: Compile, limits: CompileLimits) -> Self {
        let turns = usize::try_from(limits.concurrent.max(1)).unwrap_or(1);
        Self { place, limits, turns: Arc::new(Semaphore::new(turns)) }
    }

    /// Waits for its turn; and while `turn` lives, another may not have it.
    pub(super) async fn turn(&self) -> impl Send + use<> {
        self.turns.clone().acquire_owned().await
    }

    /// The machine code of a component.
    pub(super) async fn compile(
        &self,
        engine: &Engine,
        wasm: Arc<Vec<u8>>,
    ) -> Result<Vec<u8>, LoadError> {
        let (place, limits, engine) = (self.place.clone(), self.limits.clone(), engine.clone());
        let (done, answer) = oneshot::channel();
        // No thread of the runtime's, which waits for all of its own before it ends.
        let work = move || {
            let code = match &place {
                Compile::InProcess => {
                    engine.precompile_component(&wasm).map_err(|err| LoadError::compile(err.into()))
                }
                Compile::Process { program, args } => {
                    process::compile(program, args, &limits, &engine, &wasm)
                }
            };
            _ = done.send(code);
        };
        let thread = std::thread::Builder::new().name("satama-compile".into());
        thread.spawn(work).map_err(|err| LoadError::compile(err.into()))?;
        // It ends without an answer if it panics.
        answer.await.map_err(|err| LoadError::compile(err.into()))?
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Memory(bytes) => write!(f, "{} MiB of memory", bytes >> 20),
            Self::Cpu(ms) => write!(f, "{ms} ms of the processor"),
            Self::Wall(ms) => write!(f, "{ms} ms"),
            Self::Code(bytes) => write!(f, "{} MiB of machine code", bytes >> 20),
        }
    }
}
