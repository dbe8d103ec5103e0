//! What a machine can check of how the project is written. Each check is shown
//! something that it must find before it is trusted to find nothing.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fs;
use std::path::Path;

use satama_tests::build::root;

mod tidy {
    mod code;
    mod contracts;
}

/// A text file of the project.
struct File {
    /// From the project's folder, with slashes.
    path: String,
    text: String,
}

/// Finds faults in the project's files: `path:line: what`.
type Check = fn(&[File]) -> Vec<String>;

/// Every text file that is not built, downloaded or git's own.
fn project() -> Vec<File> {
    let mut files = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if ["target", ".git", "node_modules"].iter().any(|other| name == *other) {
                continue;
            }
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            } else if let Ok(text) = fs::read_to_string(entry.path()) {
                let path = entry.path();
                let path = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
                files.push(File { path, text });
            }
        }
    }
    files
}

/// That a check finds `fault` in a file of this path and text, and no fault in the
/// project.
fn checks(check: Check, samples: &[(&str, &str, &str)]) {
    for (path, text, fault) in samples {
        let file = File { path: path.to_string(), text: text.to_string() };
        let found = check(&[file]);
        assert!(found.iter().any(|found| found.contains(fault)), "{path}: {fault}: {found:?}");
    }
    let faults = check(&project());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

impl File {
    fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    fn is(&self, folder: &str, extension: &str) -> bool {
        self.path.starts_with(folder)
            && Path::new(&self.path).extension().is_some_and(|e| e == extension)
    }

    /// Lines that are not comments, with their numbers.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        lines.filter(|(_, line)| !line.starts_with("//") && !line.starts_with("--"))
    }

    fn fault(&self, line: usize, what: impl std::fmt::Display) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

/// What is in the project is the same on every machine.
fn machines(files: &[File]) -> Vec<String> {
    // In pieces, or this file would be the first to be found.
    let paths = ["/ro:ot/", "/ho:me/", "/Us:ers/", "/wo:rk/"].map(|path| path.replace(':', ""));
    let public = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
    let mut faults = Vec::new();
    for file in files {
        for (at, line) in file.text.lines().enumerate() {
            let mut bad = |what: &str| faults.push(file.fault(at + 1, format!("{what}: {line}")));
            if paths.iter().any(|path| line.contains(path.as_str())) {
                bad("a path of one machine");
            }
            let source = file.name() == "Cargo.lock" && line.starts_with("source = ");
            if source && line != public {
                bad("a source that is not crates.io");
            }
            let config = file.path.contains(".cargo/") || file.name().ends_with("rc");
            let table = ["[source", "[registr", "registry=", "index-url"];
            if config && table.iter().any(|table| line.trim_start().starts_with(table)) {
                bad("a registry is the user's to choose");
            }
        }
    }
    faults
}

#[test]
fn nothing_is_of_one_machine() {
    let path = ["see /ro", "ot/notes"].concat();
    checks(
        machines,
        &[
            ("README.md", &path, "a path of one machine"),
            ("Cargo.lock", "source = \"sparse+https://mirror.example/\"", "not crates.io"),
            ("a/.cargo/config.toml", "[source.crates-io]", "a registry"),
            (".npmrc", "registry=https://mirror.example/", "a registry"),
        ],
    );
}

/// Rule 27: each guest is run.
fn guests(files: &[File]) -> Vec<String> {
    let runs = |file: &&File| {
        ["tests/guests.rs", "tests/listen.rs", "tests/secrets", "tests/workflows"]
            .iter()
            .any(|tests| file.path.starts_with(tests))
    };
    let tests: String = files.iter().filter(runs).map(|file| file.text.as_str()).collect();
    let mut faults = Vec::new();
    for file in files.iter().filter(|file| file.is("tests/guests/", "toml")) {
        let name = file.path.split('/').nth(2).unwrap_or_default();
        let guest = file.name() == "Cargo.toml" && file.text.contains("cdylib");
        if guest && !tests.contains(&format!("\"{name}\"")) {
            faults.push(file.fault(1, format!("no test runs `{name}`")));
        }
    }
    faults
}

#[test]
fn rule_27_each_guest_is_run() {
    let manifest = "crate-type = [\"cdylib\"]";
    checks(guests, &[("tests/guests/cache_odd/Cargo.toml", manifest, "no test runs `cache_odd`")]);
}
