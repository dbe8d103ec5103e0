//! What the runtime keeps between calls, and what it tells: compiled components on
//! disk, nothing of an instance, and a span for each host call.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use satama::Digest;
use satama::runtime::{AotCache, AotError, AotUse, CallError, Code};
use satama_tests::{Log, Stage, build, call, granted, limits, run};
use tempfile::TempDir;
use wasmtime::component::Val;
use wasmtime::{Config, Engine};

/// A folder of compiled components, and the guest that is compiled into it.
struct Aot {
    folder: TempDir,
    wasm: Vec<u8>,
}

impl Aot {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), wasm: build::wasm("echo") }
    }

    /// Loads the guest on a host that has just started, and runs it.
    async fn load(&self) -> AotUse {
        let stage = Stage::with_aot(self.folder.path()).await;
        let code = stage.code(self.wasm.clone()).await;
        works(&stage, &code).await;
        code.aot()
    }

    /// The entries, in no order.
    fn entries(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    /// The one entry that there is.
    fn entry(&self) -> PathBuf {
        let entries = self.entries();
        assert_eq!(entries.len(), 1, "{entries:?}");
        entries[0].clone()
    }
}

async fn works(stage: &Stage, code: &Code) {
    let grant = Arc::new(granted("t", limits(|_| {})));
    let program = stage.host.program(code, "echo", grant).unwrap();
    assert_eq!(run(&program, "still there").await.unwrap().unwrap(), "still there");
}

#[tokio::test]
async fn a_component_is_compiled_once() {
    let aot = Aot::new();
    assert_eq!(aot.load().await, AotUse::Saved);
    assert_eq!(fs::metadata(aot.entry()).unwrap().mode() & 0o777, 0o600);
    assert_eq!(aot.load().await, AotUse::Hit);
    let stage = Stage::sqlite().await;
    assert_eq!(stage.code(aot.wasm.clone()).await.aot(), AotUse::Off);
}

#[tokio::test]
async fn hosts_that_load_it_at_once_leave_one_whole_entry() {
    let aot = Aot::new();
    let stage = Stage::with_aot(aot.folder.path()).await;
    let mut loads = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (compiler, wasm) = (stage.host.compiler().clone(), aot.wasm.clone());
        loads.spawn(async move { compiler.load(wasm).await.unwrap() });
    }
    for code in loads.join_all().await {
        works(&stage, &code).await;
    }
    aot.entry();
    assert_eq!(aot.load().await, AotUse::Hit);
}

/// So that hosts share its pages, and an instance's memory begins as some of them.
#[tokio::test]
async fn an_entry_is_mapped_and_not_copied() {
    let aot = Aot::new();
    aot.load().await;
    let entry = aot.entry().canonicalize().unwrap();
    let maps = || fs::read_to_string("/proc/self/maps").unwrap();
    let is_mapped = || maps().lines().any(|line| line.ends_with(entry.to_str().unwrap()));
    assert!(!is_mapped());
    let stage = Stage::with_aot(aot.folder.path()).await;
    let code = stage.code(aot.wasm.clone()).await;
    assert!(is_mapped());
    works(&stage, &code).await;
}

/// Whatever became of the entry, the component runs, and the entry is whole again.
#[tokio::test]
async fn a_damaged_entry_is_compiled_anew() {
    let aot = Aot::new();
    aot.load().await;
    let entry = aot.entry();
    let whole = fs::read(&entry).unwrap();
    let flip = |at: usize| {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        bytes
    };
    // The code, 32 bytes of checksum, and eight that say what it is.
    let (end, kind) = (whole.len() - 40, whole.len() - 8);
    let last = whole.len() - 1;
    let garbage = vec![0xa5; 4096];
    let signed = [&garbage, &Digest::of(&garbage).as_bytes()[..], &whole[kind..]].concat();
    let other_layout = [&whole[..last], &[whole[last] + 1]].concat();
    let flips = [0, 100, whole.len() / 2, end - 1, end, kind - 1, kind, last].map(flip);
    let cuts = [0, 7, 8, 39, 40, 41, end, kind, last].map(|at| whole[..at].to_vec());
    let longer = [&whole[..], b"x"].concat();
    let others = [longer, garbage, signed, other_layout];
    for damaged in flips.into_iter().chain(cuts).chain(others) {
        fs::write(&entry, damaged).unwrap();
        assert_eq!(aot.load().await, AotUse::Saved);
        assert_eq!(aot.load().await, AotUse::Hit);
    }
}

