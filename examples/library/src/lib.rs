//! A library of Markdown documents: what a guest does with a cache and a session.
//!
//! Each document is rendered, outlined and counted once; after that it comes
//! from the cache, by its content. A session keeps how long each run took, and the
//! hub tells how far it is.

mod document;
mod folder;
mod library;
mod progress;
mod report;
mod summary;
mod words;

use crate::library::Library;

wit_bindgen::generate!();

struct Component;

impl Guest for Component {
    fn process(path: String) -> Result<String, String> {
        Library::open()?.process(&path)
    }

    fn outline(path: String) -> Result<String, String> {
        let document = Library::open()?.document(&path)?;
        Ok(report::outline(&document))
    }

    fn render(path: String) -> Result<String, String> {
        Ok(Library::open()?.document(&path)?.html)
    }
}

export!(Component);
