//! The host's own body of a run, called without a guest: what it records, and what it is told.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use satama::grant::Scope;
use satama::workflow::body::{Body, Exit, News, Parts};
use satama::workflow::control::Control as _;
use satama::workflow::log::{ApprovalAsked, Asked, Json, Recorded, When};
use satama::workflow::replay::{Begun, Ending};
use satama::workflow::{
    Backend, Error, Input, NewRun, Queue, RunId, Served, Status, StepOptions, Store as _, Take,
    Work,
};
use satama::{Digest, Ids};
use satama_tests::{Stage, on_both_stores};
use tokio::sync::mpsc;

use super::crew::{Crew, cold, grant, runs};

on_both_stores! {
    a_body_that_set_state_continues_as_new,
    a_signal_that_came_before_it_continued_is_carried_over,
    what_was_refused_is_refused_again,
    an_approval_that_was_refused_is_refused_again,
    a_cancel_is_recorded_before_anything_is_undone,
    what_was_undone_is_done_anew_by_another_key,
    a_part_that_was_refused_is_none,
    a_decision_is_read_however_deep,
    a_clock_that_is_ahead_skips_no_schedule,
    what_comes_does_not_hurry_a_body_that_fails,
    an_undo_that_goes_on_keeps_its_key,
}

/// Who has the body of a run.
struct Holder {
    crew: Crew,
    store: Arc<Backend>,
    scope: Scope,
    ids: Ids,
    run: RunId,
}

fn text(json: &str) -> Json {
    satama::workflow::log::json(json).unwrap()
}

impl Holder {
    /// A run that nobody has.
    async fn new(stage: Stage) -> Self {
        let crew = Crew::idle(stage).await;
        let store = crew.stage.host.services().workflow().store().clone();
        let scope = grant("t").workflow().scope().clone();
        let served = |workflow: &str| Served {
            workflow: workflow.to_owned(),
            digest: Digest::of(b"1"),
            source: "1".to_owned(),
        };
        store.register(&scope, &[served("w")]).await.unwrap();
        let ids = Ids::system();
        let run = RunId::new(0, &ids);
        let new = NewRun {
            id: run.clone(),
            workflow: "w".to_owned(),
            input: text("null"),
            key: None,
            user: None,
            priority: 4,
            timeout_ms: None,
            delay_ms: 0,
            retention_ms: None,
        };
        store.start(&scope, &[new]).await.unwrap();
        Self { crew, store, scope, ids, run }
    }

    /// Takes the body, for so long.
    async fn take(&self, lease_ms: u64) -> (Body, mpsc::UnboundedSender<News>) {
        let queues = [(Queue::Bodies("w".to_owned(), Digest::of(b"1")), 1)];
        let mut work = None;
        satama_tests::until("the body is in its queue", async || {
            let nonce = self.ids.next().to_string();
            let take = Take { worker: "me", nonce: &nonce, lease_ms, queues: &queues };
            work = self.store.take(&self.scope, 0, &take).await.unwrap().work.pop();
            work.is_some()
        })
        .await;
        let Some(Work::Body { lease, head, entries, now_ms }) = work else { panic!("{work:?}") };
        let (say, inbox) = mpsc::unbounded_channel();
        let body = Body::new(Parts {
            store: self.store.clone(),
            scope: self.scope.clone(),
            lease,
            head,
            entries,
            now_ms,
            inbox,
            warm: Duration::ZERO,
            wall: Duration::from_secs(60),
            draining: Arc::new(AtomicBool::new(false)),
            offline: false,
            ids: self.ids.clone(),
        });
        (body.unwrap(), say)
    }

    async fn tell(&self, input: Input) {
        self.store.send(&self.scope, &self.run, None, &input).await.unwrap();
    }

    async fn kinds(&self) -> Vec<&'static str> {
        runs(&self.crew.stage.host, "t")
            .whole_history(self.run.as_str())
            .await
            .unwrap()
            .iter()
            .map(|recorded: &Recorded| recorded.event.kind())
            .collect()
    }
}

fn signal() -> Input {
    Input::Signal { name: "paid".to_owned(), payload: text("1"), key: None }
}

fn cancel() -> Input {
    Input::Cancel { reason: "enough".to_owned(), force: false }
}

async fn a_body_that_set_state_continues_as_new(stage: Stage) {
    let holder = Holder::new(stage).await;
    let (mut body, _say) = holder.take(60_000).await;
    body.set_state("a", text("1")).unwrap();
    let ended = body.end(Ending::Continued(text("2"))).await;
    let exit = body.take_exit();
    assert!(ended && matches!(exit, Some(Exit::Ended)), "{exit:?}");
    assert_eq!(holder.take(60_000).await.0.head().generation, 1);
}

