//! `satama new` and `satama build`, and what they make: a project of each language, as a user has
//! it, called by `satama run`, and its workflow run by `satama worker`.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use satama_tests::{build, modules, toolchains};

/// A new project, in the target folder: what cargo built for it is good for its next one.
struct Project {
    name: String,
    folder: PathBuf,
}

impl Project {
    /// Makes it anew, in the language that `--lang` calls so.
    fn new(language: &str, name: &str) -> Self {
        let parent = build::root().join("target/new");
        fs::create_dir_all(&parent).unwrap();
        let folder = parent.join(name);
        match fs::remove_dir_all(&folder) {
            Err(err) if err.kind() != std::io::ErrorKind::NotFound => panic!("{err}"),
            _ => {}
        }
        let mut new = Command::new("satama");
        new.current_dir(&parent).args(["new", "--lang", language, name]);
        works(toolchains::with(&mut new));
        Self { name: name.to_owned(), folder }
    }

    fn satama(&self, args: &[&str]) -> Command {
        let mut satama = Command::new("satama");
        satama.args(args).current_dir(&self.folder).stdin(Stdio::null());
        satama.env("SATAMA_LOG", "warn").env("SATAMA_STORE", self.folder.join("test.db"));
        toolchains::with(&mut satama);
        satama
    }

    /// Builds it, and says what that said.
    fn build(&self) -> String {
        let said = works(&mut self.satama(&["build"]));
        let first = format!("{}.wasm: ", self.name);
        assert!(said.starts_with(&first), "{said}");
        said
    }

    /// Changes a file.
    fn edit(&self, file: &str, change: impl FnOnce(String) -> String) {
        let file = self.folder.join(file);
        let text = fs::read_to_string(&file).unwrap();
        fs::write(file, change(text)).unwrap();
    }

    /// Sees the build fail, and says what that said.
    fn fails(&self) -> String {
        let done = self.satama(&["build"]).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(3), "{said}");
        said
    }

    /// Builds it, calls it twice, and has its workflow run.
    fn works(&self) {
        let said = self.build();
        assert!(said.ends_with("\ngrant.toml: it grants what the component imports\n"), "{said}");
        for times in 1..=2 {
            let said = works(&mut self.satama(&["run", "--invoke", "greet(\"Ann\")"]));
            assert_eq!(said, format!("ok(\"Hello, Ann! Greeted so far: {times}\")\n"));
        }

        let mut worker = self.satama(&["worker"]);
        let mut worker = worker.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(worker.stdout.take().unwrap()).lines();
        let ready = said.by_ref().map_while(Result::ok).any(|line| line == "ready");
        assert!(ready, "{:?}", worker.wait_with_output());
        let start =
            ["runs", "start", "--tenant", &self.name, "welcome", "--input", "\"Zoë\"", "--wait"];
        let said = works(&mut self.satama(&start));
        // Characters, not bytes.
        assert_eq!(said.lines().last(), Some("13"), "{said}");
        kill_process(Pid::from_child(&worker), Signal::TERM).unwrap();
        assert!(worker.wait().unwrap().success());
    }
}

/// What a command prints, which has to succeed.
fn works(command: &mut Command) -> String {
    let done = command.output().unwrap_or_else(|err| panic!("{command:?}: {err}"));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let why = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {}\n{said}\n{why}", done.status);
    said
}

#[test]
fn rust() {
    let project = Project::new("rust", "in-rust");
    // The same versions as the crate's own tests have, which are here already.
    let lock = build::root().join("guest/rust/Cargo.lock");
    fs::copy(lock, project.folder.join("Cargo.lock")).unwrap();
    project.works();
}

#[test]
fn javascript() {
    let project = Project::new("js", "in-js");
    modules(&project.folder, "quickjs");
    project.works();
}

#[test]
fn typescript() {
    let project = Project::new("ts", "in-ts");
    modules(&project.folder, "quickjs");
    works(toolchains::with(
        Command::new("node_modules/.bin/tsc").arg("--noEmit").current_dir(&project.folder),
    ));
    project.works();
}

/// Only built: the guests of `tests/languages` are called in this engine.
#[test]
fn javascript_in_another_engine() {
    let project = Project::new("js", "in-starlingmonkey");
    project.edit("package.json", |text| {
        let mut package: serde_json::Value = serde_json::from_str(&text).unwrap();
        package["satama"] = serde_json::json!({ "engine": "starlingmonkey" });
        package.to_string()
    });
    modules(&project.folder, "starlingmonkey");
    // Without it, nothing is compiled to see whether it fits.
    fs::remove_file(project.folder.join("grant.toml")).unwrap();
    let said = project.build();
    assert!(
        said.contains("grant.toml: there is none; `satama inspect in-starlingmonkey.wasm"),
        "{said}"
    );
}

