//! A server that is killed under load, and comes back with what it had acknowledged.

use satama_tests::{RedisServer, until};

use super::case::{CASES, Case};
use super::ground::{Ground, Store};

const TENANT: &str = "t";

/// Runs that are under way.
const RUNS: usize = 60;

/// How often the server is killed.
const KILLS: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_end_though_their_server_is_killed() {
    let server = RedisServer::with(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut ground = Ground::on(Store::Redis(server)).await;
    // Its functions and timers are the store's alone; what a step does there fails meanwhile.
    let case = of("five-sleeps");
    let _laborers = [ground.laborer(TENANT, 0).await, ground.laborer(TENANT, 0).await];
    let run = case.start(&ground.runs(TENANT)).await;
    let whole = case.outcome(&ground, TENANT, &run).await;
    let mut runs = Vec::new();
    for _ in 0..RUNS {
        runs.push(case.start(&ground.runs(TENANT)).await);
    }
    for at in 1..=KILLS {
        let watched = &runs[at * RUNS / (KILLS + 1)];
        until("a run is under way", async || {
            let history = ground.runs(TENANT).whole_history(watched).await;
            history.is_ok_and(|history| history.len() > 1)
        })
        .await;
        let Store::Redis(server) = &mut ground.store else { unreachable!("it is on Redis") };
        server.restart();
    }
    until("the server answers", async || ground.runs(TENANT).one(&run).await.is_ok()).await;
    for run in &runs {
        let done = case.outcome(&ground, TENANT, run).await;
        assert_eq!(done.history, whole.history, "{run}");
    }
}

fn of(name: &str) -> Case {
    CASES.into_iter().find(|case| case.name == name).unwrap()
}
