//! Each thing that a body can do.

use satama_tests::{Stage, on_both_stores};

use super::crew::Crew;

on_both_stores! {
    a_run_returns_what_its_body_does,
    ten_steps_are_done,
}

async fn a_run_returns_what_its_body_does(stage: Stage) {
    let crew = Crew::new(stage).await;
    let info = crew.run("echo", r#"{"a":[1,null]}"#).await;
    assert_eq!(info.output.as_deref(), Some(r#"{"a":[1,null]}"#), "{info:?}");
}

async fn ten_steps_are_done(stage: Stage) {
    let crew = Crew::new(stage).await;
    let info = crew.run("ten", "null").await;
    assert_eq!(info.output.as_deref(), Some("45"), "{info:?}");
}
