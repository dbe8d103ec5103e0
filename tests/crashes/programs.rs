//! Programs made at random are run twice, and crashed at changes chosen at random: what they come
//! to is the same.
//!
//! `SEED` names one of them, `PROGRAMS` says how many there are: from a seed at random on.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use satama::run::Options;
use satama::workflow::log::{Event, Recorded};
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::compare::{apart, check, keys};
use super::ground::{CALM_LEASE, Ground, number, work};
use super::program::{names, program};

/// Programs, if nobody says how many.
const PROGRAMS: u64 = 24;

/// Programs that are run at a time: most of the time they wait until a lease is over.
const AT_A_TIME: usize = 8;

/// How often each is run to be crashed.
const CRASHED: usize = 2;

/// Most workers that are killed while one run is under way.
const KILLS_MAX: usize = 3;

/// What came of a program.
#[derive(Debug, Default)]
struct Done {
    /// Of the run, and of its children by their names in it: what its body did in its order, and
    /// what came from elsewhere, sorted.
    histories: BTreeMap<String, (Vec<String>, Vec<String>)>,
    /// How often each thing was done, by its name.
    effects: BTreeMap<String, i64>,
    /// How often a body or function was taken for lost, that is known of.
    lost: i64,
    /// Histories of earlier generations are gone.
    continued: bool,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_comes_to_the_same_on_redis() {
    programs(Ground::redis().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_comes_to_the_same_on_sqlite() {
    programs(Ground::sqlite().await).await;
}

async fn programs(ground: Ground) {
    let (first, many) = match number("SEED") {
        Some(seed) => (seed, 1),
        // Short enough to be typed.
        None => (rand::random_range(0..1 << 40), number("PROGRAMS").unwrap_or(PROGRAMS)),
    };
    eprintln!("{many} programs from SEED={first} on");
    let (ground, mut workers) = (Arc::new(ground), JoinSet::new());
    let seeds = Arc::new(Mutex::new((first..first + many).collect::<VecDeque<_>>()));
    for _ in 0..AT_A_TIME {
        let (ground, seeds) = (ground.clone(), seeds.clone());
        workers.spawn(async move {
            let mut wrong = Vec::new();
            loop {
                let seed = seeds.lock().await.pop_front();
                let Some(seed) = seed else { return wrong };
                wrong.extend(one(&ground, seed).await);
                if seed % 100 == 0 {
                    eprintln!("SEED={seed} is done");
                }
            }
        });
    }
    let wrong: Vec<String> = workers.join_all().await.into_iter().flatten().collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs the program of a seed. What is wrong with it.
async fn one(ground: &Arc<Ground>, seed: u64) -> Option<String> {
    let program = program(seed);
    // What fails in there is said with the seed.
    let checked = tokio::spawn({
        let (ground, program) = (ground.clone(), program.clone());
        async move { differs(&ground, seed, &program).await }
    });
    let wrong = match checked.await {
        Ok(wrong) => wrong?,
        Err(err) => err.to_string(),
    };
    Some(format!("SEED={seed}: {wrong}\nof the program\n{program}"))
}

async fn differs(ground: &Arc<Ground>, seed: u64, program: &Value) -> Option<String> {
    let tenant = format!("p{seed}");
    let mut laborer = ground.calm_laborer(&tenant).await;
    let run = start(ground, &tenant, program).await;
    let whole = done(ground, &tenant, &run, program).await;
    let changes = laborer.changes().await;
    drop(laborer);

    let tenant = format!("p{seed}-again");
    let worker = work(&ground.host, &tenant, CALM_LEASE).await;
    let run = start(ground, &tenant, program).await;
    let again = done(ground, &tenant, &run, program).await;
    worker.stop().await;
    if let Some(wrong) = differ(&whole, &again) {
        return Some(format!("run twice ({run}): {wrong}"));
    }
    let mut rng = StdRng::seed_from_u64(seed);
    for nth in 0..CRASHED {
        let kills: Vec<u64> =
            (0..rng.random_range(1..=KILLS_MAX)).map(|_| rng.random_range(1..=changes)).collect();
        let tenant = format!("p{seed}-{nth}");
        let (run, crashed) = crash(ground, &tenant, program, &kills).await;
        if let Some(wrong) = differ(&whole, &crashed) {
            return Some(format!("crashed at changes {kills:?} ({run}): {wrong}"));
        }
    }
    None
}

async fn start(ground: &Ground, tenant: &str, program: &Value) -> String {
    let request = vec![(program.to_string(), Options::default())];
    ground.runs(tenant).start("program", request).await.unwrap()[0].id.to_string()
}

/// Runs a program, and kills one worker after the other, each at a change of its own. The run,
/// and what came of it.
async fn crash(
    ground: &Arc<Ground>,
    tenant: &str,
    program: &Value,
    kills: &[u64],
) -> (String, Done) {
    let mut laborer = ground.laborer(tenant, kills[0]).await;
    let run = start(ground, tenant, program).await;
    let mut ended = tokio::spawn({
        let (ground, tenant, run, program) =
            (ground.clone(), tenant.to_owned(), run.clone(), program.clone());
        async move { done(&ground, &tenant, &run, &program).await }
    });
    for killed in 1..=kills.len() {
        // What a run does is not always in as many changes: it may end before.
        tokio::select! {
            done = &mut ended => return (run, done.unwrap()),
            () = laborer.died() => {}
        }
        if let Some(dies_at) = kills.get(killed) {
            laborer = ground.laborer(tenant, *dies_at).await;
        }
    }
    let worker = ground.worker(tenant).await;
    let done = ended.await.unwrap();
    worker.stop().await;
    (run, done)
}

/// What came of a run, once it has ended.
async fn done(ground: &Ground, tenant: &str, run: &str, program: &Value) -> Done {
    let mut done = Done::default();
    let mut open = VecDeque::from([(String::new(), run.to_owned())]);
    while let Some((path, run)) = open.pop_front() {
        let history = ground.ended(tenant, &run).await;
        check(&history);
        check_races(&history);
        for recorded in &history {
            match &recorded.event {
                Event::ChildStarted(child) => {
                    open.push_back((format!("{path}/{}", child.asked.name), child.run.clone()));
                }
                Event::Lost(_) => done.lost += 1,
                Event::Started(started) => done.continued |= started.generation > 0,
                _ => {}
            }
        }
        for (words, key) in keys(&run, &history) {
            let name = words.split_once(' ').unwrap().1;
            let (of_key, of_name) = (
                ground.count(tenant, &key).await,
                ground.count(tenant, &format!("did {name}")).await,
            );
            // Both a run and its child may be cancelled, and do that under the same names.
            assert!(of_key <= of_name, "{name} has more than one key: {history:#?}");
        }
        done.histories.insert(path, apart(&history));
    }
    for name in names(program) {
        let count = ground.count(tenant, &format!("did {name}")).await;
        if count > 0 {
            done.effects.insert(name, count);
        }
    }
    done
}

/// Which of some functions was first is what the history says.
fn check_races(history: &[Recorded]) {
    let spawned = |name: &str| {
        history.iter().find_map(|recorded| match &recorded.event {
            Event::Spawned(spawned) if spawned.asked.name == name => Some(spawned.asked.seq),
            _ => None,
        })
    };
    for recorded in history {
        let Event::StepDone(step) = &recorded.event else { continue };
        let Some(name) = step.asked.name.strip_suffix("/first") else { continue };
        let of: Vec<_> = (0..).map_while(|n| spawned(&format!("{name}/{n}"))).collect();
        let first = history.iter().find_map(|recorded| match &recorded.event {
            Event::FunctionDone(done) => of.iter().position(|seq| *seq == done.seq),
            _ => None,
        });
        let said: Value = serde_json::from_str(step.output.get()).unwrap();
        assert_eq!(said["first"], first.unwrap(), "{name}: {history:#?}");
    }
}

/// How a run differs from one that was not crashed, if it may not.
fn differ(whole: &Done, other: &Done) -> Option<String> {
    for (path, histories) in &whole.histories {
        let others = other.histories.get(path);
        if others != Some(histories) {
            return Some(format!("of {path:?} expected {histories:#?}, found {others:#?}"));
        }
    }
    if whole.histories.len() != other.histories.len() {
        return Some(format!("found more children: {:#?}", other.histories.keys()));
    }
    let more = |(name, count): (&String, &i64)| Some(count - whole.effects.get(name)?);
    let mores: Option<Vec<i64>> = other.effects.iter().map(more).collect();
    // What an earlier generation lost is gone with its history.
    let most = if other.continued { i64::MAX } else { other.lost };
    let is_right = mores.is_some_and(|mores| {
        mores.len() == whole.effects.len()
            && mores.iter().all(|more| *more >= 0)
            && mores.iter().sum::<i64>() <= most
    });
    (!is_right).then(|| format!("expected {:#?}, found {:#?}", whole.effects, other.effects))
}
