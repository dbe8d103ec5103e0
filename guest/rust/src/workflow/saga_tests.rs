//! Steps and sagas, on a host that is lost and cancels wherever it can.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::fake::{Cancel, recorded, replay, set, start};
use super::{Effect, Error, Failure, Result, Saga, Step, Undo, step};

/// What was done in the world, in its order.
type World = RefCell<Vec<String>>;

fn undo<'a>(
    world: &'a World,
    name: &'static str,
) -> impl FnMut(&Undo<u32>) -> Result<(), Failure> + 'a {
    move |undo| {
        let what = match undo.effect() {
            Effect::Done(result) => format!("done {result}"),
            Effect::Failed(failure) => format!("failed {}", failure.code),
            Effect::Unknown => "unknown".into(),
        };
        world.borrow_mut().push(format!("undo {name} {} {what}", undo.token()));
        Ok(())
    }
}

/// Three steps, of which `fail` fails, each tried twice.
fn three(world: &World, fail: &str) -> Result<u32> {
    Saga::run(|saga| {
        let mut sum = 0;
        for (n, name) in (1..).zip(["a", "b", "c"]) {
            sum += saga.step(Step::new(name).retries(1), undo(world, name), |doing| {
                world.borrow_mut().push(format!("do {name} {}", doing.token()));
                if name == fail { Err(Failure::retryable("told", "")) } else { Ok(n) }
            })?;
        }
        Ok(sum)
    })
}

#[test]
fn what_fails_is_undone_newest_first() {
    let world = World::default();
    assert_eq!(three(&world, "none"), Ok(6));
    assert_eq!(recorded(), ["a: 1", "b: 2", "c: 3"]);

    start(None);
    world.take();
    let told = Err(Error::Failed(Failure::retryable("told", "")));
    assert_eq!(three(&world, "b"), told);
    assert_eq!(recorded(), ["a: 1", "b: failed told", "undo b: null", "undo a: null"]);
    let done = [
        "do a token-1",
        "do b token-2",
        "do b token-2",
        "undo b token-2 failed told",
        "undo a token-1 done 1",
    ];
    assert_eq!(world.take(), done);
    replay();
    three(&world, "b").unwrap_err();
    assert!(world.take().is_empty());
}

/// Told by any call, whatever else happens: nothing that was done is left, each is undone once, and
/// a replay does nothing and ends the same.
#[test]
fn a_cancel_undoes_everything_wherever_it_comes() {
    for fail in ["none", "a", "b", "c"] {
        for cancel in (0..8).map(Cancel::At).chain((0..8).map(Cancel::Within)) {
            let world = World::default();
            start(Some(cancel));
            let result = three(&world, fail);
            let done = world.take();
            let what = format!("{fail} {cancel:?}: {done:?}");
            let mut tokens = BTreeMap::<_, (bool, u32)>::new();
            for line in &done {
                let parts: Vec<_> = line.split(' ').collect();
                let (did, undone) = tokens.entry(parts[2].to_owned()).or_default();
                *did |= parts[0] == "do";
                *undone += u32::from(parts[0] == "undo");
            }
            let undone = u32::from(result.is_err());
            assert!(tokens.values().all(|(_, times)| *times == undone), "{what}");
            // The one that was told may have been done by a host that was lost.
            assert!(tokens.values().filter(|(did, _)| !did).count() <= 1, "{what}");

            let before = recorded();
            replay();
            assert_eq!(three(&world, fail), result, "{what}");
            assert_eq!((world.take(), recorded()), (Vec::new(), before), "{what}");
        }
    }
}

#[test]
fn a_step_that_was_told_may_have_run() {
    let world = World::default();
    let body = || {
        Saga::run(|saga| {
            saga.step("a", undo(&world, "a"), |_| Ok::<_, Failure>(1))?;
            saga.step("b", undo(&world, "b"), |_| Ok::<_, Failure>(2))
        })
    };
    start(Some(Cancel::At(1)));
    assert_eq!(body(), Err(Error::Cancelled));
    assert_eq!(world.take(), ["undo b token-2 unknown", "undo a token-1 done 1"]);
    assert_eq!(recorded(), ["a: 1", "undo b: null", "undo a: null"]);
}

