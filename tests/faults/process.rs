//! The embedded file, and processes that are killed or work on it together.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use satama::session::Expiry;
use satama::{Services, StoreUrl};
use satama_tests::{bucket, grant, sessions};
use sqlx::Connection as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};

const LONG: Duration = Duration::from_secs(60 * 60);

fn writer(args: &[&str], file: &Path) -> Child {
    Command::new(env!("CARGO_BIN_EXE_writer"))
        .arg(args[0])
        .arg(file)
        .args(&args[1..])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What writes from `from` on acknowledged, up to a SIGKILL after line `lines`.
fn write_and_kill(file: &Path, from: u64, lines: usize) -> Vec<String> {
    let mut child = writer(&["write", &from.to_string()], file);
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut acknowledged: Vec<_> = said.by_ref().take(lines).collect();
    assert_eq!(acknowledged.len(), lines, "it ended by itself: {acknowledged:?}");
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died, and nobody had read yet.
    acknowledged.extend(said);
    acknowledged
}

/// All that the writers of one file have acknowledged.
#[derive(Default)]
struct Acknowledged {
    entries: BTreeSet<u64>,
    sessions: BTreeSet<u64>,
    counts: i64,
    last: Option<u64>,
    /// Writes that may have happened though nobody heard of it: one of each that was killed.
    killed: i64,
}

impl Acknowledged {
    fn add(&mut self, lines: &[String]) {
        self.killed += 1;
        for (what, n) in lines.iter().filter_map(|line| line.split_once(' ')) {
            let n = n.parse().unwrap();
            match what {
                "entry" => drop(self.entries.insert(n)),
                "session" => drop(self.sessions.insert(n)),
                "count" => self.counts += 1,
                "last" => self.last = Some(n),
                what => panic!("the writer said {what}"),
            }
        }
    }

    /// The number that the next writer starts with.
    fn next(&self) -> u64 {
        // One more than that may have been written and not acknowledged.
        self.entries.last().map_or(0, |n| n + 2)
    }

    async fn check(&self, file: &Path) {
        let services = Services::builder(StoreUrl::file(file)).build().await.unwrap();
        let b = bucket(&services, &grant("t"), "b");
        for n in &self.entries {
            let found = b.get(&n.to_string()).await.unwrap();
            assert_eq!(found.unwrap(), n.to_string().as_bytes(), "entry {n}");
        }
        let count = b
            .get("count")
            .await
            .unwrap()
            .map_or(0, |count| String::from_utf8(count).unwrap().parse::<i64>().unwrap());
        assert!((self.counts..=self.counts + self.killed).contains(&count), "{count}");
        let s = sessions(&services, &grant("t"), "s", Expiry::Fixed(LONG));
        for n in &self.sessions {
            let fields = s.get(&n.to_string()).await.unwrap().unwrap().fields;
            assert_eq!((&fields["a"], &fields["b"]), (&n.to_string(), &n.to_string()));
        }
        if let Some(last) = self.last {
            let fields = s.get("last").await.unwrap().unwrap().fields;
            assert!(fields["a"].parse::<u64>().unwrap() >= last);
            assert_eq!(fields["a"], fields["b"], "a write is whole or absent");
        }
        assert_sound(file).await;
    }
}

async fn assert_sound(file: &Path) {
    let options = SqliteConnectOptions::new().filename(file);
    let mut file = SqliteConnection::connect_with(&options).await.unwrap();
    let said: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut file).await.unwrap();
    assert_eq!(said, "ok");
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut file).await.unwrap();
    assert!(orphans.is_empty());
}

/// Killed after each of the first lines of a new file: before it is there, while it
/// is made, and amid each kind of write.
#[tokio::test]
async fn a_new_file_survives_a_kill_at_any_point() {
    for lines in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("satama.db");
        let mut acknowledged = Acknowledged::default();
        for lines in [lines, 2, 6] {
            acknowledged.add(&write_and_kill(&file, acknowledged.next(), lines));
        }
        acknowledged.check(&file).await;
    }
}

/// One file, and writers that are killed one after another: each finds all of what
/// those before it acknowledged.
#[tokio::test]
async fn a_file_in_use_keeps_what_was_acknowledged_past_any_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("satama.db");
    let mut acknowledged = Acknowledged::default();
    for lines in 3..35 {
        acknowledged.add(&write_and_kill(&file, acknowledged.next(), lines));
        acknowledged.check(&file).await;
    }
    assert!(acknowledged.sessions.len() > 100, "{} sessions", acknowledged.sessions.len());
}

/// While a host works on the file, another is killed amid its writes.
#[tokio::test]
async fn a_kill_does_not_hold_up_the_other_hosts() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("satama.db");
    let services = Services::builder(StoreUrl::file(&file)).build().await.unwrap();
    let s = sessions(&services, &grant("t"), "ours", Expiry::Fixed(LONG));
    let mut acknowledged = Acknowledged::default();
    for round in 0..10_usize {
        acknowledged.add(&write_and_kill(&file, acknowledged.next(), 3 + round));
        for n in 0..4 {
            s.update("id", vec![(format!("{round} {n}"), "1".into())]).await.unwrap();
        }
    }
    assert_eq!(s.get("id").await.unwrap().unwrap().fields.len(), 40);
    acknowledged.check(&file).await;
}

/// Two processes write to the same counters and sessions: nothing is lost, and
/// neither is told of any error.
#[tokio::test]
async fn two_processes_may_write_to_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("satama.db");
    // The file is new, so they also make it together.
    let writers = ["one", "two"].map(|name| writer(&["count", name, "100"], &file));
    for writer in writers {
        let output = writer.wait_with_output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "done\n");
    }
    let services = Services::builder(StoreUrl::file(&file)).build().await.unwrap();
    let count = bucket(&services, &grant("t"), "b").get("count").await.unwrap().unwrap();
    assert_eq!(count, b"200");
    let s = sessions(&services, &grant("t"), "s", Expiry::Fixed(LONG));
    assert_eq!(s.get("fields").await.unwrap().unwrap().fields.len(), 200);
    assert_eq!(s.get("swapped").await.unwrap().unwrap().fields["n"], "200");
    assert_sound(&file).await;
}
