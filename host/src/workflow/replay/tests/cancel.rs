//! How a body is told that its run is cancelled: once, and at the same place each time.

use super::*;

#[test]
fn a_cancel_is_told_once_by_what_is_not_recorded() {
    let mut run = Run::new();
    run.step("a", "1").unwrap();
    run.cancel();
    for _ in 0..2 {
        run.call_again();
        assert_eq!(run.step("a", "1").unwrap(), "1");
        assert!(is_cancelled(run.step("b", "1")));
        assert!(!is_cancelled(run.step("undo a", "1")));
    }
    assert_eq!(run.kinds()[2..], ["cancel-asked", "cancel-seen", "step-done"]);
    run.replay.end(Ending::Cancelled).unwrap();
    run.write();
    assert_eq!(run.kinds().last(), Some(&"cancelled"));
}

#[test]
fn a_wait_that_was_cut_short_is_cut_short_again() {
    let mut run = Run::new();
    let ticket = run.replay.spawn(function("a")).unwrap();
    run.write();
    run.cancel();
    assert!(is_cancelled(run.replay.wait(ticket)));
    // What it waited for comes before it is recorded that it was told.
    run.tell(Event::FunctionDone(Done { seq: 0, attempt: 1, output: text("7") }));
    assert!(run.replay.wait(ticket).unwrap().is_some());
    run.step("undo", "1").unwrap();
    run.call_again();
    let ticket = run.replay.spawn(function("a")).unwrap();
    assert!(is_cancelled(run.replay.wait(ticket)));
    assert!(run.replay.wait(ticket).unwrap().is_some());
    assert_eq!(run.step("undo", "2").unwrap(), "1");
}

#[test]
fn what_was_settled_before_a_cancel_is_told_first() {
    let mut run = Run::new();
    let ticket = run.replay.spawn(function("a")).unwrap();
    run.write();
    run.tell(Event::FunctionDone(Done { seq: 0, attempt: 1, output: text("7") }));
    run.cancel();
    for _ in 0..2 {
        assert!(run.replay.wait(ticket).unwrap().is_some());
        assert!(is_cancelled(run.step("b", "1")));
        run.step("undo", "1").unwrap();
        run.call_again();
        run.replay.spawn(function("a")).unwrap();
    }
}

#[test]
fn a_step_that_waits_for_its_next_attempt_is_given_up_by_a_cancel() {
    let mut run = Run::new();
    run.replay.begin("a", &tries(3)).unwrap();
    run.replay.finish(Err(failure(true)), 0).unwrap();
    run.write();
    run.cancel();
    assert!(run.replay.abandon());
    run.step("undo", "1").unwrap();
    run.call_again();
    assert!(is_cancelled(run.replay.begin("a", &tries(3))));
    assert_eq!(run.step("undo", "2").unwrap(), "1");
}

/// The step may have run, on a host that was lost: what undoes it must not look like it.
#[test]
fn what_undoes_a_step_that_was_cut_short_has_another_key() {
    let mut run = Run::new();
    let Begun::Execute(first) = run.replay.begin("charge", &StepOptions::default()).unwrap() else {
        panic!()
    };
    run.cancel();
    run.call_again();
    assert!(is_cancelled(run.replay.begin("charge", &StepOptions::default())));
    let undo = StepOptions { undo: true, ..StepOptions::default() };
    let Begun::Execute(second) = run.replay.begin("charge", &undo).unwrap() else { panic!() };
    assert_ne!(first.key, second.key);
}

#[test]
fn setting_the_state_is_never_told_of_a_cancel() {
    let mut run = Run::new();
    run.cancel();
    run.replay.set_state("a", text("1")).unwrap();
    assert!(run.replay.get_state("a").unwrap().is_none());
    assert!(is_cancelled(run.step("a", "1")));
    run.step("undo", "1").unwrap();
    run.call_again();
    run.replay.set_state("a", text("1")).unwrap();
    assert!(is_cancelled(run.step("a", "1")));
    assert_eq!(run.step("undo", "1").unwrap(), "1");
}

#[test]
fn a_run_whose_time_is_up_fails() {
    let mut run = Run::new();
    run.tell(Event::CancelAsked(CancelAsked { reason: "late".into(), timeout: true }));
    assert!(is_cancelled(run.step("a", "1")));
    run.replay.end(Ending::Cancelled).unwrap();
    run.write();
    assert!(
        matches!(&run.history.last().unwrap().event, Event::Failed(of) if of.code == "timeout")
    );
}

#[test]
fn a_suspension_that_meets_a_cancel_is_told_of_it() {
    let mut run = Run::new();
    let ticket = run.replay.suspend("so").unwrap();
    // The cancel is recorded first, and the body does not know.
    let unwritten = run.replay.take_unwritten();
    run.cancel();
    unwritten.into_iter().for_each(|event| run.tell(event));
    assert!(is_cancelled(run.replay.wait(ticket)));
    assert!(matches!(run.replay.suspend("again"), Err(Stop::Refused(Error::Misplaced(_)))));
    run.step("undo", "1").unwrap();
    run.call_again();
    let ticket = run.replay.suspend("so").unwrap();
    assert!(is_cancelled(run.replay.wait(ticket)));
}
