//! A key encryption key that never leaves its PKCS #11 token.

use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::timeout;
use zeroize::Zeroizing;

use crate::secret::provider::{DataKey, KEY_BYTES, KeyError, KeyProvider, Pending};
use session::Session;
use token::Token;

mod session;
mod token;

/// Sessions that one key has open at most, and so its calls at one time. A token works
/// them off one after the other whatever their number, and has few to give: a YubiHSM 2
/// has 16 for all that use it.
const SESSIONS_MAX: usize = 8;

/// A call that takes longer, its wait for a session included, is given up: a token that
/// is on a network may never answer, and PKCS #11 has no deadline of its own.
const DEADLINE: Duration = Duration::from_secs(10);

/// How to make a key that is not refused, at the end of each error that wants another.
const GENERATE: &str = "generate one in the token: AES, 32 bytes, sensitive, not extractable, \
                        encrypt and decrypt";

/// Where a key is, and what opens its token.
pub struct Config {
    /// The library that speaks to the token, as `/usr/lib/softhsm/libsofthsm2.so`. It runs
    /// in this process, with all that this process may do.
    pub module: PathBuf,
    /// The token's label.
    pub token: String,
    /// The key's label (`CKA_LABEL`), which one secret key of the token has.
    pub key: String,
    /// The PIN of the token's user.
    pub pin: Pin,
}

/// The PIN of a token's user. Zeroized when dropped, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(Zeroizing<String>);

/// A key in a token, which wraps with AES-256-GCM: IV, ciphertext and tag, in this order.
/// The key's value is never in this process, and what the token may not give away was
/// checked when it was found.
///
/// Each wrap draws a 96-bit IV at random, so one key is good for 2^32 wraps (NIST SP
/// 800-38D §8.3): beyond, two of them may share an IV, which would give both away. Nothing
/// counts them here; another version of the key, long before, is what keeps below.
///
/// A wrap is three calls to the token, for what was wrapped is opened again before it is
/// given; an unwrap is one, unless it is refused.
///
/// Whatever fails is tried once more in a new session, so that it goes on by itself when
/// a token was away for a while. A PIN that was refused is not tried again, or the token
/// would soon be locked: open the key again with the right one.
pub struct Pkcs11Key(Arc<Inner>);

struct Inner {
    token: Arc<Token>,
    label: String,
    permits: Arc<Semaphore>,
    /// Sessions that nobody uses now: at most as many as there are permits.
    idle: Mutex<Vec<Session>>,
}

