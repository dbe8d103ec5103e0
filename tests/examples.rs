//! Every example runs, and says what it should.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use satama_tests::{RedisServer, build};

/// A program to run in `folder`, which is its user's home.
fn command(folder: &Path, program: &str, args: &[&str]) -> Command {
    let programs = build::program("satama");
    let path = format!("{}:/usr/bin:/bin", programs.parent().unwrap().display());
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null());
    // A server that keeps nothing is warned of, and ours keep nothing.
    command.env_clear().env("HOME", folder).env("PATH", path).env("SATAMA_LOG", "error");
    command
}

/// What a program prints that works.
fn works(mut command: Command) -> String {
    let done = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(done.stdout), text(done.stderr));
    assert_eq!((done.status.code(), err.as_str()), (Some(0), ""), "{command:?}\n{out}");
    out
}

fn embed(folder: &Path, args: &[&str]) -> Command {
    command(folder, build::program("embed").to_str().unwrap(), args)
}

fn guest(name: &str) -> String {
    build::guest(name).to_str().unwrap().to_owned()
}

#[test]
fn embed_calls_a_component() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert_eq!(works(embed(folder, &[&guest("echo"), "embed.db", "hello"])), "hello\n");
    let server = RedisServer::with(&["--appendonly", "yes"]);
    for store in ["embed.db", &server.url()] {
        let cache = works(embed(folder, &[&guest("cache_basic"), store]));
        assert_eq!(cache, "every function of the cache\n");
        let session = works(embed(folder, &[&guest("session_basic"), store]));
        assert_eq!(session, "every function of the session store\n");
    }
}

#[test]
fn embed_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let error = |args: &[&str]| {
        let done = embed(folder.path(), args).output().unwrap();
        assert_eq!((done.status.code(), done.stdout.as_slice()), (Some(1), &b""[..]));
        String::from_utf8(done.stderr).unwrap()
    };
    assert_eq!(error(&[]), "Error: usage: embed COMPONENT STORE [ARGUMENT]\n");
    let said = error(&[&guest("hostile"), "embed.db", "sing"]);
    assert_eq!(said, "Error: the component returned an error: no such behaviour: sing\n");
    assert!(error(&["absent.wasm", "embed.db"]).contains("absent.wasm"));
    assert!(error(&[&guest("echo"), "ftp://host"]).contains("`ftp` is not a store"));
}

/// A fenced block of a document, by the language and the beginning of its text.
fn block<'a>(document: &'a str, language: &str, begin: &str) -> &'a str {
    let fence = format!("```{language}\n{begin}");
    let at = document.find(&fence).unwrap_or_else(|| panic!("no {language} begins {begin:?}"));
    let rest = &document[at + language.len() + 4..];
    &rest[..rest.find("```").unwrap()]
}

/// The README of guests in Rust, as it is read: its manifest, its command.
#[test]
fn hello() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let readme = fs::read_to_string(build::root().join("guest/rust/README.md")).unwrap();
    fs::copy(build::guest("hello"), folder.join("hello.wasm")).unwrap();
    fs::write(folder.join("grant.toml"), block(&readme, "toml", "tenant = \"hello\"")).unwrap();
    let line = block(&readme, "sh", "satama run hello.wasm");
    for times in 1..=2 {
        let said = works(command(folder, "sh", &["-ec", line]));
        assert_eq!(said, format!("ok(\"Hello, Ann! Greeted so far: {times}\")\n"));
    }
}

/// Words, with each number as `N`.
fn words(text: &str) -> Vec<&str> {
    let number = |word: &str| word.starts_with(|c: char| c.is_ascii_digit());
    text.split_whitespace().map(|word| if number(word) { "N" } else { word }).collect()
}

/// The library's README, as it is read, over documents of our own.
#[test]
fn library_as_its_readme_has_it() {
    let (repository, folder) = as_cloned("library");
    let source = build::root().join("examples/library");
    fs::write(repository.path().join("a.md"), "# Ships\n\n[A harbour](b.md)\n").unwrap();
    fs::write(repository.path().join("b.md"), "# Harbour\n").unwrap();

    let readme = fs::read_to_string(source.join("README.md")).unwrap();
    let lines = block(&readme, "sh", "cargo build").lines();
    let lines: Vec<_> = lines.filter(|line| line.starts_with("satama ")).collect();
    // What is followed goes to stderr: here, one is enough to see it.
    let run = |line: &&str| works(command(&folder, "sh", &["-ec", &format!("{line} 2>&1")]));
    let said: Vec<_> = lines.iter().map(run).collect();
    assert!(said.iter().any(|said| said.contains("2 of 2  b.md  from the cache\n")), "{said:?}");
    let [first, second] = said.as_slice() else { panic!("two runs of {lines:?}") };
    assert!(first.contains("\n2 documents, "), "{first}");
    assert!(first.trim_end().ends_with("2 of 2"), "{first}");
    assert!(second.contains("0 of 2"), "{second}");
    let end = block(&readme, "text", "");
    let tail: Vec<_> = second.lines().rev().take(end.lines().count()).collect();
    let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
    assert_eq!(words(&tail), words(end), "{second}");
}