async fn a_signal_that_came_before_it_continued_is_carried_over(stage: Stage) {
    let holder = Holder::new(stage).await;
    let (mut body, _say) = holder.take(60_000).await;
    body.set_state("a", text("1")).unwrap();
    holder.tell(signal()).await;
    let ended = body.end(Ending::Continued(text("2"))).await;
    let exit = body.take_exit();
    assert_eq!(holder.kinds().await, ["started", "signalled"], "{exit:?}");
    assert!(ended && matches!(exit, Some(Exit::Ended)), "{exit:?}");
}

/// A body asks for more than it may wait for, and goes on with something else.
async fn what_was_refused_is_refused_again(stage: Stage) {
    let holder = Holder::new(stage).await;
    for lease_ms in [1, 60_000] {
        let (mut body, _say) = holder.take(lease_ms).await;
        for n in 0..1_000 {
            body.timer("a", When::AfterMs(3_600_000 + n)).unwrap();
        }
        let more = body.timer("b", When::AfterMs(3_600_000));
        assert!(matches!(more, Err(Error::TooLarge { .. })), "{:?}", body.take_exit());
        let begun = body.begin("c", &StepOptions::default()).await.unwrap();
        if matches!(begun, Begun::Execute(_)) {
            body.finish(Ok(text("1"))).await.unwrap();
        }
        // Its host is lost.
    }
}

async fn an_approval_that_was_refused_is_refused_again(stage: Stage) {
    let holder = Holder::new(stage).await;
    let asked = || ApprovalAsked {
        asked: Asked { seq: 0, name: "boss".to_owned() },
        data: text("1"),
        expires_ms: None,
    };
    for lease_ms in [1, 60_000] {
        let (mut body, _say) = holder.take(lease_ms).await;
        body.approval(asked()).unwrap();
        let more = body.approval(asked());
        assert!(matches!(more, Err(Error::Misplaced(_))), "{:?}", body.take_exit());
        let begun = body.begin("c", &StepOptions::default()).await.unwrap();
        if matches!(begun, Begun::Execute(_)) {
            body.finish(Ok(text("1"))).await.unwrap();
        }
    }
}

/// Who was told of a cancel and undoes something by that is told of it again where it was, if its
/// host is lost meanwhile: otherwise it may come to undo it by another key.
async fn a_cancel_is_recorded_before_anything_is_undone(stage: Stage) {
    let holder = Holder::new(stage).await;
    holder.tell(cancel()).await;
    let undo = StepOptions { undo: true, ..StepOptions::default() };
    let (mut body, _say) = holder.take(1).await;
    let paid = body.signal("paid").unwrap();
    let told = body.wait(paid).await;
    assert!(matches!(told, Err(Error::Cancelled)), "{told:?}");
    let begun = body.begin("refund", &undo).await.unwrap();
    let Begun::Execute(first) = begun else { panic!("{begun:?}") };
    // The money is given back, its host is lost, and what it waited for comes.
    holder.tell(signal()).await;
    let (mut body, _say) = holder.take(60_000).await;
    let paid = body.signal("paid").unwrap();
    if body.wait(paid).await.is_ok() {
        body.set_state("paid", text("true")).unwrap();
        let told = body.begin("ship", &StepOptions::default()).await;
        assert!(matches!(told, Err(Error::Cancelled)), "{told:?}");
    }
    let begun = body.begin("refund", &undo).await.unwrap();
    let Begun::Execute(second) = begun else { panic!("{begun:?}") };
    assert_eq!(first.key, second.key, "one refund, by two keys: {:?}", holder.kinds().await);
}

/// Who tells repeated requests by their keys would take the second charge for the first, which was
/// given back.
async fn what_was_undone_is_done_anew_by_another_key(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    crew.worker = Some(super::crew::worker(&crew.stage.host, cold()).await);
    let run = crew.start("cancelled", "null").await;
    crew.until(&run, "step-done", 1).await;
    crew.runs.cancel(&run, "enough", false).await.unwrap();
    assert_eq!(crew.end(&run).await.head.status, Status::Cancelled);
    let steps = crew.steps(&run).await;
    assert!(steps.iter().any(|step| step.undo));
    crew.runs.retry(&run, Some(0)).await.unwrap();
    crew.until(&run, "step-done", 3).await;
    crew.runs.cancel(&run, "enough", true).await.unwrap();
    let name = &steps[0].name;
    assert_eq!(crew.effects(&run, 0, name).await, 1, "it was done twice by one key");
}

