//! Bodies that end as none should.

use crate::satama::services::workflow;
use crate::{Ending, Failure, HOSTILE, ONCE, failure, quoted, told};

pub fn run(name: &str, input: String) -> Ending {
    match name {
        "end-no-json" => Ending::Completed("{".into()),
        "end-huge" => Ending::Completed(quoted(&"x".repeat(256 << 10))),
        "end-larger" => Ending::Completed(quoted(&"x".repeat(3 << 20))),
        "end-deep" => Ending::Completed("[".repeat(100_000) + &"]".repeat(100_000)),
        "end-failed-huge" => Ending::Failed(failure(&"x".repeat(1 << 20))),
        "end-failed-hostile" => Ending::Failed(failure(&HOSTILE.concat())),
        "end-failed-details" => {
            Ending::Failed(Failure { details: Some("{".into()), ..failure("a") })
        }
        // Codes that are ours to say.
        "end-failed-lost" => Ending::Failed(failure("lost")),
        "end-failed-cancelled" => Ending::Failed(failure("cancelled")),
        "end-cancelled" => Ending::Cancelled,
        "end-continued" => Ending::Continued(input),
        "end-continued-no-json" => Ending::Continued("nul".into()),
        "end-continued-huge" => Ending::Continued(quoted(&"x".repeat(256 << 10))),
        "end-in-step" => {
            let _ = workflow::begin("a", ONCE);
            told(&["it worked".into()])
        }
        "end-with-tickets" => {
            let _ = workflow::timer("a", 3_600_000);
            let _ = workflow::approval("a", "1", None);
            let _ = workflow::spawn("a", "spin", "1", ONCE);
            told(&["it worked".into()])
        }
        "chance" => chance(),
        "panic" => panic!("{}", HOSTILE.concat()),
        "exit" => std::process::exit(0),
        "print" => {
            HOSTILE.iter().for_each(|text| println!("{text}"));
            told(&["it worked".into()])
        }
        _ => Ending::Failed(failure("unknown-workflow")),
    }
}

/// Asks for what chance says, and an address of its own: another thing each time that it is called,
/// unless both are the run's.
fn chance() -> Ending {
    let place = std::ptr::from_ref(&ONCE).addr();
    let chance = {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one(place)
    };
    let name = format!("{chance}");
    let _ = workflow::begin(&name, ONCE);
    let _ = workflow::finish(Ok("1"));
    let ticket = workflow::timer(&name, 1_000).unwrap_or(0);
    let _ = workflow::wait(ticket);
    told(&[name])
}
