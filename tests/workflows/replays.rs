//! A body that is called again is where it was: time, chance, state, and new generations.

use satama::workflow::Status;
use satama::workflow::log::Event;
use satama::workflow::replay::{hash, uuid};
use satama_tests::{Stage, on_both_stores};
use serde_json::Value;

use super::crew::{Crew, at_ms, code, cold, warm, worker};

on_both_stores! {
    time_and_chance_are_the_runs,
    state_is_seen_from_outside,
    a_run_continues_as_new,
    signals_are_carried_over,
    a_cheat_outside_a_step_fails_its_run,
    cheats_are_refused,
    a_history_has_an_end,
}

async fn time_and_chance_are_the_runs(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    for config in [cold(), warm()] {
        crew.worker = Some(worker(&crew.stage.host, config).await);
        let run = crew.start("random", r#"{"ms":50}"#).await;
        let info = crew.end(&run).await;
        assert_eq!(info.head.status, Status::Completed, "{info:?}");
        let seen: Value = serde_json::from_str(&info.output.unwrap()).unwrap();
        let history = crew.history(&run).await;
        let times = [
            ("first", at_ms(&history, |event| matches!(event, Event::Started(_)))),
            ("stepped", at_ms(&history, |event| matches!(event, Event::StepDone(_)))),
            ("slept", at_ms(&history, |event| matches!(event, Event::TimerFired(_)))),
        ];
        for (n, (when, at)) in (0..).zip(times) {
            let seen = &seen[when];
            assert_eq!(seen["now"], at.to_string(), "{when}");
            assert_eq!(seen["std_time"], at.to_string(), "{when}");
            assert_eq!(seen["std_elapsed"], "0", "{when}");
            let random = hash("random", &run, 0, 2 * n);
            let random = u64::from_le_bytes(random[..8].try_into().unwrap()) >> 11;
            assert_eq!(seen["random"], random.to_string(), "{when}");
            assert_eq!(seen["uuid"], uuid(hash("random", &run, 0, 2 * n + 1), 4), "{when}");
        }
        assert_ne!(seen["inside"]["std_random"], seen["first"]["std_random"]);
        crew.stop().await;
    }
}

async fn state_is_seen_from_outside(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    for config in [cold(), warm()] {
        crew.worker = Some(worker(&crew.stage.host, config).await);
        let run = crew.start("state", "null").await;
        let info = crew.end(&run).await;
        let said = r#"{"before":null,"body":1,"function":"state","none":null}"#;
        let output: Value = serde_json::from_str(&info.output.unwrap()).unwrap();
        assert_eq!(output, serde_json::from_str::<Value>(said).unwrap());
        assert_eq!(crew.runs.state(&run, "body").await.unwrap().as_deref(), Some("1"));
        let of_function = crew.runs.state(&run, "function").await.unwrap();
        assert_eq!(of_function.as_deref(), Some(r#""state""#));
        assert_eq!(crew.runs.state(&run, "none").await.unwrap(), None);
        crew.stop().await;
    }
}

async fn a_run_continues_as_new(stage: Stage) {
    let crew = Crew::with(stage, cold()).await;
    let run = crew.start("forever", r#"{"n":5}"#).await;
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("5"), "{info:?}");
    assert_eq!(info.head.generation, 5);
    assert_eq!(info.input, r#"{"n":0}"#);
    assert_eq!(crew.kinds(&run).await, ["started", "step-done", "completed"]);
    for generation in 0..=5 {
        let key = satama::workflow::replay::step_key(&run, generation, 0, "turn", false);
        assert_eq!(crew.counted(&key).await, 1, "{generation}");
    }
}

/// Those that were not taken, in their order; a cancel too.
async fn signals_are_carried_over(stage: Stage) {
    let mut crew = Crew::new(stage).await;
    crew.stop().await;
    let run = crew.start("forever", r#"{"n":1}"#).await;
    for (name, payload) in [("a", "1"), ("b", "2"), ("a", "3")] {
        crew.runs.signal(&run, name, payload.into(), None).await.unwrap();
    }
    crew.worker = Some(worker(&crew.stage.host, cold()).await);
    let info = crew.end(&run).await;
    assert_eq!(info.output.as_deref(), Some("1"), "{info:?}");
    let kinds = ["started", "signalled", "signalled", "signalled", "step-done", "completed"];
    assert_eq!(crew.kinds(&run).await, kinds);
    let history = crew.history(&run).await;
    let came: Vec<_> = history
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::Signalled(signal) => Some((signal.name.as_str(), signal.payload.get())),
            _ => None,
        })
        .collect();
    assert_eq!(came, [("a", "1"), ("b", "2"), ("a", "3")]);
}

async fn a_cheat_outside_a_step_fails_its_run(stage: Stage) {
    let crew = Crew::new(stage).await;
    let info = crew.run("cheat-cache", "null").await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "effect-outside-step"));
    assert!(info.failure.unwrap().message.contains("cache"));
}

async fn cheats_are_refused(stage: Stage) {
    let crew = Crew::new(stage).await;
    for (cheat, told, but) in [
        ("cheat-nested", "Misplaced", 0),
        ("cheat-finish", "Misplaced", 0),
        // To wait for all of none is done.
        ("cheat-ticket", "Misplaced", 1),
        ("cheat-name", "TooLarge(255)", 0),
        ("cheat-json", "InvalidJson", 0),
    ] {
        let info = crew.run(cheat, "null").await;
        assert_eq!(info.head.status, Status::Completed, "{cheat}: {info:?}");
        let said: Vec<String> = serde_json::from_str(&info.output.unwrap()).unwrap();
        let others: Vec<_> = said.iter().filter(|said| !said.contains(told)).collect();
        assert_eq!(others.len(), but, "{cheat}: {others:?}");
    }
}

async fn a_history_has_an_end(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.start("cheat-many", "null").await;
    let info = crew.end(&run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "history-full"), "{info:?}");
    assert!(info.events <= 10_002, "{}", info.events);
}
