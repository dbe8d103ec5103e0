//! What compiling a component may take: it is bounded, and nobody else notices.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

mod compile {
    pub(crate) mod component;
}

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use compile::component::{invalid, large, light, slow};
use rustix::process::{Pid, Signal, kill_process};
use satama::chain;
use satama::runtime::{AotUse, Compile, Compiler, Cost, HostConfig, LoadError};
use satama_tests::{Stage, build, granted, limits, run, until};
use tempfile::TempDir;

/// Components are compiled as the command does it.
fn config() -> HostConfig {
    script("exec $0 compile", &[])
}

/// Components are compiled by a shell's script. Its `$0` is the command, and `$1` the first of
/// `args`.
fn script(text: &str, args: &[&Path]) -> HostConfig {
    let satama = build::program("satama");
    let words = ["-c".into(), text.into(), satama.into()];
    let args = words.into_iter().chain(args.iter().map(|arg| arg.into()));
    let mut config = HostConfig::default();
    config.instances_max = 4;
    config.compile = Compile::Process { program: "/bin/sh".into(), args: args.collect() };
    config.compile_limits.threads = 2;
    config
}

async fn load(config: &HostConfig, wasm: Vec<u8>) -> Result<AotUse, LoadError> {
    Compiler::new(config).unwrap().load(wasm).await.map(|code| code.aot())
}

async fn refusal(config: &HostConfig, wasm: Vec<u8>) -> String {
    chain(&load(config, wasm).await.unwrap_err())
}

/// A folder, and a file in it that scripts write to.
fn notes() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notes");
    (folder, file)
}

