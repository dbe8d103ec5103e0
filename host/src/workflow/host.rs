//! Where the calls of bodies and functions arrive: decode, check the grant, call, encode.

use std::sync::Arc;

use wasmtime::component::HasData;

use super::Lease;
use super::body::Body;
use super::log::{ApprovalAsked, Asked, ChildStarted, Json, Spawned, When};
use super::replay::{Begun, uuid};
use super::state::Settled;
use super::store::{Backend, Store as _, StoreError};
use super::{
    ATTEMPTS_MAX, Attempt, Error, FAILURE_BYTES_MAX, Failure, NAME_BYTES_MAX, PAYLOAD_BYTES_MAX,
    PRIORITY_MAX, Retry, StepOptions, WAIT_MS_MAX,
};
use crate::bindings::satama::services::workflow as wit;
use crate::error::{Outcome as _, Refused};
use crate::grant::Scope;
use crate::guest::Caller;

/// What workflows may see of the calling guest.
#[derive(Debug)]
pub struct View<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) role: &'a mut Role,
}

/// What an instance is called for.
#[derive(Debug, Default)]
pub enum Role {
    /// Nothing that has to do with a run.
    #[default]
    None,
    /// A body.
    Body(Box<Body>),
    /// A function, as a step.
    Function(Step),
}

/// The step that a function is called for.
#[derive(Debug)]
pub struct Step {
    pub(crate) store: Arc<Backend>,
    pub(crate) scope: Scope,
    pub(crate) lease: Lease,
}

/// Marks store data that has a [`View`].
#[derive(Debug)]
pub struct HasWorkflow;

impl HasData for HasWorkflow {
    type Data<'a> = View<'a>;
}

impl View<'_> {
    fn body(&mut self) -> Result<&mut Body, Error> {
        match self.role {
            Role::Body(body) => Ok(body),
            _ => Err(Error::Misplaced("it is not called in a body")),
        }
    }

    fn payload(&self, text: String) -> Result<Json, Error> {
        let max = self.caller.grant().limits().value_bytes.min(PAYLOAD_BYTES_MAX);
        Refused::over("a payload", text.len(), max)?;
        crate::json::check(&text).map_err(Error::InvalidJson)?;
        // Its checks are ours, and the copy of it is what is kept.
        super::log::json(text).ok_or(Error::Misplaced("it is not JSON"))
    }

    fn failure(&self, failure: wit::Failure) -> Result<Failure, Error> {
        let wit::Failure { code, message, retry, details } = failure;
        for text in [Some(&code), Some(&message), details.as_ref()].into_iter().flatten() {
            Refused::over("a failure's text", text.len(), FAILURE_BYTES_MAX)?;
        }
        if let Some(details) = &details {
            crate::json::check(details).map_err(Error::InvalidJson)?;
        }
        Ok(Failure { code, message, retry, details })
    }
}

fn name(name: &str) -> Result<(), Error> {
    Ok(Refused::over("a name", name.len(), NAME_BYTES_MAX)?)
}

fn wait_ms(ms: u64) -> Result<u64, Error> {
    if ms <= WAIT_MS_MAX {
        return Ok(ms);
    }
    Err(Refused::TooLarge { what: "a wait", max: WAIT_MS_MAX }.into())
}

fn options(options: wit::StepOptions) -> Result<StepOptions, Error> {
    let retry = options.retry.map(|retry| {
        let attempts = u64::from(retry.attempts);
        if attempts > u64::from(ATTEMPTS_MAX) {
            return Err(Refused::TooLarge { what: "attempts", max: ATTEMPTS_MAX.into() });
        }
        Ok(Retry {
            attempts: retry.attempts.max(1),
            delay_ms: retry.delay_ms,
            exponential: retry.backoff == wit::Backoff::Exponential,
            delay_max_ms: retry.delay_max_ms,
            jitter_percent: retry.jitter_percent.min(100),
        })
    });
    let timeout_ms = options.timeout_ms.map(wait_ms).transpose()?;
    Ok(StepOptions { retry: retry.transpose()?, timeout_ms, undo: options.undo })
}

