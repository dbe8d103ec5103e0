//! The failures that mean the same in every service.

use wasmtime::component::ResourceTableError;

/// Why a call was refused before it reached a store. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The grant does not name it.
    #[error("{service} `{name}` is not granted")]
    Denied {
        /// The interface.
        service: &'static str,
        /// The name the guest tried to open, shortened and escaped.
        name: String,
    },
    /// A limit on one value.
    #[error("{what} is over its limit of {max}")]
    TooLarge {
        /// What was over it.
        what: &'static str,
        /// The limit, in bytes, items or milliseconds.
        max: u64,
    },
    /// A limit on how much the tenant or instance may do or hold.
    #[error("over the limit `{0}`")]
    Quota(&'static str),
    /// Something that no guest does that is whole. It traps.
    #[error("fault")]
    Fault(#[source] Fault),
}

/// What a guest is ended for.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// It handed back a handle that it never held.
    #[error("handle")]
    Handle(#[source] ResourceTableError),
    /// A workflow's body did something whose outcome is not recorded.
    #[error("{interface}.{function} was called by a workflow's body outside of a step")]
    OutsideStep {
        /// The interface.
        interface: &'static str,
        /// The function.
        function: &'static str,
    },
}

/// A store did not answer in time, or could not be reached.
///
/// A write may or may not have happened.
#[derive(Debug, thiserror::Error)]
#[error("{store} is unavailable")]
pub struct Unavailable {
    /// Which kind of store.
    pub store: &'static str,
    /// What it said.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// An error's name in WIT, for a span's `outcome`.
pub trait Outcome {
    /// The case's name.
    fn outcome(&self) -> &'static str;
}

impl Outcome for Refused {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Denied { .. } => "access-denied",
            Self::TooLarge { .. } => "too-large",
            Self::Quota(_) => "quota-exceeded",
            Self::Fault(_) => "trap",
        }
    }
}

impl Refused {
    /// The grant of `service` does not name `name`. The guest chose it: the log gets a
    /// readable piece of it.
    pub fn denied(service: &'static str, name: &str) -> Self {
        let name = name.chars().take(64).flat_map(char::escape_default).collect();
        Self::Denied { service, name }
    }

    /// `Ok` if `size` is within `max`.
    pub fn over(what: &'static str, size: usize, max: u64) -> Result<(), Self> {
        if size as u64 <= max { Ok(()) } else { Err(Self::TooLarge { what, max }) }
    }
}

impl From<ResourceTableError> for Refused {
    fn from(err: ResourceTableError) -> Self {
        match err {
            ResourceTableError::Full => Self::Quota("handles"),
            err => Self::Fault(Fault::Handle(err)),
        }
    }
}

/// An error with its sources, as one line.
pub fn chain(err: &dyn std::error::Error) -> String {
    let mut line = err.to_string();
    let mut source = err.source();
    while let Some(err) = source {
        line.push_str(": ");
        line.push_str(&err.to_string());
        source = err.source();
    }
    line
}

/// Line and column, from one, of a byte of a text.
pub fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
