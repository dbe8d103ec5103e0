//! Projects in other languages, each with the toolchain of its own; and the program that
//! `tests/languages` has in each.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::build::root;
use crate::toolchains;

/// A language, and its program's component, which is built once in each test process.
struct Language {
    name: &'static str,
    /// The folder of `guest` that has its SDK.
    sdk: &'static str,
    built: OnceLock<Result<PathBuf, String>>,
}

static LANGUAGES: [Language; 5] = [
    Language::new("c", "c"),
    Language::new("go", "go"),
    Language::new("js", "js"),
    Language::new("python", "python"),
    Language::new("ts", "js"),
];

/// What somebody may have made in a program's folder.
const BUILT: [&str; 7] = [".venv", "build", "gen", "internal", "node_modules", "satama", "wit"];

impl Language {
    const fn new(name: &'static str, sdk: &'static str) -> Self {
        Self { name, sdk, built: OnceLock::new() }
    }

    /// Makes a project of the program, as `satama new` would have made it, and builds it.
    fn build(&self) -> Result<PathBuf, String> {
        let folder = root().join("target/languages").join(self.name);
        if folder.exists() {
            fs::remove_dir_all(&folder).map_err(|err| err.to_string())?;
        }
        copy(&root().join("tests/languages").join(self.name), &folder, &BUILT);
        // Its SDK is where `satama new` puts it.
        if self.name == "go" {
            let file = folder.join("go.mod");
            let text = fs::read_to_string(&file).unwrap();
            fs::write(file, text.replace("../../../guest/go", "./satama")).unwrap();
        }
        fs::create_dir_all(folder.join("wit/deps")).unwrap();
        let world = root().join("tests/languages/wit/world.wit");
        fs::copy(world, folder.join("wit/world.wit")).unwrap();
        symlink(root().join("wit"), folder.join("wit/deps/satama")).unwrap();
        symlink(root().join("guest").join(self.sdk), folder.join("satama")).unwrap();
        match self.name {
            "js" => modules(&folder, "starlingmonkey"),
            "ts" => modules(&folder, "quickjs"),
            "python" => symlink(toolchains::folder("python"), folder.join(".venv")).unwrap(),
            _ => {}
        }
        let mut satama = Command::new("satama");
        toolchains::with(satama.arg("build").current_dir(&folder));
        let done = satama.output().map_err(|err| format!("{satama:?}: {err}"))?;
        let said = String::from_utf8_lossy(&done.stdout);
        match said.split_once(": ") {
            Some((wasm, _)) if done.status.success() => Ok(folder.join(wasm)),
            _ => Err(format!("{satama:?}: {said}{}", String::from_utf8_lossy(&done.stderr))),
        }
    }
}

/// The component of the program that `tests/languages` has in this language.
///
/// # Panics
///
/// If it does not build, or there is no such language.
pub(crate) fn program(language: &str) -> PathBuf {
    let found = LANGUAGES.iter().find(|known| known.name == language);
    let language = found.unwrap_or_else(|| panic!("no language is called `{language}`"));
    match language.built.get_or_init(|| language.build()) {
        Ok(wasm) => wasm.clone(),
        Err(why) => panic!("{why}"),
    }
}

/// Gives a project what npm would have installed, for one of the engines.
pub fn modules(project: &Path, engine: &str) {
    let from = toolchains::folder(engine).join("node_modules");
    let to = project.join("node_modules");
    fs::create_dir_all(to.join("@satama")).unwrap();
    for entry in fs::read_dir(&from).unwrap() {
        let name = entry.unwrap().file_name();
        symlink(from.join(&name), to.join(&name)).unwrap();
    }
    symlink("../../satama", to.join("@satama/guest")).unwrap();
}

/// Copies a folder, but for files and folders of these names.
pub fn copy(from: &Path, to: &Path, except: &[&str]) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if except.contains(&name.as_str()) {
            continue;
        }
        let to = to.join(&name);
        if entry.path().is_dir() {
            copy(&entry.path(), &to, except);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}
