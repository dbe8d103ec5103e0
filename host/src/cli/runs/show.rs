//! `satama runs show` and `satama runs history`: a run, for a person to read.

use std::process::ExitCode;

use satama::run::{Info, StepInfo, StepStatus, steps};
use satama::workflow::log::{Event, Failure, Recorded};
use serde_json::json;

use super::super::{print, shown, time};
use super::Tenant;

/// Bytes of a value that a timeline shows.
const SHOWN: usize = 100;

/// Show a run as a timeline.
#[derive(clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,
}

/// Print the history of a run: each event, as it is kept.
#[derive(clap::Args)]
pub(super) struct History {
    #[command(flatten)]
    tenant: Tenant,

    /// The run.
    run: String,

    /// Print JSON, one object a line: {"index": …, "at": …, "event": …}.
    #[arg(long)]
    json: bool,
}

impl Show {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let runs = self.tenant.open().await?;
        let info = runs.one(&self.run).await?;
        let history = runs.whole_history(&self.run).await?;
        print(&head(&info))?;
        let begin = info.head.created_ms;
        for line in timeline(&steps(&history)?, &history, begin) {
            print(&line)?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn head(info: &Info) -> String {
    let head = &info.head;
    let mut lines = vec![
        format!("run       {}", head.id),
        format!("workflow  {}, {}", head.workflow, head.digest),
    ];
    let mut status = head.status.name().to_owned();
    if let Some(worker) = head.worker.as_ref().filter(|_| !head.status.is_end()) {
        status += &format!(", worker {} has it", shown(worker));
    } else if let Some(waits) = &info.waits_for {
        status += &format!(", waits for {}", shown(waits));
    }
    lines.push(format!("status    {status}"));
    let ended = head.ended_ms.map(|at| format!(", ended {}", time(at))).unwrap_or_default();
    lines.push(format!("started   {}{ended}", time(head.created_ms)));
    let more = [
        ("user", head.user.clone()),
        ("key", head.key.clone()),
        ("parent", head.parent.as_ref().map(|(run, _)| run.to_string())),
        ("continued", (head.generation > 0).then(|| format!("{} times", head.generation))),
    ];
    for (name, value) in more {
        lines.extend(value.map(|value| format!("{name:9} {}", shown(&value))));
    }
    lines.push(format!("input     {}", short(&info.input)));
    lines.extend(info.output.as_ref().map(|output| format!("output    {}", short(output))));
    lines.extend(info.failure.as_ref().map(|why| format!("failure   {}", failure(why))));
    lines.push(String::new());
    lines.join("\n")
}

/// What happened, in the order in which it began.
fn timeline(steps: &[StepInfo], history: &[Recorded], begin: u64) -> Vec<String> {
    let mut lines: Vec<_> =
        steps.iter().map(|step| (step.begun, step.created_ms, of_step(step))).collect();
    let events = (1..).zip(history);
    lines.extend(events.filter_map(|(nth, at)| Some((nth, at.at_ms, of_event(&at.event)?))));
    lines.sort_by_key(|(nth, ..)| *nth);
    let line = |(_, at, line): (u32, u64, String)| {
        let since = at.saturating_sub(begin);
        format!("{:>5}.{:03} s  {line}", since / 1000, since % 1000)
    };
    lines.into_iter().map(line).collect()
}

fn of_step(step: &StepInfo) -> String {
    let mark = match step.status {
        StepStatus::Pending => "…",
        StepStatus::Succeeded => "✓",
        StepStatus::Failed => "✗",
    };
    let undo = if step.undo { "undo " } else { "" };
    let mut line = format!("{mark} {:>3} {undo}{} {}", step.number, step.kind, shown(&step.name));
    if let Some(target) = &step.target {
        line += &format!(" ({target})");
    }
    if let Some(child) = &step.child {
        line += &format!(" {child}");
    }
    if step.attempts > 1 {
        line += &format!(", {} attempts", step.attempts);
    }
    if let Some(ended) = step.ended_ms
        && ended > step.created_ms
    {
        line += &format!(", {} ms", ended - step.created_ms);
    }
    if let Some(why) = &step.failure {
        line += &format!(": {}", failure(why));
    } else if let Some(output) = step.output.as_ref().filter(|output| *output != "null") {
        line += &format!(" → {}", short(output));
    }
    line
}

/// What happened that no step tells of.
fn of_event(event: &Event) -> Option<String> {
    Some(match event {
        Event::Started(_) => "started".to_owned(),
        Event::Signalled(signal) => {
            format!("signal {} {}", shown(&signal.name), short(signal.payload.get()))
        }
        Event::Resumed {} => "resumed".to_owned(),
        Event::CancelAsked(asked) if asked.timeout => "its time is up".to_owned(),
        Event::CancelAsked(asked) => format!("to be cancelled: {}", shown(&asked.reason)),
        Event::CancelSeen(_) => "the code is told of the cancel".to_owned(),
        Event::Lost(lost) => match lost.seq {
            Some(seq) => format!("worker {} was lost, with step {seq}", shown(&lost.worker)),
            None => format!("worker {} was lost", shown(&lost.worker)),
        },
        Event::BodyFailed(why) => format!("the code failed: {}", failure(why)),
        Event::Retried(of) => format!("goes on from step {}", of.seq),
        Event::Completed(_) => "completed".to_owned(),
        Event::Failed(why) => format!("failed: {}", failure(why)),
        Event::Cancelled {} => "cancelled".to_owned(),
        _ => return None,
    })
}

fn failure(why: &Failure) -> String {
    let details = why.details.as_deref().map(|details| format!(" {}", short(details)));
    format!("{}: {}{}", shown(&why.code), short(&why.message), details.unwrap_or_default())
}

fn short(text: &str) -> String {
    let cut = text.floor_char_boundary(SHOWN);
    let more = if cut < text.len() { "…" } else { "" };
    format!("{}{more}", shown(&text[..cut]))
}

impl History {
    pub(super) async fn run(self) -> anyhow::Result<ExitCode> {
        let runs = self.tenant.open().await?;
        for (index, recorded) in runs.whole_history(&self.run).await?.iter().enumerate() {
            print(&if self.json { line_json(index, recorded) } else { line(index, recorded) })?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// One event, for a person.
pub(super) fn line(index: usize, recorded: &Recorded) -> String {
    let event = recorded.event.encode();
    // Its kind is said already.
    let kind = recorded.event.kind();
    let rest =
        event.strip_prefix(&format!("{{\"{kind}\":")).and_then(|rest| rest.strip_suffix('}'));
    let rest = rest.filter(|rest| *rest != "{}").unwrap_or_default();
    format!("{index:>5}  {}  {kind:16} {}", time_ms(recorded.at_ms), shown(rest))
}

fn line_json(index: usize, recorded: &Recorded) -> String {
    let event: serde_json::Value =
        serde_json::from_str(&recorded.event.encode()).unwrap_or_default();
    json!({ "index": index, "at": time_ms(recorded.at_ms), "event": event }).to_string()
}

/// A time as RFC 3339 has it, in UTC, to the millisecond.
fn time_ms(ms: u64) -> String {
    let at = i64::try_from(ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    format!("{:.3}", at.unwrap_or(jiff::Timestamp::MAX))
}
