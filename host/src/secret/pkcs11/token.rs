//! A token, and the module that speaks to it: what all keys in a process share.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::Slot;
use cryptoki::types::AuthPin;

use super::{Config, OpenError, Pin};

/// The modules of this process, by their real path. A module is initialized once in a
/// process, whoever uses it, and stays: to finalize it would end the sessions of all.
static MODULES: LazyLock<Mutex<HashMap<PathBuf, Arc<Module>>>> = LazyLock::new(Mutex::default);

struct Module {
    pkcs11: Pkcs11,
    /// Those that are in use, by label.
    tokens: Mutex<HashMap<String, Weak<Token>>>,
    /// The PIN that a token refused, by its label: to try it again, as a keyring that is
    /// read again would, could lock the token.
    refused: Mutex<HashMap<String, Pin>>,
}

/// A token that keys are used from. The login is one for all sessions of the process with
/// it, so it is here and not with a key.
pub(super) struct Token {
    pkcs11: Pkcs11,
    label: String,
    pin: Pin,
    /// Whether the token refused the PIN. Held while logging in, so that a wrong one is
    /// tried once and not once for each session.
    refused: Mutex<bool>,
    module: Arc<Module>,
}

impl Token {
    /// The token of `config`, which may not be there: nothing was asked of it yet.
    pub(super) fn of(config: &Config) -> Result<Arc<Self>, OpenError> {
        let module = Module::load(&config.module)?;
        if lock(&module.refused).get(&config.token) == Some(&config.pin) {
            return Err(OpenError::WrongPin(config.token.clone()));
        }
        let mut tokens = lock(&module.tokens);
        let known = tokens.get(&config.token).and_then(Weak::upgrade);
        // One that refused its PIN waits for another, which this may be.
        if let Some(token) = known.filter(|token| !*lock(&token.refused)) {
            if token.pin != config.pin {
                return Err(OpenError::OtherPin(config.token.clone()));
            }
            return Ok(token);
        }
        let token = Arc::new(Self {
            pkcs11: module.pkcs11.clone(),
            label: config.token.clone(),
            pin: config.pin.clone(),
            refused: Mutex::new(false),
            module: module.clone(),
        });
        tokens.insert(config.token.clone(), Arc::downgrade(&token));
        Ok(token)
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    /// A new session, logged in. Only one that is to `write` can make a key.
    pub(super) fn session(&self, write: bool) -> Result<Session, OpenError> {
        // Looked for each time: a token that was put in again may be in another slot.
        let slot = self.slot()?;
        let session = match write {
            true => self.pkcs11.open_rw_session(slot),
            false => self.pkcs11.open_ro_session(slot),
        };
        let session = session.map_err(|err| self.failed(err))?;
        self.login(&session)?;
        Ok(session)
    }

    /// `err` as a failure of this token.
    pub(super) fn failed(&self, err: Error) -> OpenError {
        OpenError::Token(self.label.clone(), err)
    }

    fn slot(&self) -> Result<Slot, OpenError> {
        let slots = self.pkcs11.get_slots_with_token().map_err(|err| self.failed(err))?;
        // A slot whose token cannot be read is not the one, or is as good as absent.
        let tokens = slots.into_iter().filter_map(|slot| {
            let info = self.pkcs11.get_token_info(slot).ok()?;
            info.token_initialized().then(|| (slot, info.label().to_owned()))
        });
        let tokens: Vec<(Slot, String)> = tokens.collect();
        let mut ours = tokens.iter().filter(|(_, label)| *label == self.label);
        match (ours.next(), ours.next()) {
            (Some((slot, _)), None) => Ok(*slot),
            (Some(_), Some(_)) => Err(OpenError::TwoTokens(self.label.clone())),
            (None, _) => {
                let there = tokens.into_iter().map(|(_, label)| label).collect();
                Err(OpenError::NoToken { label: self.label.clone(), there })
            }
        }
    }

    fn login(&self, session: &Session) -> Result<(), OpenError> {
        let mut refused = lock(&self.refused);
        if *refused {
            return Err(OpenError::WrongPin(self.label.clone()));
        }
        let pin = AuthPin::from(self.pin.reveal());
        let Err(err) = session.login(UserType::User, Some(&pin)) else { return Ok(()) };
        let label = self.label.clone();
        match err {
            Error::Pkcs11(RvError::UserAlreadyLoggedIn, _) => Ok(()),
            Error::Pkcs11(
                RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange,
                _,
            ) => {
                *refused = true;
                lock(&self.module.refused).insert(label.clone(), self.pin.clone());
                Err(OpenError::WrongPin(label))
            }
            Error::Pkcs11(RvError::PinLocked, _) => Err(OpenError::PinLocked(label)),
            Error::Pkcs11(RvError::PinExpired, _) => Err(OpenError::PinExpired(label)),
            Error::Pkcs11(RvError::UserPinNotInitialized, _) => Err(OpenError::NoPin(label)),
            err => Err(self.failed(err)),
        }
    }
}

impl Module {
    /// The module at `path`, loaded and initialized by whoever was first.
    fn load(path: &Path) -> Result<Arc<Self>, OpenError> {
        // By its real path, for it may have several; and found by none but what was written.
        let path = path.canonicalize().map_err(|err| OpenError::NoModule(path.to_owned(), err))?;
        let mut modules = lock(&MODULES);
        if let Some(module) = modules.get(&path) {
            return Ok(module.clone());
        }
        let pkcs11 = Pkcs11::new(&path).map_err(|err| OpenError::NotAModule(path.clone(), err))?;
        // Its calls come from several threads.
        let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        match pkcs11.initialize(locking) {
            // Another library of this process may use it too.
            Ok(()) | Err(Error::Pkcs11(RvError::CryptokiAlreadyInitialized, _)) => {}
            Err(err) => return Err(OpenError::Start(path, err)),
        }
        let module = Arc::new(Self { pkcs11, tokens: Mutex::default(), refused: Mutex::default() });
        modules.insert(path, module.clone());
        Ok(module)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
