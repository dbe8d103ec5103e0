//! One seeded random life of some runs, on both stores: they must agree.

use std::time::Duration;

use satama::Ids;
use satama::workflow::log::{
    ApprovalAsked, Asked, ChildStarted, Event, Failure, Forgotten, Json, Output, Recorded, Spawned,
    Started, StateSet, StepDone, Suspended, TimerSet, When,
};
use satama::workflow::state::{Phase, State, What};
use satama::workflow::{Input, NewRun, RunId, Then};
use satama_tests::Stage;

use super::probe_side::{Act, Side};

/// How long a life is.
const TURNS: u32 = 150;

/// Later than what was before, by any store's clock.
const MOMENT: Duration = Duration::from_millis(2);

const LONG_MS: u64 = 3_600_000;

pub(crate) fn text(json: &str) -> Json {
    satama::workflow::log::json(json).unwrap()
}

/// Steps of a fixed sequence of numbers: xorshift.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below as u64).unwrap()
    }
}

/// What a body could do next.
fn events(dice: &mut Dice, state: &State, ids: &Ids, children: &mut Vec<RunId>) -> Vec<Event> {
    let mut seq = u32::try_from(state.calls().len()).unwrap();
    let mut found = Vec::new();
    let mut approvals: Vec<String> = open(state).filter_map(|(_, what)| approval(what)).collect();
    for nth in 0..dice.roll(4) {
        // What is due in one millisecond each store does in an order of its own.
        let soon = if nth == 0 { 0 } else { LONG_MS };
        let event = asks(dice, (seq, soon), ids, children);
        if let Event::ApprovalAsked(asked) = &event {
            if approvals.contains(&asked.asked.name) {
                continue;
            }
            approvals.push(asked.asked.name.clone());
        }
        seq += 1;
        found.push(event);
    }
    match dice.roll(16) {
        0 => found.push(Event::Completed(Output { output: text("1") })),
        1 => found.push(Event::Failed(Failure::ours("odd", "it failed"))),
        2 => found.push(Event::Cancelled {}),
        3 => {
            let generation = state.started().unwrap().0.generation + 1;
            found.push(Event::Continued(Output { output: text("2") }));
            found.push(Event::Started(Started { input: text("2"), generation }));
        }
        4 if state.cancel().is_none() => {
            found.push(Event::Suspended(Suspended { seq, reason: "why".to_owned() }));
        }
        5 | 6 => {
            let calls = open(state).filter(|(_, what)| what.is_forgettable()).map(|(seq, _)| seq);
            found.push(Event::Forgotten(Forgotten { calls: calls.collect() }));
        }
        _ => {}
    }
    found
}

/// What a body has asked for and has no end, by number.
fn open(state: &State) -> impl Iterator<Item = (u32, &What)> {
    let calls = (0..).zip(state.calls()).filter(|(_, call)| call.settled.is_none());
    calls.map(|(seq, call)| (seq, &call.what))
}

/// The name of an approval.
fn approval(what: &What) -> Option<String> {
    match what {
        What::Approval(asked) => Some(asked.asked.name.clone()),
        _ => None,
    }
}

/// One thing that a body asks for.
fn asks(dice: &mut Dice, (seq, soon): (u32, u64), ids: &Ids, children: &mut Vec<RunId>) -> Event {
    let asked = |name: &str| Asked { seq, name: name.to_owned() };
    match dice.roll(7) {
        0 => Event::StepDone(StepDone {
            asked: asked("s"),
            attempt: 1,
            output: text("1"),
            undo: false,
        }),
        1 => Event::TimerSet(TimerSet {
            asked: asked("t"),
            when: When::AfterMs([soon, LONG_MS][dice.roll(2)]),
        }),
        2 => Event::ApprovalAsked(ApprovalAsked {
            asked: asked(["a", "b"][dice.roll(2)]),
            data: text("1"),
            expires_ms: [None, Some(soon), Some(LONG_MS)][dice.roll(3)],
        }),
        3 | 4 => Event::Spawned(Spawned {
            asked: asked("f"),
            function: "f".to_owned(),
            input: text("1"),
            retry: None,
            timeout_ms: None,
            undo: false,
        }),
        5 => {
            let run = RunId::new(0, ids);
            children.push(run.clone());
            Event::ChildStarted(ChildStarted {
                asked: asked("c"),
                workflow: ["w", "w", "unknown"][dice.roll(3)].to_owned(),
                run: run.to_string(),
                input: text("1"),
                timeout_ms: None,
                priority: None,
            })
        }
        _ => Event::StateSet(StateSet {
            asked: asked("a"),
            value: text(&dice.roll(100).to_string()),
        }),
    }
}

