//! `cargo xtask cost`: what a component costs in each language.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::step::{Failed, Steps, cargo, run};
use crate::toolchains::{self, with_path};
use crate::{root, setup, target};

/// A row: its name, what `satama new` calls its language, and its engine, if there are several.
const ROWS: [(&str, &str, Option<&str>); 7] = [
    ("Rust", "rust", None),
    ("C", "c", None),
    ("Go", "go", None),
    ("JavaScript, QuickJS", "js", None),
    ("TypeScript, QuickJS", "ts", None),
    ("JavaScript, StarlingMonkey", "js", Some("starlingmonkey")),
    ("Python", "python", None),
];

/// What StarlingMonkey's projects need beside the others of JavaScript.
const JCO: [&str; 4] = ["install", "--save-dev", "--save-exact", "@bytecodealliance/jco@1.35.0"];

/// Makes a project of each language, builds it, and measures it. Languages whose tools are not
/// here are left out, and said.
pub(crate) fn cost(filter: &[&str]) -> Result<(), Failed> {
    setup::rust()?;
    let programs = toolchains::install()?;
    let rows: Vec<_> = ROWS
        .iter()
        .filter(|(name, language, _)| {
            filter.is_empty() || filter.iter().any(|one| name.contains(one) || language == one)
        })
        .collect();
    let mut steps = Steps::new(rows.len() + 2);
    let packages = ["build", "--release", "--package", "satama", "--package", "satama-bench"];
    steps.run("build satama and its benchmark", cargo(&root(), &packages))?;
    let satama = target().join("release/satama");

    let (mut guests, mut left_out) = (Vec::new(), Vec::new());
    for (name, language, engine) in rows {
        let built = steps.work(&format!("build a project: {name}"), || {
            build(&satama, &programs, language, *engine)
        });
        match built {
            Ok((file, ms)) => guests.push(format!("{name}={}:{ms}", file.display())),
            Err(Failed(why)) => left_out.push(format!("{name}: {why}")),
        }
    }
    let mut bench = Command::new(target().join("release/satama-bench"));
    bench.arg("cost").arg(&satama).args(&guests);
    steps.show("measure", bench)?;
    for why in left_out {
        eprintln!("left out: {why}");
    }
    Ok(())
}

/// A new project's component, and how long it took to build it again: what is installed or
/// compiled once was there already.
fn build(
    satama: &Path,
    programs: &Path,
    language: &str,
    engine: Option<&str>,
) -> Result<(PathBuf, u128), Failed> {
    let io = |err: std::io::Error| Failed(err.to_string());
    let folder = target().join("cost").join(engine.unwrap_or(language));
    if folder.exists() {
        std::fs::remove_dir_all(&folder).map_err(io)?;
    }
    std::fs::create_dir_all(&folder).map_err(io)?;
    let new = ["new", "--lang", language, "hello"];
    run(Command::new(satama).args(new).current_dir(&folder))?;
    let project = folder.join("hello");
    let here = |command: &mut Command| run(with_path(command, programs).current_dir(&project));
    if let Some(engine) = engine {
        let setting = format!("satama.engine={engine}");
        here(Command::new("npm").args(["pkg", "set", &setting]))?;
        here(Command::new("npm").args(JCO))?;
    }
    let build = || here(Command::new(satama).arg("build"));
    build()?;
    let start = Instant::now();
    touch(&project).map_err(io)?;
    build()?;
    Ok((project.join("hello.wasm"), start.elapsed().as_millis()))
}

/// As if every source had changed, or the second build would have nothing to do.
fn touch(project: &Path) -> std::io::Result<()> {
    let folders = [project.to_owned(), project.join("src")];
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let source = path.extension().and_then(|extension| extension.to_str());
            if matches!(source, Some("rs" | "c" | "go" | "js" | "ts" | "py")) {
                let text = std::fs::read(&path)?;
                std::fs::write(&path, text)?;
            }
        }
    }
    Ok(())
}
