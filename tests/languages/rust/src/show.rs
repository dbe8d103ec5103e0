//! How values are written.

use satama_guest::{cache, channel, hub, run, secret, session, workflow};

/// The lines of one part.
#[derive(Default)]
pub struct Lines(Vec<String>);

impl Lines {
    /// Says what came of something.
    pub fn say(&mut self, what: &str, value: impl Show) {
        self.0.push(format!("{what}: {}", value.show()));
    }

    pub fn into_vec(self) -> Vec<String> {
        self.0
    }
}

/// What can be written down.
pub trait Show {
    fn show(&self) -> String;
}

/// Only whether it worked.
pub fn worked<T, E>(result: Result<T, E>) -> Result<(), E> {
    result.map(drop)
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self) -> String {
        (*self).show()
    }
}

impl Show for () {
    fn show(&self) -> String {
        "ok".into()
    }
}

impl Show for str {
    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Show for String {
    fn show(&self) -> String {
        self.as_str().show()
    }
}

impl Show for Vec<u8> {
    fn show(&self) -> String {
        format!("bytes {} {}", self.len(), self.iter().map(|byte| u64::from(*byte)).sum::<u64>())
    }
}

impl<T: Show> Show for Option<T> {
    fn show(&self) -> String {
        self.as_ref().map_or_else(|| "none".into(), Show::show)
    }
}

impl<T: Show, E: Show> Show for Result<T, E> {
    fn show(&self) -> String {
        match self {
            Ok(value) => value.show(),
            Err(err) => format!("error {}", err.show()),
        }
    }
}

/// A list of anything but bytes.
pub struct List<T>(pub Vec<T>);

impl<T: Show> Show for List<T> {
    fn show(&self) -> String {
        let items: Vec<_> = self.0.iter().map(Show::show).collect();
        format!("[{}]", items.join(", "))
    }
}

macro_rules! plain {
    ($($type:ty),*) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                self.to_string()
            }
        })*
    };
}

plain!(bool, i64, u8, u16, u32, u64, usize);

/// Names of cases, with the payloads that are not text for people.
macro_rules! errors {
    ($($type:ty { $($case:pat => $text:expr),* $(,)? })*) => {
        $(impl Show for $type {
            fn show(&self) -> String {
                match self { $($case => $text.to_string()),* }
            }
        })*
    };
}

errors! {
    cache::Error {
        cache::Error::AccessDenied => "access-denied",
        cache::Error::TooLarge(max) => format!("too-large {max}"),
        cache::Error::NotACounter => "not-a-counter",
        cache::Error::ClaimLost => "claim-lost",
        cache::Error::QuotaExceeded => "quota-exceeded",
        cache::Error::Unavailable => "unavailable",
    }
    session::Error {
        session::Error::AccessDenied => "access-denied",
        session::Error::InvalidJson(field) => format!("invalid-json {}", field.show()),
        session::Error::TooLarge(max) => format!("too-large {max}"),
        session::Error::QuotaExceeded => "quota-exceeded",
        session::Error::Unavailable => "unavailable",
    }
    channel::Error {
        channel::Error::AccessDenied => "access-denied",
        channel::Error::NotFound => "not-found",
        channel::Error::AlreadyExists => "already-exists",
        channel::Error::InvalidJson => "invalid-json",
        channel::Error::InvalidCursor => "invalid-cursor",
        channel::Error::InvalidClose => "invalid-close",
        channel::Error::TooLarge(max) => format!("too-large {max}"),
        channel::Error::QuotaExceeded => "quota-exceeded",
        channel::Error::Unavailable => "unavailable",
    }
    hub::Error {
        hub::Error::AccessDenied => "access-denied",
        hub::Error::NotFound => "not-found",
        hub::Error::InvalidCursor => "invalid-cursor",
        hub::Error::TooLarge(max) => format!("too-large {max}"),
        hub::Error::QuotaExceeded => "quota-exceeded",
        hub::Error::Unavailable => "unavailable",
    }
    secret::Error {
        secret::Error::AccessDenied => "access-denied",
        secret::Error::NotFound => "not-found",
        secret::Error::InvalidName => "invalid-name",
        secret::Error::TooLarge(max) => format!("too-large {max}"),
        secret::Error::Undecryptable => "undecryptable",
        secret::Error::NotAuthentic => "not-authentic",
        secret::Error::QuotaExceeded => "quota-exceeded",
        secret::Error::Unavailable => "unavailable",
    }
    run::Status {
        run::Status::Running => "running",
        run::Status::Suspended => "suspended",
        run::Status::Cancelling => "cancelling",
        run::Status::Completed => "completed",
        run::Status::Failed => "failed",
        run::Status::Cancelled => "cancelled",
    }
    run::Error {
        run::Error::AccessDenied => "access-denied",
        run::Error::NotFound => "not-found",
        run::Error::Illegal(status) => format!("illegal {}", status.show()),
        run::Error::NoVersion => "no-version",
        run::Error::Invalid(_) => "invalid",
        run::Error::InvalidCursor => "invalid-cursor",
        run::Error::TooLarge(max) => format!("too-large {max}"),
        run::Error::QuotaExceeded => "quota-exceeded",
        run::Error::Unavailable => "unavailable",
    }
    workflow::Error {
        workflow::Error::TooLarge(max) => format!("too-large {max}"),
        workflow::Error::Failed(failure) => failure.show(),
        error => error.code(),
    }
    workflow::Failure {
        failure => format!("failed {} {}{}", failure.code.show(), failure.message.show(), if failure.retry { " retry" } else { "" }),
    }
}
