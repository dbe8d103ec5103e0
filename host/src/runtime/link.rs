//! Which interfaces a grant links.

use wasmtime::component::Linker;

use crate::bindings::satama::services;
use crate::cache::HasCache;
use crate::grant::Grant;
use crate::guest::View;
use crate::session::HasSession;

/// Adds the interfaces that `grant` names to `linker`; the others stay unknown to it.
pub fn add_to_linker<T: View>(linker: &mut Linker<T>, grant: &Grant) -> wasmtime::Result<()> {
    if grant.links("cache") {
        services::cache::add_to_linker::<T, HasCache>(linker, |state| state.satama().cache())?;
    }
    if grant.links("session") {
        services::session::add_to_linker::<T, HasSession>(linker, |state| {
            state.satama().session()
        })?;
    }
    Ok(())
}
