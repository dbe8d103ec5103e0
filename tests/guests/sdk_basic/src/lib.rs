//! The Rust SDK's helpers, on a real host.

use std::time::Duration;

use expect::{equal, ok, that};
use satama_guest::cache::{Bucket, Cached, CachedError, Error, Memo};
use satama_guest::session::{Expiry, Field, State, Store, UpdateError};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

const MINUTE: Duration = Duration::from_secs(60);

struct SdkBasic;

impl Guest for SdkBasic {
    fn run(_: String) -> Result<String, String> {
        equal(
            "open what is not granted",
            Memo::open("not-granted").err(),
            Some(Error::AccessDenied),
        )?;
        let bucket = ok("open", Bucket::open("granted"))?;
        ok("clear", bucket.invalidate_all())?;
        results()?;
        failures()?;
        older_types()?;
        groups(&bucket)?;
        lost_claims(&bucket)?;
        too_large()?;
        nested()?;
        update_with()?;
        Ok("the helpers of the SDK".into())
    }
}

fn memo(version: &str) -> Result<Memo, String> {
    Ok(ok("open", Memo::open("granted"))?.version(version))
}

fn cached(memo: &Memo, inputs: &str, value: u32) -> Result<Cached<u32>, String> {
    ok("cached", memo.cached(inputs, MINUTE, || Ok::<_, String>(value)))
}

fn hit<T>(value: T) -> Cached<T> {
    Cached { value, hit: true }
}

fn computed<T>(value: T) -> Cached<T> {
    Cached { value, hit: false }
}

fn results() -> Result<(), String> {
    let one = memo("1")?;
    equal("the first", cached(&one, "a", 1)?, computed(1))?;
    equal("the second", cached(&one, "a", 2)?, hit(1))?;
    equal("other inputs", cached(&one, "b", 3)?, computed(3))?;
    equal("another version", cached(&memo("2")?, "a", 4)?, computed(4))?;
    equal("another team", cached(&memo("1")?.team("t"), "a", 5)?, computed(5))?;
    equal("the same team", cached(&memo("1")?.team("t"), "a", 6)?, hit(5))?;
    equal("the first still", cached(&one, "a", 7)?, hit(1))
}

/// A computation that fails gives its claim up, so the next one runs at once.
fn failures() -> Result<(), String> {
    let memo = memo("failures")?.wait(Duration::ZERO);
    let failed = memo.cached("a", MINUTE, || Err::<u32, _>("no".to_string()));
    that("its own error", matches!(failed, Err(CachedError::Compute(text)) if text == "no"))?;
    equal("the next", cached(&memo, "a", 1)?, computed(1))?;
    equal("is kept", cached(&memo, "a", 2)?, hit(1))?;
    let failed = memo.cached(&u64::MAX, MINUTE, || Ok::<_, String>(1));
    that("inputs without a key", matches!(failed, Err(CachedError::Inputs(_))))
}

fn older_types() -> Result<(), String> {
    let memo = memo("types")?;
    let text = || ok("text", memo.cached("a", MINUTE, || Ok::<_, String>("text".to_string())));
    equal("as text", text()?, computed("text".to_string()))?;
    equal("as a number", cached(&memo, "a", 1)?, computed(1))?;
    equal("as a number again", cached(&memo, "a", 2)?, hit(1))?;
    equal("as text again", text()?, computed("text".to_string()))
}

fn groups(bucket: &Bucket) -> Result<(), String> {
    let memo = memo("groups")?.group("g");
    equal("in a group", cached(&memo, "a", 1)?, computed(1))?;
    ok("invalidate", bucket.invalidate_group("g"))?;
    equal("after it", cached(&memo, "a", 2)?, computed(2))?;
    let memo = memo.group("g".repeat(256));
    let failed = memo.cached("a", MINUTE, || Ok::<_, String>(1));
    that("too long a group", matches!(failed, Err(CachedError::Cache(Error::TooLarge(255)))))
}

/// What was invalidated during the computation is returned, and not kept.
fn lost_claims(bucket: &Bucket) -> Result<(), String> {
    let memo = memo("lost")?;
    let value = memo.cached("a", MINUTE, || bucket.invalidate_all().map(|()| 1));
    equal("invalidated meanwhile", ok("cached", value)?, computed(1))?;
    equal("the next", cached(&memo, "a", 2)?, computed(2))
}

/// More than a value may have is returned, and not kept.
fn too_large() -> Result<(), String> {
    let memo = memo("large")?;
    for mib in [1, 1, 8] {
        let value = memo.cached("a", MINUTE, || Ok::<_, String>("x".repeat(mib << 20)));
        equal("hit", ok("cached", value)?.hit, false)?;
    }
    let forever = memo.cached("b", Duration::MAX, || Ok::<_, String>(1));
    equal("for ever", ok("cached", forever)?, computed(1))?;
    equal("is as long as can be", cached(&memo, "b", 2)?, hit(1))
}

/// Beside a claim that is held, a result is computed, and not kept.
fn nested() -> Result<(), String> {
    let memo = memo("nested")?.wait(Duration::ZERO);
    let outer = memo.cached("a", MINUTE, || {
        equal("inside", cached(&memo, "a", 1)?, computed(1))?;
        Ok::<_, String>(2)
    });
    equal("outside", ok("cached", outer)?, computed(2))?;
    equal("what is kept", cached(&memo, "a", 3)?, hit(2))
}

fn update_with() -> Result<(), String> {
    let store = ok("open", Store::open("granted", Expiry::sliding(MINUTE)))?;
    ok("clear", store.clear("sdk"))?;
    let visit = |state: &mut State| {
        let visits = state.get::<u32>("visits")?.unwrap_or(0) + 1;
        state.set("visits", &visits)?;
        Ok::<_, serde_json::Error>(visits)
    };
    equal("create", ok("update-with", store.update_with("sdk", visit))?, 1)?;
    equal("change", ok("update-with", store.update_with("sdk", visit))?, 2)?;

    // Another writer gets in between, once.
    let mut rival = Some(ok("field", Field::new("visits", &10))?);
    let visits = store.update_with("sdk", |state| {
        if let Some(field) = rival.take() {
            store.update("sdk", &[field]).unwrap();
        }
        visit(state)
    });
    equal("after a rival", ok("update-with", visits)?, 11)?;

    // And then always.
    let mut tries = 0;
    let lost = store.update_with("sdk", |_| {
        tries += 1;
        store.update("sdk", &[]).map(drop)
    });
    that("contended", matches!(lost, Err(UpdateError::Contended)))?;
    equal("tries", tries, 32)?;

    let refused = store.update_with("sdk", |_| Err::<(), _>("no"));
    that("its own error", matches!(refused, Err(UpdateError::Change("no"))))?;
    let snapshot = ok("get", store.get("sdk"))?.ok_or("no session")?;
    equal("it kept", ok("value", snapshot.value("visits"))?, Some(11))
}

export!(SdkBasic);
