//! Where guest calls arrive: decode, check the grant, call, encode. No rules live here.

use std::time::Duration;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::{Channel, Channels, Error, Page, Swap};
use crate::bindings::satama::services::channel as wit;
use crate::bindings::satama::services::types;
use crate::error::{Outcome as _, Refused};
use crate::guest::{Call, Caller};

/// What channels may see of the calling guest.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) channel: &'a Channel,
    pub(crate) table: &'a mut ResourceTable,
}

/// Marks store data that has a [`View`].
#[derive(Debug)]
pub struct HasChannel;

impl HasData for HasChannel {
    type Data<'a> = View<'a>;
}

type This = Resource<Channels>;

impl<'a> View<'a> {
    fn channels(&self, this: &This) -> Result<&Channels, Error> {
        Ok(self.table.get(this).map_err(Refused::from)?)
    }

    fn call<F>(&self, function: &'static str, work: F) -> Call<'a, F> {
        self.caller.call("channel", function, work)
    }
}

impl wit::HostStore for View<'_> {
    fn open(&mut self, name: String, ttl_ms: u64) -> Result<This, Error> {
        self.caller.call_now("channel", "store.open", || {
            let grant = self.caller.grant();
            let ttl = Duration::from_millis(ttl_ms);
            let channels = self.channel.channels(grant.channel(&name)?, ttl, grant.limits())?;
            Ok(self.table.push(channels).map_err(Refused::from)?)
        })
    }

    async fn add(
        &mut self,
        this: This,
        id: String,
        opening_data: String,
        user: Option<String>,
    ) -> Result<(), Error> {
        let add = self.channels(&this)?.add(&id, &opening_data, user.as_deref());
        self.call("store.add", add).await
    }

    async fn get(&mut self, this: This, id: String) -> Result<wit::Info, Error> {
        let info = self.call("store.get", self.channels(&this)?.get(&id)).await?;
        Ok(wit::Info { id, opening_data: info.opening_data, user: info.user })
    }

    async fn remove(&mut self, this: This, ids: Vec<String>) -> Result<u32, Error> {
        self.call("store.remove", self.channels(&this)?.remove(&ids)).await
    }

    async fn disconnect(
        &mut self,
        this: This,
        id: String,
        code: u16,
        reason: String,
    ) -> Result<(), Error> {
        self.call("store.disconnect", self.channels(&this)?.disconnect(&id, code, &reason)).await
    }

    async fn set_user(
        &mut self,
        this: This,
        id: String,
        user: Option<String>,
    ) -> Result<(), Error> {
        let set = self.channels(&this)?.set_user(&id, user.as_deref());
        self.call("store.set-user", set).await
    }

    async fn get_state(&mut self, this: This, id: String) -> Result<wit::State, Error> {
        let state = self.call("store.get-state", self.channels(&this)?.state(&id)).await?;
        Ok(wit::State { version: state.version, value: state.value })
    }

    async fn set_state(&mut self, this: This, id: String, value: String) -> Result<u64, Error> {
        let set = self.channels(&this)?.set_state(&id, Some(&value));
        self.call("store.set-state", set).await
    }

    async fn compare_and_set_state(
        &mut self,
        this: This,
        id: String,
        version: u64,
        value: String,
    ) -> Result<wit::Swap, Error> {
        let set = self.channels(&this)?.compare_and_set_state(&id, version, &value);
        Ok(match self.call("store.compare-and-set-state", set).await? {
            Swap::Swapped(version) => wit::Swap::Swapped(version),
            Swap::Stale(version) => wit::Swap::Stale(version),
        })
    }

    async fn clear_state(&mut self, this: This, id: String) -> Result<u64, Error> {
        self.call("store.clear-state", self.channels(&this)?.set_state(&id, None)).await
    }

    async fn touch(&mut self, this: This, ids: Vec<String>) -> Result<Vec<String>, Error> {
        self.call("store.touch", self.channels(&this)?.touch(&ids)).await
    }

    async fn of_user(
        &mut self,
        this: This,
        user: String,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<wit::Page, Error> {
        let list = self.channels(&this)?.list(Some(&user), cursor.as_deref(), limit);
        self.call("store.of-user", list).await.map(encode)
    }

    async fn all(
        &mut self,
        this: This,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<wit::Page, Error> {
        let list = self.channels(&this)?.list(None, cursor.as_deref(), limit);
        self.call("store.all", list).await.map(encode)
    }

    async fn send(
        &mut self,
        this: This,
        id: String,
        message: types::Message,
    ) -> Result<bool, Error> {
        let message = message.into();
        self.call("store.send", self.channels(&this)?.send(&id, &message)).await
    }

    fn drop(&mut self, this: This) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::Host for View<'_> {
    /// All that a guest may learn of a failure. Its cause goes to the log.
    fn convert_error(&mut self, err: Error) -> wasmtime::Result<wit::Error> {
        self.caller.complain("channel", err.outcome(), &err);
        Ok(match err {
            Error::Refused(Refused::Denied { .. }) => wit::Error::AccessDenied,
            Error::Refused(Refused::TooLarge { max, .. }) => wit::Error::TooLarge(max),
            Error::Refused(Refused::Quota(_)) => wit::Error::QuotaExceeded,
            Error::Refused(Refused::Fault(err)) => return Err(err.into()),
            Error::NotFound => wit::Error::NotFound,
            Error::Exists => wit::Error::AlreadyExists,
            Error::InvalidJson(_) => wit::Error::InvalidJson,
            Error::InvalidCursor => wit::Error::InvalidCursor,
            Error::InvalidClose(_) => wit::Error::InvalidClose,
            Error::Unavailable(_) => wit::Error::Unavailable,
        })
    }
}

fn encode(page: Page) -> wit::Page {
    let entries = page.entries.into_iter().map(|(id, user)| wit::Entry { id, user }).collect();
    wit::Page { entries, next: page.next }
}
