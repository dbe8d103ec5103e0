//! What a tenant may do with workflows.

use super::{Names, Scope};
use crate::error::Refused;

/// What is granted of workflows and their runs. Nothing, unless it is named here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkflowGrant {
    /// The workflows whose bodies the component has.
    pub bodies: Vec<String>,
    /// The functions that it has.
    pub functions: Vec<String>,
    /// The functions that its bodies may call.
    pub calls: Names,
    /// The workflows whose runs it may start, see and control.
    pub runs: Names,
    /// Runs that it starts are deleted so many milliseconds after their end.
    pub retention_ms: Option<u64>,
    /// How many bodies of one workflow may run on one host at a time.
    pub concurrent: Option<u32>,
}

/// A tenant's workflows, and what of them is granted.
#[derive(Debug)]
pub struct Workflows {
    scope: Scope,
    granted: WorkflowGrant,
}

impl Workflows {
    pub(super) fn new(tenant: &str, granted: WorkflowGrant) -> Self {
        Self { scope: Scope::new(tenant, "workflow", ""), granted }
    }

    /// Where the tenant's runs are. A worker's alone, and of who has the whole store.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// What is granted.
    pub fn granted(&self) -> &WorkflowGrant {
        &self.granted
    }

    /// Where the runs of `workflow` are, if they are granted.
    pub(crate) fn runs(&self, workflow: &str) -> Result<&Scope, Refused> {
        if self.granted.runs.grant(workflow) {
            Ok(&self.scope)
        } else {
            Err(Refused::denied("run", workflow))
        }
    }

    /// Whether bodies may start runs of `workflow` as children: what the component has, and what
    /// it may start anyway.
    pub(crate) fn child(&self, workflow: &str) -> Result<(), Refused> {
        if self.granted.bodies.iter().any(|body| body == workflow) {
            return Ok(());
        }
        self.runs(workflow).map(drop)
    }

    /// Whether bodies may call `function`.
    pub(crate) fn call(&self, function: &str) -> Result<(), Refused> {
        if self.granted.calls.grant(function) {
            Ok(())
        } else {
            Err(Refused::denied("function", function))
        }
    }
}
