//! `satama worker`: runs workflows and functions, until it is told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use satama::grant::Manifest;
use satama::runtime::{Host, Program, WorkerConfig};
use tokio::signal::unix::{SignalKind, signal};

use super::stores::Stores;
use super::{Compile, MANIFEST, Usage, print};

/// Instances that are there at a time for each body or function that runs: one that ends, and the
/// next.
const SPARE: u32 = 8;

/// Run the workflows and functions of components, until SIGTERM or SIGINT.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama worker grant.toml
  satama worker tenants/*.toml --store redis://localhost

Each manifest names its component, and what it has:

  [workflow]
  bodies = [\"checkout\"]     # workflows
  functions = [\"charge\"]    # what they call as steps; may be another component's
  calls = [\"charge\"]        # functions that the bodies may call; if missing, its own

  [run]
  workflows = [\"report\"]    # other workflows that it may start, see and control

Start as many as you like on one store. Each takes what is ready, and what a lost one had, ten
seconds after that was lost (--lease-ms). On a signal, bodies are let go when they wait or would
begin a step, and go on elsewhere; steps and functions that run are finished. A second signal
ends it at once, which loses nothing but time.

An old version of a component is kept running by a manifest of its own, until `satama runs list`
shows no more runs of it that have not ended.")]
pub(super) struct Worker {
    /// The tenants' manifests.
    #[arg(default_value = MANIFEST)]
    manifests: Vec<PathBuf>,

    #[command(flatten)]
    stores: Stores,

    #[command(flatten)]
    compile: Compile,

    /// Workflows that are in memory at a time.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    bodies: u32,

    /// Functions that run at a time.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    functions: u32,

    /// How late another worker goes on with what a lost one had.
    #[arg(long, value_name = "MS", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(100..=3_600_000))]
    lease_ms: u64,

    /// How long a workflow stays in memory while it waits.
    #[arg(long, value_name = "MS", default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(..=3_600_000))]
    warm_ms: u64,

    /// What this worker is called in histories; if not given, a random name.
    #[arg(long, value_name = "NAME", value_parser = name)]
    name: Option<String>,
}

impl Worker {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (mut term, mut int) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let manifests =
            self.manifests.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<_>>>()?;
        let stores = self.stores.read()?;
        let compiler = self.compile.compiler(self.bodies + self.functions + SPARE)?;
        let secrets = manifests.iter().any(|manifest| manifest.grant.links("secret"));
        let host = Host::new(compiler, stores.open(secrets).await?);
        let mut programs = Vec::new();
        for (file, manifest) in self.manifests.iter().zip(manifests) {
            let program = self.program(&host, manifest).await;
            programs.push(program.with_context(|| file.display().to_string())?);
        }
        let mut config = WorkerConfig::default();
        (config.bodies, config.functions) = (self.bodies, self.functions);
        config.lease = Duration::from_millis(self.lease_ms);
        config.warm = Duration::from_millis(self.warm_ms);
        config.name = self.name;
        let worker = host.work(&programs, config).await?;
        print("ready")?;
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        tokio::select! {
            () = worker.stop() => {}
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn program(&self, host: &Host, manifest: Manifest) -> anyhow::Result<Program> {
        let component = manifest.component.as_deref().unwrap_or(Path::new(""));
        let code = self.compile.load(host.compiler(), component).await?;
        manifest.check_digest(code.digest())?;
        let name = component.file_stem().unwrap_or_default().to_string_lossy();
        let grant = manifest.grant;
        let (tenant, granted) = (grant.tenant(), grant.workflow().granted());
        for (what, names) in [("workflows", &granted.bodies), ("functions", &granted.functions)] {
            if !names.is_empty() {
                print(&format!("{tenant}: {name} has {what} {}", names.join(", ")))?;
            }
        }
        Ok(host.program(&code, &name, Arc::new(grant))?)
    }
}

/// A manifest that has something to work on.
fn read(file: &Path) -> anyhow::Result<Manifest> {
    let manifest = Manifest::read(file)?;
    let lacks = if manifest.component.is_none() {
        "it names no component; add `component = \"FILE\"`"
    } else if !manifest.grant.links("workflow") {
        "it has no workflows and no functions; add a [workflow], as `satama worker --help` shows"
    } else {
        return Ok(manifest);
    };
    Err(Usage(format!("{}: {lacks}", file.display())).into())
}

/// A name that histories, keys and tokens can hold.
fn name(text: &str) -> Result<String, String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    if text.is_empty() || text.len() > 64 || !text.bytes().all(plain) {
        return Err("use 1 to 64 letters, digits, `.`, `_` and `-`".into());
    }
    Ok(text.to_owned())
}
