//! A host for unit tests: one run, whose steps it records, and replays.

use std::cell::RefCell;

pub use crate::bindings::satama::services::workflow::*;

thread_local! {
    static RUN: RefCell<Run> = RefCell::new(Run::default());
}

/// A run, and where its body is.
#[derive(Default)]
pub struct Run {
    /// What is recorded: of each step its name, whether it undoes, and what came of it.
    pub record: Vec<(String, bool, End)>,
    /// When the body is told of a cancel.
    pub cancel: Option<Cancel>,
    /// A result is too large if it has more bytes than this.
    pub bytes_max: Option<usize>,
    next: usize,
    told: bool,
    drawn: u64,
    open: Option<(String, StepOptions, u32)>,
    /// Results of functions and signals, by their tickets; settled already.
    functions: Vec<Result<String, Failure>>,
    forgotten: Vec<Ticket>,
}

/// When the body is told of a cancel.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cancel {
    /// By the call with this number.
    At(usize),
    /// By the step with this number, while it waits for another attempt.
    Within(usize),
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq)]
pub enum End {
    Done(String),
    Failed(Failure),
    /// It was given up while it waited for another attempt.
    Abandoned(String),
}

/// Has the run be what `with` makes of it.
pub fn set(with: impl FnOnce(&mut Run)) {
    RUN.with_borrow_mut(with);
}

/// A new run, that is cancelled then.
pub fn start(cancel: Option<Cancel>) {
    set(|run| *run = Run { cancel, ..Run::default() });
}

/// The host of the body is lost; it is called again from its start.
pub fn replay() {
    set(|run| {
        let (record, cancel) = (std::mem::take(&mut run.record), run.cancel);
        *run = Run { record, cancel, bytes_max: run.bytes_max, ..Run::default() };
    });
}

/// The steps that are recorded, as `name: what came of it`.
pub fn recorded() -> Vec<String> {
    RUN.with_borrow(|run| {
        let step = |(name, undo, end): &(String, bool, End)| {
            let undo = if *undo { "undo " } else { "" };
            match end {
                End::Done(json) => format!("{undo}{name}: {json}"),
                End::Failed(failure) => format!("{undo}{name}: failed {}", failure.code),
                End::Abandoned(code) => format!("{undo}{name}: abandoned {code}"),
            }
        };
        run.record.iter().map(step).collect()
    })
}

impl Run {
    fn tell(&mut self, now: fn(usize) -> Cancel) -> bool {
        let told = !self.told && self.cancel == Some(now(self.next));
        self.told |= told;
        told
    }

    fn attempt(&self, number: u32) -> Attempt {
        Attempt { number, key: format!("key-{}", self.next) }
    }

    fn end(&mut self, name: String, undo: bool, end: End) {
        self.record.push((name, undo, end));
        self.open = None;
        self.next += 1;
    }
}

pub fn begin(name: &str, options: StepOptions) -> Result<Begun, Error> {
    RUN.with_borrow_mut(|run| {
        if run.open.is_some() {
            return Err(Error::Misplaced("a step is open".into()));
        }
        let recorded = run.record.get(run.next).cloned();
        if let Some((recorded, _, end)) = recorded {
            assert_eq!(recorded, name, "step {}", run.next);
            if run.tell(Cancel::At) {
                return Err(Error::Cancelled);
            }
            run.next += 1;
            return match end {
                End::Done(json) => Ok(Begun::Done(json)),
                End::Failed(failure) => Ok(Begun::Failed(failure)),
                End::Abandoned(_) => {
                    run.told = true;
                    Err(Error::Cancelled)
                }
            };
        }
        if run.tell(Cancel::At) {
            return Err(Error::Cancelled);
        }
        run.open = Some((name.to_owned(), options, 1));
        Ok(Begun::Execute(run.attempt(1)))
    })
}

fn failure(code: &str) -> Failure {
    Failure { code: code.to_owned(), message: String::new(), retry: false, details: None }
}

pub fn finish(end: Result<&str, &Failure>) -> Result<Verdict, Error> {
    RUN.with_borrow_mut(|run| {
        let Some((name, options, number)) = run.open.clone() else {
            return Err(Error::Misplaced("no step is open".into()));
        };
        match end {
            Ok(json) if run.bytes_max.is_some_and(|max| json.len() > max) => {
                Err(Error::TooLarge(0))
            }
            Ok(json) => {
                run.end(name, options.undo, End::Done(json.to_owned()));
                Ok(Verdict::Done)
            }
            Err(failure) => {
                let attempts = options.retry.map_or(1, |retry| retry.attempts);
                if !failure.retry || number >= attempts {
                    run.end(name, options.undo, End::Failed(failure.clone()));
                    return Ok(Verdict::Failed);
                }
                if run.tell(Cancel::Within) {
                    run.end(name, options.undo, End::Abandoned(failure.code.clone()));
                    return Err(Error::Cancelled);
                }
                run.open = Some((name, options, number + 1));
                Ok(Verdict::Again(run.attempt(number + 1)))
            }
        }
    })
}

/// A function returns its input; or fails, if it is called `fail`.
pub fn spawn(_: &str, function: &str, input: &str, _: StepOptions) -> Result<Ticket, Error> {
    RUN.with_borrow_mut(|run| {
        run.functions.push(match function {
            "fail" => Err(failure("told")),
            _ => Ok(input.to_owned()),
        });
        Ok(u32::try_from(run.functions.len() - 1).expect("there are few"))
    })
}

/// It has come already.
pub fn signal(_: &str) -> Result<Ticket, Error> {
    spawn("", "same", "1", StepOptions { retry: None, timeout_ms: None, undo: false })
}

pub fn forget(tickets: &[Ticket]) -> Result<(), Error> {
    RUN.with_borrow_mut(|run| run.forgotten.extend(tickets));
    Ok(())
}

/// What was given up.
pub fn forgotten() -> Vec<Ticket> {
    RUN.with_borrow(|run| run.forgotten.clone())
}

pub fn wait(ticket: Ticket) -> Result<Outcome, Error> {
    RUN.with_borrow_mut(|run| {
        if run.tell(Cancel::At) {
            return Err(Error::Cancelled);
        }
        Ok(match run.functions[ticket as usize].clone() {
            Ok(json) => Outcome::Done(json),
            Err(failure) => Outcome::Failed(failure),
        })
    })
}

pub fn uuid() -> Result<String, Error> {
    RUN.with_borrow_mut(|run| {
        run.drawn += 1;
        Ok(format!("token-{}", run.drawn))
    })
}
