//! What a manifest grants of secrets, and of credentials.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;

use crate::grant::{Names, SecretGrant, VERSIONS_KEPT_MAX};

/// `[secret]` or `[credential]`, as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
pub(super) struct SecretFile {
    #[serde(default)]
    read: Vec<Spanned<String>>,
    #[serde(default)]
    reveal: Vec<Spanned<String>>,
    #[serde(default)]
    write: Vec<Spanned<String>>,
    keep: Option<Spanned<u32>>,
}

impl SecretFile {
    pub(super) fn check(self) -> Result<SecretGrant, (Range<usize>, String)> {
        let read = names(&self.read)?;
        for pattern in &self.reveal {
            if !read.cover(pattern.get_ref()) {
                let why = format!(
                    "`{}` is not in `read`, and only what is read can be revealed; add it there",
                    pattern.get_ref()
                );
                return Err((pattern.span(), why));
            }
        }
        if let Some(keep) = &self.keep
            && !(1..=VERSIONS_KEPT_MAX).contains(keep.get_ref())
        {
            let why = format!(
                "`keep = {}` is not possible: it may be 1 to {VERSIONS_KEPT_MAX}",
                keep.get_ref()
            );
            return Err((keep.span(), why));
        }
        Ok(SecretGrant {
            read,
            reveal: names(&self.reveal)?,
            write: names(&self.write)?,
            keep: self.keep.map(Spanned::into_inner),
        })
    }
}

/// A list of names, or where the first bad one is.
pub(super) fn names(list: &[Spanned<String>]) -> Result<Names, (Range<usize>, String)> {
    // Each by itself first, so that the error points at the bad one.
    for name in list {
        Names::new([name.get_ref().as_str()]).map_err(|err| (name.span(), err.to_string()))?;
    }
    Names::new(list.iter().map(|name| name.get_ref().as_str()))
        .map_err(|err| (0..0, err.to_string()))
}
