//! What workers left behind: they were lost too often, their bodies failed too often, or what
//! they recorded is not what the body asks for.

use satama::Ids;
use satama::grant::Scope;
use satama::run::Info;
use satama::workflow::log::{Asked, Event, Failure, Spawned, StepDone, json};
use satama::workflow::{Head, Lease, Queue, RunId, Status, Store as _, Take, Then, Work, Write};
use satama_tests::{Stage, on_both_stores, until};

use super::crew::{Crew, code, config, grant, worker};

on_both_stores! {
    a_body_whose_workers_were_lost_too_often_has_failed,
    a_body_whose_workers_were_lost_often_goes_on,
    a_function_whose_workers_were_lost_too_often_has_failed,
    a_function_whose_workers_were_lost_often_goes_on,
    a_body_that_trapped_ten_times_in_a_row_has_failed,
    a_body_that_comes_further_may_trap_again,
    a_run_that_diverges_has_failed_and_says_where,
    a_run_that_diverges_in_its_input_has_failed,
    a_run_that_asks_for_less_has_failed,
}

/// How often the worker of something may be lost.
const LOST_MAX: usize = 10;

/// How often a body fails before its run has.
const FAILURES_MAX: usize = 10;

/// A worker without a host: it takes, and does what the test says.
struct Hollow<'a> {
    crew: &'a Crew,
    scope: Scope,
    ids: Ids,
}

impl<'a> Hollow<'a> {
    /// One of the crew's store, where each workflow has its version.
    async fn new(crew: &'a Crew) -> Self {
        // It registers, and is gone.
        worker(&crew.stage.host, config()).await.stop().await;
        let scope = grant("t").workflow().scope().clone();
        Self { crew, scope, ids: Ids::system() }
    }

    async fn try_take(&self, run: &str, queue: &Queue, lease_ms: u64) -> Option<Work> {
        let store = self.crew.stage.host.services().workflow().store();
        let run: RunId = run.parse().unwrap();
        let partition = if store.partitions() == 1 { 0 } else { run.partition() };
        let nonce = self.ids.next().to_string();
        let queues = [(queue.clone(), 1)];
        let take = Take { worker: "hollow", nonce: &nonce, lease_ms, queues: &queues };
        store.take(&self.scope, partition, &take).await.unwrap().work.pop()
    }

    async fn queue_of_body(&self, run: &str) -> Queue {
        let head = self.crew.runs.one(run).await.unwrap().head;
        Queue::Bodies(head.workflow, head.digest)
    }

    /// Takes something so often, and is lost each time.
    async fn lose(&self, run: &str, queue: &Queue, times: usize) {
        for _ in 0..times {
            until("it can be taken", async || self.try_take(run, queue, 1).await.is_some()).await;
        }
        let last = self.crew.history(run).await.len();
        until("the last is found lost", async || {
            let _: Option<Work> = self.try_take(run, &Queue::Function("nothing".into()), 1).await;
            self.crew.history(run).await.len() > last
        })
        .await;
    }

    async fn body(&self, run: &str) -> (Lease, Head) {
        let queue = self.queue_of_body(run).await;
        match self.try_take(run, &queue, 60_000).await {
            Some(Work::Body { lease, head, .. }) => (lease, head),
            other => panic!("{other:?}"),
        }
    }

    /// Takes the body, records something, and lets it go.
    async fn write(&self, run: &str, event: Event, then: Then<'_>) {
        let (lease, _) = self.body(run).await;
        let seen = u32::try_from(self.crew.history(run).await.len()).unwrap();
        let store = self.crew.stage.host.services().workflow().store();
        let seen_ms = satama_tests::seen_ms(store, &self.scope, &lease.run, seen).await;
        let write = Write { number: 1, seen, seen_ms, events: &[event], then };
        assert!(store.write(&self.scope, &lease, &write).await.unwrap().released);
    }
}

/// How a run ends once there is a worker.
async fn end(crew: &Crew, run: &str) -> (Info, Vec<&'static str>) {
    let worker = worker(&crew.stage.host, config()).await;
    let info = crew.end(run).await;
    worker.stop().await;
    (info, crew.kinds(run).await)
}

const AGAIN: Then<'_> = Then::Again { after_ms: 0 };

fn asked(name: &str) -> Asked {
    Asked { seq: 0, name: name.to_owned() }
}

fn trapped() -> Event {
    Event::BodyFailed(Failure::ours("trapped", "as it was told"))
}

fn step(name: &str) -> Event {
    let output = json("0").unwrap();
    Event::StepDone(StepDone { asked: asked(name), attempt: 1, output, undo: false })
}

fn spawned(function: &str, input: &str) -> Event {
    let (input, function) = (json(input).unwrap(), function.to_owned());
    let asked = asked("call");
    Event::Spawned(Spawned {
        asked,
        function,
        input,
        retry: None,
        timeout_ms: None,
        undo: false,
        since: 0,
    })
}

