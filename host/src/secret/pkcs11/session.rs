//! A session with a token in which its key was found: the calls themselves.

use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::types::Ulong;
use zeroize::Zeroizing;

use super::token::Token;
use super::{CallError, OpenError};
use crate::secret::provider::{KEY_BYTES, WRAPPED_BYTES_MAX};

/// Bytes of an IV: 96 bits, which GCM takes as it is (NIST SP 800-38D §8.2).
const IV_BYTES: usize = 12;

/// Bytes of a tag: the longest that there is (NIST SP 800-38D §5.2.1.2).
const TAG_BYTES: usize = 16;

/// The same for PKCS #11.
const TAG_BITS: Ulong = Ulong::new(128);

/// The bytes of a key for PKCS #11.
const AES_256: Ulong = Ulong::new(32);

/// Bytes of a wrapped data key.
const WRAPPED_BYTES: usize = IV_BYTES + KEY_BYTES + TAG_BYTES;

const _: () = assert!(WRAPPED_BYTES <= WRAPPED_BYTES_MAX);

/// What samples are wrapped for: the context of no record.
const SAMPLE: &[u8] = b"satama: a sample";

/// A session, which one thread uses at a time. Closed when dropped.
pub(super) struct Session {
    session: cryptoki::session::Session,
    key: ObjectHandle,
    /// Zeros, wrapped in this session: what opens as long as the token is well.
    sample: Vec<u8>,
}

impl Session {
    /// Opens a session, finds the key `label` in it, and tries it.
    pub(super) fn open(token: &Token, label: &str) -> Result<Self, OpenError> {
        let session = token.session(false)?;
        let key = find(&session, token, label)?;
        let mut session = Self { session, key, sample: Vec::new() };
        let sample = session.encrypt(&[0; KEY_BYTES], SAMPLE);
        session.sample = sample.map_err(|err| OpenError::Trial(label.to_owned(), err))?;
        Ok(session)
    }

    /// Encrypts `dek` for `context`.
    pub(super) fn wrap(&self, dek: &[u8], context: &[u8]) -> Result<Vec<u8>, CallError> {
        let wrapped = self.encrypt(dek, context)?;
        // Handles are small numbers that a token gives out again. Once it closed all sessions,
        // ours may be another's, and the key in it another key, with no error to tell.
        self.decrypt(&self.sample, SAMPLE)?;
        Ok(wrapped)
    }

    /// Decrypts what [`Session::wrap`] gave.
    pub(super) fn unwrap(
        &self,
        wrapped: &[u8],
        context: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, CallError> {
        if wrapped.len() != WRAPPED_BYTES {
            return Err(CallError::Mismatch);
        }
        let first = match self.decrypt(wrapped, context) {
            Err(CallError::Token(Error::Pkcs11(code, _))) => code,
            answer => return answer,
        };
        // What a token says of bytes that do not authenticate is its own affair: SoftHSM 2.6
        // calls it a general error, as it does much else. So it is asked for what is known to
        // open. If that does, and this again fails as before, it is not for the token's sake.
        self.decrypt(&self.sample, SAMPLE)?;
        match self.decrypt(wrapped, context) {
            Err(CallError::Token(Error::Pkcs11(code, _))) if code == first => {
                Err(CallError::Mismatch)
            }
            answer => answer,
        }
    }

    /// Encrypts, and sees that it opens: what does not is lost, and nobody would know before
    /// it is needed.
    fn encrypt(&self, dek: &[u8], context: &[u8]) -> Result<Vec<u8>, CallError> {
        let mut iv = [0; IV_BYTES];
        getrandom::fill(&mut iv).map_err(CallError::Random)?;
        let mechanism = gcm(&mut iv, context)?;
        let sealed = self.session.encrypt(&mechanism, self.key, dek).map_err(CallError::Token)?;
        // After the call: there are tokens that draw the IV themselves, and write it there.
        let wrapped = [&iv[..], &sealed].concat();
        if wrapped.len() != WRAPPED_BYTES || self.decrypt(&wrapped, context)?[..] != *dek {
            return Err(CallError::Garbled);
        }
        Ok(wrapped)
    }

    /// Decrypts, or tells what the token says.
    fn decrypt(&self, wrapped: &[u8], context: &[u8]) -> Result<Zeroizing<Vec<u8>>, CallError> {
        let (iv, sealed) = wrapped.split_at_checked(IV_BYTES).ok_or(CallError::Mismatch)?;
        let mut iv = iv.to_vec();
        let mechanism = gcm(&mut iv, context)?;
        let dek = self.session.decrypt(&mechanism, self.key, sealed).map_err(CallError::Token)?;
        let dek = Zeroizing::new(dek);
        match dek.len() {
            KEY_BYTES => Ok(dek),
            _ => Err(CallError::Garbled),
        }
    }

    /// Ends a session that failed with `err`.
    pub(super) fn give_up(self, err: &CallError) {
        if let CallError::Token(Error::Pkcs11(err, _)) = err
            && gone(*err)
        {
            // It is closed already, and its handle may be that of another by now.
            std::mem::forget(self.session);
        }
    }
}

/// Makes the key `label`, which nobody sees.
pub(super) fn generate(token: &Token, label: &str) -> Result<(), OpenError> {
    let session = token.session(true)?;
    // One that is not fit has the label all the same.
    if !named(&session, token, label)?.is_empty() {
        let (token, key) = (token.label().to_owned(), label.to_owned());
        return Err(OpenError::Exists { token, key });
    }
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(AES_256),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
        // Tokens have their own ideas of what is not said: this is no key to move others by.
        Attribute::Wrap(false),
        Attribute::Unwrap(false),
    ];
    session.generate_key(&Mechanism::AesKeyGen, &template).map_err(|err| token.failed(err))?;
    // A token may have taken the template for advice.
    find(&session, token, label).map(drop)
}

