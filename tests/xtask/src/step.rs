//! Runs commands one by one, and says which, and how long each took.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Why a command did not work, for a person.
#[derive(Debug)]
pub(crate) struct Failed(pub(crate) String);

/// A count of steps, for progress.
pub(crate) struct Steps {
    done: usize,
    total: usize,
}

impl Steps {
    pub(crate) fn new(total: usize) -> Self {
        Self { done: 0, total }
    }

    /// Runs a step, and says how long it took.
    pub(crate) fn run(&mut self, name: &str, command: Command) -> Result<(), Failed> {
        let start = Instant::now();
        self.show(name, command)?;
        eprintln!("      {:.1} s", start.elapsed().as_secs_f64());
        Ok(())
    }

    /// Runs a step whose output is the point.
    pub(crate) fn show(&mut self, name: &str, mut command: Command) -> Result<(), Failed> {
        self.work(name, || run(&mut command))
    }

    /// Does what is more than one command.
    pub(crate) fn work<T>(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        self.done += 1;
        eprintln!("\n[{}/{}] {name}", self.done, self.total);
        work()
    }
}

/// Cargo in `folder`.
pub(crate) fn cargo(folder: &Path, args: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // What cargo tells this program of its own package: a build script that asks for
    // it, as ring's does, would be run anew, and all that depends on it built again.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            cargo.env_remove(&name);
        }
    }
    cargo.current_dir(folder).args(args);
    cargo
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result<(), Failed> {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let shown: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    let shown = shown.join(" ");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Failed(format!("`{shown}` ended with {status}"))),
        Err(err) => Err(Failed(format!("`{shown}` cannot be started: {err}"))),
    }
}