async fn a_body_whose_workers_were_lost_too_often_has_failed(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let hollow = Hollow::new(&crew).await;
    let run = crew.start("ten", "null").await;
    hollow.lose(&run, &hollow.queue_of_body(&run).await, LOST_MAX + 1).await;
    let (info, kinds) = end(&crew, &run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "lost"), "{info:?}");
    assert_eq!(kinds[1..=LOST_MAX + 1], ["lost"; LOST_MAX + 1]);
    assert_eq!(kinds[LOST_MAX + 2..], ["failed"]);
    assert_eq!(crew.effects(&run, 0, "s0").await, 0);
}

async fn a_body_whose_workers_were_lost_often_goes_on(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let hollow = Hollow::new(&crew).await;
    let run = crew.start("ten", "null").await;
    hollow.lose(&run, &hollow.queue_of_body(&run).await, LOST_MAX).await;
    let (info, _) = end(&crew, &run).await;
    assert_eq!(info.head.status, Status::Completed, "{info:?}");
    assert_eq!(crew.effects(&run, 0, "s0").await, 1);
}

const CALL: &str = r#"{"function":"note","input":7}"#;

async fn called(crew: &Crew, lost: usize) -> (Info, Vec<&'static str>, u32) {
    let hollow = Hollow::new(crew).await;
    let run = crew.start("call", CALL).await;
    hollow.write(&run, spawned("note", "7"), Then::Park { waits: "it", wake_ms: None }).await;
    hollow.lose(&run, &Queue::Function("note".into()), lost).await;
    let (info, kinds) = end(crew, &run).await;
    (info, kinds, crew.effects(&run, 0, "call").await)
}

async fn a_function_whose_workers_were_lost_too_often_has_failed(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let (info, kinds, effects) = called(&crew, LOST_MAX + 1).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "lost"), "{info:?}");
    assert_eq!(kinds[2..LOST_MAX + 3], ["lost"; LOST_MAX + 1]);
    assert_eq!(kinds[LOST_MAX + 3..], ["function-failed", "failed"]);
    assert_eq!(effects, 0);
}

async fn a_function_whose_workers_were_lost_often_goes_on(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let (info, kinds, effects) = called(&crew, LOST_MAX).await;
    assert_eq!(info.output.as_deref(), Some("7"), "{info:?}");
    assert_eq!(kinds[LOST_MAX + 2..], ["function-done", "completed"]);
    assert_eq!(effects, 1);
}

async fn a_body_that_trapped_ten_times_in_a_row_has_failed(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let hollow = Hollow::new(&crew).await;
    let run = crew.start("trap", "null").await;
    for _ in 1..FAILURES_MAX {
        hollow.write(&run, trapped(), AGAIN).await;
    }
    let (info, kinds) = end(&crew, &run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "trapped"), "{info:?}");
    assert_eq!(kinds[1..FAILURES_MAX], ["body-failed"; FAILURES_MAX - 1]);
    assert_eq!(kinds[FAILURES_MAX..], ["failed"]);
}

/// Nine times in vain, and once more after it has recorded something.
async fn a_body_that_comes_further_may_trap_again(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let hollow = Hollow::new(&crew).await;
    let run = crew.start("trap", "null").await;
    for _ in 1..FAILURES_MAX {
        hollow.write(&run, trapped(), AGAIN).await;
    }
    hollow.write(&run, step("s"), Then::Park { waits: "", wake_ms: Some(0) }).await;
    let worker = worker(&crew.stage.host, config()).await;
    crew.until(&run, "body-failed", FAILURES_MAX).await;
    let info = crew.runs.one(&run).await.unwrap();
    assert_eq!((info.head.status, info.head.failures), (Status::Running, 1), "{info:?}");
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    worker.stop().await;
}

async fn diverged(crew: &Crew, workflow: &str, input: &str, event: Event) -> String {
    let hollow = Hollow::new(crew).await;
    let run = crew.start(workflow, input).await;
    let kind = event.kind();
    hollow.write(&run, event, Then::Park { waits: "", wake_ms: Some(0) }).await;
    let (info, kinds) = end(crew, &run).await;
    assert_eq!((info.head.status, code(&info)), (Status::Failed, "diverged"), "{info:?}");
    // Nothing else is written, and nothing is done.
    assert_eq!(kinds, ["started", kind, "failed"]);
    assert_eq!(crew.effects(&run, 1, "s1").await, 0);
    info.failure.unwrap().message
}

async fn a_run_that_diverges_has_failed_and_says_where(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let why = r#"call 0: the record has step "other", the code asks for step "s0""#;
    assert_eq!(diverged(&crew, "ten", "null", step("other")).await, why);
}

async fn a_run_that_diverges_in_its_input_has_failed(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let why = diverged(&crew, "call", CALL, spawned("note", "8")).await;
    assert!(why.starts_with("call 0: ") && why.contains('7') && why.contains('8'), "{why}");
}

async fn a_run_that_asks_for_less_has_failed(stage: Stage) {
    let crew = Crew::idle(stage).await;
    let why = diverged(&crew, "echo", "1", step("other")).await;
    assert!(why.contains(r#"step "other""#), "{why}");
}
