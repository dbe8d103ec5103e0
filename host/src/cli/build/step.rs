//! The steps of a build: commands, said before they are run.

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use anyhow::Context as _;

use super::project::Project;

/// Variables that change how a tool says things, or where it looks, and not what it makes.
const UNTOLD: [&str; 2] = ["RUST_BACKTRACE", "VIRTUAL_ENV"];

/// A tool that did not do its work. What it printed was shown.
#[derive(Debug, thiserror::Error)]
#[error("`{command}` failed: {status}")]
pub(in super::super) struct Failed {
    command: String,
    status: std::process::ExitStatus,
}

impl Project {
    /// A program that the project has installed for itself.
    pub(super) fn own(&self, program: &str) -> anyhow::Result<Command> {
        // Not from its folder: whether a command starts there before it is looked up, systems differ.
        Ok(Command::new(std::path::absolute(self.file(program))?))
    }

    /// Runs a tool in the project's folder, and says so.
    pub(super) fn run(&self, command: &mut Command) -> anyhow::Result<()> {
        self.step(command, false).map(drop)
    }

    /// The same, for a tool that runs the code's top level. If a service is called there, what the
    /// engine says is in its own words.
    pub(super) fn load(&self, command: &mut Command) -> anyhow::Result<()> {
        self.run(command).inspect_err(|_| {
            self.say("this runs the code's top level, where no service can be called: do that in functions");
        })
    }

    /// The same, for what the tool prints to its standard output.
    pub(super) fn read_from(&self, command: &mut Command) -> anyhow::Result<Vec<u8>> {
        self.step(command, true).map(|output| output.stdout)
    }

    fn step(&self, command: &mut Command, reads: bool) -> anyhow::Result<Output> {
        let shown = self.shown(command);
        self.say(&format!("  {shown}"));
        command.current_dir(&self.folder).stdin(Stdio::null());
        if self.verbose {
            // Standard output is for what this program answers.
            let stdout = if reads { Stdio::piped() } else { std::io::stderr().into() };
            command.stderr(Stdio::inherit()).stdout(stdout);
        } else {
            command.stderr(Stdio::piped()).stdout(Stdio::piped());
        }
        let child = command.spawn().with_context(|| format!("`{shown}` cannot be started"))?;
        let output = child.wait_with_output()?;
        if output.status.success() {
            return Ok(output);
        }
        let mut stderr = std::io::stderr();
        if !reads {
            _ = stderr.write_all(&output.stdout);
        }
        _ = stderr.write_all(&output.stderr);
        Err(Failed { command: shown, status: output.status }.into())
    }

    /// A command as it would be typed in the project's folder, near enough.
    fn shown(&self, command: &Command) -> String {
        let told = |name: &OsStr| !UNTOLD.iter().any(|untold| name == *untold);
        let words =
            command.get_envs().filter(|(name, _)| told(name)).filter_map(|(name, value)| {
                Some(format!("{}={}", name.to_string_lossy(), value?.to_string_lossy()))
            });
        let program = Path::new(command.get_program());
        let folder = std::path::absolute(&self.folder).unwrap_or_default();
        let program = match program.strip_prefix(folder) {
            Ok(own) => own.as_os_str(),
            // What the PATH led to.
            Err(_) => program.file_name().unwrap_or(program.as_os_str()),
        };
        let rest = std::iter::once(program).chain(command.get_args());
        let rest = rest.map(|word| word.to_string_lossy().into_owned());
        words.chain(rest).collect::<Vec<_>>().join(" ")
    }
}
