//! Which interfaces a grant links, and why a component does not.

use std::fmt;

use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{InstancePre, Linker};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView as _};
use wasmtime_wasi::p2::bindings::{cli, clocks, filesystem, random, sockets};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::{WasiSockets, WasiSocketsView as _};

use super::engine::{Code, Compiler};
use super::state::State;
use crate::bindings::satama::services;
use crate::cache::HasCache;
use crate::channel::HasChannel;
use crate::grant::{Grant, Manifest};
use crate::guest::View;
use crate::hub::HasHub;
use crate::run::HasRun;
use crate::secret::HasSecret;
use crate::session::HasSession;
use crate::workflow::HasWorkflow;

/// The version of `satama:services` that this host offers.
pub const OFFERED_VERSION: &str = "0.1.0";

/// The package whose interfaces are services.
pub(super) const PACKAGE: &str = "satama:services/";

/// A service, and what a manifest says to grant it.
const SERVICES: [(&str, &str); 10] = [
    ("cache", "[cache]\nbuckets = [\"NAME\"]"),
    ("session", "[session]\nstores = [\"NAME\"]"),
    ("channel", "[channel]\nstores = [\"NAME\"]"),
    ("hub", "[hub]\nbuses = [\"NAME\"]"),
    ("secret", "[secret]\nread = [\"NAME\"]"),
    ("secret-use", "[secret]\nread = [\"NAME\"]"),
    ("secret-reveal", "[secret]\nread = [\"NAME\"]\nreveal = [\"NAME\"]"),
    ("credential", "[credential]\nread = [\"NAME\"]"),
    ("workflow", "[workflow]\nbodies = [\"NAME\"]\nfunctions = [\"NAME\"]"),
    ("run", "[run]\nworkflows = [\"NAME\"]"),
];

/// An interface that has only types, and so needs no grant.
const TYPES: &str = "types";

/// What of WASI is linked. All of it is powerless without a grant of folders or
/// variables; every toolchain's guests import some of it, used or not. Python's import
/// sockets, of which none can be made.
const WASI: [&str; 6] =
    ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// Why a component does not link. Names each import that stands in the way.
#[derive(Debug)]
pub struct LinkError {
    /// The imports that are refused.
    pub refused: Vec<Refusal>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// One import that a component wants and does not get.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The import, as the component names it.
    pub import: String,
    /// Why not, and what to do.
    pub why: String,
}

/// Adds the interfaces that `grant` names to `linker`; the others stay unknown to it.
pub fn add_to_linker<T: View>(linker: &mut Linker<T>, grant: &Grant) -> wasmtime::Result<()> {
    if grant.links("cache") {
        services::cache::add_to_linker::<T, HasCache>(linker, |state| state.satama().cache())?;
    }
    if grant.links("session") {
        services::session::add_to_linker::<T, HasSession>(linker, |state| {
            state.satama().session()
        })?;
    }
    if grant.links("channel") {
        services::channel::add_to_linker::<T, HasChannel>(linker, |state| {
            state.satama().channel()
        })?;
    }
    if grant.links("hub") {
        services::hub::add_to_linker::<T, HasHub>(linker, |state| state.satama().hub())?;
    }
    if grant.links("workflow") {
        services::workflow::add_to_linker::<T, HasWorkflow>(linker, |state| {
            state.satama().workflow()
        })?;
    }
    if grant.links("run") {
        services::run::add_to_linker::<T, HasRun>(linker, |state| state.satama().run())?;
    }
    add_secrets_to_linker(linker, grant)
}

/// Secrets are four interfaces, so that each can be granted apart.
fn add_secrets_to_linker<T: View>(linker: &mut Linker<T>, grant: &Grant) -> wasmtime::Result<()> {
    if grant.links("secret") {
        services::secret::add_to_linker::<T, HasSecret>(linker, |state| state.satama().secret())?;
    }
    if grant.links("secret-use") {
        services::secret_use::add_to_linker::<T, HasSecret>(linker, |state| {
            state.satama().secret()
        })?;
    }
    if grant.links("secret-reveal") {
        services::secret_reveal::add_to_linker::<T, HasSecret>(linker, |state| {
            state.satama().secret()
        })?;
    }
    if grant.links("credential") {
        services::credential::add_to_linker::<T, HasSecret>(linker, |state| {
            state.satama().secret()
        })?;
    }
    Ok(())
}

/// Links a component under a grant: its services, and the powerless part of
/// WASI. HTTP is in no grant yet, so nothing links it.
pub(super) fn pre(
    compiler: &Compiler,
    code: &Code,
    grant: &Grant,
) -> Result<InstancePre<State>, LinkError> {
    let mut linker = Linker::new(compiler.engine());
    add_wasi(&mut linker)
        .and_then(|()| add_to_linker(&mut linker, grant))
        .map_err(LinkError::other)?;
    code.check(compiler.engine(), grant)?;
    linker.instantiate_pre(code.component()).map_err(LinkError::other)
}

fn add_wasi(l: &mut Linker<State>) -> wasmtime::Result<()> {
    wasmtime_wasi_io::add_to_linker_async(l)?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    random::insecure::add_to_linker::<_, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(l, |t| t.ctx().ctx.random())?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(l, State::filesystem)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(l, State::filesystem)?;
    cli::exit::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(l, State::cli)?;
    add_sockets(l)
}