fn lines(file: &Path) -> Vec<String> {
    fs::read_to_string(file).unwrap_or_default().lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn what_takes_too_much_memory_is_refused() {
    let mut config = config();
    config.compile_limits.memory_bytes = 256 << 20;
    let compiler = Compiler::new(&config).unwrap();
    let err = compiler.load(large()).await.unwrap_err();
    assert!(matches!(err, LoadError::TooCostly(Cost::Memory(0x1000_0000))), "{err:?}");
    assert_eq!(err.to_string(), "compiling the component takes more than 256 MiB of memory");
    compiler.load(build::wasm("echo")).await.unwrap();
}

#[tokio::test]
async fn what_takes_too_long_is_refused() {
    let mut config = config();
    config.compile_limits.cpu_ms = 1000;
    let err = load(&config, slow(0)).await.unwrap_err();
    assert!(matches!(err, LoadError::TooCostly(Cost::Cpu(1000))), "{err:?}");
    assert_eq!(err.to_string(), "compiling the component takes more than 1000 ms of the processor");
}

/// Though it needs no processor for that, and whether or not it listens.
#[tokio::test]
async fn a_process_that_does_not_end_is_killed() {
    let (_folder, file) = notes();
    for text in ["echo $$ >>$1; exec sleep 600", "echo $$ >>$1; exec sleep 600 <&-"] {
        let mut config = script(text, &[&file]);
        config.compile_limits.wall_ms = 300;
        let err = load(&config, large()).await.unwrap_err();
        assert!(matches!(err, LoadError::TooCostly(Cost::Wall(300))), "{err:?}");
        assert_eq!(err.to_string(), "compiling the component takes more than 300 ms");
    }
    for pid in lines(&file) {
        assert!(!Path::new("/proc").join(&pid).exists(), "{pid} goes on");
    }
}

#[tokio::test]
async fn too_much_code_is_refused() {
    let mut config = config();
    config.compile_limits.code_bytes = 1 << 20;
    load(&config, light(0)).await.unwrap();
    config.compile_limits.code_bytes = 1000;
    let err = load(&config, light(0)).await.unwrap_err();
    assert!(matches!(err, LoadError::TooCostly(Cost::Code(1000))), "{err:?}");
}

/// It says the same as in the host's own process.
#[tokio::test]
async fn what_does_not_compile_says_why() {
    let mut own = config();
    own.compile = Compile::InProcess;
    let why = refusal(&own, invalid()).await;
    assert!(why.starts_with("the component does not compile: ") && why.contains("i32"), "{why}");
    assert_eq!(refusal(&config(), invalid()).await, why);
}

/// Whatever ends it, the host goes on, and says what it knows.
#[tokio::test]
async fn a_process_that_crashes_is_an_error_of_its_component_only() {
    let (_folder, file) = notes();
    // Only for one component, and that is the first.
    let first = "if ! test -e $1; then touch $1; ";
    for (crash, expected) in [
        ("kill -9 $$", "signal: 9 (SIGKILL)"),
        ("kill -SEGV $$", "signal: 11 (SIGSEGV)"),
        (
            "printf 'no \\033[2J panics\\nbut one\\n' >&2; exit 101",
            "101, and said: no \\u{1b}[2J panics",
        ),
        ("yes complaint | head -c 1000000 >&2; exit 7", "exit status: 7, and said: complaint"),
    ] {
        _ = fs::remove_file(&file);
        let config = script(&format!("{first}{crash}; fi; exec $0 compile"), &[&file]);
        let compiler = Compiler::new(&config).unwrap();
        let err = compiler.load(light(0)).await.unwrap_err();
        assert!(matches!(err, LoadError::Crashed(_)), "{err:?}");
        let start = "the process that compiled the component ended early: ";
        assert!(err.to_string().starts_with(start), "{err}");
        assert!(err.to_string().contains(expected), "{err}");
        compiler.load(light(0)).await.unwrap();
    }
}

/// Nor does anything go on that it has started, though that holds the pipe its complaints come by.
#[tokio::test]
async fn what_a_process_leaves_behind_is_killed() {
    let (_folder, file) = notes();
    let config = script("(sleep 30; echo late >>$1) <&- >&- & exit 7", &[&file]);
    let err = load(&config, light(0)).await.unwrap_err();
    assert!(err.to_string().ends_with("exit status: 7"), "{err}");
    assert!(lines(&file).is_empty(), "it went on");
}

/// Killed from outside, while it compiles within the limits that it has set itself.
#[tokio::test]
async fn a_process_that_is_killed_is_an_error_of_its_component_only() {
    let (_folder, file) = notes();
    let mut config = script("echo $$ >$1; exec $0 compile", &[&file]);
    config.compile_limits.cpu_ms = 60_000;
    config.compile_limits.memory_bytes = 3 << 30;
    let compiler = Compiler::new(&config).unwrap();
    let loading = compiler.clone();
    let loading = tokio::spawn(async move { loading.load(slow(1)).await });
    until("it has bounded itself", async || {
        let Some(pid) = lines(&file).pop() else { return false };
        let read = |name| fs::read_to_string(Path::new("/proc").join(&pid).join(name));
        let limits = read("limits").unwrap_or_default();
        let is = |name: &str, most: &str| {
            let line = limits.lines().find_map(|line| line.strip_prefix(name));
            line.is_some_and(|line| line.split_whitespace().next() == Some(most))
        };
        let stat = read("stat").unwrap_or_default();
        let nice = stat.rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(17));
        is("Max data size", "3221225472")
            && is("Max cpu time", "60")
            && is("Max file size", "0")
            && is("Max core file size", "0")
            && nice == Some("10")
            && read("oom_score_adj").unwrap_or_default() == "1000\n"
    })
    .await;
    kill(lines(&file)[0].parse().unwrap());
    let err = loading.await.unwrap().unwrap_err();
    assert!(err.to_string().ends_with("early: signal: 9 (SIGKILL)"), "{err}");
    compiler.load(light(0)).await.unwrap();
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

/// What is not whole, or not from a process like this, is not run.
#[tokio::test]
async fn an_answer_that_is_not_whole_is_refused() {
    for half in [0, 7, 40, 41, 80, 81, 2000] {
        let text = format!("$0 compile | head -c {half}");
        let err = load(&script(&text, &[]), light(0)).await.unwrap_err();
        assert!(matches!(err, LoadError::Crashed(_)), "{half}: {err:?}");
    }
    // Its head, and then what it never said.
    let garbled = "$0 compile | (head -c 2000; head -c 1000000 /dev/zero; sleep 600)";
    let why = refusal(&script(garbled, &[]), light(0)).await;
    assert_eq!(why, "components cannot be compiled by /bin/sh: its answer is damaged");
}

#[tokio::test]
async fn another_program_is_refused() {
    let other = "is another version, or another program";
    for text in ["printf '%1000s' hello", "printf 'satamaM\\001'; head -c 1000 /dev/zero"] {
        let err = load(&script(text, &[]), light(0)).await.unwrap_err();
        assert!(matches!(err, LoadError::Process { .. }), "{err:?}");
        assert_eq!(chain(&err), format!("components cannot be compiled by /bin/sh: it {other}"));
    }
    let mut absent = config();
    absent.compile = Compile::Process { program: "/nowhere/satama".into(), args: vec![] };
    let why = refusal(&absent, light(0)).await;
    let expected = "components cannot be compiled by /nowhere/satama: it cannot be started: ";
    assert!(why.starts_with(expected), "{why}");
}

/// Callers that want the same wait for one process, though the first gives up.
#[tokio::test]
async fn a_component_is_compiled_once_for_all_who_load_it() {
    let (_folder, file) = notes();
    let compiler = Compiler::new(&script("echo $$ >>$1; exec $0 compile", &[&file])).unwrap();
    let mut loads = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let compiler = compiler.clone();
        loads.spawn(async move { compiler.load(light(0)).await });
    }
    let first = tokio::time::timeout(std::time::Duration::ZERO, compiler.load(light(0)));
    _ = first.await;
    let codes = loads.join_all().await;
    assert_eq!(lines(&file).len(), 1);
    // Nor is it compiled again while somebody has it.
    assert_eq!(compiler.load(light(0)).await.unwrap().aot(), AotUse::Hit);
    assert_eq!(lines(&file).len(), 1);
    drop(codes);
    assert_eq!(compiler.load(light(0)).await.unwrap().aot(), AotUse::Off);
    assert_eq!(lines(&file).len(), 2);
}

