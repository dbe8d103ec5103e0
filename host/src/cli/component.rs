//! `satama component`: a component out of what a compiler made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use wasi_preview1_component_adapter_provider as adapter;
use wasm_encoder::{Module, RawSection};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use super::binding::world::World;

/// Make a component of a core module, as `satama build` does for C and Go.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama component build/core.wasm -o hello.wasm
  satama component internal/wit/core.wasm --wit wit -o hello.wasm

Bindings for C put the world into the module; for Go it is to be named. Imports of WASI 0.1 are
adapted.")]
pub(super) struct Component {
    /// The module: a .wasm file.
    module: PathBuf,

    /// The component.
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,

    /// The folder of the world's package, if the module has no world in it.
    #[arg(long, value_name = "FOLDER")]
    wit: Option<PathBuf>,

    /// The world [default: `plugin`, or the only one].
    #[arg(long, value_name = "NAME", requires = "wit")]
    world: Option<String>,

    /// Keep what a debugger needs: it is most of the file. Names of functions stay without it.
    #[arg(long)]
    debug: bool,
}

/// A module that cannot be made a component.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAComponent {
    /// Its code uses what its world does not import.
    #[error("the code uses {interface}; add `import {interface};` to the world in wit/world.wit")]
    NotImported { interface: String },
    /// It is one.
    #[error("{} is a component already", .module.display())]
    Already { module: PathBuf },
    /// Anything else.
    #[error("{} cannot be made a component", .module.display())]
    Refused { module: PathBuf, source: anyhow::Error },
}

impl Component {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let read = |wit: &PathBuf| World::read(wit, self.world.as_deref());
        let world = self.wit.as_ref().map(read).transpose()?;
        encode(&self.module, world.as_ref(), &self.out, self.debug)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes the component of `module`, of the world if it is not in there already, to `out`, with or
/// without what a debugger needs.
pub(super) fn encode(
    module: &Path,
    world: Option<&World>,
    out: &Path,
    debug: bool,
) -> anyhow::Result<()> {
    let mut bytes =
        fs::read(module).with_context(|| format!("cannot read {}", module.display()))?;
    if Parser::is_component(&bytes) {
        return Err(NotAComponent::Already { module: module.to_owned() }.into());
    }
    if !bytes.starts_with(b"\0asm") {
        return Err(refused(module, anyhow::anyhow!("it is no WebAssembly")).into());
    }
    if !debug {
        bytes = without_debug(&bytes).map_err(|err| refused(module, err))?;
    }
    let component = component(bytes, world).map_err(|err| refused(module, err))?;
    fs::write(out, component).with_context(|| format!("cannot write {}", out.display()))
}

fn component(mut module: Vec<u8>, world: Option<&World>) -> anyhow::Result<Vec<u8>> {
    if let Some(World { resolve, id, .. }) = world {
        embed_component_metadata(&mut module, resolve, *id, StringEncoding::UTF8, false)?;
    }
    ComponentEncoder::default()
        .module(&module)?
        .validate(true)
        .adapter(
            adapter::WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME,
            adapter::WASI_SNAPSHOT_PREVIEW1_REACTOR_ADAPTER,
        )?
        .encode()
}

fn refused(module: &Path, source: anyhow::Error) -> NotAComponent {
    // The encoder's own words; it has no error of its own for this.
    let text = format!("{source:#}");
    let rest = text.split_once("requires an import interface named `").map(|(_, rest)| rest);
    match rest.and_then(|rest| rest.split_once('`')) {
        Some((interface, _)) => NotAComponent::NotImported { interface: interface.to_owned() },
        None => NotAComponent::Refused { module: module.to_owned(), source },
    }
}

/// The module without its DWARF.
fn without_debug(bytes: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut module = Module::new();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::CustomSection(section) = &payload
            && section.name().starts_with(".debug_")
        {
            continue;
        }
        if let Some((id, range)) = payload.as_section() {
            let range = usize::try_from(range.start)?..usize::try_from(range.end)?;
            module.section(&RawSection { id, data: &bytes[range] });
        }
    }
    Ok(module.finish())
}
