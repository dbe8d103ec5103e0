//! Guest types of runs, from ours and to ours.

use crate::bindings::satama::services::run as wit;
use crate::run::{Filter, Info, Options, StepInfo, StepStatus};
use crate::workflow::control::{Schedule, Version, VersionStatus};
use crate::workflow::log::Failure;
use crate::workflow::{Head, Started, Status};

/// Entries `milliseconds json` of a history, from one on.
pub(in crate::run) fn events(since: u32, entries: Vec<String>) -> Vec<wit::Event> {
    let event = |(index, entry): (u32, String)| {
        let (at, json) = entry.split_once(' ').unwrap_or(("0", "null"));
        wit::Event { index, at_ms: at.parse().unwrap_or(0), event: json.to_owned() }
    };
    (since..).zip(entries).map(event).collect()
}

impl From<wit::Options> for Options {
    fn from(options: wit::Options) -> Self {
        let wit::Options { key, user, timeout_ms, priority, delay_ms, retention_ms } = options;
        Self { key, user, timeout_ms, priority, delay_ms, retention_ms }
    }
}

impl From<wit::Filter> for Filter {
    fn from(filter: wit::Filter) -> Self {
        let wit::Filter { status, user, since_ms, until_ms } = filter;
        let status = status.map(|status| Status::ALL[status as usize]);
        Self { status, user, since_ms, until_ms }
    }
}

impl From<Started> for wit::Started {
    fn from(started: Started) -> Self {
        Self { id: started.id.to_string(), new: started.new }
    }
}

impl From<Status> for wit::Status {
    fn from(status: Status) -> Self {
        match status {
            Status::Running => Self::Running,
            Status::Suspended => Self::Suspended,
            Status::Cancelling => Self::Cancelling,
            Status::Completed => Self::Completed,
            Status::Failed => Self::Failed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Failure> for wit::Failure {
    fn from(failure: Failure) -> Self {
        let Failure { code, message, retry, details } = failure;
        Self { code, message, retry, details }
    }
}

/// A run without what is in its history.
pub(in crate::run) fn of_head(head: Head) -> wit::Info {
    wit::Info {
        id: head.id.to_string(),
        workflow: head.workflow,
        status: head.status.into(),
        digest: head.digest.to_string(),
        generation: head.generation,
        user: head.user,
        key: head.key,
        parent: head.parent.map(|(run, _)| run.to_string()),
        priority: head.priority,
        created_at_ms: head.created_ms,
        updated_at_ms: head.updated_ms,
        ended_at_ms: head.ended_ms,
        events: 0,
        waits_for: head.waits.filter(|_| !head.status.is_end()),
        input: None,
        output: None,
        failure: None,
    }
}

impl From<Info> for wit::Info {
    fn from(info: Info) -> Self {
        Self {
            events: info.events,
            waits_for: info.waits_for,
            input: Some(info.input),
            output: info.output,
            failure: info.failure.map(Into::into),
            ..of_head(info.head)
        }
    }
}

impl From<StepInfo> for wit::Step {
    fn from(step: StepInfo) -> Self {
        Self {
            number: step.number,
            kind: step.kind.to_owned(),
            name: step.name,
            target: step.target,
            child: step.child,
            status: match step.status {
                StepStatus::Pending => wit::StepStatus::Pending,
                StepStatus::Succeeded => wit::StepStatus::Succeeded,
                StepStatus::Failed => wit::StepStatus::Failed,
            },
            attempts: step.attempts,
            undo: step.undo,
            input: step.input,
            output: step.output,
            failure: step.failure.map(Into::into),
            created_at_ms: step.created_ms,
            ended_at_ms: step.ended_ms,
        }
    }
}

impl From<Schedule> for wit::Schedule {
    fn from(schedule: Schedule) -> Self {
        Self {
            name: schedule.name,
            cron: schedule.cron,
            input: schedule.input.get().to_owned(),
            next_at_ms: schedule.next_ms,
        }
    }
}

impl From<VersionStatus> for wit::VersionStatus {
    fn from(status: VersionStatus) -> Self {
        match status {
            VersionStatus::Draft => Self::Draft,
            VersionStatus::Active => Self::Active,
            VersionStatus::Declined => Self::Declined,
        }
    }
}

impl From<wit::VersionStatus> for VersionStatus {
    fn from(status: wit::VersionStatus) -> Self {
        match status {
            wit::VersionStatus::Draft => Self::Draft,
            wit::VersionStatus::Active => Self::Active,
            wit::VersionStatus::Declined => Self::Declined,
        }
    }
}

impl From<Version> for wit::Version {
    fn from(version: Version) -> Self {
        Self {
            digest: version.digest.to_string(),
            status: version.status.into(),
            source: version.source,
            first_seen_at_ms: version.first_ms,
            last_seen_at_ms: version.last_ms,
        }
    }
}