fn input(dice: &mut Dice) -> Input {
    match dice.roll(8) {
        0..3 => Input::Signal {
            name: "s".to_owned(),
            payload: text("1"),
            key: [None, Some("k".to_owned()), Some(String::new())][dice.roll(3)].clone(),
        },
        3 | 4 => Input::Decide {
            name: ["a", "b"][dice.roll(2)].to_owned(),
            decision: text(r#"{"approved":true,"by":null,"data":null}"#),
        },
        5 => Input::Resume,
        6 => Input::Cancel { reason: "enough".to_owned(), force: false },
        _ => Input::Cancel { reason: "enough".to_owned(), force: true },
    }
}

/// What is done to a body that both have.
async fn write(dice: &mut Dice, side: &Side, ids: &Ids, runs: &mut Vec<RunId>) -> Option<Act> {
    let held: Vec<_> = side.bodies.keys().cloned().collect();
    let run = (!held.is_empty()).then(|| held[dice.roll(held.len())].clone())?;
    let history = side.history(&run.parse().unwrap()).await;
    let decode = |(n, entry): (u32, &String)| Recorded::decode(n, entry).unwrap();
    let history: Vec<_> = (0..).zip(&history).map(decode).collect();
    let state = State::fold(&history).unwrap();
    let mut events = match state.phase() {
        Phase::Running => events(dice, &state, ids, runs),
        _ => Vec::new(),
    };
    let is_end =
        |event: &Event| matches!(event.kind(), "completed" | "failed" | "cancelled" | "continued");
    let park = |wake_ms| Then::Park { waits: "it", wake_ms };
    let then = match dice.roll(6) {
        _ if matches!(events.last(), Some(Event::Suspended(_))) => park(None),
        _ if events.iter().any(is_end) => Then::Keep,
        0..3 => Then::Keep,
        3 => park(Some(0)),
        4 => {
            events = vec![Event::BodyFailed(Failure::ours("trapped", "it did"))];
            Then::Again { after_ms: [0, LONG_MS][dice.roll(2)] }
        }
        _ => park(None),
    };
    Some(Act::Write { run, events, then })
}

fn start(dice: &mut Dice, ids: &Ids) -> NewRun {
    NewRun {
        id: RunId::new(0, ids),
        workflow: ["w", "w", "w", "unknown"][dice.roll(4)].to_owned(),
        input: text("1"),
        key: [None, Some("k".to_owned())][dice.roll(2)].clone(),
        user: None,
        priority: 4,
        timeout_ms: [None, None, Some(0)][dice.roll(3)],
        delay_ms: [0, 0, LONG_MS][dice.roll(3)],
        retention_ms: None,
    }
}

/// What is done next, as the first store has it.
async fn choose(dice: &mut Dice, side: &Side, ids: &Ids, runs: &mut Vec<RunId>) -> Option<Act> {
    let kind = dice.roll(20);
    let run = (!runs.is_empty()).then(|| runs[dice.roll(runs.len())].clone());
    let Some(run) = run.filter(|_| kind > 1) else {
        let new = start(dice, ids);
        runs.push(new.id.clone());
        return Some(Act::Start(new));
    };
    Some(match kind {
        2..6 => Act::Take { lease_ms: [0, LONG_MS, LONG_MS, LONG_MS][dice.roll(4)] },
        6..13 => return write(dice, side, ids, runs).await,
        13..15 => {
            let held: Vec<_> = side.tasks.keys().cloned().collect();
            let task = (!held.is_empty()).then(|| held[dice.roll(held.len())].clone())?;
            let again = [None, Some(0), Some(LONG_MS)][dice.roll(3)];
            Act::Settle { task, again, fail: dice.roll(2) == 0 }
        }
        15 => Act::Delete(run),
        16 => {
            let events = u32::try_from(side.history(&run).await.len()).unwrap();
            Act::Send(run, Input::Retry { seq: 0, events })
        }
        _ => Act::Send(run, input(dice)),
    })
}

async fn life(seed: u64, sides: &mut [Side; 2]) {
    let (mut dice, ids) = (Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)), Ids::system());
    let (mut runs, mut told) = (Vec::new(), Vec::new());
    for _ in 0..TURNS {
        let Some(act) = choose(&mut dice, &sides[0], &ids, &mut runs).await else { continue };
        let answers = [sides[0].does(&act).await, sides[1].does(&act).await];
        told.push(format!("{act:?} -> {answers:?}"));
        let last = &told[told.len().saturating_sub(12)..];
        assert_eq!(answers[0], answers[1], "seed {seed}: {last:#?}");
        for run in &runs {
            let (one, other) = (sides[0].seen(run).await, sides[1].seen(run).await);
            assert_eq!(one, other, "seed {seed}, {run}: {last:#?}");
        }
        // What is due at once is due by then, on both.
        tokio::time::sleep(MOMENT).await;
    }
}

/// `SEEDS=100 SEED=7` lives a hundred from the seventh on.
#[tokio::test]
async fn both_stores_agree() {
    let (redis, sqlite) = (Stage::redis().await, Stage::sqlite().await);
    let number = |name, or| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(or);
    let (first, seeds) = (number("SEED", 1), number("SEEDS", 4));
    for seed in first..first + seeds {
        let tenant = format!("t{seed}");
        let mut sides = [Side::new(&sqlite, &tenant).await, Side::new(&redis, &tenant).await];
        life(seed, &mut sides).await;
    }
}