impl wit::Host for View<'_> {
    fn info(&mut self) -> Result<wit::Facts, Error> {
        let body = self.body()?;
        let (head, seen) = (body.head(), body.replay().seen());
        Ok(wit::Facts {
            run: head.id.to_string(),
            workflow: head.workflow.clone(),
            generation: head.generation,
            user: head.user.clone(),
            parent: head.parent.as_ref().map(|(run, _)| run.to_string()),
            started_at_ms: head.created_ms,
            history_events: seen.events,
            continue_soon: seen.events >= super::HISTORY_EVENTS_SOON
                || seen.bytes >= super::HISTORY_BYTES_SOON,
        })
    }

    fn now_ms(&mut self) -> Result<u64, Error> {
        Ok(self.body()?.replay().seen().at_ms)
    }

    fn random(&mut self) -> Result<u64, Error> {
        let bytes = self.body()?.random();
        let (first, _) = bytes.split_at(8);
        // What a double has exactly: a guest in JavaScript has no other numbers.
        Ok(u64::from_le_bytes(first.try_into().unwrap_or_default()) >> 11)
    }

    fn uuid(&mut self) -> Result<String, Error> {
        Ok(uuid(self.body()?.random(), 4))
    }

    async fn begin(&mut self, of: String, with: wit::StepOptions) -> Result<wit::Begun, Error> {
        name(&of)?;
        let with = options(with)?;
        Ok(match self.body()?.begin(&of, &with).await? {
            Begun::Execute(attempt) => wit::Begun::Execute(encode_attempt(attempt)),
            Begun::Done(output) => wit::Begun::Done(output.get().to_owned()),
            Begun::Failed(failure) => wit::Begun::Failed(encode_failure(failure)),
            Begun::NotBefore(_) => return Err(Error::Ended),
        })
    }

    async fn finish(&mut self, end: Result<String, wit::Failure>) -> Result<wit::Verdict, Error> {
        let end = match end {
            Ok(output) => Ok(self.payload(output)?),
            Err(failure) => Err(self.failure(failure)?),
        };
        let failed = end.is_err();
        Ok(match self.body()?.finish(end).await? {
            Some(attempt) => wit::Verdict::Again(encode_attempt(attempt)),
            None if failed => wit::Verdict::Failed,
            None => wit::Verdict::Done,
        })
    }

    fn spawn(
        &mut self,
        of: String,
        function: String,
        input: String,
        with: wit::StepOptions,
    ) -> Result<u32, Error> {
        name(&of)?;
        self.caller.grant().workflow().call(&function)?;
        let (input, with) = (self.payload(input)?, options(with)?);
        self.body()?.spawn(Spawned {
            asked: Asked { seq: 0, name: of },
            function,
            input,
            retry: with.retry,
            timeout_ms: with.timeout_ms,
            undo: with.undo,
            since: 0,
        })
    }

    fn child(
        &mut self,
        of: String,
        workflow: String,
        input: String,
        with: wit::ChildOptions,
    ) -> Result<u32, Error> {
        name(&of)?;
        self.caller.grant().workflow().child(&workflow)?;
        let input = self.payload(input)?;
        self.body()?.child(ChildStarted {
            asked: Asked { seq: 0, name: of },
            workflow,
            run: String::new(),
            input,
            timeout_ms: with.timeout_ms.map(wait_ms).transpose()?,
            priority: with.priority.map(|priority| priority.min(PRIORITY_MAX)),
        })
    }

    fn timer(&mut self, of: String, duration_ms: u64) -> Result<u32, Error> {
        name(&of)?;
        self.body()?.timer(&of, When::AfterMs(wait_ms(duration_ms)?))
    }

    fn timer_at(&mut self, of: String, at_ms: u64) -> Result<u32, Error> {
        name(&of)?;
        let body = self.body()?;
        wait_ms(at_ms.saturating_sub(body.replay().seen().at_ms))?;
        body.timer(&of, When::AtMs(at_ms))
    }

    fn signal(&mut self, of: String) -> Result<u32, Error> {
        name(&of)?;
        self.body()?.signal(&of)
    }

    fn approval(
        &mut self,
        of: String,
        data: String,
        expires_ms: Option<u64>,
    ) -> Result<u32, Error> {
        name(&of)?;
        let data = self.payload(data)?;
        let expires_ms = expires_ms.map(wait_ms).transpose()?;
        let asked = Asked { seq: 0, name: of };
        self.body()?.approval(ApprovalAsked { asked, data, expires_ms })
    }

    async fn wait(&mut self, ticket: u32) -> Result<wit::Outcome, Error> {
        Ok(match self.body()?.wait(ticket).await? {
            Settled::Done(output) => wit::Outcome::Done(output.get().to_owned()),
            Settled::Failed(failure) => wit::Outcome::Failed(encode_failure(failure)),
            Settled::Expired | Settled::Forgotten => wit::Outcome::Expired,
        })
    }

    async fn wait_any(&mut self, tickets: Vec<u32>) -> Result<u32, Error> {
        self.body()?.wait_any(&tickets).await
    }

    async fn wait_all(&mut self, tickets: Vec<u32>) -> Result<(), Error> {
        self.body()?.wait_all(&tickets).await
    }

    fn forget(&mut self, tickets: Vec<u32>) -> Result<(), Error> {
        self.body()?.forget(&tickets)
    }

    async fn suspend(&mut self, reason: String) -> Result<(), Error> {
        Refused::over("a reason", reason.len(), FAILURE_BYTES_MAX)?;
        self.body()?.suspend(&reason).await
    }

    async fn set_state(&mut self, part: String, value: String) -> Result<(), Error> {
        name(&part)?;
        let value = self.payload(value)?;
        match self.role {
            Role::Function(step) => {
                let set = step.store.set_state(&step.scope, &step.lease, &part, value.get());
                let set = async { Ok(set.await?) };
                self.caller.call("workflow", "set-state", set).await
            }
            _ => self.body()?.set_state(&part, value),
        }
    }

    async fn get_state(&mut self, part: String) -> Result<Option<String>, Error> {
        name(&part)?;
        match self.role {
            Role::Function(step) => {
                let get =
                    async { Ok(step.store.state(&step.scope, &step.lease.run, &part).await?) };
                self.caller.call("workflow", "get-state", get).await
            }
            _ => self.body()?.get_state(&part).await,
        }
    }

    /// All that a guest may learn of a failure. Its cause goes to the log.
    fn convert_error(&mut self, err: Error) -> wasmtime::Result<wit::Error> {
        if !matches!(err, Error::Ended) {
            self.caller.complain("workflow", err.outcome(), &err);
        }
        Ok(match err {
            Error::Refused(Refused::Denied { .. }) => wit::Error::AccessDenied,
            Error::Refused(Refused::TooLarge { max, .. }) | Error::TooLarge { max, .. } => {
                wit::Error::TooLarge(max)
            }
            Error::Refused(Refused::Quota(_)) => wit::Error::QuotaExceeded,
            Error::Refused(Refused::Fault(err)) => return Err(err.into()),
            Error::Cancelled => wit::Error::Cancelled,
            Error::InvalidJson(_) => wit::Error::InvalidJson,
            Error::Misplaced(why) => wit::Error::Misplaced(why.to_owned()),
            Error::Unavailable(_) => wit::Error::Unavailable,
            // The instance is dropped; the role knows why.
            Error::Ended => return Err(wasmtime::Error::new(err)),
        })
    }
}

fn encode_attempt(attempt: Attempt) -> wit::Attempt {
    wit::Attempt { number: attempt.number, key: attempt.key }
}

/// A failure as a guest knows it.
pub(crate) fn encode_failure(failure: Failure) -> wit::Failure {
    let Failure { code, message, retry, details } = failure;
    wit::Failure { code, message, retry, details }
}

impl From<StoreError> for Error {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::TooLarge { what, max } => Self::TooLarge { what, max },
            StoreError::Unavailable(err) => Self::Unavailable(err),
            // The step is another host's, so what this one says is of no use to anybody.
            _ => Self::Ended,
        }
    }
}
