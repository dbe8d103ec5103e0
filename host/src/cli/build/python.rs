//! Python, by componentize-py in the project's virtual environment.

use std::path::Path;
use std::process::{Command, Stdio};

use super::program::Program;
use super::project::Project;

/// What makes components, and its version where pyproject.toml names none.
const TOOL: &str = "componentize-py";
const VERSION: &str = "0.25.1";

/// The virtual environment, from the project's folder.
const VENV: &str = ".venv";

const PYTHON: Program = Program {
    name: "python3",
    what: "Python 3.11 or newer is needed",
    packages: [
        "python3 python3-venv",
        "python3",
        "python3 py3-pip",
        "python",
        "python3 python3-pip",
        "python3",
    ],
    elsewhere: "https://www.python.org/downloads/",
};

pub(super) fn build(project: &Project) -> anyhow::Result<()> {
    let world = project.world()?;
    let wanted = wanted(project)?;
    if !is_installed(project, &wanted) {
        install(project, &wanted)?;
    }
    let wasm = format!("{}.wasm", project.name);
    let mut componentize = project.own(&format!("{VENV}/bin/componentize-py"))?;
    componentize.args(["-q", "-d", "wit", "-w", world.name(), "componentize", "app"]);
    // What else the project has installed is found by this. The tool's own stack tells a user
    // nothing.
    let venv = std::path::absolute(project.file(VENV))?;
    componentize.env("VIRTUAL_ENV", venv).env("RUST_BACKTRACE", "0");
    project.load(componentize.args(["-p", ".", "-p", "satama", "-o", &wasm]))
}

/// Whether the tool is there and runs, and is the version that is wanted if that is one alone.
fn is_installed(project: &Project, wanted: &str) -> bool {
    let mut tool = Command::new(project.file(VENV).join("bin").join(TOOL));
    let Ok(done) = tool.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).output() else {
        return false;
    };
    let said = String::from_utf8_lossy(&done.stdout);
    let is_one = |version: &str| version.chars().all(|c| c.is_ascii_alphanumeric() || c == '.');
    let one = wanted.split_once("==").map(|(_, version)| version.trim()).filter(|v| is_one(v));
    done.status.success()
        && one.is_none_or(|version| said.split_whitespace().last() == Some(version))
}

/// Whether a program of the environment is there and runs: its scripts name the folder that it was
/// made in, so they don't once the project was moved.
fn answers(program: &Path, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Makes the virtual environment, unless there is one that is whole, and puts the tool there.
fn install(project: &Project, wanted: &str) -> anyhow::Result<()> {
    let own = project.file(VENV).join("bin/python");
    if !answers(&own, &["-m", "pip", "--version"]) {
        let python = PYTHON.find()?;
        let mut asked = Command::new(&python);
        asked.args(["-c", "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))"]);
        let asked = asked.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            let lacks = "`python3` is older than 3.11, or has no `venv`";
            return Err(PYTHON.missing(lacks).into());
        }
        project.run(Command::new(python).args(["-m", "venv", "--clear", VENV]))?;
    }
    let mut pip = project.own(&format!("{VENV}/bin/python"))?;
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--force-reinstall", wanted]);
    project.run(&mut pip)
}

/// The tool as pip is to install it: of the version that the project's group `dev` has.
fn wanted(project: &Project) -> anyhow::Result<String> {
    let file = project.toml("pyproject.toml")?;
    let group = file.get("dependency-groups").and_then(|groups| groups.get("dev")?.as_array());
    let named = group.into_iter().flatten().filter_map(|named| named.as_str());
    let is_tool =
        |named: &&str| named.split(['=', '<', '>', '~', '!', ' ', '[']).next() == Some(TOOL);
    let own = named.into_iter().find(is_tool).map(str::to_owned);
    Ok(own.unwrap_or_else(|| format!("{TOOL}=={VERSION}")))
}