/// Sockets that nobody gets: a `WasiCtx` refuses to make one, and to look up a name, unless
/// it was told otherwise.
fn add_sockets(l: &mut Linker<State>) -> wasmtime::Result<()> {
    let network = sockets::network::LinkOptions::default();
    sockets::network::add_to_linker::<_, WasiSockets>(l, &network, State::sockets)?;
    sockets::instance_network::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    sockets::tcp::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    sockets::tcp_create_socket::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    sockets::udp::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    sockets::udp_create_socket::add_to_linker::<_, WasiSockets>(l, State::sockets)?;
    sockets::ip_name_lookup::add_to_linker::<_, WasiSockets>(l, State::sockets)
}

impl Code {
    /// What the component imports from the host.
    pub fn imports(&self, engine: &Engine) -> Vec<String> {
        let ty = self.component().component_type();
        let items =
            ty.imports(engine).filter(|(_, item)| !matches!(item.ty, ComponentItem::Type(_)));
        items.map(|(name, _)| name.to_owned()).collect()
    }

    /// Whether every import is granted, or which are not.
    pub fn check(&self, engine: &Engine, grant: &Grant) -> Result<(), LinkError> {
        let refuse = |import: String| refusal(&import, grant).map(|why| Refusal { import, why });
        let refused: Vec<_> = self.imports(engine).into_iter().filter_map(refuse).collect();
        if refused.is_empty() { Ok(()) } else { Err(LinkError { refused, source: None }) }
    }
}

/// Why `import` is refused under `grant`, if it is.
fn refusal(import: &str, grant: &Grant) -> Option<String> {
    let Some(path) = import.strip_prefix(PACKAGE) else {
        if WASI.iter().any(|prefix| import.starts_with(prefix)) {
            return None;
        }
        let why = if import.starts_with("wasi:http/") {
            "no manifest can grant the network yet; build the component without it"
        } else {
            "this host does not offer it; build the component without it"
        };
        return Some(why.to_owned());
    };
    let (name, version) = path.split_once('@').unwrap_or((path, "none"));
    if name == TYPES && compatible(version) {
        return None;
    }
    let service = SERVICES.iter().find(|(service, _)| *service == name);
    let Some((_, manifest)) = service.or((name == TYPES).then_some(&(TYPES, ""))) else {
        return Some(format!("this host has no service `{name}`; use a newer satama"));
    };
    if !compatible(version) {
        return Some(format!(
            "it was built for version {version} of satama:services, this host offers {OFFERED_VERSION}; \
             build the component with the WIT of {OFFERED_VERSION}, or use another satama"
        ));
    }
    if grant.links(name) {
        return None;
    }
    Some(format!("it is not granted; add to the manifest:\n{manifest}"))
}

/// The service that an import is of, if it is of one that this host offers.
pub fn service_of(import: &str) -> Option<(&'static str, &'static str)> {
    let name = import.strip_prefix(PACKAGE)?.split('@').next()?;
    SERVICES.into_iter().find(|(service, _)| *service == name)
}

/// Versions below 1.0 are compatible within a minor version (semver.org, item 4,
/// as Cargo and the component model read it).
fn compatible(version: &str) -> bool {
    let minor = |version: &str| version.rsplit_once('.').map(|(minor, _)| minor.to_owned());
    minor(version) == minor(OFFERED_VERSION)
}

/// What the interface of this name is called in a component.
fn id(interface: &str) -> String {
    format!("{PACKAGE}{interface}@{OFFERED_VERSION}")
}

/// What to do about an export that is missing.
pub(super) fn add_export(export: &str) -> String {
    format!("add `export {};` to its world, and the code for it", id(export))
}

/// A component that does not export what its manifest has it serve.
#[derive(Debug, thiserror::Error)]
#[error("the manifest has {what}, and the component does not export `{export}`; {}", add_export(.export))]
pub struct NotServed {
    what: &'static str,
    export: &'static str,
}

impl Code {
    /// Checks that the component exports the handlers of what its manifest has it serve.
    pub fn check_served(&self, manifest: &Manifest) -> Result<(), NotServed> {
        let granted = manifest.grant.workflow().granted();
        for (is_wanted, what, export) in [
            (!manifest.listen.is_empty(), "[[hub.listen]]", "hub-handler"),
            (!granted.bodies.is_empty(), "`bodies` in [workflow]", "workflow-handler"),
            (!granted.functions.is_empty(), "`functions` in [workflow]", "function-handler"),
        ] {
            let id = id(export);
            if is_wanted && self.component().get_export_index(None, &id).is_none() {
                return Err(NotServed { what, export });
            }
        }
        Ok(())
    }
}

impl LinkError {
    fn other(err: wasmtime::Error) -> Self {
        Self { refused: Vec::new(), source: Some(err.into()) }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the component does not link")?;
        for Refusal { import, why } in &self.refused {
            write!(f, "\n  import `{import}`: {}", why.replace('\n', "\n    "))?;
        }
        Ok(())
    }
}

impl std::error::Error for LinkError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|err| err as _)
    }
}
