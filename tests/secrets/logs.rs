//! That what is secret is in no log, at no level, and in nothing that can be printed.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use satama::grant::Shelf;
use satama::secret::{Actor, KEY_BYTES, Keys, Value};
use satama::{Guest, Services, StoreUrl};
use satama_tests::{Log, RedisServer, grant, keyring, lone_key};

use super::*;

/// Found by any search, in any of the ways to write it.
const VALUE: &str = "sk_live_Vt7QbWm3eXr9KpZa";

/// The key that wraps, as [`keyring`] has it.
const KEY: [u8; KEY_BYTES] = [1; KEY_BYTES];

on_both_stores! {
    no_log_has_a_value,
}

/// The ways in which bytes can be written.
fn forms(bytes: &[u8]) -> Vec<String> {
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let list = format!("{bytes:?}");
    // Base64 of text that they are in the middle of: by where they begin, less the ends.
    let within = (0..3).map(|skip| {
        let text = STANDARD.encode(&bytes[skip..]);
        text[..text.len() / 4 * 4 - 4].to_owned()
    });
    let mut forms = vec![
        hex.to_uppercase(),
        hex,
        list.trim_matches(['[', ']']).to_owned(),
        STANDARD.encode(bytes),
        URL_SAFE_NO_PAD.encode(bytes),
        bytes.escape_ascii().to_string(),
    ];
    forms.extend(within);
    forms
}

#[track_caller]
fn shows_nothing(text: &str) {
    for form in forms(VALUE.as_bytes()).into_iter().chain(forms(&KEY)) {
        assert!(!text.contains(&form), "`{form}` is in\n{text}");
    }
}

#[test]
#[should_panic(expected = "is in")]
fn what_is_shown_is_found() {
    shows_nothing(&format!("a list: {:?}", VALUE.as_bytes()));
}

async fn no_log_has_a_value(stage: Stage) {
    let program = stage.program("hostile_secret", granted("t", limits(|_| {}))).await;
    let behaviour = format!("all-with {VALUE}");
    let (said, log) = Log::of_all(run(&program, &behaviour)).await;
    assert_eq!(said.unwrap().as_deref(), Ok("all"));
    // It is a log of all that was done.
    for text in ["satama::audit", "satama::call", "action=\"reveal\"", "function=\"unseal\""] {
        assert!(log.contains(text), "{text} is not in\n{log}");
    }
    shows_nothing(&log);
}

/// The guest learns the case, the operator which key is missing, also without `debug`.
#[tokio::test]
async fn what_does_not_open_is_told_to_the_operator() {
    let stage = Stage::redis().await;
    let other = Services::builder(stage.server().store());
    let other = other.keys(Keys::fixed(lone_key("other", 7))).build().await.unwrap();
    let (grant, value) = (grant("t"), Value::new(VALUE.into()));
    let actor = Actor { component: "test".into(), digest: String::new(), instance: "1".into() };
    other.secret().put(grant.secret(), "granted/a", None, &value, &actor).await.unwrap();
    let bench = stage.program("bench_secret", granted("t", limits(|_| {}))).await;
    let args = [Val::Enum("get".into()), Val::String("granted/a".into()), Val::U32(1)];
    let (done, log) = Log::of("error", call(&bench, "repeat", &args)).await;
    assert_eq!(done.unwrap(), [Val::U32(0)]);
    assert!(log.contains("`granted/a` does not open") && log.contains("other/7"), "{log}");
}

/// Neither what has a value nor what has a key shows it when it is printed.
#[tokio::test]
async fn nothing_that_is_printed_has_a_value() {
    let folder = tempfile::tempdir().unwrap();
    let server = RedisServer::start();
    for store in [StoreUrl::file(folder.path().join("satama.db")), server.store()] {
        let services = Services::builder(store).keys(Keys::fixed(keyring(2)));
        let services = services.secret_cache(Duration::from_secs(60)).build().await.unwrap();
        let grant = Arc::new(grant("t"));
        let (vault, shelf): (_, &Shelf) = (services.secret(), grant.secret());
        let actor = Actor { component: "test".into(), digest: String::new(), instance: "1".into() };
        let value = Value::new(VALUE.into());
        vault.put(shelf, "a", None, &value, &actor).await.unwrap();
        let secret = vault.get(shelf, "a", None, None, &actor).await.unwrap();
        assert_eq!(vault.reveal(&secret, &actor).await.unwrap(), VALUE.as_bytes());
        let guest = Guest::new(services.clone(), grant.clone(), "guest".into());
        let keys = vault.keys().unwrap();
        for text in [
            format!("{services:?}"),
            format!("{services:#?}"),
            format!("{vault:?} {secret:?} {guest:?} {keys:?} {:?}", keys.ring()),
            format!("{grant:?} {:?}", vault.events(shelf.scope(), 100).await.unwrap()),
        ] {
            assert!(!text.is_empty());
            shows_nothing(&text);
        }
    }
}
