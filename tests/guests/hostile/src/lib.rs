//! A guest that does what an untrusted one may: `arg` says which.
//!
//! It cannot grow a table: Rust has no way to say so. `(table.grow)` in
//! WebAssembly text does it.

mod output;

use std::hint::black_box;
use std::time::Duration;

use satama_guest::cache::{Bucket, Error, Options};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

struct Hostile;

impl Guest for Hostile {
    fn run(arg: String) -> Result<String, String> {
        match arg.as_str() {
            "spin" => spin(),
            "grow" => Ok(grow()),
            "recurse" => Ok(recurse(0).to_string()),
            "flood" => flood(|_| false),
            "flood-until-quota" => flood(|err| err == Error::QuotaExceeded),
            "leak" => leak(|err| err == Error::QuotaExceeded),
            "leak-forever" => leak(|_| false),
            "big-argument" => big_argument(),
            "print" => Ok(output::print()),
            "random" => Ok(random()),
            "sleep" => Ok(sleep()),
            "exit" => std::process::exit(3),
            "panic" => panic!("the guest panicked, as it was told to"),
            _ => Err(format!("no such behaviour: {arg}")),
        }
    }
}

/// Computes for ever, without a call to the host.
fn spin() -> ! {
    let mut n = 0_u64;
    loop {
        n = black_box(n.wrapping_add(1));
    }
}

/// Allocates and touches memory until there is none.
fn grow() -> String {
    const STEP: usize = 1 << 20;
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    loop {
        let mut block = Vec::new();
        if blocks.try_reserve(1).is_err() || block.try_reserve_exact(STEP).is_err() {
            return format!("memory ended after {} MiB", blocks.len());
        }
        block.resize(STEP, 1);
        blocks.push(black_box(block));
    }
}

/// Calls itself until the stack ends.
#[expect(unconditional_recursion, reason = "it is to overflow the stack")]
fn recurse(depth: u64) -> u64 {
    black_box(recurse(black_box(depth + 1))) + depth
}

/// Reads as fast as it can, until an error is one to `stop` at.
fn flood(stop: impl Fn(Error) -> bool) -> Result<String, String> {
    let bucket = Bucket::open("granted").map_err(|err| err.to_string())?;
    let mut calls = 0_u64;
    loop {
        if let Err(err) = bucket.get("key")
            && stop(err)
        {
            return Ok(calls.to_string());
        }
        calls += 1;
    }
}

/// Opens handles and keeps them, until an error is one to `stop` at.
fn leak(stop: impl Fn(Error) -> bool) -> Result<String, String> {
    let mut handles = Vec::new();
    loop {
        match Bucket::open("granted") {
            Ok(bucket) => handles.push(bucket),
            Err(err) if stop(err) => return Ok(handles.len().to_string()),
            Err(_) => {}
        }
    }
}

/// Has the host copy 32 times what a value may be.
fn big_argument() -> Result<String, String> {
    let bucket = Bucket::open("granted").map_err(|err| err.to_string())?;
    let value = vec![1; 32 << 20];
    match bucket.set("key", &value, &Options::ttl(Duration::from_secs(60))) {
        Ok(()) => Err("a value of 32 MiB was set".into()),
        Err(err) => Ok(err.to_string()),
    }
}

/// Asks for 1 GiB of random bytes in one call.
fn random() -> String {
    let bytes = wasip2::random::random::get_random_bytes(1 << 30);
    format!("{} random bytes", bytes.len())
}

fn sleep() -> String {
    std::thread::sleep(Duration::from_secs(60 * 60));
    "slept for an hour".into()
}

export!(Hostile);
