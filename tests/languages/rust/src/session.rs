//! Every function of sessions, their errors and limits.

use satama_guest::session::{Error, Expiry, Field, Snapshot, Store, Swap};

use crate::show::{Lines, Show, worked};

const HOUR_MS: u64 = 3_600_000;

impl Show for Snapshot {
    fn show(&self) -> String {
        let fields: Vec<_> =
            self.fields.iter().map(|field| format!("{}={}", field.name, field.value)).collect();
        let expires = self.expires_in_ms > 0 && self.expires_in_ms <= HOUR_MS;
        format!("{{{}}} {expires}", fields.join(", "))
    }
}

impl Show for Swap {
    fn show(&self) -> String {
        match self {
            Self::Swapped(_) => "swapped".into(),
            Self::Stale(0) => "stale 0".into(),
            Self::Stale(_) => "stale".into(),
        }
    }
}

fn field(name: &str, value: &str) -> Field {
    Field { name: name.into(), value: value.into() }
}

/// Whether a version grew.
fn grew(before: &mut u64, now: Result<u64, Error>) -> Result<bool, Error> {
    let now = now?;
    Ok(now > std::mem::replace(before, now))
}

pub fn all(t: &mut Lines) {
    t.say("open another", worked(Store::open("another", Expiry::SlidingMs(1))));
    let year = 400 * 24 * HOUR_MS;
    t.say("longest expiry", worked(Store::open("granted", Expiry::FixedMs(year))));
    t.say("longer expiry", worked(Store::open("granted", Expiry::SlidingMs(year + 1))));
    t.say("expiry of 2^63", worked(Store::open("granted", Expiry::FixedMs(1 << 63))));
    let s = Store::open("granted", Expiry::SlidingMs(HOUR_MS)).expect("it is granted");
    t.say("open", ());
    writes(t, &s);
    swaps(t, &s);
    limits(t, &s);
}

fn writes(t: &mut Lines, s: &Store) {
    let mut version = 0;
    t.say("get missing", s.get("ann"));
    t.say("remove from missing", s.remove("ann", &["a".into()]));
    t.say("replace", grew(&mut version, s.replace("ann", &[field("b", "2"), field("a", "[1]")])));
    t.say("get", s.get("ann"));
    t.say(
        "update",
        grew(&mut version, s.update("ann", &[field("c", "\"ä€😀\""), field("a", "null")])),
    );
    t.say("get", s.get("ann"));
    t.say("update twice", grew(&mut version, s.update("ann", &[field("a", "1"), field("a", "2")])));
    t.say("remove", grew(&mut version, s.remove("ann", &["b".into(), "missing".into()])));
    t.say("get", s.get("ann"));
    t.say("bad JSON", s.update("ann", &[field("good", "1"), field("bäd", "{")]));
    t.say("clear", s.clear("ann"));
    t.say("clear again", s.clear("ann"));
    t.say("empty id and name", grew(&mut version, s.replace("", &[field("", "{}")])));
    t.say("get", s.get(""));
    t.say("without fields", grew(&mut version, s.replace("none", &[])));
    t.say("get", s.get("none"));
}

fn swaps(t: &mut Lines, s: &Store) {
    let set = |version, value: &str| s.compare_and_set("bob", version, &[field("n", value)]);
    t.say("swap of a missing one", set(7, "0"));
    let first = set(0, "1");
    t.say("swap", &first);
    t.say("swap again", set(0, "2"));
    let version = match first {
        Ok(Swap::Swapped(version)) => version,
        _ => 0,
    };
    t.say("swap of its version", set(version, "3"));
    t.say("swap of 2^53 + 2", set((1 << 53) + 2, "4"));
    t.say("get", s.get("bob"));
    let counted = s.update_with("bob", |state| {
        let n = state.get::<u32>("n")?.unwrap_or(0) + 1;
        state.set("n", &n)?;
        Ok::<_, serde_json::Error>(n)
    });
    t.say("update with a function", counted.map_err(|_| Error::Unavailable));
    t.say("get", s.get("bob"));
}

fn limits(t: &mut Lines, s: &Store) {
    let long = |count: usize| "i".repeat(count);
    // A JSON text of so many bytes.
    let text = |count: usize| format!("\"{}\"", "v".repeat(count - 2));
    t.say("longest id", worked(s.replace(&long(1024), &[])));
    t.say("longer id", s.replace(&long(1025), &[]));
    t.say("longest name", worked(s.update("l", &[field(&long(255), "1")])));
    t.say("longer name", s.update("l", &[field(&long(256), "1")]));
    t.say("longest value", worked(s.replace("l", &[field("v", &text(65_536))])));
    t.say("longer value", s.replace("l", &[field("v", &text(65_537))]));
    let fields = |count: usize| (0..count).map(|n| field(&n.to_string(), "1")).collect::<Vec<_>>();
    t.say("most fields", worked(s.replace("l", &fields(256))));
    t.say("more fields", s.replace("l", &fields(257)));
    let large: Vec<_> = (0..17).map(|n| field(&n.to_string(), &text(65_000))).collect();
    t.say("a larger session", s.replace("l", &large));
}
