//! What a later version would do with the runs of an earlier one.

use std::sync::Arc;

use satama::runtime::{Program, Replayed};
use satama_tests::{Stage, on_both_stores};

use super::crew::{Crew, grant_of};

on_both_stores! {
    a_run_that_is_asked_for_the_same_goes_on,
    a_run_that_is_asked_for_more_diverges_where_it_is,
    a_longer_sleep_diverges_with_both_sides_named,
    a_component_without_workflows_replays_none,
}

async fn later(crew: &Crew, guest: &str) -> Program {
    let grant = grant_of("t", &["ten", "fan", "sleep"], &["note"], None, |_| {});
    satama_tests::program(&crew.stage.host, guest, Arc::new(grant)).await
}

/// What the later version would do with the first entries of a run; nothing is written.
async fn replay(crew: &Crew, run: &str, entries: usize) -> Replayed {
    let program = later(crew, "workflow_v2").await;
    let head = crew.runs.one(run).await.unwrap().head;
    let all = crew.runs.entries(run).await.unwrap();
    let replayed = program.replay(head.clone(), all[..entries].to_vec()).await.unwrap();
    assert_eq!(crew.runs.entries(run).await.unwrap(), all);
    assert_eq!(crew.runs.one(run).await.unwrap().head, head);
    replayed
}

async fn a_run_that_is_asked_for_the_same_goes_on(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.run("fan", "null").await.head.id.to_string();
    // Spawned and returned; and with its last step, before its end.
    let all = crew.runs.entries(&run).await.unwrap().len();
    assert_eq!(replay(&crew, &run, 1).await, Replayed::GoesOn { calls: 0 });
    assert_eq!(replay(&crew, &run, 9).await, Replayed::GoesOn { calls: 8 });
    assert_eq!(replay(&crew, &run, all - 1).await, Replayed::GoesOn { calls: 9 });
}

async fn a_run_that_is_asked_for_more_diverges_where_it_is(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.run("ten", "null").await.head.id.to_string();
    assert_eq!(replay(&crew, &run, 6).await, Replayed::GoesOn { calls: 5 });
    let why = r#"call 5: the record has step "s5", the code asks for step "extra""#;
    assert_eq!(replay(&crew, &run, 7).await, Replayed::Diverges(why.to_owned()));
}

async fn a_longer_sleep_diverges_with_both_sides_named(stage: Stage) {
    let mut crew = Crew::new(stage).await;
    let run = crew.start("sleep", r#"{"ms":600000}"#).await;
    crew.until(&run, "timer-set", 1).await;
    crew.stop().await;
    let why = r#"call 0: the record has timer "sleep", after 600s, the code asks for timer "sleep", after 600.001s"#;
    assert_eq!(replay(&crew, &run, 2).await, Replayed::Diverges(why.to_owned()));
}

async fn a_component_without_workflows_replays_none(stage: Stage) {
    let crew = Crew::new(stage).await;
    let run = crew.run("echo", "1").await.head.id.to_string();
    let head = crew.runs.one(&run).await.unwrap().head;
    let entries = crew.runs.entries(&run).await.unwrap();
    let refused = later(&crew, "echo").await.replay(head, entries).await.unwrap_err();
    assert!(refused.to_string().contains("does not export `workflow-handler`"), "{refused}");
}
