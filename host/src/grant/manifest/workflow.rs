//! What a manifest grants of workflows.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use super::secret::names;
use crate::grant::{WorkflowGrant, check_name};
use crate::workflow::RETENTION_MS_MAX;

/// Most bodies and functions of one component, each.
const SERVED_MAX: usize = 1_000;

/// `[workflow]`, as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkflowFile {
    #[serde(default)]
    bodies: Vec<Spanned<String>>,
    #[serde(default)]
    functions: Vec<Spanned<String>>,
    calls: Option<Vec<Spanned<String>>>,
    retention_ms: Option<Spanned<u64>>,
    concurrent: Option<Spanned<u32>>,
}

/// `[run]`, as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct RunFile {
    #[serde(default)]
    workflows: Vec<Spanned<String>>,
}

impl WorkflowFile {
    pub(super) fn check(self, runs: &RunFile) -> Result<WorkflowGrant, (Range<usize>, String)> {
        if let Some(retention) = &self.retention_ms
            && *retention.get_ref() > RETENTION_MS_MAX
        {
            let why = format!("`retention_ms` is at most {RETENTION_MS_MAX}, which is 400 days");
            return Err((retention.span(), why));
        }
        if let Some(concurrent) = &self.concurrent
            && *concurrent.get_ref() == 0
        {
            return Err((concurrent.span(), "`concurrent = 0` would run nothing".into()));
        }
        // A body may call what its component has, unless it is said otherwise.
        let calls = self.calls.as_ref().unwrap_or(&self.functions);
        Ok(WorkflowGrant {
            calls: names(calls)?,
            runs: names(&runs.workflows)?,
            bodies: exact(self.bodies)?,
            functions: exact(self.functions)?,
            retention_ms: self.retention_ms.map(Spanned::into_inner),
            concurrent: self.concurrent.map(Spanned::into_inner),
        })
    }
}

/// Names without wildcards: what a component serves is known.
fn exact(list: Vec<Spanned<String>>) -> Result<Vec<String>, (Range<usize>, String)> {
    if let Some(extra) = list.get(SERVED_MAX) {
        return Err((extra.span(), format!("a component serves at most {SERVED_MAX}")));
    }
    let mut names = Vec::with_capacity(list.len());
    for name in list {
        check_name(name.get_ref()).map_err(|err| (name.span(), err.to_string()))?;
        if names.contains(name.get_ref()) {
            return Err((name.span(), format!("`{}` is named twice", name.get_ref())));
        }
        names.push(name.into_inner());
    }
    Ok(names)
}
