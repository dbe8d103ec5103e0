//! stub
mod link;
pub use link::add_to_linker;
