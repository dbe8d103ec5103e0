//! Where guest calls arrive: decode, check the grant, call, encode. No rules live here.

use std::time::Duration;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::{Error, Expiry, Session, Sessions, Snapshot, Swap};
use crate::bindings::satama::services::session as wit;
use crate::error::{Outcome as _, Refused};
use crate::guest::Caller;

/// What sessions may see of the calling guest.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) session: &'a Session,
    pub(crate) table: &'a mut ResourceTable,
}

/// Marks store data that has a [`View`].
#[derive(Debug)]
pub struct HasSession;

impl HasData for HasSession {
    type Data<'a> = View<'a>;
}

type Id = String;
type Fields = Vec<wit::Field>;

impl View<'_> {
    fn sessions(&self, this: &Resource<Sessions>) -> Result<&Sessions, Error> {
        Ok(self.table.get(this).map_err(Refused::from)?)
    }
}

impl wit::HostStore for View<'_> {
    fn open(&mut self, name: String, expiry: wit::Expiry) -> Result<Resource<Sessions>, Error> {
        self.caller.call_now("session", "store.open", || {
            let grant = self.caller.grant();
            let sessions =
                self.session.sessions(grant.session(&name)?, decode(expiry), grant.limits())?;
            Ok(self.table.push(sessions).map_err(Refused::from)?)
        })
    }

    async fn get(
        &mut self,
        this: Resource<Sessions>,
        id: Id,
    ) -> Result<Option<wit::Snapshot>, Error> {
        let sessions = self.sessions(&this)?;
        let found = self.caller.call("session", "store.get", sessions.get(&id)).await?;
        Ok(found.map(encode))
    }

    async fn replace(
        &mut self,
        this: Resource<Sessions>,
        id: Id,
        fields: Fields,
    ) -> Result<u64, Error> {
        let sessions = self.sessions(&this)?;
        self.caller.call("session", "store.replace", sessions.replace(&id, pairs(fields))).await
    }

    async fn update(
        &mut self,
        this: Resource<Sessions>,
        id: Id,
        fields: Fields,
    ) -> Result<u64, Error> {
        let sessions = self.sessions(&this)?;
        self.caller.call("session", "store.update", sessions.update(&id, pairs(fields))).await
    }

    async fn remove(
        &mut self,
        this: Resource<Sessions>,
        id: Id,
        names: Vec<String>,
    ) -> Result<u64, Error> {
        let sessions = self.sessions(&this)?;
        self.caller.call("session", "store.remove", sessions.remove(&id, &names)).await
    }

    async fn clear(&mut self, this: Resource<Sessions>, id: Id) -> Result<bool, Error> {
        let sessions = self.sessions(&this)?;
        self.caller.call("session", "store.clear", sessions.clear(&id)).await
    }

    async fn compare_and_set(
        &mut self,
        this: Resource<Sessions>,
        id: Id,
        version: u64,
        fields: Fields,
    ) -> Result<wit::Swap, Error> {
        let swap = self.sessions(&this)?.compare_and_set(&id, version, pairs(fields));
        Ok(match self.caller.call("session", "store.compare-and-set", swap).await? {
            Swap::Swapped(version) => wit::Swap::Swapped(version),
            Swap::Stale(version) => wit::Swap::Stale(version),
        })
    }

    fn drop(&mut self, this: Resource<Sessions>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::Host for View<'_> {
    /// All that a guest may learn of a failure. Its cause goes to the log.
    fn convert_error(&mut self, err: Error) -> wasmtime::Result<wit::Error> {
        self.caller.complain("session", err.outcome(), &err);
        Ok(match err {
            Error::Refused(Refused::Denied { .. }) => wit::Error::AccessDenied,
            Error::Refused(Refused::TooLarge { max, .. }) | Error::Full { max } => {
                wit::Error::TooLarge(max)
            }
            Error::Refused(Refused::Quota(_)) => wit::Error::QuotaExceeded,
            Error::Refused(Refused::Fault(err)) => return Err(err.into()),
            Error::InvalidJson { name, .. } => wit::Error::InvalidJson(name),
            Error::Unavailable(_) => wit::Error::Unavailable,
        })
    }
}

/// At least one millisecond: no store takes a time-to-live of none.
fn decode(expiry: wit::Expiry) -> Expiry {
    match expiry {
        wit::Expiry::SlidingMs(ms) => Expiry::Sliding(Duration::from_millis(ms.max(1))),
        wit::Expiry::FixedMs(ms) => Expiry::Fixed(Duration::from_millis(ms.max(1))),
    }
}

fn encode(snapshot: Snapshot) -> wit::Snapshot {
    let fields =
        snapshot.fields.into_iter().map(|(name, value)| wit::Field { name, value }).collect();
    let expires_in_ms = u64::try_from(snapshot.expires_in.as_millis()).unwrap_or(u64::MAX);
    wit::Snapshot { version: snapshot.version, fields, expires_in_ms }
}

fn pairs(fields: Fields) -> Vec<(String, String)> {
    fields.into_iter().map(|field| (field.name, field.value)).collect()
}
