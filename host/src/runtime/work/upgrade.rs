//! What a component would do with a run of another version, as far as that is recorded.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use tokio::sync::mpsc;

use super::body::{Outcome, call, decode_ending};
use super::{Hand, WorkError};
use crate::bindings::exports::satama::services::workflow_handler;
use crate::error::chain;
use crate::runtime::Program;
use crate::workflow::body::{Body, Exit, Parts};
use crate::workflow::log::Failure;
use crate::workflow::{Head, Lease};

/// What became of a run that was replayed. Nothing was written, and no step ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replayed {
    /// The component does all that is recorded, which is so many calls, and would go on from there.
    GoesOn {
        /// How many.
        calls: usize,
    },
    /// It does something else. Says what, and where.
    Diverges(String),
    /// It fails. Says why.
    Fails(String),
}

impl Program {
    /// Replays a run with this component, whichever it is pinned to: its head, and the entries
    /// of its history.
    pub async fn replay(&self, head: Head, entries: Vec<String>) -> Result<Replayed, WorkError> {
        let body = workflow_handler::GuestIndices::new(&self.pre);
        let body = body.map_err(|err| WorkError::NoHandler {
            component: self.name.to_string(),
            what: "workflows",
            export: "workflow-handler",
            source: err.into(),
        })?;
        let hand = Hand { program: self.clone(), body: Some(body), function: None };
        let (_, inbox) = mpsc::unbounded_channel();
        let workflow = &self.host.services.workflow;
        let wall = Duration::from_millis(self.grant.limits().wall_ms);
        let lease = Lease { run: head.id.clone(), seq: None, token: String::new() };
        let body = Body::new(Parts {
            store: workflow.store().clone(),
            scope: self.grant.workflow().scope().clone(),
            lease,
            now_ms: head.updated_ms,
            head,
            entries,
            inbox,
            warm: Duration::ZERO,
            wall,
            draining: Arc::new(AtomicBool::new(false)),
            offline: true,
            ids: self.host.services.ids.clone(),
        });
        let body = match body {
            Ok(body) => body,
            Err(broken) => return Ok(Replayed::Fails(broken.1.message)),
        };
        let (mut body, outcome) = call(&hand, body).await;
        let calls = body.replay().state().calls().len();
        let exit = body.take_exit();
        Ok(match (exit, outcome) {
            (Some(exit), _) => of_exit(exit, calls),
            (None, Outcome::Returned(ending)) => match decode_ending(&hand, ending) {
                Err(failure) => Replayed::Fails(failure.message),
                Ok(ending) if body.may_end(&ending) => Replayed::GoesOn { calls },
                Ok(_) => body.take_exit().map_or_else(
                    || Replayed::Fails("it returned within a step".to_owned()),
                    |exit| of_exit(exit, calls),
                ),
            },
            (None, Outcome::Failed(err)) => Replayed::Fails(chain(&err)),
            (None, Outcome::OutsideStep(what)) => Replayed::Fails(what),
            (None, Outcome::Overdue) => Replayed::Fails("it took too long".to_owned()),
        })
    }
}

fn of_exit(exit: Exit, calls: usize) -> Replayed {
    match exit {
        Exit::Broken(Failure { code, message, .. }) if code == "diverged" => {
            Replayed::Diverges(message)
        }
        Exit::Broken(failure) => Replayed::Fails(failure.message),
        Exit::Unavailable(err) => Replayed::Fails(chain(&err)),
        Exit::WouldGoOn | Exit::Parked | Exit::Ended | Exit::Again | Exit::Fenced => {
            Replayed::GoesOn { calls }
        }
    }
}
