//! A component is loaded once at a time, and shared while somebody has it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::watch;

use crate::digest::Digest;
use crate::runtime::engine::{Code, LoadError, Loaded};

/// The components that a host has, or is about to have.
#[derive(Default)]
pub(in crate::runtime) struct Loads(Mutex<HashMap<Digest, Load>>);

enum Load {
    /// Whoever asks meanwhile is told the same.
    Going(Waiting),
    Done(Weak<Loaded>),
}

/// Becomes some result, or closes if loading panics.
type Waiting = watch::Receiver<Option<Result<Code, LoadError>>>;

impl Loads {
    /// The component of this digest: the one that there is, or what `load` makes of it.
    /// That goes on though its caller may no longer wait for it.
    pub(in crate::runtime) async fn share<F>(
        self: &Arc<Self>,
        digest: Digest,
        load: impl FnOnce() -> F,
    ) -> Result<Code, LoadError>
    where
        F: Future<Output = Result<Code, LoadError>> + Send + 'static,
    {
        let mut waiting = {
            let mut loads = self.lock();
            loads.retain(|_, load| load.is_alive());
            match loads.get(&digest) {
                Some(Load::Done(loaded)) if let Some(loaded) = loaded.upgrade() => {
                    return Ok(Code::again(loaded));
                }
                Some(Load::Going(waiting)) => waiting.clone(),
                _ => {
                    let waiting = self.start(digest, load());
                    loads.insert(digest, Load::Going(waiting.clone()));
                    waiting
                }
            }
        };
        match waiting.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(done)) => done.clone(),
            Ok(None) | Err(_) => Err(LoadError::compile("loading it panicked".into())),
        }
    }

    fn start<F>(self: &Arc<Self>, digest: Digest, load: F) -> Waiting
    where
        F: Future<Output = Result<Code, LoadError>> + Send + 'static,
    {
        let (tell, waiting) = watch::channel(None);
        let this = self.clone();
        tokio::spawn(async move {
            let done = load.await;
            let kept = done.as_ref().ok().map(|code| Load::Done(code.downgrade()));
            let mut loads = this.lock();
            match kept {
                Some(kept) => loads.insert(digest, kept),
                // It may be tried again.
                None => loads.remove(&digest),
            };
            tell.send_replace(Some(done));
        });
        waiting
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Digest, Load>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Load {
    fn is_alive(&self) -> bool {
        match self {
            Self::Going(waiting) => waiting.has_changed().is_ok(),
            Self::Done(loaded) => loaded.strong_count() > 0,
        }
    }
}
