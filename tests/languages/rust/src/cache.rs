//! Every function of the cache, and its errors.

use satama_guest::cache::{Bucket, Claim, Entry, Error, FillOptions, Filled, Options};

use crate::show::{Lines, List, Show, worked};

/// The largest counter.
const COUNTER_MAX: i64 = (1 << 53) - 1;

/// A minute, in no group.
pub fn minute() -> Options {
    Options { ttl_ms: 60_000, group: None }
}

impl Show for Filled {
    fn show(&self) -> String {
        match self {
            Self::Hit(value) => format!("hit {}", value.show()),
            Self::Claimed(_) => "claimed".into(),
            Self::Busy => "busy".into(),
        }
    }
}

pub fn all(t: &mut Lines) {
    t.say("open another", worked(Bucket::open("another")));
    let b = Bucket::open("granted").expect("it is granted");
    t.say("open", ());
    let counts = b.counts().expect("it is counted");
    values(t, &b);
    batches(t, &b);
    counters(t, &b);
    groups(t, &b);
    fills(t, &b);
    let after = b.counts().expect("it is counted");
    t.say("hits", after.hits - counts.hits);
    t.say("misses", after.misses - counts.misses);
}

fn values(t: &mut Lines, b: &Bucket) {
    t.say("get missing", b.get("a"));
    t.say("set", b.set("a", b"hello", &minute()));
    t.say("get", b.get("a"));
    t.say("set empty", b.set("", b"", &minute()));
    t.say("get empty", b.get(""));
    t.say("set unicode", b.set("avain-ä€😀", "arvo-ä€😀".as_bytes(), &minute()));
    t.say("get unicode", b.get("avain-ä€😀"));
    t.say("set nul", b.set("a\0b", b"\0\xff\x80", &minute()));
    t.say("get nul", b.get("a\0b"));
    t.say("exists", b.exists("a"));
    t.say("exists missing", b.exists("missing"));
    t.say("ttl", b.ttl("a").map(|ttl| ttl.is_some_and(|ms| ms > 0 && ms <= 60_000)));
    t.say("ttl missing", b.ttl("missing"));
    t.say("delete", b.delete("a"));
    t.say("delete again", b.delete("a"));
    t.say("set if absent", b.set_if_absent("a", b"1", &minute()));
    t.say("set if absent again", b.set_if_absent("a", b"2", &minute()));
    t.say("get", b.get("a"));
}

fn batches(t: &mut Lines, b: &Bucket) {
    let entry =
        |key: &str, value: &str| Entry { key: key.into(), value: value.into(), options: minute() };
    t.say("set many", b.set_many(&[entry("x", "1"), entry("y", ""), entry("x", "333")]));
    let keys = ["x", "y", "z", "x"].map(String::from);
    t.say("get many", b.get_many(&keys).map(List));
    t.say("set many of none", b.set_many(&[]));
    t.say("get many of none", b.get_many(&[]).map(List));
}

fn counters(t: &mut Lines, b: &Bucket) {
    t.say("add", b.add("n", 5, &minute()));
    t.say("add less", b.add("n", -7, &minute()));
    t.say("get counter", b.get("n"));
    t.say("add to text", b.add("x-ä", 1, &minute()));
    t.say("set text", b.set("text", b"text", &minute()));
    t.say("add to text", b.add("text", 1, &minute()));
    t.say("add the most", b.add("max", COUNTER_MAX, &minute()));
    t.say("add beyond", b.add("max", 1, &minute()));
    t.say("add the least", b.add("min", -COUNTER_MAX, &minute()));
    t.say("add below", b.add("min", -1, &minute()));
    t.say("add what is over 53 bits", b.add("huge", 1 << 60, &minute()));
    t.say("add the least of 64 bits", b.add("huge", i64::MIN, &minute()));
}

fn groups(t: &mut Lines, b: &Bucket) {
    let in_group = |group: &str| Options { ttl_ms: 60_000, group: Some(group.into()) };
    t.say("set in group", b.set("g1", b"1", &in_group("ryhmä")));
    t.say("set in the empty group", b.set("g2", b"2", &in_group("")));
    t.say("invalidate group", b.invalidate_group("ryhmä"));
    t.say("get of group", b.get("g1"));
    t.say("get of the empty group", b.get("g2"));
    t.say("invalidate all", b.invalidate_all());
    t.say("get of the empty group", b.get("g2"));
    t.say("get of none", b.get("x"));
}

fn fills(t: &mut Lines, b: &Bucket) {
    let now = FillOptions { wait_ms: 0, claim_ms: 60_000, group: None };
    let fill = |key: &str| b.fill(key, &now);
    let first = fill("f");
    t.say("fill", &first);
    t.say("fill meanwhile", fill("f"));
    t.say("complete", claim(first).complete(b"filled", 60_000));
    t.say("fill again", fill("f"));
    let given_up = fill("g");
    t.say("fill another", &given_up);
    drop(given_up);
    let next = fill("g");
    t.say("fill after it was given up", &next);
    t.say("set under the claim", b.set("g", b"set", &minute()));
    t.say("complete a lost claim", claim(next).complete(b"late", 60_000));
    t.say("get", b.get("g"));
    let group = FillOptions { group: Some("ryhmä".into()), ..now.clone() };
    let grouped = b.fill("h", &group);
    t.say("fill in a group", &grouped);
    t.say("complete in a group", claim(grouped).complete(b"", 60_000));
    t.say("invalidate its group", b.invalidate_group("ryhmä"));
    t.say("get", b.get("h"));
}

fn claim(filled: Result<Filled, Error>) -> Claim {
    match filled {
        Ok(Filled::Claimed(claim)) => claim,
        other => panic!("no claim, but {}", other.show()),
    }
}
