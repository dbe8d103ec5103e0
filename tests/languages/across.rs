//! Workflows in one language whose functions are in another.

use std::sync::Arc;

use satama::grant::{Names, WorkflowGrant};
use satama_tests::{Stage, program};

use super::parts::{BODIES, FUNCTIONS, grant, say, section, work};

/// Each language has the workflows, and the one after it the functions.
pub(crate) async fn each_calls_the_next(stage: Stage, languages: &[&str]) {
    let expected = section(&super::written("transcript.txt"), "workflow");
    for (at, language) in languages.iter().enumerate() {
        let next = languages[(at + 1) % languages.len()];
        let host = &stage.host;
        let tenant = format!("{language}-{next}");
        let share = |bodies: &[&str], functions: &[&str]| {
            let text = |names: &[&str]| names.iter().map(ToString::to_string).collect();
            Arc::new(grant(&tenant, |_| {}).with_workflow(WorkflowGrant {
                bodies: text(bodies),
                functions: text(functions),
                calls: Names::new(FUNCTIONS).unwrap(),
                runs: Names::new(BODIES).unwrap(),
                retention_ms: None,
                concurrent: None,
            }))
        };
        let bodies = program(host, &format!("language-{language}"), share(&BODIES, &[])).await;
        let functions = program(host, &format!("language-{next}"), share(&[], &FUNCTIONS)).await;
        let worker = work(host, &[&bodies, &functions]).await;
        let mut said = String::new();
        say(&mut said, &bodies, "workflow").await;
        worker.stop().await;
        super::compare(&expected, &said, &format!("{language} with the functions of {next}"));
    }
}
