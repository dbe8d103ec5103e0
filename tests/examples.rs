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

/// The guests' README, as it is read: its manifest, its command.
#[test]
fn hello() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let readme = fs::read_to_string(build::root().join("guest/README.md")).unwrap();
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
    let repository = tempfile::tempdir().unwrap();
    let folder = repository.path().join("examples/library");
    let release = folder.join("target/wasm32-wasip2/release");
    fs::create_dir_all(&release).unwrap();
    fs::copy(build::guest("library"), release.join("library.wasm")).unwrap();
    let source = build::root().join("examples/library");
    fs::copy(source.join("grant.toml"), folder.join("grant.toml")).unwrap();
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
