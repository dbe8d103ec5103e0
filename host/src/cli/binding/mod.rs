//! `satama bindings`: a world, as a language's code.

pub(super) mod go;
pub(super) mod world;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use wit_bindgen_core::{Files, WorldGenerator};

pub(super) use self::world::BadWit;
use self::world::World;

/// Write a world's bindings for C or Go, as `satama build` does.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama bindings c
  satama bindings go")]
pub(super) struct Bindings {
    /// The language.
    language: Generated,

    #[command(flatten)]
    world: world::Args,

    /// Where the bindings go [default: `build` for C, `internal/wit` for Go].
    #[arg(long, short, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

/// A language whose own tools make no bindings.
#[derive(Clone, Copy, clap::ValueEnum)]
enum Generated {
    /// C
    C,
    /// Go, for the module in this folder
    Go,
}

/// Where C's bindings go, from the project's folder.
pub(super) const C_OUT: &str = "build";

impl Bindings {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let world = self.world.read()?;
        match self.language {
            Generated::C => c(world, self.out.as_deref().unwrap_or(Path::new(C_OUT)))?,
            Generated::Go => {
                go::generate(
                    world,
                    Path::new("."),
                    self.out.as_deref().unwrap_or(go::OUT.as_ref()),
                )?;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Writes WORLD.h, WORLD.c and WORLD_component_type.o to `out`.
pub(super) fn c(world: World, out: &Path) -> anyhow::Result<()> {
    let files = generated(world, wit_bindgen_c::Opts::default().build())?;
    files.iter().try_for_each(|(name, text)| write(&out.join(name), text))
}

/// What a generator makes of a world.
fn generated(world: World, mut generator: Box<dyn WorldGenerator>) -> Result<Files, BadWit> {
    let World { folder, mut resolve, id } = world;
    let mut files = Files::default();
    match generator.generate(&mut resolve, id, &mut files) {
        Ok(()) => Ok(files),
        Err(err) => Err(BadWit { folder, message: format!("{err:#}") }),
    }
}

/// Writes a file, and the folders that it is in.
fn write(file: &Path, text: &[u8]) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(file);
    let done = fs::create_dir_all(folder).and_then(|()| fs::write(file, text));
    done.with_context(|| format!("cannot write {}", file.display()))
}
