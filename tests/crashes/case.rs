//! Runs that are crashed, and what they are sent.

use std::collections::BTreeMap;

use satama::run::{Options, Runs};
use satama::workflow::log::{Event, Recorded};

use super::compare::{check, keys, plain};
use super::ground::Ground;

/// What a run is sent from outside, once its history has an event of a kind.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sends {
    Nothing,
    Signal,
    Decision,
    Resume,
    Cancel,
}

/// A run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) workflow: &'static str,
    pub(crate) input: &'static str,
    pub(crate) sends: Sends,
}

/// Each thing that a body can do.
pub(crate) const CASES: [Case; 17] = [
    case("ten", "ten", "null", Sends::Nothing),
    case("fan", "fan", "null", Sends::Nothing),
    case("retry", "retry", r#"{"until":3,"retries":3}"#, Sends::Nothing),
    case("retry-in-vain", "retry", r#"{"until":9,"retries":2}"#, Sends::Nothing),
    case(
        "call",
        "call",
        r#"{"function":"fail","input":{"retry":true},"retries":2}"#,
        Sends::Nothing,
    ),
    case("sleep", "sleep", r#"{"ms":150}"#, Sends::Nothing),
    case("five-sleeps", "five-sleeps", r#"{"ms":100}"#, Sends::Nothing),
    case("signal", "signal", r#"{"ms":600000}"#, Sends::Signal),
    case("no-signal", "signal", r#"{"ms":150}"#, Sends::Nothing),
    case("approve", "approve", "{}", Sends::Decision),
    case("suspend", "suspend", "null", Sends::Resume),
    case("parent", "parent", r#"{"ms":100,"output":1}"#, Sends::Nothing),
    case("parent-fails", "parent", r#"{"fail":"why"}"#, Sends::Nothing),
    case("state", "state", "null", Sends::Nothing),
    case("saga", "saga", r#"{"fail":"c","retries":1}"#, Sends::Nothing),
    case("cancel", "cancelled", "null", Sends::Cancel),
    case("forever", "forever", r#"{"n":4}"#, Sends::Nothing),
];

const fn case(
    name: &'static str,
    workflow: &'static str,
    input: &'static str,
    sends: Sends,
) -> Case {
    Case { name, workflow, input, sends }
}

/// What came of a run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) history: Vec<String>,
    /// Of each child.
    pub(crate) children: Vec<Vec<String>>,
    /// How often each step's and function's key was counted.
    pub(crate) effects: BTreeMap<String, i64>,
    /// How often a body or function was taken for lost: each time what was open runs again.
    pub(crate) lost: i64,
}

impl Case {
    pub(crate) async fn start(&self, runs: &Runs) -> String {
        let request = vec![(self.input.to_owned(), Options::default())];
        runs.start(self.workflow, request).await.unwrap()[0].id.to_string()
    }

    /// Sends the run what it waits for, when it does; what came of it, once it has ended.
    pub(crate) async fn follow(&self, ground: &Ground, tenant: &str, run: &str) -> Done {
        let runs = ground.runs(tenant);
        self.send(&runs, run).await;
        let done = self.outcome(ground, tenant, run).await;
        let page = runs.find_of(None, &Default::default(), None, 100).await.unwrap();
        assert_eq!(page.runs.len(), 1 + done.children.len(), "{page:?}");
        done
    }

    /// What came of a run, once it has ended.
    pub(crate) async fn outcome(&self, ground: &Ground, tenant: &str, run: &str) -> Done {
        let history = ground.ended(tenant, run).await;
        check(&history);
        let mut children = Vec::new();
        for recorded in &history {
            if let Event::ChildStarted(child) = &recorded.event {
                let history = ground.ended(tenant, &child.run).await;
                check(&history);
                children.push(plain(&history));
            }
        }
        let mut effects = BTreeMap::new();
        for (words, key) in self.keys(run, &history) {
            effects.insert(words, ground.count(tenant, &key).await);
        }
        // Those of earlier generations are gone with their histories.
        let dropped = i64::from(self.name == "forever");
        let lost = history.iter().filter(|recorded| matches!(recorded.event, Event::Lost(_)));
        let lost = i64::try_from(lost.count()).unwrap() + dropped;
        Done { history: plain(&history), children, effects, lost }
    }

    /// Sends the run what it waits for, once its history says that it does.
    pub(crate) async fn send(&self, runs: &Runs, run: &str) {
        let is_time = |event: &Event| match self.sends {
            Sends::Nothing => true,
            Sends::Signal => matches!(event, Event::TimerSet(_)),
            Sends::Decision => matches!(event, Event::ApprovalAsked(_)),
            Sends::Resume => matches!(event, Event::Suspended(_)),
            Sends::Cancel => matches!(event, Event::StepDone(_)),
        };
        let mut since = 0;
        loop {
            let entries = runs.changes(run, since, 30_000).await.unwrap();
            let events = (since..).zip(&entries).map(|(at, entry)| Recorded::decode(at, entry));
            if events.map(Result::unwrap).any(|recorded| is_time(&recorded.event)) {
                break;
            }
            since += u32::try_from(entries.len()).unwrap();
        }
        match self.sends {
            Sends::Nothing => {}
            Sends::Signal => {
                assert!(runs.signal(run, "go", "7".into(), None).await.unwrap());
            }
            Sends::Decision => {
                runs.decide(run, "pay", true, Some("boss".into()), "1".into()).await.unwrap();
            }
            Sends::Resume => runs.resume(run).await.unwrap(),
            Sends::Cancel => runs.cancel(run, "no more", false).await.unwrap(),
        }
    }

    fn keys(&self, run: &str, history: &[Recorded]) -> BTreeMap<String, String> {
        let mut all = keys(run, history);
        if self.name == "forever" {
            for generation in 0..4 {
                let key = satama::workflow::replay::step_key(run, generation, 0, "turn", false);
                all.insert(format!("{generation}.0 turn"), key);
            }
        }
        all
    }

    /// How a run that was crashed differs from one that was not, if it may not.
    pub(crate) fn differs(&self, whole: &Done, crashed: &Done) -> Option<String> {
        if whole.history != crashed.history || whole.children != crashed.children {
            return Some(format!("expected {whole:#?}, found {crashed:#?}"));
        }
        let more =
            |(words, count): (&String, &i64)| crashed.effects.get(words).unwrap_or(&0) - count;
        let mores: Vec<i64> = whole.effects.iter().map(more).collect();
        let is_right = mores.iter().all(|more| *more >= 0)
            && mores.iter().sum::<i64>() <= crashed.lost
            && whole.effects.len() == crashed.effects.len();
        (!is_right).then(|| format!("expected {whole:#?}, found {crashed:#?}"))
    }
}