/// Loads so many components at once.
async fn load_each(config: &HostConfig, components: u32) {
    let compiler = Compiler::new(config).unwrap();
    let loads = (0..components).map(|salt| {
        let compiler = compiler.clone();
        tokio::spawn(async move { compiler.load(light(salt)).await.unwrap() })
    });
    for load in loads.collect::<Vec<_>>() {
        load.await.unwrap();
    }
}

#[tokio::test]
async fn components_are_compiled_one_at_a_time() {
    let (_folder, file) = notes();
    // It has ended when its answer is whole.
    let end = "cat >$1.code; echo end >>$1; cat $1.code";
    let text = format!("echo start >>$1; $0 compile | ({end})");
    load_each(&script(&text, &[&file]), 3).await;
    assert_eq!(lines(&file).join(" "), "start end start end start end");
}

#[tokio::test]
async fn components_are_compiled_as_many_at_a_time_as_may_be() {
    let (_folder, file) = notes();
    let others = "while test $(wc -l <$1) -lt 3; do sleep 0.01; done";
    let mut config = script(&format!("echo start >>$1; {others}; exec $0 compile"), &[&file]);
    config.compile_limits.concurrent = 3;
    load_each(&config, 3).await;
}

/// The host's variables may hold passwords.
#[tokio::test]
async fn the_process_is_told_nothing_of_the_host() {
    let (_folder, file) = notes();
    load(&script("env >$1; pwd >>$1; exec $0 compile", &[&file]), light(0)).await.unwrap();
    let known = ["RAYON_NUM_THREADS=2", "PWD=/", "OLDPWD=/", "SHLVL=0", "SHLVL=1", "/"];
    for line in lines(&file) {
        assert!(known.contains(&&*line) || line.starts_with("_="), "{line}");
    }
}

