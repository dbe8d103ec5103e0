//! Every guest of `tests/guests` by name, on a real host and on both stores; and
//! what does not even link. `hostile.rs` has what the hostile one may try.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use satama::grant::{Dir, Grant, Limits, Names, Wasi};
use satama::runtime::{Host, LinkError, LoadError};
use satama_tests::{Stage, build, call, granted, limits, on_both_stores, program, run};
use wasmtime::component::Val;

on_both_stores! {
    cache_basic,
    session_basic,
    channel_basic,
    hub_basic,
    sdk_basic,
    bench,
    bench_hub,
    hostile,
    a_bucket_outlives_its_instance_and_is_its_tenants_alone,
    of_racing_guests_one_computes,
}

/// That the guest finds all that it expects.
async fn passes(stage: &Stage, guest: &str, done: &str) {
    let program = stage.program(guest, granted("t", limits(|_| {}))).await;
    // Twice: the second meets what the first left behind.
    for _ in 0..2 {
        assert_eq!(run(&program, "").await.unwrap().as_deref(), Ok(done));
    }
}

async fn cache_basic(stage: Stage) {
    passes(&stage, "cache_basic", "every function of the cache").await;
}

async fn channel_basic(stage: Stage) {
    passes(&stage, "channel_basic", "every function of channels").await;
}

async fn hub_basic(stage: Stage) {
    passes(&stage, "hub_basic", "every function of the hub").await;
}

async fn session_basic(stage: Stage) {
    passes(&stage, "session_basic", "every function of the session store").await;
}

async fn sdk_basic(stage: Stage) {
    passes(&stage, "sdk_basic", "the helpers of the SDK").await;
}

async fn hostile(stage: Stage) {
    let small = limits(|limits| {
        limits.calls_per_second = 100;
        limits.handles = 8;
    });
    let program = stage.program("hostile", granted("t", small)).await;
    let handles = run(&program, "leak").await.unwrap().unwrap();
    assert_eq!(handles, "8");
    // Its tenant made nine of the calls by then.
    let calls = run(&program, "flood-until-quota").await.unwrap().unwrap();
    assert!(calls.parse::<u32>().unwrap() >= 90, "{calls}");
}

fn text(text: &str) -> Val {
    Val::String(text.into())
}

async fn bench(stage: Stage) {
    let bench = stage.program("bench", granted("t", limits(|_| {}))).await;
    let (name, key, n) = (text("granted"), text("key"), Val::U32(3));
    let get = [name.clone(), key.clone(), n.clone()];
    assert_eq!(call(&bench, "nop", &[]).await.unwrap(), []);
    assert_eq!(call(&bench, "get-loop", &get).await.unwrap(), [Val::U32(0)]);
    let set = [name.clone(), key.clone(), n.clone(), Val::U32(100)];
    assert_eq!(call(&bench, "set-loop", &set).await.unwrap(), [Val::U32(3)]);
    assert_eq!(call(&bench, "get-loop", &get).await.unwrap(), [Val::U32(3)]);
    assert_eq!(call(&bench, "session-get-loop", &get).await.unwrap(), [Val::U32(0)]);
    assert_eq!(call(&bench, "session-update-loop", &get).await.unwrap(), [Val::U32(3)]);
    assert_eq!(call(&bench, "session-get-loop", &get).await.unwrap(), [Val::U32(3)]);
    assert_eq!(call(&bench, "counts-loop", &[name, n]).await.unwrap(), []);
}

async fn bench_hub(stage: Stage) {
    let bench = stage.program("bench_hub", granted("t", limits(|_| {}))).await;
    for (operation, id, found) in [
        ("add", "a", 3),
        ("get", "a/0", 3),
        ("set-user", "a/0", 3),
        ("of-user", "ann", 3),
        ("set-state", "a/0", 3),
        ("compare-and-set-state", "a/0", 3),
        ("get-state", "a/0", 3),
        ("touch", "a/0", 3),
        ("all", "", 3),
        // Nobody holds its socket.
        ("send", "a/0", 0),
        ("subscribe", "a", 3),
        ("topics", "a/0", 3),
        ("members", "topic-0", 3),
        ("publish", "topic-0", 3),
        ("publish-kept", "topic-0", 3),
        ("history", "topic-0", 3),
        ("unsubscribe", "a", 3),
        ("remove", "a", 3),
    ] {
        let args = [Val::Enum(operation.into()), text("granted"), text(id), Val::U32(3)];
        let done = call(&bench, "repeat", &args).await.unwrap();
        assert_eq!(done, [Val::U32(found)], "{operation}");
    }
}