async fn a_part_that_was_refused_is_none(stage: Stage) {
    let holder = Holder::new(stage).await;
    let (mut body, _say) = holder.take(60_000).await;
    let large = format!("\"{}\"", "x".repeat(250 << 10));
    for part in ["a", "b", "c", "d"] {
        body.set_state(part, text(&large)).unwrap();
    }
    let more = body.set_state("e", text(&large));
    assert!(matches!(more, Err(Error::TooLarge { .. })), "{more:?}");
    body.set_state("f", text("1")).unwrap();
}

/// Who decides can't make the run fail.
async fn a_decision_is_read_however_deep(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    crew.worker = Some(super::crew::worker(&crew.stage.host, cold()).await);
    let run = crew.start("approve", "{}").await;
    crew.until(&run, "approval-asked", 1).await;
    let deep = "[".repeat(127) + &"]".repeat(127);
    if crew.runs.decide(&run, "pay", true, None, deep).await.is_err() {
        return;
    }
    let info = crew.end(&run).await;
    assert_eq!(info.head.status, Status::Completed, "{info:?}");
}

/// A host whose clock is an hour ahead starts what is due, and not an hour less of it.
async fn a_clock_that_is_ahead_skips_no_schedule(stage: Stage) {
    if !stage.is_redis() {
        return;
    }
    let crew = Crew::idle(stage).await;
    let clock = satama::SimClock::new();
    let now = Duration::from_millis(satama::Clock::System.millis());
    // It stands at the start of 2026.
    clock.advance(now + Duration::from_secs(3_600) - Duration::from_secs(1_767_225_600));
    let ahead = crew.stage.host_at(satama::Clock::Sim(clock)).await;
    let _worker = super::crew::worker(&ahead, cold()).await;
    crew.runs
        .schedule("echo", "each", "* * * * * *", "1".to_owned(), satama::run::Options::default())
        .await
        .unwrap();
    let filter = satama::run::Filter::default();
    satama_tests::until("two have been started", async || {
        crew.runs.find_of(Some("echo"), &filter, None, 10).await.unwrap().runs.len() > 1
            || crew.runs.schedules().await.unwrap()[0].next_ms
                > u64::try_from(now.as_millis()).unwrap() + 1_000_000
    })
    .await;
    let next_ms = crew.runs.schedules().await.unwrap()[0].next_ms;
    let ahead_ms = next_ms.saturating_sub(u64::try_from(now.as_millis()).unwrap());
    assert!(
        ahead_ms < 1_000_000,
        "the next is due in {ahead_ms} ms, of one that is due each second"
    );
}

/// It is called again after a second, and has ten tries: who sends signals can't use those up.
async fn what_comes_does_not_hurry_a_body_that_fails(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    crew.worker = Some(super::crew::worker(&crew.stage.host, cold()).await);
    let run = crew.start("trap", "null").await;
    crew.until(&run, "body-failed", 1).await;
    crew.runs.signal(&run, "a", "1".to_owned(), None).await.unwrap();
    crew.until(&run, "body-failed", 2).await;
    let history = crew.history(&run).await;
    let failed = history.iter().filter(|recorded| recorded.event.kind() == "body-failed");
    let times: Vec<_> = failed.map(|recorded| recorded.at_ms).collect();
    assert!(times[1] - times[0] >= 1_000, "{times:?}");
    crew.runs.cancel(&run, "enough", true).await.unwrap();
}

/// What undoes is not another thing when it is tried once more: it may have worked before.
async fn an_undo_that_goes_on_keeps_its_key(stage: Stage) {
    let mut crew = Crew::idle(stage).await;
    crew.worker = Some(super::crew::worker(&crew.stage.host, cold()).await);
    let run = crew.start("saga", r#"{"fail":"c","fail_undo":"b"}"#).await;
    assert_eq!(crew.end(&run).await.head.status, Status::Failed);
    let steps = crew.steps(&run).await;
    let undo = |name: &str| steps.iter().find(|step| step.undo && step.name == name).unwrap();
    let (b, a) = (undo("b").number, undo("a").number);
    let key = |number, name| satama::workflow::replay::step_key(&run, 0, number, name, true);
    let before = (crew.counted(&key(b, "b")).await, crew.counted(&key(a, "a")).await);
    assert_eq!(before.1, 1, "{steps:#?}");
    crew.runs.retry(&run, Some(b)).await.unwrap();
    crew.until(&run, "failed", 2).await;
    let after = (crew.counted(&key(b, "b")).await, crew.counted(&key(a, "a")).await);
    assert_eq!(after, (2 * before.0, 2), "before {before:?}: the rest went by other keys");
}
