//! Every function of runs, as a guest meets it. `workflow_basic` is what is run.

use expect::{equal, ok, that};
use satama_guest::run::{self, Error, Filter, Info, Options, Request, Runs, Status, VersionStatus};

wit_bindgen::generate!({ path: "../wit", world: "guest" });

/// Longer than any stall of a busy machine.
const PATIENCE_MS: u64 = 30_000;

struct RunBasic;

impl Guest for RunBasic {
    fn run(_: String) -> Result<String, String> {
        let denied = Some(Error::AccessDenied);
        equal("open what is not granted", Runs::open("ten").err(), denied)?;
        equal("names", ok("names", run::names())?, ["approve", "retry", "signals", "suspend"])?;
        starts()?;
        lists()?;
        controls()?;
        ends()?;
        versions()?;
        schedules()?;
        limits()?;
        Ok("every function of runs".into())
    }
}

fn open(workflow: &str) -> Result<Runs, String> {
    ok("open", Runs::open(workflow))
}

fn start(runs: &Runs, input: &str) -> Result<String, String> {
    Ok(ok("start", runs.start(input, &Options::default()))?.id)
}

fn ended(runs: &Runs, id: &str) -> Result<Info, String> {
    ok("wait", runs.wait(id, PATIENCE_MS))
}

/// Waits until a run has so many events.
fn events(runs: &Runs, id: &str, count: u32) -> Result<(), String> {
    that("it goes on", !ok("changes", runs.changes(id, count - 1, PATIENCE_MS))?.is_empty())
}

fn starts() -> Result<(), String> {
    let signals = open("signals")?;
    let options = Options {
        key: Some("k".into()),
        user: Some("ann".into()),
        priority: Some(9),
        ..Options::default()
    };
    let input = r#"{"n": 0}"#;
    let first = ok("start", signals.start(input, &options))?;
    let again = ok("start again", signals.start(input, &options))?;
    that("one of one key", first.id == again.id && !again.new)?;
    let info = ended(&signals, &first.id)?;
    equal("status", info.status, Status::Completed)?;
    equal("output", info.output.as_deref(), Some("[]"))?;
    equal("input", info.input.as_deref(), Some(input))?;
    equal("user", info.user.as_deref(), Some("ann"))?;
    equal("key", info.key.as_deref(), Some("k"))?;
    equal("priority", info.priority, 9)?;

    let request = || Request { input: input.into(), options: Options::default() };
    let many = ok("start-many", signals.start_many(&[request(), request()]))?;
    that("two", many.len() == 2 && many[0].id != many[1].id)?;
    let ids = [many[0].id.clone(), "none".into(), many[1].id.clone()];
    let found = ok("get-many", signals.get_many(&ids))?;
    that("each or none", found[0].is_some() && found[1].is_none() && found[2].is_some())?;
    equal("none", ok("get", signals.get("none"))?.is_none(), true)?;
    let other = open("retry")?;
    that("of another workflow", ok("get", other.get(&first.id))?.is_none())?;
    equal("steps of another", other.steps(&first.id).err(), Some(Error::NotFound))?;
    equal("delete of another", ok("delete", other.delete(&first.id))?, false)?;
    equal("no JSON", matches!(signals.start("{", &options), Err(Error::Invalid(_))), true)
}

