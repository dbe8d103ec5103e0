//! The names that a manifest grants: plain ones, and prefixes.

use super::secret::Span;

/// Longest name of a tenant, bucket or store, in bytes. Names are in every key.
pub const NAME_BYTES_MAX: usize = 128;

/// Names that are granted, each plain or a prefix that ends in `*`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names(Vec<Pattern>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Exact(String),
    Prefix(String),
}

/// A name or pattern that cannot be granted. Says what to write instead.
#[derive(Debug, thiserror::Error)]
pub enum BadName {
    /// Nothing to name.
    #[error("a name is empty; to grant every name, write \"*\"")]
    Empty,
    /// Longer than a key should carry.
    #[error("`{0}…` is longer than {NAME_BYTES_MAX} bytes; shorten it")]
    Long(String),
    /// A character that could be mistaken for something else.
    #[error("`{name}` has {at:?} in it; use letters, digits, `.`, `_`, `-` and `/`")]
    Character {
        /// The whole name, escaped.
        name: String,
        /// The character.
        at: char,
    },
    /// A wildcard in the middle.
    #[error("`{0}` has a `*` before its end; a pattern is a prefix and one `*` after it")]
    Wildcard(String),
}

impl Names {
    /// These names and prefixes, or which of them is none.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, BadName> {
        let patterns = names.into_iter().map(|name| Pattern::try_from(name.to_owned()));
        Ok(Self(patterns.collect::<Result<_, _>>()?))
    }

    /// Whether `name` is granted.
    pub fn grant(&self, name: &str) -> bool {
        name.len() <= NAME_BYTES_MAX
            && self.0.iter().any(|pattern| match pattern {
                Pattern::Exact(exact) => exact == name,
                Pattern::Prefix(prefix) => name.starts_with(prefix.as_str()),
            })
    }

    /// The names that are granted, as parts of an ordered list of names, in order and
    /// without overlap; those after the place `after`.
    pub(super) fn spans(&self, after: Option<&str>) -> Vec<Span> {
        let mut spans: Vec<Span> = self.0.iter().map(Pattern::span).collect();
        if let Some(after) = after {
            let first = format!("{after}\0");
            spans.retain(|span| span.end > first);
            for span in &mut spans {
                span.start = first.clone().max(std::mem::take(&mut span.start));
            }
        }
        // Of two that begin at one place the longer one first: it holds the other.
        spans.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)));
        let mut end = String::new();
        spans.retain(|span| {
            let new = span.end > end;
            if new {
                end = span.end.clone();
            }
            new
        });
        spans
    }

    /// Whether all that `pattern` matches is granted.
    pub(super) fn cover(&self, pattern: &str) -> bool {
        match pattern.strip_suffix('*') {
            None => self.grant(pattern),
            Some(prefix) => self.0.iter().any(|granted| match granted {
                Pattern::Exact(_) => false,
                Pattern::Prefix(granted) => prefix.starts_with(granted.as_str()),
            }),
        }
    }

    /// Whether no name is granted.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Pattern {
    /// Names are ASCII below DEL, so nothing that has the prefix comes after it and DEL.
    fn span(&self) -> Span {
        match self {
            Self::Exact(exact) => Span { start: exact.clone(), end: format!("{exact}\0") },
            Self::Prefix(prefix) => Span { start: prefix.clone(), end: format!("{prefix}\x7f") },
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        match text.strip_suffix('*') {
            Some("") => Ok(Self::Prefix(String::new())),
            Some(prefix) => check_name(prefix).map(|()| Self::Prefix(prefix.to_owned())),
            None => check_name(&text).map(|()| Self::Exact(text)),
        }
    }
}

/// Whether `name` can be granted as it stands.
pub fn check_name(name: &str) -> Result<(), BadName> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    if name.is_empty() {
        Err(BadName::Empty)
    } else if name.len() > NAME_BYTES_MAX {
        Err(BadName::Long(name.chars().take(32).flat_map(char::escape_default).collect()))
    } else if name.contains('*') {
        Err(BadName::Wildcard(name.escape_default().to_string()))
    } else if let Some(at) = name.chars().find(|c| !allowed(*c)) {
        Err(BadName::Character { name: name.escape_default().to_string(), at })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_granted_as_written() {
        let names = Names::new(["docs", "user-*"]).unwrap();
        for name in ["docs", "user-", "user-7", "user-:{}\0"] {
            assert!(names.grant(name), "{name:?}");
        }
        for name in ["", "doc", "docs2", "user", "*", "user*"] {
            assert!(!names.grant(name), "{name:?}");
        }
        assert!(!names.grant(&format!("user-{}", "x".repeat(NAME_BYTES_MAX))));
        assert!(!Names::default().grant(""));
    }

    #[test]
    fn a_bad_pattern_says_how_to_write_it() {
        let bad = |name| Names::new([name]).unwrap_err().to_string();
        assert!(bad("").contains("write \"*\""));
        assert!(bad("a*b").contains("a prefix and one `*`"));
        assert!(bad("**").contains("a prefix and one `*`"));
        assert!(bad("a:b").contains("has ':' in it"));
        assert!(bad(&"x".repeat(200)).contains("longer than 128 bytes"));
    }
}
