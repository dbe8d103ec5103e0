//! Uses no service: what it costs to run a guest at all.

wit_bindgen::generate!({ path: "../wit", world: "guest" });

struct Echo;

impl Guest for Echo {
    fn run(arg: String) -> Result<String, String> {
        Ok(arg)
    }
}

export!(Echo);
