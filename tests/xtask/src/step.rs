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
        self.done += 1;
        eprintln!("\n[{}/{}] {name}", self.done, self.total);
        run(&mut command)
    }
}

/// Cargo in `folder`.
pub(crate) fn cargo(folder: &Path, args: &[&str]) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(folder).args(args);
    // What this process was told by the cargo that runs it is not for others.
    cargo.env_remove("CARGO_MANIFEST_DIR").env_remove("CARGO_PKG_NAME");
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
