//! Records of secrets that somebody changed in the server: none is taken for what it is
//! not, and whoever reads one is told, and recorded.

use std::collections::BTreeMap;

use redis::cmd;
use satama::grant::Shelf;
use satama::secret::{Error, Upkeep as _};
use satama_tests::{actor, get_secret as get, put_secret as put};

use super::*;

/// A shelf, a name and a user, and what they are in the server: the scope and the id.
type Copied<'a> = (&'a Shelf, &'a str, Option<&'a str>, (&'a str, &'a str));

/// The keys of records, by what is after their shard: `r:` and the id.
async fn records(server: &RedisServer) -> BTreeMap<(String, String), Vec<u8>> {
    let mut records = BTreeMap::new();
    for key in server.keys().await {
        let text = String::from_utf8_lossy(&key).into_owned();
        let Some((tag, id)) = text.split_once("}r:") else { continue };
        // `{tenant:kind::shard`
        let scope = tag[1..].rsplit_once("::").unwrap().0.to_owned();
        records.insert((scope, id.to_owned()), key);
    }
    records
}

/// Every record on the place of every other: other names, users, tenants, kinds.
#[tokio::test]
async fn d20_a_record_copied_elsewhere_does_not_open() {
    let h = Harness::redis().await;
    let (t, t2) = (grant("t"), grant("t2"));
    let vault = h.services.secret();
    let places: [Copied<'_>; 6] = [
        (t.secret(), "admin", None, ("t:secret", "admin")),
        (t.secret(), "public", None, ("t:secret", "public")),
        (t2.secret(), "admin", None, ("t2:secret", "admin")),
        (t.credential(), "admin", Some("ann"), ("t:credential", "ann/admin")),
        (t.credential(), "admin", Some("bob"), ("t:credential", "bob/admin")),
        (t.credential(), "public", Some("ann"), ("t:credential", "ann/public")),
    ];
    for (shelf, name, user, (scope, id)) in places {
        put(vault, shelf, name, user, &format!("{scope} {id}")).await;
    }
    let keys = records(h.server()).await;
    assert_eq!(keys.len(), places.len());
    let key = |(scope, id): (&str, &str)| &keys[&(scope.to_owned(), id.to_owned())];
    // Each is kept aside, so that it can be put back.
    for (.., from) in places {
        let mut aside = key(from).clone();
        aside.extend(b" aside");
        h.server().query::<()>(cmd("COPY").arg(key(from)).arg(aside)).await;
    }
    for (shelf, name, user, to) in places {
        for (.., from) in places {
            let mut aside = key(from).clone();
            aside.extend(b" aside");
            let mut copy = cmd("COPY");
            copy.arg(aside).arg(key(to)).arg("REPLACE");
            h.server().query::<()>(&copy).await;
            match get(vault, shelf, name, user).await {
                Ok(value) => {
                    assert_eq!(to, from);
                    assert_eq!(value, format!("{} {}", from.0, from.1));
                }
                Err(err) => {
                    assert_ne!(to, from);
                    assert!(matches!(err, Error::Undecryptable { .. }), "{err:?}");
                }
            }
        }
    }
}

/// Parts of a record on the place of another's, and of another version's.
#[tokio::test]
async fn d20_a_part_of_a_record_copied_elsewhere_does_not_open() {
    let h = Harness::redis().await;
    let t = grant("t");
    let (vault, shelf) = (h.services.secret(), t.secret());
    for name in ["a", "b"] {
        put(vault, shelf, name, None, "old").await;
        put(vault, shelf, name, None, "new").await;
    }
    let keys = records(h.server()).await;
    let [a, b] = ["a", "b"].map(|name| keys[&("t:secret".to_owned(), name.to_owned())].clone());
    let versions = |hash: &BTreeMap<String, Vec<u8>>| -> Vec<String> {
        let head = String::from_utf8(hash["head"].clone()).unwrap();
        head.split(' ').skip(1).map(str::to_owned).collect()
    };
    let of = |key: &Vec<u8>| cmd("HGETALL").arg(key).clone();
    let ours: BTreeMap<String, Vec<u8>> = h.server().query(&of(&a)).await;
    let theirs: BTreeMap<String, Vec<u8>> = h.server().query(&of(&b)).await;
    let (old, new) = (versions(&ours)[0].clone(), versions(&ours)[1].clone());
    let their = versions(&theirs)[1].clone();
    let replaced: Vec<Vec<(String, Vec<u8>)>> = vec![
        // The key, the value, or both of the version before.
        vec![(format!("w{new}"), ours[&format!("w{old}")].clone())],
        vec![(format!("c{new}"), ours[&format!("c{old}")].clone())],
        vec![
            (format!("w{new}"), ours[&format!("w{old}")].clone()),
            (format!("c{new}"), ours[&format!("c{old}")].clone()),
        ],
        // The same of another secret.
        vec![(format!("w{new}"), theirs[&format!("w{their}")].clone())],
        vec![(format!("c{new}"), theirs[&format!("c{their}")].clone())],
        vec![
            (format!("w{new}"), theirs[&format!("w{their}")].clone()),
            (format!("c{new}"), theirs[&format!("c{their}")].clone()),
        ],
    ];
    for fields in replaced {
        for (field, bytes) in &fields {
            h.server().query::<()>(cmd("HSET").arg(&a).arg(field).arg(bytes)).await;
        }
        let err = get(vault, shelf, "a", None).await.unwrap_err();
        assert!(matches!(err, Error::Undecryptable { .. }), "{err:?}");
        for (field, bytes) in &ours {
            h.server().query::<()>(cmd("HSET").arg(&a).arg(field).arg(bytes)).await;
        }
        assert_eq!(get(vault, shelf, "a", None).await.unwrap(), "new");
    }
    // An old version as the newest is not found to be new: it is given as what it is.
    h.server().query::<()>(cmd("HSET").arg(&a).arg("head").arg(format!("{old} {old}"))).await;
    let secret = vault.get(shelf, "a", None, None, &actor()).await.unwrap();
    assert_eq!(secret.version().to_string(), old);
}

