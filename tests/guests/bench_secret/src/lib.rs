//! Loops over single calls of secrets, for the benchmarks. Written to the WIT alone.

wit_bindgen::generate!({
    path: ["../../../wit", "wit"],
    world: "satama:bench-secret/bench-secret",
    generate_all,
});

use satama::services::{secret, secret_use};

const VALUE: [u8; 100] = [b'v'; 100];

const MANY: u32 = 10;

struct BenchSecret;

impl Guest for BenchSecret {
    fn repeat(operation: Operation, name: String, n: u32) -> u32 {
        let many: Vec<_> = (0..MANY).map(|i| format!("{name}/{i}")).collect();
        let handle = match operation {
            Operation::Hmac => Some(secret::get(&name, None).unwrap()),
            _ => None,
        };
        let call = || match operation {
            Operation::Get => secret::get(&name, None).is_ok(),
            Operation::GetMany => secret::get_many(&many).unwrap().iter().all(Option::is_some),
            Operation::Put => secret::put(&name, &VALUE).is_ok(),
            Operation::Exists => secret::exists(&name).unwrap(),
            Operation::Hmac => {
                secret_use::hmac_sha256(handle.as_ref().unwrap(), &VALUE).unwrap().len() == 32
            }
        };
        (0..n).map(|_| u32::from(call())).sum()
    }
}

export!(BenchSecret);
