//! The keys that a host has now: those of its keyring, which is read again when a key is
//! missed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::keyring::{Keyring, KeyringError};
use super::provider::{DataKey, KeyError, KeyRef};
use super::store::Wrap;

/// How often a host that writes looks whether its keyring's file has changed.
const LOOK: Duration = Duration::from_secs(1);

/// Shortest time between two readings of a file that could not be read: a passphrase takes
/// a tenth of a second to become a key, and guests may ask without end.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// How long a reading may take: a token may stand still.
const READING: Duration = Duration::from_secs(10);

/// Where a host has its keys.
#[derive(Debug)]
pub struct Keys {
    ring: RwLock<Arc<Keyring>>,
    file: Option<File>,
}

/// A keyring's file. It is read again when it has changed: by a host that writes within a
/// second, by one that reads when it meets a key that it does not know.
#[derive(Debug)]
struct File {
    path: PathBuf,
    /// Held while it is read, so that whoever comes meanwhile waits for that.
    read: tokio::sync::Mutex<Reading>,
    looked: Mutex<Instant>,
}

/// The last reading of a file.
#[derive(Debug)]
struct Reading {
    at: Instant,
    /// What was read, if it could be.
    of: Option<Stamp>,
}

/// What tells a file from what was there before.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

/// Why a data key was not unwrapped.
#[derive(Debug, thiserror::Error)]
pub enum UnwrapError {
    /// The keyring has no such key.
    #[error("it is wrapped by key {0}, which is not in the keyring")]
    NoKey(KeyRef),
    /// The key did not do it.
    #[error("key {key}")]
    Key {
        /// Which key.
        key: KeyRef,
        /// Why.
        #[source]
        source: KeyError,
    },
}

impl Keys {
    /// These keys, whatever happens.
    pub fn fixed(ring: Keyring) -> Self {
        Self { ring: RwLock::new(Arc::new(ring)), file: None }
    }

    /// The keys in `file`, which is read again when it has changed.
    pub async fn in_file(file: PathBuf) -> Result<Self, KeyringError> {
        // Before it is read: what is changed after that is read again.
        let of = Stamp::of(&file);
        let ring = Keyring::read(&file).await?;
        let at = Instant::now();
        let read = tokio::sync::Mutex::new(Reading { at, of });
        let file = File { path: file, read, looked: Mutex::new(at) };
        Ok(Self { file: Some(file), ..Self::fixed(ring) })
    }

    /// The keys as they are now.
    pub fn ring(&self) -> Arc<Keyring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Wraps a data key with the primary key.
    pub(super) async fn wrap(
        &self,
        key: &DataKey,
        context: impl FnOnce(&KeyRef) -> Vec<u8>,
    ) -> Result<Wrap, UnwrapError> {
        if self.file.as_ref().is_some_and(File::is_to_be_looked_at) {
            self.read_again().await;
        }
        let ring = self.ring();
        let (name, primary) = ring.primary();
        let wrapped = primary.wrap(key, &context(name)).await;
        let wrapped = wrapped.map_err(|source| UnwrapError::Key { key: name.clone(), source })?;
        Ok(Wrap { key: name.clone(), wrapped })
    }

    /// Unwraps a data key with the key that it says.
    pub(super) async fn unwrap(&self, wrap: &Wrap, context: &[u8]) -> Result<DataKey, UnwrapError> {
        let mut ring = self.ring();
        if ring.key(&wrap.key).is_none() {
            if let Err(source) = self.read_if_changed().await {
                // It may be in there: to say that it is lost would be too much.
                return Err(UnwrapError::Key { key: wrap.key.clone(), source });
            }
            ring = self.ring();
        }
        let key = ring.key(&wrap.key).ok_or_else(|| UnwrapError::NoKey(wrap.key.clone()))?;
        let unwrapped = key.unwrap(&wrap.wrapped, context).await;
        unwrapped.map_err(|source| UnwrapError::Key { key: wrap.key.clone(), source })
    }

    /// Reads the keyring's file again if it has changed. One that cannot be read changes
    /// nothing.
    pub(super) async fn read_again(&self) {
        if let Err(err) = self.read_if_changed().await {
            tracing::error!("cannot read the keyring again: {}", crate::chain(&err));
        }
    }

    async fn read_if_changed(&self) -> Result<(), KeyError> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut last = file.read.lock().await;
        let is = Stamp::of(&file.path);
        if is.is_some() && last.of == is {
            return Ok(());
        }
        if last.of.is_none() && last.at.elapsed() < READ_AGAIN {
            return Err(KeyError::Unavailable("the keyring could not be read just now".into()));
        }
        let read = timeout(READING, Keyring::read(&file.path)).await;
        *last = Reading { at: Instant::now(), of: None };
        let ring = read
            .map_err(|_| KeyError::Unavailable("reading the keyring takes too long".into()))?
            .map_err(|err| KeyError::Unavailable(err.into()))?;
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
        last.of = is;
        Ok(())
    }
}

impl File {
    /// Whether nobody has looked for a while.
    fn is_to_be_looked_at(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let due = looked.elapsed() >= LOOK;
        if due {
            *looked = Instant::now();
        }
        due
    }
}

impl Stamp {
    /// Of the file that is at `path` now; none if it cannot be seen.
    fn of(path: &Path) -> Option<Self> {
        let is = std::fs::metadata(path).ok()?;
        let changed = (is.mtime(), is.mtime_nsec());
        Some(Self { device: is.dev(), inode: is.ino(), bytes: is.size(), changed })
    }
}