/// Whatever is wrong with it: told as what does not open, recorded as that, and no other
/// secret is held up.
#[tokio::test]
async fn what_is_malformed_does_not_open_and_is_recorded() {
    let h = Harness::redis().await;
    let t = grant("t");
    let (vault, shelf) = (h.services.secret(), t.secret());
    let version = put(vault, shelf, "a", None, "1").await;
    let key = records(h.server()).await.into_values().next().unwrap();
    let of = cmd("HGETALL").arg(&key).clone();
    let whole: BTreeMap<String, Vec<u8>> = h.server().query(&of).await;
    let (wrap, value) = (format!("w{version}"), format!("c{version}"));
    let box_of = |format: u8| [&[format][..], &whole[&value][1..]].concat();
    let cases: Vec<(&str, Option<Vec<u8>>)> = vec![
        (&wrap, Some(Vec::new())),
        (&wrap, Some(b"main/1".to_vec())),
        (&wrap, Some(b"main/1 ".to_vec())),
        (&wrap, Some(b" x".to_vec())),
        (&wrap, Some(b"main x".to_vec())),
        (&wrap, Some(b"main/01 x".to_vec())),
        (&wrap, Some(b"\xff/1 x".to_vec())),
        (&wrap, Some(whole[&wrap][..50].to_vec())),
        (&value, Some(Vec::new())),
        (&value, Some(vec![1])),
        (&value, Some(vec![1; 80])),
        (&value, Some(box_of(0))),
        (&value, Some(box_of(2))),
        (&value, Some(whole[&value][..100.min(whole[&value].len() - 1)].to_vec())),
        (&value, None),
    ];
    let undecryptable = async || {
        let events = vault.store().events(shelf.scope(), 1_000).await.unwrap();
        events.iter().filter(|event| event.outcome == "undecryptable").count()
    };
    for (n, (field, bytes)) in cases.iter().enumerate() {
        match bytes {
            Some(bytes) => {
                h.server().query::<()>(cmd("HSET").arg(&key).arg(field).arg(bytes)).await
            }
            None => h.server().query::<()>(cmd("HDEL").arg(&key).arg(field)).await,
        }
        let err = get(vault, shelf, "a", None).await.unwrap_err();
        assert!(matches!(err, Error::Undecryptable { .. }), "{field} {bytes:?}: {err:?}");
        assert_eq!(undecryptable().await, n + 1, "{field} {bytes:?}: {err:?}");
        h.server().query::<()>(cmd("HSET").arg(&key).arg(field).arg(&whole[*field])).await;
        assert_eq!(get(vault, shelf, "a", None).await.unwrap(), "1");
    }
    // A version that is listed and is not there is as one that never was.
    h.server().query::<()>(cmd("HDEL").arg(&key).arg(&wrap)).await;
    assert!(matches!(get(vault, shelf, "a", None).await, Err(Error::NotFound)));
    h.server().query::<()>(cmd("HSET").arg(&key).arg("head").arg("x")).await;
    let known = vault.describe(shelf, "a", None).await;
    assert!(matches!(known, Err(Error::Undecryptable { .. })), "{known:?}");
}