/// Guests of others are called while a hostile component is compiled: on this one thread.
#[tokio::test]
async fn calls_are_served_meanwhile() {
    let mut config = config();
    config.compile_limits.cpu_ms = 2000;
    let stage = Stage::with(&config).await;
    let code = stage.code(build::wasm("echo")).await;
    let program =
        stage.host.program(&code, "echo", Arc::new(granted("t", limits(|_| {})))).unwrap();
    let compiler = stage.host.compiler().clone();
    let loading = tokio::spawn(async move { compiler.load(slow(2)).await });
    let mut calls = 0;
    while !loading.is_finished() {
        assert_eq!(run(&program, "there").await.unwrap().unwrap(), "there");
        calls += 1;
    }
    let err = loading.await.unwrap().unwrap_err();
    assert!(matches!(err, LoadError::TooCostly(Cost::Cpu(2000))), "{err:?}");
    assert!(calls > 100, "only {calls} calls were served");
}

/// What was compiled by the process is kept, and used by hosts that compile themselves.
#[tokio::test]
async fn what_a_process_compiled_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config();
    config.aot_folder = Some(folder.path().to_owned());
    assert_eq!(load(&config, build::wasm("echo")).await.unwrap(), AotUse::Saved);
    config.compile = Compile::InProcess;
    assert_eq!(load(&config, build::wasm("echo")).await.unwrap(), AotUse::Hit);
}

/// A host that is killed takes what compiles with it.
#[tokio::test]
async fn the_process_ends_with_its_host() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("slow.wasm");
    fs::write(&file, slow(3)).unwrap();
    let mut host = Command::new(build::program("satama"))
        .args(["inspect", "--no-aot"])
        .arg(&file)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let children = || {
        let tasks = fs::read_dir(format!("/proc/{}/task", host.id())).unwrap();
        let children = tasks.map(|task| fs::read_to_string(task.unwrap().path().join("children")));
        let children: String = children.map(Result::unwrap_or_default).collect();
        children.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    };
    // It has read all, and compiles: so it cannot notice that it may write no more.
    let compiles = |pid: &str| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let time = stat.rsplit_once(')').and_then(|(_, rest)| rest.split(' ').nth(12));
        time.is_some_and(|time| time.parse::<u32>().unwrap() > 50)
    };
    until("it compiles", async || children().iter().any(|pid| compiles(pid))).await;
    let child = children().pop().unwrap();
    host.kill().unwrap();
    host.wait().unwrap();
    until("what compiles has ended", async || {
        let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with('Z'))
    })
    .await;
}

#[tokio::test]
async fn the_command_tells_what_is_too_costly() {
    let folder = tempfile::tempdir().unwrap();
    for (name, wasm, option, expected) in [
        ("large", large(), ["--compile-mib", "256"], "256 MiB of memory\n"),
        ("slow", slow(4), ["--compile-ms", "1000"], "1000 ms of the processor\n"),
    ] {
        let file = folder.path().join(name);
        fs::write(&file, wasm).unwrap();
        let mut satama = Command::new(build::program("satama"));
        satama.args(["inspect", "--no-aot"]).args(option).arg(&file);
        let output = satama.output().unwrap();
        assert_eq!(output.status.code(), Some(3));
        let said = String::from_utf8(output.stderr).unwrap();
        let found = said.strip_prefix(&format!("error: cannot load {}: ", file.display()));
        let found =
            found.and_then(|said| said.strip_prefix("compiling the component takes more than "));
        // On a machine that has much else to do, its time by the clock is up first.
        assert!(found.is_some_and(|found| found == expected || found == "5000 ms\n"), "{said}");
    }
    let by_hand = Command::new(build::program("satama"))
        .arg("compile")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(by_hand.status.code(), Some(2));
    let said = String::from_utf8(by_hand.stderr).unwrap();
    assert!(said.starts_with("error: a host compiles with this, a person cannot"), "{said}");
}
