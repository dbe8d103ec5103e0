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
    for recorded in history {
        let mut value: Value = serde_json::from_str(&recorded.event.encode()).unwrap();
        let fields = value.as_object_mut().unwrap().values_mut().next().unwrap();
        let mut blank = |name: &str| {
            if let Some(field) = fields.get_mut(name) {
                *field = Value::Null;
            }
        };
        let elsewhere = match &recorded.event {
            Event::Lost(_) | Event::BodyFailed(_) => continue,
            Event::FunctionDone(_) | Event::FunctionFailed(_) => {
                blank("attempt");
                true
            }
            Event::ChildEnded(_) | Event::TimerFired(_) => true,
            Event::ChildStarted(_) => {
                blank("run");
                false
            }
            Event::CancelSeen(_) => {
                blank("events");
                false
            }
            _ => false,
        };
        if elsewhere {
            together.push(value.to_string());
            continue;
        }
        together.sort();
        plain.append(&mut together);
        plain.push(value.to_string());
    }
    plain.append(&mut together);
    plain
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
