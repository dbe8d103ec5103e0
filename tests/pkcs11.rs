//! Keys in a PKCS #11 token, driven through SoftHSM, which is a token in a folder.
//!
//! SoftHSM reads `SOFTHSM2_CONF` when it is initialized, once in a process. So each case has
//! tokens of its own and runs in a process of its own: this program, called again for it.

#![expect(clippy::unwrap_used, reason = "what fails should end the test where it fails")]

use std::collections::HashSet;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::{AuthPin, Ulong};
use satama::secret::pkcs11::{Config, OpenError, Pin, Pkcs11Key};
use satama::secret::{DataKey, KEY_BYTES, KeyError, KeyProvider, WRAPPED_BYTES_MAX};
use zeroize::Zeroizing;

/// Where SoftHSM's packages have the module: Debian's and Alpine's, Fedora's and openSUSE's,
/// Homebrew's two.
const MODULES: [&str; 5] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
];
const MISSING: &str = "SoftHSM is missing; run `cargo xtask setup`";
const TOKEN: &str = "first";
const OTHER: &str = "second";
const PIN: &str = "a long PIN of 1";
const SO_PIN: &str = "officer's own";
const CONTEXT: &[u8] = b"satama/tenant/secret/7";

#[path = "pkcs11/faults.rs"]
mod faults;
#[path = "pkcs11/keyrings.rs"]
mod keyrings;
#[path = "pkcs11/losses.rs"]
mod losses;
#[path = "pkcs11/opens.rs"]
mod opens;
#[path = "pkcs11/wraps.rs"]
mod wraps;

macro_rules! cases {
    ($($module:ident: $($case:ident)*;)*) => { $($(
        #[test]
        fn $case() {
            alone(stringify!($case), $module::$case);
        }
    )*)* };
}

cases! {
    wraps:
        a_data_key_comes_back
        two_wraps_differ
        another_context_does_not_open
        a_changed_byte_does_not_open
        another_length_does_not_open
        another_key_does_not_open;
    opens:
        a_generated_key_stays_in_its_token
        a_second_key_of_the_name_is_not_made
        two_keys_of_a_name_are_refused
        a_missing_module_is_named
        a_file_that_is_no_module_is_refused
        settings_that_are_wrong_are_told
        a_missing_token_is_named_and_those_there_are
        two_tokens_of_a_name_are_refused
        a_missing_key_is_named
        a_wrong_pin_is_told_and_not_shown
        a_wrong_pin_is_told_while_the_token_is_open
        a_key_that_is_not_fit_is_refused;
    losses:
        two_keys_of_one_module_work
        a_token_is_left_when_its_keys_are_dropped
        many_calls_at_a_time_are_answered
        a_lost_login_is_made_again
        lost_sessions_are_opened_again
        a_handle_that_is_anothers_now_is_not_used
        a_module_that_is_gone_is_unavailable_until_it_is_back
        a_pin_that_was_changed_is_tried_once;
    faults:
        a_pin_that_cannot_be_used_is_told
        a_token_that_does_not_do_it_is_refused
        a_token_may_draw_the_iv_itself
        a_wrap_that_would_not_open_is_not_given
        a_token_that_is_away_is_no_mismatch
        a_failure_that_passes_is_not_seen
        a_session_that_is_open_needs_no_other
        a_mismatch_is_one_whatever_the_token_calls_it
        a_token_that_does_not_answer_is_given_up;
    keyrings:
        secrets_move_into_the_token_and_out_again
        a_wrong_pin_is_told_with_its_line
        a_token_that_is_away_is_unavailable_and_no_loss;
}

/// Runs `case` in a process of its own.
fn alone(name: &str, case: impl AsyncFnOnce()) {
    // Set for the process that is for the case, and for no other.
    if std::env::var_os("SATAMA_CASE").is_some_and(|case| case == name) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
        return runtime.unwrap().block_on(case());
    }
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("softhsm2.conf");
    let tokens = folder.path().join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let text = format!("directories.tokendir = {}\nlog.level = ERROR\n", tokens.display());
    std::fs::write(&settings, text).unwrap();
    init_token(&settings, TOKEN);
    init_token(&settings, OTHER);
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]);
    command.env("SATAMA_CASE", name).env("SOFTHSM2_CONF", &settings);
    command.env("MODULE", module()).env("FAULT", folder.path().join("fault"));
    let output = command.output().unwrap();
    passed(&output);
    // Not none, as when the name is not this test's whole path.
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{name} did not run");
}