#[test]
fn python() {
    let project = Project::new("python", "in-python");
    symlink(toolchains::folder("python"), project.folder.join(".venv")).unwrap();
    project.works();
}

/// What the code imports and its world does not is said, with the line that is missing.
#[test]
fn an_import_that_is_missing() {
    let project = Project::new("js", "importing-js");
    modules(&project.folder, "quickjs");
    project.edit("src/plugin.js", |text| {
        format!("import {{ Bus }} from \"@satama/guest/hub\";\n{text}\nBus.open(\"news\");\n")
    });
    let said = project.fails();
    let line = "add the line `import satama:services/hub@0.1.0;` to wit/world.wit";
    assert!(said.contains(line), "{said}");
}

/// esbuild writes a second file for it, which exports nothing.
#[test]
fn a_style_sheet_that_is_imported() {
    let project = Project::new("js", "styled-js");
    modules(&project.folder, "quickjs");
    fs::write(project.folder.join("src/plugin.css"), "a { color: red }\n").unwrap();
    project.edit("src/plugin.js", |text| format!("import \"./plugin.css\";\n{text}"));
    project.build();
}

/// What the world exports and the code does not is said by the build, and not by the first call.
#[test]
fn an_export_that_is_missing() {
    let project = Project::new("ts", "exporting-ts");
    modules(&project.folder, "quickjs");
    project.edit("src/plugin.ts", |text| {
        text.replace("export const functionHandler", "export const handler")
    });
    let said = project.fails();
    let why = "the world exports `satama:services/function-handler@0.1.0`, and src/plugin.ts does \
               not: it is an `export` called `functionHandler`";
    assert!(said.contains(why), "{said}");
}

/// A service that is called where the code is loaded: the build says where that is.
#[test]
fn a_service_at_the_top_level() {
    let javascript = Project::new("js", "early-js");
    modules(&javascript.folder, "quickjs");
    let python = Project::new("python", "early-python");
    symlink(toolchains::folder("python"), python.folder.join(".venv")).unwrap();
    for (project, file, call) in [
        (javascript, "src/plugin.js", "Bucket.open(\"greetings\");\n"),
        (python, "app.py", "Bucket.open(\"greetings\")\n"),
    ] {
        project.edit(file, |text| text + call);
        let said = project.fails();
        let why = "this runs the code's top level, where no service can be called";
        assert!(said.contains("[static]bucket.open") && said.contains(why), "{said}");
    }
}

/// Line by line, though it is for no terminal.
#[test]
fn what_c_prints_is_in_the_log() {
    let project = Project::new("c", "printing-c");
    let begin = "    SATAMA_ARENA(arena);\n    satama_view who";
    let prints = "    printf(\"one\\n\");\n    printf(\"two\\n\");\n    printf(\"three\\n\");\n";
    project.edit("plugin.c", |text| {
        format!("#include <stdio.h>\n{}", text.replace(begin, &format!("{prints}{begin}")))
    });
    project.build();
    let mut run = project.satama(&["run", "--invoke", "greet(\"Ann\")"]);
    let done = run.env("SATAMA_LOG", "satama::guest=info").output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    let lines = said.lines().filter_map(|line| line.split_once("satama::guest: "));
    let lines: Vec<_> = lines.filter_map(|(_, line)| line.split(' ').next()).collect();
    assert_eq!(lines, ["one", "two", "three"], "{said}");
}

/// Where package.json was changed, npm is called; here it is told of what is no version.
#[test]
fn packages_that_were_changed() {
    let project = Project::new("js", "changed-js");
    let modules = project.folder.join("node_modules");
    fs::create_dir_all(modules.join("@satama/guest")).unwrap();
    fs::create_dir(modules.join(".bin")).unwrap();
    for tool in ["componentize-qjs", "esbuild"] {
        symlink("/bin/true", modules.join(".bin").join(tool)).unwrap();
    }
    let installed = fs::File::create(modules.join(".package-lock.json")).unwrap();
    installed.set_modified(std::time::UNIX_EPOCH).unwrap();
    let packages = r#"{ "name": "changed-js", "dependencies": { "x": "no version!" } }"#;
    fs::write(project.folder.join("package.json"), packages).unwrap();
    let said = project.fails();
    assert!(said.contains("npm error") && said.contains("no version!"), "{said}");
}

