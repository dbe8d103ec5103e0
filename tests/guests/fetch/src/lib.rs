//! Opens sockets and looks up a name, none of which any grant allows.

use std::net::{TcpStream, ToSocketAddrs as _, UdpSocket};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

struct Fetch;

impl Guest for Fetch {
    fn run(arg: String) -> Result<String, String> {
        // An error tells what it is of; what is not refused is told as well.
        let tcp = TcpStream::connect(&arg).map(|socket| format!("{socket:?}"));
        let udp = UdpSocket::bind("127.0.0.1:0").map(|socket| format!("{socket:?}"));
        let [tcp, udp] = [tcp, udp].map(|made| made.unwrap_or_else(|err| err.kind().to_string()));
        let found = "localhost:80".to_socket_addrs().map(|found| format!("{found:?}"));
        Ok([tcp, udp, found.unwrap_or_else(|_| "no name".into())].join("\n"))
    }
}

export!(Fetch);
