//! Python, by componentize-py in the project's virtual environment.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::program::{Program, is_program};
use super::project::Project;

/// What makes components. Its version is part of what was tested.
const TOOL: &str = "componentize-py==0.25.1";

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
    if !is_program(&tool(project)) {
        install(project)?;
    }
    let wasm = format!("{}.wasm", project.name);
    let mut componentize = project.own(&format!("{VENV}/bin/componentize-py"))?;
    componentize.args(["-d", "wit", "-w", world.name(), "componentize", "app"]);
    project.run(componentize.args(["-p", ".", "-p", "satama", "-o", &wasm]))
}

fn tool(project: &Project) -> PathBuf {
    project.file(VENV).join("bin/componentize-py")
}

/// Makes the virtual environment, unless there is one, and puts the tool there.
fn install(project: &Project) -> anyhow::Result<()> {
    let own = project.file(VENV).join("bin/python");
    if !is_program(&own) {
        let python = PYTHON.find()?;
        let mut asked = Command::new(&python);
        asked.args(["-c", "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))"]);
        let asked = asked.stdout(Stdio::null()).stderr(Stdio::null()).status();
        if !asked.is_ok_and(|asked| asked.success()) {
            let lacks = "`python3` is older than 3.11, or has no `venv`";
            return Err(PYTHON.missing(lacks.into()).into());
        }
        project.run(Command::new(python).args(["-m", "venv", VENV]))?;
    }
    let mut pip = project.own(&format!("{VENV}/bin/pip"))?;
    project.run(pip.args(["install", "--disable-pip-version-check", TOOL]))
}
