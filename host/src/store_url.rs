//! Where a store is: addresses, read and shown.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// What an address of Redis may begin with.
const REDIS: [&str; 8] = [
    "redis",
    "rediss",
    "redis+unix",
    "unix",
    "redis+cluster",
    "rediss+cluster",
    "redis+sentinel",
    "rediss+sentinel",
];

/// Where a store is.
///
/// `redis://[user:password@]host[:port][/database]` and `redis+unix:///path` are a
/// Redis server, `redis+cluster://host:port,…` a cluster, and
/// `redis+sentinel://host:port,…/master[/database]` a server that Sentinels name;
/// `rediss` for `redis` is TLS. `sqlite:path`, or a path, is a file.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum StoreUrl {
    /// A Redis server.
    Redis(String),
    /// A file.
    Sqlite(PathBuf),
}

impl StoreUrl {
    /// The file at `path`.
    pub fn file(path: impl AsRef<Path>) -> Self {
        Self::Sqlite(path.as_ref().to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Redis(url) => url,
            Self::Sqlite(path) => path.to_str().unwrap_or("the file"),
        }
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redis(url) => f.debug_tuple("Redis").field(&without_password(url)).finish(),
            Self::Sqlite(path) => f.debug_tuple("Sqlite").field(path).finish(),
        }
    }
}

/// What may be told of what follows an address's `?`.
const SHOWN: [&str; 3] = ["ca=", "cert=", "key="];

/// An address for people to read: without what is before the last `@`, and without
/// what follows the `?` unless that is known to be no secret.
pub fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return match url.rfind('@') {
            // Meant to be an address, and misspelt.
            Some(at) if url.starts_with("redis") => format!("***{}", &url[at..]),
            _ => url.to_owned(),
        };
    };
    let (user, rest) = match rest.rfind('@') {
        Some(at) if !scheme.ends_with("unix") => ("***", &rest[at..]),
        _ => ("", rest),
    };
    match rest.split_once('?') {
        Some((rest, query))
            if !query.split('&').all(|pair| SHOWN.iter().any(|name| pair.starts_with(name))) =>
        {
            format!("{scheme}://{user}{rest}?***")
        }
        _ => format!("{scheme}://{user}{rest}"),
    }
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((scheme, _)) if REDIS.contains(&scheme) => Ok(Self::Redis(text.to_owned())),
            Some(("sqlite", path)) => Ok(Self::file(path.strip_prefix("//").unwrap_or(path))),
            Some((scheme, rest)) if rest.starts_with("//") => Err(format!(
                "`{scheme}` is not a store; use redis://host:port, redis+unix:///path, \
                 redis+cluster://host:port, redis+sentinel://host:port/master, or a file's path"
            )),
            _ if text.is_empty() => Err("a store's address is empty".into()),
            _ if text.starts_with("redis") && text.contains("//") => {
                Err("write it as redis://host:port, or a file as sqlite:path".into())
            }
            _ => Ok(Self::file(text)),
        }
    }
}
