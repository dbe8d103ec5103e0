//! Installs what the machine misses.

use std::process::{Command, Stdio};

use crate::step::{Failed, run};

/// The target that guests are built for.
const TARGET: &str = "wasm32-wasip2";

/// Package managers, and how each installs Redis.
const MANAGERS: [(&str, &str); 6] = [
    ("apt-get", "install -y redis-server"),
    ("dnf", "install -y redis"),
    ("apk", "add redis"),
    ("pacman", "-S --noconfirm redis"),
    ("zypper", "--non-interactive install redis"),
    ("brew", "install redis"),
];

/// The wasm target, rustfmt and clippy.
pub(crate) fn rust() -> Result<(), Failed> {
    let missing: Vec<&str> = [("rustfmt", "rustfmt"), ("cargo-clippy", "clippy")]
        .into_iter()
        .filter(|(program, _)| !answers(program))
        .map(|(_, component)| component)
        .collect();
    if !missing.is_empty() {
        rustup(&["component", "add"], &missing)?;
    }
    if !has_target() {
        rustup(&["target", "add"], &[TARGET])?;
    }
    Ok(())
}

/// `redis-server`, with its `redis-cli`.
pub(crate) fn redis() -> Result<(), Failed> {
    if answers("redis-server") {
        return Ok(());
    }
    let Some((manager, install)) = MANAGERS.iter().find(|(name, _)| answers(name)) else {
        return Err(Failed("the tests need `redis-server` (7.0 or newer); install it".into()));
    };
    eprintln!("`redis-server` is missing: installing it with {manager}");
    // A new machine has no list of packages yet.
    let update = (*manager == "apt-get").then_some("update");
    for args in update.iter().chain([install]) {
        // brew refuses to be root; the others need to be.
        let mut command = if *manager == "brew" || is_root() {
            Command::new(manager)
        } else {
            let mut sudo = Command::new("sudo");
            sudo.arg(manager);
            sudo
        };
        run(command.args(args.split(' ')))?;
    }
    Ok(())
}

fn rustup(what: &[&str], names: &[&str]) -> Result<(), Failed> {
    eprintln!("missing: {}; running rustup {}", names.join(", "), what.join(" "));
    run(Command::new("rustup").args(what).args(names)).map_err(|Failed(why)| {
        Failed(format!("{why}; Satama is built with the stable Rust of https://rustup.rs"))
    })
}

/// Whether rustc has the target's standard library.
fn has_target() -> bool {
    let args = ["--print", "target-libdir", "--target", TARGET];
    let Ok(output) = Command::new("rustc").args(args).output() else { return false };
    std::path::Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
}

/// Whether a program is there and runs.
fn answers(program: &str) -> bool {
    let mut command = Command::new(program);
    command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
