//! Where guest calls arrive: decode, check the grant, call, encode. No rules live here.

use std::time::Duration;

use wasmtime::component::{HasData, Resource, ResourceTable};

use super::{Bus, Error, History, Hub, Keep};
use crate::bindings::satama::services::hub as wit;
use crate::bindings::satama::services::types;
use crate::channel::Page;
use crate::error::{Outcome as _, Refused};
use crate::guest::{Call, Caller};

/// What the hub may see of the calling guest.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) hub: &'a Hub,
    pub(crate) table: &'a mut ResourceTable,
}

/// Marks store data that has a [`View`].
#[derive(Debug)]
pub struct HasHub;

impl HasData for HasHub {
    type Data<'a> = View<'a>;
}

type This = Resource<Bus>;

impl<'a> View<'a> {
    fn bus(&self, this: &This) -> Result<&Bus, Error> {
        Ok(self.table.get(this).map_err(Refused::from)?)
    }

    fn call<F>(&self, function: &'static str, work: F) -> Call<'a, F> {
        self.caller.call("hub", function, work)
    }
}

impl wit::HostBus for View<'_> {
    fn open(&mut self, name: String) -> Result<This, Error> {
        self.caller.call_now("hub", "bus.open", || {
            let grant = self.caller.grant();
            let bus = self.hub.bus(grant.hub(&name)?, grant.limits());
            Ok(self.table.push(bus).map_err(Refused::from)?)
        })
    }

    async fn subscribe(
        &mut self,
        this: This,
        topic: String,
        channel: String,
        since: Option<String>,
    ) -> Result<bool, Error> {
        let subscribe = self.bus(&this)?.subscribe(&topic, &channel, since.as_deref());
        self.call("bus.subscribe", subscribe).await
    }

    async fn unsubscribe(
        &mut self,
        this: This,
        topic: String,
        channel: String,
    ) -> Result<bool, Error> {
        self.call("bus.unsubscribe", self.bus(&this)?.unsubscribe(&topic, &channel)).await
    }

    async fn topics(&mut self, this: This, channel: String) -> Result<Vec<String>, Error> {
        self.call("bus.topics", self.bus(&this)?.topics(&channel)).await
    }

    async fn members(
        &mut self,
        this: This,
        topic: String,
        cursor: Option<String>,
        limit: u32,
    ) -> Result<wit::Page, Error> {
        let members = self.bus(&this)?.members(&topic, cursor.as_deref(), limit);
        self.call("bus.members", members).await.map(encode_page)
    }

    async fn publish(
        &mut self,
        this: This,
        topic: String,
        message: types::Message,
        except: Option<String>,
        keep: Option<wit::Keep>,
    ) -> Result<Option<String>, Error> {
        let (message, keep) = (message.into(), keep.map(decode_keep));
        let publish = self.bus(&this)?.publish(&topic, &message, except.as_deref(), keep);
        let position = self.call("bus.publish", publish).await?;
        Ok(position.map(|position| position.to_string()))
    }

    async fn history(
        &mut self,
        this: This,
        topic: String,
        since: Option<String>,
        limit: u32,
    ) -> Result<wit::History, Error> {
        let history = self.bus(&this)?.history(&topic, since.as_deref(), limit);
        self.call("bus.history", history).await.map(encode_history)
    }

    fn drop(&mut self, this: This) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::Host for View<'_> {
    /// All that a guest may learn of a failure. Its cause goes to the log.
    fn convert_error(&mut self, err: Error) -> wasmtime::Result<wit::Error> {
        self.caller.complain("hub", err.outcome(), &err);
        Ok(match err {
            Error::Refused(Refused::Denied { .. }) => wit::Error::AccessDenied,
            Error::Refused(Refused::TooLarge { max, .. }) => wit::Error::TooLarge(max),
            Error::Refused(Refused::Quota(_)) => wit::Error::QuotaExceeded,
            Error::Refused(Refused::Fault(err)) => return Err(err.into()),
            Error::NotFound => wit::Error::NotFound,
            Error::InvalidCursor => wit::Error::InvalidCursor,
            Error::Unavailable(_) => wit::Error::Unavailable,
        })
    }
}

/// At least one message and one millisecond: what keeps nothing keeps no position.
fn decode_keep(keep: wit::Keep) -> Keep {
    Keep { messages: keep.messages.max(1), ttl: Duration::from_millis(keep.ttl_ms.max(1)) }
}

fn encode_page(page: Page) -> wit::Page {
    let members = page.entries.into_iter();
    let members = members.map(|(channel, user)| wit::Member { channel, user }).collect();
    wit::Page { members, next: page.next }
}

fn encode_history(history: History) -> wit::History {
    let kept = |publication: crate::delivery::Publication| {
        let position = publication.position?.to_string();
        Some(wit::Kept { position, message: publication.message.into() })
    };
    wit::History {
        complete: history.complete,
        messages: history.messages.into_iter().filter_map(kept).collect(),
        position: history.position.map(|position| position.to_string()),
        more: history.more,
    }
}
