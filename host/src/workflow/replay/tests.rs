//! What a body is answered, on a record of its own making: no store, no guest.

mod cancel;

use crate::workflow::log::{
    ApprovalAsked, Asked, CancelAsked, ChildStarted, Done, Event, Failure, Json, Of, Recorded,
    Signalled, Spawned, Started, When, json,
};
use crate::workflow::replay::{Begun, Ending, Replay, Stop};
use crate::workflow::state::{Settled, State};
use crate::workflow::{Error, Retry, StepOptions};

/// A body that can be called again from its start.
struct Run {
    history: Vec<Recorded>,
    replay: Replay,
}

fn text(text: &str) -> Json {
    json(text).expect("it is JSON")
}

fn asked(name: &str) -> Asked {
    Asked { seq: 0, name: name.into() }
}

fn function(name: &str) -> Spawned {
    Spawned {
        asked: asked(name),
        function: "f".into(),
        input: text("1"),
        retry: None,
        timeout_ms: None,
        undo: false,
        since: 0,
    }
}

fn failure(retry: bool) -> Failure {
    Failure { retry, ..Failure::ours("odd", "it is") }
}

fn tries(attempts: u32) -> StepOptions {
    let retry =
        Retry { attempts, delay_ms: 10, exponential: true, delay_max_ms: 1_000, jitter_percent: 0 };
    StepOptions { retry: Some(retry), ..StepOptions::default() }
}

fn is_cancelled<T>(answer: Result<T, Stop>) -> bool {
    matches!(answer.err(), Some(Stop::Refused(Error::Cancelled)))
}

impl Run {
    fn new() -> Self {
        let mut run = Self { history: Vec::new(), replay: Replay::new("r", State::default()) };
        run.tell(Event::Started(Started { input: text("null"), generation: 0 }));
        run.call_again();
        run
    }

    /// Something is recorded that is not the body's.
    fn tell(&mut self, event: Event) {
        let at_ms = 1_000 + 10 * self.history.len() as u64;
        let recorded = Recorded { at_ms, bytes: event.encode().len() + 14, event };
        self.replay.record(&recorded).expect("it is legal");
        self.history.push(recorded);
    }

    /// What is unwritten is recorded.
    fn write(&mut self) {
        self.replay.take_unwritten().into_iter().for_each(|event| self.tell(event));
    }

    /// The body is lost, with what is unwritten, and is called from its start.
    fn call_again(&mut self) {
        let state = State::fold(&self.history).expect("it is legal");
        self.replay = Replay::new("r", state);
    }

    /// An inline step, whose code returns this.
    fn step(&mut self, name: &str, output: &str) -> Result<String, Stop> {
        match self.replay.begin(name, &StepOptions::default())? {
            Begun::Execute(_) => {
                self.replay.finish(Ok(text(output)), 0)?;
                self.write();
                self.replay.finished();
                Ok(format!("ran {output}"))
            }
            Begun::Done(output) => Ok(output.get().to_owned()),
            other => panic!("{other:?}"),
        }
    }

    fn cancel(&mut self) {
        self.tell(Event::CancelAsked(CancelAsked { reason: "so".into(), timeout: false }));
    }

    fn kinds(&self) -> Vec<&str> {
        self.history.iter().map(|recorded| recorded.event.kind()).collect()
    }
}

#[test]
fn a_recorded_step_does_not_run_again() {
    let mut run = Run::new();
    assert_eq!(run.step("a", "1").unwrap(), "ran 1");
    assert_eq!(run.step("a", "2").unwrap(), "ran 2");
    run.call_again();
    assert_eq!(run.step("a", "3").unwrap(), "1");
    assert_eq!(run.step("a", "4").unwrap(), "2");
    assert_eq!(run.step("a", "5").unwrap(), "ran 5");
}

