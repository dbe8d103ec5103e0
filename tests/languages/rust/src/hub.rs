//! Every function of the hub, its errors and limits.

use satama_guest::channel::Store;
use satama_guest::hub::{Bus, Error, History, Keep, Member, Message};

use crate::show::{Lines, List, Show, worked};

const WEEK_MS: u64 = 7 * 24 * 60 * 60 * 1000;

impl Show for Message {
    fn show(&self) -> String {
        match self {
            Self::Text(text) => format!("text {}", text.show()),
            Self::Binary(bytes) => format!("binary {}", bytes.show()),
        }
    }
}

impl Show for History {
    fn show(&self) -> String {
        let messages: Vec<_> = self.messages.iter().map(|kept| kept.message.show()).collect();
        let place = if self.position.is_some() { "place" } else { "no place" };
        format!("{} [{}] {place} {}", self.complete, messages.join(", "), self.more)
    }
}

impl Show for Member {
    fn show(&self) -> String {
        format!("{} {}", self.channel.show(), self.user.show())
    }
}

pub fn all(t: &mut Lines) {
    t.say("open another", worked(Bus::open("another")));
    let b = Bus::open("granted").expect("it is granted");
    t.say("open", ());
    let channels = Store::open("granted", 60_000).expect("it is granted");
    for (id, user) in [("a", None), ("b", Some("ann"))] {
        t.say("add a channel", channels.add(id, "{}", user));
    }
    subscriptions(t, &b);
    messages(t, &b);
    limits(t, &b);
    t.say("remove the channels", channels.remove(&["a".into(), "b".into()]));
    t.say("members then", members(&b, "t"));
}

fn members(b: &Bus, topic: &str) -> Result<List<Member>, Error> {
    let mut members = b.members(topic, None, 1000)?.members;
    members.sort_by(|a, b| a.channel.cmp(&b.channel));
    Ok(List(members))
}

fn subscriptions(t: &mut Lines, b: &Bus) {
    t.say("subscribe", b.subscribe("t", "a", None));
    t.say("subscribe again", b.subscribe("t", "a", None));
    t.say("subscribe another", b.subscribe("t", "b", None));
    t.say("subscribe to unicode", b.subscribe("aihe-ä€😀", "a", None));
    t.say("subscribe to the empty topic", b.subscribe("", "a", None));
    t.say("subscribe a missing one", b.subscribe("t", "missing", None));
    t.say("subscribe since nowhere", b.subscribe("t", "a", Some("ä")));
    t.say("topics", b.topics("a").map(List));
    t.say("topics of missing", b.topics("missing").map(List));
    t.say("members", members(b, "t"));
    t.say("members of none", members(b, "none"));
    t.say("bad cursor", worked(b.members("t", Some("ä"), 1)));
    t.say("larger page", worked(b.members("t", None, 1001)));
    t.say("unsubscribe", b.unsubscribe("", "a"));
    t.say("unsubscribe again", b.unsubscribe("", "a"));
    t.say("unsubscribe a missing one", b.unsubscribe("t", "missing"));
}

fn messages(t: &mut Lines, b: &Bus) {
    let text = |text: &str| Message::Text(text.into());
    let keep = Keep { messages: 3, ttl_ms: 60_000 };
    t.say("publish", b.publish("t", &text("not kept"), None, None).map(|place| place.is_some()));
    t.say("say", b.say("t", "not kept").map(|place| place.is_some()));
    t.say("history of none", b.history("t", None, 10));
    let first = b.publish("k", &text("ä€😀"), Some("a"), Some(keep));
    t.say("publish and keep", first.as_ref().map(|place| place.is_some()).map_err(Clone::clone));
    let first = first.ok().flatten();
    t.say(
        "publish more",
        b.publish("k", &Message::Binary(vec![0, 255]), None, None).map(|place| place.is_some()),
    );
    t.say("history", b.history("k", None, 10));
    t.say("history since", b.history("k", first.as_deref(), 10));
    t.say("history of one", b.history("k", None, 1));
    t.say("where it is", b.history("k", None, 0));
    for n in ["3", "4"] {
        t.say("publish", b.publish("k", &text(n), None, None).map(|place| place.is_some()));
    }
    t.say("history since what is gone", b.history("k", first.as_deref(), 10));
    t.say("history since nowhere", b.history("k", Some("ä"), 10));
    let last = b.history("k", None, 0).ok().and_then(|history| history.position);
    t.say("subscribe since", b.subscribe("k", "a", last.as_deref()));
}

fn limits(t: &mut Lines, b: &Bus) {
    let long = |count: usize| "i".repeat(count);
    let keep = |messages, ttl_ms| Some(Keep { messages, ttl_ms });
    let publish =
        |topic: &str, message: &Message, keep| worked(b.publish(topic, message, None, keep));
    let message = Message::Text("m".into());
    t.say("longest topic", publish(&long(255), &message, None));
    t.say("longer topic", publish(&long(256), &message, None));
    t.say("largest message", publish("l", &Message::Text(long(65_536)), None));
    t.say("larger message", publish("l", &Message::Binary(vec![1; 65_537]), None));
    t.say("most kept", publish("l", &message, keep(1000, WEEK_MS)));
    t.say("more kept", publish("l", &message, keep(1001, 1)));
    t.say("kept longer", publish("l", &message, keep(1, WEEK_MS + 1)));
    t.say("kept for 2^63", publish("l", &message, keep(1, 1 << 63)));
    t.say("larger history", worked(b.history("l", None, 101)));
    let all: Result<Vec<_>, _> =
        (2..128).map(|n| b.subscribe(&format!("topic-{n}"), "b", None)).collect();
    t.say("most topics", all.map(|new| new.len()));
    t.say("one more", b.subscribe("one", "b", None));
    t.say("and another", b.subscribe("more", "b", None));
}
