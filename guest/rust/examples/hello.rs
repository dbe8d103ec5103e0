//! Greets, and counts whom it greeted how often.

use std::time::Duration;

use satama_guest::cache::{Bucket, Error, Options};

wit_bindgen::generate!({ inline: "
    package example:hello;
    world plugin { export hello: func(name: string) -> result<string, string>; }
" });

struct Plugin;

impl Guest for Plugin {
    fn hello(name: String) -> Result<String, String> {
        let times = count(&name).map_err(|err| err.to_string())?;
        Ok(format!("Hello, {name}! Greeted so far: {times}"))
    }
}

fn count(name: &str) -> Result<i64, Error> {
    let day = Options::ttl(Duration::from_secs(24 * 60 * 60));
    Bucket::open("greetings")?.add(name, 1, &day)
}

export!(Plugin);
