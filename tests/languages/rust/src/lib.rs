//! The program of `tests/languages`, in Rust. What it says is written as README.md there has it.

mod cache;
mod cache_limits;
mod channel;
mod credential;
mod heard;
mod hub;
mod pages;
mod quota;
mod run;
mod secret;
mod secret_use;
mod session;
mod show;
mod unavailable;
mod undecryptable;
mod workflow;

use show::Lines;

wit_bindgen::generate!({
    inline: "
        package satama:conformance;
        world guest {
            export satama:services/hub-handler@0.1.0;
            export transcript: func(part: string) -> list<string>;
        }
    ",
    path: "../../../wit",
    world: "satama:conformance/guest",
    with: { "satama:services/types@0.1.0": satama_guest::types },
});

struct Conformance;

impl Guest for Conformance {
    fn transcript(part: String) -> Vec<String> {
        let mut lines = Lines::default();
        match part.as_str() {
            "cache" => cache::all(&mut lines),
            "cache-limits" => cache_limits::all(&mut lines),
            "session" => session::all(&mut lines),
            "channel" => channel::all(&mut lines),
            "hub" => hub::all(&mut lines),
            "say" => heard::say(&mut lines),
            "heard" => heard::heard(&mut lines),
            "pages" => pages::all(&mut lines),
            "secret" => secret::all(&mut lines),
            "secret-use" => secret_use::all(&mut lines),
            "credential" => credential::all(&mut lines),
            "run" => run::all(&mut lines),
            "workflow" => workflow::outside(&mut lines),
            "handles" => quota::handles(&mut lines),
            "calls" => quota::calls(&mut lines),
            "unavailable" => unavailable::all(&mut lines),
            "undecryptable" => undecryptable::all(&mut lines),
            other => lines.say("unknown part", other),
        }
        lines.into_vec()
    }
}

impl exports::satama::services::hub_handler::Guest for Conformance {
    fn handle(event: exports::satama::services::hub_handler::Event) {
        heard::handle(&event);
    }
}

satama_guest::workflows! {
    "story" => workflow::story,
    "undone" => workflow::undone,
    "waits" => workflow::waits_for_people,
    "counts" => workflow::counts,
    "cancelled" => workflow::cancelled,
    "echo" => workflow::echo,
    "insists" => quota::insists,
}

satama_guest::functions! {
    "double" => workflow::double,
    "third-time" => workflow::third_time,
    "refuse" => workflow::refuse,
    "facts" => workflow::facts,
    "insist" => quota::insist,
}

export!(Conformance);
