//! Secrets in a file: what is in it, and what somebody else may have written there.

use satama::grant::Shelf;
use satama::secret::{Error, Keys, Upkeep as _, Value};
use satama_tests::{actor, get_secret as get, keyring, lone_key, put_secret as put};

use super::*;

async fn run(file: &mut SqliteConnection, sql: &str) {
    file.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
}

/// Each row's key and value on the row of each other.
#[tokio::test]
async fn d20_a_record_copied_elsewhere_does_not_open() {
    let h = Harness::sqlite().await;
    let (t, t2) = (grant("t"), grant("t2"));
    let vault = h.services.secret();
    let places: [(&Shelf, &str, Option<&str>); 6] = [
        (t.secret(), "admin", None),
        (t.secret(), "public", None),
        (t2.secret(), "admin", None),
        (t.credential(), "admin", Some("ann")),
        (t.credential(), "admin", Some("bob")),
        (t.credential(), "public", Some("ann")),
    ];
    for (n, (shelf, name, user)) in places.iter().enumerate() {
        // Clocks that stand still: all have one version, which tells nothing apart.
        put(vault, shelf, name, *user, &n.to_string()).await;
    }
    let mut file = database(&h.file()).await;
    assert_eq!(number(&mut file, "SELECT count(DISTINCT version) FROM secret_version").await, 1);
    run(&mut file, "CREATE TEMP TABLE kept AS SELECT * FROM secret_version").await;
    for what in ["wrap = kept.wrap, body = kept.body", "wrap = kept.wrap", "body = kept.body"] {
        for to in 0..places.len() {
            for from in 0..places.len() {
                let (to_row, from_row) = (to + 1, from + 1);
                let copy = format!(
                    "UPDATE secret_version SET {what} FROM kept
                    WHERE secret_version.secret = {to_row} AND kept.secret = {from_row}"
                );
                run(&mut file, &copy).await;
                let (shelf, name, user) = places[to];
                match get(vault, shelf, name, user).await {
                    Ok(value) => assert_eq!((value, to), (from.to_string(), from), "{what}"),
                    Err(err) => {
                        assert_ne!(to, from, "{what}: {err:?}");
                        assert!(matches!(err, Error::Undecryptable { .. }), "{err:?}");
                    }
                }
                let back = format!(
                    "UPDATE secret_version SET wrap = kept.wrap, body = kept.body FROM kept
                    WHERE secret_version.secret = {to_row} AND kept.secret = {to_row}"
                );
                run(&mut file, &back).await;
                assert_eq!(get(vault, shelf, name, user).await.unwrap(), to.to_string());
            }
        }
    }
    // And as another version of the same.
    run(&mut file, "UPDATE secret_version SET version = version + 1 WHERE secret = 1").await;
    let err = get(vault, t.secret(), "admin", None).await.unwrap_err();
    assert!(matches!(err, Error::Undecryptable { .. }), "{err:?}");
}

#[tokio::test]
async fn what_is_malformed_does_not_open_and_is_recorded() {
    let h = Harness::sqlite().await;
    let t = grant("t");
    let (vault, shelf) = (h.services.secret(), t.secret());
    put(vault, shelf, "a", None, "1").await;
    put(vault, shelf, "b", None, "2").await;
    let mut file = database(&h.file()).await;
    let undecryptable = async || {
        let events = vault.store().events(shelf.scope(), 1_000).await.unwrap();
        events.iter().filter(|event| event.outcome == "undecryptable").count()
    };
    let cases = [
        "wrap = x''",
        "wrap = CAST('main/1' AS BLOB)",
        "wrap = CAST('main/1 ' AS BLOB)",
        "wrap = CAST('main/01 x' AS BLOB)",
        "wrap = x'ff2f3120'",
        "body = x''",
        "body = x'01'",
        "body = zeroblob(100)",
        "body = CAST(x'02' || substr(body, 2) AS BLOB)",
        "body = substr(body, 1, 80)",
    ];
    for (n, case) in cases.iter().enumerate() {
        let kept = "CREATE TEMP TABLE kept AS SELECT * FROM secret_version WHERE secret = 1";
        run(&mut file, kept).await;
        run(&mut file, &format!("UPDATE secret_version SET {case} WHERE secret = 1")).await;
        let err = get(vault, shelf, "a", None).await.unwrap_err();
        assert!(matches!(err, Error::Undecryptable { .. }), "{case}: {err:?}");
        assert_eq!(undecryptable().await, n + 1, "{case}: {err:?}");
        assert_eq!(get(vault, shelf, "b", None).await.unwrap(), "2");
        let back = "UPDATE secret_version SET wrap = kept.wrap, body = kept.body FROM kept
            WHERE secret_version.secret = 1";
        run(&mut file, back).await;
        run(&mut file, "DROP TABLE kept").await;
        assert_eq!(get(vault, shelf, "a", None).await.unwrap(), "1");
    }
}