/// The example `name` as it is in the repository, built, and somebody's home.
fn as_cloned(name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let repository = tempfile::tempdir().unwrap();
    let folder = repository.path().join("examples").join(name);
    let release = folder.join("target/wasm32-wasip2/release");
    fs::create_dir_all(&release).unwrap();
    let component = format!("{name}.wasm");
    fs::copy(build::guest(name), release.join(component)).unwrap();
    let grant = build::root().join("examples").join(name).join("grant.toml");
    fs::copy(grant, folder.join("grant.toml")).unwrap();
    (repository, folder)
}

/// What a line of the shell prints to both, whether it works or not.
fn says(folder: &Path, line: &str, log: &str) -> String {
    let mut shell = command(folder, "sh", &["-c", &format!("{{ {line}\n}} 2>&1")]);
    let done = shell.env("SATAMA_LOG", log).output().unwrap();
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn library_on_both_stores() {
    let folder = tempfile::tempdir().unwrap();
    let docs = folder.path().join("docs");
    fs::create_dir_all(docs.join("guide")).unwrap();
    fs::write(docs.join("a.md"), "# Ships\n\nA ship and [a harbour](guide/b.md).\n").unwrap();
    fs::write(docs.join("guide/b.md"), "# Harbour\n\n[Nowhere](absent.md)\n").unwrap();
    let grant = build::root().join("examples/library/grant.toml");
    let (library, dir) = (guest("library"), format!("{}::/docs", docs.display()));
    let server = RedisServer::with(&["--appendonly", "yes"]);
    for store in ["library.db", &server.url()] {
        let call = |call: &str| {
            let args = ["run", &library, "--grant", grant.to_str().unwrap(), "--store", store];
            let rest = ["--dir", &dir, "--text", "-i", call];
            works(command(folder.path(), "satama", &[&args[..], &rest].concat()))
        };
        let first = call("process(\".\")");
        assert!(first.contains("\n  guide/b.md: absent.md\n"), "{first}");
        assert!(first.contains(" 2 of 2\n"), "{first}");
        assert!(call("process(\".\")").contains(" 0 of 2\n"));
        fs::write(docs.join("a.md"), format!("# Ships by {store}\n")).unwrap();
        assert!(call("process(\"\")").contains(" 1 of 2\n"));
        assert!(call("outline(\"guide/b.md\")").contains("Harbour"));
        assert!(call("render(\"guide/b.md\")").contains("<h1>Harbour</h1>"));
    }
}

/// A word of the audit, if it is the same in each run.
fn plain(word: &str) -> String {
    let instance = word.len() == 16 && word.chars().all(|c| c.is_ascii_hexdigit());
    let time = word.len() == 20 && word.ends_with('Z');
    match word {
        _ if instance => "INSTANCE".into(),
        _ if time => "TIME".into(),
        _ if word.starts_with("sha256:") => "DIGEST".into(),
        _ => word.into(),
    }
}

/// The webhook's README, as it is read.
#[test]
fn webhook_as_its_readme_has_it() {
    let (_repository, folder) = as_cloned("webhook");
    let readme = fs::read_to_string(build::root().join("examples/webhook/README.md")).unwrap();
    let mut blocks = readme.split("\n```").skip(1).step_by(2).peekable();
    let mut compared = 0;
    while let Some(block) = blocks.next() {
        let Some(lines) = block.strip_prefix("sh\n") else { panic!("output of nothing: {block}") };
        // Cargo has run, and OpenSSL may not be there.
        let ours = |line: &&str| line.starts_with("satama ") || line.starts_with("echo ");
        let run = |line: &str| says(&folder, line, "error");
        let said: String = lines.lines().filter(ours).map(run).collect();
        if let Some(expected) = blocks.next_if(|block| block.starts_with("text\n")) {
            let expected = expected.strip_prefix("text\n").unwrap();
            let words = |text: &str| text.split_whitespace().map(plain).collect::<Vec<_>>();
            assert_eq!(words(&said), words(expected), "{lines}");
            compared += 1;
        }
    }
    assert_eq!(compared, 4);
}

const KEY: &str = "whsec_Vt7QbWm3eXr9";

/// As Python's `hmac.new(KEY, b'1767225600.{"paid": 20}', 'sha256')` has it.
const MAC: &str = "a88fa68cb3c3ba2535a00a52e30ac5b921a922eebc05510c56d019a464920792";

/// One machine's home, with its keys and what the webhook needs.
struct Webhooks {
    folder: std::path::PathBuf,
    store: String,
    _repository: tempfile::TempDir,
}

impl Webhooks {
    fn on(store: &str) -> Self {
        let (repository, folder) = as_cloned("webhook");
        let webhooks = Self { folder, store: store.into(), _repository: repository };
        assert!(webhooks.says("satama secret keys init").contains("has key main/1"));
        webhooks.put("webhook/key", KEY);
        webhooks.put("webhook/endpoint", "https://example.com");
        webhooks
    }

    /// What a command says, but for its log at the level `trace`, which shows no key.
    fn says(&self, line: &str) -> String {
        let line = format!("export SATAMA_STORE='{}'; {line} 2>log", self.store);
        let said = says(&self.folder, &line, "trace");
        let ring = self.folder.join(".local/share/satama/keyring.toml");
        let ring = fs::read_to_string(ring).unwrap();
        let wrapping = ring.split("material = \"").nth(1).unwrap().split('"').next().unwrap();
        let list = format!("{:?}", KEY.as_bytes());
        let log = self.log();
        for form in [KEY, &hex(KEY), "d2hzZWNfVnQ3UWJXbTNlWHI5", list.trim_matches('['), wrapping] {
            assert!(!log.contains(form), "`{form}` is in the log of {line}");
        }
        said
    }

    /// The log of the last command.
    fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap()
    }

    fn put(&self, name: &str, value: &str) {
        let put = format!("echo '{value}' | satama secret put --tenant webhook {name}");
        assert!(self.says(&put).contains("is version"), "{name}");
        assert!(self.log().contains("action=\"write\""), "{}", self.log());
    }

    fn calls(&self, grant: &str, call: &str) -> String {
        let wasm = "target/wasm32-wasip2/release/webhook.wasm";
        let said = self.says(&format!("satama run {wasm} --grant {grant} --invoke '{call}'"));
        assert!(said.is_empty() || self.log().contains("TRACE wasmtime"), "{}", self.log());
        said.trim_end().to_owned()
    }

    fn verifies(&self, body: &str, signature: &str, time: u64) -> String {
        self.calls("grant.toml", &format!("verify({body:?}, {signature:?}, {time})"))
    }
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn webhook_on_both_stores() {
    let server = RedisServer::with(&["--appendonly", "yes"]);
    for store in ["webhook.db", &server.url()] {
        let webhooks = Webhooks::on(store);
        const BODY: &str = "{\"paid\": 20}";
        const TIME: u64 = 1_767_225_600;
        let signature = format!("t={TIME},v1={MAC}");
        let sent = webhooks.calls("grant.toml", &format!("send({BODY:?}, {TIME})"));
        let expected = format!("url: \"https://example.com\", signature: \"{signature}\"");
        assert!(sent.contains(&expected), "{sent}");

        let ok = "ok";
        let other = "err(\"it is not of this body, or not by our key\")";
        let old = "err(\"it is too old, or of a time to come\")";
        let later = signature.replace("t=1767225600", "t=1767225601");
        let wrong = format!("t={TIME},v1=00{}", &MAC[2..]);
        for (body, signature, time, expected) in [
            (BODY, signature.as_str(), TIME, ok),
            (BODY, &signature, TIME + 300, ok),
            (BODY, &signature, TIME - 300, ok),
            (BODY, &signature, TIME + 301, old),
            (BODY, &signature, TIME - 301, old),
            (BODY, &later, TIME, other),
            (BODY, &wrong, TIME, other),
            ("", &signature, TIME, other),
            (BODY, &format!("t={TIME},v1={},v1={MAC}", "0".repeat(64)), TIME, ok),
            (BODY, "v1=00", TIME, "err(\"it has no time, as in t=1767225600\")"),
        ] {
            assert_eq!(webhooks.verifies(body, signature, time), expected, "{body} {signature}");
        }

        // What the key before has signed is good for as long as that one is kept.
        webhooks.put("webhook/key", "second");
        assert_eq!(webhooks.verifies(BODY, &signature, TIME), ok);
        webhooks.says("satama secret delete --tenant webhook webhook/key");
        let none = "err(\"webhook/key: there is no such secret; put it first\")";
        assert_eq!(webhooks.verifies(BODY, &signature, TIME), none);
        webhooks.put("webhook/key", "third");
        assert_eq!(webhooks.verifies(BODY, &signature, TIME), other);
        steals(&webhooks);
    }
}

/// It is the manifest that keeps the key from the component.
fn steals(webhooks: &Webhooks) {
    let grant = fs::read_to_string(webhooks.folder.join("grant.toml")).unwrap();
    let line = "reveal = [\"webhook/endpoint\"]";
    assert!(grant.contains(line));
    let write = |name: &str, line_instead: &str| {
        fs::write(webhooks.folder.join(name), grant.replace(line, line_instead)).unwrap();
    };
    write("all.toml", "reveal = [\"webhook/*\"]");
    write("none.toml", "");
    write("key.toml", "reveal = [\"webhook/key\", \"webhook/endpoint\"]");
    let refused = "err(\"webhook/key: it may be used, and not revealed\")";
    assert_eq!(webhooks.calls("grant.toml", "steal()"), refused);
    assert_eq!(webhooks.calls("key.toml", "steal()"), "ok(\"third\")");
    assert_eq!(webhooks.calls("none.toml", "steal()"), "");
    let log = webhooks.log();
    let why =
        "import `satama:services/secret-reveal@0.1.0`: it is not granted; add to the manifest:";
    assert!(log.contains(why), "{log}");
    assert_eq!(webhooks.calls("all.toml", "steal()"), "");
    let log = webhooks.log();
    assert!(log.contains("`webhook/*` is not in `read`"), "{log}");
}
