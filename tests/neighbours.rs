//! What others notice of a hostile guest: nothing.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::fmt::Debug;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::Poll;

use satama::runtime::{CallError, Stop};
use satama_tests::{Stage, call, granted, limits, run};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use wasmtime::component::Val;

/// Polls a call once, so that it has begun.
async fn begin<T: Debug>(mut call: Pin<&mut impl Future<Output = T>>) {
    let begun = poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx))).await;
    assert!(begun.is_pending(), "{begun:?}");
}

#[tokio::test]
async fn calls_over_the_tenants_limit_are_refused_and_room_comes_back() {
    let stage = Stage::sqlite().await;
    let grant = granted("t", limits(|limits| limits.concurrent_calls = 2));
    let program = stage.program("hostile", grant).await;
    let others = stage.program("hostile", granted("u", limits(|_| {}))).await;
    for _ in 0..3 {
        let (mut one, mut two) =
            (Box::pin(run(&program, "sleep")), Box::pin(run(&program, "sleep")));
        begin(one.as_mut()).await;
        begin(two.as_mut()).await;
        let busy = run(&program, "leak").await.unwrap_err();
        assert!(matches!(busy, CallError::Busy("concurrent_calls")), "{busy:?}");
        run(&others, "leak").await.unwrap().unwrap();
        drop(two);
        run(&program, "leak").await.unwrap().unwrap();
    }
}

/// Whatever ends a call, its instance goes back to the pool.
#[tokio::test]
async fn instances_come_back_however_a_call_ends() {
    const INSTANCES: u32 = 2;
    let stage = Stage::with_instances(INSTANCES).await;
    let small = limits(|limits| {
        limits.cpu_ms = 20;
        limits.wall_ms = 100;
        limits.memory_bytes = 4 << 20;
        limits.handles = 64;
    });
    let program = stage.program("hostile", granted("t", small)).await;
    let patient = stage.program("hostile", granted("t", limits(|_| {}))).await;
    let behaviours = [
        "spin",
        "sleep",
        "recurse",
        "flood",
        "leak",
        "leak-forever",
        "big-argument",
        "random",
        "exit",
        "panic",
        "unknown",
    ];
    for behaviour in behaviours {
        for _ in 0..=INSTANCES {
            let outcome = run(&program, behaviour).await;
            assert!(!matches!(outcome, Err(CallError::Busy(_))), "{behaviour}: {outcome:?}");
        }
    }
    for _ in 0..=INSTANCES {
        // Nobody waits for it any longer.
        begin(Box::pin(run(&patient, "sleep")).as_mut()).await;
    }
    let (mut one, mut two) = (Box::pin(run(&patient, "sleep")), Box::pin(run(&patient, "sleep")));
    begin(one.as_mut()).await;
    begin(two.as_mut()).await;
    let busy = run(&patient, "leak").await.unwrap_err();
    assert!(matches!(busy, CallError::Busy("instances_max")), "{busy:?}");
    drop(one);
    run(&patient, "leak").await.unwrap().unwrap();
}

/// Sockets and timers are looked after while guests compute. Counted in turns of
/// the guest, which are the same on any machine.
#[tokio::test]
async fn a_guest_that_computes_does_not_keep_others_from_their_sockets() {
    let stage = Stage::sqlite().await;
    let grant = granted("t", limits(|limits| limits.cpu_ms = 2000));
    let program = stage.program("hostile", grant).await;
    let turns = Arc::new(AtomicUsize::new(0));
    let counted = turns.clone();
    let spin = tokio::spawn(async move {
        let mut spin = pin!(run(&program, "spin"));
        poll_fn(|cx| {
            counted.fetch_add(1, Ordering::Relaxed);
            spin.as_mut().poll(cx)
        })
        .await
    });
    let (mut ours, mut theirs) = UnixStream::pair().unwrap();
    for n in 1..=5 {
        theirs.write_all(b"x").await.unwrap();
        ours.read_u8().await.unwrap();
        let turns = turns.load(Ordering::Relaxed);
        assert!(turns <= n * 5, "after {n} messages the guest had {turns} turns");
    }
    assert!(matches!(spin.await.unwrap(), Err(CallError::Stopped(Stop::Cpu(_)))));
}

/// Hostile guests of one tenant, over and over, beside the calls of another.
async fn neighbours_do_not_notice(stage: Stage) {
    let small = limits(|limits| {
        limits.cpu_ms = 30;
        limits.memory_bytes = 16 << 20;
        limits.handles = 64;
        limits.calls_per_second = 1000;
    });
    let hostile = stage.program("hostile", granted("hostile", small)).await;
    let ours = stage.program("bench", granted("ours", limits(|_| {}))).await;
    let done = Arc::new(AtomicBool::new(false));
    let mut hostiles = tokio::task::JoinSet::new();
    for behaviour in ["spin", "flood", "grow", "leak-forever"] {
        let (program, done) = (hostile.clone(), done.clone());
        hostiles.spawn(async move {
            let mut outcomes = Vec::new();
            while outcomes.is_empty() || !done.load(Ordering::Relaxed) {
                outcomes.push(run(&program, behaviour).await);
            }
            (behaviour, outcomes)
        });
    }
    for n in 0..8 {
        let key = [Val::String("granted".into()), Val::String(n.to_string()), Val::U32(1)];
        let set = [&key[..], &[Val::U32(1)]].concat();
        assert_eq!(call(&ours, "set-loop", &set).await.unwrap(), [Val::U32(1)]);
        assert_eq!(call(&ours, "get-loop", &key).await.unwrap(), [Val::U32(1)]);
        assert_eq!(call(&ours, "session-update-loop", &key).await.unwrap(), [Val::U32(1)]);
    }
    done.store(true, Ordering::Relaxed);
    for (behaviour, outcomes) in hostiles.join_all().await {
        for outcome in outcomes {
            let ended = matches!(outcome, Err(CallError::Stopped(Stop::Cpu(_))));
            // What the others have used up of the tenant's calls, one cannot even begin with.
            let refused = matches!(&outcome, Ok(Err(why)) if why.contains("QuotaExceeded"));
            let grown = behaviour == "grow" && outcome.is_ok();
            assert!(ended || refused || grown, "{behaviour}: {outcome:?}");
        }
    }
    run(&hostile, "exit").await.unwrap_err();
    assert_eq!(call(&ours, "nop", &[]).await.unwrap(), []);
}

#[tokio::test]
async fn neighbours_on_redis_do_not_notice() {
    neighbours_do_not_notice(Stage::redis().await).await;
}

#[tokio::test]
async fn neighbours_on_sqlite_do_not_notice() {
    neighbours_do_not_notice(Stage::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neighbours_on_other_threads_do_not_notice() {
    neighbours_do_not_notice(Stage::redis().await).await;
}