/// One that cannot be made sense of keeps no other from being rotated.
#[tokio::test]
async fn a_malformed_wrap_holds_no_rotation_up() {
    let h = Harness::redis().await;
    let t = grant("t");
    let (vault, shelf) = (h.services.secret(), t.credential());
    for name in ["a", "b", "c"] {
        put(vault, shelf, name, Some("ann"), name).await;
    }
    let key = records(h.server()).await[&("t:credential".to_owned(), "ann/b".to_owned())].clone();
    let version = vault.describe(shelf, "b", Some("ann")).await.unwrap().version;
    let field = format!("w{version}");
    h.server().query::<()>(cmd("HSET").arg(&key).arg(field).arg("no wrap")).await;
    let keys = satama::secret::Keys::fixed(satama_tests::keyring(2));
    let operator = h.builder().keys(keys).build().await.unwrap();
    let mut rotation = operator.secret().rotation(vec![shelf.scope().clone()], actor()).unwrap();
    while rotation.step().await.unwrap() {}
    let done = rotation.so_far();
    assert_eq!((done.rewrapped, done.failed), (2, 1));
    assert_eq!((done.failures[0].id.as_str(), done.failures[0].version), ("ann/b", version));
    for name in ["a", "c"] {
        assert_eq!(get(operator.secret(), shelf, name, Some("ann")).await.unwrap(), name);
    }
}

/// A wrap says which key it is by, which is bound to it: not even another name of the same
/// key opens it, or a key that was dropped could be given a new name.
#[tokio::test]
async fn a_wrap_under_another_keys_name_does_not_open() {
    let h = Harness::redis().await;
    let (name, same) = satama_tests::local_key("other", 1);
    let ring = satama_tests::keyring(1).with_key(name, same);
    let keys = satama::secret::Keys::fixed(ring);
    let services = h.builder().keys(keys).build().await.unwrap();
    let t = grant("t");
    let (vault, shelf) = (services.secret(), t.secret());
    let version = put(vault, shelf, "a", None, "1").await;
    let key = records(h.server()).await.into_values().next().unwrap();
    let field = format!("w{version}");
    let wrap: Vec<u8> = h.server().query(cmd("HGET").arg(&key).arg(&field)).await;
    let renamed = [b"other", wrap.strip_prefix(b"main").unwrap()].concat();
    h.server().query::<()>(cmd("HSET").arg(&key).arg(&field).arg(renamed)).await;
    let err = get(vault, shelf, "a", None).await.unwrap_err();
    assert!(matches!(err, Error::Undecryptable { .. }), "{err:?}");
}

/// A version that is forgotten leaves neither its key nor its value.
#[tokio::test]
async fn a_record_has_the_versions_that_are_kept_and_no_more() {
    let h = Harness::redis().await;
    let mut granted = grant("t").secret().granted().clone();
    granted.keep = Some(2);
    let t = grant("t").with_secret(granted);
    let mut versions = Vec::new();
    for n in 0..5 {
        versions.push(put(h.services.secret(), t.secret(), "a", None, &n.to_string()).await);
    }
    let key = records(h.server()).await.into_values().next().unwrap();
    let mut fields: Vec<String> = h.server().query(cmd("HKEYS").arg(key)).await;
    fields.sort_unstable();
    let [old, new] = [versions[3], versions[4]];
    let kept =
        [format!("c{old}"), format!("c{new}"), "head".into(), format!("w{old}"), format!("w{new}")];
    assert_eq!(fields, kept);
}

/// What one end of a slot has while it is being moved: the list, and not yet what is in it.
#[tokio::test]
async fn a_key_is_not_dropped_while_a_secret_is_on_its_way() {
    let h = Harness::redis().await;
    let (vault, t) = (h.services.secret(), grant("t"));
    put(vault, t.secret(), "a", None, "value").await;
    let records = records(h.server()).await;
    let key = &records[&("t:secret".to_owned(), "a".to_owned())];
    let dump: Vec<u8> = h.server().query(cmd("DUMP").arg(key)).await;
    h.server().query::<u32>(cmd("DEL").arg(key)).await;
    let main = "main/1".parse().unwrap();
    assert!(matches!(vault.retire(&main).await, Err(Error::Unavailable(_))));
    let mut rotation = vault.rotation(vault.scopes().await.unwrap(), actor()).unwrap();
    let stopped = async {
        while rotation.step().await? {}
        Ok::<_, Error>(())
    }
    .await;
    assert!(matches!(stopped, Err(Error::Unavailable(_))), "{stopped:?}");
    h.server().query::<String>(cmd("RESTORE").arg(key).arg(0).arg(dump)).await;
    // The key was not left barred.
    put(vault, t.secret(), "b", None, "other").await;
    assert_eq!(vault.retire(&main).await.unwrap().unwrap_err().versions, 2);
}

/// What the operator's log is given names the record and the key.
#[tokio::test]
async fn a_lost_key_is_told_to_the_operator() {
    let h = Harness::redis().await;
    let (vault, t) = (h.services.secret(), grant("t"));
    put(vault, t.secret(), "a", None, "value").await;
    let other = h.builder().keys(satama::secret::Keys::fixed(satama_tests::lone_key("other", 1)));
    let other = other.build().await.unwrap();
    let err = get(other.secret(), t.secret(), "a", None).await.unwrap_err();
    let told = satama::chain(&err);
    assert!(told.contains("`a`") && told.contains("main/1"), "{told}");
}
