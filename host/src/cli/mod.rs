//! The command line.

mod binding;
mod build;
mod check;
mod component;
mod follow;
mod inspect;
mod language;
mod new;
mod redis_acl;
mod run;
mod runs;
mod secret;
mod serve;
mod stores;
mod value;
mod worker;

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use etcetera::{AppStrategy, AppStrategyArgs, choose_app_strategy};
use satama::OpenError;
use satama::grant::{ManifestError, Mismatch};
use satama::runtime::{
    CallError, Code, CompileLimits, Compiler, HostConfig, LinkError, ListenError, LoadError,
    NotServed, StartError, WorkError, compile_stdin,
};
use satama::secret::KeyringError;
use tracing_subscriber::EnvFilter;

use self::stores::NoKeyring;

/// WebAssembly components with stateful services.
#[derive(Parser)]
#[command(name = "satama", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    /// What is logged to stderr: a level, or targets with levels.
    #[arg(long, global = true, value_name = "FILTER", env = "SATAMA_LOG", default_value = LOG)]
    log: String,

    /// Log as JSON, one object a line.
    #[arg(long, global = true)]
    log_json: bool,

    #[command(subcommand)]
    command: Command,
}

/// What a guest prints, and what goes wrong but for the call itself, which is the
/// command's own error. `satama::call=debug` adds host calls.
const LOG: &str = "warn,satama::guest=info,satama::runtime::call=off";

/// The manifest that is read where none is named.
const MANIFEST: &str = "grant.toml";

const EXIT_CODES: &str = "Exit codes:
  0  it worked
  1  the guest's function returned an error, a secret or run is not there or not as it must be,
     or some of many failed
  2  the command line is wrong
  3  a component, a manifest or a project is wrong, or they do not fit
  4  the guest was stopped, or failed
  5  a store or a keyring cannot be used
  6  anything else: files, the machine
  7  something that a build needs is missing";

#[derive(Subcommand)]
enum Command {
    New(new::New),
    Build(build::Build),
    Run(run::Run),
    Serve(serve::Serve),
    Worker(worker::Worker),
    Runs(runs::Command),
    Inspect(inspect::Inspect),
    Check(check::Check),
    RedisAcl(redis_acl::RedisAcl),
    Secret(secret::Command),
    /// What the others start to compile a component.
    #[command(hide = true)]
    Compile,
    Bindings(binding::Bindings),
    Component(component::Component),
}

/// The arguments of [`Command::Compile`].
const COMPILE: [&str; 1] = ["compile"];

/// What all share that load components.
#[derive(clap::Args)]
struct Compile {
    /// Folder of compiled components; only you may be able to write to it
    /// [default: in your cache folder].
    #[arg(long, value_name = "FOLDER")]
    aot: Option<PathBuf>,

    /// Compile anew, and keep nothing.
    #[arg(long, conflicts_with = "aot")]
    no_aot: bool,

    /// Time of the processor's that compiling a component may take; it is given up in any case
    /// after five times as long.
    #[arg(long, value_name = "MS", default_value_t = CompileLimits::default().cpu_ms, value_parser = clap::value_parser!(u64).range(1000..=86_400_000))]
    compile_ms: u64,

    /// Most memory that it may take, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = CompileLimits::default().memory_bytes >> 20, value_parser = clap::value_parser!(u64).range(64..=1 << 20))]
    compile_mib: u64,
}

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Command::Compile = cli.command {
        return compile_stdin();
    }
    let runtime = tokio::runtime::Runtime::new().context("cannot start threads");
    let done = start_log(&cli).and(runtime).and_then(|runtime| {
        runtime.block_on(async {
            match cli.command {
                Command::New(new) => new.run(),
                Command::Build(build) => build.run().await,
                Command::Run(run) => run.run().await,
                Command::Serve(serve) => serve.run().await,
                Command::Worker(worker) => worker.run().await,
                Command::Runs(runs) => runs.run().await,
                Command::Inspect(inspect) => inspect.run().await,
                Command::Check(check) => check.run().await,
                Command::RedisAcl(acl) => acl.run(),
                Command::Secret(secret) => secret.run().await,
                Command::Compile => Ok(compile_stdin()),
                Command::Bindings(bindings) => bindings.run(),
                Command::Component(component) => component.run(),
            }
        })
    });
    done.unwrap_or_else(|err| {
        // The pipe may be closed; the exit code still tells.
        _ = writeln!(std::io::stderr(), "error: {}", satama::chain(&*err));
        if let Some(CallError::Trapped { backtrace, .. }) = err.downcast_ref()
            && !backtrace.is_empty()
        {
            _ = writeln!(std::io::stderr(), "{backtrace}");
        }
        code_of(&err).into()
    })
}

