//! Secrets as guests meet them: what they can do, what does not link, what a hostile one
//! tries, and what of it all reaches the log.

#![expect(clippy::unwrap_used, reason = "what fails here should end the test where it fails")]

use std::sync::Arc;

use satama::grant::{Grant, Limits, Names, SecretGrant};
use satama::runtime::LinkError;
use satama_tests::{Stage, build, call, granted, limits, on_both_stores, run, some_secrets};
use wasmtime::component::Val;

#[path = "secrets/hostile.rs"]
mod hostile;
#[path = "secrets/logs.rs"]
mod logs;

on_both_stores! {
    secret_basic,
    credential_basic,
    bench_secret,
}

/// What the guests of the tests find of another's.
async fn another_puts(stage: &Stage) {
    for name in ["hidden", "read-only"] {
        stage.put_secret("t", name, None, b"another's").await;
        stage.put_secret("t", name, Some("ann"), b"another's").await;
    }
    stage.put_secret("t", "granted/a", None, b"the tenant's own").await;
}

/// That the guest finds all that it expects.
async fn passes(stage: &Stage, guest: &str, grant: Grant, done: &str) {
    another_puts(stage).await;
    let program = stage.program(guest, grant).await;
    // Twice: the second meets what the first left behind.
    for _ in 0..2 {
        assert_eq!(run(&program, "").await.unwrap().as_deref(), Ok(done));
    }
}

async fn secret_basic(stage: Stage) {
    let grant = Grant::new("t", limits(|_| {})).unwrap().with_secret(some_secrets());
    passes(&stage, "secret_basic", grant, "every function of secrets").await;
}

/// It is granted no secret, and links all the same.
async fn credential_basic(stage: Stage) {
    let grant = Grant::new("t", limits(|_| {})).unwrap().with_credential(some_secrets());
    passes(&stage, "credential_basic", grant, "every function of credentials").await;
}

async fn bench_secret(stage: Stage) {
    let bench = stage.program("bench_secret", granted("t", limits(|_| {}))).await;
    let repeat = async |operation: &str, name: &str| {
        let args = [Val::Enum(operation.into()), Val::String(name.into()), Val::U32(3)];
        call(&bench, "repeat", &args).await.unwrap()
    };
    assert_eq!(repeat("exists", "granted/k").await, [Val::U32(0)]);
    for n in 0..10 {
        assert_eq!(repeat("put", &format!("granted/k/{n}")).await, [Val::U32(3)]);
    }
    for operation in ["put", "get", "get-many", "exists", "hmac"] {
        assert_eq!(repeat(operation, "granted/k").await, [Val::U32(3)], "{operation}");
    }
}

/// Why a guest does not link under `grant`.
async fn refused(stage: &Stage, guest: &str, grant: Grant) -> LinkError {
    let code = stage.code(build::wasm(guest)).await;
    stage.host.program(&code, "guest", Arc::new(grant)).unwrap_err()
}

/// The error for imports of these interfaces, and what is to be added for each.
fn not_granted(interfaces: &[(&str, &str)]) -> String {
    let line = |(interface, lines): &(&str, &str)| {
        let import = format!("\n  import `satama:services/{interface}@0.1.0`: it is not granted; ");
        format!("{import}add to the manifest:\n    {}", lines.replace('\n', "\n    "))
    };
    let lines: String = interfaces.iter().map(line).collect();
    format!("the component does not link{lines}")
}

/// To read is not to reveal, and neither is there without its grant.
#[tokio::test]
async fn what_reveals_secrets_is_granted_apart() {
    let stage = Stage::sqlite().await;
    let grant = || Grant::new("t", Limits::default()).unwrap();
    let but_reveal = || SecretGrant { reveal: Names::default(), ..some_secrets() };
    let read = "[secret]\nread = [\"NAME\"]";
    let reveal = ("secret-reveal", "[secret]\nread = [\"NAME\"]\nreveal = [\"NAME\"]");
    for grant in [grant().with_secret(but_reveal()), grant().with_credential(but_reveal())] {
        let refused = refused(&stage, "secret_basic", grant).await;
        assert_eq!(refused.to_string(), not_granted(&[reveal]));
    }
    let refused_all = refused(&stage, "secret_basic", grant()).await;
    let all = [("secret", read), ("secret-use", read), reveal];
    assert_eq!(refused_all.to_string(), not_granted(&all));
    let credential = [("credential", "[credential]\nread = [\"NAME\"]")];
    let secrets_only = grant().with_secret(some_secrets());
    let refused = refused(&stage, "credential_basic", secrets_only).await;
    assert_eq!(refused.to_string(), not_granted(&credential));
}
