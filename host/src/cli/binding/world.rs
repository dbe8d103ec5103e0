//! The world that a component is made for, read from its WIT.

use std::path::{Path, PathBuf};

use wit_bindgen_core::wit_parser::{Resolve, WorldId};

/// What a template calls its world, and what is taken where there are several.
const NAME: &str = "plugin";

/// Which world, on a command line.
#[derive(clap::Args)]
pub(in super::super) struct Args {
    /// The folder of the world's package, with those that it names in `deps`.
    #[arg(long, value_name = "FOLDER", default_value = "wit")]
    wit: PathBuf,

    /// The world [default: `plugin`, or the only one].
    #[arg(long, value_name = "NAME")]
    world: Option<String>,
}

/// A world, with all that it names.
pub(in super::super) struct World {
    pub(super) folder: PathBuf,
    pub(in super::super) resolve: Resolve,
    pub(in super::super) id: WorldId,
}

/// WIT that cannot be read, or has no such world.
#[derive(Debug, thiserror::Error)]
#[error("{}: {message}", .folder.display())]
pub(in super::super) struct BadWit {
    pub(super) folder: PathBuf,
    pub(super) message: String,
}

impl Args {
    pub(super) fn read(&self) -> Result<World, BadWit> {
        World::read(&self.wit, self.world.as_deref())
    }
}

impl World {
    /// The world of this name in `folder`; without a name, the one that is meant.
    pub(in super::super) fn read(folder: &Path, name: Option<&str>) -> Result<Self, BadWit> {
        let bad = |message: String| BadWit { folder: folder.to_owned(), message };
        let mut resolve = Resolve::default();
        let (package, _) = match resolve.push_dir(folder) {
            Ok(read) => read,
            Err(err) => return Err(bad(resolve.render_error(&err))),
        };
        let worlds = &resolve.packages[package].worlds;
        let name = name.or_else(|| worlds.contains_key(NAME).then_some(NAME));
        let id = resolve.select_world(&[package], name).map_err(|err| bad(format!("{err:#}")))?;
        Ok(Self { folder: folder.to_owned(), resolve, id })
    }

    /// What it is called.
    pub(in super::super) fn name(&self) -> &str {
        &self.resolve.worlds[self.id].name
    }

    /// Whether it imports the interface of this id, such as `satama:services/cache@0.1.0`.
    pub(in super::super) fn imports(&self, id: &str) -> bool {
        let imports = &self.resolve.worlds[self.id].imports;
        imports.keys().any(|import| self.resolve.name_world_key(import) == id)
    }

    /// What it exports: names of functions, ids of interfaces.
    pub(in super::super) fn exports(&self) -> impl Iterator<Item = String> {
        let exports = &self.resolve.worlds[self.id].exports;
        exports.keys().map(|export| self.resolve.name_world_key(export))
    }

    /// What its package is called, without the namespace.
    pub(in super::super) fn package(&self) -> &str {
        let package = self.resolve.worlds[self.id].package;
        package.map_or(NAME, |package| &self.resolve.packages[package].name.name)
    }
}
