//! Hosts that are processes: they deliver to each other, and when one is killed or
//! stands still, what was its own ends and nobody else's does.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use satama::channel::Channels;
use satama::hub::Bus;
use satama::{Services, StoreUrl};
use satama_tests::{RedisServer, bus, channels, grant, text, until};
use tempfile::TempDir;

/// Longer than any test takes.
const LIFE: Duration = Duration::from_secs(60 * 60);

/// Heartbeats, in milliseconds: of a host that is to be killed, of one that is to stand
/// still and then go on, and of one that is to live.
const BRIEF: &str = "150";
const SHORT: &str = "700";
const LONG: &str = "60000";

/// A store that processes share.
enum Store {
    Redis(RedisServer),
    Sqlite(TempDir),
}

impl Store {
    fn address(&self) -> String {
        match self {
            Self::Redis(server) => server.url(),
            Self::Sqlite(folder) => folder.path().join("satama.db").to_str().unwrap().to_owned(),
        }
    }

    fn host(&self, heartbeat: &str) -> Host {
        let mut process = Command::new(env!("CARGO_BIN_EXE_host"))
            .args([&self.address(), heartbeat])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        let mut host = Host { process, stdin, stdout: BufReader::new(stdout) };
        assert_eq!(host.line(), "ready");
        host
    }

    /// What the test sees for itself.
    async fn look(&self) -> (Channels, Bus) {
        let store: StoreUrl = self.address().parse().unwrap();
        let services = Services::builder(store).build().await.unwrap();
        let grant = grant("t");
        (channels(&services, &grant, "c", LIFE), bus(&services, &grant, "c"))
    }
}

/// A host in a process of its own, which ends with the test.
struct Host {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Host {
    /// What it says next. A test that hangs here is ended by its process's supervisor.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn says(&mut self, expected: &str) {
        assert_eq!(self.line(), expected);
    }

    fn ask(&mut self, command: &str) {
        writeln!(self.stdin, "{command}").unwrap();
    }

    fn attach(&mut self, id: &str) {
        self.ask(&format!("attach {id} ann"));
        self.says(&format!("attached {id}"));
        self.ask(&format!("subscribe news {id}"));
        self.says(&format!("subscribed {id}"));
    }

    fn publish(&mut self, text: &str) {
        self.ask(&format!("publish news {text}"));
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        // It may have been killed before.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Runs each case on both stores, by name.
macro_rules! on_both_stores {
    ($($case:ident)*) => {
        mod redis {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(super::Store::Redis(super::RedisServer::start())).await;
                }
            )*
        }
        mod sqlite {
            $(
                #[tokio::test]
                async fn $case() {
                    super::$case(super::Store::Sqlite(tempfile::tempdir().unwrap())).await;
                }
            )*
        }
    };
}

on_both_stores! {
    two_processes_deliver_to_each_other
    what_a_killed_host_held_ends_and_nothing_else
    a_host_that_is_killed_at_any_step_leaks_nothing
    a_host_that_stood_still_finds_its_channels_ended
}

/// Members of the topic and all channels, sorted.
async fn there(look: &(Channels, Bus)) -> (Vec<String>, Vec<String>) {
    let ids = |page: satama::channel::Page| {
        let mut ids: Vec<_> = page.entries.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    };
    let members = look.1.members("news", None, 1_000).await.unwrap();
    (ids(members), ids(look.0.list(None, None, 1_000).await.unwrap()))
}

/// Waits until those are there, and no others.
async fn comes_to_be(look: &(Channels, Bus), expected: &[&str]) {
    let is = async || {
        let (members, all) = there(look).await;
        members == expected && all == expected
    };
    until(&format!("{expected:?} alone are there"), is).await;
}

async fn two_processes_deliver_to_each_other(store: Store) {
    let (mut one, mut two) = (store.host(LONG), store.host(LONG));
    one.attach("a");
    two.attach("b");
    for n in 0..20 {
        one.publish(&format!("one-{n}"));
        two.says(&format!("b heard one-{n}"));
        two.publish(&format!("two-{n}"));
        // Its own answers and what it hears come as they come.
        let mut said = [one.line(), one.line(), one.line()];
        said.sort();
        let expected =
            [format!("a heard one-{n}"), format!("a heard two-{n}"), format!("published one-{n}")];
        assert_eq!(said, expected);
        let mut said = [two.line(), two.line()];
        said.sort();
        assert_eq!(said, [format!("b heard two-{n}"), format!("published two-{n}")]);
    }
}

async fn what_a_killed_host_held_ends_and_nothing_else(store: Store) {
    let (mut one, mut two) = (store.host(BRIEF), store.host(LONG));
    let look = store.look().await;
    let ids: Vec<_> = (0..20).map(|n| format!("a{n}")).collect();
    ids.iter().for_each(|id| one.attach(id));
    two.attach("b");
    one.signal(Signal::KILL);
    // Nobody is disturbed: what is published meanwhile is heard, each message once.
    let mut published = 0;
    loop {
        let n = published.to_string();
        look.1.publish("news", &text(&n), None, None).await.unwrap();
        two.says(&format!("b heard {n}"));
        published += 1;
        if there(&look).await == (vec!["b".to_owned()], vec!["b".to_owned()]) {
            break;
        }
    }
    let ended = look.1.subscribe("news", "a0", None).await;
    assert!(matches!(ended, Err(satama::hub::Error::NotFound)), "{ended:?}");
    let ann = look.0.list(Some("ann"), None, 1_000).await.unwrap().entries;
    assert_eq!(ann, [("b".to_owned(), Some("ann".to_owned()))]);
}

async fn a_host_that_is_killed_at_any_step_leaks_nothing(store: Store) {
    let look = store.look().await;
    let steps = ["attach a ann", "subscribe news a", "attach b ann", "subscribe news b"];
    for told in 0..=steps.len() {
        // With the last step asked for and not answered, or answered.
        for answered in [false, true] {
            let mut host = store.host(BRIEF);
            for (n, step) in steps[..told].iter().enumerate() {
                host.ask(step);
                if n + 1 < told || answered {
                    host.line();
                }
            }
            host.signal(Signal::KILL);
            host.process.wait().unwrap();
            comes_to_be(&look, &[]).await;
        }
    }
}

async fn a_host_that_stood_still_finds_its_channels_ended(store: Store) {
    let mut one = store.host(SHORT);
    let look = store.look().await;
    one.attach("a");
    one.signal(Signal::STOP);
    comes_to_be(&look, &[]).await;
    // Another takes the id meanwhile: that is not the one's.
    look.0.add("a", "null", None).await.unwrap();
    one.signal(Signal::CONT);
    one.says("a closed 1001");
    // It did what it does when it has a channel no more, before it does this.
    one.attach("b");
    assert!(look.0.get("a").await.is_ok());
    assert_eq!(there(&look).await.0, ["b"]);
}
