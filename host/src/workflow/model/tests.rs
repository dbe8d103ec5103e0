//! Every state is looked at; and a model of code that lacks a check is seen to be wrong.

use std::time::Instant;

use stateright::{Checker as _, Expectation, HasDiscoveries, Model as _};

use super::truth::{ENDS, FENCED, LEGAL, ONCE, SIGNALS, WAKES};
use super::{CALL, Code, Flaw, Left, RACE, Runs};

/// Two things go wrong, and there is a cancel.
const ROUGH: Left = Left { faults: 2, forgotten: 0, signals: 0, cancels: 1 };

/// Two things go wrong, and there is a signal.
const SIGNALLED: Left = Left { signals: 1, cancels: 0, ..ROUGH };

/// A signal is sent again, and all else happens once.
const REPEATED: Left = Left { faults: 1, signals: 2, ..ROUGH };

/// A store forgets its last change.
const FORGETFUL: Left = Left { faults: 0, forgotten: 1, signals: 1, cancels: 1 };

fn runs(code: Code, left: Left, flaw: Flaw) -> Runs {
    Runs { code, workers: 2, left, flaw }
}

/// All is as it should be, in every state.
#[track_caller]
fn holds(code: Code, left: Left) {
    let begin = Instant::now();
    let checker = runs(code, left, Flaw::None).checker().spawn_bfs().join();
    let (states, depth) = (checker.unique_state_count(), checker.max_depth());
    eprintln!("{states} states, up to {depth} actions, {:?}", begin.elapsed());
    let seen = checker.discoveries();
    for property in checker.model().properties() {
        let seen = seen.get(property.name).map(|path| path.clone().into_actions());
        match property.expectation {
            // What happens only where there is a cancel is seen only there.
            Expectation::Sometimes => assert!(seen.is_some() || left.cancels == 0),
            _ => assert!(seen.is_none(), "it is not so that {}: {seen:?}", property.name),
        }
    }
}

/// With this flaw it is seen that `what` is not so.
#[track_caller]
fn fails(code: Code, left: Left, flaw: Flaw, what: &'static str) {
    let model = runs(code, left, flaw).checker();
    let checker = model.finish_when(HasDiscoveries::AllOf([what].into())).spawn_bfs().join();
    let path = checker.discovery(what).expect("the flaw is seen");
    eprintln!("{flaw:?}: it is not so that {what}: {:?}", path.into_actions());
}

#[test]
fn a_race_of_a_signal_and_a_timer() {
    holds(RACE, ROUGH);
    holds(RACE, SIGNALLED);
}

#[test]
fn a_signal_that_is_sent_again() {
    holds(RACE, REPEATED);
}

#[test]
fn a_call_of_a_function() {
    holds(CALL, ROUGH);
}

#[test]
fn a_store_that_forgets() {
    holds(RACE, FORGETFUL);
    holds(CALL, FORGETFUL);
}

/// All that goes wrong, together: it takes a minute.
#[test]
fn all_at_once() {
    let all = Left { signals: 1, ..ROUGH };
    holds(RACE, all);
    holds(CALL, all);
    holds(RACE, Left { faults: 1, ..FORGETFUL });
    holds(CALL, Left { faults: 1, ..FORGETFUL });
}

#[test]
fn without_the_token_check_a_stale_worker_writes() {
    fails(RACE, ROUGH, Flaw::NoTokenCheck, FENCED);
}

#[test]
fn without_the_token_check_a_stale_worker_ends_a_function() {
    fails(CALL, ROUGH, Flaw::NoTokenCheck, FENCED);
}

#[test]
fn without_the_number_check_a_write_is_done_twice() {
    fails(RACE, ROUGH, Flaw::NoNumberCheck, FENCED);
    fails(RACE, ROUGH, Flaw::NoNumberCheck, LEGAL);
}

/// `write.lua` and the embedded file are so: a run can fail, or wait for ever, when a server fails
/// over that has forgotten what a worker has heard.
#[test]
fn without_a_look_at_what_was_seen_a_store_that_forgets_breaks_a_run() {
    fails(RACE, FORGETFUL, Flaw::NoSeenCheck, LEGAL);
    fails(CALL, FORGETFUL, Flaw::NoSeenCheck, WAKES);
}

#[test]
fn without_the_news_check_a_run_waits_for_ever() {
    fails(RACE, SIGNALLED, Flaw::NoNewsCheck, WAKES);
}

#[test]
fn without_keys_a_signal_is_recorded_twice() {
    fails(RACE, REPEATED, Flaw::NoSignalKeys, SIGNALS);
}

#[test]
fn a_timer_that_stays_fires_twice() {
    fails(RACE, ROUGH, Flaw::TimerStays, ONCE);
}

#[test]
fn a_loss_that_is_not_told_leaves_a_run_alone() {
    fails(RACE, ROUGH, Flaw::LostUntold, WAKES);
    fails(RACE, ROUGH, Flaw::LostUntold, ENDS);
}

#[test]
fn a_token_that_is_given_again_lets_two_workers_write() {
    fails(RACE, FORGETFUL, Flaw::CountedTokens, LEGAL);
}
