//! `satama serve`: components that listen, until they are told to stop.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use satama::grant::Manifest;
use satama::runtime::{Host, Listening};
use tokio::signal::unix::{SignalKind, signal};

use super::stores::Stores;
use super::{Compile, MANIFEST, Usage, print};

/// Instances that may run at a time, of all tenants together.
const INSTANCES: u32 = 256;

/// Run the components that listen to topics, until SIGTERM or SIGINT.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama serve grant.toml
  satama serve tenants/*.toml --store redis://localhost

Each manifest names its component, and what it listens to:

  [hub]
  buses = [\"orders\"]

  [[hub.listen]]
  bus = \"orders\"
  topics = [\"paid\"]
  group = \"billing\"     # each message to one host of the group; without, to every host
  instance = \"kept\"     # or \"fresh\", a new one for each message

Once a line says `ready`, all that is published is heard. On a signal, messages that are being
dealt with are finished, and no more are taken.")]
pub(super) struct Serve {
    /// The tenants' manifests.
    #[arg(default_value = MANIFEST)]
    manifests: Vec<PathBuf>,

    #[command(flatten)]
    stores: Stores,

    #[command(flatten)]
    compile: Compile,
}

impl Serve {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let (mut term, mut int) =
            (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let manifests =
            self.manifests.iter().map(|file| read(file)).collect::<anyhow::Result<Vec<_>>>()?;
        let stores = self.stores.read()?;
        let compiler = self.compile.compiler(INSTANCES)?;
        let secrets = manifests.iter().any(|manifest| manifest.grant.links("secret"));
        let host = Host::new(compiler, stores.open(secrets).await?);
        let mut listening = Vec::new();
        for (file, manifest) in self.manifests.iter().zip(manifests) {
            let started = self.start(&host, manifest).await;
            listening.push(started.with_context(|| file.display().to_string())?);
        }
        print("ready")?;
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
        for listening in listening {
            listening.stop().await;
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn start(&self, host: &Host, manifest: Manifest) -> anyhow::Result<Listening> {
        let component = manifest.component.as_deref().unwrap_or(Path::new(""));
        let code = self.compile.load(host.compiler(), component).await?;
        manifest.check_digest(code.digest())?;
        let name = component.file_stem().unwrap_or_default().to_string_lossy();
        let tenant = manifest.grant.tenant().to_owned();
        let program = host.program(&code, &name, Arc::new(manifest.grant))?;
        let listening = program.listen(&manifest.listen).await?;
        for listen in &manifest.listen {
            let once = listen.group.as_ref().map(|group| format!(", in group {group}"));
            let topics = listen.topics.join(", ");
            let hub = &listen.hub;
            print(&format!(
                "{tenant}: {name} listens to {hub}: {topics}{}",
                once.unwrap_or_default()
            ))?;
        }
        Ok(listening)
    }
}

/// A manifest that can be served.
fn read(file: &Path) -> anyhow::Result<Manifest> {
    let manifest = Manifest::read(file)?;
    let lacks = if manifest.component.is_none() {
        "it names no component; add `component = \"FILE\"`"
    } else if manifest.listen.is_empty() {
        "it listens to nothing; add a [[hub.listen]], as `satama serve --help` shows"
    } else {
        return Ok(manifest);
    };
    Err(Usage(format!("{}: {lacks}", file.display())).into())
}
