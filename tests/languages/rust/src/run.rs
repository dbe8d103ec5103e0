//! Every function of runs, from outside, their errors and limits. A worker runs them meanwhile.

use satama_guest::run::{
    self, Error, Filter, Info, Options, Request, Runs, Schedule, Started, Status, Step, StepStatus,
    VersionStatus,
};

use crate::show::{Lines, List, Show, worked};

/// Longer than any stall of a busy machine, and the most that a wait may take.
pub const PATIENCE_MS: u64 = 30_000;

/// A run that never was.
pub const MISSING: &str = "0000000000000000000000000000000000";

impl Show for Started {
    fn show(&self) -> String {
        if self.new { "new".into() } else { "there".into() }
    }
}

impl Show for Info {
    fn show(&self) -> String {
        let output = self.output.as_deref().unwrap_or("none");
        format!(
            "{} {} generation {} user {} key {} priority {} output {output} {}",
            self.workflow,
            self.status.show(),
            self.generation,
            self.user.show(),
            self.key.show(),
            self.priority,
            self.failure.as_ref().map_or("none".into(), |failure| failure.code.clone()),
        )
    }
}

impl Show for Step {
    fn show(&self) -> String {
        let status = match self.status {
            StepStatus::Pending => "pending",
            StepStatus::Succeeded => "succeeded",
            StepStatus::Failed => "failed",
        };
        let undo = if self.undo { " undo" } else { "" };
        format!("{} {} {} {status} {}{undo}", self.number, self.kind, self.name, self.attempts)
    }
}

impl Show for Schedule {
    fn show(&self) -> String {
        format!("{} {} {} {}", self.name.show(), self.cron.show(), self.input, self.next_at_ms > 0)
    }
}

/// Starts a run that is to work.
pub fn start(runs: &Runs, input: &str) -> String {
    runs.start(input, &Options::default()).expect("it starts").id
}

/// Waits until the body of a run has asked for something.
pub fn asked(runs: &Runs, id: &str, kind: &str, name: &str) {
    let mut seen = 0;
    loop {
        let steps = runs.steps(id).expect("it is there");
        if steps.iter().any(|step| step.kind == kind && step.name == name) {
            return;
        }
        let more = runs.changes(id, seen, PATIENCE_MS).expect("it is there");
        seen += more.len() as u32;
        assert!(!more.is_empty(), "it asked for no {kind} called {name}");
    }
}

pub fn all(t: &mut Lines) {
    t.say("open another", worked(Runs::open("another")));
    let unserved = Runs::open("unserved").expect("it is granted");
    t.say("start without a version", unserved.start("null", &Options::default()));
    starts(t);
    lists(t);
    controls(t);
    ends(t);
    versions(t);
    schedules(t);
    limits(t);
}

fn starts(t: &mut Lines) {
    let r = Runs::open("echo").expect("it is granted");
    let options = Options {
        key: Some("avain-ä".into()),
        user: Some("ann-ä€😀".into()),
        priority: Some(9),
        timeout_ms: Some(600_000),
        delay_ms: Some(1),
        retention_ms: Some(600_000),
    };
    let first = r.start("{\"text\": \"ä€😀\"}", &options);
    t.say("start", &first);
    t.say("start again", r.start("1", &options));
    let id = first.expect("it starts").id;
    t.say("wait", r.wait(&id, PATIENCE_MS));
    t.say("get", r.get(&id));
    let request = |input: &str| Request { input: input.into(), options: Options::default() };
    let many = r.start_many(&[request("1"), request("[]")]);
    t.say("start many", many.as_ref().map(|many| List(many.clone())).map_err(Clone::clone));
    let ids: Vec<_> = many.expect("they start").into_iter().map(|started| started.id).collect();
    for id in &ids {
        t.say("wait", r.wait(id, PATIENCE_MS));
    }
    let some = [ids[1].clone(), "none".into(), ids[0].clone()];
    t.say("get many", r.get_many(&some).map(List));
    t.say("get missing", r.get(MISSING));
    t.say("start bad JSON", r.start("{", &Options::default()));
    t.say("begin", r.begin(&["ä"], &Options { key: Some("avain-ä".into()), ..Options::default() }));
    t.say("history", r.history(&id, 0, 100).map(|events| events.len()));
    t.say(
        "history since",
        r.history(&id, 1, 1)
            .map(|events| events.iter().map(|event| event.index).collect::<Vec<_>>())
            .map(List),
    );
    t.say(
        "changes",
        r.changes(&id, 0, 0).map(|events| {
            events.iter().all(|event| event.event.starts_with('{') && event.at_ms > 0)
        }),
    );
    t.say("steps", r.steps(&id).map(List));
    t.say("state", r.state(&id, "none"));
    let other = Runs::open("waits").expect("it is granted");
    t.say("get by another workflow", other.get(&id));
    t.say("steps by another workflow", worked(other.steps(&id)));
    t.say("delete by another workflow", other.delete(&id));
}

