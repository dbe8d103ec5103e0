//! Calls of a store of workflows, by workers and by who controls runs. The oracle is the other
//! store: what one answers the other must, in order, and with the same histories.

#[path = "workflow/body.rs"]
mod body;
#[path = "workflow/real.rs"]
mod real;

use rand::RngExt as _;
use rand::rngs::StdRng;

pub(crate) use self::real::Real;
use super::one;

/// What is kept or waited for so briefly is over at the next call.
const BRIEF_MS: u64 = 0;

/// Longer than a history takes.
const LONG_MS: u64 = 60 * 60 * 1000;

/// Runs that a history has at most, and leases that are remembered after they were lost.
const RUNS: usize = 6;
const LEASES: usize = 8;

/// Of a queue all is taken: what is put in at one time is in no order that is promised.
const ALL: u32 = 64;

const KEYS: [Option<&str>; 3] = [None, None, Some("k")];
const NAMES: [&str; 2] = ["a", "b:"];

#[derive(Debug, Clone)]
pub(crate) enum Call {
    Start {
        key: Option<&'static str>,
        priority: u8,
        delayed: bool,
        timed: bool,
        kept: bool,
    },
    /// From the queue of bodies, of functions, of both, or of none.
    Take {
        bodies: bool,
        functions: bool,
        brief: bool,
    },
    /// By a lease of a body, a number that may be the next or that of the last, and what.
    Write {
        body: usize,
        repeat: bool,
        skip: bool,
        ops: Vec<Op>,
        then: End,
    },
    Settle {
        function: usize,
        ok: bool,
        again: bool,
    },
    Renew {
        body: usize,
        brief: bool,
    },
    SetState {
        function: usize,
        name: &'static str,
    },
    Send {
        run: usize,
        input: Sent,
    },
    Retry {
        run: usize,
        seq: u32,
        stale: bool,
    },
    Delete {
        run: usize,
    },
    List,
}

impl Call {
    /// Whether something may be due by it at once: what comes to a run by the next call must not
    /// be due at the same time, for then it is not said what comes first.
    fn brings_due(&self) -> bool {
        match self {
            Self::Start { delayed, timed, .. } => *delayed || *timed,
            Self::Take { brief, .. } | Self::Renew { brief, .. } => *brief,
            Self::Write { ops, then, .. } => {
                !matches!(then, End::Keep | End::Park { wakes: false })
                    || !ops.iter().all(|op| matches!(op, Op::Step | Op::Spawn | Op::Set(_)))
            }
            Self::Settle { ok, again, .. } => !ok && *again,
            Self::Send { input, .. } => matches!(input, Sent::Cancel { .. }),
            Self::Delete { .. } => true,
            Self::SetState { .. } | Self::Retry { .. } | Self::List => false,
        }
    }
}

/// What a body does, if it may.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    Step,
    Timer { brief: bool },
    Spawn,
    Approval { name: &'static str, brief: Option<bool> },
    Child { served: bool },
    Set(&'static str),
    Forget,
    Suspend,
    Complete,
    Fail,
    Cancelled,
    Continue,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Keep,
    Park { wakes: bool },
    Again,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Sent {
    Signal(Option<&'static str>),
    Decide(&'static str),
    Resume,
    Cancel { force: bool },
}

pub(crate) fn draw(rng: &mut StdRng) -> Call {
    match rng.random_range(0..100) {
        0..9 => Call::Start {
            key: one(rng, &KEYS),
            priority: one(rng, &[4, 4, 4, 9]),
            delayed: rng.random_ratio(1, 5),
            timed: rng.random_ratio(1, 8),
            kept: rng.random_ratio(7, 8),
        },
        9..34 => Call::Take {
            bodies: rng.random_ratio(5, 6),
            functions: rng.random_ratio(1, 2),
            brief: rng.random_ratio(1, 6),
        },
        34..68 => Call::Write {
            body: rng.random_range(0..3) * usize::from(rng.random_ratio(1, 3)),
            repeat: rng.random_ratio(1, 6),
            skip: rng.random_ratio(1, 20),
            ops: (0..rng.random_range(0..4)).map(|_| op(rng)).collect(),
            then: match rng.random_range(0..8) {
                0..4 => End::Keep,
                4..7 => End::Park { wakes: rng.random_ratio(1, 3) },
                _ => End::Again,
            },
        },
        68..76 => {
            Call::Settle { function: rng.random_range(0..2), ok: rng.random(), again: rng.random() }
        }
        76..79 => Call::Renew { body: rng.random_range(0..3), brief: rng.random_ratio(1, 4) },
        79..81 => Call::SetState { function: rng.random_range(0..2), name: one(rng, &NAMES) },
        81..94 => Call::Send { run: rng.random_range(0..RUNS), input: sent(rng) },
        94..96 => Call::Retry {
            run: rng.random_range(0..RUNS),
            seq: rng.random_range(0..3),
            stale: rng.random_ratio(1, 6),
        },
        96..98 => Call::Delete { run: rng.random_range(0..RUNS) },
        _ => Call::List,
    }
}

fn op(rng: &mut StdRng) -> Op {
    match rng.random_range(0..24) {
        0..5 => Op::Step,
        5..8 => Op::Timer { brief: rng.random() },
        8..12 => Op::Spawn,
        12..14 => Op::Approval {
            name: one(rng, &NAMES),
            brief: one(rng, &[None, Some(true), Some(false)]),
        },
        14..16 => Op::Child { served: rng.random_ratio(3, 4) },
        16 => Op::Set(one(rng, &NAMES)),
        17..19 => Op::Forget,
        19 => Op::Suspend,
        20 => Op::Complete,
        21 => Op::Fail,
        22 => Op::Cancelled,
        _ => Op::Continue,
    }
}

fn sent(rng: &mut StdRng) -> Sent {
    match rng.random_range(0..9) {
        0..4 => Sent::Signal(one(rng, &KEYS)),
        4 | 5 => Sent::Decide(one(rng, &NAMES)),
        6 => Sent::Resume,
        7 => Sent::Cancel { force: false },
        _ => Sent::Cancel { force: rng.random() },
    }
}
