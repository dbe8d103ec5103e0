//! What runs cost a Redis server, and what they leave behind.

use std::time::Duration;

use redis::cmd;
use satama::run::Options;
use satama_tests::{Stage, until};

use super::crew::{Crew, config};

/// Far more than what a worker that has nothing to do would look by itself in.
fn quiet() -> satama::runtime::WorkerConfig {
    let mut config = config();
    config.sweep = Duration::from_secs(600);
    config.lease = Duration::from_secs(600);
    config
}

/// The commands that clients send while `ten` runs, but for those of its steps; those of scripts
/// are theirs.
async fn commands_of_ten(crew: &Crew) -> Vec<String> {
    let mut monitor = Monitor::of(crew);
    let run = crew.start("ten", "null").await;
    // Nobody asks how it is meanwhile: the last write is seen.
    let commands = monitor.lines_until(crew, "{\\\"completed\\\"").await;
    assert_eq!(crew.end(&run).await.output.as_deref(), Some("45"));
    commands
}

/// All that a server is sent.
struct Monitor {
    process: std::process::Child,
    lines: std::sync::mpsc::Receiver<String>,
}

impl Monitor {
    fn of(crew: &Crew) -> Self {
        use std::io::BufRead as _;
        let socket = crew.stage.server().socket();
        let mut process = std::process::Command::new("redis-cli")
            .arg("-s")
            .arg(socket)
            .arg("monitor")
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let (to, lines) = std::sync::mpsc::channel();
        let mut output = std::io::BufReader::new(process.stdout.take().unwrap()).lines();
        assert_eq!(output.next().unwrap().unwrap(), "OK");
        std::thread::spawn(move || output.map_while(Result::ok).try_for_each(|line| to.send(line)));
        Self { process, lines }
    }

