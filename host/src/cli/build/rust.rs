//! Rust, by cargo.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use serde_json::Value;

use super::super::Usage;
use super::program::{Missing, Program};
use super::project::Project;

const TARGET: &str = "wasm32-wasip2";

const CARGO: Program = Program {
    name: "cargo",
    what: "Rust 1.95 or newer is needed",
    // Distributions' Rust is older, or lacks the target.
    packages: ["", "", "", "", "", ""],
    elsewhere: "https://rustup.rs",
};

pub(super) fn build(project: &Project) -> anyhow::Result<()> {
    let cargo = CARGO.find()?;
    has_target(project)?;
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--target", TARGET]);
    command.arg("--message-format=json-render-diagnostics");
    let messages = project.read_from(&mut command)?;
    let made = component(&messages, &project.name)?;
    let wasm = project.wasm();
    std::fs::copy(&made, &wasm)
        .with_context(|| format!("cannot copy {} to {}", made.display(), wasm.display()))?;
    Ok(())
}

/// Whether rustc has the target's standard library.
fn has_target(project: &Project) -> anyhow::Result<()> {
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&project.folder);
    let output = rustc.args(["--print", "target-libdir", "--target", TARGET]).output();
    let folder = output.with_context(|| "`rustc` cannot be started")?.stdout;
    if Path::new(String::from_utf8_lossy(&folder).trim()).is_dir() {
        return Ok(());
    }
    let what = format!("Rust's target {TARGET} is not installed. Get it:");
    Err(Missing::new(what, &[&format!("rustup target add {TARGET}")]).into())
}

/// The component that cargo's messages tell of, of the package `name`.
fn component(messages: &[u8], name: &str) -> anyhow::Result<PathBuf> {
    let lines = messages.split(|byte| *byte == b'\n');
    let artifacts = lines.filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let mut found = artifacts
        .filter(|message| message["reason"] == "compiler-artifact")
        .filter(|message| is_of(&message["package_id"], name))
        .flat_map(|message| message["filenames"].as_array().cloned().unwrap_or_default())
        .filter_map(|file| file.as_str().map(PathBuf::from))
        .filter(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    found.next().ok_or_else(|| {
        Usage(format!(
            "cargo made no component of {name}; has Cargo.toml a [lib] with `crate-type = [\"cdylib\"]`?"
        ))
        .into()
    })
}

/// Whether a package id, `path+file:///FOLDER#NAME@VERSION` or without the name where the folder
/// has it, is of the package `name`.
fn is_of(id: &Value, name: &str) -> bool {
    let id = id.as_str().unwrap_or_default();
    let (folder, rest) = id.rsplit_once('#').unwrap_or((id, ""));
    match rest.split_once('@') {
        Some((package, _)) => package == name,
        None => folder.rsplit('/').next() == Some(name),
    }
}
