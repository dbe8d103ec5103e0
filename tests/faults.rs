//! What goes wrong: processes that are killed, servers that stop, answers that are
//! lost. Every store comes back by itself, with all that it acknowledged.

#![expect(clippy::unwrap_used, reason = "what fails should end the test where it fails")]

#[path = "faults/address.rs"]
mod address;
#[path = "faults/process.rs"]
mod process;
#[path = "faults/server.rs"]
mod server;
