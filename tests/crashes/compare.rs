//! What must be the same of a run, whoever was killed meanwhile.

use std::collections::BTreeMap;

use satama::workflow::log::{Event, Recorded};
use satama::workflow::replay::step_key;
use satama::workflow::state::State;
use serde_json::Value;

/// A history without what a crash may change: times, ids, who was lost, the numbers of a
/// function's attempts, and the order of what came from elsewhere at one time.
pub(crate) fn plain(history: &[Recorded]) -> Vec<String> {
    let (mut plain, mut together) = (Vec::new(), Vec::new());
    for (is_elsewhere, event) in history.iter().filter_map(blanked) {
        if is_elsewhere {
            together.push(event);
            continue;
        }
        together.sort();
        plain.append(&mut together);
        plain.push(event);
    }
    together.sort();
    plain.append(&mut together);
    plain
}

/// As [`plain`], where several things are under way at any time: what the body did, in its order,
/// and what came from elsewhere, sorted.
pub(crate) fn apart(history: &[Recorded]) -> (Vec<String>, Vec<String>) {
    let blanked = history.iter().filter_map(blanked);
    let (elsewhere, own): (Vec<_>, Vec<_>) = blanked.partition(|(is_elsewhere, _)| *is_elsewhere);
    let events = |all: Vec<(bool, String)>| all.into_iter().map(|(_, event)| event);
    let mut elsewhere: Vec<_> = events(elsewhere).collect();
    elsewhere.sort();
    (events(own).collect(), elsewhere)
}

/// An event without what a crash may change, if there is something left; and whether it came from
/// elsewhere.
fn blanked(recorded: &Recorded) -> Option<(bool, String)> {
    let mut value: Value = serde_json::from_str(&recorded.event.encode()).unwrap();
    let fields = value.as_object_mut().unwrap().values_mut().next().unwrap();
    let mut blank = |path: &str| {
        if let Some(field) = fields.pointer_mut(path) {
            *field = Value::Null;
        }
    };
    let is_elsewhere = match &recorded.event {
        Event::Lost(_) | Event::BodyFailed(_) => return None,
        Event::FunctionDone(_) | Event::FunctionFailed(_) => {
            blank("/attempt");
            true
        }
        Event::ChildEnded(_)
        | Event::TimerFired(_)
        | Event::Signalled(_)
        | Event::ApprovalDecided(_)
        | Event::ApprovalExpired(_)
        | Event::Resumed {}
        | Event::CancelAsked(_) => true,
        Event::ChildStarted(_) => {
            blank("/run");
            false
        }
        Event::CancelSeen(_) => {
            blank("/events");
            false
        }
        // What is said to be of a run's own: see `program.rs` of the guest.
        Event::Spawned(_) => {
            blank("/input/random");
            blank("/input/now");
            false
        }
        Event::StepDone(_) => {
            blank("/output/first");
            false
        }
        _ => false,
    };
    Some((is_elsewhere, value.to_string()))
}

/// A history is one that can be: it folds, no step has two results, and it has one end, its last.
pub(crate) fn check(history: &[Recorded]) {
    State::fold(history).unwrap();
    let is_end = |event: &Event| {
        matches!(event, Event::Completed(_) | Event::Failed(_) | Event::Cancelled {})
    };
    let ends = history.iter().filter(|recorded| is_end(&recorded.event)).count();
    assert!(ends == 1 && is_end(&history.last().unwrap().event), "{history:#?}");
}

/// The keys of a run's steps and functions, in words, of the last generation.
pub(crate) fn keys(run: &str, history: &[Recorded]) -> BTreeMap<String, String> {
    let generation = match &history[0].event {
        Event::Started(started) => started.generation,
        event => panic!("it begins with {event:?}"),
    };
    let mut keys = BTreeMap::new();
    for recorded in history {
        let (asked, undo) = match &recorded.event {
            Event::StepDone(done) => (&done.asked, done.undo),
            Event::StepFailed(failed) => (&failed.asked, failed.undo),
            Event::Spawned(spawned) => (&spawned.asked, spawned.undo),
            _ => continue,
        };
        let undo_word = if undo { "undo " } else { "" };
        let words = format!("{generation}.{} {undo_word}{}", asked.seq, asked.name);
        keys.insert(words, step_key(run, generation, asked.seq, &asked.name, undo));
    }
    keys
}
