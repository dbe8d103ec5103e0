//! Loops over single calls, for the benchmarks. Written to the WIT alone.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "satama:bench/bench",
    generate_all,
});

use satama::services::cache::{Bucket, Options};
use satama::services::session::{Expiry, Field, Store};

const HOUR_MS: u64 = 60 * 60 * 1000;

struct Bench;

impl Guest for Bench {
    fn nop() {}

    fn get_loop(bucket: String, key: String, n: u32) -> u32 {
        let bucket = Bucket::open(&bucket).unwrap();
        (0..n).map(|_| u32::from(bucket.get(&key).unwrap().is_some())).sum()
    }

    fn set_loop(bucket: String, key: String, n: u32, value_bytes: u32) -> u32 {
        let bucket = Bucket::open(&bucket).unwrap();
        let value = vec![b'v'; value_bytes as usize];
        let options = Options { ttl_ms: HOUR_MS, group: None };
        for _ in 0..n {
            bucket.set(&key, &value, &options).unwrap();
        }
        n
    }

    fn counts_loop(bucket: String, n: u32) {
        let bucket = Bucket::open(&bucket).unwrap();
        for _ in 0..n {
            bucket.counts().unwrap();
        }
    }

    fn session_get_loop(store: String, id: String, n: u32) -> u32 {
        let store = Store::open(&store, Expiry::SlidingMs(HOUR_MS)).unwrap();
        (0..n).map(|_| u32::from(store.get(&id).unwrap().is_some())).sum()
    }

    fn session_update_loop(store: String, id: String, n: u32) -> u32 {
        let store = Store::open(&store, Expiry::SlidingMs(HOUR_MS)).unwrap();
        for i in 0..n {
            let field = Field { name: "count".into(), value: i.to_string() };
            store.update(&id, &[field]).unwrap();
        }
        n
    }
}

export!(Bench);