fn start_log(cli: &Cli) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&cli.log)
        .map_err(|_| Usage(format!("--log {}: not a filter; try `info` or `{LOG}`", cli.log)))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would tell of a closed pipe on that same pipe, and panic.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::CLOSE);
    if cli.log_json {
        log.json().init();
    } else {
        log.init();
    }
    Ok(())
}

/// The exit code of an error; see [`EXIT_CODES`].
fn code_of(err: &anyhow::Error) -> u8 {
    if let Some(err) = err.downcast_ref() {
        return match err {
            CallError::NoExport { .. } | CallError::Arguments { .. } => 2,
            CallError::Stopped(_) | CallError::Exited(_) | CallError::Trapped { .. } => 4,
            CallError::Busy(_) | CallError::Folder { .. } => 6,
        };
    }
    if let Some(err) = err.downcast_ref::<satama::run::Error>() {
        return match err {
            satama::run::Error::Unavailable(_) | satama::run::Error::Malformed(_) => 5,
            satama::run::Error::Refused(_)
            | satama::run::Error::InvalidJson(_)
            | satama::run::Error::InvalidCron(_)
            | satama::run::Error::InvalidStep(_)
            | satama::run::Error::InvalidCursor
            | satama::run::Error::TooLarge { .. } => 2,
            _ => 1,
        };
    }
    if err.is::<Usage>() {
        2
    } else if let Some(LoadError::Process { .. }) = err.downcast_ref() {
        6
    } else if err.is::<LoadError>()
        || err.is::<LinkError>()
        || err.is::<ManifestError>()
        || err.is::<Mismatch>()
        || err.is::<ListenError>()
        || err.is::<WorkError>()
        || err.is::<NotServed>()
        || err.is::<build::Failed>()
        || err.is::<build::Unlike>()
        || err.is::<binding::BadWit>()
        || err.is::<component::NotAComponent>()
    {
        3
    } else if err.is::<build::Missing>() {
        7
    } else if err.is::<OpenError>()
        || err.is::<KeyringError>()
        || err.is::<NoKeyring>()
        || err.is::<satama::secret::Error>()
    {
        5
    } else {
        6
    }
}

/// A command line that is wrong in a way that only the command can tell.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0)]
struct Usage(String);

impl Compile {
    fn compiler(&self, instances_max: u32) -> anyhow::Result<Compiler> {
        let mut config = HostConfig::default();
        config.instances_max = instances_max;
        config.aot_folder = match (&self.aot, self.no_aot) {
            (Some(folder), _) => Some(folder.clone()),
            (None, false) => folders().map(|folders| folders.in_cache_dir("aot")),
            (None, true) => None,
        };
        config.compile =
            satama::runtime::Compile::this_program(COMPILE).context("cannot find this program")?;
        config.compile_limits.cpu_ms = self.compile_ms;
        config.compile_limits.wall_ms = 5 * self.compile_ms;
        config.compile_limits.memory_bytes = self.compile_mib << 20;
        match Compiler::new(&config) {
            // The folder is only the default one: go on without it.
            Err(StartError::Aot(err)) if self.aot.is_none() => {
                tracing::warn!("{}", satama::chain(&err));
                config.aot_folder = None;
                Ok(Compiler::new(&config)?)
            }
            done => Ok(done?),
        }
    }

    /// Compiles the component in `file`, and says so if that may take a while.
    async fn load(&self, compiler: &Compiler, file: &Path) -> anyhow::Result<Code> {
        let wasm =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let slow = wasm.len() > 1 << 20 && std::io::stderr().is_terminal();
        if slow {
            _ = write!(std::io::stderr(), "loading {} …\r", file.display());
        }
        let code = compiler.load(wasm).await;
        if slow {
            _ = write!(std::io::stderr(), "\x1b[2K");
        }
        code.map_err(|err| {
            anyhow::Error::new(err).context(format!("cannot load {}", file.display()))
        })
    }
}

/// Where this user's data and caches are, if the user has a home.
fn folders() -> Option<impl AppStrategy> {
    let satama = AppStrategyArgs { app_name: "satama".to_owned(), ..Default::default() };
    choose_app_strategy(satama).ok()
}

/// Prints an answer. A closed pipe is the reader's choice, not an error.
fn print(text: &str) -> anyhow::Result<()> {
    match writeln!(std::io::stdout(), "{text}") {
        Err(err) if err.kind() != std::io::ErrorKind::BrokenPipe => Err(err.into()),
        _ => Ok(()),
    }
}

/// A time as RFC 3339 has it, in UTC, to the second.
fn time(ms: u64) -> String {
    let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX);
    let time = jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::MAX);
    time.to_string()
}

/// Text that a guest may have chosen, without what a terminal would obey, or what would
/// turn its direction.
fn shown(text: &str) -> String {
    let plain = |c: char| matches!(c, '"' | '\'' | '\\');
    text.chars().flat_map(|c| if plain(c) { vec![c] } else { c.escape_debug().collect() }).collect()
}
