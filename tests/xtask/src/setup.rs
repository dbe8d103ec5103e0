//! Installs what the machine misses.

use std::process::{Command, Stdio};

use crate::step::{Failed, run};

/// The target that guests are built for.
const TARGET: &str = "wasm32-wasip2";

/// Package managers, and how each installs a package.
const MANAGERS: [(&str, &str); 6] = [
    ("apt-get", "install -y"),
    ("dnf", "install -y"),
    ("apk", "add"),
    ("pacman", "-S --noconfirm"),
    ("zypper", "--non-interactive install"),
    ("brew", "install"),
];

const VERSION: &[&str] = &["--version"];

/// A program that is not Rust's, and what brings it, as each of [`MANAGERS`] calls it.
pub(crate) struct Program {
    name: &'static str,
    /// What it is run with to see that it is there.
    asks: &'static [&'static str],
    what: &'static str,
    packages: [&'static str; MANAGERS.len()],
}

/// The tests' store, with its `redis-cli`.
pub(crate) const REDIS: Program = Program {
    name: "redis-server",
    asks: VERSION,
    what: "Redis 7.0 or newer",
    packages: ["redis-server", "redis", "redis", "redis", "redis", "redis"],
};

/// The tests' PKCS #11 token.
pub(crate) const SOFTHSM: Program = Program {
    name: "softhsm2-util",
    asks: VERSION,
    what: "SoftHSM 2.6 or newer",
    packages: ["softhsm2", "softhsm", "softhsm", "softhsm", "softhsm", "softhsm"],
};

/// What compiles the tests' faulty PKCS #11 module. Rust links with it, unless it was told
/// to use another one.
pub(crate) const CC: Program = Program {
    name: "cc",
    asks: VERSION,
    what: "a C compiler (`cc`)",
    packages: ["gcc libc6-dev", "gcc", "gcc musl-dev", "gcc", "gcc", "gcc"],
};

/// What runs the checks of C's SDK, and sees that its headers are for C++ too.
pub(crate) const MAKE: Program = Program {
    name: "make",
    asks: VERSION,
    what: "make",
    packages: ["make", "make", "make", "make", "make", "make"],
};

pub(crate) const CXX: Program = Program {
    name: "c++",
    asks: VERSION,
    what: "a C++ compiler (`c++`)",
    packages: ["g++", "gcc-c++", "g++", "gcc", "gcc-c++", "gcc"],
};

/// What brings the other languages' tools, with what makes a virtual environment.
pub(crate) const PYTHON: Program = Program {
    name: "python3",
    asks: &["-c", "import ensurepip, venv, sys; sys.exit(sys.version_info < (3, 11))"],
    what: "Python 3.11 or newer, with `venv` and `pip`",
    packages: ["python3 python3-venv", "python3", "python3", "python", "python3", "python3"],
};

/// The wasm target, rustfmt and clippy.
pub(crate) fn rust() -> Result<(), Failed> {
    let missing: Vec<&str> = [("rustfmt", "rustfmt"), ("cargo-clippy", "clippy")]
        .into_iter()
        .filter(|(program, _)| !answers(program, VERSION))
        .map(|(_, component)| component)
        .collect();
    if !missing.is_empty() {
        rustup(&["component", "add"], &missing)?;
    }
    target(TARGET)
}

/// A target of Rust's.
pub(crate) fn target(name: &str) -> Result<(), Failed> {
    if has_target(name) { Ok(()) } else { rustup(&["target", "add"], &[name]) }
}

/// Programs that are not Rust's.
pub(crate) fn programs(needed: &[Program]) -> Result<(), Failed> {
    let missing: Vec<_> =
        needed.iter().filter(|program| !answers(program.name, program.asks)).collect();
    let list = |of: fn(&Program) -> &str| {
        missing.iter().map(|program| of(program)).collect::<Vec<_>>().join(", ")
    };
    if missing.is_empty() {
        return Ok(());
    }
    let Some(at) = MANAGERS.iter().position(|(name, _)| answers(name, VERSION)) else {
        return Err(Failed(format!(
            "the tests need what this machine misses; install {}",
            list(|it| it.what)
        )));
    };
    let (manager, install) = MANAGERS[at];
    eprintln!("missing: {}; installing with {manager}", list(|it| it.name));
    let packages = missing.iter().flat_map(|program| program.packages[at].split(' '));
    let install: Vec<_> = install.split(' ').chain(packages).collect();
    // A new machine has no list of packages yet.
    let update = (manager == "apt-get").then(|| vec!["update"]);
    for args in update.into_iter().chain([install]) {
        // brew refuses to be root; the others need to be.
        let mut command = if manager == "brew" || is_root() {
            Command::new(manager)
        } else {
            let mut sudo = Command::new("sudo");
            sudo.arg(manager);
            sudo
        };
        run(command.args(args))?;
    }
    Ok(())
}

fn rustup(what: &[&str], names: &[&str]) -> Result<(), Failed> {
    eprintln!("missing: {}; running rustup {}", names.join(", "), what.join(" "));
    run(Command::new("rustup").args(what).args(names)).map_err(|Failed(why)| {
        Failed(format!("{why}; Satama is built with the stable Rust of https://rustup.rs"))
    })
}

/// Whether rustc has a target's standard library.
fn has_target(name: &str) -> bool {
    let args = ["--print", "target-libdir", "--target", name];
    let Ok(output) = Command::new("rustc").args(args).output() else { return false };
    std::path::Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
}

/// Whether a program is there and runs.
pub(crate) fn answers(program: &str, args: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
