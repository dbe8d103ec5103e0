//! Opens a TCP connection, which no grant allows: it must not even link.

use std::net::TcpStream;

wit_bindgen::generate!({ path: "../wit", world: "guest" });

struct Fetch;

impl Guest for Fetch {
    fn run(arg: String) -> Result<String, String> {
        let stream = TcpStream::connect(&arg).map_err(|err| err.to_string())?;
        Ok(format!("connected to {arg}: {stream:?}"))
    }
}

export!(Fetch);
