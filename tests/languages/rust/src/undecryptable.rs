//! A secret that no key of this host opens.

use satama_guest::{credential, secret};

use crate::show::{Lines, worked};

pub fn all(t: &mut Lines) {
    t.say("get", worked(secret::get("granted/open/known", None)));
    t.say("get many", worked(secret::get_many(&["granted/open/known".to_owned()])));
    t.say("exists", secret::exists("granted/open/known"));
    t.say("describe", secret::describe("granted/open/known"));
    t.say("get a credential", worked(credential::get("granted/open/known", "ann", None)));
}
