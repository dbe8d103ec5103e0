//! What tokens do that SoftHSM does not: its module with a fault.

use super::*;

/// A key of the module that is faulty for as long as the file `$FAULT` says how.
pub(super) fn faulty() -> Config {
    let module = beside_settings("faulty.so");
    if !module.exists() {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/pkcs11/faulty.c");
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"]).arg(&module).arg(source);
        passed(
            &command
                .output()
                .expect("`cc` is missing, which Rust links with; run `cargo xtask setup`"),
        );
    }
    Config { module, ..config(TOKEN, "main") }
}

fn beside_settings(name: &str) -> PathBuf {
    Path::new(&std::env::var_os("SOFTHSM2_CONF").unwrap()).with_file_name(name)
}

pub(super) fn begin(fault: &str) {
    std::fs::write(beside_settings("fault"), fault).unwrap();
}

pub(super) fn end() {
    std::fs::remove_file(beside_settings("fault")).unwrap();
}

fn open() -> Pkcs11Key {
    Pkcs11Key::generate(&faulty()).unwrap();
    Pkcs11Key::open(&faulty()).unwrap()
}

pub(super) async fn a_pin_that_cannot_be_used_is_told() {
    Pkcs11Key::generate(&faulty()).unwrap();
    begin("locked");
    assert!(matches!(refused(&faulty()), OpenError::PinLocked(_)));
    begin("expired");
    assert!(matches!(refused(&faulty()), OpenError::PinExpired(_)));
    begin("no PIN");
    assert!(matches!(refused(&faulty()), OpenError::NoPin(_)));
    end();
    Pkcs11Key::open(&faulty()).unwrap();
}

pub(super) async fn a_token_that_does_not_do_it_is_refused() {
    Pkcs11Key::generate(&faulty()).unwrap();
    for fault in ["no GCM", "secret IV"] {
        begin(fault);
        let err = refused(&faulty());
        assert!(matches!(err, OpenError::Trial(..)), "{fault}: {err}");
    }
}

pub(super) async fn a_token_may_draw_the_iv_itself() {
    let key = open();
    begin("own IV");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    end();
    assert_eq!(wrapped[..12], [0x5A; 12]);
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
}

pub(super) async fn a_wrap_that_would_not_open_is_not_given() {
    let key = open();
    begin("secret IV");
    unavailable(key.wrap(&data_key(3), CONTEXT).await);
    end();
    key.wrap(&data_key(3), CONTEXT).await.unwrap();
}

pub(super) async fn a_token_that_is_away_is_no_mismatch() {
    let key = open();
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    for fault in ["removed", "fails"] {
        begin(fault);
        unavailable(key.unwrap(&wrapped, CONTEXT).await);
        unavailable(key.unwrap(&wrapped, b"").await);
        unavailable(key.wrap(&data_key(3), CONTEXT).await);
        end();
        opens(key.unwrap(&wrapped, CONTEXT).await, 3);
    }
}

pub(super) async fn a_failure_that_passes_is_not_seen() {
    let key = open();
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    begin("removed once");
    key.wrap(&data_key(3), CONTEXT).await.unwrap();
    // What SoftHSM says of a mismatch, of something else.
    begin("fails once");
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
    begin("fails once");
    mismatch(key.unwrap(&wrapped, b"").await);
}

pub(super) async fn a_session_that_is_open_needs_no_other() {
    let key = open();
    begin("no sessions left");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
}

pub(super) async fn a_mismatch_is_one_whatever_the_token_calls_it() {
    let key = open();
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    begin("standard");
    mismatch(key.unwrap(&wrapped, b"").await);
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
}

pub(super) async fn a_token_that_does_not_answer_is_given_up() {
    let key = open();
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    begin("slow");
    let started = std::time::Instant::now();
    let err = unavailable(key.wrap(&data_key(3), CONTEXT).await);
    assert!(err.contains("did not answer within 10 seconds"), "{err}");
    assert!((10..12).contains(&started.elapsed().as_secs()));
    end();
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
}
