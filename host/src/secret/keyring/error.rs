//! What is wrong with a keyring, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use super::At;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// A keyring that cannot be used: `file:line:column: why`. Never with a key, a passphrase
/// or a part of one.
#[derive(Debug)]
pub struct KeyringError {
    /// The keyring.
    pub file: PathBuf,
    /// Line and column, from one, if the fault is in one place.
    pub at: Option<(usize, usize)>,
    /// What is wrong, and what to do instead.
    pub message: String,
    source: Option<Source>,
}

/// A fault, before it is known where it is.
#[derive(Debug)]
pub(super) struct Fault {
    message: String,
    source: Option<Source>,
}

impl Fault {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    pub(super) fn because(self, source: impl Into<Source>) -> Self {
        Self { source: Some(source.into()), ..self }
    }

    pub(super) fn in_file(self, file: &Path, at: Option<At>) -> KeyringError {
        KeyringError { file: file.to_owned(), at, message: self.message, source: self.source }
    }
}

impl fmt::Display for KeyringError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        if let Some((line, column)) = self.at {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for KeyringError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
