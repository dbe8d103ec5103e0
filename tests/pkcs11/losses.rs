//! A token that is shared, lost and found again.

use super::*;

pub(super) async fn two_keys_of_one_module_work() {
    let one = key("main");
    let again = Pkcs11Key::open(&config(TOKEN, "main")).unwrap();
    // The link's target is the same file.
    let module = std::fs::canonicalize(module()).unwrap();
    let linked = Pkcs11Key::open(&Config { module, ..config(TOKEN, "main") }).unwrap();
    Pkcs11Key::generate(&config(OTHER, "main")).unwrap();
    let other = Pkcs11Key::open(&config(OTHER, "main")).unwrap();
    let wrapped = one.wrap(&data_key(3), CONTEXT).await.unwrap();
    opens(again.unwrap(&wrapped, CONTEXT).await, 3);
    mismatch(other.unwrap(&wrapped, CONTEXT).await);
    drop((one, other));
    opens(again.unwrap(&wrapped, CONTEXT).await, 3);
    opens(linked.unwrap(&wrapped, CONTEXT).await, 3);
}

pub(super) async fn a_token_is_left_when_its_keys_are_dropped() {
    let open = key("main");
    open.wrap(&data_key(3), CONTEXT).await.unwrap();
    drop(open);
    let pkcs11 = Pkcs11::new(module()).unwrap();
    let slots = pkcs11.get_slots_with_initialized_token().unwrap();
    for slot in slots {
        let session = pkcs11.open_ro_session(slot).unwrap();
        assert_eq!(session.find_objects(&[]).unwrap(), [], "somebody is logged in");
    }
}

pub(super) async fn many_calls_at_a_time_are_answered() {
    let key = std::sync::Arc::new(key("main"));
    let mut calls = tokio::task::JoinSet::new();
    for byte in 0..64 {
        let key = key.clone();
        calls.spawn(async move {
            let context = [byte; 9];
            let wrapped = key.wrap(&data_key(byte), &context).await.unwrap();
            opens(key.unwrap(&wrapped, &context).await, byte);
            mismatch(key.unwrap(&wrapped, CONTEXT).await);
            wrapped
        });
    }
    let wrapped: HashSet<Vec<u8>> = calls.join_all().await.into_iter().collect();
    assert_eq!(wrapped.len(), 64);
}

pub(super) async fn a_lost_login_is_made_again() {
    let key = key("main");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    for _ in 0..3 {
        beside(TOKEN).logout().unwrap();
        opens(key.unwrap(&wrapped, CONTEXT).await, 3);
        beside(TOKEN).logout().unwrap();
        key.wrap(&data_key(3), CONTEXT).await.unwrap();
        beside(TOKEN).logout().unwrap();
        mismatch(key.unwrap(&wrapped, b"").await);
    }
}

/// Ends all that the process has with SoftHSM.
fn restart() {
    Pkcs11::new(module()).unwrap().finalize().unwrap();
    start();
}

fn start() {
    let locking = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    Pkcs11::new(module()).unwrap().initialize(locking).unwrap();
}

pub(super) async fn lost_sessions_are_opened_again() {
    let key = std::sync::Arc::new(key("main"));
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    for round in 0..5 {
        restart();
        match round % 2 {
            0 => opens(key.unwrap(&wrapped, CONTEXT).await, 3),
            _ => mismatch(key.unwrap(&wrapped, b"").await),
        }
        // So that several are idle, and lost, next time.
        let mut calls = tokio::task::JoinSet::new();
        for _ in 0..16 {
            let (key, wrapped) = (key.clone(), wrapped.clone());
            calls.spawn(async move { opens(key.unwrap(&wrapped, CONTEXT).await, 3) });
        }
        calls.join_all().await;
    }
}

pub(super) async fn a_handle_that_is_anothers_now_is_not_used() {
    for name in ["one", "two"] {
        Pkcs11Key::generate(&config(TOKEN, name)).unwrap();
    }
    restart();
    let one = Pkcs11Key::open(&config(TOKEN, "one")).unwrap();
    let old = one.wrap(&data_key(3), CONTEXT).await.unwrap();
    // SoftHSM counts handles from one again, so that what the first key has names the
    // session of the second, and the second key.
    for round in 0..2 {
        restart();
        let two = Pkcs11Key::open(&config(TOKEN, "two")).unwrap();
        if round == 0 {
            let new = one.wrap(&data_key(4), CONTEXT).await.unwrap();
            mismatch(two.unwrap(&new, CONTEXT).await);
            opens(one.unwrap(&new, CONTEXT).await, 4);
        }
        opens(one.unwrap(&old, CONTEXT).await, 3);
        let other = two.wrap(&data_key(5), CONTEXT).await.unwrap();
        opens(two.unwrap(&other, CONTEXT).await, 5);
    }
}

pub(super) async fn a_module_that_is_gone_is_unavailable_until_it_is_back() {
    let key = key("main");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    Pkcs11::new(module()).unwrap().finalize().unwrap();
    unavailable(key.unwrap(&wrapped, CONTEXT).await);
    unavailable(key.unwrap(&wrapped, b"").await);
    unavailable(key.wrap(&data_key(3), CONTEXT).await);
    start();
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
}

pub(super) async fn a_pin_that_was_changed_is_tried_once() {
    let key = key("main");
    let wrapped = key.wrap(&data_key(3), CONTEXT).await.unwrap();
    let change = |old: &str, new: &str| {
        let session = beside(TOKEN);
        _ = session.login(UserType::User, Some(&AuthPin::from(old)));
        session.set_pin(&AuthPin::from(old), &AuthPin::from(new)).unwrap();
    };
    change(PIN, "another PIN");
    // Who is logged in stays so.
    opens(key.unwrap(&wrapped, CONTEXT).await, 3);
    restart();
    let err = unavailable(key.unwrap(&wrapped, CONTEXT).await);
    assert!(err.contains("refused the PIN") && !err.contains(PIN), "{err}");
    change("another PIN", PIN);
    // It would be right again, but is not tried.
    let err = unavailable(key.unwrap(&wrapped, CONTEXT).await);
    assert!(err.contains("refused the PIN"), "{err}");
    // Nor for another who has it, as a keyring that is read again would.
    drop(key);
    let Err(err) = Pkcs11Key::open(&config(TOKEN, "main")) else { panic!("it was tried") };
    assert!(err.to_string().contains("refused the PIN"), "{err}");
}