async fn a_bucket_outlives_its_instance_and_is_its_tenants_alone(stage: Stage) {
    let ours = stage.program("bench", granted("ours", limits(|_| {}))).await;
    let theirs = stage.program("bench", granted("theirs", limits(|_| {}))).await;
    let key = [text("granted"), text("key"), Val::U32(1)];
    let set = [&key[..], &[Val::U32(1)]].concat();
    call(&ours, "set-loop", &set).await.unwrap();
    call(&ours, "session-update-loop", &key).await.unwrap();
    for get in ["get-loop", "session-get-loop"] {
        assert_eq!(call(&ours, get, &key).await.unwrap(), [Val::U32(1)], "{get}");
        assert_eq!(call(&theirs, get, &key).await.unwrap(), [Val::U32(0)], "{get}");
    }
}

/// Calls on two hosts of one store render the same documents at the same time.
async fn of_racing_guests_one_computes(stage: Stage) {
    const DOCUMENTS: usize = 20;
    const CALLS: usize = 6;
    let folder = tempfile::tempdir().unwrap();
    for n in 0..DOCUMENTS {
        fs::write(folder.path().join(format!("{n}.md")), format!("# Document {n}\n")).unwrap();
    }
    let other_host = stage.other_host().await;
    let mut calls = tokio::task::JoinSet::new();
    for host in [&stage.host, &other_host] {
        let program = program(host, "library", library(folder.path())).await;
        for _ in 0..CALLS / 2 {
            let program = program.clone();
            calls.spawn(async move { call(&program, "process", &[text(".")]).await.unwrap() });
        }
    }
    let mut rendered = 0;
    for results in calls.join_all().await {
        let [Val::Result(Ok(Some(report)))] = results.as_slice() else { panic!("{results:?}") };
        let Val::String(report) = &**report else { panic!("{report:?}") };
        assert!(report.contains(&format!("\n{DOCUMENTS} documents, ")), "{report}");
        rendered += report.lines().filter(|line| line.contains("  rendered  ")).count();
    }
    assert_eq!(rendered, DOCUMENTS, "by {CALLS} calls");
}

/// What the library asks for, and the folder of its documents.
fn library(folder: &Path) -> Arc<Grant> {
    let dirs = vec![Dir { host: folder.to_owned(), guest: "/docs".into() }];
    let grant = Grant::new("t", limits(|_| {})).unwrap();
    let library = || Names::new(["library"]).unwrap();
    let grant = grant.with_cache(Names::new(["documents"]).unwrap()).with_hub(library());
    let grant = grant.with_session(Names::new(["library"]).unwrap());
    Arc::new(grant.with_wasi(Wasi { env: Vec::new(), dirs }))
}

#[tokio::test]
async fn echo() {
    let stage = Stage::sqlite().await;
    let nothing = Grant::new("t", Limits::default()).unwrap();
    let program = stage.program("echo", nothing).await;
    for arg in ["", "text", "\0\u{1b}\n\u{10ffff}", &"x".repeat(1 << 20)] {
        assert_eq!(run(&program, arg).await.unwrap().as_deref(), Ok(arg));
    }
}

#[tokio::test]
async fn wasi_basic() {
    let stage = Stage::sqlite().await;
    let nothing = Grant::new("t", Limits::default()).unwrap();
    let program = stage.program("wasi_basic", nothing).await;
    assert_eq!(run(&program, "nothing").await.unwrap().unwrap(), "what a grant of nothing shows");

    let folder = tempfile::tempdir().unwrap();
    let (secret, docs) = (folder.path().join("secret.txt"), folder.path().join("docs"));
    fs::create_dir_all(docs.join("sub")).unwrap();
    fs::write(docs.join("a.txt"), "a").unwrap();
    fs::write(docs.join("sub/b.txt"), "b").unwrap();
    fs::write(&secret, "secret").unwrap();
    symlink("a.txt", docs.join("inside")).unwrap();
    symlink("../secret.txt", docs.join("above")).unwrap();
    symlink(&secret, docs.join("absolute")).unwrap();
    symlink("..", docs.join("up")).unwrap();

    let dirs = vec![Dir { host: docs.clone(), guest: "/docs".into() }];
    let wasi = Wasi { env: vec![("NAME".into(), "value".into())], dirs };
    let grant = Grant::new("t", Limits::default()).unwrap().with_wasi(wasi);
    let program = stage.program("wasi_basic", grant).await;
    assert_eq!(run(&program, "folder").await.unwrap().unwrap(), "what a grant of folder shows");
    assert_eq!(fs::read(docs.join("a.txt")).unwrap(), b"a");
    assert_eq!(fs::read(secret).unwrap(), b"secret");
    assert_eq!(fs::read_dir(docs).unwrap().count(), 6);
}

/// Why a component with these bytes does not link under `grant`.
async fn refused(stage: &Stage, wasm: Vec<u8>, grant: Grant) -> LinkError {
    let code = stage.code(wasm).await;
    let refused = stage.host.program(&code, "guest", Arc::new(grant)).unwrap_err();
    let checked = code.check(stage.host.compiler().engine(), &granted_nothing()).unwrap_err();
    assert!(checked.refused.len() >= refused.refused.len());
    refused
}

fn granted_nothing() -> Grant {
    Grant::new("t", Limits::default()).unwrap()
}