#[test]
fn another_call_than_the_recorded_one_diverges_with_both_sides_named() {
    let mut run = Run::new();
    run.step("charge", "1").unwrap();
    run.call_again();
    let Err(Stop::Diverged(diverged)) = run.step("reserve", "1") else { panic!() };
    let said = diverged.to_string();
    assert_eq!(said, r#"call 0: the record has step "charge", the code asks for step "reserve""#);
    run.call_again();
    assert!(matches!(run.replay.timer("charge", When::AfterMs(1)), Err(Stop::Diverged(_))));
    run.call_again();
    assert!(matches!(run.replay.end(Ending::Completed(text("1"))), Err(Stop::Diverged(_))));
    assert!(!run.replay.has_unwritten());
}

#[test]
fn another_input_of_a_function_diverges() {
    let mut run = Run::new();
    run.replay.spawn(function("a")).unwrap();
    run.write();
    run.call_again();
    let other = Spawned { input: text("2"), ..function("a") };
    assert!(matches!(run.replay.spawn(other), Err(Stop::Diverged(_))));
}

#[test]
fn what_is_asked_for_is_recorded_with_the_next_step_and_in_order() {
    let mut run = Run::new();
    run.replay.set_state("stage", text("1")).unwrap();
    run.replay.timer("t", When::AfterMs(5)).unwrap();
    run.step("a", "1").unwrap();
    assert_eq!(run.kinds(), ["started", "state-set", "timer-set", "step-done"]);
}

#[test]
fn a_failed_step_is_tried_again_with_the_same_key() {
    let mut run = Run::new();
    let Begun::Execute(first) = run.replay.begin("a", &tries(3)).unwrap() else { panic!() };
    assert!(run.replay.finish(Err(failure(true)), 0).unwrap());
    assert_eq!(run.replay.unwritten_again_ms(), Some(10));
    run.write();
    let second = run.replay.open_attempt().unwrap();
    assert_eq!((first.number, second.number), (1, 2));
    assert_eq!(first.key, second.key);
    run.call_again();
    // On another host: after the same time, with the same key.
    let Begun::NotBefore(due) = run.replay.begin("a", &tries(3)).unwrap() else { panic!() };
    assert_eq!(due, run.history[1].at_ms + 10);
    assert_eq!(run.replay.open_attempt().unwrap(), second);
    assert!(run.replay.finish(Err(failure(true)), 0).unwrap());
    assert_eq!(run.replay.unwritten_again_ms(), Some(20));
    run.write();
    assert!(!run.replay.finish(Err(failure(true)), 0).unwrap());
    run.write();
    run.call_again();
    assert!(matches!(run.replay.begin("a", &tries(3)).unwrap(), Begun::Failed(_)));
}

#[test]
fn a_failure_that_another_attempt_would_not_mend_is_the_last() {
    let mut run = Run::new();
    run.replay.begin("a", &tries(3)).unwrap();
    assert!(!run.replay.finish(Err(failure(false)), 0).unwrap());
}

#[test]
fn of_several_that_are_settled_the_first_is_told_also_later() {
    let mut run = Run::new();
    let (a, b) =
        (run.replay.spawn(function("a")).unwrap(), run.replay.spawn(function("b")).unwrap());
    run.write();
    assert_eq!(run.replay.wait_any(&[a, b]).unwrap(), None);
    let done = |seq| Event::FunctionDone(Done { seq, attempt: 1, output: text("2") });
    run.tell(done(1));
    assert_eq!(run.replay.wait_any(&[a, b]).unwrap(), Some(1));
    run.tell(done(0));
    run.call_again();
    let (a, b) =
        (run.replay.spawn(function("a")).unwrap(), run.replay.spawn(function("b")).unwrap());
    assert_eq!(run.replay.wait_any(&[a, b]).unwrap(), Some(1));
    assert!(run.replay.wait_all(&[a, b]).unwrap());
}

#[test]
fn a_signal_is_given_once_and_in_order() {
    let mut run = Run::new();
    let signal = |n: &str| Event::Signalled(Signalled { name: "s".into(), payload: text(n) });
    run.tell(signal("1"));
    let first = run.replay.signal("s").unwrap();
    let second = run.replay.signal("s").unwrap();
    assert!(matches!(run.replay.wait(first), Ok(Some(Settled::Done(of))) if of.get() == "1"));
    assert!(run.replay.wait(second).unwrap().is_none());
    run.tell(signal("2"));
    assert!(matches!(run.replay.wait(second), Ok(Some(Settled::Done(of))) if of.get() == "2"));
}

#[test]
fn a_signals_ticket_that_is_given_up_is_the_next_ones() {
    let mut run = Run::new();
    let first = run.replay.signal("s").unwrap();
    let second = run.replay.signal("s").unwrap();
    run.replay.forget(&[first, first]).unwrap();
    let third = run.replay.signal("s").unwrap();
    for n in ["1", "2"] {
        run.tell(Event::Signalled(Signalled { name: "s".into(), payload: text(n) }));
    }
    assert!(matches!(run.replay.wait(third), Ok(Some(Settled::Done(of))) if of.get() == "1"));
    assert!(matches!(run.replay.wait(second), Ok(Some(Settled::Done(of))) if of.get() == "2"));
    assert!(run.replay.wait(first).is_err());
    // One that was answered is nobody else's.
    run.replay.forget(&[second, third]).unwrap();
    assert!(!run.replay.has_unwritten());
    assert!(run.replay.has_claimed("s", 0) && run.replay.has_claimed("s", 1));
}

#[test]
fn a_timer_that_is_given_up_has_an_end_whatever_comes_first() {
    for fires in [false, true] {
        let mut run = Run::new();
        let timer = run.replay.timer("t", When::AfterMs(5)).unwrap();
        run.write();
        run.replay.forget(&[timer]).unwrap();
        if fires {
            run.tell(Event::TimerFired(Of { seq: 0 }));
        }
        run.write();
        assert!(run.replay.state().calls()[0].settled.is_some());
        run.call_again();
        let timer = run.replay.timer("t", When::AfterMs(5)).unwrap();
        run.replay.forget(&[timer]).unwrap();
        assert!(!run.replay.has_unwritten());
    }
}

/// It is kept by the host until it is written, and a body may never wait.
#[test]
fn what_is_asked_for_without_end_ends_the_body() {
    let long = format!("\"{}\"", "a".repeat(200 << 10));
    let mut run = Run::new();
    let full = (0..1_000).find_map(|_| run.replay.set_state("a", text(&long)).err());
    assert!(matches!(full, Some(Stop::Full)), "{full:?}");
    let mut run = Run::new();
    let full = (0..20_000).find_map(|_| run.replay.set_state("a", text("1")).err());
    assert!(matches!(full, Some(Stop::Full)), "{full:?}");
    assert!(run.replay.take_unwritten().len() < 10_000);
}

#[test]
fn time_moves_with_what_the_body_has_seen() {
    let mut run = Run::new();
    let begin = run.replay.seen();
    run.tell(Event::Signalled(Signalled { name: "s".into(), payload: text("1") }));
    assert_eq!(run.replay.seen(), begin);
    run.step("a", "1").unwrap();
    let seen = run.replay.seen();
    assert!(seen.at_ms > begin.at_ms && seen.events == 3);
    run.call_again();
    assert_eq!(run.replay.seen(), begin);
    run.step("a", "1").unwrap();
    assert_eq!(run.replay.seen(), seen);
}

#[test]
fn random_numbers_are_the_same_again_and_no_others() {
    let mut run = Run::new();
    let first = [run.replay.random(), run.replay.random()];
    assert_ne!(first[0], first[1]);
    run.call_again();
    assert_eq!([run.replay.random(), run.replay.random()], first);
    let mut other = Replay::new("other", State::default());
    assert_ne!(other.random(), first[0]);
}

#[test]
fn what_is_out_of_place_is_refused_and_changes_nothing() {
    let mut run = Run::new();
    assert!(matches!(run.replay.finish(Ok(text("1")), 0), Err(Stop::Refused(Error::Misplaced(_)))));
    assert!(run.replay.wait(0).is_err());
    run.replay.begin("a", &StepOptions::default()).unwrap();
    let child = ChildStarted {
        asked: asked("c"),
        workflow: "w".into(),
        run: "0".into(),
        input: text("1"),
        timeout_ms: None,
        priority: None,
    };
    let approval = || ApprovalAsked { asked: asked("p"), data: text("1"), expires_ms: None };
    assert!(run.replay.begin("b", &StepOptions::default()).is_err());
    assert!(run.replay.spawn(function("b")).is_err());
    assert!(run.replay.child(child).is_err());
    assert!(run.replay.approval(approval()).is_err());
    assert!(run.replay.signal("s").is_err());
    assert!(run.replay.suspend("so").is_err());
    assert!(run.replay.end(Ending::Cancelled).is_err());
    assert!(!run.replay.has_unwritten());
    run.replay.finish(Ok(text("1")), 0).unwrap();
    run.replay.approval(approval()).unwrap();
    assert!(run.replay.approval(approval()).is_err());
}