/// SoftHSM's module. That it is missing fails, and says what to do.
fn module() -> &'static str {
    MODULES.into_iter().find(|module| Path::new(module).exists()).expect(MISSING)
}

fn init_token(settings: &Path, label: &str) {
    let mut command = Command::new("softhsm2-util");
    command.args(["--init-token", "--free", "--label", label, "--so-pin", SO_PIN, "--pin", PIN]);
    passed(&command.env("SOFTHSM2_CONF", settings).output().expect(MISSING));
}

#[track_caller]
fn passed(output: &Output) {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{}\n{out}\n{err}", output.status);
}

fn config(token: &str, key: &str) -> Config {
    Config { module: module().into(), token: token.into(), key: key.into(), pin: pin(PIN) }
}

fn pin(text: &str) -> Pin {
    Pin::new(Zeroizing::new(text.to_owned()))
}

/// A new key of this name in the first token.
fn key(name: &str) -> Pkcs11Key {
    Pkcs11Key::generate(&config(TOKEN, name)).unwrap();
    Pkcs11Key::open(&config(TOKEN, name)).unwrap()
}

fn data_key(byte: u8) -> DataKey {
    DataKey::new(Zeroizing::new([byte; KEY_BYTES]))
}

/// The token as another part of this process has it, logged in as all are.
fn beside(token: &str) -> Session {
    let pkcs11 = Pkcs11::new(module()).unwrap();
    _ = pkcs11.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slots = pkcs11.get_slots_with_initialized_token().unwrap();
    let ours = |slot: &_| pkcs11.get_token_info(*slot).unwrap().label() == token;
    let session = pkcs11.open_rw_session(slots.into_iter().find(ours).unwrap()).unwrap();
    _ = session.login(UserType::User, Some(&AuthPin::from(PIN)));
    session
}

/// A secret key as [`Pkcs11Key::generate`] makes it, but for `other`.
fn generate(session: &Session, name: &str, other: &[Attribute]) {
    let mut template = vec![
        Attribute::Label(name.into()),
        Attribute::ValueLen(Ulong::new(32)),
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ];
    for attribute in other {
        let kind = attribute.attribute_type();
        template.retain(|attribute| attribute.attribute_type() != kind);
    }
    template.extend_from_slice(other);
    session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
}

/// All that an error says, with all its sources, each of which may print itself.
fn chain(err: &(dyn Error + 'static)) -> String {
    let each = std::iter::successors(Some(err), |err| (*err).source());
    each.map(|err| format!("{err} [{err:?}]")).collect::<Vec<_>>().join(": ")
}

#[track_caller]
fn refused(config: &Config) -> OpenError {
    let Err(err) = Pkcs11Key::open(config) else { panic!("the key opened") };
    let text = chain(&err);
    assert!(!text.contains(PIN), "{text}");
    err
}

#[track_caller]
fn opens(answer: Result<DataKey, KeyError>, byte: u8) {
    assert_eq!(answer.unwrap_or_else(|err| panic!("{}", chain(&err))).reveal(), &[byte; 32]);
}

#[track_caller]
fn mismatch(answer: Result<DataKey, KeyError>) {
    match answer {
        Err(KeyError::Mismatch) => {}
        Err(err) => panic!("{}", chain(&err)),
        Ok(_) => panic!("it opened"),
    }
}

#[track_caller]
fn unavailable<T>(answer: Result<T, KeyError>) -> String {
    match answer {
        Err(err @ KeyError::Unavailable(_)) => chain(&err),
        Err(err) => panic!("{}", chain(&err)),
        Ok(_) => panic!("it was done"),
    }
}
