//! Every state is looked at; and a model of code that lacks a check is seen to be wrong.

use std::time::Instant;

use stateright::{Checker as _, Model as _};

use super::{CALL, Code, Flaw, Left, RACE, Runs};

/// All that goes wrong but for a store that forgets.
const ROUGH: Left = Left { faults: 3, forgotten: 0, signals: 2, cancels: 1 };

/// A store that forgets its last change.
const FORGETFUL: Left = Left { faults: 1, forgotten: 1, signals: 1, cancels: 1 };

fn runs(code: Code, left: Left, flaw: Flaw) -> Runs {
    Runs { code, workers: 2, left, flaw }
}

/// All is as it should be, in every state.
#[track_caller]
fn holds(code: Code, left: Left) {
    let begin = Instant::now();
    let mut left = left;
    if let Ok(text) = std::env::var("LEFT") {
        let n: Vec<u8> = text.split(',').map(|n| n.parse().unwrap()).collect();
        left = Left { faults: n[0], forgotten: n[1], signals: n[2], cancels: n[3] };
    }
    let checker = runs(code, left, Flaw::None).checker().timeout(std::time::Duration::from_secs(40)).spawn_bfs().join();
    for (name, path) in checker.discoveries() {
        eprintln!("{name}: {:?}\n{:?}", path.clone().into_actions(), path.last_state());
    }
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    eprintln!("{states} states, up to {depth} actions, {:?}", begin.elapsed());
    checker.assert_properties();
}

/// With this flaw it is seen that `what` is not so.
#[track_caller]
fn fails(code: Code, left: Left, flaw: Flaw, what: &'static str) {
    let checker = runs(code, left, flaw).checker().spawn_bfs().join();
    let path = checker.discovery(what).expect("the flaw is seen");
    eprintln!("{flaw:?}: not so: {what}: {:?}", path.into_actions());
}

#[test]
fn a_race_of_a_signal_and_a_timer() {
    holds(RACE, ROUGH);
}

#[test]
fn a_call_of_a_function() {
    holds(CALL, ROUGH);
}

#[test]
fn a_store_that_forgets() {
    holds(RACE, FORGETFUL);
}
