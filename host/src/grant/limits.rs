//! How much one call, one instance and one tenant may use.

use serde::Deserialize;

use crate::{cache, channel, delivery, session};

/// The limits of a grant. Every field has a default that is safe for code that
/// nobody has read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// Linear memory of one instance, all its memories together, in bytes.
    pub memory_bytes: u64,
    /// Elements of one instance's tables, all together.
    pub table_elements: u32,
    /// Time that one call may compute, in milliseconds, not counting its waits.
    pub cpu_ms: u64,
    /// Time that one call may take, with its waits, in milliseconds.
    pub wall_ms: u64,
    /// Data that one host call may hand over, in bytes.
    pub hostcall_bytes: u64,
    /// Handles that one instance may hold at a time, WASI's included.
    pub handles: u32,
    /// Longest value of a cache entry or session field, in bytes.
    pub value_bytes: u64,
    /// Longest key of a cache entry or id of a session, in bytes.
    pub key_bytes: u64,
    /// Host calls that all the tenant's instances may make in a second.
    pub calls_per_second: u32,
    /// Calls of the tenant's exports that may run at a time.
    pub concurrent_calls: u32,
    /// Text that one call may write to the log, stdout and stderr together, in bytes.
    pub log_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            // Rust and JS guests need 2–20 MiB; the peers that chose 10 had to raise it.
            memory_bytes: 64 << 20,
            // A CPython guest has some 6,000 functions in its table.
            table_elements: 20_000,
            cpu_ms: 5_000,
            // Longer than `fill` may wait.
            wall_ms: 60_000,
            // wasmtime's own default is 128 MiB a call (GHSA-852m-cvvp-9p4w).
            hostcall_bytes: 4 << 20,
            handles: 1_000,
            value_bytes: cache::VALUE_BYTES_MAX,
            key_bytes: KEY_BYTES_MAX,
            calls_per_second: 20_000,
            concurrent_calls: 64,
            log_bytes: 64 << 10,
        }
    }
}

/// Longest key that any manifest may allow, in bytes. Redis would take 512 MiB;
/// a key that long is a mistake.
pub const KEY_BYTES_MAX: u64 = 1024;

const _: () = assert!(session::FIELD_BYTES_MAX <= cache::VALUE_BYTES_MAX);
const _: () = assert!(channel::DATA_BYTES_MAX <= cache::VALUE_BYTES_MAX);
const _: () = assert!(delivery::MESSAGE_BYTES_MAX <= cache::VALUE_BYTES_MAX);

/// A limit outside what the host can keep to. Says what it may be.
#[derive(Debug, thiserror::Error)]
#[error("`{name} = {value}` is not possible: it may be {min} to {max}")]
pub struct Impossible {
    /// The limit's name.
    pub name: &'static str,
    value: u64,
    min: u64,
    max: u64,
}

impl Limits {
    /// Whether each limit is one that the host can keep to, and that leaves the
    /// guest anything at all.
    pub fn check(&self) -> Result<(), Impossible> {
        let ranges = [
            // A page of wasm, and what 32 bits can address.
            ("memory_bytes", self.memory_bytes, 64 << 10, 4 << 30),
            ("table_elements", self.table_elements.into(), 0, 1_000_000),
            // One tick of the epoch, and a day.
            ("cpu_ms", self.cpu_ms, 10, 86_400_000),
            ("wall_ms", self.wall_ms, 10, 86_400_000),
            ("hostcall_bytes", self.hostcall_bytes, 4 << 10, 128 << 20),
            ("handles", self.handles.into(), 8, 1_000_000),
            ("value_bytes", self.value_bytes, 1, cache::VALUE_BYTES_MAX),
            ("key_bytes", self.key_bytes, 1, KEY_BYTES_MAX),
            ("calls_per_second", self.calls_per_second.into(), 1, 100_000_000),
            ("concurrent_calls", self.concurrent_calls.into(), 1, 10_000),
            ("log_bytes", self.log_bytes, 0, 64 << 20),
        ];
        for (name, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return Err(Impossible { name, value, min, max });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_possible() {
        Limits::default().check().unwrap();
    }

    #[test]
    fn an_impossible_limit_says_what_it_may_be() {
        let limits = Limits { cpu_ms: 0, ..Limits::default() };
        let text = limits.check().unwrap_err().to_string();
        assert_eq!(text, "`cpu_ms = 0` is not possible: it may be 10 to 86400000");
    }
}