/// Where pyproject.toml names another version, pip is called; here for one that never was.
#[test]
fn a_version_that_was_changed() {
    let project = Project::new("python", "changed-python");
    symlink(toolchains::folder("python"), project.folder.join(".venv")).unwrap();
    project
        .edit("pyproject.toml", |text| text.replace("componentize-py==", "componentize-py==9999."));
    let said = project.fails();
    assert!(said.contains("componentize-py==9999."), "{said}");
}

/// What is there may be one of those that pyproject.toml allows: it is not installed again.
#[test]
fn versions_that_are_several() {
    let project = Project::new("python", "ranged-python");
    let bin = project.folder.join(".venv/bin");
    fs::create_dir_all(&bin).unwrap();
    // It makes no component, so the build fails: after it was found.
    symlink("/bin/true", bin.join("componentize-py")).unwrap();
    for range in ["==0.25.*", "==0.25.1; python_version>'3'", ">=0.25"] {
        project.edit("pyproject.toml", |text| {
            let (before, rest) = text.split_once("\"componentize-py").unwrap();
            let (_, after) = rest.split_once('"').unwrap();
            format!("{before}\"componentize-py{range}\"{after}")
        });
        let done = project.satama(&["build"]).output().unwrap();
        let said = String::from_utf8_lossy(&done.stderr);
        assert!(said.contains("componentize-py -q") && !said.contains("pip"), "{said}");
    }
}

#[test]
fn c() {
    Project::new("c", "in-c").works();
}

#[test]
fn go() {
    Project::new("go", "in-go").works();
}

/// What the component imports and its manifest does not grant is said, and the name is one of two
/// words.
#[test]
fn a_manifest_that_does_not_fit() {
    let project = Project::new("c", "two-words");
    fs::write(
        project.folder.join("grant.toml"),
        "tenant = \"t\"\ncomponent = \"two-words.wasm\"\n",
    )
    .unwrap();
    let said = project.build();
    assert!(said.contains("grant.toml: it does not fit: "), "{said}");
    assert!(said.contains("satama:services/cache@0.1.0"), "{said}");
    fs::write(project.folder.join("grant.toml"), "tenant = \"t\"\ncomponent = \"other.wasm\"\n")
        .unwrap();
    assert!(project.build().contains("grant.toml: it is for other.wasm, and this is "), "{said}");
}

/// What the code was before is not to be run for what it is now.
#[test]
fn a_build_that_fails_leaves_no_component() {
    let project = Project::new("c", "broken");
    project.build();
    fs::write(project.folder.join("plugin.c"), "no C").unwrap();
    project.fails();
    assert!(!project.folder.join("broken.wasm").exists());
}

/// Every file below `folder`, but for what is not the project's, and what is in it.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            if ["__pycache__", "node_modules", "target"].contains(&name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

/// A new project has what the repository has now. Cargo does not see that a file came.
#[test]
fn nothing_is_left_out() {
    let guest = build::root().join("guest");
    for (language, template, sdk) in [
        ("rust", "rust/template", &[("rust/src", "src"), ("../wit", "wit")][..]),
        ("js", "js/template-js", &[("js/src", "src")]),
        ("ts", "js/template-ts", &[("js/src", "src")]),
        ("python", "python/template", &[("python/satama", "satama")]),
        ("c", "c/template", &[("c/src", "src"), ("c/include", "include")]),
        ("go", "go/template", &[("go/internal", "internal"), ("go/workflow", "workflow")]),
    ] {
        let project = Project::new(language, &format!("whole-{language}"));
        let sdk = sdk.iter().map(|(from, to)| (*from, format!("satama/{to}")));
        let wit = ("../wit", "wit/deps/satama".to_owned());
        for (from, to) in sdk.chain([(template, String::new()), wit]) {
            let is = files(&project.folder.join(&to));
            for (name, text) in files(&guest.join(from)) {
                // The SDK's own tests stay where they are.
                if name.ends_with("_test.go") && to.starts_with("satama") {
                    continue;
                }
                let text = text.replace("{{name}}", &project.name);
                let text = text.replace("{{name_snake}}", &project.name.replace('-', "_"));
                assert!(
                    is.get(&name) == Some(&text),
                    "a new project has not the {from}/{name} of today; change something in \
                     host/src/cli/new/files.rs, and cargo sees it"
                );
            }
        }
    }
}
