//! What a component costs, by the language that it is written in.
//!
//! `satama-bench cost PROGRAM NAME=FILE:BUILD_MS…` prints a row for each file: a component that
//! exports `greet: func(name: string) -> result<string, string>`, which counts in the cache, as the
//! projects do that `satama new` makes. PROGRAM is the command `satama`, which compiles.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use satama::grant::{Grant, Limits, Names, WorkflowGrant};
use satama::runtime::{AotUse, Compile, Compiler, Host, HostConfig, Program};
use satama::{Services, StoreUrl};
use wasmtime::component::Val;

use crate::guests::Call;

pub(crate) const USAGE: &str = "usage: satama-bench cost PROGRAM NAME=FILE:BUILD_MS…";

/// Loads, of which the middle one counts.
const LOADS: usize = 9;

/// Instances and calls, of which the mean counts; and instances that are there at a time.
const INSTANCES: u32 = 50;

/// What is known of each component.
const COLUMNS: [&str; 11] = [
    "",
    "size",
    "build",
    "compile",
    "code",
    "load",
    "instantiate",
    "memory",
    "resident",
    "table",
    "call",
];

/// A component, and how long it took to build.
struct Guest {
    name: String,
    file: PathBuf,
    build: Duration,
}

/// Prints the table.
#[expect(clippy::print_stdout, reason = "the table is what was asked for")]
pub(crate) async fn run(args: &[String]) -> Result<()> {
    let [program, guests @ ..] = args else { bail!(USAGE) };
    let guests: Vec<Guest> = guests.iter().map(|guest| guest.parse()).collect::<Result<_>>()?;
    let mut rows = vec![COLUMNS.map(str::to_owned).to_vec()];
    for guest in &guests {
        eprintln!("cost: {}", guest.name);
        let row = row(Path::new(program), guest).await;
        rows.push(row.with_context(|| format!("cannot measure {}", guest.name))?);
    }
    for (at, row) in rows.iter().enumerate() {
        println!("| {} |", row.join(" | "));
        if at == 0 {
            println!("|{}", "---|".repeat(row.len()));
        }
    }
    Ok(())
}

impl std::str::FromStr for Guest {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('=').and_then(|(name, rest)| {
            rest.rsplit_once(':').map(|(file, build)| (name, file, build))
        });
        let (name, file, build) = parts.context(USAGE)?;
        let build = Duration::from_millis(build.parse().context(USAGE)?);
        Ok(Self { name: name.to_owned(), file: file.into(), build })
    }
}

async fn row(program: &Path, guest: &Guest) -> Result<Vec<String>> {
    let wasm = std::fs::read(&guest.file)
        .with_context(|| format!("cannot read {}", guest.file.display()))?;
    let folder = tempfile::tempdir()?;
    let aot = folder.path().join("aot");
    let mut config = HostConfig::default();
    config.aot_folder = Some(aot.clone());
    config.compile = Compile::Process { program: program.to_owned(), args: vec!["compile".into()] };

    let start = Instant::now();
    let code = Compiler::new(&config)?.load(wasm.clone()).await?;
    let compile = start.elapsed();
    ensure!(code.aot() == AotUse::Saved, "it was compiled before");
    drop(code);
    let code_bytes: u64 = std::fs::read_dir(&aot)?
        .map(|entry| Ok(entry?.metadata()?.len()))
        .sum::<std::io::Result<u64>>()?;

    let mut loads = Vec::new();
    for _ in 0..LOADS {
        let compiler = Compiler::new(&config)?;
        let start = Instant::now();
        let code = compiler.load(wasm.clone()).await?;
        loads.push(start.elapsed());
        ensure!(code.aot() == AotUse::Hit, "it was not kept");
    }
    loads.sort();

    let services = Services::builder(StoreUrl::file(folder.path().join("satama.db")));
    let compiler = Compiler::new(&config)?;
    let code = compiler.load(wasm.clone()).await?;
    let host = Host::new(compiler, services.build().await?);
    let program = host.program(&code, &guest.name, grant()?)?;
    let (instantiate, memory, table, resident) = instances(&program).await?;
    let call = calls(&program).await?;
    Ok(vec![
        guest.name.clone(),
        bytes(wasm.len() as u64),
        time(guest.build),
        time(compile),
        bytes(code_bytes),
        time(loads[LOADS / 2]),
        time(instantiate),
        bytes(memory),
        bytes(resident),
        table.to_string(),
        time(call),
    ])
}

/// How long an instance takes to be there, its memory and table, and what it adds to what
/// this process has of the machine's memory.
async fn instances(program: &Program) -> Result<(Duration, u64, usize, u64)> {
    // What the first of a process needs, the others have then.
    drop(program.instance().await?);
    let start = Instant::now();
    for _ in 0..INSTANCES {
        drop(program.instance().await?);
    }
    let each = start.elapsed() / INSTANCES;
    let before = resident()?;
    let mut idle = Vec::new();
    for _ in 0..INSTANCES {
        idle.push(program.instance().await?);
    }
    let added = resident()?.saturating_sub(before) / u64::from(INSTANCES);
    let first = idle.first().context("there is none")?;
    Ok((each, first.memory_bytes() as u64, first.table_elements(), added))
}

/// How long a call takes that counts in the cache: an instance of its own included.
async fn calls(program: &Program) -> Result<Duration> {
    let greet = Call::new(program, "greet")?;
    let args = [Val::String("Ann".into())];
    let once = async || {
        let results = greet.run(&args).await?;
        ensure!(matches!(results.as_slice(), [Val::Result(Ok(_))]), "`greet` said {results:?}");
        Ok(())
    };
    once().await?;
    let start = Instant::now();
    for _ in 0..INSTANCES {
        once().await?;
    }
    Ok(start.elapsed() / INSTANCES)
}

/// What the manifest of a new project grants, within the limits that every component has.
fn grant() -> Result<Arc<Grant>> {
    let every = || Names::new(["*"]);
    let grant = Grant::new("cost", Limits::default())?.with_cache(every()?).with_session(every()?);
    let grant = grant.with_channel(every()?).with_hub(every()?);
    let grant = grant.with_secret(satama_tests::all_secrets());
    Ok(Arc::new(grant.with_workflow(WorkflowGrant {
        bodies: vec!["welcome".into()],
        functions: vec!["send".into()],
        calls: every()?,
        runs: every()?,
        retention_ms: None,
        concurrent: None,
    })))
}

/// What this process has of the machine's memory that is its own, in bytes.
fn resident() -> Result<u64> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup")
        .context("what is resident is measured on Linux only")?;
    let private = rollup.lines().filter_map(|line| line.strip_prefix("Private_"));
    let kib = private.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    Ok(kib.sum::<u64>() << 10)
}

fn bytes(bytes: u64) -> String {
    match bytes {
        0..100_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        100_000..1_000_000 => format!("{:.0} kB", bytes as f64 / 1e3),
        _ => format!("{:.1} MB", bytes as f64 / 1e6),
    }
}

fn time(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        ..0.001 => format!("{:.0} µs", seconds * 1e6),
        0.001..1.0 => format!("{:.1} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}
