//! The programs that builds need, and where to get them.

use std::path::{Path, PathBuf};

/// Package managers, and how each installs a package.
const MANAGERS: [(&str, &str); 6] = [
    ("apt-get", "sudo apt-get install"),
    ("dnf", "sudo dnf install"),
    ("apk", "sudo apk add"),
    ("pacman", "sudo pacman -S"),
    ("zypper", "sudo zypper install"),
    ("brew", "brew install"),
];

/// A program that does not belong to a project.
pub(super) struct Program {
    pub(super) name: &'static str,
    /// What it is, with the oldest version that works.
    pub(super) what: &'static str,
    /// What brings it, as each of [`MANAGERS`] calls it; empty if that has none that is new enough.
    pub(super) packages: [&'static str; MANAGERS.len()],
    /// Where else it is to be had.
    pub(super) elsewhere: &'static str,
}

/// Something that a build needs, and is not there.
#[derive(Debug, thiserror::Error)]
#[error("{what}\n{}", .get.iter().map(|get| format!("  {get}")).collect::<Vec<_>>().join("\n"))]
pub(in super::super) struct Missing {
    /// What is missing, and what for.
    what: String,
    /// Each way to get it.
    get: Vec<String>,
}

impl Program {
    /// Where it is.
    pub(super) fn find(&self) -> Result<PathBuf, Missing> {
        find(self.name).ok_or_else(|| {
            self.missing(&format!("`{}` is not on your PATH: {}", self.name, self.what))
        })
    }

    /// That it is missing, or lacks something, and how to get it.
    pub(super) fn missing(&self, what: &str) -> Missing {
        let managers = MANAGERS.iter().zip(self.packages);
        let found = managers
            .filter(|((manager, _), package)| !package.is_empty() && find(manager).is_some());
        let mut get: Vec<_> =
            found.map(|((_, install), package)| format!("{install} {package}")).collect();
        get.push(self.elsewhere.to_owned());
        Missing { what: format!("{what}. Get it:"), get }
    }

    /// That it is of an older version than is needed. What the package manager has is as old, or
    /// would be there.
    pub(super) fn too_old(&self, version: &str) -> Missing {
        let what = format!("`{}` is {version}, and {}. Get it:", self.name, self.what);
        Missing { what, get: vec![self.elsewhere.to_owned()] }
    }
}

impl Missing {
    pub(super) fn new(what: impl Into<String>, get: &[&str]) -> Self {
        let get = get.iter().map(|get| (*get).to_owned()).collect();
        Self { what: what.into(), get }
    }
}

/// The program of this name, of those that a shell would find.
pub(super) fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_program(file))
}

/// Whether this is a file that can be run.
pub(super) fn is_program(file: &Path) -> bool {
    use rustix::fs::{Access, access};
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}
