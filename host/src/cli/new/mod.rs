//! `satama new`: a project that builds.

mod files;
mod name;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;

use super::language::Language;
use super::{Usage, print};

/// Make a project: a component that greets, with a workflow.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  satama new --lang ts hello
  cd hello && satama build && satama run --invoke 'greet(\"Ann\")'

The project is a folder of its name. It carries the interfaces and the SDK that this satama was made
with, so it needs no package of Satama's from elsewhere; and it needs no network before it is built.")]
pub(super) struct New {
    /// What it is written in.
    #[arg(long, short)]
    lang: Language,

    /// The project's name: small letters and digits in words, with `-` between them.
    #[arg(value_parser = name::parse)]
    name: String,
}

impl New {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let (name, folder) = (self.name.as_str(), Path::new(&self.name));
        refuse_full(folder)?;
        write(folder, name, self.lang)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        print(&format!(
            "made {name}, in {}; {name}/README.md has more

  cd {name}
  satama build
  satama run --invoke 'greet(\"Ann\")'",
            self.lang.title()
        ))?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Refuses a folder with something in it, and what is no folder.
fn refuse_full(folder: &Path) -> anyhow::Result<()> {
    let name = folder.display();
    let what = match fs::symlink_metadata(folder) {
        Err(err) if err.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(err) => return Err(err).with_context(|| format!("cannot look at {name}")),
        Ok(is) if !is.is_dir() => "there, and is no folder",
        Ok(_) if fs::read_dir(folder)?.next().is_some() => "there, and not empty",
        Ok(_) => return Ok(()),
    };
    Err(Usage(format!("{name} is {what}; choose another name")).into())
}

/// Writes all files, or none: the folder gets its name when it is whole.
fn write(folder: &Path, name: &str, language: Language) -> anyhow::Result<()> {
    let beside = tempfile::Builder::new().prefix(".satama-new-").tempdir_in(".")?;
    // That one is for its owner alone; one in it is as any folder the user makes.
    let draft = beside.path().join(name);
    for (path, text) in files::project(language, name) {
        let path = draft.join(path);
        fs::create_dir_all(path.parent().unwrap_or(&draft))?;
        fs::write(path, text)?;
    }
    // An empty folder of this name is replaced; one that is no longer empty is not.
    Ok(fs::rename(&draft, folder)?)
}
