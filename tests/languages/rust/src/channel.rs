//! Every function of channels, their errors and limits.

use satama_guest::channel::{Entry, Error, Info, Message, State, Store, Swap};

use crate::show::{Lines, List, Show, worked};

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Show for Info {
    fn show(&self) -> String {
        format!("{} {} {}", self.id.show(), self.opening_data, self.user.show())
    }
}

impl Show for State {
    fn show(&self) -> String {
        format!("{} {}", self.version > 0, self.value.as_deref().unwrap_or("none"))
    }
}

impl Show for Swap {
    fn show(&self) -> String {
        match self {
            Self::Swapped(_) => "swapped".into(),
            Self::Stale(_) => "stale".into(),
        }
    }
}

impl Show for Entry {
    fn show(&self) -> String {
        format!("{} {}", self.id.show(), self.user.show())
    }
}

/// All of a list, in the order of their ids.
fn sorted(mut entries: Vec<Entry>) -> List<Entry> {
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    List(entries)
}

pub fn all(t: &mut Lines) {
    t.say("open another", worked(Store::open("another", 1000)));
    t.say("longest ttl", worked(Store::open("granted", DAY_MS)));
    t.say("longer ttl", worked(Store::open("granted", DAY_MS + 1)));
    t.say("ttl of 2^63", worked(Store::open("granted", 1 << 63)));
    let s = Store::open("granted", 60_000).expect("it is granted");
    t.say("open", ());
    channels(t, &s);
    states(t, &s);
    lists(t, &s);
    ends(t, &s);
    limits(t, &s);
}

fn channels(t: &mut Lines, s: &Store) {
    t.say("add", s.add("a", "{\"n\": 1}", None));
    t.say("add again", s.add("a", "{}", None));
    t.say("add bad JSON", s.add("b", "{", None));
    t.say("add with user", s.add("ä€😀", "null", Some("ann-ä")));
    t.say("get", s.get("a"));
    t.say("get unicode", s.get("ä€😀"));
    t.say("get missing", s.get("missing"));
    t.say("set user", s.set_user("a", Some("ann-ä")));
    t.say("get", s.get("a"));
    t.say("clear user", s.set_user("a", None));
    t.say("get", s.get("a"));
    t.say("set user of missing", s.set_user("missing", None));
    t.say("set the empty user", s.set_user("a", Some("")));
    t.say("get", s.get("a"));
}

fn states(t: &mut Lines, s: &Store) {
    t.say("state before", s.get_state("a"));
    let version = s.set_state("a", "[1]");
    t.say("set state", version.as_ref().map(|version| *version > 0).map_err(Clone::clone));
    t.say("state", s.get_state("a"));
    let version = version.unwrap_or(0);
    t.say("swap", s.compare_and_set_state("a", version, "\"ä\""));
    t.say("swap again", s.compare_and_set_state("a", version, "2"));
    t.say("state", s.get_state("a"));
    t.say("bad JSON", s.set_state("a", ""));
    t.say("swap to bad JSON", s.compare_and_set_state("a", version, "nul"));
    t.say("clear state", s.clear_state("a").map(|cleared| cleared > version));
    t.say("state", s.get_state("a"));
    let updated = s.update_state("a", |n: Option<u32>| n.unwrap_or(0) + 1);
    t.say("update with a function", updated.map_err(|_| Error::Unavailable));
    t.say("state", s.get_state("a"));
    t.say("state of missing", s.get_state("missing"));
    t.say("set state of missing", s.set_state("missing", "1"));
    t.say("swap of missing", s.compare_and_set_state("missing", 0, "1"));
    t.say("clear state of missing", s.clear_state("missing"));
}

fn lists(t: &mut Lines, s: &Store) {
    let ids = |ids: &[&str]| ids.iter().map(ToString::to_string).collect::<Vec<_>>();
    t.say("touch", s.touch(&ids(&["a", "missing"])).map(List));
    t.say("touch none", s.touch(&[]).map(List));
    t.say("of user", s.of_user("ann-ä", None, 10).map(|page| sorted(page.entries)));
    t.say("of nobody", s.of_user("nobody", None, 10).map(|page| sorted(page.entries)));
    t.say("all", s.all(None, 1000).map(|page| sorted(page.entries)));
    t.say("bad cursor", worked(s.all(Some("ä"), 10)));
    t.say("bad cursor of user", worked(s.of_user("ann-ä", Some("ä"), 10)));
    t.say("larger page", worked(s.all(None, 1001)));
    t.say("page of 10,000", worked(s.of_user("ann-ä", None, 10_000)));
    t.say("send text", s.send("a", &Message::Text("hello".into())));
    t.say("send bytes", s.send("a", &Message::Binary(vec![0, 255])));
    t.say("send to missing", s.send("missing", &Message::Text(String::new())));
}

fn ends(t: &mut Lines, s: &Store) {
    t.say("disconnect with a bad code", s.disconnect("a", 999, ""));
    t.say("disconnect with a long reason", s.disconnect("a", 1000, &"r".repeat(124)));
    t.say("disconnect", s.disconnect("a", 3000, "enough"));
    t.say("disconnect again", s.disconnect("a", 3000, "enough"));
    for id in ["b", "c"] {
        t.say("add", s.add(id, "{}", None));
    }
    let ids = ["b", "c", "missing", "ä€😀"].map(String::from);
    t.say("remove", s.remove(&ids));
    t.say("remove again", s.remove(&ids));
    t.say("all", s.all(None, 1000).map(|page| sorted(page.entries)));
}

fn limits(t: &mut Lines, s: &Store) {
    let long = |count: usize| "i".repeat(count);
    let text = |count: usize| format!("\"{}\"", "v".repeat(count - 2));
    t.say("longest id", s.add(&long(255), "{}", None));
    t.say("longer id", s.add(&long(256), "{}", None));
    t.say("longest user", s.add("u", "{}", Some(&long(255))));
    t.say("longer user", s.add("v", "{}", Some(&long(256))));
    t.say("largest data", s.add("d", &text(65_536), None));
    t.say("larger data", s.add("e", &text(65_537), None));
    t.say("largest state", worked(s.set_state("u", &text(65_536))));
    t.say("larger state", s.set_state("u", &text(65_537)));
    t.say("largest message", s.send("u", &Message::Binary(vec![7; 65_536])));
    t.say("larger message", s.send("u", &Message::Text(long(65_537))));
    let ids = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    t.say("longest list", s.touch(&ids(1000)).map(|ended| ended.len()));
    t.say("longer list", s.touch(&ids(1001)).map(List));
    t.say("remove a longer list", s.remove(&ids(1001)));
    t.say("remove", s.remove(&[long(255), "u".into(), "d".into()]));
}
