//! The checkout, as its README has it: at a shell, with workers that are killed.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use satama_tests::{PATIENCE, RedisServer, build};
use tempfile::TempDir;

/// How often a reader looks whether something was said.
const LOOK: Duration = Duration::from_millis(20);

/// A shell in the example's folder, and what it and its workers say.
struct Shell {
    folder: TempDir,
    shell: Child,
    typed: u32,
}

impl Shell {
    fn open(store: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let release = folder.path().join("target/wasm32-wasip2/release");
        fs::create_dir_all(&release).unwrap();
        fs::copy(build::guest("checkout"), release.join("checkout.wasm")).unwrap();
        let grant = build::root().join("examples/checkout/grant.toml");
        fs::copy(grant, folder.path().join("grant.toml")).unwrap();
        let said = fs::File::create(folder.path().join("said")).unwrap();
        let programs = build::program("satama");
        let path = format!("{}:/usr/bin:/bin", programs.parent().unwrap().display());
        let mut shell = Command::new("sh");
        shell.current_dir(&folder).env_clear().env("PATH", path).env("HOME", folder.path());
        shell.env("SATAMA_STORE", store).env("SATAMA_TENANT", "checkout");
        shell.stdin(Stdio::piped()).stderr(said.try_clone().unwrap()).stdout(said);
        Self { shell: shell.spawn().unwrap(), folder, typed: 0 }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("said")
    }

    fn said(&self) -> String {
        fs::read_to_string(self.path()).unwrap()
    }

    /// Waits until something was said so often.
    #[expect(clippy::disallowed_methods, reason = "a file tells nobody that it has grown")]
    fn until(&self, words: &str, times: usize) {
        let end = Instant::now() + PATIENCE;
        while self.said().matches(words).count() < times {
            assert!(Instant::now() < end, "`{words}` was not said:\n{}", self.said());
            std::thread::sleep(LOOK);
        }
    }

    /// Types a line; what is printed until it is done.
    fn types(&mut self, line: &str) -> String {
        self.typed += 1;
        let (from, mark) = (self.said().len(), format!("line {} is done", self.typed));
        let input = self.shell.stdin.as_mut().unwrap();
        writeln!(input, "{line}\necho {mark}").unwrap();
        self.until(&mark, 1);
        self.said()[from..].split(&mark).next().unwrap().to_owned()
    }

    /// Waits until a run's status, or what it waits for, has these words.
    fn until_run(&mut self, run: &str, words: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let shown = self.types(&format!("satama runs show {run}"));
            if shown.lines().any(|line| line.starts_with("status ") && line.contains(words)) {
                return;
            }
            assert!(Instant::now() < end, "{shown}\n{}", self.said());
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        if let Some(input) = self.shell.stdin.as_mut() {
            _ = writeln!(input, "kill -9 $WORKER; exit");
        }
        _ = self.shell.wait();
    }
}

/// The README's lines of the shell that begin like this, in their order.
fn lines(beginning: &str) -> Vec<String> {
    let readme = build::root().join("examples/checkout/README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let found = readme.lines().filter(|line| line.starts_with(beginning));
    found.map(str::to_owned).collect()
}

/// The one of those that has these words.
fn line(beginning: &str, words: &str) -> String {
    let found = lines(beginning).into_iter().find(|line| line.contains(words));
    found.unwrap_or_else(|| panic!("the README has no `{beginning}… {words}`"))
}

fn id(printed: &str) -> String {
    let is_id = |line: &&str| line.len() == 34 && line.bytes().all(|b| b.is_ascii_hexdigit());
    printed.lines().find(is_id).unwrap_or_else(|| panic!("{printed}")).to_owned()
}

/// A worker whose lease is short: a reader waits ten seconds.
fn worker() -> String {
    line("satama worker", "grant.toml").replace("grant.toml", "grant.toml --lease-ms 500")
}

fn is_paid_and_shipped_though_its_workers_are_killed(store: &str) {
    let mut shell = Shell::open(store);
    shell.types(&worker());
    shell.until("ready", 1);
    let run = id(&shell.types(&line("satama runs start", "book")));
    shell.until_run(&run, "signal \"paid\"");
    shell.types(&line("kill -9", "WORKER"));
    shell.types(&line("satama runs signal", "paid").replace("RUN", &run));
    shell.types(&worker());
    shell.until("pick: 2 book", 1);
    shell.types(&line("kill -9", "WORKER"));
    shell.types(&worker());
    shell.until("hand-over: 2 book", 1);
    shell.until_run(&run, "completed");
    let said = shell.said();
    for once in ["reserve: 2 book", "charge: 3000 cents", "pick: 2 book", "hand-over: 2 book"] {
        // A step whose worker is killed before it is recorded runs again, and is known.
        let done = |line: &&str| line.contains(once) && !line.contains("known already");
        assert_eq!(said.lines().filter(done).count(), 1, "{once}:\n{said}");
    }
    let shown = shell.types(&line("satama runs show", "RUN").replace("RUN", &run));
    assert!(shown.contains("child ship (ship)") && shown.contains("signal paid"), "{shown}");
    let history = shell.types(&line("satama runs history", "RUN").replace("RUN", &run));
    assert!(history.contains("step-done") && history.contains("completed"), "{history}");
}

fn is_undone_newest_first_when_it_is_cancelled(store: &str) {
    let mut shell = Shell::open(store);
    shell.types(&worker());
    shell.until("ready", 1);
    let run = id(&shell.types(&line("satama runs start", "piano")));
    shell.until_run(&run, "approval");
    shell.types(&line("satama runs approve", "RUN").replace("RUN", &run));
    shell.until_run(&run, "signal \"paid\"");
    shell.types(&line("satama runs cancel", "RUN").replace("RUN", &run));
    shell.until_run(&run, "cancelled");
    let said = shell.said();
    let undone = ["undo charge: 900000 cents", "undo reserve: 1 piano"];
    assert!(undone.iter().all(|once| said.matches(once).count() == 1), "{said}");
    assert!(said.find(undone[0]) < said.find(undone[1]), "{said}");
}

#[test]
fn checkout_as_its_readme_has_it() {
    let server = RedisServer::with(&["--appendonly", "yes"]);
    for store in ["shop.db", &server.url()] {
        is_paid_and_shipped_though_its_workers_are_killed(store);
        is_undone_newest_first_when_it_is_cancelled(store);
    }
}
