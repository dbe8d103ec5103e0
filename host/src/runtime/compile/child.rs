//! The process that compiles.

use std::io::{self, Read, Write as _};
use std::process::ExitCode;
use std::sync::Arc;

use rustix::process::{Resource, Rlimit, getrlimit, nice, setrlimit};
use wasmtime::Engine;

use super::wire::{self, Outcome, Request};
use crate::runtime::engine::{compiling_config, engine_digest};

/// How far what serves goes before what compiles: a share of the processor of a
/// tenth.
const NICE: i32 = 10;

/// Compiles the component on standard input, for the host that has started this
/// process ([`Compile::Process`](super::Compile::Process)), and for nobody else. A
/// program calls it before it starts threads of its own or opens files.
pub fn compile_stdin() -> ExitCode {
    match serve() {
        Ok(()) => ExitCode::SUCCESS,
        Err(err) => {
            _ = writeln!(io::stderr(), "error: a host compiles with this, a person cannot: {err}");
            ExitCode::from(2)
        }
    }
}

fn serve() -> io::Result<()> {
    let (mut stdin, mut stdout) = (io::stdin().lock(), io::stdout().lock());
    let request = Request::read(&mut stdin)?;
    bound(&request)?;
    let engine = Engine::new(&compiling_config()).map_err(io::Error::other)?;
    wire::write_head(&mut stdout, &engine_digest(&engine))?;
    let mut wasm = Vec::new();
    stdin.by_ref().take(request.wasm_bytes).read_to_end(&mut wasm)?;
    drop(stdin);
    if wasm.len() as u64 != request.wasm_bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    std::thread::Builder::new().spawn(end_with_the_host)?;
    compile(&engine, &wasm, request.code_bytes).write(&mut stdout)
}

/// Sets this process's limits. Nothing of the component was read yet.
fn bound(request: &Request) -> io::Result<()> {
    // Linux counts to DATA what is mapped to be written, and elsewhere only what is on
    // the heap of old.
    let memory = if cfg!(target_os = "linux") { Resource::Data } else { Resource::As };
    // Where the machine has no memory left all the same, it is to be this that goes.
    // Not every system has it.
    _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let limits = [
        (memory, request.memory_bytes, request.memory_bytes),
        // A signal of its own at the first, which tells what it is about.
        (Resource::Cpu, request.cpu_s, request.cpu_s + 1),
        // It has no file to write, and its memory is of no use to anybody.
        (Resource::Fsize, 0, 0),
        (Resource::Core, 0, 0),
    ];
    for (resource, soft, hard) in limits {
        // What the host itself may not have, this may not be given.
        let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
        let (current, maximum) = (Some(soft.min(most)), Some(hard.min(most)));
        setrlimit(resource, Rlimit { current, maximum })?;
    }
    nice(NICE).map(drop)?;
    Ok(())
}

/// The host keeps the pipe open and sends nothing more; so it ends with the host.
fn end_with_the_host() {
    _ = io::stdin().read(&mut [0]);
    std::process::exit(2);
}

fn compile(engine: &Engine, wasm: &[u8], code_bytes: u64) -> Outcome {
    match engine.precompile_component(wasm) {
        Ok(code) if code.len() as u64 > code_bytes => Outcome::TooMuchCode,
        Ok(code) => Outcome::Code(code),
        Err(err) if err.is::<wasmtime::OutOfMemory>() => Outcome::NoMemory,
        Err(err) => {
            let err: Arc<dyn std::error::Error + Send + Sync> = Arc::from(Box::from(err));
            Outcome::Refused(crate::chain(&err))
        }
    }
}
