//! The other languages' toolchains, which `cargo xtask setup` keeps in the target folder.

use std::path::PathBuf;
use std::process::Command;

use crate::build::root;

/// The folder `name` of the toolchains.
///
/// # Panics
///
/// If it was not filled.
pub fn folder(name: &str) -> PathBuf {
    let folder = root().join("target/toolchains").join(name);
    assert!(folder.join("filled").exists(), "there is no {name}; run `cargo xtask setup`");
    folder
}

/// Lets a command find the toolchains, and has what they and `satama` keep be in the target folder:
/// what was built once is not built again, and nobody's home changes.
pub fn with(command: &mut Command) -> &mut Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let own = [crate::build::program("satama"), folder("python").join("bin/python")];
    let own = own.iter().filter_map(|program| program.parent()).map(PathBuf::from);
    let path = std::env::join_paths(own.chain(std::env::split_paths(&path)));
    command.env("PATH", path.expect("a PATH of folders"));
    command.env("XDG_CACHE_HOME", root().join("target/toolchains/cache"));
    // Guests share what cargo built for others.
    command.env("CARGO_TARGET_DIR", root().join("target/guests"))
}