/// Why a key cannot be opened, or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error(
        "no PKCS #11 module can be read at `{}`; give the path of the library that comes with \
         the token (SoftHSM's, on Debian: `apt-get install -y softhsm2`, then \
         /usr/lib/softhsm/libsofthsm2.so)", .0.display()
    )]
    NoModule(PathBuf, #[source] io::Error),
    /// The file is something else.
    #[error("`{}` is not a PKCS #11 module for this machine", .0.display())]
    NotAModule(PathBuf, #[source] cryptoki::error::Error),
    /// The module does not start.
    #[error(
        "the PKCS #11 module `{}` does not start; see whether its own settings are right and \
         can be read (SoftHSM's: the file that SOFTHSM2_CONF names)", .0.display()
    )]
    Start(PathBuf, #[source] cryptoki::error::Error),
    /// No token has this label.
    #[error("there is no token `{label}`; {}", named(there))]
    NoToken {
        /// The label that was asked for.
        label: String,
        /// Those that there are.
        there: Vec<String>,
    },
    /// Which token is meant cannot be told.
    #[error("several tokens are called `{0}`; give each its own label")]
    TwoTokens(String),
    /// The token does not take the PIN.
    #[error(
        "token `{0}` refused the PIN; it is not tried again by this process, for a few wrong \
         ones lock the token: correct it, and start again"
    )]
    WrongPin(String),
    /// Too many wrong ones were tried.
    #[error("the PIN of token `{0}` is locked; its security officer can set a new one")]
    PinLocked(String),
    /// The PIN has to be replaced first.
    #[error("the PIN of token `{0}` has expired; set a new one with the token's own tools")]
    PinExpired(String),
    /// The token was not made ready for users.
    #[error("token `{0}` has no PIN for users yet; its security officer can set one")]
    NoPin(String),
    /// A key of the token is open already, so the token would not look at this PIN.
    #[error("token `{0}` is in use with another PIN; give all its keys the same")]
    OtherPin(String),
    /// No secret key has this label.
    #[error("token `{token}` has no secret key `{key}`; {}", GENERATE)]
    NoKey {
        /// The token's label.
        token: String,
        /// The key's.
        key: String,
    },
    /// Which key is meant cannot be told.
    #[error("token `{token}` has several secret keys `{key}`; give each its own label")]
    TwoKeys {
        /// The token's label.
        token: String,
        /// The keys'.
        key: String,
    },
    /// The key is not what a key encryption key has to be.
    #[error("key `{key}` of token `{token}` {fault}; {}", GENERATE)]
    Unfit {
        /// The token's label.
        token: String,
        /// The key's.
        key: String,
        /// What is wrong with it.
        fault: &'static str,
    },
    /// What the key encrypted, it did not decrypt.
    #[error(
        "key `{0}` failed a trial; its token must do CKM_AES_GCM with an IV of 96 bits that \
         comes from the caller"
    )]
    Trial(String, #[source] CallError),
    /// There is such a key already, and what it wrapped opens with no other.
    #[error("token `{token}` has a secret key `{key}` already; choose another label")]
    Exists {
        /// The token's label.
        token: String,
        /// The key's.
        key: String,
    },
    /// The token failed.
    #[error("token `{0}` failed")]
    Token(String, #[source] cryptoki::error::Error),
}

/// Why a call to an open key failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// The bytes are not what this key wrapped for this context.
    #[error("the bytes do not authenticate")]
    Mismatch,
    /// The token, or what is between it and us.
    #[error("the token failed")]
    Token(#[source] cryptoki::error::Error),
    /// The token did something else than AES-GCM.
    #[error("the token gave what AES-GCM cannot give")]
    Garbled,
    /// No IV could be drawn.
    #[error("the system gave no random bytes")]
    Random(#[source] getrandom::Error),
    /// The token, or those who wait for it, took too long.
    #[error("the token did not answer within {} seconds", DEADLINE.as_secs())]
    NoAnswer,
}

impl Pin {
    /// This text as a PIN.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The PIN itself, for the one place that logs in with it.
    fn reveal(&self) -> &str {
        &self.0
    }
}

impl Pkcs11Key {
    /// Opens the key, and tries it. Blocks for as long as the token takes.
    pub fn open(config: &Config) -> Result<Self, OpenError> {
        let inner = Inner {
            token: Token::of(config)?,
            label: config.key.clone(),
            permits: Arc::new(Semaphore::new(SESSIONS_MAX)),
            idle: Mutex::default(),
        };
        let session = Session::open(&inner.token, &inner.label)?;
        inner.idle().push(session);
        Ok(Self(Arc::new(inner)))
    }

    /// Makes such a key in the token, where it stays. Blocks for as long as the token
    /// takes. Two that do it at the same time may both succeed, and neither key opens then.
    pub fn generate(config: &Config) -> Result<(), OpenError> {
        session::generate(&*Token::of(config)?, &config.key)
    }

    /// Does `work`, which blocks, on a thread of its own and in a session of its own.
    async fn call<T: Send + 'static>(
        &self,
        work: impl Fn(&Session) -> Result<T, CallError> + Send + 'static,
    ) -> Result<T, KeyError> {
        let inner = self.0.clone();
        let answer = async {
            let permit = inner.permits.clone().acquire_owned().await.map_err(unavailable)?;
            // Nothing stops a call that has begun, so it is the call that holds the permit.
            let work = move || {
                let _permit = permit;
                inner.attempt(work)
            };
            tokio::task::spawn_blocking(work).await.map_err(unavailable)?
        };
        timeout(DEADLINE, answer).await.unwrap_or_else(|_| Err(unavailable(CallError::NoAnswer)))
    }
}

impl KeyProvider for Pkcs11Key {
    fn wrap<'a>(&'a self, dek: &'a DataKey, context: &'a [u8]) -> Pending<'a, Vec<u8>> {
        // A vector's bytes stay where they are when it is moved, so there is one copy.
        let (dek, context) = (Zeroizing::new(dek.reveal().to_vec()), context.to_vec());
        Box::pin(self.call(move |session| session.wrap(&dek, &context)))
    }

    fn unwrap<'a>(&'a self, wrapped: &'a [u8], context: &'a [u8]) -> Pending<'a, DataKey> {
        let (wrapped, context) = (wrapped.to_vec(), context.to_vec());
        Box::pin(async move {
            let bytes = self.call(move |session| session.unwrap(&wrapped, &context)).await?;
            let mut key = Zeroizing::new([0; KEY_BYTES]);
            key.copy_from_slice(&bytes);
            Ok(DataKey::new(key))
        })
    }
}

impl Inner {
    fn idle(&self) -> MutexGuard<'_, Vec<Session>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work`, and if it fails once more in a new session. Both wrap and unwrap leave
    /// nothing behind in the token, so that twice is as good as once.
    fn attempt<T>(&self, work: impl Fn(&Session) -> Result<T, CallError>) -> Result<T, KeyError> {
        // Bound first: the lock would last as long as what follows.
        let idle = self.idle().pop();
        let session = idle.map_or_else(|| self.session(), Ok);
        match session.and_then(|session| self.within(session, &work)) {
            Err(KeyError::Unavailable(_)) => {}
            answer => return answer,
        }
        // What ended one session ended most likely all: a logout, a token pulled out.
        let others = std::mem::take(&mut *self.idle());
        drop(others);
        self.within(self.session()?, &work)
    }

    fn session(&self) -> Result<Session, KeyError> {
        Session::open(&self.token, &self.label).map_err(unavailable)
    }

    /// Does `work`, and keeps the session if it is still good.
    fn within<T>(
        &self,
        session: Session,
        work: impl Fn(&Session) -> Result<T, CallError>,
    ) -> Result<T, KeyError> {
        match work(&session) {
            Ok(answer) => {
                self.idle().push(session);
                Ok(answer)
            }
            Err(CallError::Mismatch) => {
                self.idle().push(session);
                Err(KeyError::Mismatch)
            }
            Err(err) => {
                session.give_up(&err);
                Err(unavailable(err))
            }
        }
    }
}

fn unavailable(err: impl Error + Send + Sync + 'static) -> KeyError {
    KeyError::Unavailable(Box::new(err))
}

/// The tokens that there are, as the end of an error.
fn named(there: &[String]) -> String {
    if there.is_empty() {
        return "the module has none that is initialized, or its own settings are not those that \
                you mean (SoftHSM's: the file that SOFTHSM2_CONF names)"
            .to_owned();
    }
    let names: Vec<String> = there.iter().map(|label| format!("`{label}`")).collect();
    format!("the module has {}", names.join(", "))
}
