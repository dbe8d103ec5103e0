//! `fill` and its claims: one caller computes, the others wait.

use std::thread::sleep;
use std::time::Duration;

use expect::{equal, ok};
use satama_guest::cache::{Bucket, Claim, Error, FillOptions, Filled};

use super::{MINUTE, bytes, minute};

const MINUTE_MS: u64 = 60_000;

/// What is invalidated with the claims of this test.
const GROUP: &str = "claims";

pub fn check(bucket: &Bucket) -> Result<(), String> {
    complete(bucket)?;
    give_up(bucket)?;
    expire(bucket)?;
    lose(bucket)
}

/// As `fill` answers, without the claim.
#[derive(Debug, PartialEq)]
enum Answer {
    Hit(Option<Vec<u8>>),
    Claimed,
    Busy,
}

fn fill(bucket: &Bucket, key: &str) -> Result<(Answer, Option<Claim>), String> {
    // Long enough for any machine to come back, too short to wait for.
    let options = FillOptions::new(Duration::from_millis(1), MINUTE).in_group(GROUP);
    Ok(match ok("fill", bucket.fill(key, &options))? {
        Filled::Hit(value) => (Answer::Hit(Some(value)), None),
        Filled::Claimed(claim) => (Answer::Claimed, Some(claim)),
        Filled::Busy => (Answer::Busy, None),
    })
}

fn claim(bucket: &Bucket, key: &str) -> Result<Claim, String> {
    let (answer, claim) = fill(bucket, key)?;
    claim.ok_or_else(|| format!("fill {key}: expected a claim, got {answer:?}"))
}

fn complete(bucket: &Bucket) -> Result<(), String> {
    let one = claim(bucket, "f")?;
    equal("fill beside a claim", fill(bucket, "f")?.0, Answer::Busy)?;
    equal("get beside a claim", bucket.get("f"), Ok(None))?;
    equal("fill another key", fill(bucket, "other")?.0, Answer::Claimed)?;
    let large = vec![0; (1 << 20) + 1];
    equal("too large", one.complete(&large, MINUTE_MS), Err(Error::TooLarge(1 << 20)))?;
    equal("the claim still holds", one.complete(b"value", MINUTE_MS), Ok(()))?;
    equal("fill hits", fill(bucket, "f")?.0, Answer::Hit(bytes("value")))?;
    equal("get hits", bucket.get("f"), Ok(bytes("value")))?;
    equal("complete twice", one.complete(b"again", MINUTE_MS), Err(Error::ClaimLost))?;
    drop(one);
    equal("an ended claim takes nothing along", bucket.get("f"), Ok(bytes("value")))?;
    ok("set", bucket.set("s", b"set", &minute()))?;
    equal("fill hits what was set", fill(bucket, "s")?.0, Answer::Hit(bytes("set")))
}

fn give_up(bucket: &Bucket) -> Result<(), String> {
    drop(claim(bucket, "d")?);
    drop(claim(bucket, "d")?);
    ok("claimed at once", claim(bucket, "d")?.complete(b"", MINUTE_MS))
}

fn expire(bucket: &Bucket) -> Result<(), String> {
    let options = FillOptions { wait_ms: 0, claim_ms: 0, group: None };
    let Filled::Claimed(late) = ok("fill for a moment", bucket.fill("x", &options))? else {
        return Err("fill for a moment: expected a claim".into());
    };
    sleep(Duration::from_millis(30));
    let next = claim(bucket, "x")?;
    equal("too late", late.complete(b"late", MINUTE_MS), Err(Error::ClaimLost))?;
    drop(late);
    equal("the next kept its claim", fill(bucket, "x")?.0, Answer::Busy)?;
    equal("the next completes", next.complete(b"next", MINUTE_MS), Ok(()))?;
    equal("the next won", bucket.get("x"), Ok(bytes("next")))
}

/// Whatever makes the value stale takes the claim.
fn lose(bucket: &Bucket) -> Result<(), String> {
    type Loss = fn(&Bucket) -> Result<(), Error>;
    let losses: [(&str, Loss); 6] = [
        ("set", |bucket| bucket.set("l", b"set", &minute())),
        ("add", |bucket| bucket.add("l", 1, &minute()).map(drop)),
        ("set-if-absent", |bucket| bucket.set_if_absent("l", b"", &minute()).map(drop)),
        ("delete", |bucket| bucket.delete("l").map(drop)),
        ("invalidate-group", |bucket| bucket.invalidate_group(GROUP)),
        ("invalidate-all", Bucket::invalidate_all),
    ];
    for (what, loss) in losses {
        ok("clear", bucket.delete("l"))?;
        let claim = claim(bucket, "l")?;
        ok(what, loss(bucket))?;
        let value = ok("get", bucket.get("l"))?;
        let late = claim.complete(b"stale", MINUTE_MS);
        equal(&format!("complete after {what}"), late, Err(Error::ClaimLost))?;
        equal(&format!("the stale value after {what}"), bucket.get("l"), Ok(value))?;
    }
    let one = claim(bucket, "other-group")?;
    ok("invalidate another group", bucket.invalidate_group("another"))?;
    equal("its claim holds", one.complete(b"", MINUTE_MS), Ok(()))
}
