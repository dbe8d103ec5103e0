//! What the command line says. Each file of `tests/cli` is a session: the commands
//! in it are run in a folder of their own, and must print what stands below them.
//! `UPDATE=1 cargo test --test cli` writes what they print now.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use satama_tests::{RedisServer, build};
use serde_json::Value;
use tempfile::TempDir;

/// Components in WebAssembly text that the sessions use beside the guests.
const TEXTS: [(&str, &str); 4] = [
    ("seven", include_str!("cli/seven.wat")),
    ("twins", include_str!("cli/twins.wat")),
    ("types", include_str!("cli/types.wat")),
    ("escapes", include_str!("cli/escapes.wat")),
];

/// A user with a home of their own, in which components lie about.
struct User {
    home: TempDir,
}

impl User {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        for guest in [
            "bench",
            "cache_basic",
            "echo",
            "fetch",
            "hostile",
            "secret_basic",
            "session_basic",
            "wasi_basic",
            "workflow_basic",
            "run_basic",
        ] {
            fs::copy(build::guest(guest), home.path().join(format!("{guest}.wasm"))).unwrap();
        }
        for (name, text) in TEXTS {
            let wasm = wat::parse_str(text).unwrap();
            fs::write(home.path().join(format!("{name}.wasm")), wasm).unwrap();
        }
        Self { home }
    }

    /// A command of this user's shell.
    fn shell(&self, line: &str) -> Command {
        let mut shell = Command::new("sh");
        let programs = build::program("satama");
        let path = format!("{}:/usr/bin:/bin", programs.parent().unwrap().display());
        shell.args(["-c", line]).current_dir(&self.home).stdin(Stdio::null());
        shell.env_clear().env("PATH", path).env("HOME", self.home.path());
        shell
    }

    fn run(&self, line: &str) -> Output {
        self.shell(line).output().unwrap()
    }
}

/// Runs the session `name` again, and compares.
fn session(name: &str, env: &[(&str, &str)]) {
    let file = build::root().join("tests/cli").join(format!("{name}.out"));
    let expected = fs::read_to_string(&file).unwrap();
    let user = User::new();
    let mut found = String::new();
    let lines = expected.lines();
    for line in lines.filter(|line| line.starts_with("$ ") || line.starts_with("# ")) {
        let Some(command) = line.strip_prefix("$ ") else {
            found.push_str(&format!("{line}\n"));
            continue;
        };
        let mut shell = user.shell(&format!("exec 2>&1\n{command}"));
        let output = shell.envs(env.iter().copied()).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        found.push_str(&format!("{line}\n{}", stable(&text, user.home.path())));
        match output.status.code() {
            Some(0) => found.push('\n'),
            code => found.push_str(&format!("[exit {}]\n\n", code.unwrap())),
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&file, found).unwrap();
    } else if found != expected {
        let at =
            found.lines().zip(expected.lines()).position(|(found, expected)| found != expected);
        let at = at.unwrap_or_else(|| found.lines().count().min(expected.lines().count()));
        let line = |text: &str| text.lines().nth(at).unwrap_or("(the end)").to_owned();
        panic!(
            "{}:{}:\n expected {}\n found    {}\nin all:\n{found}\n\
             if that is what it should print, run `UPDATE=1 cargo test --test cli`",
            file.display(),
            at + 1,
            line(&expected),
            line(&found),
        );
    }
}

/// The text without what differs from build to build and from run to run.
fn stable(text: &str, home: &Path) -> String {
    let home = home.canonicalize().unwrap();
    let text = text.replace(home.to_str().unwrap(), "HOME");
    let text = masked(&text, "sha256:", char::is_ascii_hexdigit);
    let text = masked(&text, "\"ms\":", |c| !",}".contains(*c));
    let text = masked(&text, " is version ", char::is_ascii_digit);
    let text = masked(&text, "(os error ", char::is_ascii_digit);
    let text = masked(&text, "\nsize      ", char::is_ascii_digit);
    masked(&text, "\"bytes\":", char::is_ascii_digit)
}

/// The text with one `…` for what follows each `prefix`.
fn masked(text: &str, prefix: &str, masks: impl Fn(&char) -> bool) -> String {
    let mut pieces = text.split(prefix);
    let mut masked = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c| masks(&c));
        let hidden = if rest.len() < piece.len() { "…" } else { "" };
        masked.push_str(&format!("{prefix}{hidden}{rest}"));
    }
    masked
}

#[test]
fn help() {
    session("help", &[]);
}

#[test]
fn new() {
    session("new", &[]);
}

#[test]
fn inspect() {
    session("inspect", &[]);
}

#[test]
fn secret() {
    session("secret", &[]);
}

#[test]
fn workflow() {
    session("workflow", &[]);
}

/// At a terminal, which would show what is typed unless it is told not to.
#[test]
fn a_secret_is_asked_for_without_being_shown() {
    let user = User::new();
    assert!(user.run("satama secret keys init").status.success());
    let put = |again: &str| {
        let put = user.shell("satama secret put --tenant acme typed < /dev/tty");
        let patience = satama_tests::PATIENCE.as_millis().try_into().unwrap();
        let mut terminal = rexpect::session::spawn_command(put, Some(patience)).unwrap();
        let mut shown = terminal.exp_string("Value of typed: ").unwrap();
        terminal.send_line("hunter2").unwrap();
        shown += &terminal.exp_string("The same again: ").unwrap();
        terminal.send_line(again).unwrap();
        shown += &terminal.exp_eof().unwrap();
        assert!(!shown.contains("hunter2"), "{shown}");
        shown
    };
    assert!(put("hunter3").contains("the two are not the same; nothing was put"));
    assert_eq!(user.run("satama secret get --tenant acme typed").status.code(), Some(1));
    assert!(put("hunter2").contains("typed is version"));
    assert_eq!(user.run("satama secret get --tenant acme typed").stdout, b"hunter2");
}

