//! The host's side of a process that compiles.

use std::ffi::OsString;
use std::io::{self, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use wasmtime::Engine;

use super::wire::{self, Outcome, Request};
use super::{CompileLimits, Cost};
use crate::runtime::engine::{LoadError, engine_digest};

/// Most that is read of what the process says on stderr, in bytes: a panic's first lines.
const SAID_BYTES_MAX: u64 = 4 << 10;

/// A process that cannot compile anything.
#[derive(Debug, thiserror::Error)]
enum ProcessError {
    #[error("it cannot be started")]
    Start(#[source] io::Error),
    #[error("it is another version, or another program")]
    Other,
    #[error("its answer is damaged")]
    Damaged,
}

/// What came of a process.
struct Ended {
    answer: io::Result<Answer>,
    status: ExitStatus,
    said: Vec<u8>,
    /// Whether its time was up.
    late: bool,
}

/// What a process answers.
enum Answer {
    Outcome(Outcome),
    /// It is not what was to be started.
    Stranger,
}

/// Compiles `wasm` in a process of `program`.
pub(super) fn compile(
    program: &Path,
    args: &[OsString],
    limits: &CompileLimits,
    engine: &Engine,
    wasm: &[u8],
) -> Result<Vec<u8>, LoadError> {
    let ended = run(program, args, limits, engine, wasm)
        .map_err(|err| LoadError::process(program, ProcessError::Start(err)))?;
    match ended.answer {
        Ok(Answer::Outcome(Outcome::Code(code))) => Ok(code),
        Ok(Answer::Outcome(Outcome::Refused(why))) => Err(LoadError::compile(shown(&why).into())),
        Ok(Answer::Outcome(Outcome::TooMuchCode)) => {
            Err(LoadError::TooCostly(Cost::Code(limits.code_bytes)))
        }
        Ok(Answer::Outcome(Outcome::NoMemory)) => {
            Err(LoadError::TooCostly(Cost::Memory(limits.memory_bytes)))
        }
        Ok(Answer::Stranger) => Err(LoadError::process(program, ProcessError::Other)),
        Err(err) if err.kind() == io::ErrorKind::InvalidData => {
            Err(LoadError::process(program, ProcessError::Damaged))
        }
        Err(_) => Err(ended.failure(limits)),
    }
}

impl Ended {
    /// Why there is no answer.
    fn failure(&self, limits: &CompileLimits) -> LoadError {
        let signal = self.status.signal();
        if self.late {
            return LoadError::TooCostly(Cost::Wall(limits.wall_ms));
        }
        if signal == Some(Signal::XCPU.as_raw()) {
            return LoadError::TooCostly(Cost::Cpu(limits.cpu_ms));
        }
        let said = String::from_utf8_lossy(&self.said);
        // What Rust's standard library says before it aborts.
        if signal == Some(Signal::ABORT.as_raw()) && said.contains("memory allocation of ") {
            return LoadError::TooCostly(Cost::Memory(limits.memory_bytes));
        }
        let said = said.lines().map(str::trim).find(|line| !line.is_empty());
        let said = said.map_or_else(String::new, |line| format!(", and said: {}", shown(line)));
        LoadError::Crashed(format!("{}{said}", self.status))
    }
}

/// Starts a process, and sees it to its end.
fn run(
    program: &Path,
    args: &[OsString],
    limits: &CompileLimits,
    engine: &Engine,
    wasm: &[u8],
) -> io::Result<Ended> {
    let request = Request {
        memory_bytes: limits.memory_bytes,
        // No time at all would be no limit.
        cpu_s: limits.cpu_ms.div_ceil(1000).max(1),
        code_bytes: limits.code_bytes,
        wasm_bytes: wasm.len() as u64,
    };
    let mut child = Command::new(program)
        .args(args)
        // The host's variables may hold passwords.
        .env_clear()
        // What wasmtime compiles with makes so many threads.
        .env("RAYON_NUM_THREADS", limits.threads.max(1).to_string())
        .current_dir("/")
        // It is ended by its group, and not by who interrupts the host at a terminal.
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (Some(stdin), Some(mut stdout), Some(stderr)) = pipes else {
        return Err(io::Error::other("it has no pipes"));
    };
    let (pid, expected) = (Pid::from_child(&child), engine_digest(engine));
    std::thread::scope(|scope| {
        let watched = watch(scope, pid, Duration::from_millis(limits.wall_ms));
        let rest = watched.and_then(|watch| {
            Ok((watch, send(scope, stdin, request, wasm)?, listen(scope, stderr)?))
        });
        let ((done, watch), sent, said) = match rest {
            Ok(rest) => rest,
            // No thread can be started: nor can the process be left to itself.
            Err(err) => {
                end(&mut child)?;
                return Err(err);
            }
        };
        let answer = answer(&mut stdout, &expected, limits.code_bytes);
        drop(stdout);
        // Only one that says too little has an end worth waiting for.
        if !answer.as_ref().is_err_and(|err| err.kind() == io::ErrorKind::UnexpectedEof) {
            _ = kill_process_group(pid, Signal::KILL);
        }
        // Seen to have ended, and not reaped yet: until then its number is its own, and
        // the watch cannot kill another.
        _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        // Nor does anything go on that it may have started.
        _ = kill_process_group(pid, Signal::KILL);
        drop(done);
        let late = watch.join().unwrap_or(false);
        let status = child.wait()?;
        drop(sent.join());
        let said = said.join().unwrap_or_default();
        Ok(Ended { answer, status, said, late })
    })
}

fn answer(stdout: &mut impl Read, engine: &[u8; 32], code_bytes: u64) -> io::Result<Answer> {
    match wire::read_head(stdout)? {
        Some(head) if head == *engine => Outcome::read(stdout, code_bytes).map(Answer::Outcome),
        _ => Ok(Answer::Stranger),
    }
}

/// What stops a watch, and what it says when it stops.
type Watch<'scope> = (mpsc::Sender<()>, ScopedJoinHandle<'scope, bool>);

/// Kills the process once its time is up, and tells whether it did.
fn watch<'scope>(
    scope: &'scope Scope<'scope, '_>,
    pid: Pid,
    time: Duration,
) -> io::Result<Watch<'scope>> {
    let (done, ended) = mpsc::channel();
    let watch = move || {
        let late = ended.recv_timeout(time) == Err(RecvTimeoutError::Timeout);
        if late {
            _ = kill_process_group(pid, Signal::KILL);
        }
        late
    };
    Ok((done, thread().spawn_scoped(scope, watch)?))
}

