//! The keys that a host has now: those of its keyring, which is read again when a key is
//! missed.

use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::keyring::{Keyring, KeyringError};
use super::provider::{DataKey, KeyError, KeyRef};
use super::store::Wrap;

/// Shortest time between two readings of a keyring: a passphrase takes a tenth of a
/// second to become a key, and a guest may ask for what cannot be opened without end.
const READ_AGAIN: Duration = Duration::from_secs(1);

/// Where a host has its keys.
#[derive(Debug)]
pub struct Keys {
    ring: RwLock<Arc<Keyring>>,
    file: Option<PathBuf>,
    read: Mutex<Option<Instant>>,
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
        Self { ring: RwLock::new(Arc::new(ring)), file: None, read: Mutex::default() }
    }

    /// The keys in `file`, which is read again when a record was wrapped by a key that
    /// was not in it.
    pub async fn in_file(file: PathBuf) -> Result<Self, KeyringError> {
        let ring = Keyring::read(&file).await?;
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
            self.read_again().await;
            ring = self.ring();
        }
        let key = ring.key(&wrap.key).ok_or_else(|| UnwrapError::NoKey(wrap.key.clone()))?;
        let unwrapped = key.unwrap(&wrap.wrapped, context).await;
        unwrapped.map_err(|source| UnwrapError::Key { key: wrap.key.clone(), source })
    }

    /// Reads the keyring's file again, unless that was done a moment ago. One that
    /// cannot be read changes nothing. Whoever comes while it is read waits for that.
    pub(super) async fn read_again(&self) {
        let Some(file) = &self.file else { return };
        let mut read = self.read.lock().await;
        if read.is_some_and(|at| at.elapsed() < READ_AGAIN) {
            return;
        }
        *read = Some(Instant::now());
        match Keyring::read(file).await {
            Ok(ring) => {
                *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
            }
            Err(err) => tracing::error!("cannot read the keyring again: {}", crate::chain(&err)),
        }
    }
}
