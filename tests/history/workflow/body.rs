//! What a worker has, and what it may write.

use satama::Ids;
use satama::workflow::log::{
    ApprovalAsked, Asked, ChildStarted, Event, Failure, Forgotten, Json, Output, Recorded, Spawned,
    Started, StateSet, StepDone, Suspended, TimerSet, When, json,
};
use satama::workflow::state::State;
use satama::workflow::{Lease, RunId, Then};

use super::{BRIEF_MS, End, LONG_MS, Op};

/// A body that was taken; its lease may be lost.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) lease: Lease,
    /// What it knows of the history.
    pub(super) known: Vec<String>,
    /// Writes that it knows to be done.
    pub(super) written: u64,
    /// The last of them.
    pub(super) last: Option<(u32, Vec<Event>, End)>,
}

pub(super) fn text(text: &str) -> Json {
    json(text).unwrap()
}

/// What a history comes to.
pub(super) fn fold(entries: &[String]) -> State {
    let recorded = (0..).zip(entries).map(|(index, entry)| Recorded::decode(index, entry).unwrap());
    recorded.fold(State::default(), |state, next| state.next(&next).unwrap())
}

fn next(state: &State, event: &Event) -> Option<State> {
    state.clone().next(&Recorded { at_ms: 0, event: event.clone(), bytes: 1 }).ok()
}

impl Held {
    pub(super) fn seen(&self) -> u32 {
        u32::try_from(self.known.len()).unwrap()
    }

    /// Those of `ops` that can follow what it knows, as events; the children that begin.
    pub(super) fn events(&self, ops: &[Op], then: End, ids: &Ids) -> (Vec<Event>, Vec<RunId>) {
        if let End::Again = then {
            let failed = Event::BodyFailed(Failure::ours("trapped", "it trapped"));
            return (vec![failed], Vec::new());
        }
        let mut state = fold(&self.known);
        let (mut events, mut children) = (Vec::new(), Vec::new());
        let mut has_brief = false;
        for op in ops {
            let seq = u32::try_from(state.calls().len()).unwrap();
            // Of what is due at one time it is not said what comes first.
            let mut ms = |brief: bool| {
                let brief = brief && !std::mem::replace(&mut has_brief, true);
                if brief { BRIEF_MS } else { LONG_MS }
            };
            let event = match *op {
                Op::Forget => {
                    let calls = (0..).zip(state.calls());
                    let open = calls.filter(|(_, call)| call.what.is_forgettable());
                    Event::Forgotten(Forgotten { calls: open.map(|(seq, _)| seq).collect() })
                }
                Op::Child { served } => {
                    let run = RunId::new(0, ids);
                    let event = child(seq, &run, served);
                    children.extend(served.then_some(run));
                    event
                }
                Op::Timer { brief } => timer(seq, ms(brief)),
                Op::Approval { name, brief } => approval(seq, name, brief.map(ms)),
                op => simple(seq, op),
            };
            let Some(after) = next(&state, &event) else { continue };
            state = after;
            let anew = matches!(event, Event::Continued(_));
            events.push(event);
            if anew {
                let generation = state.started().unwrap().0.generation + 1;
                events = events.split_off(events.len() - 1);
                events.push(Event::Started(Started { input: text("[3]"), generation }));
                break;
            }
        }
        (events, children)
    }
}

impl End {
    pub(super) fn then(self) -> Then<'static> {
        match self {
            Self::Keep => Then::Keep,
            Self::Park { wakes } => {
                Then::Park { waits: "something", wake_ms: wakes.then_some(BRIEF_MS) }
            }
            Self::Again => Then::Again { after_ms: BRIEF_MS },
        }
    }
}

fn asked(seq: u32, name: &str) -> Asked {
    Asked { seq, name: name.to_owned() }
}

fn simple(seq: u32, op: Op) -> Event {
    let output = text("null");
    match op {
        Op::Spawn => Event::Spawned(Spawned {
            asked: asked(seq, "call"),
            function: "f".to_owned(),
            input: text("[1]"),
            retry: None,
            timeout_ms: None,
            undo: false,
            since: 0,
        }),
        Op::Set(name) => Event::StateSet(StateSet { asked: asked(seq, name), value: output }),
        Op::Suspend => Event::Suspended(Suspended { seq, reason: "a pause".to_owned() }),
        Op::Complete => Event::Completed(Output { output }),
        Op::Fail => Event::Failed(Failure::ours("odd", "it failed")),
        Op::Cancelled => Event::Cancelled {},
        Op::Continue => Event::Continued(Output { output: text("[3]") }),
        _ => {
            Event::StepDone(StepDone { asked: asked(seq, "step"), attempt: 1, output, undo: false })
        }
    }
}

fn timer(seq: u32, ms: u64) -> Event {
    Event::TimerSet(TimerSet { asked: asked(seq, "wait"), when: When::AfterMs(ms) })
}

fn approval(seq: u32, name: &str, expires_ms: Option<u64>) -> Event {
    Event::ApprovalAsked(ApprovalAsked { asked: asked(seq, name), data: text("{}"), expires_ms })
}

fn child(seq: u32, run: &RunId, served: bool) -> Event {
    Event::ChildStarted(ChildStarted {
        asked: asked(seq, "child"),
        workflow: if served { "w" } else { "nobody's" }.to_owned(),
        run: run.to_string(),
        input: text("[2]"),
        timeout_ms: None,
        priority: None,
    })
}
