//! What a guest that nobody has read may try with secrets, and what becomes of it.

use std::collections::BTreeSet;

use satama::grant::SECRET_SHARDS;
use satama::runtime::CallError;
use satama::secret::{AUDIT_ENTRIES_MAX, Action, Event};
use satama_tests::Log;

use super::*;

/// What the hostile guest does within limits that `change` sets.
async fn hostile(stage: &Stage, behaviour: &str, change: impl FnOnce(&mut Limits)) -> String {
    another_puts(stage).await;
    let program = stage.program("hostile_secret", granted("t", limits(change))).await;
    run(&program, behaviour).await.unwrap().unwrap()
}

/// What was recorded of the tenant's secrets, and of its credentials.
async fn events(stage: &Stage) -> Vec<Event> {
    let grant = granted("t", Limits::default());
    let vault = stage.host.services().secret();
    let mut events = vault.events(grant.secret().scope(), 1_000_000).await.unwrap();
    events.extend(vault.events(grant.credential().scope(), 1_000_000).await.unwrap());
    events
}

/// Nothing that a terminal obeys, no line that is not the host's own.
fn is_clean(log: &str) {
    for c in log.chars().filter(|c| *c != '\n') {
        assert!(!c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'), "{c:?}");
    }
    for line in log.lines() {
        let (time, rest) = line.split_once("  ").or(line.split_once(' ')).unwrap();
        assert!(time.ends_with('Z') && !time.starts_with("2026-01-01T00"), "{line}");
        assert!(!rest.starts_with("ERROR"), "{line}");
    }
}

on_both_stores! {
    sizes,
    names,
    many,
    leak,
    flood_meets_the_quota,
    a_flood_of_reads_pushes_no_change_out_of_the_audit,
    a_flood_of_refused_changes_pushes_no_change_out_of_the_audit,
}

async fn sizes(stage: Stage) {
    assert_eq!(hostile(&stage, "sizes", |_| {}).await, "every size");
}

async fn names(stage: Stage) {
    let (said, log) = Log::of("debug", hostile(&stage, "names", |_| {})).await;
    assert_eq!(said, "every name");
    is_clean(&log);
    // What was asked for is recorded, escaped or whole, and never at its full length.
    let events = events(&stage).await;
    let asked = |what: &str| events.iter().any(|event| event.id.contains(what));
    assert!(asked("\u{1b}[2J") && asked("\n2026-01-01") && asked("granted/xxx"));
    let longest = events.iter().map(|event| event.id.len()).max().unwrap();
    assert!(longest < 1_000, "{longest} bytes");
    assert!(log.lines().all(|line| line.len() < 4_000));
}

/// What was asked for, an operator can look at.
#[tokio::test]
async fn the_audit_does_not_drive_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = "tenant = \"t\"\n[secret]\nread = [\"granted/*\"]\nwrite = [\"granted/*\"]\n\
                    reveal = [\"granted/open/*\"]\n[credential]\nread = [\"granted/*\"]";
    std::fs::write(folder.path().join("grant.toml"), manifest).unwrap();
    let says = |args: &[&str]| {
        let mut satama = std::process::Command::new(build::program("satama"));
        satama.args(args).current_dir(&folder).env_clear().env("HOME", folder.path());
        let done = satama.env("SATAMA_LOG", "error").output().unwrap();
        String::from_utf8(done.stdout).unwrap()
    };
    says(&["secret", "keys", "init"]);
    let guest = build::guest("hostile_secret");
    let run = ["run", guest.to_str().unwrap(), "--grant", "grant.toml", "-i", "run(\"names\")"];
    assert_eq!(says(&run).trim_end(), "ok(\"every name\")");
    let audit = says(&["secret", "audit", "--tenant", "t", "--limit", "10000"]);
    assert!(audit.contains("\\u{1b}[2J") && audit.contains("\\u{202e}txet\\u{2066}\\u{2028}"));
    assert!(audit.contains("'; DROP TABLE secret; --"), "{audit}");
    for c in audit.chars().filter(|c| *c != '\n') {
        assert!(!c.is_control() && !matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'), "{c:?}");
    }
    assert!(audit.lines().all(|line| !line.starts_with("2026-01-01T")), "{audit}");
}

async fn many(stage: Stage) {
    let (said, log) = Log::of("info", hostile(&stage, "many", |_| {})).await;
    assert_eq!(said, "as many as could be");
    is_clean(&log);
    assert!(log.len() < 200_000, "{} bytes", log.len());
}

async fn leak(stage: Stage) {
    assert_eq!(hostile(&stage, "leak", |limits| limits.handles = 64).await, "64");
    // Of many for which there is no room none is left behind.
    assert_eq!(hostile(&stage, "leak-many", |limits| limits.handles = 64).await, "60 and 4");
}

async fn flood_meets_the_quota(stage: Stage) {
    let few = |limits: &mut Limits| limits.calls_per_second = 10;
    let calls: u32 = hostile(&stage, "flood-until-quota", few).await.parse().unwrap();
    assert!(calls >= 10, "{calls} calls of 10");
}

/// The changes that the guest made, as they are recorded.
async fn changes(stage: &Stage) -> usize {
    let events = events(stage).await;
    let by_guest = events.iter().filter(|event| event.actor.component == "hostile_secret");
    by_guest.filter(|it| (it.action, &*it.outcome) == (Some(Action::Write), "ok")).count()
}

async fn a_flood_of_reads_pushes_no_change_out_of_the_audit(stage: Stage) {
    let reads = 3 * AUDIT_ENTRIES_MAX.div_ceil(64);
    hostile(&stage, "change 20", |_| {}).await;
    hostile(&stage, &format!("flood {reads}"), |_| {}).await;
    assert_eq!(changes(&stage).await, 40);
    let events = events(&stage).await;
    let reads: Vec<_> = events.iter().filter(|it| it.action == Some(Action::Read)).collect();
    // The newest of each of four shards, of which a store may keep a few more.
    assert!(reads.len() < 4 * 2 * AUDIT_ENTRIES_MAX as usize, "{}", reads.len());
    let outcomes: BTreeSet<_> = reads.iter().map(|event| event.outcome.as_str()).collect();
    assert_eq!(outcomes, BTreeSet::from(["access-denied", "not-found", "ok"]));
    assert!(reads.iter().all(|event| event.actor.digest.starts_with("sha256:")));
}

/// Who may change nothing pushes nothing out by trying.
async fn a_flood_of_refused_changes_pushes_no_change_out_of_the_audit(stage: Stage) {
    hostile(&stage, "change 20", |_| {}).await;
    // More than are kept of one shard, or of all where they are kept together.
    let kept = AUDIT_ENTRIES_MAX * u32::from(if stage.is_redis() { 1 } else { SECRET_SHARDS });
    hostile(&stage, &format!("try {}", kept / 2 + 200), |_| {}).await;
    assert_eq!(changes(&stage).await, 40);
}

/// No order of calls keeps the audit from being cut.
#[tokio::test]
async fn a_rhythm_of_calls_does_not_fill_the_audit() {
    let stage = Stage::sqlite().await;
    another_puts(&stage).await;
    while events(&stage).await.len() % 64 != 0 {
        stage.put_secret("t", "granted/a", None, b"value").await;
    }
    let program = stage.program("hostile_secret", granted("t", limits(|_| {}))).await;
    let kept = (AUDIT_ENTRIES_MAX * u32::from(SECRET_SHARDS)) as usize;
    run(&program, &format!("rhythm {}", kept / 64 + 50)).await.unwrap().unwrap();
    let events = events(&stage).await;
    let reads = events.iter().filter(|event| event.action == Some(Action::Read)).count();
    // One in 64 cuts: that a thousand in a row do not is one case in seven million.
    assert!((kept - 100..kept + 1_000).contains(&reads), "{reads} of {kept}");
}

/// The host copies no more than the limit into a call of its own.
#[tokio::test]
async fn big_arguments_are_not_copied() {
    let stage = Stage::sqlite().await;
    let program = stage.program("hostile_secret", granted("t", limits(|_| {}))).await;
    for behaviour in ["big-value", "big-data", "big-list"] {
        let outcome = run(&program, behaviour).await;
        let Err(CallError::Trapped { message, .. }) = outcome else { panic!("{outcome:?}") };
        assert!(message.contains("too much data"), "{behaviour}: {message}");
    }
}

/// A component in WebAssembly text that does `body` with functions of secrets: `get`, which
/// gives a handle for the name "granted/a"; `version` and `reveal`, which take one; and
/// `drop`.
fn forger(body: &str) -> String {
    let text = r#"(component
        (import "satama:services/secret@0.1.0" (instance $secret
            (export "secret" (type $s (sub resource)))
            (type $error (variant (case "access-denied") (case "not-found") (case "invalid-name")
                (case "too-large" u64) (case "undecryptable") (case "not-authentic")
                (case "quota-exceeded") (case "unavailable")))
            (export "error" (type $e (eq $error)))
            (export "get" (func (param "name" string) (param "version" (option u64))
                (result (result (own $s) (error $e)))))
            (export "[method]secret.version" (func (param "self" (borrow $s)) (result u64)))))
        (alias export $secret "secret" (type $type))
        (core module $memory (memory (export "memory") 1)
            (data (i32.const 100) "granted/a"))
        (core instance $m (instantiate $memory))
        (alias core export $m "memory" (core memory $mem))
        (core func $get (canon lower (func $secret "get") (memory $mem)))
        (core func $version (canon lower (func $secret "[method]secret.version")))
        (core func $drop (canon resource.drop $type))
        (core module $c
            (import "" "memory" (memory 1))
            (import "" "get" (func $get5 (param i32 i32 i32 i64 i32)))
            (import "" "version" (func $version (param i32) (result i64)))
            (import "" "drop" (func $drop (param i32)))
            (func $get (result i32)
                (call $get5 (i32.const 100) (i32.const 9) (i32.const 0) (i64.const 0) (i32.const 0))
                (if (i32.load8_u (i32.const 0)) (then unreachable))
                (i32.load (i32.const 8)))
            (func (export "run") (local $h i32) BODY))
        (core instance $i (instantiate $c (with "" (instance
            (export "memory" (memory $mem)) (export "get" (func $get))
            (export "version" (func $version)) (export "drop" (func $drop))))))
        (func (export "run") (canon lift (core func $i "run"))))"#;
    text.replace("BODY", body)
}