#[test]
fn a_cancel_while_it_is_undone_keeps_nothing_from_it() {
    let world = World::default();
    let tries = RefCell::new(0);
    let body = || -> Result<()> {
        Saga::run(|saga| {
            saga.step("a", undo(&world, "a"), |_| Ok::<_, Failure>(1))?;
            saga.defer("d", |attempt| {
                *tries.borrow_mut() += 1;
                world.borrow_mut().push(format!("undo d {}", attempt.key()));
                if *tries.borrow() == 1 { Err(Failure::retryable("x", "")) } else { Ok(()) }
            });
            Err(Failure::fatal("why", "").into())
        })
    };
    // While it waits for the second attempt: that is given up, so it is begun anew.
    start(Some(Cancel::Within(1)));
    assert_eq!(body().unwrap_err().code(), "why");
    assert_eq!(recorded(), ["a: 1", "undo d: abandoned x", "undo d: null", "undo a: null"]);
    assert_eq!(world.take(), ["undo d key-1", "undo d key-2", "undo a token-1 done 1"]);
    replay();
    assert_eq!(body().unwrap_err().code(), "why");
    assert!(world.take().is_empty());
}

#[test]
fn what_cannot_be_undone_is_told_and_keeps_no_other_from_it() {
    let world = World::default();
    let err = Saga::run(|saga| {
        saga.step("a", undo(&world, "a"), |_| Ok::<_, Failure>(1))?;
        saga.step(
            "b",
            |_: &Undo<()>| Err(Failure::fatal("stuck", "it is")),
            |_| Ok::<_, Failure>(()),
        )?;
        Err::<(), _>(Failure::fatal("why", "because").into())
    });
    let Err(Error::Failed(failure)) = err else { panic!("{err:?}") };
    assert_eq!(failure.code, "undo-failed");
    assert_eq!(failure.message, "why: because; not undone: b (stuck: it is)");
    assert_eq!(failure.details.as_deref(), Some(r#"[["b","stuck: it is"]]"#));
    assert_eq!(world.take(), ["undo a token-1 done 1"]);
}

#[test]
fn a_function_is_waited_for_before_it_is_undone() {
    for (function, undone) in [("same", "done 7"), ("fail", "failed told")] {
        let world = World::default();
        start(Some(Cancel::At(0)));
        let body: Result<u32> =
            Saga::run(|saga| saga.call("f", function, |_| 7_u32, undo(&world, "f")));
        assert_eq!(body, Err(Error::Cancelled));
        assert_eq!(world.take(), [format!("undo f token-1 {undone}")]);
    }
}

#[test]
fn a_result_that_cannot_be_recorded_is_a_failure_that_is() {
    set(|run| run.bytes_max = Some(4));
    let huge = step("huge", || Ok::<_, Failure>("too large".to_owned()));
    assert_eq!(huge.unwrap_err().code(), "too-large");
    let infinite = step("infinite", || Ok::<_, Failure>(f64::INFINITY));
    assert_eq!(infinite.unwrap_err().code(), "invalid-result");
    let map = step("map", || Ok::<_, Failure>(BTreeMap::from([((1, 2), 3)])));
    assert_eq!(map.unwrap_err().code(), "invalid-json");
    assert_eq!(step("next", || Ok::<_, Failure>(1)), Ok(1));
    let failed = ["huge: failed too-large", "infinite: failed invalid-result"];
    assert_eq!(recorded()[..2], failed);
}

#[test]
fn a_step_in_a_step_is_refused_and_not_tried_again() {
    let outer = Step::new("outer").retries(5).run(|_| step("inner", || Ok::<_, Failure>(1)));
    let Err(Error::Failed(failure)) = outer else { panic!("{outer:?}") };
    assert_eq!((failure.code.as_str(), failure.retry), ("misplaced", false));
    assert_eq!(recorded(), ["outer: failed misplaced"]);
}
