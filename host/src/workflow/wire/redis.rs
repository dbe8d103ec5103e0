//! What bodies have done as arguments, and what is kept as replies.

use std::collections::HashMap;

use redis::{Cmd, RedisError, Value};

use crate::workflow::log::{ChildEnding, Event, Started, When};
use crate::workflow::{
    Effect, HISTORY_BYTES_MAX, Head, NewRun, RunId, SCHEDULES_MAX, SIGNALS_MAX, STATE_BYTES_MAX,
    STATE_PARTS_MAX, StoreError,
};

/// The events, and what they bring about, as `lua/effect.lua` takes them.
pub(in crate::workflow) fn push_effects(call: &mut Cmd, events: &[Event]) {
    let (parts, bytes) = super::super::effect::state_size(events);
    if parts > 0 {
        call.arg("B").arg(parts).arg(bytes);
    }
    for event in events {
        let effect = Effect::of(event);
        if matches!(effect, Some(Effect::Continue)) {
            // The history that this would be the last event of is dropped.
            let signals = events.iter().filter(|event| matches!(event, Event::Signalled(_)));
            call.arg("N").arg(signals.count());
            continue;
        }
        call.arg("E").arg(event.encode());
        match effect {
            None | Some(Effect::Continue) => {}
            Some(Effect::Queue { seq, function }) => {
                call.arg("Q").arg(seq).arg(function);
            }
            Some(Effect::Timer { seq, when }) => {
                call.arg("T").arg(seq);
                match when {
                    When::AfterMs(ms) => call.arg("+").arg(ms),
                    When::AtMs(at) => call.arg("@").arg(at),
                };
            }
            Some(Effect::Approval { seq, name, expires_ms }) => {
                let expires = expires_ms.map_or_else(String::new, |ms| ms.to_string());
                call.arg("A").arg(seq).arg(name).arg(expires);
            }
            Some(Effect::Child(child)) => {
                let started = Started { input: child.input.clone(), generation: 0 };
                let text = |number: Option<u64>| number.map_or_else(String::new, |n| n.to_string());
                call.arg("C").arg(child.asked.seq).arg(&child.run).arg(&child.workflow);
                call.arg(Event::Started(started).encode()).arg(text(child.timeout_ms));
                call.arg(text(child.priority.map(u64::from)));
            }
            Some(Effect::Forget(calls)) => {
                for seq in calls {
                    call.arg("G").arg(seq);
                }
            }
            Some(Effect::State { name, value }) => {
                call.arg("S").arg(name).arg(value);
            }
            Some(Effect::Suspend) => {
                call.arg("P");
            }
            Some(Effect::End(status)) => {
                call.arg("X").arg(status.name()).arg(ending(event));
            }
        }
    }
}

/// What a parent is told of the end that `event` is.
pub(in crate::workflow) fn ending(event: &Event) -> String {
    let ending = match event {
        Event::Completed(output) => ChildEnding::Completed(output.output.clone()),
        Event::Failed(failure) => ChildEnding::Failed(failure.clone()),
        _ => ChildEnding::Cancelled {},
    };
    serde_json::to_string(&ending).expect("an ending is JSON")
}

/// A run's head, from the fields of its hash.
pub(in crate::workflow) fn read_head(
    id: RunId,
    mut fields: HashMap<String, String>,
) -> Result<Head, StoreError> {
    let bad = |what| malformed(id.as_str(), what);
    let mut take = |name: &str| fields.remove(name);
    let number = |text: Option<String>| text.map(|text| text.parse::<u64>().ok());
    let small = |text: Option<String>| text.and_then(|text| text.parse::<u32>().ok()).unwrap_or(0);
    let parent = match (take("parent"), take("call")) {
        (Some(parent), Some(call)) => {
            let parent = parent.parse().map_err(|_| bad("its parent"))?;
            Some((parent, call.parse().map_err(|_| bad("its parent"))?))
        }
        _ => None,
    };
    let digest = format!("sha256:{}", take("digest").unwrap_or_default());
    let status = take("status").unwrap_or_default();
    let held = take("token").is_some_and(|token| !token.is_empty());
    Ok(Head {
        workflow: take("workflow").ok_or_else(|| bad("its workflow"))?,
        digest: digest.parse().map_err(|_| bad("its digest"))?,
        status: status.parse().map_err(|()| bad("its status"))?,
        generation: small(take("generation")),
        user: take("user"),
        key: take("key"),
        parent,
        priority: u8::try_from(small(take("priority"))).unwrap_or(0),
        created_ms: number(take("created")).flatten().ok_or_else(|| bad("its time"))?,
        updated_ms: number(take("updated")).flatten().ok_or_else(|| bad("its time"))?,
        ended_ms: number(take("ended")).flatten(),
        lost: small(take("lost")),
        failures: small(take("failures")),
        worker: take("worker").filter(|_| held),
        waits: take("waits").filter(|waits| !waits.is_empty()),
        id,
    })
}

/// A value of a reply.
pub(in crate::workflow) fn read<T: redis::FromRedisValue>(value: &Value) -> Result<T, StoreError> {
    redis::from_redis_value_ref(value).map_err(|err| RedisError::from(err).into())
}

/// A run's id in a reply.
pub(in crate::workflow) fn run_id(value: &Value) -> Result<RunId, StoreError> {
    let text: String = read(value)?;
    text.parse().map_err(|_| malformed(&text, "its id"))
}

pub(in crate::workflow) fn malformed(run: &str, what: &'static str) -> StoreError {
    StoreError::Malformed { run: run.to_owned(), what }
}

/// An error of starting these.
pub(in crate::workflow) fn no_version(err: RedisError, runs: &[NewRun]) -> StoreError {
    if err.code() == Some("NOVERSION") {
        let workflow = runs.first().map(|run| run.workflow.clone());
        return StoreError::NoVersion(workflow.unwrap_or_default());
    }
    err.into()
}

impl From<RedisError> for StoreError {
    fn from(err: RedisError) -> Self {
        match err.code() {
            Some("FENCED") => Self::Fenced,
            Some("NORUN") => Self::NotFound,
            Some("ILLEGAL") => match err.detail().and_then(|status| status.parse().ok()) {
                Some(status) => Self::Illegal(status),
                None => Self::Unavailable(err.into()),
            },
            Some("HISTORY") => {
                let max = err.detail().and_then(|max| max.parse().ok());
                Self::history_full(max.unwrap_or(HISTORY_BYTES_MAX))
            }
            Some("SCHEDULES") => Self::TooLarge { what: "schedules", max: SCHEDULES_MAX.into() },
            Some("SIGNALS") => Self::TooLarge { what: "signals", max: SIGNALS_MAX.into() },
            Some("STATE") => Self::state_full(),
            Some("PARTS") => {
                Self::TooLarge { what: "parts of the state", max: STATE_PARTS_MAX.into() }
            }
            Some("BYTES") => Self::TooLarge { what: "bytes of the state", max: STATE_BYTES_MAX },
            _ => Self::Unavailable(err.into()),
        }
    }
}
