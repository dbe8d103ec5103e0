//! Compiled components on disk.
//!
//! Loading one runs its machine code, so the folder is trusted like the program
//! itself: it is used only if nobody else can write to it, or to a folder above
//! it. An entry is named by what was compiled and how (digest, engine settings,
//! wasmtime's version), and carries a checksum: a damaged one is compiled anew.

use std::fs::{DirBuilder, File, Metadata, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use sha2::{Digest as _, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::engine_digest;
use crate::digest::Digest;

/// What an entry ends with, after the code and its SHA-256; the last byte is the version
/// of this layout. At the end, so that the code can be mapped, whose pages count from
/// the beginning of the file.
const MAGIC: &[u8; 8] = b"satama\0\x02";

/// Length of a SHA-256 and of what follows it.
const TAIL_BYTES: u64 = 32 + MAGIC.len() as u64;

/// Size of all entries, in bytes, above which the oldest go.
const FOLDER_BYTES_MAX: u64 = 4 << 30;

/// How much is read at a time, in bytes: it stays in the processor's cache.
const PIECE_BYTES: usize = 256 << 10;

/// What the names of entries end with, and of those that are still written.
const ENTRY: &str = "cwasm";
const PART: &str = "cwasm-part";

/// A folder of compiled components.
#[derive(Debug)]
pub struct AotCache {
    folder: PathBuf,
    /// Digest of the engine's settings and version.
    engine: [u8; 32],
}

/// Whether a component had been compiled before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AotUse {
    /// It had.
    Hit,
    /// It had not, and is now.
    Saved,
    /// There is no folder for that.
    Off,
}

/// A folder that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum AotError {
    /// It cannot be made or read.
    #[error("the folder of compiled components, {}", folder.display())]
    Io {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else could put code into it.
    #[error(
        "compiled components are not safe in {}: others can write to {}; \
         run `chmod go-w {}`, or choose another folder",
        folder.display(), at.display(), at.display()
    )]
    Untrusted {
        /// The folder.
        folder: PathBuf,
        /// What others can write to.
        at: PathBuf,
    },
}

impl AotCache {
    /// The cache in `folder`, which is made if it is missing, for `engine`.
    pub fn open(folder: &Path, engine: &Engine) -> Result<Self, AotError> {
        let fail = |source| AotError::Io { folder: folder.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
        let folder = folder.canonicalize().map_err(fail)?;
        for (depth, at) in folder.ancestors().enumerate() {
            let meta = at.symlink_metadata().map_err(fail)?;
            // Above it, a sticky folder (/tmp) lets nobody rename what is ours.
            let sticky = depth > 0 && meta.mode() & 0o1000 != 0;
            let owned = is_ours(&meta) || depth > 0 && meta.uid() == 0;
            if !owned || (is_writable_by_others(&meta) && !sticky) {
                let at = at.to_owned();
                return Err(AotError::Untrusted { folder, at });
            }
        }
        Ok(Self { folder, engine: engine_digest(engine) })
    }

    /// The compiled component, if it is there and whole. Its pages are those of the
    /// file: hosts share them, and one that nobody touches is never read again.
    pub fn load(&self, engine: &Engine, digest: Digest) -> Option<Component> {
        let path = self.path(digest);
        let file = match open_whole(&path) {
            Ok(file) => file,
            Err(err) => {
                if err.kind() != io::ErrorKind::NotFound {
                    tracing::warn!(path = %path.display(), "compiled component not used: {err}");
                }
                return None;
            }
        };
        // The very file that was checked, whatever has taken its name since.
        let checked = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
        let checked = if checked.exists() { &checked } else { &path };
        // SAFETY: nobody else can write to the file (`open` and `open_whole` saw to
        // that), its checksum holds, and its name is of this engine's settings, so it
        // is what `save` wrote after compiling. It is not changed while it is mapped, for
        // nothing writes to an entry that has its name.
        #[expect(unsafe_code, reason = "loading machine code is what the cache is for")]
        let component = unsafe { Component::deserialize_file(engine, checked) };
        component.inspect_err(|err| tracing::warn!(path = %path.display(), "not used: {err}")).ok()
    }

    /// Keeps what was compiled. It is no error if that fails: it is compiled again the
    /// next time.
    pub fn save(&self, code: &[u8], digest: Digest) {
        let path = self.path(digest);
        let saved = self.write(&path, code).and_then(|()| self.sweep());
        if let Err(err) = saved {
            tracing::warn!(path = %path.display(), "compiled component not kept: {err}");
        }
    }

    fn path(&self, digest: Digest) -> PathBuf {
        let name = [self.engine.as_slice(), digest.as_bytes()].concat();
        self.folder.join(format!("{}.{ENTRY}", Digest::of(&name).hex()))
    }

    /// Writes beside the place and moves there, so that no reader sees half of it.
    fn write(&self, path: &Path, code: &[u8]) -> io::Result<()> {
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let (process, write) = (std::process::id(), WRITES.fetch_add(1, Ordering::Relaxed));
        let temporary = path.with_extension(format!("{process}-{write}.{PART}"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)?;
        file.write_all(code)?;
        file.write_all(&Sha256::digest(code))?;
        file.write_all(MAGIC)?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    }

    /// Removes the oldest entries while they are too large together. Only ours:
    /// the folder may hold what its owner would miss. Others may write and sweep
    /// at the same time.
    fn sweep(&self) -> io::Result<()> {
        let mut entries: Vec<(SystemTime, u64, PathBuf)> = Vec::new();
        for entry in std::fs::read_dir(&self.folder)? {
            let path = entry?.path();
            if !path.extension().is_some_and(|name| name == ENTRY || name == PART) {
                continue;
            }
            if let Some(meta) = unless_gone(path.symlink_metadata())? {
                entries.push((meta.modified()?, meta.len(), path));
            }
        }
        entries.sort();
        let mut total: u64 = entries.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in entries {
            if total <= FOLDER_BYTES_MAX {
                break;
            }
            unless_gone(std::fs::remove_file(path))?;
            total -= bytes;
        }
        Ok(())
    }
}

/// An entry, if it is ours and whole.
fn open_whole(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let mut file: File = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() || !is_ours(&meta) || is_writable_by_others(&meta) {
        return Err(io::Error::other("others can write to it"));
    }
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it is damaged");
    let code_bytes = meta.len().checked_sub(TAIL_BYTES).ok_or_else(damaged)?;
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE_BYTES];
    let mut code = (&file).take(code_bytes);
    loop {
        match code.read(&mut piece)? {
            0 => break,
            length => hasher.update(&piece[..length]),
        }
    }
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let expected = [hasher.finalize().as_slice(), MAGIC].concat();
    if tail == expected { Ok(file) } else { Err(damaged()) }
}

fn unless_gone<T>(done: io::Result<T>) -> io::Result<Option<T>> {
    match done {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        done => done.map(Some),
    }
}

fn is_ours(meta: &Metadata) -> bool {
    meta.uid() == rustix::process::geteuid().as_raw()
}

fn is_writable_by_others(meta: &Metadata) -> bool {
    meta.mode() & 0o022 != 0
}