/// Sends the component. The pipe is handed back open: its end tells the process that
/// the host is gone.
fn send<'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut stdin: ChildStdin,
    request: Request,
    wasm: &'scope [u8],
) -> io::Result<ScopedJoinHandle<'scope, ChildStdin>> {
    thread().spawn_scoped(scope, move || {
        // It may have ended, which its answer tells, or the lack of one.
        _ = request.write(&mut stdin).and_then(|()| stdin.write_all(wasm));
        stdin
    })
}

/// Reads what the process says to its end, and keeps the beginning.
fn listen<'scope>(
    scope: &'scope Scope<'scope, '_>,
    mut stderr: impl Read + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, Vec<u8>>> {
    thread().spawn_scoped(scope, move || {
        let mut said = Vec::new();
        _ = stderr.by_ref().take(SAID_BYTES_MAX).read_to_end(&mut said);
        _ = io::copy(&mut stderr, &mut io::sink());
        said
    })
}

fn thread() -> Builder {
    Builder::new().name("satama-compile".into())
}

fn end(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

/// Text that the component may have chosen, without what a terminal would obey.
fn shown(text: &str) -> String {
    let plain = |c: char| !c.is_control();
    text.chars().flat_map(|c| if plain(c) { vec![c] } else { c.escape_debug().collect() }).collect()
}
