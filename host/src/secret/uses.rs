//! What is done with a handle: each is recorded before its outcome is given.

use super::*;

/// What sealed data begins with: a box of [`seal`] follows.
const SEALED_FORMAT: u8 = 1;

/// What the context of sealed data begins with: no record's does, so that what a guest
/// has sealed is never taken for a record, nor a record for that.
const SEALED_CONTEXT: &[u8] = b"satama sealed 1\0";

impl Vault {
    /// The value, if it may be revealed.
    pub async fn reveal(&self, secret: &Secret, actor: &Actor) -> Result<Vec<u8>, Error> {
        if !secret.may_be_revealed {
            self.used(secret, Action::Reveal, "access-denied", actor).await?;
            return Err(Refused::denied("secret-reveal", &secret.id).into());
        }
        self.used(secret, Action::Reveal, "ok", actor).await?;
        Ok(secret.value.reveal().to_vec())
    }

    /// The HMAC-SHA-256 of `data` with the secret as its key.
    pub async fn hmac(
        &self,
        secret: &Secret,
        data: &[u8],
        actor: &Actor,
    ) -> Result<[u8; 32], Error> {
        Refused::over("the data", data.len(), DATA_BYTES_MAX)?;
        self.used(secret, Action::Use, "ok", actor).await?;
        Ok(seal::hmac(secret.value.reveal(), data))
    }

    /// Whether `mac` is the HMAC-SHA-256 of `data`.
    pub async fn verify_hmac(
        &self,
        secret: &Secret,
        data: &[u8],
        mac: &[u8],
        actor: &Actor,
    ) -> Result<bool, Error> {
        Refused::over("the data", data.len(), DATA_BYTES_MAX)?;
        self.used(secret, Action::Use, "ok", actor).await?;
        Ok(seal::is_hmac(secret.value.reveal(), data, mac))
    }

    /// Encrypts `data`, and binds `associated` to it.
    pub async fn seal(
        &self,
        secret: &Secret,
        data: &[u8],
        associated: &[u8],
        actor: &Actor,
    ) -> Result<Vec<u8>, Error> {
        Refused::over("the data", data.len(), DATA_BYTES_MAX)?;
        Refused::over("the associated data", associated.len(), DATA_BYTES_MAX)?;
        self.used(secret, Action::Use, "ok", actor).await?;
        let context = [SEALED_CONTEXT, associated].concat();
        let sealed = seal::seal(secret.value.reveal(), &context, data);
        Ok([&[SEALED_FORMAT], sealed.as_slice()].concat())
    }

    /// What was sealed, if nothing of it was changed.
    pub async fn unseal(
        &self,
        secret: &Secret,
        sealed: &[u8],
        associated: &[u8],
        actor: &Actor,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let longest = DATA_BYTES_MAX + 1 + seal::BOX_BYTES as u64;
        Refused::over("the sealed data", sealed.len(), longest)?;
        Refused::over("the associated data", associated.len(), DATA_BYTES_MAX)?;
        let context = [SEALED_CONTEXT, associated].concat();
        let opened = match sealed.split_first() {
            Some((&SEALED_FORMAT, sealed)) => seal::open(secret.value.reveal(), &context, sealed),
            _ => Err(seal::Closed),
        };
        let outcome = if opened.is_ok() { "ok" } else { "not-authentic" };
        self.used(secret, Action::Use, outcome, actor).await?;
        opened.map_err(|seal::Closed| Error::NotAuthentic)
    }

    async fn used(
        &self,
        secret: &Secret,
        action: Action,
        outcome: &str,
        actor: &Actor,
    ) -> Result<(), Error> {
        let entry = Entry { action, id: &secret.id, version: secret.version, outcome };
        self.record(&secret.scope, &[(secret.shard, entry)], actor).await
    }
}
