//! `cargo component`, which some build with instead of cargo alone: that the template builds, too.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::step::{Failed, Steps, cargo, run};
use crate::{root, setup, target};

/// The tool, and its newest version. Its maintainers advise plain cargo now.
const TOOL: &str = "cargo-component";
const VERSION: &str = "0.21.1";

/// The target that it builds for, and makes components of.
const TARGET: &str = "wasm32-wasip1";

/// What the project is called.
const NAME: &str = "hello";

/// Installs the tool, has it build a new project, and calls what it made.
pub(crate) fn check() -> Result<(), Failed> {
    setup::rust()?;
    setup::target(TARGET)?;
    let tools = target().join("tools");
    let program = tools.join("bin").join(TOOL);
    let installed = has_version(&program);
    let mut steps = Steps::new(if installed { 3 } else { 4 });
    if !installed {
        let mut install = cargo(&root(), &["install", "--locked", "--root"]);
        install.arg(&tools).arg(format!("{TOOL}@{VERSION}"));
        install.env("CARGO_TARGET_DIR", tools.join("build"));
        steps.run(&format!("install {TOOL} (some ten minutes)"), install)?;
    }
    steps.run("build satama", cargo(&root(), &["build", "--package", "satama"]))?;

    let folder = target().join(TOOL);
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|err| Failed(err.to_string()))?;
    }
    fs::create_dir_all(&folder).map_err(|err| Failed(err.to_string()))?;
    let satama = target().join("debug/satama");
    run(Command::new(&satama).current_dir(&folder).args(["new", "--lang", "rust", NAME]))?;
    let project = folder.join(NAME);
    let mut build = Command::new(&program);
    build.current_dir(&project).args(["component", "build", "--release"]);
    build.env("CARGO_TARGET_DIR", target().join("guests"));
    steps.run("cargo component build --release", build)?;

    let made = target().join(format!("guests/{TARGET}/release/{NAME}.wasm"));
    let mut call = Command::new(&satama);
    call.current_dir(&project).arg("run").arg(&made);
    call.args(["--grant", "grant.toml", "--store", "satama.db", "--invoke", "greet(\"Ann\")"]);
    steps.run("call it", call)
}

fn has_version(program: &Path) -> bool {
    let said = Command::new(program).args(["component", "--version"]).output();
    said.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(VERSION))
}
