//! Records of any bytes, in the place of one that was written: whoever reads it is given
//! what was put, or an error. Beside it, `tests/fuzz` has a fuzzer of the parser.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use satama::grant::Grant;
use satama::secret::{Actor, Error, Keys, Value};
use satama_tests::keyring;

use super::*;

/// What a record is: its key, wrapped, and its value, encrypted.
type Record = (Vec<u8>, Vec<u8>);

/// What is done to one of the two parts.
#[derive(Debug, Clone)]
enum Change {
    Nothing,
    Any(Vec<u8>),
    Flip(prop::sample::Index),
    Cut(prop::sample::Index),
    Longer(Vec<u8>),
    /// The bytes that it begins with.
    Head(Vec<u8>),
    /// The same part of another record.
    Other,
}

fn change() -> impl Strategy<Value = Change> {
    let bytes = |max| prop::collection::vec(any::<u8>(), 0..max);
    let head = prop_oneof![
        Just(b"main/2 ".to_vec()),
        Just(b"main/01 ".to_vec()),
        Just(b"main/1\0".to_vec()),
        Just(b"other/1 ".to_vec()),
        Just(vec![2]),
        bytes(8),
    ];
    prop_oneof![
        3 => Just(Change::Nothing),
        1 => bytes(300).prop_map(Change::Any),
        2 => any::<prop::sample::Index>().prop_map(Change::Flip),
        1 => any::<prop::sample::Index>().prop_map(Change::Cut),
        1 => bytes(20).prop_map(Change::Longer),
        1 => head.prop_map(Change::Head),
        1 => Just(Change::Other),
    ]
}

fn changed(part: &[u8], other: &[u8], change: &Change) -> Vec<u8> {
    let mut part = part.to_vec();
    match change {
        Change::Nothing => {}
        Change::Any(bytes) => part = bytes.clone(),
        Change::Flip(bit) => {
            let bit = bit.index(8 * part.len());
            part[bit / 8] ^= 1 << (bit % 8);
        }
        Change::Cut(at) => part.truncate(at.index(part.len() + 1)),
        Change::Longer(bytes) => part.extend(bytes),
        Change::Head(bytes) => {
            let end = bytes.len().min(part.len());
            part.splice(..end, bytes.iter().copied());
        }
        Change::Other => part = other.to_vec(),
    }
    part
}

struct Subject {
    h: Harness,
    services: Services,
    t: Grant,
    file: SqliteConnection,
    records: [Record; 2],
}

impl Subject {
    async fn new() -> Self {
        let h = Harness::sqlite().await;
        let services = h.builder().keys(Keys::fixed(keyring(2))).build().await.unwrap();
        let t = grant("t");
        for (name, value) in [("a", "one"), ("b", "other")] {
            let value = Value::new(value.into());
            services.secret().put(t.secret(), name, None, &value, &actor()).await.unwrap();
        }
        let mut file = database(&h.file()).await;
        let rows = "SELECT wrap, body FROM secret_version ORDER BY secret";
        let rows: Vec<Record> = sqlx::query_as(rows).fetch_all(&mut file).await.unwrap();
        Self { h, services, t, file, records: rows.try_into().unwrap() }
    }

    /// What a read gives of secret `a` with that record.
    async fn read(&mut self, (wrap, body): &Record) -> Result<Vec<u8>, Error> {
        let update = "UPDATE secret_version SET wrap = ?, body = ? WHERE secret = 1";
        let update = sqlx::query(update).bind(wrap).bind(body);
        update.execute(&mut self.file).await.unwrap();
        let (vault, shelf) = (self.services.secret(), self.t.secret());
        let secret = vault.get(shelf, "a", None, None, &actor()).await?;
        vault.reveal(&secret, &actor()).await
    }
}

fn actor() -> Actor {
    Actor { component: "c".into(), digest: String::new(), instance: "1".into() }
}

#[test]
fn no_record_is_taken_for_what_it_is_not() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let subject = std::cell::RefCell::new(runtime.block_on(Subject::new()));
    let mut runner = TestRunner::new(Config::with_cases(512));
    let done = runner.run(&(change(), change()), |(of_wrap, of_body)| {
        let subject = &mut *subject.borrow_mut();
        let [original, other] = subject.records.clone();
        let record =
            (changed(&original.0, &other.0, &of_wrap), changed(&original.1, &other.1, &of_body));
        match runtime.block_on(subject.read(&record)) {
            Ok(value) => {
                prop_assert_eq!(&record, &original);
                prop_assert_eq!(value, b"one");
            }
            Err(Error::Undecryptable { .. }) => prop_assert_ne!(&record, &original),
            Err(err) => prop_assert!(false, "{}", chain(&err)),
        }
        Ok(())
    });
    done.unwrap();
    // It goes with its folder.
    drop(subject.into_inner().h);
}
