//! Ten thousand channels that all listen to one topic, read by every language.

use std::sync::Arc;
use std::time::Duration;

use satama::grant::{Grant, Names};
use satama_tests::{Stage, bus, channels, program};
use tokio::task::JoinSet;

use super::parts;

const CHANNELS: u32 = 10_000;

/// As many as are added at a time.
const AT_ONCE: u32 = 64;

/// Has the program of each language read them all.
pub(crate) async fn all_read_the_same(stage: Stage, languages: &[&str]) {
    fill(&stage).await;
    let grant = Arc::new(grant());
    for language in languages {
        let mut said = String::new();
        let guest = format!("language-{language}");
        let program = program(&stage.host, &guest, grant.clone()).await;
        parts::say(&mut said, &program, "pages").await;
        super::expect("pages.txt", language, &said);
    }
}

fn grant() -> Grant {
    let every = || Names::new(["*"]).unwrap();
    parts::grant("pages", |_| {}).with_channel(every()).with_hub(every())
}

async fn fill(stage: &Stage) {
    let services = stage.host.services();
    let mut tasks = JoinSet::new();
    for first in 0..AT_ONCE {
        let many = channels(services, &grant(), "many", Duration::from_secs(3600));
        let bus = bus(services, &grant(), "many");
        tasks.spawn(async move {
            for n in (first..CHANNELS).step_by(AT_ONCE as usize) {
                let id = format!("channel-{n:05}");
                many.add(&id, "{}", Some("ann")).await.unwrap();
                bus.subscribe("topic", &id, None).await.unwrap();
            }
        });
    }
    tasks.join_all().await;
}
