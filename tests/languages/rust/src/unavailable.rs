//! A store that does not answer.

use satama_guest::cache::{Bucket, FillOptions};
use satama_guest::channel::{Message, Store as Channels};
use satama_guest::hub::Bus;
use satama_guest::run::{self, Options, Runs};
use satama_guest::session::{Expiry, Store as Sessions};
use satama_guest::{credential, secret};

use crate::cache::minute;
use crate::run::MISSING;
use crate::show::{Lines, worked};

pub fn all(t: &mut Lines) {
    let b = Bucket::open("granted").expect("it is granted");
    t.say("cache get", b.get("a"));
    t.say("cache set", b.set("a", b"1", &minute()));
    let fill = FillOptions { wait_ms: 0, claim_ms: 1000, group: None };
    t.say("cache fill", worked(b.fill("a", &fill)));
    let s = Sessions::open("granted", Expiry::SlidingMs(1000)).expect("it is granted");
    t.say("session get", worked(s.get("a")));
    t.say("session replace", s.replace("a", &[]));
    let c = Channels::open("granted", 1000).expect("it is granted");
    t.say("channel get", worked(c.get("a")));
    t.say("channel send", c.send("a", &Message::Text(String::new())));
    let h = Bus::open("granted").expect("it is granted");
    t.say("hub publish", worked(h.say("t", "")));
    t.say("hub topics", worked(h.topics("a")));
    t.say("secret get", worked(secret::get("granted/a", None)));
    t.say("secret names", worked(secret::names(None, 10)));
    t.say("secret put", worked(secret::put("granted/a", b"")));
    t.say("credential get", worked(credential::get("granted/a", "ann", None)));
    let r = Runs::open("story").expect("it is granted");
    t.say("run names", worked(run::names()));
    t.say("run start", worked(r.start("null", &Options::default())));
    t.say("run get", worked(r.get(MISSING)));
}