    /// Those which clients sent, but for the tests' own, until one has `last` and a little more.
    async fn lines_until(&mut self, crew: &Crew, last: &str) -> Vec<String> {
        let mut found = Vec::new();
        let mut end = false;
        loop {
            let line = match self.lines.try_recv() {
                Ok(line) => line,
                Err(_) => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    continue;
                }
            };
            if line.contains("end-of-monitor") {
                return found;
            }
            // `1767225600.000001 [0 unix:/socket] "GET" "key"`, and `[0 lua]` of scripts.
            let command = line.split_once("] ").map_or("", |(_, command)| command);
            let own =
                ["\"CLIENT\"", "\"HELLO\"", "\"PING\"", "\"ECHO\"", "\"INFO\"", "\"SUNSUBSCRIBE\""];
            // Now and then the worker says what it serves, to all partitions.
            let registers = command.contains("workflow_basic") || command.starts_with("\"HSET\"");
            let is_own = registers || own.iter().any(|own| command.starts_with(own));
            if !line.contains("[0 lua]") && !is_own && !line.contains("effects") {
                found.push(command.chars().take(60).collect());
            }
            if !end && line.contains(last) {
                end = true;
                let mut echo = cmd("ECHO");
                let _: String = crew.stage.server().query(echo.arg("end-of-monitor")).await;
            }
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Nothing is asked again while nothing happens; and what others have is not looked at.
#[tokio::test]
async fn a_run_of_ten_steps_costs_few_commands() {
    let crew = Crew::with(Stage::redis().await, quiet()).await;
    // Scripts are loaded, and its first looks are over.
    crew.run("ten", "null").await;
    let few = commands_of_ten(&crew).await;
    println!("{} commands:\n{}", few.len(), few.join("\n"));
    let fill = "for i = 1, 100000 do redis.call('SET', 'unrelated:' .. i, 'x') end";
    let _: () = crew.stage.server().query(cmd("EVAL").arg(fill).arg(0)).await;
    let many = commands_of_ten(&crew).await;
    assert!(few.len() <= 14, "{few:#?}");
    assert!(many.len() <= 14, "{many:#?}");
}

#[tokio::test]
async fn who_waits_for_a_run_does_not_ask_again_and_again() {
    let mut crew = Crew::new(Stage::redis().await).await;
    crew.stop().await;
    let run = crew.start("ten", "null").await;
    let server = crew.stage.server();
    let short = async || server.count(crew.runs.wait(&run, 1_000)).await;
    // The first connects.
    _ = short().await;
    let (info, count) = short().await;
    assert!(!info.unwrap().head.status.is_end());
    // Two are how it is at the begin and at the end, and one is what its version is.
    assert!(count.of("evalsha") <= 6, "{}", count.text());
    let (_, longer) = server.count(crew.runs.wait(&run, 4_000)).await;
    assert_eq!(longer.of("evalsha"), count.of("evalsha"), "{}", longer.text());
}

/// Of another such engine: what belonged to a run was left behind.
#[tokio::test]
async fn a_deleted_run_leaves_nothing_in_redis() {
    let mut crew = Crew::new(Stage::redis().await).await;
    let before = {
        let mut keys = crew.stage.server().keys().await;
        keys.sort();
        keys
    };
    leave_much(&mut crew).await;
    let mut after = crew.stage.server().keys().await;
    after.retain(|key| !String::from_utf8_lossy(key).contains("effects"));
    after.sort();
    let text = |keys: &[Vec<u8>]| -> Vec<String> {
        keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()).collect()
    };
    assert_eq!(text(&after), text(&before));
}

#[tokio::test]
async fn a_deleted_run_leaves_nothing_in_a_file() {
    let mut crew = Crew::new(Stage::sqlite().await).await;
    leave_much(&mut crew).await;
    let file = format!("sqlite://{}", crew.stage.file().display());
    let pool = sqlx::SqlitePool::connect(&file).await.unwrap();
    let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'workflow_%'";
    let tables: Vec<String> = sqlx::query_scalar(sql).fetch_all(&pool).await.unwrap();
    assert!(tables.len() > 8, "{tables:?}");
    for table in tables.iter().filter(|table| *table != "workflow_version") {
        let sql = sqlx::AssertSqlSafe(format!("SELECT count(*) FROM {table}"));
        let rows: i64 = sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap();
        assert_eq!(rows, 0, "{table}");
    }
}

/// Runs of all kinds, which have ended and are deleted; the worker is stopped.
async fn leave_much(crew: &mut Crew) {
    let options = Options { key: Some("k".into()), user: Some("ann".into()), ..Options::default() };
    let mut all = vec![crew.start_with("fan", "null", options).await];
    for (workflow, input) in [
        ("parent", r#"{"ms":1000000}"#),
        ("approve", r#"{"ms":1000000}"#),
        ("sleep", r#"{"ms":1000000}"#),
        ("call", r#"{"function":"nobody-has-it"}"#),
        ("state", "null"),
        ("forever", r#"{"n":2}"#),
        ("suspend", "null"),
        ("signals", r#"{"n":2}"#),
    ] {
        all.push(crew.start(workflow, input).await);
    }
    let key = Some("once".to_owned());
    crew.runs.signal(&all[8], "go", "1".into(), key).await.unwrap();
    crew.until(&all[1], "child-started", 1).await;
    crew.until(&all[2], "approval-asked", 1).await;
    crew.until(&all[3], "timer-set", 1).await;
    crew.until(&all[4], "spawned", 1).await;
    crew.until(&all[7], "suspended", 1).await;
    let child = crew.steps(&all[1]).await[0].child.clone().unwrap();
    for run in &all[1..5] {
        crew.runs.cancel(run, "enough", true).await.unwrap();
    }
    for run in &all[7..] {
        crew.runs.cancel(run, "enough", false).await.unwrap();
    }
    crew.end(&child).await;
    for run in &all {
        crew.end(run).await;
        assert!(crew.runs.delete(run).await.unwrap());
        assert!(!crew.runs.delete(run).await.unwrap());
    }
    until("the child is deleted with its parent", async || crew.runs.one(&child).await.is_err())
        .await;
    crew.stop().await;
}
