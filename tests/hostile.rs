//! What a guest that nobody has read may try, and where it ends: it is stopped at
//! its limit, and the operator is told which. `neighbours.rs` has the others' side.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::sync::Arc;
use std::time::Duration;

use satama::grant::Limits;
use satama::runtime::{CallError, Stop};
use satama_tests::{Log, Stage, call, granted, limits, run};
use wasmtime::component::Val;

type Outcome = Result<Result<String, String>, CallError>;

/// What the hostile guest does within limits that `change` sets.
async fn hostile(behaviour: &str, change: impl FnOnce(&mut Limits)) -> Outcome {
    let stage = Stage::sqlite().await;
    run(&stage.program("hostile", granted("t", limits(change))).await, behaviour).await
}

fn stopped(outcome: &Outcome) -> &Stop {
    match outcome {
        Err(CallError::Stopped(stop)) => stop,
        other => panic!("expected it to be stopped, got {other:?}"),
    }
}

/// What went wrong, if the guest failed by itself.
fn trap<T: std::fmt::Debug>(outcome: &Result<T, CallError>) -> (&str, &str) {
    match outcome {
        Err(CallError::Trapped { message, backtrace }) => (message, backtrace),
        other => panic!("expected a trap, got {other:?}"),
    }
}

/// Calls `run` of a component in WebAssembly text, which takes and returns nothing.
async fn run_text(text: &str, change: impl FnOnce(&mut Limits)) -> Result<Vec<Val>, CallError> {
    let stage = Stage::sqlite().await;
    let code = stage.code(wat::parse_str(text).unwrap()).await;
    let grant = Arc::new(granted("t", limits(change)));
    call(&stage.host.program(&code, "text", grant).unwrap(), "run", &[]).await
}

