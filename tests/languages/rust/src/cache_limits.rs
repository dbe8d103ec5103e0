//! The limits of the cache: at each, and beyond it.

use satama_guest::cache::{Bucket, Entry, FillOptions, Options};

use crate::cache::minute;
use crate::show::{Lines, List, worked};

pub fn all(t: &mut Lines) {
    let b = Bucket::open("granted").expect("it is granted");
    let longest = "k".repeat(1024);
    t.say("longest key", b.set(&longest, b"1", &minute()));
    t.say("get by it", b.get(&longest));
    let too_long = "k".repeat(1025);
    t.say("longer key", b.set(&too_long, b"1", &minute()));
    t.say("get by it", b.get(&too_long));
    t.say("delete by it", b.delete(&too_long));
    t.say("exists by it", b.exists(&too_long));
    t.say("ttl by it", b.ttl(&too_long));
    t.say("add by it", b.add(&too_long, 1, &minute()));

    let largest: Vec<u8> = (0..1 << 20).map(|n: usize| (n % 251) as u8).collect();
    t.say("largest value", b.set("large", &largest, &minute()));
    t.say("get it", b.get("large"));
    let larger = vec![b'v'; (1 << 20) + 1];
    t.say("larger value", b.set("larger", &larger, &minute()));
    t.say("larger value if absent", b.set_if_absent("larger", &larger, &minute()));
    t.say("get it", b.get("larger"));

    let with = |ttl_ms: u64, group: Option<String>| Options { ttl_ms, group };
    let month = 30 * 24 * 60 * 60 * 1000;
    t.say("longest ttl", b.set("t", b"1", &with(month, None)));
    t.say("longer ttl", b.set("t", b"1", &with(month + 1, None)));
    t.say("ttl of 2^53 + 2", b.set("t", b"1", &with((1 << 53) + 2, None)));
    t.say("ttl of 2^63", b.set("t", b"1", &with(1 << 63, None)));
    t.say("longest group", b.set("t", b"1", &with(1000, Some("g".repeat(255)))));
    t.say("longer group", b.set("t", b"1", &with(1000, Some("g".repeat(256)))));
    t.say("invalidate longer group", b.invalidate_group(&"g".repeat(256)));
    t.say("group in unicode", b.set("t", b"1", &with(1000, Some("ä".repeat(128)))));
    batches(t, &b);

    let fill = |wait_ms, claim_ms| {
        worked(b.fill("missing", &FillOptions { wait_ms, claim_ms, group: None }))
    };
    t.say("longer wait", fill(30_001, 1000));
    t.say("longer claim", fill(0, 300_001));
    t.say(
        "fill of a longer key",
        worked(b.fill(&too_long, &FillOptions { wait_ms: 0, claim_ms: 1, group: None })),
    );
}

fn batches(t: &mut Lines, b: &Bucket) {
    let keys = |count: usize| (0..count).map(|n| format!("batch-{n}")).collect::<Vec<_>>();
    let entries = |count| {
        let entry = |key| Entry { key, value: b"1".into(), options: minute() };
        keys(count).into_iter().map(entry).collect::<Vec<_>>()
    };
    t.say("largest batch", b.set_many(&entries(64)));
    t.say("get it", b.get_many(&keys(64)).map(|values| values.iter().flatten().count()));
    t.say("larger batch", b.set_many(&entries(65)));
    t.say("get it", b.get_many(&keys(65)).map(List));
}