#[test]
fn check() {
    session("check", &[]);
}

#[test]
fn run() {
    session("run", &[]);
}

#[test]
fn refusals() {
    session("refusals", &[]);
}

#[test]
fn stores() {
    let server = RedisServer::with(&["--appendonly", "yes"]);
    session("stores", &[("REDIS", &server.url())]);
}

#[test]
fn redis_acl() {
    session("redis_acl", &[]);
}

#[test]
fn a_server_that_may_lose_data_is_told_of() {
    let server = RedisServer::with(&["--appendonly", "no"]);
    let line = format!("satama run seven.wasm --store {}", server.url());
    let done = User::new().run(&line);
    assert_eq!(text(&done.stdout), "7\n");
    let said = text(&done.stderr);
    assert!(said.contains(" WARN ") && said.contains("`appendonly no`: "), "{said}");
    assert!(said.contains("set `appendonly yes`") && said.lines().count() == 1, "{said}");
}

/// What a program prints to one of its two streams.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[test]
fn an_answer_is_all_that_stdout_has() {
    let user = User::new();
    let done = user.run("satama run echo.wasm --log debug -i 'run(\"hi\")'");
    assert_eq!(text(&done.stdout), "ok(\"hi\")\n");
    assert!(text(&done.stderr).contains(" DEBUG "));
    let refused = user.run("satama run echo.wasm -i 'sing()'");
    assert_eq!(text(&refused.stdout), "");
    assert!(text(&refused.stderr).starts_with("error: no export"));
}

/// Whatever a guest does, nothing that a terminal obeys is printed.
#[test]
fn nothing_drives_the_terminal() {
    let user = User::new();
    let manifest = "tenant = \"t\"\n[cache]\nbuckets = [\"granted\"]\n";
    fs::write(user.home.path().join("grant.toml"), manifest).unwrap();
    let lines = [
        "satama run hostile.wasm -g grant.toml -i 'run(\"print\")'",
        "satama run hostile.wasm -g grant.toml --log-json -i 'run(\"print\")'",
        "satama run hostile.wasm -g grant.toml -i 'run(\"panic\")'",
        "satama run hostile.wasm -g grant.toml --text -i 'run(\"\\u{1b}[2J\\u{9b}2J\\r\\b\")'",
        "satama run escapes.wasm",
        "satama inspect escapes.wasm",
        "cp echo.wasm \"$(printf '\\033[2Jecho.wasm')\" && satama inspect *2Jecho.wasm --manifest",
    ];
    for line in lines {
        let done = user.run(line);
        assert!(done.stdout.len() + done.stderr.len() > 0, "{line}");
        for stream in [&done.stdout, &done.stderr] {
            let found = text(stream).chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
            assert_eq!(found, None, "{line}\n{:?}", text(stream));
        }
    }
}

/// Nobody reads on: that is no error, and no panic. The exit code still tells.
#[test]
fn a_closed_pipe_is_no_error() {
    let user = User::new();
    let lines = [
        ("satama run echo.wasm -i 'run(\"hi\")'", 0),
        ("satama inspect echo.wasm", 0),
        ("satama check absent.toml", 3),
        ("satama run echo.wasm -i 'sing()'", 2),
        ("satama run --help", 0),
        ("satama run echo.wasm --log trace -i 'run(\"hi\")'", 0),
        ("satama run echo.wasm -i 'run(\"hi\")' >&-", 0),
    ];
    for (line, code) in lines {
        let mut shell = user.shell(&format!("exec {line}"));
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop((child.stdout.take(), child.stderr.take()));
        assert_eq!(child.wait().unwrap().code(), Some(code), "{line}");
    }
    let mut shell = user.shell("exec satama run echo.wasm -i 'run(\"hi\")'");
    let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!((done.status.code(), text(&done.stderr)), (Some(0), ""));
}

#[test]
fn json_is_json() {
    let user = User::new();
    let json = |line: &str| -> Value {
        let done = user.run(line);
        serde_json::from_slice(&done.stdout).unwrap_or_else(|err| panic!("{line}: {err}"))
    };
    let ran = json("satama run echo.wasm --json -i 'run(\"a \\\"b\\\"\\n\")'");
    assert_eq!(ran["results"][0]["ok"], "a \"b\"\n");
    assert!(ran["ms"].is_f64() && ran["ok"] == true);
    let inspected = json("satama inspect cache_basic.wasm --json");
    assert_eq!(inspected["imports"][0]["name"], "satama:services/cache@0.1.0");
    assert_eq!(inspected["imports"][0]["status"], "grant [cache]");
    let bytes = fs::metadata(user.home.path().join("cache_basic.wasm")).unwrap().len();
    assert_eq!(inspected["bytes"], bytes);
    assert_eq!(inspected["digest"], satama::Digest::of(&build::wasm("cache_basic")).to_string());
    let checked = json("satama check absent.toml --json");
    assert_eq!(checked["ok"], false);
    assert!(checked["error"].as_str().unwrap().starts_with("absent.toml: "));
}

/// The manifest that `inspect` prints is one to start with, for every guest.
#[test]
fn an_inspected_manifest_passes_check() {
    let user = User::new();
    for guest in ["bench", "cache_basic", "echo", "hostile", "session_basic", "wasi_basic"] {
        let line =
            format!("satama inspect {guest}.wasm --manifest > g.toml && satama check g.toml");
        let done = user.run(&line);
        assert_eq!(
            text(&done.stdout),
            format!("ok: g.toml: tenant `local`, component {guest}.wasm links\n")
        );
    }
}
