//! Where guest calls arrive: decode, check the grant, call, encode. No rules live here.

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::{Error, Metadata, Page, Secret, Value, Vault};
use crate::bindings::satama::services::{
    credential as credential_wit, secret as wit, secret_reveal as reveal_wit, secret_use as use_wit,
};
use crate::error::{Outcome as _, Refused};
use crate::guest::Caller;

/// What secrets may see of the calling guest.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) vault: &'a Vault,
    pub(crate) table: &'a mut ResourceTable,
}

/// Marks store data that has a [`View`].
#[derive(Debug)]
pub struct HasSecret;

impl HasData for HasSecret {
    type Data<'a> = View<'a>;
}

type Handle = Resource<Secret>;

impl View<'_> {
    fn secret(&self, this: &Handle) -> Result<&Secret, Error> {
        Ok(self.table.get(this).map_err(Refused::from)?)
    }

    fn push(&mut self, mut secret: Secret) -> Result<Handle, Error> {
        secret.hold(self.caller.secret_bytes())?;
        Ok(self.table.push(secret).map_err(Refused::from)?)
    }
}

impl wit::HostSecret for View<'_> {
    fn version(&mut self, this: Handle) -> wasmtime::Result<u64> {
        Ok(self.table.get(&this)?.version())
    }

    fn drop(&mut self, this: Handle) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::Host for View<'_> {
    async fn get(&mut self, name: String, version: Option<u64>) -> Result<Handle, Error> {
        let shelf = self.caller.grant().secret();
        let get = self.vault.get(shelf, &name, None, version, self.caller.actor());
        let secret = self.caller.call("secret", "get", get).await?;
        self.push(secret)
    }

    async fn get_many(&mut self, names: Vec<String>) -> Result<Vec<Option<Handle>>, Error> {
        let shelf = self.caller.grant().secret();
        let get = self.vault.get_many(shelf, &names, self.caller.actor());
        let secrets = self.caller.call("secret", "get-many", get).await?;
        self.push_all(secrets)
    }

    async fn exists(&mut self, name: String) -> Result<bool, Error> {
        let exists = self.vault.exists(self.caller.grant().secret(), &name, None);
        self.caller.call("secret", "exists", exists).await
    }

    async fn describe(&mut self, name: String) -> Result<wit::Metadata, Error> {
        let described = self.vault.describe(self.caller.grant().secret(), &name, None);
        Ok(self.caller.call("secret", "describe", described).await?.into())
    }

    async fn put(&mut self, name: String, value: Vec<u8>) -> Result<u64, Error> {
        let (shelf, value) = (self.caller.grant().secret(), Value::new(value));
        let put = self.vault.put(shelf, &name, None, &value, self.caller.actor());
        self.caller.call("secret", "put", put).await
    }

    async fn delete(&mut self, name: String) -> Result<bool, Error> {
        let shelf = self.caller.grant().secret();
        let delete = self.vault.delete(shelf, &name, None, self.caller.actor());
        self.caller.call("secret", "delete", delete).await
    }

    async fn names(&mut self, after: Option<String>, limit: u32) -> Result<wit::Page, Error> {
        let shelf = self.caller.grant().secret();
        let names = self.vault.names(shelf, after.as_deref(), limit);
        Ok(self.caller.call("secret", "names", names).await?.into())
    }

    /// All that a guest may learn of a failure. Its cause goes to the log.
    fn convert_error(&mut self, err: Error) -> wasmtime::Result<wit::Error> {
        self.caller.complain("secret", err.outcome(), &err);
        Ok(match err {
            Error::Hidden(_) | Error::NotFound => wit::Error::NotFound,
            Error::Refused(Refused::Denied { .. }) => wit::Error::AccessDenied,
            Error::Refused(Refused::TooLarge { max, .. }) => wit::Error::TooLarge(max),
            Error::Refused(Refused::Quota(_)) => wit::Error::QuotaExceeded,
            Error::Refused(Refused::Fault(err)) => return Err(err.into()),
            Error::InvalidName(_) => wit::Error::InvalidName,
            Error::Undecryptable { .. } => wit::Error::Undecryptable,
            Error::NotAuthentic => wit::Error::NotAuthentic,
            Error::Keys(_) | Error::NoKeyring | Error::Barred(_) | Error::Unavailable(_) => {
                wit::Error::Unavailable
            }
        })
    }
}