/// The one secret key that is called `label`, if it is fit.
fn find(
    session: &cryptoki::session::Session,
    token: &Token,
    label: &str,
) -> Result<ObjectHandle, OpenError> {
    let names = || (token.label().to_owned(), label.to_owned());
    let found = named(session, token, label)?;
    let [handle] = found[..] else {
        let (token, key) = names();
        return Err(match found.is_empty() {
            true => OpenError::NoKey { token, key },
            false => OpenError::TwoKeys { token, key },
        });
    };
    let asked = [
        AttributeType::KeyType,
        AttributeType::ValueLen,
        AttributeType::Sensitive,
        AttributeType::Extractable,
        AttributeType::Encrypt,
        AttributeType::Decrypt,
    ];
    let has = session.get_attributes(handle, &asked).map_err(|err| token.failed(err))?;
    match fault(&has) {
        None => Ok(handle),
        Some(fault) => {
            let (token, key) = names();
            Err(OpenError::Unfit { token, key, fault })
        }
    }
}

/// All secret keys that are called `label`.
fn named(
    session: &cryptoki::session::Session,
    token: &Token,
    label: &str,
) -> Result<Vec<ObjectHandle>, OpenError> {
    let class = Attribute::Class(ObjectClass::SECRET_KEY);
    let wanted = [class, Attribute::Label(label.as_bytes().to_vec())];
    session.find_objects(&wanted).map_err(|err| token.failed(err))
}

/// What keeps a key with these attributes from being a key encryption key. One that the
/// token does not tell is as bad as a wrong one.
fn fault(has: &[Attribute]) -> Option<&'static str> {
    let required = [
        (Attribute::KeyType(KeyType::AES), "is not an AES key"),
        (Attribute::ValueLen(AES_256), "is not of 256 bits"),
        (Attribute::Sensitive(true), "is not sensitive: its value can be read"),
        (Attribute::Extractable(false), "is extractable: it can leave the token"),
        (Attribute::Encrypt(true), "may not encrypt"),
        (Attribute::Decrypt(true), "may not decrypt"),
    ];
    let missing = required.into_iter().find(|(attribute, _)| !has.contains(attribute));
    missing.map(|(_, fault)| fault)
}

fn gcm<'a>(iv: &'a mut [u8], context: &'a [u8]) -> Result<Mechanism<'a>, CallError> {
    GcmParams::new(iv, context, TAG_BITS).map(Mechanism::AesGcm).map_err(CallError::Token)
}

/// Whether a session that failed so does not exist any longer.
fn gone(err: RvError) -> bool {
    matches!(
        err,
        RvError::SessionHandleInvalid
            | RvError::SessionClosed
            | RvError::DeviceRemoved
            | RvError::TokenNotPresent
            | RvError::CryptokiNotInitialized
    )
}