fn lists() -> Result<(), String> {
    let signals = open("signals")?;
    let all = Filter { status: None, user: None, since_ms: None, until_ms: None };
    let (mut cursor, mut count) = (None, 0);
    loop {
        let page = ok("find", signals.find(&all, cursor.as_deref(), 2))?;
        count += page.runs.len();
        that("in pages", page.runs.len() <= 2)?;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    that("all are found", count >= 3)?;
    let of_ann = Filter { user: Some("ann".into()), ..all.clone() };
    let page = ok("find", signals.find(&of_ann, None, 100))?;
    that("those of one user", page.runs.iter().all(|run| run.user.as_deref() == Some("ann")))?;
    equal("without inputs", page.runs[0].input.is_none(), true)?;
    let none = Filter { until_ms: Some(1), ..all.clone() };
    that("none of then", ok("find", signals.find(&none, None, 100))?.runs.is_empty())?;
    equal("no cursor", signals.find(&all, Some("x"), 1).err(), Some(Error::InvalidCursor))
}

fn controls() -> Result<(), String> {
    let signals = open("signals")?;
    let id = start(&signals, r#"{"n":1}"#)?;
    that("a signal", ok("signal", signals.signal(&id, "go", "[1]", Some("once")))?)?;
    ended(&signals, &id)?;
    let history = ok("history", signals.history(&id, 0, 100))?;
    that("events", history.len() == 3 && history[2].event.starts_with(r#"{"completed""#))?;
    equal("one of them", ok("history", signals.history(&id, 1, 1))?[0].index, 1)?;
    let late = signals.signal(&id, "go", "1", None).err();
    equal("a late signal", late, Some(Error::Illegal(Status::Completed)))?;

    let suspend = open("suspend")?;
    let id = start(&suspend, "null")?;
    events(&suspend, &id, 2)?;
    ok("resume", suspend.resume(&id))?;
    equal("resumed", ended(&suspend, &id)?.output.as_deref(), Some(r#""resumed""#))?;
    let again = suspend.resume(&id).err();
    equal("resume again", again, Some(Error::Illegal(Status::Completed)))?;

    let approve = open("approve")?;
    let id = start(&approve, "{}")?;
    events(&approve, &id, 2)?;
    let none = approve.decide(&id, "none", true, None, "1").err();
    equal("no such approval", none, Some(Error::Illegal(Status::Running)))?;
    ok("decide", approve.decide(&id, "pay", true, Some("ann"), "1"))?;
    let output = ended(&approve, &id)?.output;
    equal("decided", output.as_deref(), Some(r#"["approved","ann",1]"#))?;
    let steps = ok("steps", approve.steps(&id))?;
    that("a step", steps.len() == 1 && steps[0].kind == "approval" && steps[0].name == "pay")?;
    equal("no state", ok("state", approve.state(&id, "none"))?, None)
}

fn ends() -> Result<(), String> {
    let retry = open("retry")?;
    let id = start(&retry, r#"{"until":9}"#)?;
    let info = ended(&retry, &id)?;
    equal("failed", info.failure.map(|failure| failure.code), Some("early".into()))?;
    ok("retry", retry.retry(&id, None))?;
    // Started, failed step, failed, retried, failed step, failed.
    events(&retry, &id, 6)?;
    let far = retry.retry(&id, Some(7));
    that("from where it was not", matches!(far, Err(Error::Invalid(_))))?;
    that("delete", ok("delete", retry.delete(&id))?)?;
    that("delete again", !ok("delete", retry.delete(&id))?)?;
    equal("deleted", retry.wait(&id, 0).err(), Some(Error::NotFound))?;

    let signals = open("signals")?;
    for force in [false, true] {
        let id = start(&signals, r#"{"n":1}"#)?;
        equal(
            "delete what runs",
            signals.delete(&id).err(),
            Some(Error::Illegal(Status::Running)),
        )?;
        ok("cancel", signals.cancel(&id, "enough", force))?;
        equal("cancelled", ended(&signals, &id)?.status, Status::Cancelled)?;
    }
    Ok(())
}

fn versions() -> Result<(), String> {
    let signals = open("signals")?;
    let versions = ok("versions", signals.versions())?;
    that("one", versions.len() == 1 && versions[0].status == VersionStatus::Active)?;
    let digest = versions[0].digest.clone();
    that("digest", digest.starts_with("sha256:") && digest.len() == 71)?;
    that("declined", ok("set", signals.set_version(&digest, VersionStatus::Declined))?)?;
    equal("none is active", signals.start("1", &Options::default()).err(), Some(Error::NoVersion))?;
    that("active", ok("set", signals.set_version(&digest, VersionStatus::Active))?)?;
    that("no such", !ok("set", signals.set_version("x", VersionStatus::Active))?)
}

fn schedules() -> Result<(), String> {
    let signals = open("signals")?;
    let options = Options::default();
    let made = ok("schedule", signals.schedule("yearly", "0 0 1 1 *", r#"{"n":0}"#, &options))?;
    that("later", made.next_at_ms > 0 && made.cron == "0 0 1 1 *")?;
    equal("one", ok("schedules", signals.schedules())?.len(), 1)?;
    let bad = signals.schedule("bad", "every day", "1", &options);
    that("no cron", matches!(bad, Err(Error::Invalid(_))))?;
    that("unschedule", ok("unschedule", signals.unschedule("yearly"))?)?;
    that("unschedule again", !ok("unschedule", signals.unschedule("yearly"))?)
}

fn limits() -> Result<(), String> {
    let signals = open("signals")?;
    let large = Some(Error::TooLarge(256 << 10));
    let text = format!("\"{}\"", "x".repeat(256 << 10));
    equal("a large input", signals.start(&text, &Options::default()).err(), large.clone())?;
    equal("a large signal", signals.signal("none", "go", &text, None).err(), large)?;
    let long = "n".repeat(256);
    let options = Options { key: Some(long.clone()), ..Options::default() };
    equal("a long key", signals.start("1", &options).err(), Some(Error::TooLarge(255)))?;
    equal("a long name", signals.signal("a", &long, "1", None).err(), Some(Error::TooLarge(255)))?;
    let ids = vec![String::new(); 65];
    equal("a large batch", signals.get_many(&ids).err(), Some(Error::TooLarge(64)))?;
    let all = Filter { status: None, user: None, since_ms: None, until_ms: None };
    equal("a large page", signals.find(&all, None, 101).err(), Some(Error::TooLarge(100)))?;
    equal("a long wait", signals.wait("a", 30_001).err(), Some(Error::TooLarge(30_000)))
}

export!(RunBasic);