#[tokio::test]
async fn a_malformed_wrap_holds_no_rotation_up() {
    let h = Harness::sqlite().await;
    let t = grant("t");
    let (vault, shelf) = (h.services.secret(), t.secret());
    for name in ["a", "b", "c"] {
        put(vault, shelf, name, None, name).await;
    }
    let mut file = database(&h.file()).await;
    let spoil = "UPDATE secret_version SET wrap = CAST('no wrap' AS BLOB) WHERE secret =
        (SELECT row FROM secret WHERE id = 'b')";
    run(&mut file, spoil).await;
    let operator = h.builder().keys(Keys::fixed(keyring(2))).build().await.unwrap();
    let mut rotation = operator.secret().rotation(vec![shelf.scope().clone()], actor()).unwrap();
    while rotation.step().await.unwrap() {}
    let done = rotation.so_far();
    assert_eq!((done.rewrapped, done.failed, done.failures[0].id.as_str()), (2, 1, "b"));
    for name in ["a", "c"] {
        assert_eq!(get(operator.secret(), shelf, name, None).await.unwrap(), name);
    }
    // What no key opens is wrapped by none.
    operator.secret().retire(&"main/1".parse().unwrap()).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_deleted_secret_leaves_no_rows() {
    let h = Harness::sqlite().await;
    let t = grant("t");
    let vault = h.services.secret();
    for (shelf, user) in [(t.secret(), None), (t.credential(), Some("ann"))] {
        for n in 0..3 {
            put(vault, shelf, "a", user, &n.to_string()).await;
            put(vault, shelf, "b", user, "").await;
        }
        vault.delete(shelf, "a", user, &actor()).await.unwrap();
        vault.delete(shelf, "b", user, &actor()).await.unwrap();
    }
    let mut file = database(&h.file()).await;
    for (table, rows) in [("secret", 0), ("secret_version", 0), ("secret_deleted", 2)] {
        assert_eq!(number(&mut file, &format!("SELECT count(*) FROM {table}")).await, rows);
    }
}

/// Neither in the file nor in the log beside it, whatever is done with it.
#[tokio::test]
async fn no_file_has_a_value_or_a_key() {
    let h = Harness::sqlite().await;
    let t = grant("t");
    let (vault, shelf) = (h.services.secret(), t.secret());
    let value = "a value that no file has in it";
    for _ in 0..3 {
        put(vault, shelf, "a", None, value).await;
        put(vault, t.credential(), "a", Some("ann"), value).await;
    }
    let secret = vault.get(shelf, "a", None, None, &actor()).await.unwrap();
    vault.seal(&secret, b"data that none has", b"", &actor()).await.unwrap();
    let contains = |needle: &[u8]| {
        let beside = std::fs::read_dir(h.file().parent().unwrap()).unwrap();
        let mut found = false;
        for file in beside {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            found |= bytes.windows(needle.len()).any(|part| part == needle);
        }
        found
    };
    assert!(contains(b"main/1 "), "it looks where records are");
    for needle in [value.as_bytes(), b"data that none has", &[1; 32], &value.as_bytes()[..16]] {
        assert!(!contains(needle));
    }
}

/// Secrets may be in a store of their own, with nothing of them elsewhere.
#[tokio::test]
async fn secrets_may_be_on_a_store_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let [store, own] = ["store.db", "secret.db"].map(|name| folder.path().join(name));
    let services = Services::builder(StoreUrl::file(&store))
        .secret(StoreUrl::file(&own))
        .keys(Keys::fixed(lone_key("main", 1)))
        .build()
        .await
        .unwrap();
    let t = grant("t");
    put(services.secret(), t.secret(), "a", None, "1").await;
    assert_eq!(get(services.secret(), t.secret(), "a", None).await.unwrap(), "1");
    let tables = "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'secret%'";
    assert_eq!(number(&mut database(&store).await, tables).await, 0);
    let mut own = database(&own).await;
    assert_eq!(number(&mut own, "SELECT count(*) FROM secret_version").await, 1);
}

/// A writer that never ends makes calls fail that are recorded, in time and wholly.
#[tokio::test]
async fn what_cannot_be_recorded_is_not_done() {
    let h = Harness::sqlite().await;
    let t = grant("t");
    let shelf = t.secret();
    put(h.services.secret(), shelf, "a", None, "1").await;
    let deadline = Duration::from_millis(200);
    let services = loop {
        let builder = Services::builder(h.store()).deadline(deadline);
        if let Ok(services) = builder.keys(Keys::fixed(keyring(1))).build().await {
            break services;
        }
    };
    let vault = services.secret();
    let secret = h.services.secret().get(shelf, "a", None, None, &actor()).await.unwrap();
    let mut other = database(&h.file()).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    let unavailable = |done: Result<(), Error>| {
        let said = chain(&done.unwrap_err());
        assert!(said.contains("sqlite is unavailable"), "{said}");
    };
    unavailable(vault.get(shelf, "a", None, None, &actor()).await.map(drop));
    unavailable(vault.get(shelf, "a b", None, None, &actor()).await.map(drop));
    unavailable(vault.reveal(&secret, &actor()).await.map(drop));
    unavailable(vault.hmac(&secret, b"", &actor()).await.map(drop));
    let value = Value::new(b"2".to_vec());
    unavailable(vault.put(shelf, "a", None, &value, &actor()).await.map(drop));
    unavailable(vault.delete(shelf, "a", None, &actor()).await.map(drop));
    // What is not recorded waits for nobody.
    assert!(vault.exists(shelf, "a", None).await.unwrap());
    run(&mut other, "ROLLBACK").await;
    let events = h.services.secret().store().events(shelf.scope(), 100).await.unwrap();
    assert_eq!(events.len(), 2, "{events:?}");
    assert_eq!(get(h.services.secret(), shelf, "a", None).await.unwrap(), "1");
}