impl View<'_> {
    /// Handles to all, or to none of them if there is no room for all.
    fn push_all(&mut self, secrets: Vec<Option<Secret>>) -> Result<Vec<Option<Handle>>, Error> {
        let mut handles = Vec::with_capacity(secrets.len());
        for secret in secrets {
            match secret.map(|secret| self.push(secret)).transpose() {
                Ok(handle) => handles.push(handle),
                Err(err) => {
                    for handle in handles.into_iter().flatten() {
                        self.table.delete::<Secret>(handle).map_err(Refused::from)?;
                    }
                    return Err(err);
                }
            }
        }
        Ok(handles)
    }
}

impl reveal_wit::Host for View<'_> {
    async fn reveal(&mut self, secret: Handle) -> Result<Vec<u8>, Error> {
        let reveal = self.vault.reveal(self.secret(&secret)?, self.caller.actor());
        self.caller.call("secret-reveal", "reveal", reveal).await
    }
}

impl use_wit::Host for View<'_> {
    async fn hmac_sha256(&mut self, secret: Handle, data: Vec<u8>) -> Result<Vec<u8>, Error> {
        let hmac = self.vault.hmac(self.secret(&secret)?, &data, self.caller.actor());
        Ok(self.caller.call("secret-use", "hmac-sha256", hmac).await?.to_vec())
    }

    async fn verify_hmac_sha256(
        &mut self,
        secret: Handle,
        data: Vec<u8>,
        mac: Vec<u8>,
    ) -> Result<bool, Error> {
        let secret = self.secret(&secret)?;
        let verify = self.vault.verify_hmac(secret, &data, &mac, self.caller.actor());
        self.caller.call("secret-use", "verify-hmac-sha256", verify).await
    }

    async fn seal(
        &mut self,
        secret: Handle,
        data: Vec<u8>,
        associated: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let secret = self.secret(&secret)?;
        let seal = self.vault.seal(secret, &data, &associated, self.caller.actor());
        self.caller.call("secret-use", "seal", seal).await
    }

    async fn unseal(
        &mut self,
        secret: Handle,
        sealed: Vec<u8>,
        associated: Vec<u8>,
    ) -> Result<Vec<u8>, Error> {
        let secret = self.secret(&secret)?;
        let unseal = self.vault.unseal(secret, &sealed, &associated, self.caller.actor());
        // The component gets a copy: what of it is left here is not a secret's value.
        Ok(self.caller.call("secret-use", "unseal", unseal).await?.to_vec())
    }
}

impl credential_wit::Host for View<'_> {
    async fn get(
        &mut self,
        name: String,
        user: String,
        version: Option<u64>,
    ) -> Result<Handle, Error> {
        let shelf = self.caller.grant().credential();
        let get = self.vault.get(shelf, &name, Some(&user), version, self.caller.actor());
        let secret = self.caller.call("credential", "get", get).await?;
        self.push(secret)
    }

    async fn exists(&mut self, name: String, user: String) -> Result<bool, Error> {
        let exists = self.vault.exists(self.caller.grant().credential(), &name, Some(&user));
        self.caller.call("credential", "exists", exists).await
    }

    async fn describe(&mut self, name: String, user: String) -> Result<wit::Metadata, Error> {
        let described = self.vault.describe(self.caller.grant().credential(), &name, Some(&user));
        Ok(self.caller.call("credential", "describe", described).await?.into())
    }

    async fn put(&mut self, name: String, user: String, value: Vec<u8>) -> Result<u64, Error> {
        let (shelf, value) = (self.caller.grant().credential(), Value::new(value));
        let put = self.vault.put(shelf, &name, Some(&user), &value, self.caller.actor());
        self.caller.call("credential", "put", put).await
    }

    async fn delete(&mut self, name: String, user: String) -> Result<bool, Error> {
        let shelf = self.caller.grant().credential();
        let delete = self.vault.delete(shelf, &name, Some(&user), self.caller.actor());
        self.caller.call("credential", "delete", delete).await
    }

    async fn of_user(
        &mut self,
        user: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<wit::Page, Error> {
        let shelf = self.caller.grant().credential();
        let names = self.vault.of_user(shelf, &user, after.as_deref(), limit);
        Ok(self.caller.call("credential", "of-user", names).await?.into())
    }

    async fn users(
        &mut self,
        name: String,
        after: Option<String>,
        limit: u32,
    ) -> Result<wit::Page, Error> {
        let shelf = self.caller.grant().credential();
        let users = self.vault.users(shelf, &name, after.as_deref(), limit);
        Ok(self.caller.call("credential", "users", users).await?.into())
    }
}

impl From<Metadata> for wit::Metadata {
    fn from(metadata: Metadata) -> Self {
        let Metadata { version, created_ms, updated_ms, versions } = metadata;
        Self { version, created_ms, updated_ms, versions }
    }
}

impl From<Page> for wit::Page {
    fn from(page: Page) -> Self {
        Self { names: page.names, next: page.next }
    }
}