fn lists(t: &mut Lines) {
    let names = run::names();
    t.say("names", names.map(|names| names.contains(&"echo".to_owned())));
    let r = Runs::open("echo").expect("it is granted");
    let all = Filter { status: None, user: None, since_ms: None, until_ms: None };
    let (mut count, mut cursor) = (0, None);
    loop {
        let page = r.find(&all, cursor.as_deref(), 2).expect("it is read");
        count += page.runs.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    t.say("find all", count);
    let find = |filter: Filter| r.find(&filter, None, 100).map(|page| page.runs.len());
    t.say("find of user", find(Filter { user: Some("ann-ä€😀".into()), ..all.clone() }));
    t.say("find completed", find(Filter { status: Some(Status::Completed), ..all.clone() }));
    t.say("find failed", find(Filter { status: Some(Status::Failed), ..all.clone() }));
    t.say("find before 1970", find(Filter { until_ms: Some(0), ..all.clone() }));
    t.say("find since 2^53 + 2", find(Filter { since_ms: Some((1 << 53) + 2), ..all.clone() }));
    t.say("bad cursor", worked(r.find(&all, Some("ä"), 1)));
}

fn controls(t: &mut Lines) {
    let r = Runs::open("waits").expect("it is granted");
    let id = start(&r, "null");
    asked(&r, &id, "suspend", "why");
    t.say("suspended", r.get(&id));
    t.say("retry what goes on", r.retry(&id, None));
    t.say("delete what goes on", r.delete(&id));
    t.say("resume", r.resume(&id));
    t.say("resume again", worked(r.resume(&id)).is_err());
    t.say("signal", r.signal(&id, "go", "{\"ä\": 1}", Some("once")));
    t.say("signal again", r.signal(&id, "go", "2", Some("once")));
    asked(&r, &id, "approval", "pay");
    t.say("decide another", r.decide(&id, "other", true, None, "null"));
    t.say("decide bad JSON", r.decide(&id, "pay", true, None, "{"));
    t.say("decide", r.decide(&id, "pay", true, Some("bob-ä"), "[1]"));
    t.say("wait", r.wait(&id, PATIENCE_MS));
    t.say("steps", r.steps(&id).map(List));
    t.say("signal what has ended", r.signal(&id, "go", "1", None));
    t.say("signal bad JSON", r.signal(&id, "go", "{", None));
    t.say("signal missing", r.signal(MISSING, "go", "1", None));
    t.say("decide what has ended", r.decide(&id, "pay", true, None, "null"));
}

fn ends(t: &mut Lines) {
    let r = Runs::open("waits").expect("it is granted");
    let id = start(&r, "null");
    asked(&r, &id, "suspend", "why");
    t.say("cancel", r.cancel(&id, "ä", false));
    t.say("wait", r.wait(&id, PATIENCE_MS));
    t.say("cancel what has ended", r.cancel(&id, "", false));
    let id = start(&r, "null");
    t.say("cancel by force", r.cancel(&id, "", true));
    t.say("wait", r.wait(&id, PATIENCE_MS));
    t.say("delete", r.delete(&id));
    t.say("delete again", r.delete(&id));
    t.say("wait for what is deleted", r.wait(&id, 0));
    let r = Runs::open("undone").expect("it is granted");
    let id = start(&r, "\"card\"");
    t.say("wait", r.wait(&id, PATIENCE_MS));
    t.say("retry from where it was not", r.retry(&id, Some(70)));
    t.say("retry", r.retry(&id, Some(0)));
    t.say("wait", r.wait(&id, PATIENCE_MS));
}

fn versions(t: &mut Lines) {
    let r = Runs::open("echo").expect("it is granted");
    let versions = r.versions().expect("it is read");
    let active = versions.iter().all(|version| version.status == VersionStatus::Active);
    t.say("versions", versions.len());
    t.say("active", active && versions[0].first_seen_at_ms > 0);
    let digest = versions[0].digest.clone();
    t.say("decline", r.set_version(&digest, VersionStatus::Declined));
    t.say("start", r.start("null", &Options::default()));
    t.say("activate", r.set_version(&digest, VersionStatus::Active));
    t.say("of another digest", r.set_version(&digest.replace(':', ":0"), VersionStatus::Draft));
}

fn schedules(t: &mut Lines) {
    let r = Runs::open("echo").expect("it is granted");
    let options = Options::default;
    t.say("schedule", r.schedule("yö-ä", "0 0 1 1 *", "[1]", &options()));
    t.say("schedule by seconds", r.schedule("b", "0 0 0 1 1 *", "null", &options()));
    t.say("bad cron", r.schedule("c", "whenever", "1", &options()));
    t.say("schedules", r.schedules().map(List));
    t.say("unschedule", r.unschedule("yö-ä"));
    t.say("unschedule again", r.unschedule("yö-ä"));
    t.say("unschedule", r.unschedule("b"));
}

fn limits(t: &mut Lines) {
    let r = Runs::open("echo").expect("it is granted");
    let text = |count: usize| format!("\"{}\"", "v".repeat(count - 2));
    let largest = r.start(&text(256 << 10), &Options::default());
    t.say("largest input", worked(largest.as_ref().map_err(Clone::clone)));
    let info = r.wait(&largest.expect("it starts").id, PATIENCE_MS);
    t.say("its output", info.map(|info| info.output.map(|output| output.len())));
    t.say("larger input", r.start(&text((256 << 10) + 1), &Options::default()));
    let with = |change: fn(&mut Options)| {
        let mut options = Options::default();
        change(&mut options);
        worked(r.start("null", &options))
    };
    t.say("longer key", with(|options| options.key = Some("k".repeat(256))));
    t.say("longer user", with(|options| options.user = Some("u".repeat(256))));
    t.say("higher priority", with(|options| options.priority = Some(10)));
    t.say("timeout of 2^63", with(|options| options.timeout_ms = Some(1 << 63)));
    t.say(
        "longer retention",
        with(|options| options.retention_ms = Some(400 * 24 * 3_600_000 + 1)),
    );
    let requests = |count: usize| {
        vec![
            Request {
                input: "null".into(),
                options: Options { key: Some("same".into()), ..Options::default() }
            };
            count
        ]
    };
    t.say("most at a time", r.start_many(&requests(64)).map(|started| started.len()));
    t.say("more at a time", r.start_many(&requests(65)).map(|started| started.len()));
    let ids = |count: usize| vec!["none".to_owned(); count];
    t.say("most to get", r.get_many(&ids(64)).map(|found| found.len()));
    t.say("more to get", r.get_many(&ids(65)).map(|found| found.len()));
    let all = Filter { status: None, user: None, since_ms: None, until_ms: None };
    t.say("larger page", worked(r.find(&all, None, 101)));
    t.say("longer wait", worked::<_, Error>(r.wait(MISSING, PATIENCE_MS + 1)));
}