/// A handle is the permission, so that one cannot be made up, nor kept for longer.
#[tokio::test]
async fn handles_are_neither_forged_nor_used_after_their_end() {
    let stage = Stage::sqlite().await;
    another_puts(&stage).await;
    let get = "(local.set $h (call $get))";
    let version = "(if (i64.eqz (call $version (local.get $h))) (then unreachable))";
    let drop = "(call $drop (local.get $h))";
    let other = "(local.set $h (i32.add (local.get $h) (i32.const 1)))";
    let cases = [
        ([get, version, drop, ""], true),
        ([get, drop, get, version], true),
        ([version, "", "", ""], false),
        ([drop, "", "", ""], false),
        ([get, drop, version, ""], false),
        ([get, drop, drop, ""], false),
        ([get, other, version, ""], false),
        (["(local.set $h (i32.const -1))", version, "", ""], false),
    ];
    for (body, works) in cases {
        let code = stage.code(wat::parse_str(forger(&body.concat())).unwrap()).await;
        let grant = Arc::new(granted("t", limits(|_| {})));
        let program = stage.host.program(&code, "forger", grant).unwrap();
        match call(&program, "run", &[]).await {
            Ok(_) => assert!(works, "{body:?}"),
            Err(CallError::Trapped { message, .. }) => {
                assert!(!works && message.contains("handle"), "{body:?}: {message}");
            }
            Err(err) => panic!("{err:?}"),
        }
    }
}