/// A component of one core module, whose export `run` it exports.
fn component(module: &str) -> String {
    format!(
        "(component (core module $m {module}) (core instance $i (instantiate $m))
            (func (export \"run\") (canon lift (core func $i \"run\"))))"
    )
}

const TICKS: u64 = 30;

#[tokio::test]
async fn spin_is_stopped() {
    let outcome = hostile("spin", |limits| limits.cpu_ms = TICKS).await;
    assert_eq!(*stopped(&outcome), Stop::Cpu(Duration::from_millis(TICKS)));
    let said = satama::chain(&outcome.unwrap_err());
    assert_eq!(said, "the guest was stopped: it computed for longer than 30ms (`cpu_ms`)");
}

#[tokio::test]
async fn a_start_function_that_spins_is_stopped() {
    let text = component("(func $spin (loop (br 0))) (start $spin) (func (export \"run\"))");
    let done = run_text(&text, |limits| limits.cpu_ms = TICKS).await;
    assert!(matches!(done, Err(CallError::Stopped(Stop::Cpu(_)))), "{done:?}");
}

#[tokio::test]
async fn sleep_is_stopped() {
    let outcome = hostile("sleep", |limits| limits.wall_ms = TICKS).await;
    assert_eq!(*stopped(&outcome), Stop::Wall(Duration::from_millis(TICKS)));
    let said = satama::chain(&outcome.unwrap_err());
    assert_eq!(said, "the guest was stopped: it took longer than 30ms (`wall_ms`)");
}

/// Its time also ends while it waits for a store.
#[tokio::test]
async fn a_wait_for_a_store_that_hangs_is_stopped() {
    let stage = Stage::redis().await;
    let grant = granted("t", limits(|limits| limits.wall_ms = TICKS));
    let program = stage.program("hostile", grant).await;
    stage.server().pause();
    assert!(matches!(stopped(&run(&program, "flood").await), Stop::Wall(_)));
    stage.server().resume();
    let patient = stage.program("hostile", granted("t", limits(|l| l.calls_per_second = 1))).await;
    run(&patient, "flood-until-quota").await.unwrap().unwrap();
}

#[tokio::test]
async fn grow_ends_at_the_limit_for_a_guest_that_asks() {
    let said = hostile("grow", |limits| limits.memory_bytes = 8 << 20).await.unwrap().unwrap();
    let mib = said.strip_prefix("memory ended after ").and_then(|said| said.strip_suffix(" MiB"));
    let mib: u64 = mib.unwrap().parse().unwrap();
    assert!((4..8).contains(&mib), "{said}");
}

#[tokio::test]
async fn grow_stops_a_guest_that_does_not_ask() {
    let outcome = hostile("big-argument", |limits| limits.memory_bytes = 8 << 20).await;
    assert_eq!(*stopped(&outcome), Stop::Memory { bytes_max: 8 << 20 });
    let said =
        "the guest was stopped: it wanted more than 8388608 bytes of memory (`memory_bytes`)";
    assert_eq!(satama::chain(&outcome.unwrap_err()), said);
}

#[tokio::test]
async fn memory_that_a_guest_begins_with_counts() {
    let outcome = hostile("exit", |limits| limits.memory_bytes = 64 << 10).await;
    assert_eq!(*stopped(&outcome), Stop::Memory { bytes_max: 64 << 10 });
}

#[tokio::test]
async fn all_memories_of_an_instance_count_together() {
    let grow = "(component
        (core module $m (memory 1) (func (export \"run\")
            (if (i32.eq (memory.grow (i32.const 6)) (i32.const -1)) (then unreachable))))
        (core instance $a (instantiate $m)) (core instance $b (instantiate $m))
        (core module $both (import \"a\" \"run\" (func $a)) (import \"b\" \"run\" (func $b))
            (func (export \"run\") (call $a) (call $b)))
        (core instance $i (instantiate $both (with \"a\" (instance $a)) (with \"b\" (instance $b))))
        (func (export \"run\") (canon lift (core func $i \"run\"))))";
    run_text(grow, |limits| limits.memory_bytes = 14 << 16).await.unwrap();
    let done = run_text(grow, |limits| limits.memory_bytes = 13 << 16).await;
    assert!(matches!(done, Err(CallError::Stopped(Stop::Memory { .. }))), "{done:?}");
}

#[tokio::test]
async fn tables_are_limited() {
    let begin = component("(table 20 funcref) (func (export \"run\"))");
    let grow = component(
        "(table $t 1 funcref) (func (export \"run\") (loop (br_if 0 (i32.ne
            (table.grow $t (ref.null func) (i32.const 10)) (i32.const -1)))) unreachable)",
    );
    run_text(&begin, |limits| limits.table_elements = 20).await.unwrap();
    for text in [begin, grow] {
        let done = run_text(&text, |limits| limits.table_elements = 19).await;
        let Err(CallError::Stopped(stop)) = done else { panic!("{done:?}") };
        assert_eq!(stop, Stop::Tables { elements_max: 19 });
    }
}

#[tokio::test]
async fn recurse_ends_with_the_stack() {
    assert_eq!(*stopped(&hostile("recurse", |_| {}).await), Stop::Stack);
}

#[tokio::test]
async fn flood_meets_the_quota() {
    let calls = hostile("flood-until-quota", |limits| limits.calls_per_second = 10).await;
    let calls: u64 = calls.unwrap().unwrap().parse().unwrap();
    assert!(calls >= 9, "{calls} calls, of 10 less the one that opened");
}

/// Refused calls cost the guest's time, and a bounded piece of the log.
#[tokio::test]
async fn flood_is_stopped_and_does_not_fill_the_log() {
    let flood = hostile("flood", |limits| {
        limits.cpu_ms = 1000;
        limits.calls_per_second = 1;
    });
    let (outcome, log) = Log::of("info", flood).await;
    assert!(matches!(stopped(&outcome), Stop::Cpu(_)), "{outcome:?}");
    let count = |text: &str| log.lines().filter(|line| line.contains(text)).count();
    assert_eq!(count("over the limit `calls_per_second` tenant=\"t\" component=\"hostile\""), 100);
    assert_eq!(count("further failures of this instance are not logged"), 1);
    assert_eq!(count("the guest was stopped: it computed for longer than 1s"), 1);
    assert_eq!(log.lines().count(), 102);
}

#[tokio::test]
async fn leak_meets_the_limit_of_handles() {
    let handles = hostile("leak", |limits| limits.handles = 64).await.unwrap().unwrap();
    assert_eq!(handles, "64");
    let forever = hostile("leak-forever", |limits| {
        limits.handles = 64;
        limits.cpu_ms = TICKS;
    });
    assert!(matches!(stopped(&forever.await), Stop::Cpu(_)));
}

/// Handles of WASI are in the same table; WASI has no error for a full one.
#[tokio::test]
async fn leaked_handles_of_wasi_stop_the_guest() {
    let leak = "(component
        (import \"wasi:io/poll@0.2.6\" (instance $poll (export \"pollable\" (type (sub resource)))))
        (alias export $poll \"pollable\" (type $pollable))
        (import \"wasi:clocks/monotonic-clock@0.2.6\" (instance $clock
            (alias outer 1 $pollable (type $p)) (export \"pollable\" (type $q (eq $p)))
            (export \"subscribe-duration\" (func (param \"when\" u64) (result (own $q))))))
        (core func $new (canon lower (func $clock \"subscribe-duration\")))
        (core module $m (import \"\" \"new\" (func $new (param i64) (result i32)))
            (func (export \"run\") (loop (drop (call $new (i64.const 1))) (br 0))))
        (core instance $i (instantiate $m (with \"\" (instance (export \"new\" (func $new))))))
        (func (export \"run\") (canon lift (core func $i \"run\"))))";
    let done = run_text(leak, |limits| limits.handles = 64).await;
    assert!(matches!(done, Err(CallError::Stopped(Stop::Handles))), "{done:?}");
}

#[tokio::test]
async fn a_handle_that_was_never_given_traps() {
    let forge = "(component
        (import \"satama:services/cache@0.1.0\" (instance $cache
            (export \"bucket\" (type (sub resource)))))
        (alias export $cache \"bucket\" (type $bucket))
        (core func $drop (canon resource.drop $bucket))
        (core module $m (import \"\" \"drop\" (func $drop (param i32)))
            (func (export \"run\") (call $drop (i32.const 7))))
        (core instance $i (instantiate $m (with \"\" (instance (export \"drop\" (func $drop))))))
        (func (export \"run\") (canon lift (core func $i \"run\"))))";
    let done = run_text(forge, |_| {}).await;
    assert!(trap(&done).0.contains("handle"), "{done:?}");
}

/// The host copies no more than the limit, whichever way: into a call of its own,
/// or out of the export's result.
#[tokio::test]
async fn big_argument_is_not_copied() {
    let outcome = hostile("big-argument", |_| {}).await;
    assert!(trap(&outcome).0.contains("too much data"), "{outcome:?}");
    let stage = Stage::sqlite().await;
    let small = granted("t", limits(|limits| limits.hostcall_bytes = 64 << 10));
    let echo = stage.program("echo", small).await;
    assert_eq!(run(&echo, &"x".repeat(32 << 10)).await.unwrap().unwrap().len(), 32 << 10);
    let outcome = run(&echo, &"x".repeat(65 << 10)).await;
    assert!(trap(&outcome).0.contains("too much data"), "{outcome:?}");
}

#[tokio::test]
async fn random_is_not_a_way_to_allocate() {
    let outcome = hostile("random", |_| {}).await;
    assert_eq!(trap(&outcome).0, "requested len 1073741824 exceeds limit 1048576");
}

#[tokio::test]
async fn exit_ends_the_guest_alone() {
    let outcome = hostile("exit", |_| {}).await;
    // WASI passes on that it failed, and not the 3.
    assert!(matches!(outcome, Err(CallError::Exited(1))), "{outcome:?}");
}

#[tokio::test]
async fn panic_is_a_trap_and_its_message_is_in_the_log() {
    let (outcome, log) = Log::of("info", hostile("panic", |_| {})).await;
    let (message, backtrace) = trap(&outcome);
    assert_eq!(message, "wasm trap: wasm `unreachable` instruction executed");
    assert!(backtrace.lines().count() > 2, "{backtrace}");
    let panicked = "INFO satama::guest: the guest panicked, as it was told to \
                    tenant=\"t\" component=\"hostile\" stream=\"stderr\"";
    assert!(log.lines().any(|line| line.ends_with(panicked)), "{log}");
    assert!(log.lines().any(|line| line.contains("the guest trapped: wasm trap")), "{log}");
}

/// A function may be called anything, also what a terminal obeys.
#[tokio::test]
async fn a_backtrace_does_not_drive_the_terminal() {
    let names = [r"\1b[31mred", r"x\nerror: forged", r"\e2\80\aetxet", &"x".repeat(2000)];
    for name in names {
        let text = component(&format!("(func $\"{name}\" (export \"run\") unreachable)"));
        let done = run_text(&text, |_| {}).await;
        let backtrace = trap(&done).1;
        assert!(backtrace.trim_start().starts_with("0x"), "{backtrace:?}");
        assert!(backtrace.len() < 100, "{backtrace:?}");
    }
    let text = component("(func $plain (export \"run\") unreachable)");
    let done = run_text(&text, |_| {}).await;
    assert!(trap(&done).1.ends_with("!plain"), "{done:?}");
}

#[tokio::test]
async fn print_neither_fills_the_log_nor_forges_it() {
    const LOG_BYTES: usize = 10_000;
    let print = hostile("print", |limits| limits.log_bytes = LOG_BYTES as u64);
    let (outcome, log) = Log::of("info", print).await;
    outcome.unwrap().unwrap();
    assert!(log.contains(r"\u{1b}[2J\u{1b}[H\u{1b}[31;5mred"), "{log}");
    assert!(log.contains(r"an error\rall well\u{8}\u{8}"), "{log}");
    for c in log.chars().filter(|c| *c != '\n') {
        assert!(!c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'), "{c:?}");
    }
    // What it faked stands within a line that says whose it is.
    assert!(log.contains("INFO satama::guest: 2026-01-01T00:00:00Z ERROR satama: all secrets"));
    for line in log.lines() {
        let (time, rest) = line.split_once("  ").or(line.split_once(' ')).unwrap();
        assert!(time.ends_with('Z') && !time.starts_with("2026-01-01T00"), "{line}");
        let own = rest.starts_with("INFO satama::guest: ") || rest.starts_with("WARN satama::");
        assert!(own && rest.contains("tenant=\"t\" component=\"hostile\""), "{line}");
    }
    assert!(log.matches('x').count() < LOG_BYTES);
    assert!(log.len() < 2 * LOG_BYTES, "{} bytes", log.len());
    assert_eq!(
        log.matches("over `log_bytes`: the rest of this call's output is dropped").count(),
        1
    );
}
