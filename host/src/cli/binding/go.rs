//! Bindings for Go, and what joins them with the project's own code.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use wit_bindgen_core::wit_parser::WorldKey;

use super::super::Usage;
use super::world::World;

/// Where they go, from the module's folder.
pub(in super::super) const OUT: &str = "internal/wit";

/// The package that calls what the world's own functions are, from the bindings' folder.
const EXPORTS: &str = "exports/wit_exports/wit_exports.go";

/// The path of the module in the folder `root`.
pub(in super::super) fn module(root: &Path) -> anyhow::Result<String> {
    let file = root.join("go.mod");
    let text =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("module "));
    let path =
        line.map(|path| path.split("//").next().unwrap_or_default().trim().trim_matches('"'));
    let unnamed = || Usage(format!("{}: no line names the module", file.display()));
    Ok(path.filter(|path| !path.is_empty()).ok_or_else(unnamed)?.to_owned())
}

/// Writes the bindings of a world to `out`, a folder of the module in `root`, and beside them the
/// package `component`, which is what Go builds.
pub(in super::super) fn generate(mut world: World, root: &Path, out: &Path) -> anyhow::Result<()> {
    let module = module(root)?;
    let package = format!("{module}/{}", out.display());
    leave_handlers(&mut world);
    let options =
        wit_bindgen_go::Opts { pkg_name: Some(package.clone()), quiet: true, ..Default::default() };
    let files = super::generated(world, options.build())?;

    let out = root.join(out);
    // What an interface no longer has would not compile. Other exports are the project's own code.
    for stale in [out.join("imports"), out.join("exports/wit_exports")] {
        match fs::remove_dir_all(&stale) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => {
                return Err(err).with_context(|| format!("cannot replace {}", stale.display()));
            }
            _ => {}
        }
    }
    // The world's own functions are those of the package in the module's folder.
    let theirs = format!("\"{package}/exports/export_wit_world\"");
    let ours = format!("export_wit_world \"{module}\"");
    for (name, text) in files.iter() {
        let text = String::from_utf8_lossy(text);
        let text = if name == EXPORTS { text.replace(&theirs, &ours) } else { text.into_owned() };
        super::write(&out.join(name), text.as_bytes())?;
    }
    let main = format!(
        "// Package main is what is built: the exports, which call the package of this project.
package main

import (
\t_ \"{module}\"
\t_ \"{package}/exports/wit_exports\"
)

func main() {{}}
"
    );
    super::write(&out.join("component/main.go"), main.as_bytes())
}

/// Leaves the exports out that the SDK has: it calls what is registered with it.
fn leave_handlers(world: &mut World) {
    let resolve = &mut world.resolve;
    let satama = |key: &WorldKey| match key {
        WorldKey::Interface(id) => resolve.interfaces[*id].package.is_some_and(|package| {
            let name = &resolve.packages[package].name;
            name.namespace == "satama" && name.name == "services"
        }),
        WorldKey::Name(_) => false,
    };
    let exports = resolve.worlds[world.id].exports.keys();
    let handlers: Vec<_> = exports.filter(|key| satama(key)).cloned().collect();
    for handler in handlers {
        resolve.worlds[world.id].exports.shift_remove(&handler);
    }
}