#[tokio::test]
async fn a_damaged_entry_is_named_in_the_log() {
    let aot = Aot::new();
    let stage = Stage::with_aot(aot.folder.path()).await;
    stage.code(aot.wasm.clone()).await;
    let entry = aot.entry();
    let engine = stage.host.compiler().engine();
    let cache = AotCache::open(aot.folder.path(), engine).unwrap();
    let load = || async { cache.load(engine, Digest::of(&aot.wasm)).is_some() };
    fs::write(&entry, "damaged").unwrap();
    let (used, log) = Log::of("warn", load()).await;
    assert!(!used && log.contains("compiled component not used: it is damaged"), "{log}");
    fs::set_permissions(&entry, Permissions::from_mode(0o666)).unwrap();
    let (used, log) = Log::of("warn", load()).await;
    assert!(!used && log.contains("not used: others can write to it"), "{log}");
    assert!(log.contains(entry.to_str().unwrap()), "{log}");
    fs::remove_file(&entry).unwrap();
    assert_eq!(Log::of("trace", load()).await, (false, String::new()));
}

/// Code that somebody else may have put there is not run, though it be whole.
#[tokio::test]
async fn an_entry_that_is_not_ours_alone_is_not_used() {
    let aot = Aot::new();
    aot.load().await;
    let entry = aot.entry();
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&entry, Permissions::from_mode(mode)).unwrap();
        assert_eq!(aot.load().await, AotUse::Saved, "{mode:o}");
        assert_eq!(fs::metadata(&entry).unwrap().mode() & 0o777, 0o600, "{mode:o}");
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let copy = elsewhere.path().join("copy");
    fs::rename(&entry, &copy).unwrap();
    symlink(&copy, &entry).unwrap();
    assert_eq!(aot.load().await, AotUse::Saved);
    assert!(entry.symlink_metadata().unwrap().is_file());
    assert_eq!(aot.load().await, AotUse::Hit);
}

#[tokio::test]
async fn another_engine_does_not_find_it() {
    let aot = Aot::new();
    aot.load().await;
    let digest = Digest::of(&aot.wasm);
    let ours = Stage::with_aot(aot.folder.path()).await;
    let engine = ours.host.compiler().engine();
    let found = |engine: &Engine| {
        AotCache::open(aot.folder.path(), engine).unwrap().load(engine, digest).is_some()
    };
    assert!(found(engine));
    let mut fuel = Config::new();
    fuel.consume_fuel(true);
    let (other, metered) = (Engine::default(), Engine::new(&fuel).unwrap());
    assert!(!found(&other) && !found(&metered));
    assert!(
        AotCache::open(aot.folder.path(), engine).unwrap().load(engine, Digest::of(b"")).is_none()
    );
}

/// Where the folder is not to be trusted, and what to mend there.
fn untrusted(folder: &Path) -> PathBuf {
    let err = AotCache::open(folder, &Engine::default()).unwrap_err();
    let AotError::Untrusted { at, .. } = &err else { panic!("{err:?}") };
    let fix = format!("others can write to {0}; run `chmod go-w {0}`", at.display());
    assert!(err.to_string().contains(&fix), "{err}");
    assert!(err.to_string().contains(&folder.display().to_string()), "{err}");
    at.clone()
}

#[tokio::test]
async fn a_folder_is_made_private() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("cache/satama/aot");
    AotCache::open(&folder, &Engine::default()).unwrap();
    for made in [&folder, folder.parent().unwrap()] {
        assert_eq!(fs::metadata(made).unwrap().mode() & 0o777, 0o700);
    }
}

#[tokio::test]
async fn a_folder_that_others_can_write_to_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().canonicalize().unwrap().join("aot");
    fs::create_dir(&folder).unwrap();
    let mode = |mode| fs::set_permissions(&folder, Permissions::from_mode(mode)).unwrap();
    // A sticky bit keeps others from ours, and not from adding theirs.
    for open in [0o770, 0o702, 0o777, 0o1777] {
        mode(open);
        assert_eq!(untrusted(&folder), folder, "{open:o}");
    }
    mode(0o755);
    AotCache::open(&folder, &Engine::default()).unwrap();
}

#[tokio::test]
async fn a_folder_below_one_that_others_can_write_to_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let world = temporary.path().canonicalize().unwrap().join("world");
    let folder = world.join("between/aot");
    fs::create_dir_all(&folder).unwrap();
    let mode = |mode| fs::set_permissions(&world, Permissions::from_mode(mode)).unwrap();
    for open in [0o777, 0o770] {
        mode(open);
        assert_eq!(untrusted(&folder), world, "{open:o}");
    }
    // As /tmp is: nobody else can move what is ours out of it.
    mode(0o1777);
    AotCache::open(&folder, &Engine::default()).unwrap();
    // A link to it leads to the same place.
    mode(0o777);
    let link = temporary.path().join("link");
    symlink(&folder, &link).unwrap();
    let err = AotCache::open(&link, &Engine::default()).unwrap_err();
    assert!(matches!(&err, AotError::Untrusted { at, .. } if *at == world), "{err}");
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_refused() {
    let temporary = tempfile::tempdir().unwrap();
    let ours = temporary.path().canonicalize().unwrap();
    // Root can give one away; anybody else has root's to try.
    let theirs = match chown(&ours, Some(12345), None) {
        Ok(()) => ours,
        Err(_) => PathBuf::from("/usr"),
    };
    assert_eq!(untrusted(&theirs), theirs);
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let folder = file.path().join("aot");
    let err = AotCache::open(&folder, &Engine::default()).unwrap_err();
    assert!(matches!(err, AotError::Io { .. }), "{err}");
    let expected = format!("the folder of compiled components, {}", folder.display());
    assert_eq!(err.to_string(), expected);
}

