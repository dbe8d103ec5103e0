//! What is over a limit is refused, with the limit, and writes nothing.

use std::time::Duration;

use expect::{equal, ok};
use satama_guest::cache::{Bucket, Entry, Error, FillOptions, Options};

use super::{MINUTE, minute};

const KEY_BYTES_MAX: usize = 1024;
const GROUP_BYTES_MAX: usize = 255;
const VALUE_BYTES_MAX: usize = 1 << 20;
const TTL_MS_MAX: u64 = 30 * 24 * 60 * 60 * 1000;
const WAIT_MS_MAX: u64 = 30 * 1000;
const CLAIM_MS_MAX: u64 = 5 * 60 * 1000;
const BATCH_ITEMS_MAX: usize = 64;

pub fn check(bucket: &Bucket) -> Result<(), String> {
    for len in [KEY_BYTES_MAX + 1, 10 * 1024] {
        keys(bucket, &"k".repeat(len))?;
    }
    // 1026 bytes, but 342 letters.
    keys(bucket, &"€".repeat(342))?;
    let longest = "k".repeat(KEY_BYTES_MAX);
    equal("the longest key", bucket.set(&longest, b"", &minute()), Ok(()))?;
    values(bucket)?;
    groups(bucket)?;
    times(bucket)?;
    fills(bucket)?;
    batches(bucket)
}

fn keys(bucket: &Bucket, key: &str) -> Result<(), String> {
    let error = Error::TooLarge(KEY_BYTES_MAX as u64);
    let entry = Entry { key: key.into(), value: vec![], options: minute() };
    let fill = FillOptions::new(Duration::ZERO, MINUTE);
    equal("get", bucket.get(key), Err(error))?;
    equal("get-many", bucket.get_many(&["k".into(), key.into()]), Err(error))?;
    equal("set", bucket.set(key, b"", &minute()), Err(error))?;
    equal("set-many", bucket.set_many(&[entry]), Err(error))?;
    equal("set-if-absent", bucket.set_if_absent(key, b"", &minute()), Err(error))?;
    equal("delete", bucket.delete(key), Err(error))?;
    equal("exists", bucket.exists(key), Err(error))?;
    equal("ttl", bucket.ttl(key), Err(error))?;
    equal("add", bucket.add(key, 1, &minute()), Err(error))?;
    equal("fill", bucket.fill(key, &fill).err(), Some(error))
}

fn values(bucket: &Bucket) -> Result<(), String> {
    let error = Error::TooLarge(VALUE_BYTES_MAX as u64);
    let largest = vec![7; VALUE_BYTES_MAX];
    equal("the largest value", bucket.set("large", &largest, &minute()), Ok(()))?;
    let over = vec![8; VALUE_BYTES_MAX + 1];
    equal("set", bucket.set("large", &over, &minute()), Err(error))?;
    equal("set-if-absent", bucket.set_if_absent("new", &over, &minute()), Err(error))?;
    let entry = |key: &str, value: Vec<u8>| Entry { key: key.into(), value, options: minute() };
    let entries = [entry("new", vec![]), entry("large", over)];
    equal("set-many", bucket.set_many(&entries), Err(error))?;
    equal("nothing was written", bucket.exists("new"), Ok(false))?;
    let same = ok("get", bucket.get("large"))? == Some(largest);
    expect::that("the largest value is whole", same)
}

fn groups(bucket: &Bucket) -> Result<(), String> {
    let error = Error::TooLarge(GROUP_BYTES_MAX as u64);
    let longest = "g".repeat(GROUP_BYTES_MAX);
    equal("the longest group", bucket.set("k", b"", &minute().in_group(&longest)), Ok(()))?;
    equal("invalidate it", bucket.invalidate_group(&longest), Ok(()))?;
    let over = "g".repeat(GROUP_BYTES_MAX + 1);
    let options = minute().in_group(&over);
    equal("set", bucket.set("k", b"", &options), Err(error))?;
    equal("set-if-absent", bucket.set_if_absent("k", b"", &options), Err(error))?;
    equal("add", bucket.add("k", 1, &options), Err(error))?;
    equal("invalidate-group", bucket.invalidate_group(&over), Err(error))?;
    let fill = FillOptions::new(Duration::ZERO, MINUTE).in_group(&over);
    equal("fill", bucket.fill("k", &fill).err(), Some(error))?;
    equal("nothing was written", bucket.exists("k"), Ok(false))
}

fn times(bucket: &Bucket) -> Result<(), String> {
    let error = Error::TooLarge(TTL_MS_MAX);
    let longest = Options { ttl_ms: TTL_MS_MAX, group: None };
    equal("the longest ttl", bucket.set("k", b"", &longest), Ok(()))?;
    equal("delete it", bucket.delete("k"), Ok(true))?;
    for ttl_ms in [TTL_MS_MAX + 1, u64::MAX] {
        let options = Options { ttl_ms, group: None };
        equal("set", bucket.set("k", b"", &options), Err(error))?;
        equal("set-if-absent", bucket.set_if_absent("k", b"", &options), Err(error))?;
        equal("add", bucket.add("k", 1, &options), Err(error))?;
    }
    equal("nothing was written", bucket.exists("k"), Ok(false))
}

fn fills(bucket: &Bucket) -> Result<(), String> {
    let fill = |wait_ms, claim_ms| {
        let options = FillOptions { wait_ms, claim_ms, group: None };
        bucket.fill("k", &options).map(drop)
    };
    equal("the longest", fill(WAIT_MS_MAX, CLAIM_MS_MAX), Ok(()))?;
    for over in [1, u64::MAX - CLAIM_MS_MAX] {
        let error = Err(Error::TooLarge(WAIT_MS_MAX));
        equal("wait", fill(WAIT_MS_MAX + over, 1), error)?;
        let error = Err(Error::TooLarge(CLAIM_MS_MAX));
        equal("claim", fill(1, CLAIM_MS_MAX + over), error)?;
    }
    Ok(())
}

fn batches(bucket: &Bucket) -> Result<(), String> {
    let error = Error::TooLarge(BATCH_ITEMS_MAX as u64);
    let entry = |n: usize| Entry { key: format!("b{n}"), value: vec![], options: minute() };
    let entries: Vec<_> = (0..=BATCH_ITEMS_MAX).map(entry).collect();
    let keys: Vec<_> = entries.iter().map(|entry| entry.key.clone()).collect();
    equal("set-many", bucket.set_many(&entries), Err(error))?;
    equal("nothing was written", bucket.exists("b0"), Ok(false))?;
    equal("get-many", bucket.get_many(&keys), Err(error))?;
    equal("the largest batch", bucket.set_many(&entries[1..]), Ok(()))?;
    let values = vec![Some(vec![]); BATCH_ITEMS_MAX];
    equal("get it", bucket.get_many(&keys[1..]), Ok(values))
}
