//! `satama serve`: components that listen, in processes of their own, on both stores.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use satama::Services;
use satama::hub::Bus;
use satama_tests::{PATIENCE, RedisServer, build, bus, grant, heard, text};
use tempfile::TempDir;

/// A folder with a manifest, and a store.
struct Place {
    folder: TempDir,
    server: Option<RedisServer>,
}

/// A `satama serve` that is ready.
struct Serve {
    process: Child,
    stdout: BufReader<ChildStdout>,
}

impl Place {
    fn new(server: Option<RedisServer>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::copy(build::guest("listener"), folder.path().join("listener.wasm")).unwrap();
        Self { folder, server }
    }

    fn store(&self) -> String {
        let file = || self.folder.path().join("satama.db").to_str().unwrap().to_owned();
        self.server.as_ref().map_or_else(file, RedisServer::url)
    }

    /// A manifest with this after its first lines.
    fn manifest(&self, rest: &str) {
        let manifest = format!("tenant = \"t\"\ncomponent = \"listener.wasm\"\n{rest}");
        fs::write(self.folder.path().join("grant.toml"), manifest).unwrap();
    }

    fn satama(&self, args: &[&str]) -> Command {
        let mut satama = Command::new(build::program("satama"));
        satama.args(args).args(["--store", &self.store()]).current_dir(&self.folder);
        satama.env_clear().env("HOME", self.folder.path()).env("SATAMA_LOG", "error");
        satama.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        satama
    }

    fn serve(&self) -> Serve {
        let mut process = self.satama(&["serve", "grant.toml"]).spawn().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut serve = Serve { process, stdout };
        assert_eq!(serve.line(), "t: listener listens to c: a, b, in group g");
        assert_eq!(serve.line(), "ready");
        serve
    }

    async fn bus(&self) -> Bus {
        let services = Services::builder(self.store().parse().unwrap()).build().await.unwrap();
        bus(&services, &grant("t"), "c")
    }
}

impl Serve {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// Tells it to stop, and waits until it did.
    fn stop(mut self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

const LISTEN: &str = "[hub]\nbuses = [\"c\"]\n[[hub.listen]]\nbus = \"c\"\ntopics = [\"a\", \"b\"]\n\
                      group = \"g\"\ninstance = \"kept\"\n";

async fn two_processes_of_a_group_share_the_messages(place: Place) {
    place.manifest(LISTEN);
    let (one, two) = (place.serve(), place.serve());
    let bus = place.bus().await;
    let mut said = bus.listen(&["heard"]).await.unwrap();
    let mut expected = BTreeSet::new();
    for n in 0..30 {
        bus.publish(["a", "b"][n % 2], &text(&n.to_string()), None, None).await.unwrap();
        expected.insert(format!("{}: {n}", ["a", "b"][n % 2]));
    }
    let mut found = BTreeSet::new();
    for _ in 0..30 {
        let heard = heard(&mut said).await;
        assert!(found.insert(heard.split(" (").next().unwrap().to_owned()), "{heard}");
    }
    assert_eq!(found, expected);
    // One is enough, and after both there is nobody.
    one.stop(Signal::TERM);
    bus.publish("a", &text("later"), None, None).await.unwrap();
    assert!(heard(&mut said).await.starts_with("a: later (call "));
    two.stop(Signal::INT);
    bus.publish("a", &text("too late"), None, None).await.unwrap();
    bus.publish("heard", &text("the end"), None, None).await.unwrap();
    assert_eq!(heard(&mut said).await, "the end");
}

#[tokio::test]
async fn on_redis() {
    two_processes_of_a_group_share_the_messages(Place::new(Some(RedisServer::start()))).await;
}

#[tokio::test]
async fn on_sqlite() {
    two_processes_of_a_group_share_the_messages(Place::new(None)).await;
}

/// By the filter that is there unless somebody names another.
#[tokio::test]
async fn a_component_that_traps_is_in_the_log() {
    let place = Place::new(None);
    place.manifest(LISTEN);
    let mut process =
        place.satama(&["serve", "grant.toml"]).env_remove("SATAMA_LOG").spawn().unwrap();
    let stderr = BufReader::new(process.stderr.take().unwrap());
    let stdout = BufReader::new(process.stdout.take().unwrap());
    let mut serve = Serve { process, stdout };
    while serve.line() != "ready" {}
    place.bus().await.publish("a", &text("panic"), None, None).await.unwrap();
    is_logged(stderr, "topic=\"a\" backtrace=").await;
    serve.stop(Signal::TERM);
}

/// Waits until a trap is logged with these fields.
async fn is_logged(stderr: BufReader<ChildStderr>, fields: &'static str) {
    let trapped = move |line: &String| line.contains("the guest trapped") && line.contains(fields);
    let logged =
        tokio::task::spawn_blocking(move || stderr.lines().map_while(Result::ok).find(trapped));
    let logged = tokio::time::timeout(PATIENCE, logged).await.expect("it is logged").unwrap();
    assert!(logged.is_some());
}

/// Bodies and functions of workflows, likewise.
#[tokio::test]
async fn a_workflow_that_traps_is_in_the_log() {
    let place = Place::new(None);
    fs::copy(build::guest("workflow_basic"), place.folder.path().join("listener.wasm")).unwrap();
    place.manifest(
        "[workflow]\nbodies = [\"call\", \"trap\"]\nfunctions = [\"trap\"]\n\
         [cache]\nbuckets = [\"*\"]\n[run]\nworkflows = [\"*\"]\n",
    );
    for (workflow, input, field) in [
        ("trap", "null", "backtrace="),
        ("call", "{\"function\":\"trap\"}", "function=\"trap\" backtrace="),
    ] {
        let mut process =
            place.satama(&["worker", "grant.toml"]).env_remove("SATAMA_LOG").spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut worker = Serve { process, stdout };
        while worker.line() != "ready" {}
        let start = ["runs", "start", "--tenant", "t", workflow, "--input", input];
        let done = place.satama(&start).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        is_logged(stderr, field).await;
        worker.stop(Signal::TERM);
    }
}

#[test]
fn what_cannot_be_served_says_why() {
    let place = Place::new(None);
    let error = |rest: &str| {
        place.manifest(rest);
        let done = place.satama(&["serve", "grant.toml"]).output().unwrap();
        (done.status.code().unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let (code, said) = error("");
    assert_eq!(code, 2);
    assert!(said.contains("grant.toml: it listens to nothing; add a [[hub.listen]]"), "{said}");
    let (code, said) = error(&LISTEN.replace("[\"c\"]", "[\"d\"]"));
    assert_eq!(code, 3);
    assert!(said.contains("grant.toml:6:7: hub `c` is not in `buses`; add it there"), "{said}");
    let (code, said) = error(&LISTEN.replace("[\"a\", \"b\"]", "[]"));
    assert_eq!(code, 3);
    assert!(said.contains("grant.toml:7:10: a listener has 1 to 1000 topics"), "{said}");
    let (code, said) = error(&LISTEN.replace("\"g\"", "\"g g\""));
    assert_eq!(code, 3);
    assert!(said.contains("grant.toml:8:9: the group's name: `g g` has ' ' in it"), "{said}");
    fs::copy(build::guest("echo"), place.folder.path().join("listener.wasm")).unwrap();
    let (code, said) = error(LISTEN);
    assert_eq!(code, 3);
    assert!(said.contains("does not export `hub-handler`"), "{said}");
}