/// A folder over its size loses its oldest entries, and nothing but entries.
#[tokio::test]
async fn only_old_entries_are_swept() {
    let aot = Aot::new();
    let old = |name: &str, years: u64| {
        let path = aot.folder.path().join(name);
        let file = File::create(&path).unwrap();
        // No block of it is on disk.
        file.set_len(3 << 30).unwrap();
        let age = Duration::from_secs(years * 365 * 24 * 60 * 60);
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 30) - age).unwrap();
        path
    };
    let (oldest, older) = (old("a.cwasm", 2), old("b.cwasm", 1));
    let notes = old("notes.txt", 20);
    fs::create_dir(aot.folder.path().join("folder.d")).unwrap();
    let engine = Engine::default();
    let code = engine.precompile_component(&aot.wasm).unwrap();
    let digest = Digest::of(&aot.wasm);
    let cache = AotCache::open(aot.folder.path(), &engine).unwrap();
    let ((), log) = Log::of("warn", async { cache.save(&code, digest) }).await;
    assert_eq!(log, "", "it was not kept");
    assert!(!oldest.exists() && older.exists() && notes.exists());
    assert!(cache.load(&engine, digest).is_some());
}

/// A call in an instance that was another's finds nothing of it: neither in a
/// global, nor in memory that stays mapped between calls, nor in what does not.
#[tokio::test]
async fn an_instance_begins_empty() {
    let text = "(component (core module $m (memory 40) (global $g (mut i32) (i32.const 0))
        (func $add (param i32)
            (i32.store (local.get 0) (i32.add (i32.const 1) (i32.load (local.get 0)))))
        (func $sum (result i32) (i32.add (global.get $g) (i32.add
            (i32.load (i32.const 16)) (i32.load (i32.const 2000000)))))
        (func (export \"run\") (result i32) (local $found i32)
            (local.set $found (call $sum))
            (global.set $g (i32.add (global.get $g) (i32.const 1)))
            (call $add (i32.const 16)) (call $add (i32.const 2000000))
            (i32.add (i32.mul (local.get $found) (i32.const 10)) (call $sum))))
        (core instance $i (instantiate $m))
        (func (export \"run\") (result u32) (canon lift (core func $i \"run\"))))";
    let stage = Stage::with_instances(1).await;
    let code = stage.code(wat::parse_str(text).unwrap()).await;
    for tenant in ["a", "b", "a"] {
        let grant = Arc::new(granted(tenant, limits(|_| {})));
        let program = stage.host.program(&code, "counter", grant).unwrap();
        for _ in 0..5 {
            assert_eq!(call(&program, "run", &[]).await.unwrap(), [Val::U32(3)]);
        }
    }
}

/// The spans of host calls in a log, without their times.
fn spans(log: &str) -> Vec<&str> {
    let spans = log.lines().filter_map(|line| line.split_once("DEBUG call{"));
    spans.map(|(_, span)| span.split_once('}').unwrap().0).collect()
}

#[tokio::test]
async fn a_host_call_is_one_span_for_those_who_listen() {
    let stage = Stage::redis().await;
    let bench = stage.program("bench", granted("acme", limits(|_| {}))).await;
    let args = |name: &str| [Val::String(name.into()), Val::String("key".into()), Val::U32(2)];
    let work = async {
        call(&bench, "get-loop", &args("granted")).await.unwrap();
        call(&bench, "session-update-loop", &args("granted")).await.unwrap();
        call(&bench, "get-loop", &args("secret")).await.unwrap_err()
    };
    let (err, log) = Log::of("off,satama::call=debug", work).await;
    assert!(matches!(err, CallError::Trapped { .. }), "{err:?}");
    let span = |interface: &str, function: &str, outcome: &str| {
        format!(
            "tenant=\"acme\" component=\"bench\" interface=\"{interface}\" \
             function=\"{function}\" outcome=\"{outcome}\""
        )
    };
    let expected = [
        span("cache", "bucket.open", "ok"),
        span("cache", "bucket.get", "ok"),
        span("cache", "bucket.get", "ok"),
        span("session", "store.open", "ok"),
        span("session", "store.update", "ok"),
        span("session", "store.update", "ok"),
        span("cache", "bucket.open", "access-denied"),
    ];
    assert_eq!(spans(&log), expected);
    let denied = "WARN satama::call: cache `secret` is not granted \
                  tenant=\"acme\" component=\"bench\" interface=\"cache\"";
    assert!(log.lines().any(|line| line.ends_with(denied)), "{log}");

    let args = args("granted");
    let (done, log) = Log::of("trace,satama::call=info", call(&bench, "get-loop", &args)).await;
    assert_eq!(done.unwrap(), [Val::U32(0)]);
    assert_eq!(spans(&log), [""; 0]);
}