#[tokio::test]
async fn fetch_gets_no_sockets() {
    let stage = Stage::sqlite().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let program = stage.program("fetch", granted("t", limits(|_| {}))).await;
    let said = run(&program, &listener.local_addr().unwrap().to_string()).await.unwrap();
    assert_eq!(said.as_deref(), Ok("permission denied\npermission denied\nno name"));
}

#[tokio::test]
async fn what_is_not_granted_says_what_to_add() {
    let stage = Stage::sqlite().await;
    let cache = Names::new(["granted"]).unwrap();
    let some = granted_nothing().with_cache(cache);
    let cases = [
        ("cache_basic", granted_nothing(), "cache", "[cache]\n    buckets = [\"NAME\"]"),
        ("session_basic", some, "session", "[session]\n    stores = [\"NAME\"]"),
    ];
    for (guest, grant, service, fix) in cases {
        let refused = refused(&stage, build::wasm(guest), grant).await;
        let expected = format!(
            "the component does not link\n  import `satama:services/{service}@0.1.0`: \
             it is not granted; add to the manifest:\n    {fix}"
        );
        assert_eq!(refused.to_string(), expected);
    }
}

/// The component with another name of the cache's interface, as long as its own.
fn renamed(guest: &str, name: &str) -> Vec<u8> {
    const NAME: &[u8] = b"satama:services/cache@0.1.0";
    assert_eq!(name.len(), NAME.len(), "a component tells the length before");
    let mut wasm = build::wasm(guest);
    let mut renamed = 0;
    for at in 0..wasm.len() - NAME.len() {
        if wasm[at..].starts_with(NAME) {
            wasm[at..at + NAME.len()].copy_from_slice(name.as_bytes());
            renamed += 1;
        }
    }
    assert!(renamed > 0, "{guest} does not import the cache");
    wasm
}

#[tokio::test]
async fn another_version_is_told_from_ours() {
    let stage = Stage::sqlite().await;
    for version in ["0.2.0", "1.1.0", "0.0.1"] {
        let import = format!("satama:services/cache@{version}");
        let wasm = renamed("cache_basic", &import);
        let refused = refused(&stage, wasm, granted("t", Limits::default())).await;
        let expected = format!(
            "the component does not link\n  import `{import}`: it was built for version {version} of \
             satama:services, this host offers 0.1.0; build the component with the WIT of 0.1.0, or \
             use another satama"
        );
        assert_eq!(refused.to_string(), expected);
    }
    let newer = stage.code(renamed("cache_basic", "satama:services/cache@0.1.9")).await;
    let grant = Arc::new(granted("t", limits(|_| {})));
    let program = stage.host.program(&newer, "newer", grant).unwrap();
    run(&program, "").await.unwrap().unwrap();
}

#[tokio::test]
async fn a_service_that_there_is_not_is_named() {
    let stage = Stage::sqlite().await;
    let wasm = renamed("cache_basic", "satama:services/cacho@0.1.0");
    let refused = refused(&stage, wasm, granted("t", Limits::default())).await;
    let why = "import `satama:services/cacho@0.1.0`: this host has no service `cacho`; use a newer satama";
    assert!(refused.to_string().ends_with(why), "{refused}");
}

async fn not_loaded(host: &Host, wasm: impl Into<Vec<u8>>) -> LoadError {
    host.compiler().load(wasm.into()).await.unwrap_err()
}

#[tokio::test]
async fn what_is_no_component_is_told_so() {
    let stage = Stage::sqlite().await;
    let module = wat::parse_str("(module (func (export \"run\")))").unwrap();
    let said = not_loaded(&stage.host, module).await.to_string();
    assert!(said.starts_with("it is a core module, not a component; build it for wasm32-wasip2"));
    for noise in [&b""[..], b"\0", b"\0asm", b"\x7fELF\x02\x01", b"(component)", &[0xa5; 4096]] {
        let said = not_loaded(&stage.host, noise).await.to_string();
        let module = noise.starts_with(b"\0asm");
        assert_eq!(said.starts_with("it is a core module"), module, "{noise:?}: {said}");
        assert_eq!(said == "it is not WebAssembly", !module, "{noise:?}: {said}");
    }
}

#[tokio::test]
async fn a_damaged_component_does_not_compile() {
    let stage = Stage::sqlite().await;
    let whole = build::wasm("echo");
    for end in [8, 9, whole.len() / 2, whole.len() - 1] {
        let Ok(code) = stage.host.compiler().load(whole[..end].to_vec()).await else { continue };
        // Its header alone is a component: an empty one.
        assert_eq!(end, 8);
        assert!(code.exports(stage.host.compiler().engine()).is_empty());
    }
    let mut broken = whole.clone();
    broken[whole.len() / 2..].fill(0xff);
    let err = not_loaded(&stage.host, broken).await;
    assert_eq!(err.to_string(), "the component does not compile");
    assert!(std::error::Error::source(&err).is_some());
}
