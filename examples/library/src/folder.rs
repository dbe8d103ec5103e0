//! The folder of documents: which files there are, and where links lead.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Component, Path, PathBuf};

/// Most documents of one run: more are a mistake, and would not fit a report.
const FILES_MAX: usize = 10_000;

/// Longest document, in bytes. Its text and its HTML are in memory at a time.
const FILE_BYTES_MAX: u64 = 4 << 20;

/// Folders of what others wrote, or machines.
const FOREIGN: [&str; 2] = ["target", "node_modules"];

/// A folder, and the paths in it: relative, with slashes, as in a link.
pub struct Folder {
    root: PathBuf,
}

/// What was found at a path.
#[derive(Debug, Default, PartialEq)]
pub struct Listing {
    /// The documents, in order.
    pub files: Vec<String>,
    /// What was left out, and why.
    pub skipped: Vec<String>,
}

impl Folder {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The documents at `path`: a file, or a folder with all that is below it.
    pub fn list(&self, path: &str) -> Result<Listing, String> {
        let path = normal(path)?;
        let fail = |err: io::Error| format!("{path:?}: {err}");
        let mut listing = Listing::default();
        if fs::metadata(self.root.join(&path)).map_err(fail)?.is_file() {
            listing.files.push(path);
            return Ok(listing);
        }
        let mut folders = vec![path];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(self.root.join(&folder)) {
                Ok(entries) => entries,
                Err(err) => {
                    listing.skip(&folder, &err.to_string());
                    continue;
                }
            };
            for entry in entries.flatten() {
                if !listing.add(&folder, &entry, &mut folders) {
                    folders.clear();
                    break;
                }
            }
        }
        listing.files.sort_unstable();
        listing.skipped.sort_unstable();
        Ok(listing)
    }

    /// The text of a document, or why it can't be read.
    pub fn read(&self, file: &str) -> Result<String, String> {
        let file = fs::File::open(self.root.join(file)).map_err(|err| err.to_string())?;
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|err| err.to_string())?;
        if bytes.len() as u64 > FILE_BYTES_MAX {
            return Err(format!("longer than {FILE_BYTES_MAX} bytes"));
        }
        String::from_utf8(bytes).map_err(|_| "not UTF-8".into())
    }

    /// Whether the file or folder exists that `file` links to as `target`.
    pub fn has(&self, file: &str, target: &str) -> bool {
        resolve(file, target).is_some_and(|path| self.root.join(path).exists())
    }
}

impl Listing {
    /// Adds one entry of `folder`. False if there is no room for more.
    fn add(&mut self, folder: &str, entry: &fs::DirEntry, folders: &mut Vec<String>) -> bool {
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            self.skip(&format!("{folder}/{}", name.display()), "its name is not UTF-8");
            return true;
        };
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        // Links are not followed: they can lead in circles.
        let Ok(kind) = entry.file_type() else { return true };
        if kind.is_dir() {
            if name.starts_with('.') || FOREIGN.contains(&name) {
                self.skip(&path, "hidden, or not written by hand");
            } else {
                folders.push(path);
            }
        } else if kind.is_file() && is_document(name) {
            if self.files.len() == FILES_MAX {
                self.skip("the rest", &format!("over {FILES_MAX} documents"));
                return false;
            }
            self.files.push(path);
        }
        true
    }

    pub fn skip(&mut self, path: &str, why: &str) {
        self.skipped.push(format!("{path}: {why}"));
    }
}

fn is_document(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|e| e.eq_ignore_ascii_case("md") || e.eq_ignore_ascii_case("markdown"))
}

/// The path as it is in a listing; empty for the folder itself.
pub fn normal(path: &str) -> Result<String, String> {
    let outside = || format!("{path:?} is not a path in the folder");
    let mut names = Vec::new();
    for component in Path::new(path).components() {
        match component {
            Component::Normal(name) => names.push(name.to_str().ok_or_else(outside)?),
            Component::CurDir => {}
            _ => return Err(outside()),
        }
    }
    Ok(names.join("/"))
}

/// Where a link in `file` leads, or none if out of the folder.
fn resolve(file: &str, target: &str) -> Option<String> {
    let mut names: Vec<&str> = match target.starts_with('/') {
        true => Vec::new(),
        false => file.split('/').collect(),
    };
    names.pop();
    for name in target.split('/') {
        match name {
            "" | "." => {}
            ".." => drop(names.pop()?),
            name => names.push(name),
        }
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for a test, with these files, which ends with it.
    struct Temporary(PathBuf);

    impl Temporary {
        fn with(name: &str, files: &[&str]) -> Self {
            let root = std::env::temp_dir().join(format!("library-{name}-{}", std::process::id()));
            for file in files {
                let path = root.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "# Title\n").unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Temporary {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn documents_are_found_and_the_rest_is_named() {
        let files = ["b.md", "a/c.MD", "a/d/e.markdown", "a/f.txt", ".git/g.md", "a/target/h.md"];
        let temporary = Temporary::with("list", &files);
        let folder = Folder::new(&temporary.0);
        let all = folder.list(".").unwrap();
        assert_eq!(all.files, ["a/c.MD", "a/d/e.markdown", "b.md"]);
        assert_eq!(all.skipped.len(), 2);
        assert!(all.skipped[0].starts_with(".git: "));
        assert!(all.skipped[1].starts_with("a/target: "));
        assert_eq!(folder.list("a/d").unwrap().files, ["a/d/e.markdown"]);
        assert_eq!(folder.list("./b.md").unwrap().files, ["b.md"]);
        assert!(folder.list("absent").is_err());
        assert!(folder.list("../x").is_err());
        assert!(folder.list("/etc").is_err());
    }

    #[test]
    fn what_is_not_a_text_is_not_read() {
        let temporary = Temporary::with("read", &["a.md"]);
        let folder = Folder::new(&temporary.0);
        assert_eq!(folder.read("a.md").unwrap(), "# Title\n");
        fs::write(temporary.0.join("a.md"), b"\xff").unwrap();
        assert_eq!(folder.read("a.md").unwrap_err(), "not UTF-8");
        fs::File::create(temporary.0.join("a.md")).unwrap().set_len(FILE_BYTES_MAX + 1).unwrap();
        assert!(folder.read("a.md").unwrap_err().starts_with("longer than"));
    }

    #[test]
    fn links_lead_where_a_browser_goes() {
        assert_eq!(resolve("a/b.md", "c.md").unwrap(), "a/c.md");
        assert_eq!(resolve("a/b.md", "./c/").unwrap(), "a/c");
        assert_eq!(resolve("a/b.md", "../c.md").unwrap(), "c.md");
        assert_eq!(resolve("a/b.md", "..").unwrap(), "");
        assert_eq!(resolve("a/b.md", "/c.md").unwrap(), "c.md");
        assert_eq!(resolve("a/b.md", "").unwrap(), "a");
        assert_eq!(resolve("a/b.md", "../../c.md"), None);
    }
}
