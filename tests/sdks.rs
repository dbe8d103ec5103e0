//! The SDKs' own tests and checks, each by its language's tools. Rust's are cargo's.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use satama_tests::{build, copy, toolchains};
use wit_bindgen_core::Files;
use wit_bindgen_core::wit_parser::Resolve;

/// A copy of an SDK, in the target folder, with its template and tests: nothing is written beside
/// the sources.
fn sdk(language: &str) -> PathBuf {
    let folder = build::root().join("target/sdks").join(language);
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let built = [".venv", "__pycache__", "build", "gen", "node_modules"];
    copy(&build::root().join("guest").join(language), &folder, &built);
    folder
}

/// Runs a command in a folder, which has to succeed, and to print only what is no complaint.
fn passes(folder: &PathBuf, command: &[&str]) -> String {
    let mut program = Command::new(command[0]);
    program.args(&command[1..]).current_dir(folder);
    let done = toolchains::with(&mut program).output();
    let done = done.unwrap_or_else(|err| panic!("{command:?} cannot be started: {err}"));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    let why = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?}: {}\n{said}\n{why}", done.status);
    said
}

#[test]
fn javascript() {
    let folder = sdk("js");
    symlink(toolchains::folder("quickjs").join("node_modules"), folder.join("node_modules"))
        .unwrap();
    passes(&folder, &["node_modules/.bin/prettier", "--check", "--log-level=warn", "."]);
    passes(&folder, &["node_modules/.bin/tsc", "--noEmit"]);
    passes(&folder, &["node", "test/run.mjs"]);
}

#[test]
fn python() {
    let folder = sdk("python");
    passes(&folder, &["ruff", "format", "--check", "--quiet", "."]);
    passes(&folder, &["ruff", "check", "--quiet", "."]);
    passes(&folder, &["python", "-m", "unittest", "discover", "-s", "tests", "-t", "."]);
    let world = build::root().join("tests/languages/wit");
    let wit = build::root().join("wit");
    let (wit, world) = (wit.to_str().unwrap(), world.to_str().unwrap());
    passes(
        &folder,
        &[
            "componentize-py",
            "-q",
            "-d",
            wit,
            "-d",
            world,
            "-w",
            "satama:conformance/plugin",
            "bindings",
            "gen",
        ],
    );
    passes(&folder, &["mypy"]);
}

#[test]
fn c() {
    passes(&sdk("c"), &["make", "--quiet", "test"]);
}

#[test]
fn go() {
    let folder = sdk("go");
    let gofmt = format!("{}/bin/gofmt", passes(&folder, &["go", "env", "GOROOT"]).trim());
    let unformatted = passes(&folder, &[&gofmt, "-l", "."]);
    assert_eq!(unformatted, "", "run `gofmt -w .`");
    // What the bindings do with pointers, it takes for a mistake.
    passes(&folder, &["go", "vet", "-unsafeptr=false", "./..."]);
    passes(&folder, &["go", "test", "./..."]);

    // The bindings, which are kept, are those of today's interfaces.
    let out = folder.join("internal/wit");
    fs::remove_dir_all(out.join("imports")).unwrap();
    for (name, text) in go_bindings() {
        if name.starts_with("imports/") {
            let file = out.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
    }
    passes(&folder, &[&gofmt, "-w", "internal/wit"]);
    passes(&folder, &["go", "run", "./internal/generate", "internal/wit"]);
    passes(&folder, &[&gofmt, "-w", "internal/wit"]);
    let kept = build::root().join("guest/go/internal/wit/imports");
    if std::env::var_os("UPDATE").is_some() {
        fs::remove_dir_all(&kept).unwrap();
        copy(&out.join("imports"), &kept, &[]);
    }
    let changed = Command::new("diff").args(["-r"]).arg(&kept).arg(out.join("imports")).output();
    let changed = String::from_utf8_lossy(&changed.unwrap().stdout).into_owned();
    assert_eq!(changed, "", "`UPDATE=1 cargo test --workspace --test sdks go` makes them anew");
}

/// What wit-bindgen makes of the interfaces for Go's SDK.
fn go_bindings() -> Vec<(String, Vec<u8>)> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_path(build::root().join("wit")).unwrap();
    let world = resolve.select_world(&[package], Some("all")).unwrap();
    let package = "github.com/satama/satama/guest/go/internal/wit".to_owned();
    let options =
        wit_bindgen_go::Opts { pkg_name: Some(package), quiet: true, ..Default::default() };
    let mut files = Files::default();
    options.build().generate(&mut resolve, world, &mut files).unwrap();
    files.iter().map(|(name, text)| (name.to_owned(), text.to_vec())).collect()
}
